// One end of a connection in a case: it sends whatever it is told to, lawful or not, and hands out
// one by one what the other end sends. Mostly it is a client of the broker; against the client
// commands it is the server.

import Basis
import LiveSupport
import MQTTCodec
import Testing

/// One end of a connection.
final class Peer {
  let name: String
  let version: ProtocolVersion
  /// How the broker let it in.
  var connack = Connack()
  /// Packets that came and that the case has not looked at yet.
  private(set) var waiting: [Packet] = []
  private let wire: any Wire
  private let direction: Direction
  private var bytes: [UInt8] = []
  private var isOver = false
  private var wasDropped = false
  private var hasSentDisconnect = false
  private var lastIdentifier: UInt16 = 20_000

  /// `direction` is that of the packets which this end receives.
  init(
    _ name: String, _ version: ProtocolVersion, _ wire: any Wire, direction: Direction = .toClient
  ) {
    self.name = name
    self.version = version
    self.wire = wire
    self.direction = direction
  }

  /// Whether it would answer a PINGREQ.
  var isAnswering: Bool { !isOver && !wasDropped && !hasSentDisconnect && wasLetIn }

  private var wasLetIn = false

  // Sending.

  func send(_ packet: Packet) {
    var buffer = ByteBuffer()
    packet.encode(into: &buffer, version: version)
    if case .disconnect = packet { hasSentDisconnect = true }
    wire.send(buffer.bytes)
  }

  /// Sends bytes written as in `10 0c 'MQTT' 05`: hexadecimal numbers and quoted text.
  func send(hex text: String) { wire.send(bytesOf(text)) }

  func send(bytes: [UInt8]) { wire.send(bytes) }

  /// The network fails.
  func drop() {
    wasDropped = true
    wire.drop()
  }

  // Receiving.

  /// The next packet.
  func next(sourceLocation: SourceLocation = #_sourceLocation) throws -> Packet {
    while waiting.isEmpty {
      guard try fetch() else {
        let what = isOver ? "the connection ended" : "nothing came"
        Issue.record("\(name): \(what) instead of a packet", sourceLocation: sourceLocation)
        throw CaseError("\(name): \(what)")
      }
    }
    return waiting.removeFirst()
  }

  /// The next packet if there is one.
  func nextIfAny() throws -> Packet? {
    if waiting.isEmpty { _ = try fetch() }
    return waiting.isEmpty ? nil : waiting.removeFirst()
  }

  /// The next packet that `isWanted`; what came before it is kept for later.
  private func next(
    _ what: String, sourceLocation: SourceLocation, where isWanted: (Packet) -> Bool
  ) throws -> Packet {
    while true {
      if let index = waiting.firstIndex(where: isWanted) { return waiting.remove(at: index) }
      guard try fetch() else {
        Issue.record("\(name): no \(what), but \(waiting)", sourceLocation: sourceLocation)
        throw CaseError("\(name): no \(what)")
      }
    }
  }

  /// Reads once; false at the end and when nothing came.
  private func fetch() throws -> Bool {
    if isOver { return false }
    switch wire.receive() {
    case .nothing: return false
    case .end:
      isOver = true
      return false
    case .bytes(let more): bytes += more
    }
    while let packet = try takePacket() {
      if case .connack(let connack) = packet { wasLetIn = connack.reasonCode == .success }
      waiting.append(packet)
    }
    return true
  }

  /// The first packet of the bytes that came, when all of it is there.
  private func takePacket() throws -> Packet? {
    let bytes = self.bytes
    guard let header = try FixedHeader.read(bytes.span, at: 0, packetSizeLimit: 1 << 28),
      bytes.count >= header.packetLength
    else { return nil }
    self.bytes.removeFirst(header.packetLength)
    let packet = bytes.span.extracting(..<header.packetLength)
    return try Packet.decode(packet, header, version: version, direction: direction)
  }

  /// Waits until everything that it has sent is processed; what came meanwhile is kept.
  func settle(sourceLocation: SourceLocation = #_sourceLocation) throws {
    if isOver { return }
    send(.pingreq)
    _ = try next("PINGRESP", sourceLocation: sourceLocation) { $0 == .pingresp }
  }

  /// Expects exactly this packet next.
  func expect(_ packet: Packet, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let found = try next(sourceLocation: sourceLocation)
    #expect(found == packet, "\(name)", sourceLocation: sourceLocation)
  }

  /// Expects a PUBLISH next; what is nil may be anything.
  @discardableResult func expectPublish(
    _ topic: String, _ payload: String, qos: QoS = .atMostOnce, isRetained: Bool? = nil,
    isDuplicate: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Publish {
    let found = try next(sourceLocation: sourceLocation)
    guard case .publish(let publish) = found else {
      Issue.record("\(name): \(found) instead of \(topic)", sourceLocation: sourceLocation)
      throw CaseError("no PUBLISH")
    }
    #expect(publish.topic == topic, sourceLocation: sourceLocation)
    #expect(
      String(decoding: publish.payload, as: UTF8.self) == payload, sourceLocation: sourceLocation)
    #expect(publish.qos == qos, sourceLocation: sourceLocation)
    #expect(publish.isDuplicate == isDuplicate, sourceLocation: sourceLocation)
    #expect(
      (publish.packetIdentifier != nil) == (qos != .atMostOnce), sourceLocation: sourceLocation)
    if let isRetained { #expect(publish.isRetained == isRetained, sourceLocation: sourceLocation) }
    return publish
  }

  /// Expects the end of the connection, which 5.0 announces by a DISCONNECT with `reasonCode` and
  /// the older versions by nothing.
  func expectClosed(
    _ reasonCode: ReasonCode, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    if version == .v5 {
      let found = try next(sourceLocation: sourceLocation)
      guard case .disconnect(let disconnect) = found else {
        Issue.record("\(name): \(found) instead of DISCONNECT", sourceLocation: sourceLocation)
        throw CaseError("no DISCONNECT")
      }
      #expect(disconnect.reasonCode == reasonCode, "\(name)", sourceLocation: sourceLocation)
    }
    try expectEnd(sourceLocation: sourceLocation)
  }

  /// Expects the DISCONNECT of a client that leaves in order.
  func expectFarewell(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let found = try next(sourceLocation: sourceLocation)
    guard case .disconnect(let disconnect) = found else {
      Issue.record("\(name): \(found) instead of DISCONNECT", sourceLocation: sourceLocation)
      throw CaseError("no DISCONNECT")
    }
    #expect(
      disconnect.reasonCode == .normalDisconnection, "\(name)", sourceLocation: sourceLocation)
  }

  /// Expects a CONNACK that refuses, and the end of the connection.
  func expectRefused(
    _ reasonCode: ReasonCode, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let found = try next(sourceLocation: sourceLocation)
    guard case .connack(let connack) = found else {
      Issue.record("\(name): \(found) instead of CONNACK", sourceLocation: sourceLocation)
      throw CaseError("no CONNACK")
    }
    #expect(connack.reasonCode == reasonCode, "\(name)", sourceLocation: sourceLocation)
    #expect(!connack.isSessionPresent, "\(name)", sourceLocation: sourceLocation)
    try expectEnd(sourceLocation: sourceLocation)
  }

  /// Expects that the broker closes the connection and sends nothing before.
  func expectEnd(sourceLocation: SourceLocation = #_sourceLocation) throws {
    while try fetch() {}
    #expect(waiting.isEmpty, "\(name)", sourceLocation: sourceLocation)
    #expect(isOver, "\(name) is still connected", sourceLocation: sourceLocation)
  }

  // Whole exchanges, for what a case needs before its point.

  /// A packet identifier that this client has not used.
  func newIdentifier() throws -> PacketIdentifier {
    lastIdentifier += 1
    return try #require(PacketIdentifier(rawValue: lastIdentifier))
  }

  /// Subscribes and expects to be granted it.
  func subscribe(
    _ filter: String, qos: QoS = .exactlyOnce, noLocal: Bool = false,
    retainAsPublished: Bool = false, retainHandling: RetainHandling = .always,
    identifier: UInt32? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let packetIdentifier = try newIdentifier()
    let options = SubscriptionOptions(
      qos: qos, noLocal: noLocal, retainAsPublished: retainAsPublished,
      retainHandling: retainHandling)
    var properties = Properties()
    if let identifier {
      properties.append(.subscriptionIdentifier, .variableByteInteger(identifier))
    }
    send(
      .subscribe(
        Subscribe(
          packetIdentifier: packetIdentifier,
          subscriptions: [Subscription(filter: filter, options: options)], properties: properties)))
    let granted = ReasonCode(rawValue: qos.rawValue)
    try expect(
      .suback(Suback(packetIdentifier: packetIdentifier, reasonCodes: [granted])),
      sourceLocation: sourceLocation)
  }

  /// Sends a message without waiting for an answer.
  func sendPublish(
    _ topic: String, _ payload: String, qos: QoS = .atMostOnce, isRetained: Bool = false,
    isDuplicate: Bool = false, identifier: UInt16? = nil, _ properties: Property...
  ) {
    send(
      .publish(
        Publish(
          topic: topic, payload: Array(payload.utf8), qos: qos, isRetained: isRetained,
          isDuplicate: isDuplicate,
          packetIdentifier: identifier.flatMap { PacketIdentifier(rawValue: $0) },
          properties: Properties(properties))))
  }

  /// Sends a message and completes the handshake of its QoS.
  func publish(
    _ topic: String, _ payload: String, qos: QoS = .atMostOnce, isRetained: Bool = false,
    _ properties: [Property] = [], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let identifier = qos == .atMostOnce ? nil : try newIdentifier()
    send(
      .publish(
        Publish(
          topic: topic, payload: Array(payload.utf8), qos: qos, isRetained: isRetained,
          packetIdentifier: identifier, properties: Properties(properties))))
    guard let identifier else { return try settle(sourceLocation: sourceLocation) }
    let answer = try next("answer to PUBLISH", sourceLocation: sourceLocation) {
      switch $0 {
      case .puback(let body): qos == .atLeastOnce && body.packetIdentifier == identifier
      case .pubrec(let body): qos == .exactlyOnce && body.packetIdentifier == identifier
      case _: false
      }
    }
    guard case .pubrec = answer else { return }
    let body = Acknowledgement(packetIdentifier: identifier)
    send(.pubrel(body))
    _ = try next("PUBCOMP", sourceLocation: sourceLocation) { $0 == .pubcomp(body) }
  }

  /// Completes the handshake of a message that came.
  func acknowledge(
    _ publish: Publish, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    guard let identifier = publish.packetIdentifier else { return }
    let body = Acknowledgement(packetIdentifier: identifier)
    switch publish.qos {
    case .atMostOnce: break
    case .atLeastOnce: send(.puback(body))
    case .exactlyOnce:
      send(.pubrec(body))
      _ = try next("PUBREL", sourceLocation: sourceLocation) { $0 == .pubrel(body) }
      send(.pubcomp(body))
    }
  }
}

/// Bytes from hexadecimal numbers and quoted text.
func bytesOf(_ text: String) -> [UInt8] {
  var bytes: [UInt8] = []
  for (index, part) in text.split(separator: "'", omittingEmptySubsequences: false).enumerated() {
    if index % 2 == 1 {
      bytes += Array(part.utf8)
    } else {
      bytes += part.split(separator: " ").compactMap { UInt8($0, radix: 16) }
    }
  }
  return bytes
}
