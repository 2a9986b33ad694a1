// Messages that stand on lines: each line is one (`-l`). Lines are read only as fast as the broker
// takes them.

import Commands
import Glibc
import MQTTCodec
import Transport

/// One message a line.
final class LineFeed: MessageFeed {
  private var lines: LineInput
  let descriptor: Int32

  /// Lines of an open descriptor.
  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    lines = LineInput(descriptor)
  }

  let isLong = true

  func next(into message: inout OutgoingMessage, now: Instant) throws(StartFailure) -> FeedStep {
    switch lines.nextLine() {
    case .complete(let count, let consumed):
      lines.withLine(count) { line in message.payload.append(line) }
      lines.consume(consumed)
      return .message
    case .incomplete: return .waitsForInput
    case .ended: return .ended
    }
  }

  func read() throws(StartFailure) {
    do throws(SystemError) {
      try lines.read()
    } catch {
      throw StartFailure(description: "\(error)")
    }
  }
}
