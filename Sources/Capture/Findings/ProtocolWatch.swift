// Watches the packets of a capture and says what is wrong: an automaton for each connection, one for
// each session, which lasts over connections, and one for each message on its way from its publisher
// through the broker to its subscribers.
//
//   packet -> connection (first, CONNECT, limits, keep alive)     ProtocolWatch+Connection.swift
//          -> session (QoS 1 and 2 flows, packet identifiers)     ProtocolWatch+Flow.swift
//          -> subscriptions (SUBACK, UNSUBACK)                    ProtocolWatch+Subscribe.swift
//          -> deliveries (publisher to broker to subscriber)      ProtocolWatch+Deliver.swift
//
// A capture of any length is watched in bounded memory: every table has a limit, and reaching one is
// told in `remarks`. What the capture lacks proves nothing: where bytes are missing, or the
// beginning, findings that rest on absence become notes or are not made.

import Basis
import MQTTCodec

/// Watches a capture.
package struct ProtocolWatch: Sendable {
  /// Findings that are kept; more are counted.
  package static let findingLimit = 10_000
  static let sessionLimit = 65_536
  static let flowLimit = 500_000
  static let connectionLimit = 65_536
  /// Subscriptions of all sessions.
  static let subscriptionLimit = 500_000
  /// Requests of one connection, and filters in those of all, that wait for their answer.
  static let requestLimit = 1024
  static let requestedFilterLimit = 500_000
  /// How long after a step its answer counts as missing although the capture goes on.
  static let patienceNanoseconds: Int64 = 5_000_000_000

  /// What was found so far, in the order in which it became certain.
  package private(set) var findings: [Finding] = []
  /// Findings beyond the limit.
  package private(set) var omittedCount = 0
  /// Whether a finding of severity error was made, kept or not.
  package private(set) var hasErrors = false
  /// Packets that were seen.
  package private(set) var packetCount = 0
  /// Connections of TLS whose content stays hidden, whatever is in them.
  package private(set) var hiddenConnectionCount = 0
  /// Packets whose end is not in the capture, which nothing can be said about.
  package private(set) var cutCount = 0
  /// Bytes that the snap length took, without those of the packets whose beginning is there.
  package private(set) var cutByteCount = 0
  /// Which limits were reached, a sentence each.
  package internal(set) var remarks: [String] = []

  /// PUBLISH to PUBACK.
  package internal(set) var atLeastOnce = LatencyTable()
  /// PUBLISH to PUBCOMP.
  package internal(set) var exactlyOnce = LatencyTable()
  /// The PUBLISH of a publisher to the PUBLISH to a subscriber.
  package internal(set) var delivery = LatencyTable()
  /// CONNECT to CONNACK.
  package internal(set) var connect = LatencyTable()
  /// SUBSCRIBE to SUBACK.
  package internal(set) var subscribe = LatencyTable()
  /// PINGREQ to PINGRESP.
  package internal(set) var ping = LatencyTable()

  var connections: [Int: WatchedConnection] = [:]
  /// Connections among these that have ended.
  var endedCount = 0
  var sessions: [WatchedSession] = []
  /// Where the search for a session that may be forgotten goes on.
  var sessionHand = 0
  var sessionOfClient: [SessionKey: Int] = [:]
  var subscribers = WatchedSubscriptions()
  var subscriptionCount = 0
  var requestedFilterCount = 0
  var deliveries = DeliveryTable()
  var flowCount = 0
  var lastTime: Int64 = 0

  struct SessionKey: Hashable {
    var server: CapturedEndpoint
    var client: ExactText
  }

  /// A watch that has seen nothing.
  package init() {}

  /// Takes the next packet and answers which earlier one it belongs to.
  package mutating func receive(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, on facts: ConnectionFacts
  ) -> Pairing? {
    let now = Waiting(frame: packet.stamp.frame, time: packet.stamp.timeNanoseconds ?? lastTime)
    lastTime = max(lastTime, now.time)
    packetCount += 1
    guard var connection = connection(of: facts) else { return nil }
    connection.lacksBytes = facts.missingToServer + facts.missingToClient > 0
    connection.version = facts.version
    defer { connections[facts.number] = connection }
    checkOrder(packet, now, &connection)
    var pairing: Pairing?
    switch packet.content {
    case .malformed(let error): tell(error, now, connection)
    case .incomplete(let missing):
      cutCount += 1
      if packet.stamp.capturedLength < packet.stamp.length { cutByteCount -= missing }
    case .publish(let view):
      pairing = publish(view, packet, bytes, now, &connection)
    case .packet(let content):
      pairing = receive(content, packet.direction, now, facts, &connection)
    }
    checkLimits(packet, bytes, now, connection)
    if packet.direction == .toServer { connection.lastFromClient = now }
    connection.lastTime = now.time
    connection.hasPackets = true
    return pairing
  }

  /// Takes what happened to a connection.
  package mutating func receive(
    _ event: ConnectionEvent, _ stamp: FrameStamp, on facts: ConnectionFacts
  ) {
    if let time = stamp.timeNanoseconds { lastTime = max(lastTime, time) }
    if case .tls(let event) = event { tell(event, stamp, facts) }
    if case .missing(_, let count) = event, stamp.capturedLength < stamp.length {
      cutByteCount += count
    }
    guard var connection = connections[facts.number] else { return }
    switch event {
    case .closed:
      let now = Waiting(frame: stamp.frame, time: stamp.timeNanoseconds ?? lastTime)
      if connection.isOpen { close(&connection, now) }
    case .missing, .resynchronized: connection.lacksBytes = true
    case .opened, .recognized, .retransmitted, .tls, .webSocket: return
    }
    connections[facts.number] = connection
  }

  /// The capture is over: what still waits will never be answered.
  package mutating func finish() {
    for stream in connections.keys.sorted() {
      guard let connection = connections[stream], connection.isOpen else { continue }
      endOfWaiting(connection, lastTime)
    }
    for session in sessions.indices { tellUnfinished(session, because: nil) }
    settleAll()
    findings.sort { left, right in
      (left.frames.first ?? 0, left.stream) < (right.frames.first ?? 0, right.stream)
    }
  }

  private mutating func receive(
    _ packet: Packet, _ direction: Direction, _ now: Waiting, _ facts: ConnectionFacts,
    _ connection: inout WatchedConnection
  ) -> Pairing? {
    switch packet {
    case .connect(let connect):
      self.connect(connect, now, facts, &connection)
      return nil
    case .connack(let connack): return self.connack(connack, now, facts, &connection)
    case .publish: return nil
    case .puback(let body), .pubrec(let body), .pubrel(let body), .pubcomp(let body):
      return acknowledge(packet.type, body, direction, now, &connection)
    case .subscribe(let subscribe):
      expectAnswer(to: subscribe, now, &connection)
      return nil
    case .suback(let suback): return self.suback(suback, now, &connection)
    case .unsubscribe(let unsubscribe):
      expectAnswer(to: unsubscribe, now, &connection)
      return nil
    case .unsuback(let unsuback): return self.unsuback(unsuback, now, &connection)
    case .pingreq:
      if connection.ping == nil { connection.ping = now }
      return nil
    case .pingresp: return pingresp(now, &connection)
    case .disconnect(let disconnect):
      self.disconnect(disconnect, direction, now, &connection)
      return nil
    case .auth: return nil
    }
  }

  // MARK: Telling

  /// Adds a finding; `severity` and `clause` stand instead of the row's.
  mutating func tell(
    _ kind: FindingKind, _ evidence: Evidence, _ text: String, as severity: FindingSeverity? = nil,
    by clause: String? = nil
  ) {
    let row = kind.row
    if (severity ?? row.severity) == .error { hasErrors = true }
    if findings.count >= Self.findingLimit {
      omittedCount += 1
      return
    }
    findings.append(
      Finding(
        kind: kind, severity: severity ?? row.severity, frames: Set(evidence.frames).sorted(),
        timeNanoseconds: evidence.timeNanoseconds, client: evidence.client,
        stream: evidence.stream, clause: clause ?? row.clause, text: text))
  }

  /// Ports and application protocols (ALPN) behind which MQTT is expected.
  private static let securePort: UInt16 = 8883
  private static let protocolWord = "mqtt"

  /// Tells what of a connection stays hidden that has MQTT in it by all appearances: no finding
  /// about it means nothing then.
  private mutating func tell(_ event: TLSEvent, _ stamp: FrameStamp, _ facts: ConnectionFacts) {
    let isExpected =
      facts.isMQTT || facts.server.port == Self.securePort
      || facts.tls?.offeredProtocols.contains { $0.contains(Self.protocolWord) } == true
    let text: String
    switch event {
    case .hidden(let reason):
      hiddenConnectionCount += 1
      text = "what is in TLS stays hidden: \(reason)"
    case .earlyData: text = "early data (0-RTT) of TLS cannot be decrypted and is passed over"
    case .clientHello, .serverHello, .certificates, .alert, .decrypted: return
    }
    if !isExpected { return }
    let evidence = Evidence(
      frames: [stamp.frame], timeNanoseconds: stamp.timeNanoseconds ?? lastTime,
      client: facts.clientIdentifier ?? "\(facts.client)", stream: facts.number)
    tell(.notDecrypted, evidence, text)
  }

  private mutating func tell(
    _ error: DecodeError, _ now: Waiting, _ connection: WatchedConnection
  ) {
    let isText = error.statement.hasPrefix("MQTT-1.5.4")
    let name = error.packetType?.name ?? "packet"
    tell(
      isText ? .notUTF8 : .malformed, connection.evidence(now),
      "\(name) byte \(error.offset): \(error.explanation)", by: error.statement)
  }

  /// Says once that a limit was reached.
  mutating func remark(_ text: String) {
    if !remarks.contains(text) { remarks.append(text) }
  }
}
