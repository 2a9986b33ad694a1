// The engine's time. It reads no clock: each call says what time it is. What outlives the engine is
// said in Unix time, which is known from the two times at its start.

import Basis

/// The time of the call that is being handled, and what it is called outside.
struct EngineClock {
  var now: Instant
  let startedAt: Instant
  private let unixSecondsAtStart: Int64
  /// What had passed of the next second.
  private let nanosecondsAtStart: Int64

  /// A clock that starts now, at a Unix time in seconds and nanoseconds.
  init(now: Instant, unixSeconds: Int64, nanoseconds: Int64) {
    self.now = now
    startedAt = now
    unixSecondsAtStart = unixSeconds
    nanosecondsAtStart = nanoseconds
  }

  /// Whole seconds since the start.
  var uptimeSeconds: Int64 { now.nanoseconds(since: startedAt) / 1_000_000_000 }

  /// Unix time now, as the log has it.
  var unixSeconds: Int64 { unixSecondsAtStart + uptimeSeconds }

  /// Unix time at an instant, rounded up: when a client left.
  func unixSecondsRoundedUp(at instant: Instant) -> Int64 {
    let (seconds, nanoseconds) = unixTime(at: instant)
    return seconds + (nanoseconds > 0 ? 1 : 0)
  }

  /// Unix time at an instant, rounded down: a message that expires then never gets time.
  /// [MQTT-3.3.2-6]
  func unixSeconds(at instant: Instant) -> Int64 { unixTime(at: instant).seconds }

  private func unixTime(at instant: Instant) -> (seconds: Int64, nanoseconds: Int64) {
    let passed = nanosecondsAtStart &+ instant.nanoseconds(since: startedAt)
    let (seconds, rest) = passed.quotientAndRemainder(dividingBy: 1_000_000_000)
    return rest < 0
      ? (unixSecondsAtStart + seconds - 1, rest + 1_000_000_000)
      : (unixSecondsAtStart + seconds, rest)
  }

  /// The instant at which a second of Unix time begins.
  func instant(atUnixSeconds seconds: Int64) -> Instant {
    startedAt.advanced(bySeconds: Int(seconds - unixSecondsAtStart))
      .advanced(byNanoseconds: -nanosecondsAtStart)
  }
}
