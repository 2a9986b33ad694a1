// The summary that a person reads: a few lines for each run, the numbers first.

/// A run as text.
package enum ReportText {
  /// The lines of one run.
  package static func lines(_ result: RunResult) -> [String] {
    var lines = ["\(result.scenario)  \(conditions(result))"]
    lines += rates(result)
    lines += latencies(result)
    lines += figures(result)
    lines.append(row("broker", broker(result)))
    lines.append(row("generator", generator(result)))
    for failure in result.failures.prefix(5) {
      lines.append(row("failure", "\(UInt64(failure.count).grouped) x \(failure.reason)"))
    }
    return lines + verdict(result)
  }

  /// The end of the lines: what is to be thought of it.
  package static func verdict(_ result: RunResult) -> [String] {
    let verdict = Verdict(result)
    var lines: [String] = []
    if let limit = verdict.generatorLimit {
      lines.append(row("limit", "the generator was the limit: \(limit)"))
    }
    let remarks = verdict.remarks.isEmpty ? "" : " (\(verdict.remarks.joined(separator: "; ")))"
    if !verdict.breaches.isEmpty {
      lines.append(row("verdict", "BROKEN: \(verdict.breaches.joined(separator: "; "))\(remarks)"))
    } else if !verdict.troubles.isEmpty {
      lines.append(row("verdict", "FAILED: \(verdict.troubles.joined(separator: "; "))\(remarks)"))
    } else {
      lines.append(row("verdict", "the broker kept its promises\(remarks)"))
    }
    if !verdict.breaches.isEmpty && !verdict.troubles.isEmpty {
      lines.append(row("", verdict.troubles.joined(separator: "; ")))
    }
    return lines
  }

  private static func row(_ name: String, _ text: String) -> String {
    "  " + name.padded(to: 14) + text
  }

  private static func conditions(_ result: RunResult) -> String {
    var words: [String] = []
    if result.tally.expected > 0 || result.measuredSent > 0 || result.measuredReceived > 0 {
      let quality = result.quality
      words.append(
        quality.publish == quality.subscribe
          ? "QoS \(quality.publish)" : "QoS \(quality.publish) to \(quality.subscribe)")
      words.append("\(UInt64(result.payloadBytes).grouped) bytes")
      if let rate = result.ratePerSecond { words.append("\(number(rate)) messages/s asked for") }
      if !result.loop.isEmpty { words.append(result.loop) }
    }
    words.append("MQTT \(result.version)")
    words.append(result.target)
    return words.joined(separator: ", ")
  }

  private static func rates(_ result: RunResult) -> [String] {
    let tally = result.tally
    var lines: [String] = []
    if tally.sent > 0 {
      var text = "\(number(result.sendRate))/s, \(tally.sent.grouped) in all"
      if result.quality.publish > 0 { text += ", \(tally.acknowledged.grouped) acknowledged" }
      lines.append(row("sent", text))
    }
    if tally.received > 0 || tally.expected > 0 {
      lines.append(
        row("received", "\(number(result.receiveRate))/s, \(tally.received.grouped) in all"))
      lines.append(
        row(
          "lost",
          "\(tally.lost.grouped), twice \(tally.duplicated.grouped), out of order "
            + (result.promisesOrder ? tally.outOfOrder.grouped : "not counted")
            + (tally.expected > 0 ? ", of \(tally.expected.grouped)" : "")))
    }
    return lines
  }

  private static func latencies(_ result: RunResult) -> [String] {
    var lines: [String] = []
    for kind in LatencyKind.allCases {
      guard let summary = result.latencies[kind] else { continue }
      if lines.isEmpty { lines.append(row("microseconds", header)) }
      let places = [50.0, 90, 99, 99.9, 99.99, 99.999, 100].map { place in
        number(summary.microseconds(place) ?? 0).leftPadded(to: 9)
      }
      lines.append("    " + kind.title.padded(to: 16) + places.joined(separator: " "))
    }
    return lines
  }

  private static var header: String {
    "    "
      + ["p50", "p90", "p99", "p99.9", "p99.99", "p99.999", "max"]
      .map { $0.leftPadded(to: 9) }.joined(separator: " ")
  }

  private static func figures(_ result: RunResult) -> [String] {
    result.figures.map { figure in
      let name = figure.name.map { $0 == "_" ? " " : String($0) }.joined()
      return "  \(name): \(number(figure.value))"
    }
  }

  private static func broker(_ result: RunResult) -> String {
    guard let watched = result.watched else { return result.brokerName }
    return "\(result.brokerName), \(use(watched, result))"
  }

  private static func use(_ watched: ProcessUse, _ result: RunResult) -> String {
    var text = "process \(watched.process), \(number(watched.cpuSeconds)) s of CPU"
    let messages = max(result.measuredReceived, result.measuredSent)
    if messages > 0 {
      let each = watched.cpuSeconds / Double(messages) * 1e6
      text += ", \(number(each)) us a message"
    }
    return text + ", \(number(Double(watched.residentBytesHighest) / 1_048_576)) MiB"
  }

  private static func generator(_ result: RunResult) -> String {
    let use = result.generator
    let percent = Int((use.busiestThreadShare * 100).rounded())
    var text = "\(use.threads) thread\(use.threads == 1 ? "" : "s"), busiest \(percent) % of a core"
    let messages = max(result.measuredReceived, result.measuredSent)
    if messages > 0 { text += ", \(number(use.cpuSeconds / Double(messages) * 1e6)) us a message" }
    if let late = use.lateP99Microseconds, let most = use.lateMaximumMicroseconds {
      text += ", sent late p99 \(number(late)) us, max \(number(most)) us"
    }
    return text + ", \(number(Double(use.residentBytes) / 1_048_576)) MiB"
  }

  /// Microseconds as a reader takes them in: from 1,000 on in milliseconds.
  package static func duration(microseconds: Double) -> String {
    microseconds < 1000 ? "\(number(microseconds)) us" : "\(number(microseconds / 1000)) ms"
  }

  /// A number with as many digits as a reader can use.
  package static func number(_ value: Double) -> String {
    if !value.isFinite { return "-" }
    if value >= 100 { return UInt64(value.rounded()).grouped }
    let scale: Double = value >= 10 ? 10 : value >= 1 ? 100 : 1000
    let digits = Int((value * scale).rounded())
    let places = value >= 10 ? 1 : value >= 1 ? 2 : 3
    let whole = digits / Int(scale)
    let rest = String(digits % Int(scale))
    return "\(whole)." + String(repeating: "0", count: places - rest.utf8.count) + rest
  }
}

extension String {
  /// With spaces behind it up to `width`.
  package func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(1, width - count))
  }

  /// With spaces before it up to `width`.
  package func leftPadded(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}
