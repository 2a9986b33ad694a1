// PINGREQ, DISCONNECT and AUTH (3.12 to 3.15), enhanced authentication (4.12), and how a server
// meets errors (4.13).

import MQTTBroker
import MQTTCodec
import Testing

struct ClosingTests {
  @Test(arguments: World.allCases, [ProtocolVersion.v31, .v311, .v5])
  func `PINGREQ is answered by PINGRESP [MQTT-3.12.4-1]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", version)
    for _ in 0..<3 {
      client.send(.pingreq)
      try client.expect(.pingresp)
    }
  }

  @Test(arguments: World.allCases)
  func `a refused client gets no DISCONNECT [MQTT-3.14.0-1]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.open("client", .v5)
    client.send(.pingreq)
    try client.expectEnd()
  }

  @Test func `a client that never sends CONNECT is closed without a word [MQTT-3.14.0-1]`() throws {
    let scene = Scene { $0.connectTimeoutSeconds = 5 }
    let client = try scene.open("client", .v5)
    scene.advance(seconds: 6)
    try client.expectEnd()
  }

  @Test(arguments: World.allCases, [UInt8(0xE1), 0xE8])
  func `DISCONNECT with flags is malformed [MQTT-3.14.1-1]`(world: World, firstByte: UInt8) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.send(bytes: [firstByte, 0])
    try client.expectClosed(.malformedPacket)
  }

  @Test(arguments: World.allCases)
  func `wrong flags close in 3.1.1, too [MQTT311-2.2.2-2]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v311)
    client.send(hex: "E1 00")
    try client.expectEnd()
  }

  @Test(arguments: World.allCases, [UInt8(0x01), 0x42, 0x8B])
  func `DISCONNECT with a code that is not a client's closes [MQTT-3.14.2-1]`(
    world: World, code: UInt8
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.send(bytes: [0xE0, 1, code])
    let answer = try client.next()
    guard case .disconnect(let disconnect) = answer else {
      Issue.record("\(answer) instead of DISCONNECT")
      return
    }
    #expect([.malformedPacket, .protocolError].contains(disconnect.reasonCode))
    try client.expectEnd()
  }

  @Test(arguments: World.allCases)
  func `a server's DISCONNECT has no Session Expiry Interval [MQTT-3.14.2-2]`(world: World) throws {
    let scene = try Scene(world)
    let keeps = Property(.sessionExpiryInterval, .fourByteInteger(3600))
    let client = try scene.connect("client", .v5, keeps)
    _ = try scene.connect("client", .v5)
    guard case .disconnect(let disconnect) = try client.next() else { return }
    #expect(disconnect.properties[.sessionExpiryInterval] == nil)
  }

  @Test(arguments: World.allCases)
  func `DISCONNECT's words fit the client's maximum [MQTT-3.14.2-3]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect(
      "client", .v5, Property(.maximumPacketSize, .fourByteInteger(8)))
    client.sendPublish("a/#", "x")
    let answer = try client.next()
    #expect(answer.encodedSize(version: .v5) <= 8)
    guard case .disconnect = answer else {
      Issue.record("\(answer) instead of DISCONNECT")
      return
    }
  }

  @Test(arguments: World.allCases)
  func `nothing is done for a client after its DISCONNECT [MQTT-3.14.4-1] [MQTT-3.14.4-2]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let witness = try scene.connect("witness", .v5)
    try witness.subscribe("a")
    let client = try scene.connect("client", .v5)
    // DISCONNECT and a PUBLISH in one write.
    client.send(hex: "E0 00 30 05 00 01 'a' 00 'x'")
    try client.expectEnd()
    try scene.expectNothing(for: witness)
  }

  @Test(arguments: World.allCases)
  func `a session expiry of zero cannot become longer at DISCONNECT [MQTT-4.13.1-1]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    let longer = Properties([Property(.sessionExpiryInterval, .fourByteInteger(10))])
    client.send(.disconnect(Disconnect(properties: longer)))
    try client.expectClosed(.protocolError)
  }

  @Test(arguments: World.allCases, [UInt8(0xF1), 0xF2, 0xFF])
  func `AUTH with flags is malformed [MQTT-3.15.1-1]`(world: World, firstByte: UInt8) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.send(bytes: [firstByte, 0])
    try client.expectClosed(.malformedPacket)
  }

  @Test(arguments: World.allCases)
  func `AUTH with an unknown code closes the connection [MQTT-3.15.2-1]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.send(hex: "F0 02 42 00")
    let answer = try client.next()
    guard case .disconnect(let disconnect) = answer else {
      Issue.record("\(answer) instead of DISCONNECT")
      return
    }
    #expect([.malformedPacket, .protocolError].contains(disconnect.reasonCode))
    try client.expectEnd()
  }

  @Test(arguments: World.allCases)
  func `an unsupported method refuses the connection [MQTT-4.12.0-1] [MQTT-4.12.0-4]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.open("client", .v5)
    let method = Properties([Property(.authenticationMethod, .string("unheard-of"))])
    client.send(.connect(Connect(version: .v5, clientIdentifier: "client", properties: method)))
    try client.expectRefused(.badAuthenticationMethod)
  }

  @Test(arguments: World.allCases)
  func `without a method there is none in CONNACK, and no AUTH [MQTT-4.12.0-6]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    #expect(client.connack.properties[.authenticationMethod] == nil)
    try scene.expectNothing(for: client)
  }

  @Test(arguments: World.allCases, [UInt8(0x18), 0x19])
  func `AUTH without a method in CONNECT closes [MQTT-4.12.0-7] [MQTT-4.12.1-2]`(
    world: World, code: UInt8
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    let method = Properties([Property(.authenticationMethod, .string("any"))])
    client.send(.auth(Auth(reasonCode: ReasonCode(rawValue: code), properties: method)))
    try client.expectClosed(.protocolError)
  }

  @Test(arguments: World.allCases)
  func `AUTH before CONNACK of a client without a method closes [MQTT-3.1.2-30]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.open("client", .v5)
    client.send(hex: "F0 00")
    try client.expectEnd()
  }

  @Test(arguments: World.allCases, ["00 00", "D0 00", "20 02 00 00", "90 03 00 01 00", "F0 00"])
  func `a packet that no client sends closes the connection [MQTT-4.13.1-1] [MQTT-4.13.2-1]`(
    world: World, packet: String
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v311)
    client.send(hex: packet)
    try client.expectEnd()
  }

  @Test(arguments: World.allCases)
  func `one client's garbage does not disturb another [MQTT-4.13.1-1]`(world: World) throws {
    let scene = try Scene(world)
    let witness = try scene.connect("witness", .v5)
    try witness.subscribe("a")
    for seed: UInt8 in 0..<20 {
      let vandal = try scene.open("vandal", .v311)
      vandal.send(bytes: (0..<200).map { UInt8(truncatingIfNeeded: $0 &* 37) ^ seed })
      vandal.drop()
    }
    try witness.publish("a", "x", qos: .exactlyOnce)
    try witness.expectPublish("a", "x", qos: .exactlyOnce)
  }
}
