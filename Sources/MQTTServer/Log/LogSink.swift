// One place that log lines go to. A reader that is slow, such as a stopped terminal, must never hold
// up connections: bytes are written only when poll says that they are taken, in pieces that a pipe
// takes whole, and what exceeds a bound is dropped and counted.

import Basis
import CLinux
import Glibc
import MQTTBroker
import Settings
import Transport

// Sendable although it changes: the log reaches it under its lock only.
final class LogSink: @unchecked Sendable {
  /// Most bytes that wait for a slow reader.
  static let waitingLimitBytes = 1 << 20
  /// What a pipe takes whole when it is writable at all.
  static let pieceBytes = 4096

  enum Place: Equatable {
    /// A descriptor of somebody else's.
    case descriptor(Int32)
    case file(String)
    case systemLog(facility: Int?)
  }

  let place: Place
  private var descriptor: Int32
  private var waiting = ByteBuffer()
  private var droppedLines = 0

  /// Opens a file at its end; `owner` is the account that shall be able to open it again.
  init(_ place: Place, owner: Account?) throws(SystemError) {
    self.place = place
    switch place {
    case .descriptor(let number): descriptor = number
    case .file(let path): descriptor = try Self.open(path, owner)
    case .systemLog(let facility):
      descriptor = -1
      linux_open_system_log("mqtt", Int32(facility ?? -1))
    }
  }

  deinit { if case .file = place { close(descriptor) } }

  private static func open(_ path: String, _ owner: Account?) throws(SystemError) -> Int32 {
    let number = linux_open_private(path, O_WRONLY | O_APPEND)
    if number < 0 { throw SystemError(code: errno, call: "open", subject: path) }
    if let owner, Account.isRoot { _ = fchown(number, owner.user, owner.group) }
    return number
  }

  /// Opens a file again, which somebody may have moved away.
  func reopen(owner: Account?) throws(SystemError) {
    guard case .file(let path) = place else { return }
    let fresh = try Self.open(path, owner)
    flush()
    close(descriptor)
    descriptor = fresh
  }

  /// Adds a line that begins with the time, written in a form.
  func add(
    _ line: String, _ level: LogLevel, _ form: LogSettings.Time?, at nanoseconds: Int64
  ) {
    if case .systemLog = place {
      return linux_write_system_log(Self.priority(level), Self.harmless(line))
    }
    if waiting.count + line.utf8.count > Self.waitingLimitBytes {
      droppedLines += 1
      return
    }
    if droppedLines > 0, waiting.isEmpty {
      Timestamp.append(nanoseconds, form, to: &waiting)
      append("\(droppedLines) lines of log were dropped because nobody read them")
      droppedLines = 0
    }
    Timestamp.append(nanoseconds, form, to: &waiting)
    append(line)
  }

  private func append(_ line: String) {
    waiting.append(utf8: Self.harmless(line))
    waiting.append(UInt8(ascii: "\n"))
  }

  /// Whether there are no control characters.
  ///
  /// All bytes are looked at, which is quicker than to stop at the first: the processor looks at
  /// many at once.
  private static func isHarmless(_ bytes: Span<UInt8>) -> Bool {
    var found: UInt8 = 0
    for index in bytes.indices { found |= bytes[index] < 0x20 || bytes[index] == 0x7F ? 1 : 0 }
    return found == 0
  }

  /// Without control characters, so that no peer can write lines of its own.
  static func harmless(_ line: String) -> String {
    if isHarmless(line.utf8.span) { return line }
    return String(
      decoding: line.utf8.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
  }

  private static func priority(_ level: LogLevel) -> Int32 {
    switch level {
    case .error: 3
    case .warning: 4
    case .notice: 5
    case .information: 6
    case .subscribe, .unsubscribe, .packet: 7
    }
  }

  /// Writes what the reader takes now; whether nothing is left.
  @discardableResult func flush() -> Bool {
    while !waiting.isEmpty {
      var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      guard Glibc.poll(&poll, 1, 0) > 0 else { return false }
      let count = waiting.withUnsafeBytes { bytes in
        Glibc.write(descriptor, bytes.baseAddress, min(bytes.count, Self.pieceBytes))
      }
      if count < 0 {
        if errno == EINTR { continue }
        if errno == EAGAIN { return false }
        // Nobody will ever read it: the reader is gone, or the disk is full.
        waiting = ByteBuffer()
        return true
      }
      waiting.consume(count)
    }
    return true
  }
}
