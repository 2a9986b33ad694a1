// The only place where clocks and random numbers are read; the core is told both.

package import Basis
import CLinux
import Glibc

/// The clock that only goes forward.
package enum MonotonicClock {
  /// Nanoseconds since the machine started, suspended time not counted.
  package static var now: Instant { Instant(nanoseconds: linux_monotonic_nanoseconds()) }
}

/// The calendar's clock; it may jump.
package enum WallClock {
  /// Nanoseconds since 1970-01-01 00:00 UTC.
  package static var nanoseconds: Int64 { linux_wall_nanoseconds() }
  /// Whole seconds since then.
  package static var seconds: Int64 { nanoseconds / 1_000_000_000 }
}

/// Random numbers from the kernel, fit for secrets.
package enum RandomBytes {
  /// So many random bytes.
  package static func bytes(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }

  /// Sixty-four random bits.
  package static var word: UInt64 {
    var generator = SystemRandomNumberGenerator()
    return generator.next()
  }
}
