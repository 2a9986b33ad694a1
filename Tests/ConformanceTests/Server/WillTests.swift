// Wills (3.1.2.5): the message that a server publishes for a client that is gone.

import MQTTCodec
import Testing

struct WillTests {
  private func will(
    _ qos: QoS = .atMostOnce, isRetained: Bool = false, _ properties: Property...
  ) -> Will {
    Will(
      topic: "will", payload: Array("gone".utf8), qos: qos, isRetained: isRetained,
      properties: Properties(properties))
  }

  private func witness(_ scene: Scene) throws -> Peer {
    let witness = try scene.connect("witness", .v5)
    try witness.subscribe("will", retainAsPublished: true)
    return witness
  }

  @Test(arguments: World.allCases, ProtocolVersion.allCases)
  func `a will is stored and published when the network fails [MQTT-3.1.2-7] [MQTT-3.1.2-8]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let witness = try witness(scene)
    try scene.connect("client", version, will: will(.atLeastOnce)).drop()
    try witness.expectPublish("will", "gone", qos: .atLeastOnce)
  }

  @Test(arguments: World.allCases)
  func `a protocol error publishes the will [MQTT311-3.1.2-8]`(world: World) throws {
    let scene = try Scene(world)
    let witness = try witness(scene)
    let client = try scene.connect("client", .v311, will: will())
    client.send(hex: "F0 00")
    try client.expectEnd()
    try witness.expectPublish("will", "gone")
  }

  @Test func `a client that falls silent leaves its will [MQTT-3.1.2-8]`() throws {
    let scene = try Scene(.memory)
    let witness = try witness(scene)
    let client = try scene.connect("client", .v5, keepAliveSeconds: 10, will: will())
    scene.advance(seconds: 16)
    try client.expectClosed(.keepAliveTimeout)
    try witness.expectPublish("will", "gone")
  }

  @Test(arguments: World.allCases)
  func `a client that is taken over leaves its will [MQTT-3.1.2-8]`(world: World) throws {
    let scene = try Scene(world)
    let witness = try witness(scene)
    _ = try scene.connect("client", .v5, will: will())
    _ = try scene.connect("client", .v5)
    try witness.expectPublish("will", "gone")
  }

  @Test(arguments: World.allCases, ProtocolVersion.allCases)
  func `a normal DISCONNECT discards the will [MQTT-3.1.2-10] [MQTT-3.14.4-3]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let witness = try witness(scene)
    let client = try scene.connect("client", version, will: will())
    client.send(.disconnect(Disconnect()))
    try client.expectEnd()
    try scene.expectNothing(for: witness)
  }

  @Test(arguments: World.allCases)
  func `DISCONNECT with 0x04 publishes the will [MQTT-3.1.2-8]`(world: World) throws {
    let scene = try Scene(world)
    let witness = try witness(scene)
    let client = try scene.connect("client", .v5, will: will())
    client.send(.disconnect(Disconnect(reasonCode: .disconnectWithWillMessage)))
    try client.expectEnd()
    try witness.expectPublish("will", "gone")
  }

  @Test(arguments: World.allCases)
  func `a published will is not published again [MQTT-3.1.2-10]`(world: World) throws {
    let scene = try Scene(world)
    let witness = try witness(scene)
    let keeps = Property(.sessionExpiryInterval, .fourByteInteger(100))
    try scene.connect("client", .v5, cleanStart: false, will: will(), keeps).drop()
    try witness.expectPublish("will", "gone")
    try scene.connect("client", .v5, cleanStart: false, keeps).drop()
    try scene.expectNothing(for: witness)
  }

  @Test(arguments: World.allCases, ProtocolVersion.allCases)
  func `without a will nothing is published [MQTT311-3.1.2-12]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let witness = try scene.connect("witness", .v5)
    try witness.subscribe("#")
    try scene.connect("client", version).drop()
    try scene.expectNothing(for: witness)
  }

  @Test(arguments: World.allCases, QoS.allCases)
  func `a will is published at its QoS [MQTT-3.1.2-12]`(world: World, qos: QoS) throws {
    let scene = try Scene(world)
    let witness = try witness(scene)
    try scene.connect("client", .v5, will: will(qos)).drop()
    try witness.expectPublish("will", "gone", qos: qos)
  }

  @Test(arguments: [
    "10 15 00 04 'MQTT' 04 1E 00 00 00 01 'a' 00 01 'w' 00 03 'bye'",
    "10 0D 00 04 'MQTT' 04 0A 00 00 00 01 'a'", "10 0D 00 04 'MQTT' 04 22 00 00 00 01 'a'",
  ])
  func `flags of a will that cannot be close [MQTT-3.1.2-11] [MQTT-3.1.2-12] [MQTT-3.1.2-13]`(
    packet: String
  ) throws {
    let scene = try Scene(.memory)
    let client = try scene.open("client", .v311)
    client.send(hex: packet)
    try client.expectEnd()
  }

  @Test func `a will flag without topic and message closes [MQTT-3.1.2-9]`() throws {
    let scene = try Scene(.memory)
    let client = try scene.open("client", .v311)
    client.send(hex: "10 10 00 04 'MQTT' 04 06 00 00 00 01 'a' 00 01 'w'")
    try client.expectEnd()
  }

  @Test(arguments: World.allCases)
  func `a will without will retain is not retained [MQTT-3.1.2-14]`(world: World) throws {
    let scene = try Scene(world)
    let witness = try witness(scene)
    try scene.connect("client", .v5, will: will()).drop()
    try witness.expectPublish("will", "gone", isRetained: false)
    let late = try scene.connect("late", .v5)
    try late.subscribe("will")
    try scene.expectNothing(for: late)
  }

  @Test(arguments: World.allCases)
  func `a will with will retain is retained [MQTT-3.1.2-15]`(world: World) throws {
    let scene = try Scene(world)
    let witness = try witness(scene)
    try scene.connect("client", .v5, will: will(isRetained: true)).drop()
    try witness.expectPublish("will", "gone", isRetained: true)
    let late = try scene.connect("late", .v5)
    try late.subscribe("will")
    try late.expectPublish("will", "gone", isRetained: true)
  }

  @Test func `a will waits for its delay [MQTT-3.1.2-8]`() throws {
    let scene = try Scene(.memory)
    let witness = try witness(scene)
    let delay = Property(.willDelayInterval, .fourByteInteger(10))
    let keeps = Property(.sessionExpiryInterval, .fourByteInteger(100))
    try scene.connect("client", .v5, will: will(.atMostOnce, delay), keeps).drop()
    scene.advance(seconds: 9)
    try scene.expectNothing(for: witness)
    scene.advance(seconds: 2)
    try witness.expectPublish("will", "gone")
  }

  @Test func `the end of the session publishes a will that still waits [MQTT-3.1.2-8]`() throws {
    let scene = try Scene(.memory)
    let witness = try witness(scene)
    let delay = Property(.willDelayInterval, .fourByteInteger(1000))
    let keeps = Property(.sessionExpiryInterval, .fourByteInteger(10))
    try scene.connect("client", .v5, will: will(.atMostOnce, delay), keeps).drop()
    scene.advance(seconds: 11)
    try witness.expectPublish("will", "gone")
  }

  @Test func `no will for a client that is back in time [MQTT-3.1.3-9]`() throws {
    let scene = try Scene(.memory)
    let witness = try witness(scene)
    let delay = Property(.willDelayInterval, .fourByteInteger(10))
    let keeps = Property(.sessionExpiryInterval, .fourByteInteger(100))
    try scene.connect("client", .v5, will: will(.atMostOnce, delay), keeps).drop()
    scene.advance(seconds: 5)
    _ = try scene.connect("client", .v5, cleanStart: false, keeps)
    scene.advance(seconds: 20)
    try scene.expectNothing(for: witness)
  }

  @Test(arguments: World.allCases)
  func `a will carries its properties, user properties in order [MQTT-3.1.3-10]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let witness = try witness(scene)
    let pairs = [
      Property(.userProperty, .stringPair("b", "1")),
      Property(.userProperty, .stringPair("a", "2")),
      Property(.userProperty, .stringPair("b", "3")),
    ]
    let will = will(
      .atMostOnce, Property(.contentType, .string("text")), pairs[0], pairs[1], pairs[2])
    try scene.connect("client", .v5, will: will).drop()
    let publish = try witness.expectPublish("will", "gone")
    #expect(publish.properties.list.filter { $0.identifier == .userProperty } == pairs)
    #expect(publish.properties.string(.contentType) == "text")
  }
}
