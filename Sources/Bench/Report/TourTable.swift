// Runs as one table, a line for each.

/// Many runs at a glance.
package enum TourTable {
  private static let columns = [
    ("scenario", 20), ("QoS", 4), ("asked/s", 9), ("rate/s", 12), ("p50 us", 10), ("p99 us", 10),
    ("max us", 10), ("lost", 8), ("twice", 8), ("disorder", 9), ("broker us", 10),
    ("MiB", 7),
  ]

  /// Heading, lines, and what is to be thought of those that were not fine.
  package static func lines(_ runs: [RunResult]) -> [String] {
    var lines = aligned([columns.map(\.0)] + runs.map(cells))
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

  /// Rows of cells as lines; a column is as wide as its longest cell demands.
  private static func aligned(_ rows: [[String]]) -> [String] {
    let widths = columns.indices.map { index in
      rows.reduce(columns[index].1) { max($0, $1[index].utf8.count + 2) }
    }
    return rows.map { cells in
      var text = ""
      for (index, cell) in cells.enumerated() {
        text += index == 0 ? cell.padded(to: widths[0]) : cell.leftPadded(to: widths[index])
      }
      return text
    }
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
        run.mainLatency?.summary.microseconds(place).map(number) ?? ""
      }
      + [
        run.tally.lost.grouped, run.tally.duplicated.grouped,
        run.promisesOrder ? run.tally.outOfOrder.grouped : "-", cpu ?? "", memory ?? "",
      ]
  }
}
