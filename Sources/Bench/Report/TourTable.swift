// Runs as one table, a line for each.

import Text

/// Many runs at a glance.
package enum TourTable {
  private static let heads = [
    "scenario", "QoS", "asked/s", "rate/s", "p50", "p99", "max", "lost", "twice", "disorder",
    "broker us", "MiB",
  ]
  /// Columns that say which run a line is about: they stand in front of each part of the table.
  private static let nameCount = 2

  /// Heading, lines, and what is to be thought of those that were not fine.
  ///
  /// A table that is wider than `width` columns of a terminal becomes several, one below the other;
  /// other lines are broken between words.
  package static func lines(_ runs: [RunResult], width: Int) -> [String] {
    parts(aligned([heads] + runs.map(cells)), width: width)
      + notes(runs).map { $0.wrapped(width: width, indent: 2) }
  }

  /// What is to be known beside the table.
  private static func notes(_ runs: [RunResult]) -> [String] {
    var lines: [String] = []
    let watched = runs.contains { $0.watched != nil }
    if watched { lines.append("broker us: processor time of the broker for each message") }
    let names = Set(runs.compactMap { $0.mainLatency?.kind }).sorted { $0.rawValue < $1.rawValue }
    if !names.isEmpty {
      lines.append(
        "latency: " + names.map(\.title).joined(separator: ", where there is one; else "))
    }
    for run in runs {
      let verdict = Verdict(run)
      let words = verdict.breaches + verdict.troubles
      if !words.isEmpty {
        lines.append("\(run.scenario) QoS \(run.quality.publish): \(words.joined(separator: "; "))")
      }
      if let limit = verdict.generatorLimit {
        lines.append(
          "\(run.scenario) QoS \(run.quality.publish): the generator was the limit: \(limit)")
      }
    }
    let isFine = runs.allSatisfy { Verdict($0).isFine }
    lines.append(isFine ? "the broker kept its promises" : "not everything was as it should be")
    return lines
  }

  /// One run in a line, for the time until the table is there.
  package static func line(_ run: RunResult) -> String {
    let messages = max(run.measuredReceived, run.measuredSent)
    var text = run.scenario + (messages > 0 ? " QoS \(run.quality.publish)" : "") + ": "
    let replay = run.figures.first { $0.name == "replay_messages_per_second" }?.value
    text += "\(ReportText.number(replay ?? run.rate))/s"
    if let summary = run.mainLatency?.summary {
      for (name, place) in [("p50", 50.0), ("p99", 99)] {
        let value = summary.microseconds(place).map(ReportText.duration) ?? "-"
        text += ", \(name) \(value)"
      }
    }
    if run.tally.lost > 0 { text += ", \(run.tally.lost.grouped) lost" }
    return text
  }

  /// Rows of cells, each as wide as its column.
  private static func aligned(_ rows: [[String]]) -> [[String]] {
    let widths = heads.indices.map { index in rows.map { $0[index].count }.max() ?? 0 }
    return rows.map { cells in
      cells.indices.map { index in
        index == 0
          ? cells[0].padded(to: widths[0] + 1) : "  " + cells[index].leftPadded(to: widths[index])
      }
    }
  }

  /// The lines of as many tables as it takes for each to fit.
  private static func parts(_ rows: [[String]], width: Int) -> [String] {
    var lines: [String] = []
    var start = nameCount
    while start < heads.count {
      let name = rows[0][..<nameCount].joined()
      var end = start
      var used = name.count
      while end < heads.count, end == start || used + rows[0][end].count <= width {
        used += rows[0][end].count
        end += 1
      }
      if !lines.isEmpty { lines.append("") }
      lines += rows.map { ($0[..<nameCount] + $0[start..<end]).joined() }
      start = end
    }
    return lines
  }

  private static func cells(_ run: RunResult) -> [String] {
    let number = ReportText.number
    let replay = run.figures.first { $0.name == "replay_messages_per_second" }?.value
    let messages = max(run.measuredReceived, run.measuredSent)
    let cpu = run.watched.flatMap { watched in
      messages == 0 || watched.cpuSeconds == 0
        ? nil : number(watched.cpuSeconds / Double(messages) * 1e6)
    }
    // A run may be over before anybody has looked.
    let memory = run.watched.flatMap {
      $0.residentBytesHighest == 0 ? nil : number(Double($0.residentBytesHighest) / 1_048_576)
    }
    let quality = run.quality
    return [
      run.scenario,
      messages == 0
        ? ""
        : quality.publish == quality.subscribe
          ? "\(quality.publish)" : "\(quality.publish)/\(quality.subscribe)",
      run.ratePerSecond.map(number) ?? "", number(replay ?? run.rate),
    ]
      + [50.0, 99, 100].map { place in
        run.mainLatency?.summary.microseconds(place).map(ReportText.duration) ?? ""
      }
      + [
        run.tally.lost.grouped, run.tally.duplicated.grouped,
        run.promisesOrder ? run.tally.outOfOrder.grouped : "-", cpu ?? "", memory ?? "",
      ]
  }
}
