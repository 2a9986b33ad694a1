// Topic names and filters (4.7) and shared subscriptions (4.8).

import MQTTCodec
import Testing

struct TopicTests {
  private let keeps = Property(.sessionExpiryInterval, .fourByteInteger(3600))

  private func expectRefusedFilter(_ filter: String, _ world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    let identifier = try client.newIdentifier()
    client.send(
      .subscribe(
        Subscribe(packetIdentifier: identifier, subscriptions: [Subscription(filter: filter)])))
    switch try client.next() {
    case .suback(let suback): #expect(suback.reasonCodes == [.topicFilterInvalid])
    case .disconnect(let disconnect):
      let codes: [ReasonCode] = [.topicFilterInvalid, .malformedPacket, .protocolError]
      #expect(codes.contains(disconnect.reasonCode))
      try client.expectEnd()
    case let other: Issue.record("\(other) as answer to \(filter)")
    }
  }

  @Test(arguments: World.allCases, ["a/#/b", "a#", "#/a", "a/b#", "##"])
  func `# anywhere but as the last level is refused [MQTT-4.7.1-1]`(
    world: World, filter: String
  ) throws {
    try expectRefusedFilter(filter, world)
  }

  @Test(arguments: World.allCases, ["a+", "a/+b", "++", "a/b+/c", "+a/#"])
  func `+ within a level is refused [MQTT-4.7.1-2]`(world: World, filter: String) throws {
    try expectRefusedFilter(filter, world)
  }

  @Test(arguments: World.allCases, [""])
  func `an empty filter is refused [MQTT-4.7.3-1]`(world: World, filter: String) throws {
    try expectRefusedFilter(filter, world)
  }

  @Test(arguments: World.allCases)
  func `an empty topic name closes the connection [MQTT-4.7.3-1]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v311)
    client.send(hex: "30 03 00 00 'x'")
    try client.expectEnd()
  }

  @Test(
    arguments: World.allCases,
    [
      ("a/#", ["a", "a/b", "a/b/c", "a/"], ["b", "ab", "A"]), ("#", ["a", "/", "a/b"], ["$a"]),
      ("+", ["a"], ["a/b", "/a", "$a"]), ("/+", ["/a", "/"], ["a", "//a"]),
      ("+/+", ["/a", "a/", "a/b", "/"], ["a", "a/b/c"]), ("a/+/c", ["a/b/c", "a//c"], ["a/c"]),
      ("+/b/#", ["a/b", "a/b/c/d", "/b"], ["b", "a/c"]), ("a", ["a"], ["a/", "/a"]),
      ("$a/#", ["$a", "$a/b"], ["a"]),
    ])
  func `wildcards match what the standard says [MQTT-4.7.1-1] [MQTT-4.7.1-2]`(
    world: World, sample: (filter: String, matching: [String], other: [String])
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    try client.subscribe(sample.filter)
    for topic in sample.other + sample.matching { try client.publish(topic, topic) }
    for topic in sample.matching { try client.expectPublish(topic, topic) }
    try scene.expectNothing(for: client)
  }

  @Test(arguments: World.allCases, ["#", "+/info", "+/#"])
  func `a leading wildcard does not match a leading dollar [MQTT-4.7.2-1]`(
    world: World, filter: String
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    try client.publish("$own/info", "retained", isRetained: true)
    try client.subscribe(filter)
    try client.subscribe("$own/info", qos: .atMostOnce)
    try client.expectPublish("$own/info", "retained", isRetained: true)
    try client.publish("$own/info", "x")
    try client.expectPublish("$own/info", "x")
    try scene.expectNothing(for: client)
  }

  @Test(arguments: World.allCases)
  func `names and filters hold no U+0000 [MQTT-4.7.3-2] [MQTT-1.5.4-2]`(world: World) throws {
    for packet in ["30 05 00 02 'a' 00 00", "82 08 00 01 00 00 02 'a' 00 00"] {
      let scene = try Scene(world)
      let client = try scene.connect("client", .v5)
      client.send(hex: packet)
      try client.expectClosed(.malformedPacket)
    }
  }

  @Test(arguments: World.allCases)
  func `a name may have 65,535 bytes [MQTT-4.7.3-3]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    let topic = String(repeating: "t", count: 65535)
    try client.subscribe(topic)
    try client.publish(topic, "x")
    try client.expectPublish(topic, "x")
  }

  @Test(arguments: World.allCases)
  func `names are compared as they are [MQTT-4.7.3-4] [MQTT-1.5.4-3]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    // The same letter in two normal forms, in two cases, and with U+FEFF before it.
    let names = ["\u{E4}", "a\u{308}", "\u{C4}", "\u{FEFF}\u{E4}"]
    for (index, name) in names.enumerated() {
      try client.subscribe(name, identifier: UInt32(index + 1))
    }
    for (index, name) in names.enumerated() {
      try client.publish(name, "x")
      let publish = try client.expectPublish(name, "x")
      #expect(Array(publish.topic.utf8) == Array(name.utf8))
      #expect(publish.properties.number(.subscriptionIdentifier) == UInt32(index + 1))
    }
    try scene.expectNothing(for: client)
  }

  @Test(
    arguments: World.allCases, ["$share//a", "$share/g/", "$share/g", "$share/+/a", "$share/#/a"])
  func `a share without name or filter is refused [MQTT-4.8.2-1] [MQTT-4.8.2-2]`(
    world: World, filter: String
  ) throws {
    try expectRefusedFilter(filter, world)
  }

  @Test(arguments: World.allCases)
  func `each message goes to one member of a share [MQTT-4.8.2-1]`(world: World) throws {
    let scene = try Scene(world)
    let members = try ["one", "two", "three"].map { name in
      let member = try scene.connect(name, .v5)
      try member.subscribe("$share/group/a/#", qos: .atMostOnce)
      return member
    }
    let outsider = try scene.connect("outsider", .v5)
    try outsider.subscribe("a/#", qos: .atMostOnce)
    let publisher = try scene.connect("publisher", .v5)
    for index in 0..<12 { try publisher.publish("a/b", "\(index)") }
    try scene.settle()
    #expect(outsider.waiting.count == 12)
    #expect(members.map(\.waiting.count).reduce(0, +) == 12)
    #expect(members.allSatisfy { !$0.waiting.isEmpty })
  }

  @Test(arguments: World.allCases)
  func `retained messages are not sent to a new shared subscription [MQTT-4.8.2-1]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    try client.publish("a", "kept", isRetained: true)
    try client.subscribe("$share/group/a")
    try scene.expectNothing(for: client)
  }

  @Test(arguments: World.allCases)
  func `a member gets its granted QoS [MQTT-4.8.2-3]`(world: World) throws {
    let scene = try Scene(world)
    let low = try scene.connect("low", .v5)
    try low.subscribe("$share/group/a", qos: .atMostOnce)
    let high = try scene.connect("high", .v5)
    try high.subscribe("$share/group/a", qos: .atLeastOnce)
    let publisher = try scene.connect("publisher", .v5)
    for _ in 0..<6 { try publisher.publish("a", "x", qos: .exactlyOnce) }
    try scene.settle()
    for (member, qos) in [(low, QoS.atMostOnce), (high, .atLeastOnce)] {
      #expect(!member.waiting.isEmpty)
      for packet in member.waiting {
        guard case .publish(let publish) = packet else { continue }
        #expect(publish.qos == qos)
      }
    }
  }

  @Test(arguments: World.allCases)
  func `a broken QoS 2 delivery is finished with the same member [MQTT-4.8.2-4]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let first = try scene.connect("first", .v5, cleanStart: false, keeps)
    try first.subscribe("$share/group/a")
    let publisher = try scene.connect("publisher", .v5)
    try publisher.publish("a", "x", qos: .exactlyOnce)
    let publish = try first.expectPublish("a", "x", qos: .exactlyOnce)
    let second = try scene.connect("second", .v5)
    try second.subscribe("$share/group/a")
    first.drop()
    try scene.expectNothing(for: second)
    let again = try scene.connect("first", .v5, cleanStart: false, keeps)
    let resent = try again.expectPublish("a", "x", qos: .exactlyOnce, isDuplicate: true)
    #expect(resent.packetIdentifier == publish.packetIdentifier)
    try again.acknowledge(resent)
  }

  @Test(arguments: World.allCases)
  func `a QoS 2 delivery is not given to another member [MQTT-4.8.2-5]`(world: World) throws {
    let scene = try Scene(world)
    let first = try scene.connect("first", .v5)
    try first.subscribe("$share/group/a")
    let publisher = try scene.connect("publisher", .v5)
    try publisher.publish("a", "x", qos: .exactlyOnce)
    try first.expectPublish("a", "x", qos: .exactlyOnce)
    let second = try scene.connect("second", .v5)
    try second.subscribe("$share/group/a")
    // The session of the first ends with its connection.
    first.drop()
    try scene.expectNothing(for: second)
  }

  @Test(arguments: World.allCases)
  func `what waits for a member whose session ends goes to another [MQTT-4.5.0-1]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let first = try scene.connect("first", .v5, Property(.receiveMaximum, .twoByteInteger(1)))
    try first.subscribe("$share/group/a", qos: .atLeastOnce)
    let publisher = try scene.connect("publisher", .v5)
    for index in 1...3 { try publisher.publish("a", "\(index)", qos: .atLeastOnce) }
    try first.expectPublish("a", "1", qos: .atLeastOnce)
    let second = try scene.connect("second", .v5)
    try second.subscribe("$share/group/a", qos: .atLeastOnce)
    first.drop()
    try scene.settle()
    var payloads: [String] = []
    while !second.waiting.isEmpty {
      guard case .publish(let publish) = try second.next() else { continue }
      payloads.append(String(decoding: publish.payload, as: UTF8.self))
    }
    #expect(payloads.suffix(2) == ["2", "3"])
  }

  @Test(arguments: World.allCases)
  func `what a member refuses is given to no other [MQTT-4.8.2-6]`(world: World) throws {
    let scene = try Scene(world)
    let first = try scene.connect("first", .v5)
    try first.subscribe("$share/group/a")
    let publisher = try scene.connect("publisher", .v5)
    try publisher.publish("a", "x", qos: .atLeastOnce)
    let publish = try first.expectPublish("a", "x", qos: .atLeastOnce)
    let second = try scene.connect("second", .v5)
    try second.subscribe("$share/group/a")
    first.send(
      .puback(
        Acknowledgement(
          packetIdentifier: try #require(publish.packetIdentifier), reasonCode: .quotaExceeded)))
    try scene.expectNothing(for: second)
    try scene.expectNothing(for: first)
  }
}
