// Latencies in bounded memory: a count for each of the buckets 1, 1.07, 1.14 ... of every power of
// two, so that a percentile is right within seven per cent however many values there were.

/// Counts durations.
package struct LatencyTable: Equatable, Sendable {
  /// Parts of a power of two.
  private static let bucketsPerDouble = 16

  private var counts: [Int: Int] = [:]
  /// Values so far.
  package private(set) var count = 0
  package private(set) var minimum: Int64 = 0
  package private(set) var maximum: Int64 = 0
  private var total = 0.0

  /// Nothing counted.
  package init() {}

  /// Counts a duration; a negative one, which clocks of two hosts can bring, counts as zero.
  package mutating func add(_ nanoseconds: Int64) {
    let value = max(0, nanoseconds)
    minimum = count == 0 ? value : min(minimum, value)
    maximum = max(maximum, value)
    count += 1
    total += Double(value)
    counts[Self.bucket(value), default: 0] += 1
  }

  /// The mean in nanoseconds; zero without values.
  package var mean: Double { count == 0 ? 0 : total / Double(count) }

  /// The value that `share` of all values do not exceed, 0...1.
  package func percentile(_ share: Double) -> Int64 {
    let wanted = max(1, Int((share * Double(count)).rounded(.up)))
    var seen = 0
    for bucket in counts.keys.sorted() {
      seen += counts[bucket] ?? 0
      if seen >= wanted { return min(maximum, max(minimum, Self.upperBound(bucket))) }
    }
    return maximum
  }

  private static func bucket(_ value: Int64) -> Int {
    if value < Int64(bucketsPerDouble) { return Int(value) }
    let power = Int64.bitWidth - 1 - value.leadingZeroBitCount
    let part = Int(value >> Int64(power - 4)) & (bucketsPerDouble - 1)
    return (power - 3) * bucketsPerDouble + part
  }

  private static func upperBound(_ bucket: Int) -> Int64 {
    if bucket < bucketsPerDouble { return Int64(bucket) }
    let power = bucket / bucketsPerDouble + 3
    let part = Int64(bucket % bucketsPerDouble + 1 + bucketsPerDouble)
    // The last bucket ends where the numbers do.
    return (part << Int64(power - 4)) &- 1
  }
}
