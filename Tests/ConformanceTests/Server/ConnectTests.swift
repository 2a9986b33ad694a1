// CONNECT (3.1): who is let in, and as whom.

import MQTTBroker
import MQTTCodec
import Testing

struct ConnectTests {
  @Test(arguments: World.allCases, ProtocolVersion.allCases)
  func `an accepted CONNECT is answered by CONNACK with success [MQTT-3.1.4-5]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", version)
    #expect(client.connack.reasonCode == .success)
  }

  @Test(arguments: World.allCases)
  func `a packet before CONNECT closes the connection [MQTT-3.1.0-1]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.open("client", .v311)
    client.send(.pingreq)
    try client.expectEnd()
  }

  @Test(arguments: World.allCases, ProtocolVersion.allCases)
  func `a second CONNECT is a protocol error [MQTT-3.1.0-2]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", version)
    client.send(.connect(Connect(version: version, clientIdentifier: "client")))
    try client.expectClosed(.protocolError)
  }

  @Test(arguments: World.allCases)
  func `a protocol name that is not MQTT closes the connection [MQTT-3.1.2-1]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.open("client", .v311)
    client.send(hex: "10 0D 00 04 'MQTX' 04 02 00 00 00 01 'a'")
    try client.expectRefused(.unsupportedProtocolVersion)
  }

  @Test(arguments: World.allCases)
  func `a version above 5 is refused in the form of 5 [MQTT-3.1.2-2]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.open("client", .v5)
    client.send(hex: "10 0E 00 04 'MQTT' 06 02 00 00 00 00 01 'a'")
    try client.expectRefused(.unsupportedProtocolVersion)
  }

  @Test(arguments: World.allCases)
  func `the bit of a bridge is none of 5.0 [MQTT-3.1.2-2]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.open("client", .v5)
    client.send(hex: "10 0E 00 04 'MQTT' 85 02 00 00 00 00 01 'a'")
    try client.expectRefused(.unsupportedProtocolVersion)
  }

  @Test(arguments: World.allCases, [UInt8(0x11), 0x1A, 0x1F])
  func `a CONNECT of 3.1 may have flags in its header, as those of old devices do`(
    world: World, firstByte: UInt8
  ) throws {
    let scene = try Scene(world)
    let client = try scene.open("client", .v31)
    client.send(bytes: [firstByte] + bytesOf("0F 00 06 'MQIsdp' 03 02 00 00 00 01 'a'"))
    try client.expect(.connack(Connack()))
  }

  @Test(arguments: World.allCases, [UInt32(5), 10, 13, 15])
  func `CONNACK is not longer than the client's Maximum Packet Size [MQTT-3.1.2-24]`(
    world: World, limit: UInt32
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect(
      "client", .v5, Property(.maximumPacketSize, .fourByteInteger(limit)))
    #expect(Packet.connack(client.connack).encodedSize(version: .v5) <= limit)
    // A topic alias is what a client can do without most easily.
    #expect(client.connack.properties.number(.topicAliasMaximum) == nil)
    #expect((client.connack.properties.number(.receiveMaximum) != nil) == (limit >= 8))
  }

  @Test(arguments: World.allCases)
  func `a client that no CONNACK fits is closed without one [MQTT-3.1.2-24]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.open("client", .v5)
    client.send(
      .connect(
        Connect(
          version: .v5, clientIdentifier: "client",
          properties: Properties([Property(.maximumPacketSize, .fourByteInteger(4))]))))
    try client.expectEnd()
    let other = try scene.connect("client", .v5, cleanStart: false)
    #expect(!other.connack.isSessionPresent)
  }

  @Test(arguments: World.allCases)
  func `an assigned identifier is never left out: CONNACK says 0x95 [MQTT-3.1.2-24]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.open("client", .v5)
    client.send(
      .connect(
        Connect(
          version: .v5, clientIdentifier: "",
          properties: Properties([Property(.maximumPacketSize, .fourByteInteger(20))]))))
    try client.expectRefused(.packetTooLarge)
  }

  @Test(arguments: World.allCases)
  func `no SUBACK or UNSUBACK is longer than the Maximum Packet Size [MQTT-3.1.2-24]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let small = Property(.maximumPacketSize, .fourByteInteger(6))
    let client = try scene.connect("client", .v5, small)
    try client.subscribe("a")
    client.send(
      .unsubscribe(
        Unsubscribe(packetIdentifier: try client.newIdentifier(), filters: ["a", "b"])))
    try client.expectClosed(.packetTooLarge)
    let other = try scene.connect("client", .v5, small)
    other.send(
      .subscribe(
        Subscribe(
          packetIdentifier: try other.newIdentifier(),
          subscriptions: [Subscription(filter: "a"), Subscription(filter: "b")])))
    try other.expectClosed(.packetTooLarge)
  }

  @Test func `a Receive Maximum that CONNACK had no room for is not held against a client`()
    throws
  {
    let scene = Scene { $0.receiveMaximum = 1 }
    let client = try scene.connect(
      "client", .v5, Property(.maximumPacketSize, .fourByteInteger(5)))
    for identifier in UInt16(1)...3 {
      client.send(
        .publish(
          Publish(
            topic: "a", payload: [], qos: .exactlyOnce,
            packetIdentifier: PacketIdentifier(rawValue: identifier))))
      guard case .pubrec = try client.next() else {
        throw CaseError("message \(identifier) was not taken")
      }
    }
  }

  @Test(arguments: World.allCases)
  func `an unknown level below 5 is refused by return code 1 [MQTT311-3.1.2-2]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.open("client", .v311)
    client.send(hex: "10 0D 00 04 'MQTT' 02 02 00 00 00 01 'a'")
    try client.expectRefused(.unsupportedProtocolVersion)
  }

  @Test(arguments: World.allCases)
  func `the reserved connect flag closes the connection [MQTT-3.1.2-3]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.open("client", .v311)
    client.send(hex: "10 0D 00 04 'MQTT' 04 03 00 00 00 01 'a'")
    try client.expectEnd()
  }

  @Test(arguments: World.allCases)
  func `a clean start discards what the session held [MQTT-3.1.2-4] [MQTT-3.1.4-4]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let keeps = Property(.sessionExpiryInterval, .fourByteInteger(3600))
    let first = try scene.connect("client", .v5, keeps)
    try first.subscribe("a")
    first.drop()
    let second = try scene.connect("client", .v5, cleanStart: true, keeps)
    #expect(!second.connack.isSessionPresent)
    try second.publish("a", "x", qos: .atLeastOnce)
    try scene.expectNothing(for: second)
  }

  @Test(arguments: World.allCases)
  func `clean session ends with its connection [MQTT311-3.1.2-6]`(world: World) throws {
    let scene = try Scene(world)
    let first = try scene.connect("client", .v311)
    try first.subscribe("a")
    first.drop()
    let second = try scene.connect("client", .v311, cleanStart: false)
    #expect(!second.connack.isSessionPresent)
    try second.publish("a", "x", qos: .atLeastOnce)
    try scene.expectNothing(for: second)
  }

  @Test(arguments: World.allCases)
  func `a session without clean start is resumed [MQTT-3.1.2-5] [MQTT-3.2.2-3]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let keeps = Property(.sessionExpiryInterval, .fourByteInteger(3600))
    let first = try scene.connect("client", .v5, cleanStart: false, keeps)
    try first.subscribe("a")
    first.drop()
    let second = try scene.connect("client", .v5, cleanStart: false, keeps)
    #expect(second.connack.isSessionPresent)
    try second.publish("a", "x")
    try second.expectPublish("a", "x")
  }

  @Test(arguments: World.allCases, ProtocolVersion.allCases)
  func `without a session a new one is made [MQTT-3.1.2-6]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", version, cleanStart: false)
    #expect(!client.connack.isSessionPresent)
    try client.subscribe("a")
    try client.publish("a", "x")
    try client.expectPublish("a", "x")
  }

  @Test(arguments: World.allCases)
  func `a session without clean session is kept and resumed [MQTT311-3.1.2-4]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let first = try scene.connect("client", .v311, cleanStart: false)
    try first.subscribe("a")
    first.send(.disconnect(Disconnect()))
    try first.expectEnd()
    let second = try scene.connect("client", .v311, cleanStart: false)
    #expect(second.connack.isSessionPresent)
    try second.publish("a", "x")
    try second.expectPublish("a", "x")
  }

  @Test(arguments: World.allCases)
  func `messages of QoS 1 and 2 wait for a session that is away [MQTT311-3.1.2-5]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let first = try scene.connect("client", .v311, cleanStart: false)
    try first.subscribe("a")
    first.drop()
    let publisher = try scene.connect("publisher", .v311)
    try publisher.publish("a", "one", qos: .atLeastOnce)
    try publisher.publish("a", "two", qos: .exactlyOnce)
    let second = try scene.connect("client", .v311, cleanStart: false)
    try second.expectPublish("a", "one", qos: .atLeastOnce)
    try second.expectPublish("a", "two", qos: .exactlyOnce)
  }

  @Test(arguments: World.allCases)
  func `retained messages outlive the session of their publisher [MQTT311-3.1.2-7]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let publisher = try scene.connect("publisher", .v311)
    try publisher.publish("a", "kept", qos: .atLeastOnce, isRetained: true)
    publisher.send(.disconnect(Disconnect()))
    try publisher.expectEnd()
    let subscriber = try scene.connect("subscriber", .v311)
    try subscriber.subscribe("a")
    try subscriber.expectPublish("a", "kept", qos: .atLeastOnce, isRetained: true)
  }

  @Test(arguments: [
    "10 11 00 04 'MQTT' 04 02 00 00 00 01 'a' 00 02 'xy'",
    "10 11 00 04 'MQTT' 04 02 00 00 00 01 'a' 00 01 'x' 00",
  ])
  func `a field without its flag closes the connection [MQTT-3.1.2-16] [MQTT-3.1.2-18]`(
    packet: String
  ) throws {
    let scene = try Scene(.memory)
    let client = try scene.open("client", .v311)
    client.send(hex: packet)
    try client.expectEnd()
  }

  @Test(arguments: [
    "10 0D 00 04 'MQTT' 04 82 00 00 00 01 'a'",
    "10 10 00 04 'MQTT' 04 C2 00 00 00 01 'a' 00 01 'u'",
  ])
  func `a flag without its field closes the connection [MQTT-3.1.2-17] [MQTT-3.1.2-19]`(
    packet: String
  ) throws {
    let scene = try Scene(.memory)
    let client = try scene.open("client", .v311)
    client.send(hex: packet)
    try client.expectEnd()
  }

  @Test func `a password without a user name is against 3.1.1 [MQTT311-3.1.2-22]`() throws {
    let scene = try Scene(.memory)
    let client = try scene.open("client", .v311)
    client.send(hex: "10 10 00 04 'MQTT' 04 42 00 00 00 01 'a' 00 01 'p'")
    try client.expectEnd()
  }

  @Test func `silence of one and a half keep alives closes [MQTT-3.1.2-22] [MQTT-3.2.2-22]`() throws
  {
    let scene = try Scene(.memory)
    let client = try scene.connect("client", .v5, keepAliveSeconds: 10)
    scene.advance(seconds: 14)
    client.send(.pingreq)
    try client.expect(.pingresp)
    scene.advance(seconds: 14)
    client.send(.pingreq)
    try client.expect(.pingresp)
    scene.advance(seconds: 16)
    try client.expectClosed(.keepAliveTimeout)
  }

  @Test func `a live connection that falls silent is closed [MQTT-3.1.2-22]`() throws {
    let scene = try Scene(.socket)
    let client = try scene.connect("client", .v5, keepAliveSeconds: 1)
    try client.expectClosed(.keepAliveTimeout)
  }

  @Test func `a keep alive of zero never closes [MQTT-3.2.2-22]`() throws {
    let scene = try Scene(.memory)
    let client = try scene.connect("client", .v311, keepAliveSeconds: 0)
    scene.advance(seconds: 1_000_000)
    try client.settle()
  }

  @Test func `the server tells the keep alive that it wants, and acts on it [MQTT-3.1.2-22]`()
    throws
  {
    let scene = Scene { $0.keepAliveLimitSeconds = 20 }
    let client = try scene.connect("client", .v5, keepAliveSeconds: 600)
    #expect(client.connack.properties.number(.serverKeepAlive) == 20)
    scene.advance(seconds: 31)
    try client.expectClosed(.keepAliveTimeout)
  }

  @Test func `a session lasts as long as it was asked to [MQTT-3.1.2-23] [MQTT-4.1.0-2]`() throws {
    let scene = try Scene(.memory)
    let keeps = Property(.sessionExpiryInterval, .fourByteInteger(100))
    let first = try scene.connect("client", .v5, cleanStart: false, keeps)
    try first.subscribe("a")
    first.drop()
    scene.advance(seconds: 99)
    let second = try scene.connect("client", .v5, cleanStart: false, keeps)
    #expect(second.connack.isSessionPresent)
    second.drop()
    scene.advance(seconds: 101)
    let third = try scene.connect("client", .v5, cleanStart: false, keeps)
    #expect(!third.connack.isSessionPresent)
  }

  @Test(arguments: World.allCases)
  func `a session without an expiry interval ends with its connection [MQTT-4.1.0-2]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let first = try scene.connect("client", .v5, cleanStart: false)
    try first.subscribe("a")
    first.drop()
    let second = try scene.connect("client", .v5, cleanStart: false)
    #expect(!second.connack.isSessionPresent)
  }

  @Test func `DISCONNECT may change how long the session lasts [MQTT-4.1.0-2]`() throws {
    let scene = try Scene(.memory)
    let keeps = Property(.sessionExpiryInterval, .fourByteInteger(100))
    let first = try scene.connect("client", .v5, cleanStart: false, keeps)
    let shorter = Properties([Property(.sessionExpiryInterval, .fourByteInteger(10))])
    first.send(.disconnect(Disconnect(properties: shorter)))
    try first.expectEnd()
    scene.advance(seconds: 11)
    let second = try scene.connect("client", .v5, cleanStart: false, keeps)
    #expect(!second.connack.isSessionPresent)
  }

  @Test(arguments: World.allCases)
  func `an identifier names its session [MQTT-3.1.3-2] [MQTT-3.1.3-3]`(world: World) throws {
    let scene = try Scene(world)
    let keeps = Property(.sessionExpiryInterval, .fourByteInteger(100))
    try scene.connect("one", .v5, cleanStart: false, keeps).drop()
    let other = try scene.connect("two", .v5, cleanStart: false, keeps)
    #expect(!other.connack.isSessionPresent)
    let same = try scene.connect("one", .v5, cleanStart: false, keeps)
    #expect(same.connack.isSessionPresent)
  }

  @Test(arguments: World.allCases, ProtocolVersion.allCases)
  func `identifiers of 1 to 23 letters and digits are accepted [MQTT-3.1.3-5]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    for identifier in [
      "0", "abcdefghijklmnopqrstuvw", "xyzABCDEFGHIJKLMNOPQRST", "UVWXYZ0123456789",
    ] {
      _ = try scene.connect(identifier, version)
    }
  }

  @Test(arguments: World.allCases)
  func `an assigned identifier is told and can be used [MQTT-3.1.3-6] [MQTT-3.1.3-7]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let keeps = Property(.sessionExpiryInterval, .fourByteInteger(100))
    let client = try scene.connect("", .v5, keeps)
    let identifier = try #require(client.connack.properties.string(.assignedClientIdentifier))
    #expect(!identifier.isEmpty)
    client.drop()
    let again = try scene.connect(identifier, .v5, cleanStart: false)
    #expect(again.connack.isSessionPresent)
  }

  @Test(arguments: World.allCases)
  func `assigned identifiers differ from all others [MQTT-3.2.2-16] [MQTT311-3.1.3-6]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let identifiers = try (0..<5).map { _ in
      try #require(try scene.connect("", .v5).connack.properties.string(.assignedClientIdentifier))
    }
    #expect(Set(identifiers).count == 5)
    let old = try (0..<3).map { _ in try scene.connect("", .v311) }
    for client in old { try client.settle() }
  }

  @Test func `where empty identifiers are not allowed they are refused [MQTT-3.1.3-8]`() throws {
    let scene = Scene { $0.terms.allowsEmptyClientIdentifier = false }
    let client = try scene.open("client", .v5)
    client.send(.connect(Connect(version: .v5, clientIdentifier: "")))
    try client.expectRefused(.clientIdentifierNotValid)
  }

  @Test(arguments: World.allCases)
  func `an empty identifier needs a clean session [MQTT311-3.1.3-7] [MQTT311-3.1.3-8]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.open("client", .v311)
    client.send(.connect(Connect(version: .v311, clientIdentifier: "", cleanStart: false)))
    try client.expectRefused(.clientIdentifierNotValid)
  }

  @Test func `a refused identifier is answered by return code 2 [MQTT311-3.1.3-9]`() throws {
    let scene = Scene { $0.terms.allowsEmptyClientIdentifier = false }
    let client = try scene.open("client", .v311)
    client.send(.connect(Connect(version: .v311, clientIdentifier: "")))
    try client.expectRefused(.clientIdentifierNotValid)
  }

  @Test(arguments: World.allCases)
  func `a CONNECT of wrong form is closed without CONNACK [MQTT311-3.1.4-1]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.open("client", .v311)
    client.send(hex: "10 0C 00 04 'MQTT' 04 02 00 00 00 05")
    try client.expectEnd()
  }

  @Test(arguments: World.allCases)
  func `a CONNECT of wrong form closes the connection [MQTT-3.1.4-1]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.open("client", .v5)
    client.send(hex: "10 0E 00 04 'MQTT' 05 02 00 00 00 00 09 'a'")
    if let answer = try client.nextIfAny() {
      #expect(answer == .connack(Connack(reasonCode: .malformedPacket)))
    }
    try client.expectEnd()
  }

  @Test(arguments: World.allCases)
  func `a second client of the name takes over from the first [MQTT-3.1.4-3]`(world: World) throws {
    let scene = try Scene(world)
    let first = try scene.connect("client", .v5)
    let second = try scene.connect("client", .v5)
    try first.expectClosed(.sessionTakenOver)
    try second.settle()
  }

  @Test(arguments: World.allCases, [ProtocolVersion.v31, .v311])
  func `a second client of the name closes the first without a word [MQTT311-3.1.4-2]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let first = try scene.connect("client", version)
    let second = try scene.connect("client", version)
    try first.expectEnd()
    try second.settle()
  }

  @Test(arguments: World.allCases)
  func `what follows a refused CONNECT is not processed [MQTT-3.1.4-6] [MQTT-3.1.4-2]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let witness = try scene.connect("witness", .v5)
    try witness.subscribe("a")
    let client = try scene.open("client", .v311)
    // An empty identifier without a clean session, and a PUBLISH in the same breath.
    client.send(hex: "10 0C 00 04 'MQTT' 04 00 00 00 00 00 30 04 00 01 'a' 'x'")
    try client.expectRefused(.clientIdentifierNotValid)
    try scene.expectNothing(for: witness)
  }

  @Test(arguments: World.allCases)
  func `packets may follow CONNECT at once [MQTT-3.2.0-1] [MQTT311-3.2.0-1]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.open("client", .v311)
    client.send(hex: "10 0D 00 04 'MQTT' 04 02 00 00 00 01 'a' C0 00")
    guard case .connack = try client.next() else {
      Issue.record("CONNACK is not the first packet")
      return
    }
    try client.expect(.pingresp)
  }

  @Test(arguments: World.allCases)
  func `one CONNACK is sent, whatever follows [MQTT-3.2.0-2]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.send(.connect(Connect(version: .v5, clientIdentifier: "client")))
    try client.expectClosed(.protocolError)
  }

  @Test(arguments: World.allCases, ProtocolVersion.allCases)
  func `the flags of CONNACK are all zero for a new session [MQTT-3.2.2-1] [MQTT-3.2.2-2]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", version)
    #expect(!client.connack.isSessionPresent)
  }

  @Test(arguments: World.allCases)
  func `a refusal has no session present, a known code, and ends [MQTT-3.2.2-6] [MQTT-3.2.2-7]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    try scene.connect("client", .v311, cleanStart: false).drop()
    let client = try scene.open("client", .v5)
    client.send(
      .connect(
        Connect(
          version: .v5, clientIdentifier: "client", cleanStart: false,
          properties: Properties([Property(.authenticationMethod, .string("none such"))]))))
    try client.expectRefused(.badAuthenticationMethod)
  }

  @Test func `every refusal carries a code of CONNACK's table [MQTT-3.2.2-8]`() throws {
    let scene = Scene {
      $0.connectionLimit = 2
      $0.isRetainAvailable = false
      $0.terms.maximumQoS = .atLeastOnce
      $0.terms.allowsEmptyClientIdentifier = false
    }
    let requests = [
      Connect(version: .v5, clientIdentifier: ""),
      Connect(
        version: .v5, clientIdentifier: "a", will: Will(topic: "w", payload: [], isRetained: true)),
      Connect(
        version: .v5, clientIdentifier: "a", will: Will(topic: "w", payload: [], qos: .exactlyOnce)),
    ]
    let codes: [ReasonCode] = [.clientIdentifierNotValid, .retainNotSupported, .qosNotSupported]
    for (request, code) in zip(requests, codes) {
      let client = try scene.open("client", .v5)
      client.send(.connect(request))
      try client.expectRefused(code)
    }
  }

  @Test func `a Maximum QoS is told and all QoS can be subscribed [MQTT-3.2.2-9] [MQTT-3.2.2-10]`()
    throws
  {
    let scene = Scene { $0.terms.maximumQoS = .atLeastOnce }
    let client = try scene.connect("client", .v5)
    #expect(client.connack.properties.number(.maximumQoS) == 1)
    let identifier = try client.newIdentifier()
    let options = SubscriptionOptions(qos: .exactlyOnce)
    client.send(
      .subscribe(
        Subscribe(
          packetIdentifier: identifier,
          subscriptions: [Subscription(filter: "a", options: options)])))
    try client.expect(.suback(Suback(packetIdentifier: identifier, reasonCodes: [.grantedQoS1])))
  }

  @Test func `a publish above the Maximum QoS closes the connection [MQTT-3.2.2-11]`() throws {
    let scene = Scene { $0.terms.maximumQoS = .atLeastOnce }
    let client = try scene.connect("client", .v5)
    client.sendPublish("a", "x", qos: .exactlyOnce, identifier: 1)
    try client.expectClosed(.qosNotSupported)
  }

  @Test func `a will above the Maximum QoS is refused [MQTT-3.2.2-12]`() throws {
    let scene = Scene { $0.terms.maximumQoS = .atMostOnce }
    let client = try scene.open("client", .v5)
    let will = Will(topic: "w", payload: [], qos: .atLeastOnce)
    client.send(.connect(Connect(version: .v5, clientIdentifier: "client", will: will)))
    try client.expectRefused(.qosNotSupported)
  }

  @Test func `a retained will is refused where nothing is retained [MQTT-3.2.2-13]`() throws {
    let scene = Scene { $0.isRetainAvailable = false }
    let client = try scene.open("client", .v5)
    let will = Will(topic: "w", payload: [], isRetained: true)
    client.send(.connect(Connect(version: .v5, clientIdentifier: "client", will: will)))
    try client.expectRefused(.retainNotSupported)
  }

  @Test func `where retain is unavailable RETAIN closes the connection [MQTT-3.2.2-14]`() throws {
    let scene = Scene { $0.isRetainAvailable = false }
    let client = try scene.connect("client", .v5)
    #expect(client.connack.properties.number(.retainAvailable) == 0)
    client.sendPublish("a", "x", isRetained: true)
    try client.expectClosed(.retainNotSupported)
  }

  @Test func `a packet above the server's Maximum Packet Size is refused [MQTT-3.2.2-15]`() throws {
    let scene = Scene { $0.packetSizeLimit = 100 }
    let client = try scene.connect("client", .v5)
    #expect(client.connack.properties.number(.maximumPacketSize) == 100)
    client.sendPublish("a", String(repeating: "x", count: 100))
    try client.expectClosed(.packetTooLarge)
  }

  @Test func `a CONNACK with words fits the client's maximum or has none [MQTT-3.2.2-19]`() throws {
    let scene = Scene { $0.terms.allowsEmptyClientIdentifier = false }
    let client = try scene.open("client", .v5)
    let limit = Properties([Property(.maximumPacketSize, .fourByteInteger(8))])
    client.send(.connect(Connect(version: .v5, clientIdentifier: "", properties: limit)))
    guard case .connack(let connack) = try client.next() else { return }
    #expect(Packet.connack(connack).encodedSize(version: .v5) <= 8)
  }

  @Test(arguments: World.allCases)
  func `Response Information comes only when asked for [MQTT-3.1.2-28]`(world: World) throws {
    let scene = try Scene(world)
    let request = Property(.requestResponseInformation, .byte(0))
    let client = try scene.connect("client", .v5, request)
    #expect(client.connack.properties[.responseInformation] == nil)
  }

  @Test(arguments: World.allCases)
  func `without problem information there are no words [MQTT-3.1.2-29]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect(
      "client", .v5, Property(.requestProblemInformation, .byte(0)))
    client.send(.pubrel(Acknowledgement(packetIdentifier: try client.newIdentifier())))
    guard case .pubcomp(let pubcomp) = try client.next() else { return }
    #expect(pubcomp.properties.isEmpty)
    let identifier = try client.newIdentifier()
    client.send(.unsubscribe(Unsubscribe(packetIdentifier: identifier, filters: ["none"])))
    try client.expect(
      .unsuback(Unsuback(packetIdentifier: identifier, reasonCodes: [.noSubscriptionExisted])))
  }
}
