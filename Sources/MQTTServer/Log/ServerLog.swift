// The log on its way to standard error: gathered during a tick, written once after it. A reader that
// is slow, such as a stopped terminal, must never hold up connections: bytes are written only when
// poll says that they are taken, in pieces that a pipe takes whole, and what exceeds a bound is
// dropped and counted.

import CLinux
import Glibc
import MQTTCodec
import Synchronization
import Transport

/// Lines for people, in order, from all threads.
package final class ServerLog: Sendable {
  /// Most bytes that wait for a slow reader.
  static let waitingLimitBytes = 1 << 20
  /// What a pipe takes whole when it is writable at all.
  static let pieceBytes = 4096

  private struct State: ~Copyable {
    var waiting = ByteBuffer()
    var droppedLines = 0
  }

  private let descriptor: Int32
  private let state = Mutex(State())

  /// A log that writes to `descriptor`, which stays the caller's.
  package init(descriptor: Int32) { self.descriptor = descriptor }

  /// Adds a line, with the time in front and the end of line behind; control characters are
  /// replaced, so that no peer can write lines of its own.
  package func add(_ line: String, at wallNanoseconds: Int64) {
    state.withLock { state in
      if state.waiting.count + line.utf8.count > Self.waitingLimitBytes {
        state.droppedLines += 1
        return
      }
      if state.droppedLines > 0, state.waiting.isEmpty {
        Self.append(
          "\(state.droppedLines) lines of log were dropped because nobody read them",
          wallNanoseconds, &state.waiting)
        state.droppedLines = 0
      }
      Self.append(line, wallNanoseconds, &state.waiting)
    }
  }

  /// Writes what the reader takes now; whether nothing is left.
  @discardableResult package func flush() -> Bool {
    state.withLock { state in
      while !state.waiting.isEmpty {
        var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard Glibc.poll(&poll, 1, 0) > 0 else { return false }
        let count = state.waiting.withUnsafeBytes { bytes in
          Glibc.write(descriptor, bytes.baseAddress, min(bytes.count, Self.pieceBytes))
        }
        if count < 0 {
          if errno == EINTR { continue }
          if errno == EAGAIN { return false }
          // Nobody will ever read it: the reader is gone.
          state.waiting = ByteBuffer()
          return true
        }
        state.waiting.consume(count)
      }
      return true
    }
  }

  private static func append(_ line: String, _ time: Int64, _ output: inout ByteBuffer) {
    output.append(utf8: Timestamp.text(time))
    output.append(UInt8(ascii: " "))
    for byte in line.utf8 {
      output.append(byte < 0x20 || byte == 0x7F ? UInt8(ascii: "?") : byte)
    }
    output.append(UInt8(ascii: "\n"))
  }
}
