// Standard output, or a file, in large pieces.

import Basis
import CLinux
import Commands
import Glibc
import Transport

/// Bytes on their way out.
struct InspectOutput: ~Copyable {
  private static let pieceLength = 64 << 10

  var buffer = ByteBuffer()
  private let descriptor: Int32
  private let closes: Bool
  private let name: String

  /// Standard output.
  init() {
    descriptor = STDOUT_FILENO
    closes = false
    name = "standard output"
  }

  /// A new file, or the standard output for `-`.
  init(_ path: String) throws(SystemError) {
    closes = path != "-"
    name = closes ? path : "standard output"
    descriptor =
      closes ? linux_open_private(path, O_WRONLY | O_TRUNC) : STDOUT_FILENO
    if descriptor < 0 { throw SystemError(code: errno, call: "open", subject: path) }
  }

  deinit {
    if closes { close(descriptor) }
  }

  mutating func flushIfLarge() {
    if buffer.count >= Self.pieceLength { flush() }
  }

  /// Writes what waits.
  ///
  /// Where that cannot be done the program ends: nothing that it could still find out has a reader.
  mutating func flush() {
    while !buffer.isEmpty {
      let count = buffer.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        buffer.consume(count)
      } else if errno != EINTR {
        let error = SystemError(code: errno, call: "write", subject: name)
        Terminal.write("mqtt inspect-pcap: \(error)\n", to: STDERR_FILENO)
        exit(ExitStatus.failure)
      }
    }
  }
}
