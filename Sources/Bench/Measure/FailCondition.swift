// A condition under which a run counts as failed, for machines that watch over numbers: `p99>5ms`,
// `lost>0`, `rate<10000`. A figure, a comparison, a number with its unit.

/// A condition on the figures of a run.
package struct FailCondition: Equatable, Sendable {
  /// What is wrong with a condition.
  package struct Fault: Error, Equatable, Sendable {
    /// What was expected, without a full stop.
    package var problem: String
  }

  enum Comparison: String, CaseIterable {
    case atMost = "<="
    case atLeast = ">="
    case equal = "=="
    case different = "!="
    case less = "<"
    case greater = ">"
  }

  /// As it was written.
  package let source: String
  let figure: Figure
  let comparison: Comparison
  let limit: Double

  /// A figure of a run, by the names of conditions.
  enum Figure: Equatable {
    /// A percentile of a latency, in microseconds; nil is the main latency.
    case latency(LatencyKind?, Double)
    /// The mean of one.
    case mean(LatencyKind?)
    /// A count, by its name in ``Tally/fields``.
    case count(String)
    case rate, sendRate, breaches, brokerCPU, brokerMemory
    case special(String)
  }

  private static let units: [(name: String, microseconds: Double)] = [
    ("us", 1), ("µs", 1), ("ms", 1000), ("s", 1_000_000),
  ]
  /// Figures that only some scenarios have.
  private static let special = [
    "connections_per_second", "replay_seconds", "replay_first_ms", "replay_messages_per_second",
    "least_of_a_member", "most_of_a_member",
  ]

  /// Reads a condition.
  package init(_ text: String) throws(Fault) {
    let plain = String(text.filter { $0 != " " })
    let found = Self.split(plain)
    guard let (name, comparison, value) = found else {
      throw Fault(problem: "expected a figure, a comparison and a number, such as p99>5ms")
    }
    guard let figure = Self.figure(name) else {
      let names = Self.names
      throw Fault(problem: "\(name) is not a figure; they are \(names.joined(separator: ", "))")
    }
    source = text
    self.figure = figure
    self.comparison = comparison
    limit = try Self.limit(value, of: figure)
  }

  private static func split(_ text: String) -> (String, Comparison, String)? {
    guard let start = text.firstIndex(where: { "<>=!".contains($0) }) else { return nil }
    let rest = text[start...]
    guard let comparison = Comparison.allCases.first(where: { rest.hasPrefix($0.rawValue) })
    else { return nil }
    let value = String(rest.dropFirst(comparison.rawValue.count))
    return start == text.startIndex || value.isEmpty
      ? nil : (String(text[..<start]), comparison, value)
  }

  /// All names of figures, as help lists them.
  package static let names =
    ["p50", "p90", "p99", "p99.9", "p99.99", "p99.999", "max", "mean"]
    + ["LATENCY.p99", "rate", "send_rate", "breaches", "broker_cpu", "broker_memory"]
    + Tally.fields.map(\.name) + special

  private static func figure(_ name: String) -> Figure? {
    switch name {
    case "rate": return .rate
    case "send_rate": return .sendRate
    case "breaches": return .breaches
    case "broker_cpu": return .brokerCPU
    case "broker_memory": return .brokerMemory
    default: break
    }
    if Tally.fields.contains(where: { $0.name == name }) { return .count(name) }
    if special.contains(name) { return .special(name) }
    var point = name
    var kind: LatencyKind?
    if let found = LatencyKind.allCases.first(where: { name.hasPrefix($0.rawValue + ".") }) {
      kind = found
      point = String(name.dropFirst(found.rawValue.count + 1))
    }
    switch point {
    case "max": return .latency(kind, 100)
    case "min": return .latency(kind, 0)
    case "mean": return .mean(kind)
    default:
      guard point.hasPrefix("p"), let percent = Double(point.dropFirst()),
        LatencySummary.percentiles.contains(percent)
      else { return nil }
      return .latency(kind, percent)
    }
  }

  private static func limit(_ text: String, of figure: Figure) throws(Fault) -> Double {
    switch figure {
    case .latency, .mean:
      let unit = units.first { text.hasSuffix($0.name) }
      guard let unit, let number = Double(text.dropLast(unit.name.count)), number.isFinite else {
        throw Fault(problem: "expected a time with its unit us, ms or s, such as 5ms")
      }
      return number * unit.microseconds
    case .count, .rate, .sendRate, .breaches, .brokerCPU, .brokerMemory, .special:
      if let number = Double(text), number.isFinite { return number }
      guard let count = Count(text) else {
        throw Fault(problem: "expected a number, such as 0 or 10k")
      }
      return Double(count.value)
    }
  }

  /// The figure of a run; nil when the run has none.
  package func value(in result: RunResult) -> Double? {
    switch figure {
    case .latency(let kind, let percent):
      return Self.summary(kind, result)?.microseconds(percent)
    case .mean(let kind): return Self.summary(kind, result)?.meanMicroseconds
    case .count(let name):
      return Tally.fields.first { $0.name == name }.map {
        Double(result.tally[keyPath: $0.path])
      }
    case .rate: return result.rate
    case .sendRate: return result.sendRate
    case .breaches: return Double(Verdict(result).breaches.count)
    case .brokerCPU: return result.watched?.cpuSeconds
    case .brokerMemory: return result.watched.map { Double($0.residentBytesHighest) }
    case .special(let name): return result.figures.first { $0.name == name }?.value
    }
  }

  private static func summary(_ kind: LatencyKind?, _ result: RunResult) -> LatencySummary? {
    if let kind { result.latencies[kind] } else { result.mainLatency?.summary }
  }

  /// Whether the condition holds; a figure that was not measured fails it as well, since silence
  /// must not pass for success.
  package func holds(for result: RunResult) -> Bool {
    guard let value = value(in: result) else { return true }
    switch comparison {
    case .less: return value < limit
    case .atMost: return value <= limit
    case .greater: return value > limit
    case .atLeast: return value >= limit
    case .equal: return value == limit
    case .different: return value != limit
    }
  }
}
