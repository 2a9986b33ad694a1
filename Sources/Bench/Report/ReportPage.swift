// A report as one page of HTML that needs nothing else: no script, no font, no picture from
// elsewhere. Latency is drawn over percentiles on the scale on which each further nine is as wide as
// the one before, and the rate over the seconds of the run.

import MQTTCodec
import Text

/// A report as a page.
package enum ReportPage {
  /// The whole page.
  package static func text(_ report: BenchReport) -> String {
    let facts = report.facts
    var body = "<h1>\(title(report.runs).escapedForMarkup)</h1>"
    body += "<p class=\"soft\">\(facts.started.escapedForMarkup) on "
    body += "\(facts.host.escapedForMarkup): "
    body += "\(facts.processor.escapedForMarkup), \(facts.coreCount) cores, "
    body += "\(ReportText.number(Double(facts.memoryBytes) / 1_073_741_824)) GiB, "
    body += "\(facts.kernel.escapedForMarkup), TCP \(facts.congestionControl.escapedForMarkup); "
    body += "\(facts.program.escapedForMarkup)</p>"
    body += "<p><code>\(facts.command.escapedForMarkup)</code></p>"
    if report.runs.count > 1 { body += overview(report.runs) }
    for run in report.runs { body += section(run) }
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width,initial-scale=1">
      <title>\(title(report.runs).escapedForMarkup)</title>
      <style>
      \(Page.style)
      </style>
      </head>
      <body><main>\(body)</main></body>
      </html>

      """
  }

  private static func title(_ runs: [RunResult]) -> String {
    let names = runs.map(\.scenario).uniqued
    return names.count == 1 ? "mqtt bench \(names[0])" : "mqtt bench: \(runs.count) runs"
  }

  private static func overview(_ runs: [RunResult]) -> String {
    var text = "<section><h2>All runs</h2>"
    let lines = runs.enumerated().compactMap { index, run in
      run.mainLatency.map { main in
        PlotLine(
          name: "\(run.scenario) QoS \(run.quality.publish), \(run.target)", colour: index,
          points: curve(main.summary))
      }
    }
    if lines.count > 1 && lines.count <= Page.colourCount {
      text += "<div class=\"plots\">\(latencyPlot(lines))</div>"
    }
    let heads = [
      "scenario", "broker", "QoS", "asked/s", "rate/s", "p50 µs", "p99 µs", "p99.9 µs", "max µs",
      "lost",
      "twice", "out of order", "verdict",
    ]
    text += "<div class=\"wide\"><table><tr>"
    text += heads.map { "<th>\($0)</th>" }.joined() + "</tr>"
    for run in runs {
      let summary = run.mainLatency?.summary
      let cells =
        [
          run.scenario, run.target, "\(run.quality.publish)",
          run.ratePerSecond.map(ReportText.number) ?? "", ReportText.number(run.rate),
        ]
        + [50, 99, 99.9, 100].map { place in
          summary?.microseconds(place).map(ReportText.number) ?? ""
        }
        + [
          run.tally.lost.grouped, run.tally.duplicated.grouped,
          run.promisesOrder ? run.tally.outOfOrder.grouped : "–",
          Verdict(run).isFine ? "kept" : "broken",
        ]
      text += "<tr>" + cells.map { "<td>\($0.escapedForMarkup)</td>" }.joined() + "</tr>"
    }
    return text + "</table></div></section>"
  }

  private static func section(_ run: RunResult) -> String {
    var text = "<section><h2>\(run.scenario.escapedForMarkup)</h2>"
    text += "<p class=\"soft\">\(terms(run).escapedForMarkup)</p>"
    text += verdict(run) + tiles(run)
    var plots: [String] = []
    let lines = LatencyKind.allCases.enumerated().compactMap { index, kind in
      run.latencies[kind].map {
        PlotLine(name: kind.title, colour: index, points: curve($0))
      }
    }
    // Connecting is seconds before the rest and has a scale of its own.
    let ofMessages = Set([LatencyKind.endToEnd, .acknowledgement, .roundTrip].map(\.title))
    let messages = lines.filter { ofMessages.contains($0.name) }
    let connecting = lines.filter { !ofMessages.contains($0.name) }
    if !messages.isEmpty { plots.append(latencyPlot(messages)) }
    if let plot = ratePlot(run) { plots.append(plot) }
    if let plot = secondsPlot(run) { plots.append(plot) }
    if !connecting.isEmpty {
      plots.append(latencyPlot(connecting, title: "Connecting by percentile"))
    }
    text += "<div class=\"plots\">\(plots.joined())</div>"
    return text + percentiles(run) + "</section>"
  }

  private static func terms(_ run: RunResult) -> String {
    var words = [run.target, "broker \(run.brokerName)", "MQTT \(run.version)"]
    if run.payloadBytes > 0 && run.measuredSent + run.measuredReceived > 0 {
      words.append("QoS \(run.quality.publish) to \(run.quality.subscribe)")
      words.append("\(UInt64(run.payloadBytes).grouped) bytes")
    }
    if let rate = run.ratePerSecond {
      words.append("open loop at \(ReportText.number(rate)) messages/s")
    } else if !run.loop.isEmpty {
      words.append(run.loop)
    }
    words.append("\(ReportText.number(run.measuredSeconds)) s")
    return words.joined(separator: " · ")
  }

  private static func verdict(_ run: RunResult) -> String {
    let verdict = Verdict(run)
    var text = ""
    func badge(_ kind: String, _ words: String) {
      text += "<span class=\"verdict \(kind)\">\(words.escapedForMarkup)</span>"
    }
    if verdict.isFine { badge("good", "the broker kept its promises") }
    for breach in verdict.breaches { badge("bad", breach) }
    for trouble in verdict.troubles { badge("bad", trouble) }
    for remark in verdict.remarks { badge("warn", remark) }
    if let limit = verdict.generatorLimit { badge("warn", "the generator was the limit: \(limit)") }
    return "<div>\(text)</div>"
  }

  private static func tiles(_ run: RunResult) -> String {
    var tiles: [(String, String)] = []
    if run.tally.sent > 0 { tiles.append((ReportText.number(run.sendRate), "messages sent/s")) }
    if run.tally.received > 0 {
      tiles.append((ReportText.number(run.receiveRate), "deliveries/s"))
    }
    if let main = run.mainLatency {
      for (place, name) in [(50.0, "p50"), (99, "p99"), (99.9, "p99.9"), (100, "max")] {
        let value = main.summary.microseconds(place) ?? 0
        tiles.append((ReportText.number(value), "µs \(name), \(main.kind.title)"))
      }
    }
    for figure in run.figures {
      let name = figure.name.map { $0 == "_" ? " " : String($0) }.joined()
      tiles.append((ReportText.number(figure.value), name))
    }
    if let watched = run.watched {
      tiles.append((ReportText.number(watched.cpuSeconds), "s of CPU, broker"))
      let memory = Double(watched.residentBytesHighest) / 1_048_576
      tiles.append((ReportText.number(memory), "MiB, broker"))
    }
    let share = Int((run.generator.busiestThreadShare * 100).rounded())
    tiles.append(("\(share) %", "of a core, generator"))
    let html = tiles.map { value, name in
      "<div class=\"tile\"><b>\(value.escapedForMarkup)</b><span>\(name.escapedForMarkup)</span></div>"
    }
    return "<div class=\"tiles\">\(html.joined())</div>"
  }

  // Plots

  /// Percentiles on the scale of nines: 90 % at 1, 99 % at 2, 99.9 % at 3.
  private static func nines(_ percentile: Double) -> Double {
    Logarithm.natural(100 / max(1e-5, 100 - percentile)) / Logarithm.natural(10)
  }

  private static func curve(_ summary: LatencySummary) -> [(x: Double, y: Double)] {
    // The maximum stands where one of so many messages is.
    let end = Logarithm.natural(Double(max(2, summary.count))) / Logarithm.natural(10)
    return summary.points.compactMap { point in
      let x = point.percentile >= 100 ? end : nines(point.percentile)
      return x <= end ? (x: x, y: point.microseconds) : nil
    }
  }

  private static func latencyPlot(
    _ lines: [PlotLine], title: String = "Latency by percentile"
  ) -> String {
    let right = lines.flatMap { $0.points.map(\.x) }.max() ?? 1
    let highest = lines.flatMap { $0.points.map(\.y) }.max() ?? 1
    let places = [0.0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999]
    let marks = places.map { PlotMark(value: nines($0), label: name(ofPercentile: $0)) }
    return Plot(
      title: title, xTitle: "percentile", yTitle: "microseconds", lines: lines,
      xMarks: marks.filter { $0.value <= right + 0.3 }, yMarks: Plot.marks(upTo: highest)
    ).html
  }

  private static func name(ofPercentile percentile: Double) -> String {
    percentile == percentile.rounded() ? "\(Int(percentile))" : "\(percentile)"
  }

  private static func whole(_ run: RunResult) -> [SecondSample] {
    let seconds = run.seconds.filter { $0.second >= 0 }
    // The last second is not a whole one.
    return seconds.count > 2 ? seconds.dropLast() : seconds
  }

  private static func ratePlot(_ run: RunResult) -> String? {
    let seconds = whole(run)
    let kinds: [(String, KeyPath<SecondSample, UInt64>)] = [
      ("received", \.received), ("sent", \.sent), ("connected", \.connected),
    ]
    let lines = kinds.enumerated().compactMap { index, kind -> PlotLine? in
      guard seconds.contains(where: { $0[keyPath: kind.1] > 0 }) else { return nil }
      let points = seconds.map { (x: Double($0.second), y: Double($0[keyPath: kind.1])) }
      return PlotLine(name: kind.0, colour: index, points: points, isFilled: index == 0)
    }
    return plot("Rate over time", "a second", lines)
  }

  private static func secondsPlot(_ run: RunResult) -> String? {
    let kinds: [(String, KeyPath<SecondSample, Double?>)] = [
      ("p50", \.p50Microseconds), ("p99", \.p99Microseconds), ("max", \.maximumMicroseconds),
    ]
    let lines = kinds.enumerated().map { index, kind in
      PlotLine(
        name: kind.0, colour: [2, 0, 1][index],
        points: whole(run).compactMap { second in
          second[keyPath: kind.1].map { (x: Double(second.second), y: $0) }
        })
    }
    return plot("Latency over time", "microseconds", lines.filter { !$0.points.isEmpty })
  }

  private static func plot(_ title: String, _ yTitle: String, _ lines: [PlotLine]) -> String? {
    let last = lines.flatMap { $0.points.map(\.x) }.max() ?? 0
    guard !lines.isEmpty, last > 0 else { return nil }
    let highest = lines.flatMap { $0.points.map(\.y) }.max() ?? 1
    return Plot(
      title: title, xTitle: "seconds", yTitle: yTitle, lines: lines,
      xMarks: Plot.marks(upTo: last).filter { $0.value <= last }, yMarks: Plot.marks(upTo: highest)
    ).html
  }

  private static func percentiles(_ run: RunResult) -> String {
    let places = [50.0, 75, 90, 95, 99, 99.9, 99.99, 99.999, 100]
    var text = "<div class=\"wide\"><table><tr><th>microseconds</th><th>count</th><th>mean</th>"
    text += places.map { "<th>\($0 == 100 ? "max" : "p\(name(ofPercentile: $0))")</th>" }.joined()
    text += "</tr>"
    for kind in LatencyKind.allCases {
      guard let summary = run.latencies[kind] else { continue }
      let cells =
        [kind.title, summary.count.grouped, ReportText.number(summary.meanMicroseconds)]
        + places.map { ReportText.number(summary.microseconds($0) ?? 0) }
      text += "<tr>" + cells.map { "<td>\($0.escapedForMarkup)</td>" }.joined() + "</tr>"
    }
    return text + "</table></div>"
  }
}

extension Array where Element: Equatable {
  fileprivate var uniqued: [Element] {
    reduce(into: []) { list, element in
      if !list.contains(element) { list.append(element) }
    }
  }
}
