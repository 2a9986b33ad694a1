// The time of -W, which is for the whole command: what is waited for before the first connection
// counts too.

import Basis
import Transport

/// When a command has to be at its end.
struct CommandDeadline {
  private let end: Instant?

  /// So many seconds from now; nil is never.
  init(seconds: Double?) {
    end = seconds.map {
      MonotonicClock.now.advanced(byNanoseconds: Int64(min($0, 9e9) * 1_000_000_000))
    }
  }

  /// Nanoseconds that are left, at least none; nil when it never ends.
  var remainingNanoseconds: Int64? {
    end.map { max(0, $0.nanoseconds(since: MonotonicClock.now)) }
  }

  /// The same in seconds.
  var remainingSeconds: Double? { remainingNanoseconds.map { Double($0) / 1e9 } }
}
