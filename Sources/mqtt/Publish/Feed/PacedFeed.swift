// A feed in time: so often as `--every` says, or as far apart as its messages were recorded. Times are
// counted from the first message, so that they do not drift by what each message costs.

import Basis
import Commands
import MQTTCodec

/// Another feed's messages, each at its time.
final class PacedFeed: MessageFeed {
  /// What says when.
  enum Pace {
    case every(nanoseconds: Int64)
    case recorded(speed: Double)
  }

  private let feed: any MessageFeed
  private let pace: Pace
  /// When the next message is due, at an even pace; nil before the first.
  private var due: Instant?
  /// The moments of the first message, here and as recorded.
  private var start: (here: Instant, recorded: Int64)?
  /// Whether the slot is filled and waits for its time.
  private var isFilled = false

  init(_ feed: any MessageFeed, _ pace: Pace) {
    self.feed = feed
    self.pace = pace
  }

  let isLong = true
  var isExhausted: Bool { feed.isExhausted }
  var remainder: FeedRemainder {
    let isAll = feed.remainder == .none
    return isAll && isFilled ? .messages(1) : feed.remainder
  }
  var choosesQoS: Bool { feed.choosesQoS }
  var descriptor: Int32 { feed.descriptor }

  func read() throws(StartFailure) { try feed.read() }

  func answered(
    _ number: UInt32, _ answer: Acknowledgement, isLast: Bool, now: Instant
  ) throws(StartFailure) {
    try feed.answered(number, answer, isLast: isLast, now: now)
  }

  func next(into message: inout OutgoingMessage, now: Instant) throws(StartFailure) -> FeedStep {
    if feed.isExhausted && !isFilled { return .ended }
    switch pace {
    case .every(let nanoseconds): return try nextEven(nanoseconds, &message, now)
    case .recorded(let speed): return try nextRecorded(speed, &message, now)
    }
  }

  /// The message is made when it is due: its time and values are those of this moment.
  private func nextEven(
    _ nanoseconds: Int64, _ message: inout OutgoingMessage, _ now: Instant
  ) throws(StartFailure) -> FeedStep {
    if let due, now < due { return .waits(until: due) }
    let step = try feed.next(into: &message, now: now)
    if step == .message {
      let last = due ?? now
      // What was missed while the broker was away is not made up for.
      let missed = now.nanoseconds(since: last) / nanoseconds
      due = last.advanced(byNanoseconds: (missed + 1) * nanoseconds)
    }
    return step
  }

  private func nextRecorded(
    _ speed: Double, _ message: inout OutgoingMessage, _ now: Instant
  ) throws(StartFailure) -> FeedStep {
    if !isFilled {
      let step = try feed.next(into: &message, now: now)
      if step != .message { return step }
      isFilled = true
    }
    guard let recorded = message.recordedTime else {
      preconditionFailure("a recorded message has a time")
    }
    let start = start ?? (now, recorded)
    self.start = start
    let elapsed = Double(recorded - start.recorded) / speed
    let due = start.here.advanced(byNanoseconds: Int64(max(0, min(elapsed, 9e18 / 1000))))
    if now < due { return .waits(until: due) }
    isFilled = false
    return .message
  }
}
