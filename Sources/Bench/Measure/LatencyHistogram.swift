// Times in nanoseconds, counted in an HDR histogram with three significant digits: recording costs
// a few nanoseconds and no memory, and histograms of threads and seconds add up to those of a run
// without any loss.

import Histogram

/// Recorded times.
@usableFromInline package struct LatencyHistogram: Sendable {
  /// The longest time that is told from longer ones: an hour.
  package static let limitNanoseconds: UInt64 = 3_600_000_000_000

  private var counts: Histogram<UInt64>
  /// The longest and the shortest time, exact.
  package private(set) var maximumNanoseconds: UInt64 = 0
  package private(set) var minimumNanoseconds: UInt64 = .max
  private var sum: Double = 0

  /// Nothing recorded.
  package init() {
    counts = Histogram(
      highestTrackableValue: Self.limitNanoseconds, numberOfSignificantValueDigits: .three)
  }

  /// Times recorded.
  package var count: UInt64 { counts.totalCount }

  /// Records one time, or the same time of several messages; negative ones, which only clocks of two
  /// machines can make, as zero.
  package mutating func record(_ nanoseconds: Int64, times: Int = 1) {
    let value = min(UInt64(max(0, nanoseconds)), Self.limitNanoseconds)
    counts.record(value, count: UInt64(times))
    if value > maximumNanoseconds { maximumNanoseconds = value }
    if value < minimumNanoseconds { minimumNanoseconds = value }
    sum += Double(value) * Double(times)
  }

  /// Adds everything that another one recorded.
  package mutating func add(_ other: LatencyHistogram) {
    if other.count == 0 { return }
    counts.add(other.counts)
    maximumNanoseconds = max(maximumNanoseconds, other.maximumNanoseconds)
    minimumNanoseconds = min(minimumNanoseconds, other.minimumNanoseconds)
    sum += other.sum
  }

  /// Forgets everything and keeps the memory.
  package mutating func reset() {
    counts.reset()
    maximumNanoseconds = 0
    minimumNanoseconds = .max
    sum = 0
  }

  /// The mean in nanoseconds; 0 when there is none.
  package var meanNanoseconds: Double { count == 0 ? 0 : sum / Double(count) }

  /// The time that `percent` of the recorded ones do not exceed, within a thousandth.
  package func nanoseconds(atPercentile percent: Double) -> UInt64 {
    if count == 0 { return 0 }
    if percent >= 100 { return maximumNanoseconds }
    let value = counts.valueAtPercentile(percent)
    return min(max(value, minimumNanoseconds), maximumNanoseconds)
  }
}

/// Equal times on their way to a histogram: messages that were sent together and have come together
/// took the same time, and are recorded in one go.
@usableFromInline package struct EqualTimes: Sendable {
  @usableFromInline var nanoseconds: Int64 = 0
  @usableFromInline var times = 0

  /// None yet.
  package init() {}

  /// Takes a time; the histogram gets those before it when they were others.
  @inlinable @inline(__always) package mutating func add(
    _ nanoseconds: Int64, to histogram: inout LatencyHistogram
  ) {
    if nanoseconds != self.nanoseconds {
      settle(into: &histogram)
      self.nanoseconds = nanoseconds
    }
    times &+= 1
  }

  /// Gives the histogram what it has not got yet.
  @usableFromInline package mutating func settle(into histogram: inout LatencyHistogram) {
    if times > 0 { histogram.record(nanoseconds, times: times) }
    times = 0
  }
}
