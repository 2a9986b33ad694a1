// Strings, integers, properties and flags (chapters 1 and 2) as a live broker sees them. The codec's
// own tests go through every packet; these show that the broker acts on what the codec finds.

import MQTTCodec
import Testing

struct FormatTests {
  private func connect(_ world: World, _ version: ProtocolVersion = .v5) throws -> (Scene, Peer) {
    let scene = try Scene(world)
    return (scene, try scene.connect("client", version))
  }

  @Test(
    arguments: World.allCases,
    [
      "ED A0 80", "ED BF BF", "C0 80", "F5 80 80 80", "FF 'a' 'a'", "E2 82 'a'",
    ])
  func `ill-formed UTF-8 closes the connection [MQTT-1.5.4-1]`(world: World, text: String) throws {
    let (scene, client) = try connect(world)
    let topic = bytesOf(text)
    client.send(bytes: [0x30, UInt8(topic.count + 3), 0, UInt8(topic.count)] + topic + [0])
    try client.expectClosed(.malformedPacket)
    withExtendedLifetime(scene) {}
  }

  @Test(arguments: World.allCases)
  func `a string keeps its U+FEFF [MQTT-1.5.4-3]`(world: World) throws {
    let (scene, client) = try connect(world)
    try client.subscribe("#")
    client.send(hex: "30 07 00 04 EF BB BF 'a' 00")
    let publish = try client.expectPublish("\u{FEFF}a", "")
    #expect(Array(publish.topic.utf8) == [0xEF, 0xBB, 0xBF, 0x61])
    withExtendedLifetime(scene) {}
  }

  @Test(arguments: World.allCases)
  func `a length in more bytes than needed closes [MQTT-1.5.5-1]`(world: World) throws {
    let (scene, client) = try connect(world)
    client.send(hex: "C0 80 00")
    try client.expectClosed(.malformedPacket)
    withExtendedLifetime(scene) {}
  }

  @Test(arguments: World.allCases)
  func `a length of five bytes closes the connection [MQTT-4.13.1-1]`(world: World) throws {
    let (scene, client) = try connect(world, .v311)
    client.send(hex: "30 FF FF FF FF 7F")
    try client.expectEnd()
    withExtendedLifetime(scene) {}
  }

  @Test(arguments: World.allCases)
  func `both halves of a string pair are checked [MQTT-1.5.7-1]`(world: World) throws {
    for pair in ["00 01 FF 00 01 'a'", "00 01 'a' 00 01 FF"] {
      let (scene, client) = try connect(world)
      client.send(hex: "30 0B 00 01 'a' 07 26 \(pair)")
      try client.expectClosed(.malformedPacket)
      withExtendedLifetime(scene) {}
    }
  }

  @Test(arguments: World.allCases, ["C1 00", "42 02 00 01", "58 02 00 01", "72 02 00 01"])
  func `reserved flags close the connection [MQTT-2.1.3-1]`(world: World, packet: String) throws {
    let (scene, client) = try connect(world)
    client.send(hex: packet)
    try client.expectClosed(.malformedPacket)
    withExtendedLifetime(scene) {}
  }

  @Test(arguments: World.allCases)
  func `QoS 0 has no packet identifier [MQTT-2.2.1-2]`(world: World) throws {
    let (scene, client) = try connect(world, .v311)
    try client.subscribe("a")
    // What would be an identifier is payload.
    client.send(hex: "30 05 00 01 'a' 00 01")
    let publish = try client.expectPublish("a", "\0\u{1}")
    #expect(publish.packetIdentifier == nil)
    withExtendedLifetime(scene) {}
  }

  @Test(arguments: World.allCases)
  func `no properties are a length of 0 [MQTT-2.2.2-1]`(world: World) throws {
    let (scene, client) = try connect(world)
    // SUBSCRIBE without the byte of the property length cannot be read.
    client.send(hex: "82 06 00 01 00 01 'a' 00")
    let answer = try client.next()
    guard case .disconnect(let disconnect) = answer else {
      Issue.record("\(answer) instead of DISCONNECT")
      return
    }
    #expect([.malformedPacket, .protocolError].contains(disconnect.reasonCode))
    withExtendedLifetime(scene) {}
  }

  @Test(arguments: World.allCases)
  func `an identifier of ill-formed UTF-8 closes [MQTT-3.1.3-4]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.open("client", .v311)
    client.send(hex: "10 0E 00 04 'MQTT' 04 02 00 00 00 02 C3 28")
    try client.expectEnd()
  }

  @Test(
    arguments: World.allCases,
    [
      "10 13 00 04 'MQTT' 04 06 00 00 00 01 'a' 00 02 C3 28 00 00",
      "10 11 00 04 'MQTT' 04 82 00 00 00 01 'a' 00 02 C3 28",
    ])
  func `will topic and user name of ill-formed UTF-8 close [MQTT-3.1.3-11] [MQTT-3.1.3-12]`(
    world: World, packet: String
  ) throws {
    let scene = try Scene(world)
    let client = try scene.open("client", .v311)
    client.send(hex: packet)
    try client.expectEnd()
  }

  @Test(arguments: World.allCases)
  func `the fields of CONNECT come in their order [MQTT-3.1.3-1]`(world: World) throws {
    let scene = try Scene(world)
    let witness = try scene.connect("witness", .v311)
    try witness.subscribe("w")
    let client = try scene.open("client", .v311)
    client.send(
      hex: "10 19 00 04 'MQTT' 04 C6 00 00 00 01 'c' 00 01 'w' 00 01 'm' 00 01 'u' 00 01 'p'")
    guard case .connack(let connack) = try client.next() else { return }
    #expect(connack.reasonCode == .success)
    client.drop()
    try witness.expectPublish("w", "m")
  }

  @Test(arguments: World.allCases, [1, 2, 3, 5, 7])
  func `packets may arrive in pieces of any size [MQTT-4.2-1]`(world: World, size: Int) throws {
    let scene = try Scene(world)
    let client = try scene.open("client", .v311)
    var bytes = bytesOf("10 0D 00 04 'MQTT' 04 02 00 00 00 01 'a' 82 06 00 01 00 01 'a' 00")[...]
    bytes += bytesOf("30 06 00 01 'a' 'xyz' C0 00")
    while !bytes.isEmpty {
      client.send(bytes: Array(bytes.prefix(size)))
      bytes = bytes.dropFirst(size)
    }
    guard case .connack = try client.next(), case .suback = try client.next() else { return }
    try client.expectPublish("a", "xyz")
    try client.expect(.pingresp)
  }
}
