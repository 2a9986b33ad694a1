// One message, sent once or several times: `-m`, `-f`, `-s`, `-n`, with `--repeat` and its delay.

import Basis
import Commands
import Glibc
import MQTTCodec

/// The same message again and again.
final class RepeatedFeed: MessageFeed {
  private let payload: [UInt8]
  private let options: PublishOptions
  private var count = 0
  /// When the next one may come; a delay begins when the message before it is delivered.
  private var deadline = Instant.start
  private var waitsForAnswer = false

  init(_ payload: [UInt8], _ options: PublishOptions) {
    self.payload = payload
    self.options = options
  }

  var isLong: Bool { options.repeatCount > 1 }
  var isExhausted: Bool { count == options.repeatCount }
  var remainder: FeedRemainder { .repetitions(options, done: count) }

  func next(into message: inout OutgoingMessage, now: Instant) throws(StartFailure) -> FeedStep {
    if isExhausted { return .ended }
    if waitsForAnswer { return .waits(until: nil) }
    if count > 0 && now < deadline { return .waits(until: deadline) }
    let payload = payload
    message.payload.append(payload.span)
    count += 1
    if options.repeatDelaySeconds > 0 {
      waitsForAnswer = options.qos > .atMostOnce
      startDelay(now: now)
    }
    return .message
  }

  func answered(
    _ number: UInt32, _ answer: Acknowledgement, isLast: Bool, now: Instant
  ) throws(StartFailure) {
    if isLast && waitsForAnswer {
      waitsForAnswer = false
      startDelay(now: now)
    }
  }

  private func startDelay(now: Instant) {
    deadline = now.advanced(bySeconds: options.repeatDelaySeconds)
  }
}
