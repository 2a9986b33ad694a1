// Two sets of runs held against each other: for each scenario the ratio of each figure with an
// interval that holds the true one 95 times in 100, by Welch's t on the logarithms of the samples.
// Samples are rounds where there are at least three on both sides, and the seconds of the runs where
// there are not: seconds of one run resemble each other, so their intervals are on the narrow side,
// which the result says.

/// A figure of two sets of runs.
package struct ComparedFigure: Equatable, Sendable {
  package var name: String
  package var before: Double
  package var after: Double
  /// The ratio after to before, and where it lies with 95 % confidence; nil with too few samples.
  package var interval: ClosedRange<Double>?

  /// After to before.
  package var ratio: Double { before == 0 ? .infinity : after / before }

  /// Whether the interval leaves out that nothing has changed; nil without an interval.
  package var isDifferent: Bool? { interval.map { !$0.contains(1) } }
}

/// One scenario of two sets of runs.
package struct ComparedScenario: Equatable, Sendable {
  package var name: String
  package var figures: [ComparedFigure]
  /// Rounds on both sides, or nil where seconds served as samples.
  package var rounds: (Int, Int)?

  package static func == (left: ComparedScenario, right: ComparedScenario) -> Bool {
    left.name == right.name && left.figures == right.figures
      && left.rounds?.0 == right.rounds?.0 && left.rounds?.1 == right.rounds?.1
  }
}

/// Two sets of runs.
package struct Comparison: Equatable, Sendable {
  package var scenarios: [ComparedScenario]
  /// Scenarios that only one side has.
  package var unmatched: [String]

  /// Holds `after` against `before`.
  package init(_ before: [RunResult], _ after: [RunResult]) {
    var names: [String] = []
    for run in before + after where !names.contains(run.terms) { names.append(run.terms) }
    scenarios = []
    unmatched = []
    for name in names {
      let sides = [before, after].map { $0.filter { $0.terms == name } }
      if sides[0].isEmpty || sides[1].isEmpty {
        unmatched.append(name)
      } else {
        scenarios.append(Self.compare(name, sides[0], sides[1]))
      }
    }
  }

  private static func compare(
    _ name: String, _ before: [RunResult], _ after: [RunResult]
  ) -> ComparedScenario {
    let hasRounds = before.count >= 3 && after.count >= 3
    let figures = Sampled.allCases.compactMap { sampled -> ComparedFigure? in
      let means = [before, after].map { mean($0.compactMap(sampled.value)) }
      guard let first = means[0], let second = means[1], first > 0, second > 0 else { return nil }
      let samples = [before, after].map { runs in
        hasRounds
          ? runs.compactMap(sampled.value) : runs.flatMap { sampled.perSecond($0) }
      }
      return ComparedFigure(
        name: sampled.rawValue, before: first, after: second,
        interval: Welch.interval(ofRatio: samples[1], to: samples[0]))
    }
    return ComparedScenario(
      name: name, figures: figures, rounds: hasRounds ? (before.count, after.count) : nil)
  }

  private static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}

extension RunResult {
  /// What has to be the same in two runs that are compared.
  var terms: String {
    var text = "\(scenario) QoS \(quality.publish)"
    if quality.subscribe != quality.publish { text += " to \(quality.subscribe)" }
    if payloadBytes > 0 { text += " \(payloadBytes) bytes" }
    if let ratePerSecond { text += " at \(ReportText.number(ratePerSecond))/s" }
    return text
  }
}

/// The figures that are compared.
private enum Sampled: String, CaseIterable {
  case rate = "rate"
  case p50 = "p50 us"
  case p99 = "p99 us"
  case p999 = "p99.9 us"
  case cpu = "broker CPU us/message"
  case replay = "replay/s"

  func value(_ run: RunResult) -> Double? {
    switch self {
    case .rate: run.rate
    case .p50: run.mainLatency?.summary.microseconds(50)
    case .p99: run.mainLatency?.summary.microseconds(99)
    case .p999: run.mainLatency?.summary.microseconds(99.9)
    case .cpu:
      run.watched.flatMap { watched in
        let messages = max(run.measuredReceived, run.measuredSent)
        return messages == 0 ? nil : watched.cpuSeconds / Double(messages) * 1e6
      }
    case .replay: run.figures.first { $0.name == "replay_messages_per_second" }?.value
    }
  }

  /// The whole seconds of the measured part: neither the first, which is warming up, nor the last.
  func perSecond(_ run: RunResult) -> [Double] {
    let whole = run.seconds.filter { $0.second >= 0 }.dropFirst().dropLast()
    switch self {
    case .rate:
      return whole.map { Double($0.received > 0 ? $0.received : max($0.sent, $0.connected)) }
    case .p50: return whole.compactMap(\.p50Microseconds)
    case .p99: return whole.compactMap(\.p99Microseconds)
    case .p999, .cpu, .replay: return []
    }
  }
}

/// Welch's t interval.
enum Welch {
  /// Where the ratio of the means of two sets lies with 95 % confidence; nil with too few samples.
  static func interval(
    ofRatio after: [Double], to before: [Double]
  ) -> ClosedRange<Double>? {
    let left = before.filter { $0 > 0 }.map(Logarithm.natural)
    let right = after.filter { $0 > 0 }.map(Logarithm.natural)
    guard left.count >= 3, right.count >= 3 else { return nil }
    let (first, second) = (moments(left), moments(right))
    let (a, b) = (first.variance / Double(left.count), second.variance / Double(right.count))
    let difference = second.mean - first.mean
    if a + b == 0 { return Logarithm.power(difference)...Logarithm.power(difference) }
    let freedom =
      (a + b) * (a + b)
      / (a * a / Double(left.count - 1) + b * b / Double(right.count - 1))
    let width = quantile(freedom) * (a + b).squareRoot()
    return Logarithm.power(difference - width)...Logarithm.power(difference + width)
  }

  private static func moments(_ values: [Double]) -> (mean: Double, variance: Double) {
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, squares / Double(values.count - 1))
  }

  /// Student's t at 97.5 % for 1 to 30 degrees of freedom; beyond, an expansion of it serves.
  private static let table = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
  ]

  static func quantile(_ freedom: Double) -> Double {
    let whole = Int(max(1, freedom.rounded(.down)))
    return whole <= table.count ? table[whole - 1] : 1.96 + 2.4 / freedom
  }
}

/// Logarithms and powers without a library of C.
enum Logarithm {
  private static let ofTwo = 0.693_147_180_559_945_3

  /// The natural logarithm of a number above 0, by the series of the inverse hyperbolic tangent.
  static func natural(_ value: Double) -> Double {
    let exponent = Double(value.exponent)
    let t = (value.significand - 1) / (value.significand + 1)
    var term = t
    var sum = 0.0
    var odd = 1.0
    while abs(term / odd) > 1e-17 && odd < 99 {
      sum += term / odd
      term *= t * t
      odd += 2
    }
    return exponent * ofTwo + 2 * sum
  }

  /// e to the power of `value`, which is not far from 0.
  static func power(_ value: Double) -> Double {
    let halvings = max(0, Int(abs(value).rounded(.up)))
    let small = value / Double(sign: .plus, exponent: halvings.bitWidthNeeded, significand: 1)
    var term = 1.0
    var sum = 1.0
    for step in 1...20 {
      term *= small / Double(step)
      sum += term
    }
    for _ in 0..<halvings.bitWidthNeeded { sum *= sum }
    return sum
  }
}

extension Int {
  fileprivate var bitWidthNeeded: Int { Int.bitWidth - leadingZeroBitCount }
}

extension Comparison {
  /// The lines that a person reads.
  package func lines(names: (String, String)) -> [String] {
    var lines: [String] = []
    for scenario in scenarios {
      lines.append(scenario.name)
      if let rounds = scenario.rounds {
        lines.append("  \(rounds.0) and \(rounds.1) rounds")
      }
      for figure in scenario.figures { lines.append("  " + figure.line) }
      if scenario.rounds == nil {
        lines.append("  fewer than three rounds: seconds are the samples, and the intervals narrow")
      }
    }
    for name in unmatched { lines.append("\(name): only in one of \(names.0) and \(names.1)") }
    return lines
  }
}

extension ComparedFigure {
  var line: String {
    var text = name.padded(to: 22) + ReportText.number(before).leftPadded(to: 12) + " -> "
    text += ReportText.number(after).leftPadded(to: 12) + "  " + Self.change(ratio)
    if let interval {
      text += "  [\(Self.change(interval.lowerBound)), \(Self.change(interval.upperBound))]"
      text += isDifferent == true ? "" : "  within noise"
    }
    return text
  }

  /// `+5.3 %`.
  private static func change(_ ratio: Double) -> String {
    let tenths = ((ratio - 1) * 1000).rounded() / 10
    let text = ReportText.number(abs(tenths))
    return (tenths < 0 ? "-" : "+") + text + " %"
  }
}
