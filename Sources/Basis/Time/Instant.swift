// Time as the core knows it: a number that somebody hands in. No clock is read here.

/// A point on a clock that only goes forward, in nanoseconds since some start.
@usableFromInline package struct Instant: Comparable, Hashable, Sendable {
  @usableFromInline package var nanoseconds: Int64

  /// So many nanoseconds after the start.
  @inlinable package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// The start of the clock.
  @inlinable package static var start: Instant { Instant(nanoseconds: 0) }

  @inlinable package static func < (left: Instant, right: Instant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// This instant moved by seconds; far futures saturate.
  @inlinable package func advanced(bySeconds seconds: Int) -> Instant {
    advanced(byNanoseconds: seconds > 9_000_000_000 ? Int64.max : Int64(seconds) * 1_000_000_000)
  }

  /// The same for parts of a second, not negative.
  @inlinable package func advanced(bySeconds seconds: Double) -> Instant {
    advanced(byNanoseconds: Int64(min(seconds, 9e9) * 1e9))
  }

  /// This instant moved by nanoseconds; far futures saturate.
  @inlinable package func advanced(byNanoseconds amount: Int64) -> Instant {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(amount)
    return Instant(nanoseconds: overflow ? .max : sum)
  }

  /// Nanoseconds from `earlier` to here; negative when it is later.
  @inlinable package func nanoseconds(since earlier: Instant) -> Int64 {
    nanoseconds &- earlier.nanoseconds
  }
}
