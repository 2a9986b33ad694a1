// What `mqtt bench` is asked to do, and how its command line becomes that.

package import Bench
package import MQTTCodec
import Text

/// Everything `mqtt bench` has to know.
package struct BenchOptions: Equatable, Sendable {
  /// What is to be done.
  package enum Task: Equatable, Sendable {
    /// Several scenarios against a broker that is started for it.
    case tour
    /// These scenarios against the broker of the connection.
    case run([Scenario])
    /// Two reports are held against each other.
    case compare(String, String)
    /// A broker is killed again and again.
    case crash
    /// A broker is asked what it can do.
    case probe

    /// Whether it needs a broker.
    package var connects: Bool {
      switch self {
      case .tour, .run, .crash, .probe: true
      case .compare: false
      }
    }
  }

  package var task = Task.tour
  package var connection = ConnectionOptions()
  /// Whether no broker was named, so that the tour starts one.
  package var startsBroker = true
  /// Further brokers to share the load, beside that of the connection.
  package var otherHosts: [HostPlace] = []
  /// Another broker, measured in turn with the first.
  package var rival: HostPlace?
  package var sourceAddresses: [String] = []
  package var topic: String?
  package var filter: String?
  package var publishQoS: QoS?
  package var subscribeQoS: QoS?
  package var isRetained = false
  package var payloadSize = 64
  package var payload: String?
  package var payloadFile: String?
  package var publishProperties = Properties()
  package var ratePerSecond: Double?
  package var count: Int?
  package var durationSeconds: Double?
  package var warmUpSeconds = 0.0
  package var drainSeconds = 5.0
  package var rounds = 1
  /// Messages under way of one publisher; nil leaves it to the scenario.
  package var window: Int? {
    connection.inFlightLimit == 0 ? nil : Int(connection.inFlightLimit)
  }
  /// Nil leaves it to the quality of service.
  package var outstandingLimit: Int?
  package var threads = 1
  package var connectRate: Double?
  package var connectingAtOnce = 100
  package var firstNumber = 1
  package var jsonFile: String?
  package var csvFile: String?
  package var htmlFile: String?
  package var conditions: [FailCondition] = []
  /// The broker, and its rival if two are given.
  package var watchedProcesses: [Int] = []
  package var brokerCommand: String?
  package var kills = 10
  package var seed: UInt64?
  package var isQuiet: Bool { connection.isQuiet }
  /// The words as they were given, for the report.
  package var commandLine = "mqtt bench"

  /// The defaults.
  package init() {}
}

/// A host and perhaps a port.
package struct HostPlace: Equatable, Sendable {
  package var host: String
  /// Nil is the port of the connection.
  package var port: UInt16?

  /// Reads `HOST`, `HOST:PORT`, `[ADDRESS]:PORT`; nil for anything else.
  package init?(_ text: String) {
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else { return nil }
      host = String(text[text.index(after: text.startIndex)..<end])
      let rest = text[text.index(after: end)...]
      if rest.isEmpty { return }
      guard rest.hasPrefix(":"), let number = UInt16(rest.dropFirst()), number > 0 else {
        return nil
      }
      port = number
      return
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard let first = parts.first, !first.isEmpty else { return nil }
    host = String(first)
    if parts.count == 1 { return }
    guard parts.count == 2, let number = UInt16(parts[1]), number > 0 else { return nil }
    port = number
  }
}

struct BenchDraft: ConnectingDraft {
  var request: InformationRequest?
  var connection = Self.connectionWithoutWindow
  var options = BenchOptions()
  var scenarios: [Scenario] = []
  var plain: [String] = []

  /// The window is left to the scenario until it is given.
  private static var connectionWithoutWindow: ConnectionDraft {
    var draft = ConnectionDraft()
    draft.options.inFlightLimit = 0
    return draft
  }

  mutating func take(plain argument: [UInt8]) throws(ValueFault) {
    guard let word = String(validating: argument, as: UTF8.self), !word.isEmpty else {
      throw .expected("a scenario, compare, crash or probe")
    }
    if let first = plain.first, ["compare", "crash", "probe"].contains(first) {
      return plain.append(word)
    }
    if ["compare", "crash", "probe"].contains(word) && scenarios.isEmpty {
      return plain.append(word)
    }
    try take(scenario: word)
  }

  mutating func take(scenario text: String) throws(ValueFault) {
    do throws(ScenarioFault) {
      scenarios.append(try Scenario(text))
    } catch {
      throw ValueFault(error.problem, example: "mqtt bench fanout:1x1000")
    }
  }

  mutating func take(condition text: String) throws(ValueFault) {
    do throws(FailCondition.Fault) {
      options.conditions.append(try FailCondition(text))
    } catch {
      throw ValueFault(error.problem)
    }
  }

  func finished() throws(UsageError) -> (BenchOptions, [String]) {
    var result = options
    let (connection, warnings) = try self.connection.finished()
    result.connection = connection
    result.startsBroker =
      self.connection.port == nil && connection.host == "localhost" && connection.unixPath == nil
      && connection.tls == nil && connection.webSocket == nil
    result.task = try task()
    if result.payload != nil && result.payloadFile != nil {
      throw UsageError(
        "--payload-file", "cannot be used together with --payload", example: "--payload '%i %s'")
    }
    if let text = result.payload, result.payloadFile == nil, text.utf8.count > 200_000_000 {
      throw UsageError("--payload", "expected at most 200000000 bytes")
    }
    if case .crash = result.task, result.brokerCommand == nil {
      throw UsageError(
        "crash", "needs --broker-cmd, the command that starts the broker",
        example: "mqtt bench crash --broker-cmd 'mqtt broker --data /tmp/crash'")
    }
    if case .run(let scenarios) = result.task { try check(scenarios, result) }
    return (result, warnings)
  }

  private func task() throws(UsageError) -> BenchOptions.Task {
    switch plain.first {
    case "compare":
      guard plain.count == 3 else {
        throw UsageError(
          "compare", "needs the names of two reports",
          example: "mqtt bench compare before.json after.json")
      }
      return .compare(plain[1], plain[2])
    case "crash", "probe":
      if plain.count > 1 {
        throw UsageError(plain[1], "is one word too many: \(plain[0]) takes options only")
      }
      return plain[0] == "crash" ? .crash : .probe
    default:
      return scenarios.isEmpty ? .tour : .run(scenarios)
    }
  }

  private func check(_ scenarios: [Scenario], _ options: BenchOptions) throws(UsageError) {
    for scenario in scenarios {
      if case .offline = scenario,
        options.publishQoS == .atMostOnce
          || options.subscribeQoS == .atMostOnce
      {
        throw UsageError(
          scenario.description, "needs QoS 1 or 2 on both sides: nothing else waits for a client",
          example: "mqtt bench offline:100k -q 1")
      }
      if scenario.exchangeKind == .shared, options.connection.version == .exactly(.v31) {
        throw UsageError(scenario.description, "shared subscriptions need MQTT 3.1.1 or 5")
      }
    }
  }
}

extension BenchOptions {
  /// Understands the words after `mqtt bench`.
  package static func parse(
    _ words: [[UInt8]]
  ) throws(UsageError) -> Invocation<BenchOptions> {
    var draft = BenchDraft()
    try ArgumentParser(command: .bench, options: BenchDraft.table).parse(words, into: &draft)
    if let request = draft.request { return .information(request) }
    var (options, warnings) = try draft.finished()
    options.commandLine = (["mqtt", "bench"] + words.map(quoted)).joined(separator: " ")
    return .run(options, warnings: warnings)
  }

  /// A word as a shell takes it.
  private static func quoted(_ word: [UInt8]) -> String {
    let text = String(decoding: word, as: UTF8.self)
    let isPlain = text.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
        || (0x61...0x7A).contains(byte) || "-_./:,=@+".utf8.contains(byte)
    }
    if isPlain && !text.isEmpty { return text }
    return "'"
      + text.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "'\\''") + "'"
  }
}
