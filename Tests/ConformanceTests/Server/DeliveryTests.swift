// The handshakes of QoS 1 and 2 (3.4 to 3.7, 4.3), what is sent again (4.4), and in which order
// (4.5, 4.6).

import MQTTCodec
import Testing

struct DeliveryTests {
  private let keeps = Property(.sessionExpiryInterval, .fourByteInteger(3600))

  private func identifier(_ value: UInt16) throws -> PacketIdentifier {
    try #require(PacketIdentifier(rawValue: value))
  }

  private func body(_ value: UInt16) throws -> Acknowledgement {
    Acknowledgement(packetIdentifier: try identifier(value))
  }

  @Test(arguments: World.allCases, [ProtocolVersion.v311, .v5])
  func `acknowledgements carry the identifier of their message [MQTT-2.2.1-5] [MQTT-4.3.3-11]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", version)
    try client.subscribe("unrelated")
    for value: UInt16 in [1, 65535, 256] {
      client.sendPublish("unrelated", "x", qos: .atLeastOnce, identifier: value)
      while true {
        guard case .puback(let puback) = try client.next() else { continue }
        #expect(puback.packetIdentifier.rawValue == value)
        break
      }
    }
    client.sendPublish("b", "x", qos: .exactlyOnce, identifier: 77)
    guard case .pubrec(let pubrec) = try client.next() else { return }
    #expect(pubrec.packetIdentifier.rawValue == 77)
    client.send(.pubrel(try body(77)))
    try client.expect(.pubcomp(try body(77)))
  }

  @Test(arguments: World.allCases)
  func `identifiers in flight differ and are not 0 [MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.3-1]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    try client.subscribe("a")
    let publisher = try scene.connect("publisher", .v5)
    for index in 0..<10 {
      try publisher.publish("a", "\(index)", qos: index % 2 == 0 ? .atLeastOnce : .exactlyOnce)
    }
    let identifiers = try (0..<10).map { index in
      let qos: QoS = index % 2 == 0 ? .atLeastOnce : .exactlyOnce
      return try client.expectPublish("a", "\(index)", qos: qos).packetIdentifier
    }
    #expect(Set(identifiers).count == 10)
  }

  @Test(arguments: World.allCases, [ProtocolVersion.v311, .v5])
  func `after PUBACK the identifier is that of a new message [MQTT-4.3.2-5]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let subscriber = try scene.connect("subscriber", version)
    try subscriber.subscribe("a", qos: .atMostOnce)
    let client = try scene.connect("client", version)
    for isDuplicate in [false, true] {
      client.sendPublish("a", "x", qos: .atLeastOnce, isDuplicate: isDuplicate, identifier: 5)
      try client.expect(.puback(try body(5)))
      try subscriber.expectPublish("a", "x")
    }
  }

  @Test(arguments: World.allCases, [ProtocolVersion.v31, .v311, .v5])
  func `a QoS 2 message that comes again is delivered once [MQTT-4.3.3-10]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let subscriber = try scene.connect("subscriber", version)
    try subscriber.subscribe("a", qos: .atMostOnce)
    let client = try scene.connect("client", version)
    for isDuplicate in [false, true, true] {
      client.sendPublish("a", "x", qos: .exactlyOnce, isDuplicate: isDuplicate, identifier: 5)
      try client.expect(.pubrec(try body(5)))
    }
    client.send(.pubrel(try body(5)))
    try client.expect(.pubcomp(try body(5)))
    try subscriber.expectPublish("a", "x")
    try scene.expectNothing(for: subscriber)
  }

  @Test(arguments: World.allCases, [ProtocolVersion.v311, .v5])
  func `a QoS 2 message is delivered once across connections [MQTT-4.3.3-10] [MQTT-4.1.0-1]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let subscriber = try scene.connect("subscriber", version)
    try subscriber.subscribe("a", qos: .atMostOnce)
    let properties = Properties(version == .v5 ? [keeps] : [])
    let packet = Connect(
      version: version, clientIdentifier: "client", cleanStart: false, properties: properties)
    let first = try scene.connect(packet)
    first.sendPublish("a", "x", qos: .exactlyOnce, identifier: 5)
    try first.expect(.pubrec(try body(5)))
    first.drop()
    let second = try scene.connect(packet)
    #expect(second.connack.isSessionPresent)
    second.sendPublish("a", "x", qos: .exactlyOnce, isDuplicate: true, identifier: 5)
    try second.expect(.pubrec(try body(5)))
    try subscriber.expectPublish("a", "x")
    try scene.expectNothing(for: subscriber)
  }

  @Test(arguments: World.allCases, [ProtocolVersion.v311, .v5])
  func `after PUBCOMP the identifier is that of a new message [MQTT-4.3.3-12]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let subscriber = try scene.connect("subscriber", version)
    try subscriber.subscribe("a", qos: .atMostOnce)
    let client = try scene.connect("client", version)
    for isDuplicate in [false, true] {
      client.sendPublish("a", "x", qos: .exactlyOnce, isDuplicate: isDuplicate, identifier: 5)
      try client.expect(.pubrec(try body(5)))
      client.send(.pubrel(try body(5)))
      try client.expect(.pubcomp(try body(5)))
      try subscriber.expectPublish("a", "x")
    }
  }

  @Test(arguments: World.allCases)
  func `PUBREL without its message is answered, in words of the table [MQTT-3.7.2-1]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.send(.pubrel(try body(9)))
    guard case .pubcomp(let pubcomp) = try client.next() else { return }
    #expect(pubcomp.reasonCode == .packetIdentifierNotFound)
    #expect(pubcomp.packetIdentifier.rawValue == 9)
  }

  @Test(arguments: World.allCases, [ProtocolVersion.v31, .v311, .v5])
  func `PUBREC is answered by PUBREL of the same identifier [MQTT-4.3.3-4] [MQTT-3.6.2-1]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", version)
    try client.subscribe("a")
    let publisher = try scene.connect("publisher", version)
    try publisher.publish("a", "x", qos: .exactlyOnce)
    let publish = try client.expectPublish("a", "x", qos: .exactlyOnce)
    try client.acknowledge(publish)
    try scene.expectNothing(for: client)
  }

  @Test(arguments: World.allCases, [UInt8(0x60), 0x61, 0x63])
  func `PUBREL with other flags closes the connection [MQTT-3.6.1-1]`(
    world: World, firstByte: UInt8
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.send(bytes: [firstByte, 2, 0, 1])
    try client.expectClosed(.malformedPacket)
  }

  @Test(arguments: World.allCases, [UInt8(0x40), 0x50, 0x62, 0x70])
  func `a code outside the table closes [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1]`(
    world: World, firstByte: UInt8
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.send(bytes: [firstByte, 3, 0, 1, 0x42])
    let answer = try client.next()
    guard case .disconnect(let disconnect) = answer else {
      Issue.record("\(answer) instead of DISCONNECT")
      return
    }
    #expect([.malformedPacket, .protocolError].contains(disconnect.reasonCode))
    try client.expectEnd()
  }

  @Test(arguments: World.allCases)
  func `codes of acknowledgements are of their tables [MQTT-3.4.2-1] [MQTT-3.5.2-1]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    let codes: [ReasonCode] = [.success, .noMatchingSubscribers]
    client.sendPublish("nobody/listens", "x", qos: .atLeastOnce, identifier: 1)
    guard case .puback(let puback) = try client.next() else { return }
    #expect(codes.contains(puback.reasonCode))
    client.sendPublish("nobody/listens", "x", qos: .exactlyOnce, identifier: 2)
    guard case .pubrec(let pubrec) = try client.next() else { return }
    #expect(codes.contains(pubrec.reasonCode))
  }

  @Test(arguments: World.allCases)
  func `words in acknowledgements fit the client's maximum [MQTT-3.4.2-2] [MQTT-3.5.2-2]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect(
      "client", .v5, Property(.maximumPacketSize, .fourByteInteger(20)))
    client.sendPublish("$SYS/not/for/clients", "x", qos: .atLeastOnce, identifier: 1)
    let puback = try client.next()
    #expect(puback.encodedSize(version: .v5) <= 20)
    client.sendPublish("$SYS/not/for/clients", "x", qos: .exactlyOnce, identifier: 2)
    let pubrec = try client.next()
    #expect(pubrec.encodedSize(version: .v5) <= 20)
  }

  @Test(arguments: World.allCases, [ProtocolVersion.v31, .v311, .v5])
  func `a resumed session resends with DUP and its identifiers [MQTT-3.3.1-1] [MQTT-4.4.0-1]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let properties = Properties(version == .v5 ? [keeps] : [])
    let packet = Connect(
      version: version, clientIdentifier: "client", cleanStart: false, properties: properties)
    let first = try scene.connect(packet)
    try first.subscribe("a")
    let publisher = try scene.connect("publisher", version)
    try publisher.publish("a", "1", qos: .atLeastOnce)
    try publisher.publish("a", "2", qos: .exactlyOnce)
    try publisher.publish("a", "3", qos: .atLeastOnce)
    let sent = [
      try first.expectPublish("a", "1", qos: .atLeastOnce),
      try first.expectPublish("a", "2", qos: .exactlyOnce),
      try first.expectPublish("a", "3", qos: .atLeastOnce),
    ]
    first.drop()
    let second = try scene.connect(packet)
    for publish in sent {
      let again = try second.expectPublish(
        "a", String(decoding: publish.payload, as: UTF8.self), qos: publish.qos, isDuplicate: true)
      #expect(again.packetIdentifier == publish.packetIdentifier)
    }
    try scene.expectNothing(for: second)
  }

  @Test(arguments: World.allCases, [ProtocolVersion.v311, .v5])
  func `PUBREL is resent, its PUBLISH is not [MQTT-4.3.3-5] [MQTT-4.3.3-6] [MQTT-4.3.3-3]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let properties = Properties(version == .v5 ? [keeps] : [])
    let packet = Connect(
      version: version, clientIdentifier: "client", cleanStart: false, properties: properties)
    let first = try scene.connect(packet)
    try first.subscribe("a")
    let publisher = try scene.connect("publisher", version)
    try publisher.publish("a", "x", qos: .exactlyOnce)
    let publish = try first.expectPublish("a", "x", qos: .exactlyOnce)
    let body = Acknowledgement(packetIdentifier: try #require(publish.packetIdentifier))
    first.send(.pubrec(body))
    try first.expect(.pubrel(body))
    first.drop()
    let second = try scene.connect(packet)
    try second.expect(.pubrel(body))
    second.send(.pubcomp(body))
    try scene.expectNothing(for: second)
    second.drop()
    let third = try scene.connect(packet)
    try scene.expectNothing(for: third)
  }

  @Test func `nothing is resent while the connection is open [MQTT-4.4.0-1] [MQTT-4.3.2-3]`() throws
  {
    let scene = try Scene(.memory)
    let client = try scene.connect("client", .v5)
    try client.subscribe("a")
    let publisher = try scene.connect("publisher", .v5)
    try publisher.publish("a", "x", qos: .atLeastOnce)
    try client.expectPublish("a", "x", qos: .atLeastOnce)
    scene.advance(seconds: 10_000)
    try scene.expectNothing(for: client)
  }

  @Test(arguments: World.allCases)
  func `what the client refused is not sent again [MQTT-4.4.0-2]`(world: World) throws {
    let scene = try Scene(world)
    let first = try scene.connect("client", .v5, cleanStart: false, keeps)
    try first.subscribe("a")
    let publisher = try scene.connect("publisher", .v5)
    try publisher.publish("a", "1", qos: .atLeastOnce)
    try publisher.publish("a", "2", qos: .exactlyOnce)
    for qos in [QoS.atLeastOnce, .exactlyOnce] {
      guard case .publish(let publish) = try first.next() else { return }
      #expect(publish.qos == qos)
      let body = Acknowledgement(
        packetIdentifier: try #require(publish.packetIdentifier), reasonCode: .unspecifiedError)
      first.send(qos == .atLeastOnce ? .puback(body) : .pubrec(body))
    }
    try scene.expectNothing(for: first)
    first.drop()
    let second = try scene.connect("client", .v5, cleanStart: false, keeps)
    try scene.expectNothing(for: second)
  }

  @Test(arguments: World.allCases)
  func `a PUBREC of failure is answered by nothing, whatever it is about [MQTT-4.3.3-4]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    let stranger = try #require(PacketIdentifier(rawValue: 7))
    client.send(
      .pubrec(Acknowledgement(packetIdentifier: stranger, reasonCode: .quotaExceeded)))
    client.send(.pingreq)
    try client.expect(.pingresp)
    // One that was released already.
    try client.subscribe("a")
    let publisher = try scene.connect("publisher", .v5)
    try publisher.publish("a", "1", qos: .exactlyOnce)
    let identifier = try #require(
      try client.expectPublish("a", "1", qos: .exactlyOnce).packetIdentifier)
    client.send(.pubrec(Acknowledgement(packetIdentifier: identifier)))
    try client.expect(.pubrel(Acknowledgement(packetIdentifier: identifier)))
    client.send(
      .pubrec(Acknowledgement(packetIdentifier: identifier, reasonCode: .quotaExceeded)))
    client.send(.pingreq)
    try client.expect(.pingresp)
  }

  @Test(arguments: World.allCases)
  func `after a refusal the identifier is that of a new message [MQTT-4.3.3-9]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5, Property(.receiveMaximum, .twoByteInteger(1)))
    try client.subscribe("a")
    let publisher = try scene.connect("publisher", .v5)
    try publisher.publish("a", "1", qos: .exactlyOnce)
    try publisher.publish("a", "2", qos: .exactlyOnce)
    let refused = try client.expectPublish("a", "1", qos: .exactlyOnce)
    let identifier = try #require(refused.packetIdentifier)
    client.send(
      .pubrec(Acknowledgement(packetIdentifier: identifier, reasonCode: .quotaExceeded)))
    try client.acknowledge(try client.expectPublish("a", "2", qos: .exactlyOnce))
  }

  @Test func `a delivery that has begun does not expire [MQTT-4.3.3-7] [MQTT-4.3.3-13]`() throws {
    let scene = try Scene(.memory)
    let first = try scene.connect("client", .v5, cleanStart: false, keeps)
    try first.subscribe("a")
    let publisher = try scene.connect("publisher", .v5)
    let expiry = [Property(.messageExpiryInterval, .fourByteInteger(5))]
    try publisher.publish("a", "x", qos: .exactlyOnce, expiry)
    let publish = try first.expectPublish("a", "x", qos: .exactlyOnce)
    first.drop()
    scene.advance(seconds: 100)
    let second = try scene.connect("client", .v5, cleanStart: false, keeps)
    let again = try second.expectPublish("a", "x", qos: .exactlyOnce, isDuplicate: true)
    #expect(again.packetIdentifier == publish.packetIdentifier)
    try second.acknowledge(again)
  }

  @Test func `a QoS 2 handshake is finished although the message expired [MQTT-4.3.3-13]`() throws {
    let scene = try Scene(.memory)
    let client = try scene.connect("client", .v5)
    client.sendPublish(
      "a", "x", qos: .exactlyOnce, identifier: 5,
      Property(.messageExpiryInterval, .fourByteInteger(1)))
    guard case .pubrec = try client.next() else { return }
    scene.advance(seconds: 100)
    client.send(.pubrel(try body(5)))
    try client.expect(.pubcomp(try body(5)))
  }

  @Test(arguments: World.allCases)
  func `each matching subscriber gets the message [MQTT-4.5.0-1]`(world: World) throws {
    let scene = try Scene(world)
    let away = try scene.connect("away", .v5, cleanStart: false, keeps)
    try away.subscribe("a")
    away.drop()
    let present = try scene.connect("present", .v311)
    try present.subscribe("#")
    let publisher = try scene.connect("publisher", .v5)
    try publisher.publish("a", "x", qos: .exactlyOnce)
    try present.expectPublish("a", "x", qos: .exactlyOnce)
    let back = try scene.connect("away", .v5, cleanStart: false, keeps)
    try back.expectPublish("a", "x", qos: .exactlyOnce)
  }

  @Test(arguments: World.allCases, QoS.allCases)
  func `messages arrive in the order of their publisher [MQTT-4.6.0-5] [MQTT-4.6.0-6]`(
    world: World, qos: QoS
  ) throws {
    let scene = try Scene(world)
    let subscriber = try scene.connect("subscriber", .v5)
    try subscriber.subscribe("a")
    let publisher = try scene.connect("publisher", .v5)
    for index in 0..<40 {
      publisher.sendPublish(
        "a", "\(index)", qos: qos, identifier: qos == .atMostOnce ? nil : UInt16(index + 1))
    }
    for index in 0..<40 {
      try subscriber.acknowledge(try subscriber.expectPublish("a", "\(index)", qos: qos))
    }
  }

  @Test(arguments: World.allCases)
  func `a publish that is not allowed is acknowledged or closes [MQTT311-3.3.5-2]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v311)
    client.sendPublish("$SYS/broker/version", "mine", qos: .atLeastOnce, identifier: 1)
    guard let answer = try? client.next() else { return try client.expectEnd() }
    #expect(answer == .puback(try body(1)))
  }
}
