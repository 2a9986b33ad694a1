// Standard input as lines, for `mqtt pub -l`: read in large pieces and only as fast as the broker
// takes the lines, so that a file of any size needs a few buffers of memory. Bytes are not text
// here: a line is whatever stands before a line feed.

import Basis
import Glibc
import Transport

/// Lines of a descriptor, read when they are wanted.
struct LineInput: ~Copyable {
  /// Bytes asked for at once.
  private static let readSize = 65_536

  /// What a look for a line found.
  enum Line {
    /// A line of so many bytes stands at the front; `consumed` includes its end.
    case complete(Int, consumed: Int)
    /// No whole line is there, and more bytes may come.
    case incomplete
    /// There will be no more lines.
    case ended
  }

  private let descriptor: Int32
  private var buffer = ByteBuffer()
  /// Bytes at the front of `buffer` that hold no line feed.
  private var searched = 0
  private var hasEnded = false

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// Lends the line of `count` bytes at the front.
  func withLine<Failure: Error>(
    _ count: Int, _ body: (Span<UInt8>) throws(Failure) -> Void
  ) throws(Failure) {
    try body(buffer.span.extracting(0..<count))
  }

  /// Whether the end of the input has been seen.
  var isAtEnd: Bool { hasEnded }

  /// Whether the line at the front, which has no end so far, is longer than any message.
  var isTooLong: Bool { searched > WholeFile.byteLimit }

  /// Whether there will be no more lines.
  var isEmpty: Bool { hasEnded && buffer.isEmpty }

  /// Looks for the line at the front.
  mutating func nextLine() -> Line {
    let found = buffer.withUnsafeBytes { bytes -> Int? in
      guard let start = bytes.baseAddress, bytes.count > searched else { return nil }
      return memchr(start + searched, 0x0A, bytes.count - searched)
        .map { UnsafeRawPointer($0) - start }
    }
    if let found { return .complete(found, consumed: found + 1) }
    searched = buffer.count
    if !hasEnded { return .incomplete }
    // The last line may lack its end; what is there is still a message.
    return buffer.isEmpty ? .ended : .complete(buffer.count, consumed: buffer.count)
  }

  /// Forgets the line at the front.
  mutating func consume(_ count: Int) {
    buffer.consume(count)
    searched = 0
  }

  /// Reads once; the descriptor is readable.
  mutating func read() throws(SystemError) {
    var failure: Int32 = 0
    var count = 0
    buffer.withUnsafeRoom(minimum: Self.readSize) { room in
      repeat {
        count = Glibc.read(descriptor, room.baseAddress, Self.readSize)
      } while count < 0 && errno == EINTR
      if count < 0 { failure = errno }
      return max(0, count)
    }
    if failure == EAGAIN { return }
    if failure != 0 { throw SystemError(code: failure, call: "read", subject: "standard input") }
    if count == 0 { hasEnded = true }
  }
}
