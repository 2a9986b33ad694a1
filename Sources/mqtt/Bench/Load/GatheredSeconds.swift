// The seconds of all workers put together. A second is complete when every worker has handed it
// over, or one after it.

import Bench

struct GatheredSeconds {
  /// Everything of the run.
  private(set) var endToEnd = LatencyHistogram()
  private(set) var acknowledgement = LatencyHistogram()
  /// Complete seconds, in order.
  private(set) var samples: [SecondSample] = []
  private var open: [Int: OpenSecond] = [:]

  private struct OpenSecond {
    var sample: SecondSample
    var latency: LatencyHistogram?
    var reports = 0
  }

  mutating func add(_ report: IntervalReport) {
    if let histogram = report.endToEnd { endToEnd.add(histogram) }
    if let histogram = report.acknowledgement { acknowledgement.add(histogram) }
    // What comes before there is a clock to count by is not a second of the run.
    if report.sample.second == -1_000_000 { return }
    let number = report.sample.second
    var second = open[number] ?? OpenSecond(sample: SecondSample(second: number))
    second.sample.sent += report.sample.sent
    second.sample.received += report.sample.received
    second.sample.acknowledged += report.sample.acknowledged
    second.sample.receivedBytes += report.sample.receivedBytes
    second.sample.connected += report.sample.connected
    if let histogram = report.endToEnd ?? report.acknowledgement {
      if second.latency == nil {
        second.latency = histogram
      } else {
        second.latency?.add(histogram)
      }
    }
    second.reports += 1
    open[number] = second
  }

  /// Takes out the seconds that are complete, in order.
  mutating func complete(threads: Int, isLast: Bool) -> [SecondSample] {
    var finished: [SecondSample] = []
    while let number = open.keys.min(), var second = open[number],
      isLast || second.reports >= threads || open.count > 2
    {
      open[number] = nil
      if let latency = second.latency {
        second.sample.p50Microseconds = Double(latency.nanoseconds(atPercentile: 50)) / 1000
        second.sample.p99Microseconds = Double(latency.nanoseconds(atPercentile: 99)) / 1000
        second.sample.maximumMicroseconds = Double(latency.maximumNanoseconds) / 1000
      }
      // Seconds before there was anything to send are none of the run's.
      if second.sample != SecondSample(second: number) || number >= 0 {
        finished.append(second.sample)
      }
    }
    samples += finished
    return finished
  }
}
