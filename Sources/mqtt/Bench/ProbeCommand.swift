// `mqtt bench probe`: what a broker supports, asked of it and tried. What it says of itself stands
// in its CONNACK (3.2.2.3); what it does is found out with messages to topics of our own, and both
// are shown.

import Bench
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import Transport

final class ProbeCommand {
  /// Seconds that an answer may take.
  private static let patience = 3.0
  /// The largest payload that is tried.
  private static let payloadLimit = 64 << 20

  private let options: BenchOptions
  private let endpoint: Endpoint
  private let base: String
  private var rows: [(String, String)] = []
  private let interrupt = Interrupt()

  init(_ options: BenchOptions) throws(StartFailure) {
    self.options = options
    endpoint = try options.connection.endpoint()
    base = "mqtt-bench/probe/\(String(UInt32.random(in: 0 ... .max), radix: 16))"
    ProcessSettings.ignoreBrokenPipes()
  }

  func run() throws(StartFailure) -> Int32 {
    var best: ProtocolVersion?
    for version in [ProtocolVersion.v5, .v311, .v31] {
      let asker = try ProbePeer(options, endpoint, version)
      rows.append(("MQTT \(version.shortName)", asker.isConnected ? "yes" : "no: \(asker.refusal)"))
      if asker.isConnected, best == nil {
        best = version
        if version == .v5 { tellLimits(asker) }
      }
      asker.end()
    }
    guard let best else {
      show()
      return ExitStatus.failure
    }
    try probe(best)
    show()
    return ExitStatus.success
  }

  private func tellLimits(_ asker: ProbePeer) {
    guard let connack = asker.connack else { return }
    let properties = connack.properties
    func number(_ identifier: PropertyIdentifier, _ usual: String) -> String {
      properties.number(identifier).map { UInt64($0).grouped } ?? usual
    }
    rows += [
      ("says: maximum QoS", number(.maximumQoS, "2")),
      ("says: retain", Self.word(properties.number(.retainAvailable))),
      ("says: wildcards", Self.word(properties.number(.wildcardSubscriptionAvailable))),
      ("says: shared subscriptions", Self.word(properties.number(.sharedSubscriptionAvailable))),
      (
        "says: subscription identifiers",
        Self.word(properties.number(.subscriptionIdentifierAvailable))
      ),
      ("says: maximum packet size", number(.maximumPacketSize, "no limit")),
      ("says: receive maximum", number(.receiveMaximum, "65,535")),
      ("says: topic aliases", number(.topicAliasMaximum, "0")),
      ("says: keep alive", number(.serverKeepAlive, "as the client wants it")),
      ("says: session expiry", number(.sessionExpiryInterval, "as the client wants it")),
      ("says: client identifier", properties.string(.assignedClientIdentifier) ?? "as given"),
    ]
  }

  private static func word(_ number: UInt32?) -> String { number == 0 ? "no" : "yes" }

  /// Tries everything with the newest version that there is.
  private func probe(_ version: ProtocolVersion) throws(StartFailure) {
    for qos in QoS.allCases {
      add("QoS \(qos.rawValue)", try delivers("qos\(qos.rawValue)", version, qos: qos))
    }
    add("retained messages", try keepsRetained(version))
    add("wildcard +", try delivers("plus/x/y", version, filter: "\(base)/plus/+/y"))
    add("wildcard #", try delivers("hash/x/y", version, filter: "\(base)/hash/#"))
    add("$SYS", try hearsSystem(version))
    add(
      "shared subscriptions",
      try delivers("shared", version, filter: "$share/probe/\(base)/shared"))
    if version == .v5 {
      add("topic alias", try takesAlias(version))
      add("message expiry", try expires(version))
    }
    add("session that outlives its connection", try keepsSession(version))
    try probeSizes(version)
  }

  private func add(_ name: String, _ outcome: ProbeOutcome) { rows.append((name, outcome.text)) }

  /// Whether a message to a topic comes back to a subscription.
  private func delivers(
    _ topic: String, _ version: ProtocolVersion, filter: String? = nil, qos: QoS = .atMostOnce,
    payload: [UInt8] = Array("probe".utf8), properties: Properties = Properties()
  ) throws(StartFailure) -> ProbeOutcome {
    let peer = try ProbePeer(options, endpoint, version)
    defer { peer.end() }
    let name = topic.hasPrefix(base) ? topic : "\(base)/\(topic)"
    if let refusal = peer.subscribe(filter ?? name, qos: qos, Self.patience) { return .no(refusal) }
    if let refusal = peer.publish(
      name, payload, qos: qos, properties: properties, seconds: Self.patience)
    {
      return .no(refusal)
    }
    if let refusal = peer.waitForMessage(seconds: Self.patience) { return .no(refusal) }
    guard let message = peer.messages.first, message.payload == payload else {
      return .no("another message came")
    }
    return message.qos == qos ? .yes("") : .yes("as QoS \(message.qos.rawValue)")
  }

  private func keepsRetained(_ version: ProtocolVersion) throws(StartFailure) -> ProbeOutcome {
    let topic = "\(base)/retained"
    let peer = try ProbePeer(options, endpoint, version)
    defer { peer.end() }
    if let refusal = peer.publish(
      topic, [1], qos: .atLeastOnce, isRetained: true, seconds: Self.patience)
    {
      return .no(refusal)
    }
    if let refusal = peer.subscribe(topic, qos: .atMostOnce, Self.patience) { return .no(refusal) }
    let refusal = peer.waitForMessage(seconds: Self.patience)
    _ = peer.publish(topic, [], qos: .atLeastOnce, isRetained: true, seconds: Self.patience)
    return refusal.map(ProbeOutcome.no) ?? .yes("")
  }

  private func hearsSystem(_ version: ProtocolVersion) throws(StartFailure) -> ProbeOutcome {
    let peer = try ProbePeer(options, endpoint, version)
    defer { peer.end() }
    if let refusal = peer.subscribe("$SYS/#", qos: .atMostOnce, Self.patience) {
      return .no(refusal)
    }
    return peer.waitForMessage(seconds: 1).map(ProbeOutcome.no) ?? .yes("")
  }

  private func takesAlias(_ version: ProtocolVersion) throws(StartFailure) -> ProbeOutcome {
    let peer = try ProbePeer(options, endpoint, version)
    defer { peer.end() }
    let limit = peer.loop.clients[0].session.limits.topicAliasMaximum
    if limit == 0 { return .no("none allowed") }
    var properties = Properties()
    properties.append(.topicAlias, .twoByteInteger(limit))
    return try delivers("alias", version, properties: properties)
  }

  private func expires(_ version: ProtocolVersion) throws(StartFailure) -> ProbeOutcome {
    let topic = "\(base)/expiry"
    let peer = try ProbePeer(options, endpoint, version)
    defer { peer.end() }
    var properties = Properties()
    properties.append(.messageExpiryInterval, .fourByteInteger(1))
    if let refusal = peer.publish(
      topic, [1], qos: .atLeastOnce, isRetained: true, properties: properties,
      seconds: Self.patience)
    {
      return .no(refusal)
    }
    peer.loop.run(upToSeconds: 2.2) { false }
    if let refusal = peer.subscribe(topic, qos: .atMostOnce, Self.patience) { return .no(refusal) }
    let isGone = peer.waitForMessage(seconds: 0.5) != nil
    _ = peer.publish(topic, [], qos: .atLeastOnce, isRetained: true, seconds: Self.patience)
    return isGone ? .yes("") : .no("a message that had expired still came")
  }

  private func keepsSession(_ version: ProtocolVersion) throws(StartFailure) -> ProbeOutcome {
    let name = "bench-probe-\(UInt32.random(in: 0 ... .max))"
    let topic = "\(base)/session"
    let first = try ProbePeer(options, endpoint, version, session: name)
    if let refusal = first.subscribe(topic, qos: .atLeastOnce, Self.patience) {
      first.end()
      return .no(refusal)
    }
    first.end()
    let other = try ProbePeer(options, endpoint, version)
    let refusal = other.publish(topic, [1], qos: .atLeastOnce, seconds: Self.patience)
    other.end()
    if let refusal { return .no(refusal) }
    let second = try ProbePeer(options, endpoint, version, session: name)
    defer { second.end() }
    if second.connack?.isSessionPresent != true { return .no("the session was forgotten") }
    return second.waitForMessage(seconds: Self.patience).map(ProbeOutcome.no) ?? .yes("")
  }

  /// The longest topic, the most levels and the largest payload that still come through.
  private func probeSizes(_ version: ProtocolVersion) throws(StartFailure) {
    let lengths = [64, 1024, 16_384, 65_535]
    rows.append(
      (
        "longest topic tried",
        try largest(lengths) { (length) throws(StartFailure) in
          let filling = String(repeating: "t", count: length - self.base.utf8.count - 1)
          return try self.delivers("\(self.base)/\(filling)", version)
        }
      ))
    rows.append(
      (
        "most topic levels tried",
        try largest([10, 100, 200, 1000, 10_000]) { (levels) throws(StartFailure) in
          let rest = String(repeating: "/l", count: levels - 3)
          return try self.delivers("\(self.base)\(rest)", version)
        }
      ))
    let sizes = (0...8).map { 256 << ($0 * 2) }.filter { $0 < Self.payloadLimit }
    rows.append(
      (
        "largest payload tried",
        try largest(sizes + [Self.payloadLimit]) { (size) throws(StartFailure) in
          try self.delivers(
            "size", version, payload: Array(repeating: UInt8(ascii: "."), count: size))
        }
      ))
  }

  private func largest(
    _ sizes: [Int], _ attempt: (Int) throws(StartFailure) -> ProbeOutcome
  ) throws(StartFailure) -> String {
    var best = 0
    for size in sizes {
      switch try attempt(size) {
      case .yes: best = size
      case .no(let reason):
        return "\(UInt64(best).grouped); \(UInt64(size).grouped): \(reason)"
      }
    }
    return "\(UInt64(best).grouped), all that were tried"
  }

  private func show() {
    let width = (rows.map(\.0.count).max() ?? 0) + 2
    var text = "\(endpoint.description)\n"
    for (name, outcome) in rows { text += "  \(name.padded(to: width))\(outcome)\n" }
    Terminal.write(text, to: STDOUT_FILENO)
  }
}

/// How a question was answered.
enum ProbeOutcome {
  case yes(String)
  case no(String)

  var text: String {
    switch self {
    case .yes(let remark): remark.isEmpty ? "yes" : "yes, \(remark)"
    case .no(let reason): "no: \(reason)"
    }
  }
}
