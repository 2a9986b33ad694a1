// A capture file, or standard input, read in large pieces.

import Capture
import Glibc
import MQTTCodec
import Transport

/// Reads a capture piece by piece.
struct CaptureInput: ~Copyable {
  /// Bytes asked of the system at once.
  private static let pieceLength = 1 << 20

  private let descriptor: Int32
  private let name: String
  private let closes: Bool

  init(_ path: String) throws(SystemError) {
    name = path == "-" ? "standard input" : path
    closes = path != "-"
    descriptor = closes ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO
    if descriptor < 0 { throw SystemError(code: errno, call: "open", subject: path) }
  }

  deinit {
    if closes { close(descriptor) }
  }

  /// Adds the next bytes to `file`; false at the end.
  func read(into file: inout CaptureFile) throws(SystemError) -> Bool {
    var count = 0
    try file.withUnsafeRoom(minimum: Self.pieceLength) { (room) throws(SystemError) -> Int in
      repeat {
        count = Glibc.read(descriptor, room.baseAddress, room.count)
      } while count < 0 && errno == EINTR
      if count < 0 { throw SystemError(code: errno, call: "read", subject: name) }
      return count
    }
    return count > 0
  }
}
