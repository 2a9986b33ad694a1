// Every packet type in every phase and version: what is taken, and what is a fault that is named,
// answered with its reason where the version can, and ends the connection.

import Basis
import MQTTCodec
import MQTTSession
import Testing

@Suite struct ClientPhaseTests {
  /// Bytes of a well-formed packet of each type as a server might send it.
  static func bytes(of type: PacketType, _ version: ProtocolVersion) throws -> [UInt8] {
    let one = try acknowledgement(1)
    let packet: Packet =
      switch type {
      case .connect: .connect(Connect(version: version, clientIdentifier: "x"))
      case .connack: .connack(Connack())
      case .publish: .publish(Publish(topic: "t", payload: [1]))
      case .puback: .puback(one)
      case .pubrec: .pubrec(one)
      case .pubrel: .pubrel(one)
      case .pubcomp: .pubcomp(one)
      case .subscribe:
        .subscribe(
          Subscribe(packetIdentifier: try identifier(1), subscriptions: [Subscription(filter: "t")])
        )
      case .suback: .suback(Suback(packetIdentifier: try identifier(1), reasonCodes: [.success]))
      case .unsubscribe:
        .unsubscribe(Unsubscribe(packetIdentifier: try identifier(1), filters: ["t"]))
      case .unsuback:
        .unsuback(
          Unsuback(
            packetIdentifier: try identifier(1), reasonCodes: version == .v5 ? [.success] : []))
      case .pingreq: .pingreq
      case .pingresp: .pingresp
      case .disconnect: .disconnect(Disconnect(reasonCode: .serverBusy))
      case .auth: .auth(Auth(reasonCode: .continueAuthentication))
      }
    var buffer = ByteBuffer()
    packet.encode(into: &buffer, version: version)
    return buffer.bytes
  }

  static let beforeConnack: [(PacketType, ProtocolVersion)] = PacketType.allCases
    .filter { $0 != .connack && $0 != .auth }
    .flatMap { type in [ProtocolVersion.v311, .v5].map { (type, $0) } }

  @Test(arguments: beforeConnack)
  func `nothing but CONNACK and AUTH may come first [MQTT-3.2.0-1]`(
    _ type: PacketType, _ version: ProtocolVersion
  ) throws {
    var settings = ClientSettings()
    settings.versions = .only(version)
    settings.clientIdentifier = "c"
    let client = ClientUnderTest(settings)
    client.session.open(now: client.now)
    _ = client.session.takeOutput()
    client.feed(bytes: try Self.bytes(of: type, version))
    let fault = try #require(client.events().first?.fault)
    #expect(fault.reasonCode == .protocolError)
    #expect(fault.description == "\(type.name) before CONNACK [MQTT-3.2.0-1]")
    #expect(client.session.phase == .ended)
    let answer: [Packet] =
      version == .v5 ? [.disconnect(Disconnect(reasonCode: .protocolError))] : []
    #expect(try client.takeSent() == answer)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var type: PacketType
    var version: ProtocolVersion
    /// Nil when the packet is taken.
    var statement: String?
    init(_ type: PacketType, _ version: ProtocolVersion, _ statement: String?) {
      (self.type, self.version, self.statement) = (type, version, statement)
    }
    var testDescription: String { "\(type.name) in \(version)" }
  }

  static let connectedCases: [Case] = [
    Case(.connect, .v311, "2.1.2"), Case(.connect, .v5, "2.1.2"),
    Case(.connack, .v311, "MQTT-3.2.0-2"), Case(.connack, .v5, "MQTT-3.2.0-2"),
    Case(.publish, .v311, nil), Case(.publish, .v5, nil),
    Case(.puback, .v311, nil), Case(.puback, .v5, nil),
    Case(.pubrec, .v311, nil), Case(.pubrec, .v5, nil),
    Case(.pubrel, .v311, nil), Case(.pubrel, .v5, nil),
    Case(.pubcomp, .v311, nil), Case(.pubcomp, .v5, nil),
    Case(.subscribe, .v311, "2.1.2"), Case(.subscribe, .v5, "2.1.2"),
    Case(.suback, .v311, "MQTT-3.8.4-2"), Case(.suback, .v5, "MQTT-3.8.4-2"),
    Case(.unsubscribe, .v311, "2.1.2"), Case(.unsubscribe, .v5, "2.1.2"),
    Case(.unsuback, .v311, "MQTT-3.10.4-4"), Case(.unsuback, .v5, "MQTT-3.10.4-4"),
    Case(.pingreq, .v311, "2.1.2"), Case(.pingreq, .v5, "2.1.2"),
    Case(.pingresp, .v311, nil), Case(.pingresp, .v5, nil),
    Case(.disconnect, .v311, "MQTT311-3.14"),
    Case(.auth, .v5, "MQTT-4.12.0-6"),
  ]

  @Test(arguments: connectedCases)
  func `each packet is taken or refused once connected`(_ each: Case) throws {
    let client = try ClientUnderTest.connected(each.version)
    client.feed(bytes: try Self.bytes(of: each.type, each.version))
    let events = client.events()
    let answer = try client.takeSent()
    if let statement = each.statement {
      let fault = try #require(events.last?.fault)
      #expect(fault.statement == statement)
      #expect(client.session.phase == .ended)
      #expect(
        answer
          == (each.version == .v5
            ? [.disconnect(Disconnect(reasonCode: fault.reasonCode))] : []))
    } else {
      #expect(client.session.phase == .connected)
    }
  }

  @Test func `DISCONNECT of a server of 5 ends the connection with its reason`() throws {
    let client = try ClientUnderTest.connected()
    let disconnect = Disconnect(
      reasonCode: .sessionTakenOver,
      properties: Properties([Property(.reasonString, .string("again"))]))
    client.feed(.disconnect(disconnect))
    #expect(client.events() == [.ended(.disconnectedByServer(disconnect))])
    #expect(try client.takeSent().isEmpty)
  }

  @Test(arguments: PacketType.allCases)
  func `nothing is read once the connection has ended`(_ type: PacketType) throws {
    let client = try ClientUnderTest.connected()
    client.session.disconnect(now: client.now)
    #expect(client.events() == [.ended(.disconnectedHere)])
    _ = client.session.takeOutput()
    client.feed(bytes: try Self.bytes(of: type, .v5))
    #expect(client.events() == [])
    #expect(client.session.outputCount == 0)
  }

  @Test func `what follows a fault in the same bytes is not read`() throws {
    let client = try ClientUnderTest.connected()
    client.feed(
      bytes: try Self.bytes(of: .pingreq, .v5) + Self.bytes(of: .publish, .v5))
    let events = client.events()
    #expect(events.count == 1)
    #expect(events.first?.fault != nil)
  }

  @Test func `malformed bytes are a fault with place and statement, answered with 0x81`() throws {
    let client = try ClientUnderTest.connected()
    client.feed(bytes: [0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0x01])
    let fault = try #require(client.events().first?.fault)
    #expect(fault.reasonCode == .malformedPacket)
    #expect(
      try client.takeSent() == [.disconnect(Disconnect(reasonCode: .malformedPacket))])
  }

  @Test func `a packet longer than our Maximum Packet Size is a fault [MQTT-3.1.2-24]`() throws {
    let client = try ClientUnderTest.connected {
      $0.connectProperties.append(.maximumPacketSize, .fourByteInteger(20))
    }
    client.feed(bytes: [0x30, 0x13])
    let fault = try #require(client.events().first?.fault)
    #expect(fault.reasonCode == .packetTooLarge)
  }

  @Test func `bytes without a connection are our own fault and trap`() async {
    await #expect(processExitsWith: .failure) {
      var session = ClientSession(ClientSettings())
      session.receive([0x20].span, now: .start)
    }
  }

  @Test func `AUTH goes back and forth when a method was named [MQTT-4.12.0-3]`() throws {
    var settings = ClientSettings()
    settings.connectProperties.append(.authenticationMethod, .string("SCRAM"))
    let client = ClientUnderTest(settings)
    client.session.open(now: client.now)
    _ = client.session.takeOutput()
    let properties = Properties([
      Property(.authenticationMethod, .string("SCRAM")),
      Property(.authenticationData, .binary([1, 2])),
    ])
    let challenge = Auth(reasonCode: .continueAuthentication, properties: properties)
    client.feed(.auth(challenge))
    #expect(client.events() == [.authentication(challenge)])
    client.session.authenticate(challenge, now: client.now)
    #expect(try client.takeSent() == [.auth(challenge)])
    client.feed(.connack(Connack()))
    #expect(client.events() == [.connected(Connack())])
    client.session.authenticate(
      Auth(reasonCode: .reauthenticate, properties: properties), now: client.now)
    #expect(
      try client.takeSent()
        == [.auth(Auth(reasonCode: .reauthenticate, properties: properties))])
    let done = Auth(reasonCode: .success, properties: properties)
    client.feed(.auth(done))
    #expect(client.events() == [.authentication(done)])
  }

  @Test func `packets are traced in both directions when asked for`() throws {
    let client = try ClientUnderTest.connected { $0.tracesPackets = true }
    #expect(client.session.takeTraces().map(\.direction) == [.toServer, .toClient])
    try client.publish("t", "m", .exactlyOnce)
    client.feed(.pubrec(try acknowledgement(1)))
    _ = client.events()
    let traces = client.session.takeTraces()
    #expect(
      traces.map(\.packet) == [
        .publish(
          Publish(
            topic: "t", payload: Array("m".utf8), qos: .exactlyOnce,
            packetIdentifier: try identifier(1))),
        .pubrec(try acknowledgement(1)), .pubrel(try acknowledgement(1)),
      ])
    #expect(traces.map(\.direction) == [.toServer, .toClient, .toServer])
    #expect(traces.map(\.size) == [9, 4, 4])
    #expect(client.session.takeTraces() == [])
  }
}
