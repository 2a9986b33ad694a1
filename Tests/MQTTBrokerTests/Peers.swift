// Clients and an engine in one process, without sockets and clocks: what a client sends is fed to
// the engine at once, and what the engine has for it is decoded with the same codec.

import Basis
import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

/// An engine and its clock.
final class World {
  var broker: Broker
  var now = Instant(nanoseconds: 1_000_000_000_000)
  var log: [LogEntry] = []
  /// Connections that the engine closed, and what it sent last.
  var closed: [ConnectionID: [UInt8]] = [:]
  /// Bytes that lie in sockets until the engine has them read, and those that end behind them.
  var unread: [ConnectionID: [UInt8]] = [:]
  var ending: Set<ConnectionID> = []

  init(_ change: (inout BrokerConfiguration) -> Void = { _ in }) {
    var configuration = BrokerConfiguration()
    change(&configuration)
    broker = Broker(
      configuration, randomSeed: 7, now: now, wallClockSeconds: 1_700_000_000)
  }

  /// Lets time pass.
  func wait(seconds: Double) {
    now = now.advanced(byNanoseconds: Int64(seconds * 1e9))
    broker.advance(to: now)
    settle()
  }

  func settle() {
    while answerReadOuts() { broker.advance(to: now) }
    while let closing = broker.nextClose(reactor: 0) {
      closed[closing.connection] = closing.output.bytes
    }
    log += broker.takeLog()
  }

  /// Nothing lies unread here, but where a test says so.
  private func answerReadOuts() -> Bool {
    var hasAnswered = false
    while let connection = broker.nextReadOut(reactor: 0) {
      hasAnswered = true
      if let bytes = unread.removeValue(forKey: connection) {
        broker.receive(bytes.span, on: connection, now: now)
      }
      if ending.remove(connection) != nil { broker.end(connection, cause: "cut", now: now) }
      broker.wasReadOut(connection, now: now)
    }
    if broker.takesLookWish(reactor: 0) {
      hasAnswered = true
      for (connection, bytes) in unread { broker.receive(bytes.span, on: connection, now: now) }
      unread = [:]
      broker.looked(reactor: 0, now: now)
    }
    return hasAnswered
  }

  /// Whether a line of the log holds `text`.
  func hasLogged(_ text: String) -> Bool { log.contains { $0.description.contains(text) } }
}

/// One client of a world.
final class Peer {
  let world: World
  let version: ProtocolVersion
  var connection: ConnectionID
  private var unread: [UInt8] = []

  /// A connection on which nothing was sent yet.
  init(
    silent world: World, _ version: ProtocolVersion = .v5, facts: PeerFacts = PeerFacts(),
    listener: Int = 0, name: String = "127.0.0.1:1"
  ) {
    self.world = world
    self.version = version
    connection =
      world.broker.open(
        reactor: 0, listener: listener, peer: name, facts: facts, now: world.now)
      ?? ConnectionID.none
    world.settle()
    if isClosed { connection = .none }
  }

  /// A silent connection from the IPv4 address with this number.
  convenience init(from address: UInt32, in world: World) {
    self.init(silent: world, facts: PeerFacts(address: PeerAddress(ipv4: address)))
  }

  /// A connected client; its CONNACK is taken.
  @discardableResult
  convenience init(
    _ world: World, _ identifier: String, _ version: ProtocolVersion = .v5,
    cleanStart: Bool = true, will: Will? = nil, keepAliveSeconds: UInt16 = 0,
    _ properties: [Property] = []
  ) {
    self.init(silent: world, version)
    send(
      .connect(
        Connect(
          version: version, clientIdentifier: identifier, cleanStart: cleanStart,
          keepAliveSeconds: keepAliveSeconds, will: will, properties: Properties(properties))))
    let packets = read()
    guard case .connack(let connack) = packets.first else {
      Issue.record("no CONNACK")
      return
    }
    self.connack = connack
    early = Array(packets.dropFirst())
  }

  /// What came right behind CONNACK, for the next `read`.
  private var early: [Packet] = []

  var connack: Connack?

  func send(_ packet: Packet) {
    var buffer = ByteBuffer()
    packet.encode(into: &buffer, version: version)
    send(bytes: buffer.bytes)
  }

  /// Packets that the engine gets only when it has this connection read out.
  func leaveUnread(_ packets: Packet...) {
    var buffer = ByteBuffer()
    for packet in packets { packet.encode(into: &buffer, version: version) }
    world.unread[connection, default: []] += buffer.bytes
  }

  func send(bytes: [UInt8]) {
    let now = world.now
    world.broker.receive(bytes.span, on: connection, now: now)
    world.settle()
  }

  /// All packets that came since the last call.
  func read() -> [Packet] {
    while true {
      let output = world.broker.takeOutput(of: connection)
      if output.isEmpty { break }
      unread += output.bytes
    }
    if let last = world.closed[connection] {
      unread += last
      world.closed[connection] = []
    }
    world.settle()
    var packets = early
    early = []
    do {
      while true {
        let unread = self.unread
        guard let header = try FixedHeader.read(unread.span, at: 0, packetSizeLimit: .max),
          header.packetLength <= unread.count
        else { break }
        let packet = try Packet.decode(
          unread.span.extracting(0..<header.packetLength), header, version: version,
          direction: .toClient)
        packets.append(packet)
        self.unread.removeFirst(header.packetLength)
      }
    } catch {
      Issue.record("the engine sent something malformed: \(error)")
    }
    return packets
  }

  /// The messages among the packets that came, acknowledged as they should be.
  func messages() -> [Publish] {
    var messages: [Publish] = []
    var packets = read()
    while !packets.isEmpty {
      for packet in packets {
        switch packet {
        case .publish(let publish):
          messages.append(publish)
          if let identifier = publish.packetIdentifier {
            let ack = Acknowledgement(packetIdentifier: identifier)
            send(publish.qos == .atLeastOnce ? .puback(ack) : .pubrec(ack))
          }
        case .pubrel(let ack):
          send(.pubcomp(Acknowledgement(packetIdentifier: ack.packetIdentifier)))
        case .connect, .connack, .puback, .pubrec, .pubcomp, .subscribe, .suback, .unsubscribe,
          .unsuback, .pingreq, .pingresp, .disconnect, .auth:
          continue
        }
      }
      packets = read()
    }
    return messages
  }

  @discardableResult
  func subscribe(
    _ filter: String, _ qos: QoS = .exactlyOnce, noLocal: Bool = false,
    retainAsPublished: Bool = false, retainHandling: RetainHandling = .always,
    identifier: UInt32? = nil
  ) -> [ReasonCode] {
    var properties = Properties()
    if let identifier {
      properties.append(.subscriptionIdentifier, .variableByteInteger(identifier))
    }
    send(
      .subscribe(
        Subscribe(
          packetIdentifier: id(1),
          subscriptions: [
            Subscription(
              filter: filter,
              options: SubscriptionOptions(
                qos: qos, noLocal: noLocal, retainAsPublished: retainAsPublished,
                retainHandling: retainHandling))
          ], properties: properties)))
    let packets = read()
    pending += packets.dropFirst()
    if case .suback(let suback) = packets.first { return suback.reasonCodes }
    return []
  }

  /// What came with the last SUBACK.
  var pending: [Packet] = []

  func publish(
    _ topic: String, _ payload: String, _ qos: QoS = .atMostOnce, retain: Bool = false,
    identifier: UInt16 = 1, _ properties: [Property] = []
  ) {
    send(
      .publish(
        Publish(
          topic: topic, payload: Array(payload.utf8), qos: qos, isRetained: retain,
          packetIdentifier: qos == .atMostOnce ? nil : PacketIdentifier(rawValue: identifier),
          properties: Properties(properties))))
  }

  /// The network fails.
  func cut() {
    world.broker.end(connection, cause: "cut", now: world.now)
    world.settle()
  }

  var isClosed: Bool { world.closed[connection] != nil }
}

func id(_ raw: UInt16) -> PacketIdentifier {
  guard let identifier = PacketIdentifier(rawValue: raw) else { preconditionFailure("zero") }
  return identifier
}

func text(_ publish: Publish) -> String { String(decoding: publish.payload, as: UTF8.self) }
