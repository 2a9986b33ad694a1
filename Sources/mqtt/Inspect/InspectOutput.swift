// Standard output in large pieces.

import Glibc
import MQTTCodec

/// Bytes on their way to standard output.
struct InspectOutput: ~Copyable {
  private static let pieceLength = 64 << 10

  var buffer = ByteBuffer()

  mutating func flushIfLarge() {
    if buffer.count >= Self.pieceLength { flush() }
  }

  mutating func flush() {
    while !buffer.isEmpty {
      let count = buffer.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count > 0 {
        buffer.consume(count)
      } else if errno != EINTR {
        buffer.clear()
      }
    }
  }
}
