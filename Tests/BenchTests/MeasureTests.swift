// Latencies, verdicts, conditions: numbers in, judgement out.

import Bench
import TestSupport
import Testing

struct MeasureTests {
  @Test func `percentiles are those of the sorted times, within a thousandth`() {
    var numbers = Chance(seed: 3)
    var histogram = LatencyHistogram()
    var other = LatencyHistogram()
    var times: [Int64] = []
    for index in 0..<20_000 {
      let time = Int64.random(
        in: 0...(Int64(1) << Int.random(in: 4...36, using: &numbers)), using: &numbers)
      times.append(time)
      if index % 2 == 0 { histogram.record(time) } else { other.record(time) }
    }
    histogram.add(other)
    times.sort()
    #expect(histogram.count == 20_000)
    for percent in [1.0, 10, 50, 90, 99, 99.9, 99.99] {
      let place = Int((percent / 100 * 20_000).rounded(.up)) - 1
      let exact = Double(times[max(0, place)])
      let found = Double(histogram.nanoseconds(atPercentile: percent))
      #expect(abs(found - exact) <= exact / 1000 + 2, "p\(percent): \(found) for \(exact)")
    }
    #expect(histogram.nanoseconds(atPercentile: 100) == UInt64(times[19_999]))
    #expect(histogram.minimumNanoseconds == UInt64(times[0]))
    let mean = times.reduce(0.0) { $0 + Double($1) } / 20_000
    #expect(abs(histogram.meanNanoseconds - mean) < mean / 1e6)
  }

  @Test func `an empty histogram has no summary, and a negative time counts as none`() {
    var histogram = LatencyHistogram()
    #expect(LatencySummary(histogram) == nil)
    histogram.record(-5)
    #expect(LatencySummary(histogram)?.maximumMicroseconds == 0)
    histogram.reset()
    #expect(histogram.count == 0)
  }

  private func result(
    qos: UInt8, lost: UInt64 = 0, duplicated: UInt64 = 0, outOfOrder: UInt64 = 0,
    acknowledged: UInt64 = 100
  ) -> RunResult {
    var result = RunResult()
    result.scenario = "pairs:1"
    result.quality = QualityPair(publish: qos, subscribe: qos)
    result.tally.sent = 100
    result.tally.expected = 100
    result.tally.acknowledged = qos == 0 ? 0 : acknowledged
    result.tally.received = 100 - lost + duplicated
    result.tally.lost = lost
    result.tally.duplicated = duplicated
    result.tally.outOfOrder = outOfOrder
    return result
  }

  @Test func `a broker is not accused of what had no time to come`() {
    var interrupted = result(qos: 2, lost: 3)
    interrupted.isInterrupted = true
    #expect(Verdict(interrupted).isFine)
    #expect(
      Verdict(interrupted).remarks
        == ["3 deliveries had not come when it was ended", "ended by hand"])
    interrupted.tally.duplicated = 1
    #expect(Verdict(interrupted).breaches == ["1 delivery came twice"])
  }

  @Test func `each quality of service is held to what it promises`() {
    #expect(Verdict(result(qos: 0, lost: 3)).isFine)
    #expect(Verdict(result(qos: 0, lost: 3)).remarks == ["3 deliveries lost"])
    #expect(Verdict(result(qos: 0, duplicated: 1)).breaches == ["1 delivery came twice"])
    #expect(
      Verdict(result(qos: 1, lost: 3)).breaches == ["3 deliveries of acknowledged messages lost"])
    #expect(Verdict(result(qos: 1, duplicated: 2)).isFine)
    #expect(!Verdict(result(qos: 2, duplicated: 2)).isFine)
    #expect(!Verdict(result(qos: 2, lost: 1)).isFine)
    #expect(Verdict(result(qos: 1, lost: 3, acknowledged: 97)).isFine)
    #expect(Verdict(result(qos: 1, outOfOrder: 1)).breaches == ["1 delivery out of order"])
    var shared = result(qos: 1, outOfOrder: 1)
    shared.promisesOrder = false
    #expect(Verdict(shared).isFine)
  }

  @Test func `the generator says when it was the limit, and not when the broker was`() {
    var busy = result(qos: 0)
    busy.measuredSeconds = 10
    busy.generator.busiestThreadShare = 0.97
    #expect(Verdict(busy).generatorLimit == "its busiest thread used 97 % of a core")
    busy.watched = ProcessUse(process: 1)
    busy.watched?.cpuSeconds = 4
    #expect(
      Verdict(busy).generatorLimit == "its busiest thread used 97 % of a core, the broker 40 %")
    busy.watched?.cpuSeconds = 9.9
    #expect(Verdict(busy).generatorLimit == nil)
    var late = result(qos: 0)
    late.generator.lateP99Microseconds = 2500
    #expect(
      Verdict(late).generatorLimit == "one message in a hundred was sent 2,500 us late by itself")
  }

  @Test func `conditions are held against figures`() throws {
    var run = result(qos: 1, lost: 3)
    run.measuredSeconds = 2
    run.measuredReceived = 200
    run.latencies[.endToEnd] = LatencySummary(
      count: 10, meanMicroseconds: 700,
      points: [
        .init(percentile: 99, microseconds: 6000), .init(percentile: 100, microseconds: 9000),
      ])
    for (text, holds) in [
      ("p99>5ms", true), ("p99 > 6000us", false), ("p99>=6ms", true), ("max<1s", true),
      ("mean==700us", true), ("lost>0", true), ("lost!=3", false), ("rate<101", true),
      ("rate<100", false), ("end_to_end.p99<=6ms", true), ("received==97", true),
      ("breaches>0", true),
    ] {
      #expect(try FailCondition(text).holds(for: run) == holds, "\(text)")
    }
  }

  @Test func `a figure that was not measured does not pass for a good one`() throws {
    #expect(try FailCondition("p99>5ms").holds(for: result(qos: 0)))
    #expect(try FailCondition("connack.p99>5ms").holds(for: result(qos: 0)))
    #expect(try FailCondition("broker_cpu>1").holds(for: result(qos: 0)))
  }

  @Test(
    arguments: [
      ("p99", "expected a figure, a comparison and a number, such as p99>5ms"),
      ("p98.7>5ms", "p98.7 is not a figure; they are p50"),
      ("p99>5", "expected a time with its unit us, ms or s, such as 5ms"),
      ("lost>x", "expected a number, such as 0 or 10k"), ("speed>1", "speed is not a figure"),
      ("lost>nan", "expected a number, such as 0 or 10k"),
    ]) func `what is no condition is explained`(_ text: String, _ problem: String)
  {
    let error = #expect(throws: FailCondition.Fault.self) { try FailCondition(text) }
    #expect(error?.problem.hasPrefix(problem) == true, "\(error?.problem ?? "")")
  }
}
