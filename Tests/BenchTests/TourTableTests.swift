// The table of a tour and the page of its report: what stands in them, and how wide they are.

import Bench
import Testing

struct TourTableTests {
  private static func runs() -> [RunResult] {
    var runs = [1, 2, 3].map { ReportTests.run(rate: 1000, seed: $0, scenario: "shared:100x5") }
    runs[1].ratePerSecond = 20_000
    runs[2].latencies[.endToEnd] = LatencySummary(
      count: 10, meanMicroseconds: 1,
      points: [
        .init(percentile: 50, microseconds: 999), .init(percentile: 99, microseconds: 1234),
        .init(percentile: 100, microseconds: 2_500_000),
      ])
    return runs
  }

  private func table(width: Int) -> [String] {
    TourTable.lines(Self.runs(), width: width).filter {
      $0.hasPrefix("scenario") || $0.hasPrefix("shared:100x5  ")
    }
  }

  @Test(arguments: [60, 80, 110, 200]) func `the table is no wider than the terminal`(
    _ width: Int
  ) {
    let lines = table(width: width)
    #expect(lines.allSatisfy { $0.count <= width }, "\(lines)")
    // What stands below the table is broken between words.
    let all = TourTable.lines(Self.runs(), width: width).flatMap { $0.split(separator: "\n") }
    #expect(all.allSatisfy { $0.count <= width }, "\(all)")
    let heads = lines.filter { $0.hasPrefix("scenario") }
    for head in ["asked/s", "rate/s", "p50", "max", "lost", "broker us", "MiB"] {
      #expect(heads.filter { $0.contains(head) }.count == 1, "\(head) in \(heads)")
    }
    // Each part has all runs.
    #expect(lines.count == heads.count * 4)
    #expect(heads.allSatisfy { $0.contains("QoS") })
  }

  @Test func `times are microseconds below a thousand and milliseconds above`() {
    let last = table(width: .max).last ?? ""
    #expect(last.contains("  999 us  1.23 ms  2,500 ms  "), "\(last)")
  }

  @Test func `a finished run leaves a line`() {
    #expect(
      TourTable.line(Self.runs()[2]).hasPrefix(
        "shared:100x5 QoS 1: 1,000/s, p50 999 us, p99 1.23 ms"))
  }

  @Test func `the page counts its runs and has the rate that was asked for`() {
    let page = ReportPage.text(
      BenchReport(
        facts: ReportFacts(),
        runs: Self.runs() + [
          ReportTests.run(rate: 1, seed: 9)
        ]))
    #expect(page.contains("<title>mqtt bench: 4 runs</title>"))
    #expect(page.contains("<th>asked/s</th>"))
    #expect(page.contains("<td>20,000</td>"))
  }
}
