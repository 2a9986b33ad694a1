// A histogram boiled down to what reports show: percentiles in microseconds, dense enough towards
// the end to draw the curve of latency by percentile.

/// Percentiles of recorded times.
package struct LatencySummary: Equatable, Sendable {
  /// One point of the curve.
  package struct Point: Equatable, Sendable {
    package var percentile: Double
    package var microseconds: Double

    /// Joins the parts.
    package init(percentile: Double, microseconds: Double) {
      self.percentile = percentile
      self.microseconds = microseconds
    }
  }

  /// The points of the curve; a hundredth at the end is the maximum.
  package static let percentiles: [Double] = [
    0, 10, 20, 25, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 96, 97, 98, 98.5, 99, 99.25, 99.5,
    99.75, 99.9, 99.95, 99.975, 99.99, 99.995, 99.9975, 99.999, 99.9999, 100,
  ]

  package var count: UInt64
  package var meanMicroseconds: Double
  package var points: [Point]

  /// Joins the parts.
  package init(count: UInt64, meanMicroseconds: Double, points: [Point]) {
    self.count = count
    self.meanMicroseconds = meanMicroseconds
    self.points = points
  }

  /// The summary of a histogram; nil when nothing was recorded.
  package init?(_ histogram: LatencyHistogram) {
    if histogram.count == 0 { return nil }
    count = histogram.count
    meanMicroseconds = Self.rounded(histogram.meanNanoseconds / 1000)
    points = Self.percentiles.map { percent in
      let nanoseconds =
        percent == 0
        ? histogram.minimumNanoseconds : histogram.nanoseconds(atPercentile: percent)
      return Point(percentile: percent, microseconds: Self.rounded(Double(nanoseconds) / 1000))
    }
  }

  private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }

  /// The time at one of ``percentiles``, in microseconds; nil at any other place.
  package func microseconds(_ percentile: Double) -> Double? {
    points.first { $0.percentile == percentile }?.microseconds
  }

  /// The longest time in microseconds.
  package var maximumMicroseconds: Double { points.last?.microseconds ?? 0 }
}
