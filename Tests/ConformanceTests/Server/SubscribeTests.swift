// SUBSCRIBE and UNSUBSCRIBE with their answers (3.8 to 3.11).

import MQTTCodec
import Testing

struct SubscribeTests {
  private func subscriptions(_ list: [(String, QoS)]) -> [Subscription] {
    list.map { Subscription(filter: $0.0, options: SubscriptionOptions(qos: $0.1)) }
  }

  @Test(arguments: World.allCases, [ProtocolVersion.v31, .v311])
  func `a bridge gets nothing back that it sent, and what is retained as retained`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let bridge = try scene.connect(
      Connect(version: version, clientIdentifier: "bridge", keepAliveSeconds: 0, isBridge: true))
    try bridge.subscribe("#")
    try bridge.publish("a", "own", qos: .atLeastOnce, isRetained: true)
    let other = try scene.connect("other", .v311)
    try other.publish("a", "other's", qos: .atLeastOnce, isRetained: true)
    try bridge.expectPublish("a", "other's", qos: .atLeastOnce, isRetained: true)
    try scene.settle()
  }

  @Test(arguments: World.allCases)
  func `a shared subscription of a bridge gets what it sent, for it may be another's`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let bridge = try scene.connect(
      Connect(version: .v311, clientIdentifier: "bridge", keepAliveSeconds: 0, isBridge: true))
    try bridge.subscribe("$share/g/a")
    try bridge.publish("a", "own", qos: .atLeastOnce)
    try bridge.expectPublish("a", "own", qos: .atLeastOnce)
  }

  @Test(arguments: World.allCases, [ProtocolVersion.v31, .v311, .v5])
  func `SUBACK has the identifier and the QoS in order [MQTT-3.8.4-1] [MQTT-3.8.4-2]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", version)
    let identifier = try #require(PacketIdentifier(rawValue: 300))
    let list = subscriptions([("a", .exactlyOnce), ("b/#", .atMostOnce), ("+/c", .atLeastOnce)])
    client.send(.subscribe(Subscribe(packetIdentifier: identifier, subscriptions: list)))
    try client.expect(
      .suback(
        Suback(
          packetIdentifier: identifier, reasonCodes: [.grantedQoS2, .grantedQoS0, .grantedQoS1])))
  }

  @Test(arguments: World.allCases)
  func `SUBACK and UNSUBACK answer one packet each [MQTT-2.2.1-6] [MQTT-3.8.4-6] [MQTT-3.9.3-1]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    let identifier = try #require(PacketIdentifier(rawValue: 65535))
    let list = subscriptions((0..<50).map { ("t/\($0)", $0 % 2 == 0 ? .atLeastOnce : .atMostOnce) })
    client.send(.subscribe(Subscribe(packetIdentifier: identifier, subscriptions: list)))
    let codes = (0..<50).map { $0 % 2 == 0 ? ReasonCode.grantedQoS1 : .grantedQoS0 }
    try client.expect(.suback(Suback(packetIdentifier: identifier, reasonCodes: codes)))
    client.send(
      .unsubscribe(Unsubscribe(packetIdentifier: identifier, filters: list.map(\.filter))))
    let gone = [ReasonCode](repeating: .success, count: 50)
    try client.expect(.unsuback(Unsuback(packetIdentifier: identifier, reasonCodes: gone)))
  }

  @Test(arguments: World.allCases, [UInt8(0x80), 0x81, 0x83, 0x8F])
  func `SUBSCRIBE with other flags closes the connection [MQTT-3.8.1-1]`(
    world: World, firstByte: UInt8
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.send(bytes: [firstByte] + bytesOf("07 00 01 00 00 01 'a' 00"))
    try client.expectClosed(.malformedPacket)
  }

  @Test(arguments: World.allCases)
  func `a filter of ill-formed UTF-8 closes the connection [MQTT-3.8.3-1]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.send(hex: "82 08 00 01 00 00 02 C3 28 00")
    try client.expectClosed(.malformedPacket)
  }

  @Test(arguments: World.allCases, [ProtocolVersion.v311, .v5])
  func `SUBSCRIBE without a filter closes the connection [MQTT-3.8.3-2]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", version)
    client.send(hex: version == .v5 ? "82 03 00 01 00" : "82 02 00 01")
    try client.expectClosed(.protocolError)
  }

  @Test(arguments: World.allCases, [ProtocolVersion.v311, .v5])
  func `packet identifier 0 closes the connection [MQTT-2.2.1-3] [MQTT311-2.3.1-1]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", version)
    client.send(
      hex: version == .v5 ? "82 07 00 00 00 00 01 'a' 00" : "82 06 00 00 00 01 'a' 00")
    let answer = try client.nextIfAny()
    if version == .v5 {
      guard case .disconnect(let disconnect) = answer else {
        Issue.record("\(String(describing: answer)) instead of DISCONNECT")
        return
      }
      #expect([.malformedPacket, .protocolError].contains(disconnect.reasonCode))
    }
    try client.expectEnd()
  }

  @Test(arguments: World.allCases)
  func `no local keeps a client's own messages from it [MQTT-3.8.3-3]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    try client.subscribe("a", noLocal: true)
    let other = try scene.connect("other", .v5)
    try client.publish("a", "own", qos: .atLeastOnce)
    try other.publish("a", "other's")
    try client.expectPublish("a", "other's")
    try scene.expectNothing(for: client)
  }

  @Test(arguments: World.allCases)
  func `no local on a shared subscription is a protocol error [MQTT-3.8.3-4]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.send(hex: "82 10 00 01 00 00 0A '$share/g/a' 04")
    try client.expectClosed(.protocolError)
  }

  @Test(arguments: World.allCases, [UInt8(0x40), 0x80, 0x30, 0x03])
  func `reserved bits of the options close the connection [MQTT-3.8.3-5]`(
    world: World, options: UInt8
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.send(bytes: bytesOf("82 07 00 01 00 00 01 'a'") + [options])
    let answer = try client.next()
    guard case .disconnect(let disconnect) = answer else {
      Issue.record("\(answer) instead of DISCONNECT")
      return
    }
    #expect([.malformedPacket, .protocolError].contains(disconnect.reasonCode))
    try client.expectEnd()
  }

  @Test(arguments: World.allCases, [UInt8(0x04), 0x80, 0x03])
  func `reserved bits of 3.1.1's QoS byte close the connection [MQTT-3.8.3-5]`(
    world: World, options: UInt8
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v311)
    client.send(bytes: bytesOf("82 06 00 01 00 01 'a'") + [options])
    try client.expectEnd()
  }

  @Test(arguments: World.allCases, [ProtocolVersion.v311, .v5])
  func `the same filter again replaces the subscription [MQTT-3.8.4-3]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", version)
    try client.subscribe("a", qos: .exactlyOnce)
    try client.subscribe("a", qos: .atMostOnce)
    let publisher = try scene.connect("publisher", version)
    try publisher.publish("a", "x", qos: .exactlyOnce)
    try client.expectPublish("a", "x", qos: .atMostOnce)
    try scene.expectNothing(for: client)
  }

  @Test(arguments: World.allCases)
  func `replacing a subscription loses no message [MQTT-3.8.4-4]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    try client.subscribe("a", qos: .atMostOnce)
    let publisher = try scene.connect("publisher", .v5)
    for index in 0..<10 {
      try publisher.publish("a", "\(index)")
      try client.expectPublish("a", "\(index)")
      try client.subscribe("a", qos: .atMostOnce)
    }
  }

  @Test(arguments: World.allCases)
  func `several filters are several subscriptions, each answered [MQTT-3.8.4-5]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    try client.publish("a", "kept a", isRetained: true)
    try client.publish("b", "kept b", isRetained: true)
    let identifier = try client.newIdentifier()
    let list = subscriptions([("a", .atMostOnce), ("b", .atLeastOnce), ("a", .exactlyOnce)])
    client.send(.subscribe(Subscribe(packetIdentifier: identifier, subscriptions: list)))
    try client.expect(
      .suback(
        Suback(
          packetIdentifier: identifier, reasonCodes: [.grantedQoS0, .grantedQoS1, .grantedQoS2])))
    try client.expectPublish("a", "kept a", isRetained: true)
    try client.expectPublish("b", "kept b", isRetained: true)
    try client.expectPublish("a", "kept a", isRetained: true)
    let publisher = try scene.connect("publisher", .v5)
    try publisher.publish("a", "x", qos: .exactlyOnce)
    try client.expectPublish("a", "x", qos: .exactlyOnce)
  }

  @Test(arguments: World.allCases)
  func `a filter that fails has its code among the others [MQTT-3.8.4-7] [MQTT-3.9.3-2]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    let identifier = try client.newIdentifier()
    let deep = String(repeating: "a/", count: 3000) + "a"
    let list = subscriptions([("a", .atLeastOnce), (deep, .atLeastOnce), ("b", .exactlyOnce)])
    client.send(.subscribe(Subscribe(packetIdentifier: identifier, subscriptions: list)))
    guard case .suback(let suback) = try client.next() else { return }
    #expect(suback.reasonCodes.count == 3)
    #expect(suback.reasonCodes.first == .grantedQoS1)
    #expect(suback.reasonCodes.last == .grantedQoS2)
    let refusals: [ReasonCode] = [
      .topicFilterInvalid, .quotaExceeded, .implementationSpecificError,
    ]
    #expect(refusals.contains(suback.reasonCodes[1]))
  }

  @Test(arguments: World.allCases)
  func `a failure in 3.1.1 is 0x80 [MQTT311-3.9.3-2]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v311)
    let identifier = try client.newIdentifier()
    let deep = String(repeating: "a/", count: 3000) + "a"
    client.send(
      .subscribe(
        Subscribe(packetIdentifier: identifier, subscriptions: subscriptions([(deep, .atMostOnce)]))
      )
    )
    try client.expect(
      .suback(Suback(packetIdentifier: identifier, reasonCodes: [.unspecifiedError])))
  }

  @Test(arguments: QoS.allCases, QoS.allCases)
  func `delivery is at the lower of the two QoS [MQTT-3.8.4-8]`(
    published: QoS, granted: QoS
  ) throws {
    let scene = try Scene(.memory)
    let client = try scene.connect("client", .v5)
    try client.subscribe("a", qos: granted)
    let publisher = try scene.connect("publisher", .v5)
    try publisher.publish("a", "x", qos: published)
    try client.expectPublish("a", "x", qos: min(published, granted))
  }

  @Test func `SUBACK and UNSUBACK fit the client's maximum [MQTT-3.9.2-1] [MQTT-3.11.2-1]`() throws
  {
    let scene = try Scene(.memory)
    let client = try scene.connect(
      "client", .v5, Property(.maximumPacketSize, .fourByteInteger(10)))
    let deep = String(repeating: "a/", count: 3000) + "a"
    let identifier = try client.newIdentifier()
    client.send(
      .subscribe(
        Subscribe(packetIdentifier: identifier, subscriptions: subscriptions([(deep, .atMostOnce)]))
      )
    )
    #expect(try client.next().encodedSize(version: .v5) <= 10)
    client.send(.unsubscribe(Unsubscribe(packetIdentifier: identifier, filters: [deep])))
    #expect(try client.next().encodedSize(version: .v5) <= 10)
  }

  @Test(arguments: World.allCases, [UInt8(0xA0), 0xA1, 0xA6])
  func `UNSUBSCRIBE with other flags closes the connection [MQTT-3.10.1-1]`(
    world: World, firstByte: UInt8
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.send(bytes: [firstByte] + bytesOf("06 00 01 00 00 01 'a'"))
    try client.expectClosed(.malformedPacket)
  }

  @Test(arguments: World.allCases)
  func `a filter to leave of ill-formed UTF-8 closes the connection [MQTT-3.10.3-1]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.send(hex: "A2 07 00 01 00 00 02 C3 28")
    try client.expectClosed(.malformedPacket)
  }

  @Test(arguments: World.allCases, [ProtocolVersion.v311, .v5])
  func `UNSUBSCRIBE without a filter closes the connection [MQTT-3.10.3-2]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", version)
    client.send(hex: version == .v5 ? "A2 03 00 01 00" : "A2 02 00 01")
    try client.expectClosed(.protocolError)
  }

  @Test(arguments: World.allCases)
  func `UNSUBSCRIBE removes the filter equal in every byte [MQTT-3.10.4-1] [MQTT-3.10.4-2]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    try client.subscribe("a/+", qos: .atMostOnce)
    let identifier = try client.newIdentifier()
    client.send(
      .unsubscribe(Unsubscribe(packetIdentifier: identifier, filters: ["a/b", "A/+", "a/#"])))
    let none = [ReasonCode](repeating: .noSubscriptionExisted, count: 3)
    try client.expect(.unsuback(Unsuback(packetIdentifier: identifier, reasonCodes: none)))
    try client.publish("a/b", "still")
    try client.expectPublish("a/b", "still")
    client.send(.unsubscribe(Unsubscribe(packetIdentifier: identifier, filters: ["a/+"])))
    try client.expect(.unsuback(Unsuback(packetIdentifier: identifier, reasonCodes: [.success])))
    try client.publish("a/b", "gone")
    try scene.expectNothing(for: client)
  }

  @Test(arguments: World.allCases)
  func `a delivery that has begun is finished after UNSUBSCRIBE [MQTT-3.10.4-3]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    try client.subscribe("a")
    let publisher = try scene.connect("publisher", .v5)
    try publisher.publish("a", "x", qos: .exactlyOnce)
    let publish = try client.expectPublish("a", "x", qos: .exactlyOnce)
    let identifier = try client.newIdentifier()
    client.send(.unsubscribe(Unsubscribe(packetIdentifier: identifier, filters: ["a"])))
    try client.expect(.unsuback(Unsuback(packetIdentifier: identifier, reasonCodes: [.success])))
    try client.acknowledge(publish)
  }

  @Test(arguments: World.allCases, [ProtocolVersion.v31, .v311, .v5])
  func `UNSUBACK comes, matched or not [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.11.3-2]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", version)
    try client.subscribe("a")
    for (filter, code) in [("a", ReasonCode.success), ("a", .noSubscriptionExisted)] {
      let identifier = try client.newIdentifier()
      client.send(.unsubscribe(Unsubscribe(packetIdentifier: identifier, filters: [filter])))
      let codes = version == .v5 ? [code] : []
      try client.expect(.unsuback(Unsuback(packetIdentifier: identifier, reasonCodes: codes)))
    }
  }

  @Test(arguments: World.allCases)
  func `several filters are left by one packet, in order [MQTT-3.10.4-6] [MQTT-3.11.3-1]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    for filter in ["a", "b"] { try client.subscribe(filter) }
    let identifier = try client.newIdentifier()
    client.send(
      .unsubscribe(Unsubscribe(packetIdentifier: identifier, filters: ["a", "x", "b", "a"])))
    let codes: [ReasonCode] = [.success, .noSubscriptionExisted, .success, .noSubscriptionExisted]
    try client.expect(.unsuback(Unsuback(packetIdentifier: identifier, reasonCodes: codes)))
    for topic in ["a", "b"] { try client.publish(topic, "x") }
    try scene.expectNothing(for: client)
  }
}
