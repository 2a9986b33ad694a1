// What is measured, by name and size: `fanout:1x1000`, `pairs:500`, `retained:100k`. A scenario says
// who there is and who hears whom; how fast and how long it goes is said by other options.

/// A kind of load and its size.
package enum Scenario: Equatable, Sendable {
  /// What becomes of connections in a scenario of nothing else.
  package enum ConnectionPattern: String, Sendable, CaseIterable {
    /// Connect all as fast as allowed, then leave.
    case storm
    /// Connect all, stay for the duration, then leave.
    case hold
    /// Connect, leave and connect again for the duration.
    case churn
  }

  /// Who hears whom.
  package enum Exchange: String, Sendable, CaseIterable {
    /// Every subscriber hears every publisher.
    case pubsub
    /// The same with one publisher and many subscribers.
    case fanout
    /// The same with many publishers and one subscriber.
    case fanin
    /// Each publisher has a subscriber of its own.
    case pairs
    /// All subscribers are one shared subscription.
    case shared
  }

  case connections(Int, ConnectionPattern)
  /// Publishers whom nobody of ours hears.
  case publish(Int)
  /// Subscribers to what others publish.
  case subscribe(Int)
  case exchange(Exchange, publishers: Int, subscribers: Int)
  /// So many retained messages, then a subscriber who wants them all.
  case retained(messages: Int)
  /// So many messages for a session whose client is away, which then comes back.
  case offline(messages: Int)
  /// Clients that ask and as many that answer.
  case requests(Int)
}

/// Why a scenario cannot be understood.
package struct ScenarioFault: Error, Equatable, Sendable {
  /// What was expected, without a full stop.
  package var problem: String
}

extension Scenario {
  /// All names that a scenario can begin with.
  package static let names = [
    "pubsub", "fanout", "fanin", "pairs", "shared", "pub", "sub", "conn", "retained", "offline",
    "rr",
  ]
  /// Most clients or messages that a scenario may name.
  package static let sizeLimit = 1_000_000_000

  /// Reads `name`, `name:N`, `name:PxS` or `conn:N:PATTERN`; numbers may end in k or M.
  package init(_ text: String) throws(ScenarioFault) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    let name = parts[0]
    let isConnections = name == "conn"
    if parts.count > (isConnections ? 3 : 2) {
      throw ScenarioFault(problem: "expected NAME:SIZE, such as fanout:1x1000")
    }
    let size = parts.count > 1 ? parts[1] : nil
    switch name {
    case "conn":
      let pattern = parts.count > 2 ? ConnectionPattern(rawValue: parts[2]) : .storm
      guard let pattern else {
        let all = ConnectionPattern.allCases.map(\.rawValue).joined(separator: ", ")
        throw ScenarioFault(problem: "expected one of \(all) after the number of connections")
      }
      self = .connections(try Self.number(size, default: 1000), pattern)
    case "pub": self = .publish(try Self.number(size, default: 1))
    case "sub": self = .subscribe(try Self.number(size, default: 1))
    case "retained": self = .retained(messages: try Self.number(size, default: 10_000))
    case "offline": self = .offline(messages: try Self.number(size, default: 10_000))
    case "rr": self = .requests(try Self.number(size, default: 1))
    default:
      guard let exchange = Exchange(rawValue: name) else {
        throw ScenarioFault(
          problem: "expected a scenario: \(Self.names.joined(separator: ", "))")
      }
      self = try Self.exchange(exchange, size)
    }
  }

  private static func exchange(
    _ kind: Exchange, _ size: String?
  ) throws(ScenarioFault) -> Scenario {
    let usual: (Int, Int) =
      switch kind {
      case .pubsub: (1, 1)
      case .fanout: (1, 100)
      case .fanin: (100, 1)
      case .pairs: (50, 50)
      case .shared: (10, 5)
      }
    guard let size else {
      return .exchange(kind, publishers: usual.0, subscribers: usual.1)
    }
    let sides = size.split(separator: "x", omittingEmptySubsequences: false).map(String.init)
    if sides.count > 2 {
      throw ScenarioFault(problem: "expected PUBLISHERSxSUBSCRIBERS, such as 1x1000")
    }
    let first = try number(sides[0], default: 1)
    if sides.count == 2 {
      let second = try number(sides[1], default: 1)
      if kind == .pairs && first != second {
        throw ScenarioFault(problem: "expected one number for pairs, such as pairs:500")
      }
      return .exchange(kind, publishers: first, subscribers: second)
    }
    return switch kind {
    case .fanout: .exchange(kind, publishers: 1, subscribers: first)
    case .fanin: .exchange(kind, publishers: first, subscribers: 1)
    case .pubsub, .pairs: .exchange(kind, publishers: first, subscribers: first)
    case .shared: .exchange(kind, publishers: first, subscribers: usual.1)
    }
  }

  private static func number(_ text: String?, default usual: Int) throws(ScenarioFault) -> Int {
    guard let text else { return usual }
    guard let number = Count(text)?.value, number >= 1, number <= sizeLimit else {
      throw ScenarioFault(problem: "expected a whole number from 1 up, such as 500 or 100k")
    }
    return number
  }
}

/// A whole number that may be written short: `100k`, `2M`.
package struct Count: Equatable, Sendable {
  package let value: Int

  /// Reads digits and perhaps one of k, M and G; nil for anything else.
  package init?(_ text: String) {
    let units: KeyValuePairs<Character, Int> = [
      "k": 1000, "K": 1000, "M": 1_000_000, "G": 1_000_000_000,
    ]
    let unit = units.first { $0.key == text.last }
    guard let number = Int(unit == nil ? text[...] : text.dropLast()), number >= 0 else {
      return nil
    }
    let (value, overflow) = number.multipliedReportingOverflow(by: unit?.value ?? 1)
    if overflow { return nil }
    self.value = value
  }
}

extension Scenario {
  /// The kind of exchange; nil for a scenario of another kind.
  package var exchangeKind: Exchange? {
    if case .exchange(let kind, _, _) = self { kind } else { nil }
  }
}

extension Scenario: CustomStringConvertible {
  /// As it would be written: `fanout:1x1000`.
  package var description: String {
    switch self {
    case .connections(let count, let pattern): "conn:\(count):\(pattern.rawValue)"
    case .publish(let count): "pub:\(count)"
    case .subscribe(let count): "sub:\(count)"
    case .exchange(.pairs, let publishers, _): "pairs:\(publishers)"
    case .exchange(let kind, let publishers, let subscribers):
      "\(kind.rawValue):\(publishers)x\(subscribers)"
    case .retained(let messages): "retained:\(messages)"
    case .offline(let messages): "offline:\(messages)"
    case .requests(let count): "rr:\(count)"
    }
  }
}
