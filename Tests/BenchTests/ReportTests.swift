// Reports: what is written is read again, what is compared is told from noise.

import Bench
import TestSupport
import Testing

struct ReportTests {
  static func run(rate: Double, seed: UInt64, scenario: String = "pairs:5") -> RunResult {
    var numbers = Chance(seed: seed)
    var run = RunResult()
    run.scenario = scenario
    run.target = "localhost:1883"
    run.broker = "abroker version 1.2"
    run.version = "5.0"
    run.quality = QualityPair(publish: 1, subscribe: 0)
    run.payloadBytes = 64
    run.loop = "closed loop, 20 under way per publisher"
    run.measuredSeconds = 10
    run.sendingSeconds = 9.5
    run.measuredReceived = UInt64(rate * 10)
    run.measuredSent = UInt64(rate * 10)
    for (_, path) in Tally.fields {
      run.tally[keyPath: path] = UInt64.random(in: 0...9, using: &numbers)
    }
    run.latencies[.endToEnd] = LatencySummary(
      count: 1000, meanMicroseconds: 12.5,
      points: [
        .init(percentile: 0, microseconds: 1), .init(percentile: 50, microseconds: 10),
        .init(percentile: 99, microseconds: 99.5), .init(percentile: 100, microseconds: 1234),
      ])
    run.seconds = (0..<10).map { second in
      var sample = SecondSample(second: second)
      sample.received = UInt64(rate * Double.random(in: 0.98...1.02, using: &numbers))
      sample.sent = sample.received
      sample.p50Microseconds = 10
      sample.p99Microseconds = Double(90 + second)
      return sample
    }
    run.generator.cpuSeconds = 1.25
    run.watched = ProcessUse(process: 4711)
    run.watched?.cpuSeconds = 2.5
    run.figures = [.init(name: "replay_seconds", value: 0.5)]
    run.failures = [.init(reason: "CONNACK: not \"authorized\"", count: 3)]
    return run
  }

  @Test func `a report is read as it was written`() throws {
    var facts = ReportFacts()
    facts.command = "mqtt bench 'a b'"
    facts.host = "h"
    facts.coreCount = 2
    facts.memoryBytes = 8 << 30
    let runs = [
      Self.run(rate: 1000, seed: 1), Self.run(rate: 2000, seed: 2, scenario: "fanin:5x1"),
    ]
    let report = BenchReport(facts: facts, runs: runs)
    #expect(try BenchReport(reading: Array(jsonText(report.json).utf8)) == report)
  }

  @Test func `what is no report is told from one`() {
    let words = #expect(throws: ReportFault.self) { try BenchReport(reading: Array("{".utf8)) }
    #expect(words?.description == "is not JSON from byte 1 on")
    let other = #expect(throws: ReportFault.self) { try BenchReport(reading: Array("{}".utf8)) }
    #expect(other?.description == "is not a report of mqtt bench --json")
  }

  @Test func `seconds become lines of CSV`() {
    let lines = ReportCSV.text([Self.run(rate: 1000, seed: 1)]).split(separator: "\n")
    #expect(lines.count == 11)
    let columns = lines[0].split(separator: ",", omittingEmptySubsequences: false).count
    for line in lines {
      #expect(line.split(separator: ",", omittingEmptySubsequences: false).count == columns)
    }
    #expect(lines[1].hasPrefix("1,pairs:5,localhost:1883,0,"))
  }

  @Test func `the same broker twice is within noise, and a faster one is not`() throws {
    let before = (1...5).map { Self.run(rate: 1000 + Double($0), seed: UInt64($0)) }
    let same = (1...5).map { Self.run(rate: 1006 - Double($0), seed: UInt64($0 + 9)) }
    let fast = (1...5).map { Self.run(rate: 1100 + Double($0), seed: UInt64($0 + 19)) }
    func rate(_ comparison: Comparison) throws -> ComparedFigure {
      let scenario = try #require(comparison.scenarios.first)
      return try #require(scenario.figures.first { $0.name == "rate" })
    }
    #expect(try rate(Comparison(before, same)).isDifferent == false)
    let faster = try rate(Comparison(before, fast))
    #expect(faster.isDifferent == true)
    #expect(try #require(faster.interval).contains(1103.0 / 1003))
  }

  @Test
  func `with few rounds the seconds are the samples, and with one sample there is no interval`()
    throws
  {
    let comparison = Comparison([Self.run(rate: 1000, seed: 1)], [Self.run(rate: 1300, seed: 2)])
    let rate = try #require(comparison.scenarios[0].figures.first { $0.name == "rate" })
    #expect(comparison.scenarios[0].rounds == nil)
    #expect(rate.isDifferent == true)
    let cpu = comparison.scenarios[0].figures.first { $0.name.hasPrefix("broker CPU") }
    #expect(try #require(cpu).interval == nil)
  }

  @Test func `scenarios of one side only are named`() {
    let comparison = Comparison(
      [Self.run(rate: 1, seed: 1, scenario: "rr:1")], [Self.run(rate: 1, seed: 1)])
    #expect(comparison.scenarios.isEmpty)
    #expect(comparison.unmatched == ["rr:1 QoS 1 to 0 64 bytes", "pairs:5 QoS 1 to 0 64 bytes"])
  }

  @Test func `text of the run cannot become markup of the page`() {
    var run = Self.run(rate: 1000, seed: 1)
    run.scenario = "<script>alert(1)</script>"
    run.broker = "<script>it's"
    var facts = ReportFacts()
    facts.command = "mqtt bench -t '\"><img src=x>'"
    let page = ReportPage.text(BenchReport(facts: facts, runs: [run]))
    #expect(!page.contains("<script"))
    #expect(!page.contains("<img"))
    #expect(page.contains("&lt;script&gt;"))
    #expect(page.contains("broker &lt;script&gt;it&#39;s"))
    #expect(page.contains("<polyline"))
    #expect(!page.contains("http"))
  }
}
