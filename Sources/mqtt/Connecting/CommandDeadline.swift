// The time of -W, which is for the whole command: reading a message and what is waited for before the
// first connection count too.

import Basis
import Transport

/// When a command has to be at its end.
struct CommandDeadline {
  /// Nil is never.
  let instant: Instant?

  /// So many seconds from now; nil is never.
  init(seconds: Double? = nil) {
    instant = seconds.map { MonotonicClock.now.advanced(bySeconds: $0) }
  }

  /// Nanoseconds that are left, at least none; nil when it never ends.
  var remainingNanoseconds: Int64? {
    instant.map { max(0, $0.nanoseconds(since: MonotonicClock.now)) }
  }

  /// The same for poll(2): in milliseconds, rounded up, and -1 for what never ends.
  var pollMilliseconds: Int32 {
    remainingNanoseconds.map { Int32(clamping: ($0 + 999_999) / 1_000_000) } ?? -1
  }
}
