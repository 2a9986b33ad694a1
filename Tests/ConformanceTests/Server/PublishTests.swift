// PUBLISH (3.3): what is delivered, to whom, and how it looks when it arrives.

import MQTTBroker
import MQTTCodec
import Testing

struct PublishTests {
  @Test(arguments: World.allCases, QoS.allCases)
  func `a first delivery has DUP 0 whatever came in [MQTT-3.3.1-3] [MQTT-4.3.2-2] [MQTT-4.3.3-2]`(
    world: World, qos: QoS
  ) throws {
    let scene = try Scene(world)
    let subscriber = try scene.connect("subscriber", .v311)
    try subscriber.subscribe("a")
    let publisher = try scene.connect("publisher", .v311)
    let isDuplicate = qos != .atMostOnce
    publisher.sendPublish(
      "a", "x", qos: qos, isDuplicate: isDuplicate, identifier: isDuplicate ? 9 : nil)
    try subscriber.expectPublish("a", "x", qos: qos, isDuplicate: false)
  }

  @Test(arguments: World.allCases)
  func `DUP at QoS 0 is malformed and never sent [MQTT-3.3.1-2] [MQTT-4.3.1-1]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let subscriber = try scene.connect("subscriber", .v5)
    try subscriber.subscribe("a")
    let publisher = try scene.connect("publisher", .v5)
    try publisher.publish("a", "x")
    try subscriber.expectPublish("a", "x", isDuplicate: false)
    publisher.send(hex: "38 05 00 01 'a' 00 'x'")
    try publisher.expectClosed(.malformedPacket)
  }

  @Test(arguments: World.allCases, ProtocolVersion.allCases)
  func `QoS 3 closes the connection [MQTT-3.3.1-4]`(world: World, version: ProtocolVersion) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", version)
    client.send(hex: version == .v5 ? "36 07 00 01 'a' 00 01 00 'x'" : "36 06 00 01 'a' 00 01 'x'")
    try client.expectClosed(.malformedPacket)
  }

  @Test(arguments: World.allCases, ProtocolVersion.allCases)
  func `RETAIN stores the last message of a topic [MQTT-3.3.1-5] [MQTT311-3.3.1-8]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let publisher = try scene.connect("publisher", version)
    try publisher.publish("a", "old", qos: .exactlyOnce, isRetained: true)
    try publisher.publish("a", "new", qos: .atLeastOnce, isRetained: true)
    let subscriber = try scene.connect("subscriber", version)
    try subscriber.subscribe("a")
    try subscriber.expectPublish("a", "new", qos: .atLeastOnce, isRetained: true)
    try scene.expectNothing(for: subscriber)
  }

  @Test(arguments: World.allCases)
  func `RETAIN at QoS 0 discards what was retained before [MQTT311-3.3.1-7]`(world: World) throws {
    let scene = try Scene(world)
    let publisher = try scene.connect("publisher", .v311)
    try publisher.publish("a", "old", qos: .exactlyOnce, isRetained: true)
    try publisher.publish("a", "new", isRetained: true)
    let subscriber = try scene.connect("subscriber", .v311)
    try subscriber.subscribe("a")
    try subscriber.expectPublish("a", "new", isRetained: true)
  }

  @Test(arguments: World.allCases, ProtocolVersion.allCases)
  func `an empty retained message is delivered and removes [MQTT-3.3.1-6] [MQTT-3.3.1-7]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let present = try scene.connect("present", version)
    try present.subscribe("a")
    let publisher = try scene.connect("publisher", version)
    try publisher.publish("a", "kept", qos: .atLeastOnce, isRetained: true)
    try publisher.publish("a", "", qos: .atLeastOnce, isRetained: true)
    try present.acknowledge(try present.expectPublish("a", "kept", qos: .atLeastOnce))
    try present.acknowledge(try present.expectPublish("a", "", qos: .atLeastOnce))
    let late = try scene.connect("late", version)
    try late.subscribe("a")
    try scene.expectNothing(for: late)
  }

  @Test(arguments: World.allCases)
  func `without RETAIN what is retained stays [MQTT-3.3.1-8]`(world: World) throws {
    let scene = try Scene(world)
    let publisher = try scene.connect("publisher", .v5)
    try publisher.publish("a", "kept", isRetained: true)
    try publisher.publish("a", "passing")
    try publisher.publish("a", "")
    let subscriber = try scene.connect("subscriber", .v5)
    try subscriber.subscribe("a")
    try subscriber.expectPublish("a", "kept", isRetained: true)
    try scene.expectNothing(for: subscriber)
  }

  @Test(arguments: World.allCases)
  func `retain handling 0 sends what is retained each time [MQTT-3.3.1-9] [MQTT-3.8.4-4]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    try client.publish("a", "kept", isRetained: true)
    for _ in 0..<2 {
      try client.subscribe("a", retainHandling: .always)
      try client.expectPublish("a", "kept", isRetained: true)
    }
  }

  @Test(arguments: World.allCases)
  func `retain handling 1 sends for a new subscription only [MQTT-3.3.1-10]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    try client.publish("a", "kept", isRetained: true)
    try client.subscribe("a", retainHandling: .ifNew)
    try client.expectPublish("a", "kept", isRetained: true)
    try client.subscribe("a", retainHandling: .ifNew)
    try scene.expectNothing(for: client)
  }

  @Test(arguments: World.allCases)
  func `retain handling 2 sends nothing [MQTT-3.3.1-11]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    try client.publish("a", "kept", isRetained: true)
    try client.subscribe("a", retainHandling: .never)
    try scene.expectNothing(for: client)
  }

  @Test(arguments: World.allCases, ProtocolVersion.allCases)
  func `RETAIN is cleared for an established subscription [MQTT-3.3.1-12]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", version)
    try client.subscribe("a")
    try client.publish("a", "x", isRetained: true)
    try client.expectPublish("a", "x", isRetained: false)
  }

  @Test(arguments: World.allCases, [true, false])
  func `retain as published keeps RETAIN as it came [MQTT-3.3.1-13]`(
    world: World, isRetained: Bool
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    try client.subscribe("a", retainAsPublished: true)
    try client.publish("a", "x", isRetained: isRetained)
    try client.expectPublish("a", "x", isRetained: isRetained)
  }

  @Test(arguments: World.allCases, ["a/+", "a/#", "#", "+"])
  func `a wildcard in a topic name closes the connection [MQTT-3.3.2-2] [MQTT-4.7.0-1]`(
    world: World, topic: String
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.sendPublish(topic, "x")
    let answer = try client.next()
    guard case .disconnect(let disconnect) = answer else {
      Issue.record("\(answer) instead of DISCONNECT")
      return
    }
    #expect([.topicNameInvalid, .malformedPacket].contains(disconnect.reasonCode))
    try client.expectEnd()
  }

  @Test(arguments: World.allCases)
  func `a topic name of ill-formed UTF-8 closes the connection [MQTT-3.3.2-1]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.send(hex: "30 05 00 02 C3 28 00")
    try client.expectClosed(.malformedPacket)
  }

  @Test(arguments: World.allCases)
  func `only what matches the filter is delivered [MQTT-3.3.2-3]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    try client.subscribe("a/+/c")
    for topic in ["a/b", "a/b/c/d", "b/b/c", "a/b/c", "a//c", "/a/b/c"] {
      try client.publish(topic, topic)
    }
    try client.expectPublish("a/b/c", "a/b/c")
    try client.expectPublish("a//c", "a//c")
    try scene.expectNothing(for: client)
  }

  @Test(arguments: World.allCases)
  func `properties go on unaltered [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-20]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    try client.subscribe("a")
    let properties = [
      Property(.payloadFormatIndicator, .byte(1)), Property(.responseTopic, .string("answer/here")),
      Property(.correlationData, .binary([0, 255, 7])),
      Property(.contentType, .string("text/plain")),
    ]
    try client.publish("a", "x", properties)
    let publish = try client.expectPublish("a", "x")
    for property in properties {
      #expect(publish.properties[property.identifier] == property.value)
    }
    #expect(publish.properties.list.count == properties.count)
  }

  @Test(arguments: World.allCases)
  func `user properties keep their values and their order [MQTT-3.3.2-17] [MQTT-3.3.2-18]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    try client.subscribe("a")
    let pairs = [("b", "1"), ("a", ""), ("b", "1"), ("", "ä")].map {
      Property(.userProperty, .stringPair($0, $1))
    }
    try client.publish("a", "x", pairs)
    #expect(try client.expectPublish("a", "x").properties.list == pairs)
  }

  @Test func `a message that expires while it waits is not delivered [MQTT-3.3.2-5]`() throws {
    let scene = try Scene(.memory)
    let keeps = Property(.sessionExpiryInterval, .fourByteInteger(3600))
    let first = try scene.connect("subscriber", .v5, keeps)
    try first.subscribe("a")
    first.drop()
    let publisher = try scene.connect("publisher", .v5)
    try publisher.publish(
      "a", "short", qos: .atLeastOnce, [Property(.messageExpiryInterval, .fourByteInteger(10))])
    try publisher.publish("a", "long", qos: .atLeastOnce)
    scene.advance(seconds: 11)
    let second = try scene.connect("subscriber", .v5, cleanStart: false, keeps)
    try second.expectPublish("a", "long", qos: .atLeastOnce)
    try scene.expectNothing(for: second)
  }

  @Test func `a retained message that has expired is not delivered [MQTT-3.3.2-5]`() throws {
    let scene = try Scene(.memory)
    let client = try scene.connect("client", .v5)
    try client.publish(
      "a", "x", isRetained: true, [Property(.messageExpiryInterval, .fourByteInteger(10))])
    scene.advance(seconds: 11)
    try client.subscribe("a")
    try scene.expectNothing(for: client)
  }

  @Test func `the expiry interval is less the time spent waiting [MQTT-3.3.2-6]`() throws {
    let scene = try Scene(.memory)
    let keeps = Property(.sessionExpiryInterval, .fourByteInteger(3600))
    let first = try scene.connect("subscriber", .v5, keeps)
    try first.subscribe("a")
    first.drop()
    let publisher = try scene.connect("publisher", .v5)
    let expiry = [Property(.messageExpiryInterval, .fourByteInteger(100))]
    try publisher.publish("a", "queued", qos: .atLeastOnce, expiry)
    try publisher.publish("b", "kept", qos: .atLeastOnce, isRetained: true, expiry)
    scene.advance(seconds: 40)
    let second = try scene.connect("subscriber", .v5, cleanStart: false, keeps)
    let queued = try second.expectPublish("a", "queued", qos: .atLeastOnce)
    #expect(queued.properties.number(.messageExpiryInterval) == 60)
    try second.subscribe("b")
    let kept = try second.expectPublish("b", "kept", qos: .atLeastOnce)
    #expect(kept.properties.number(.messageExpiryInterval) == 60)
  }

  @Test(arguments: World.allCases)
  func `topic aliases up to our maximum are accepted [MQTT-3.3.2-12]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    let maximum = UInt16(try #require(client.connack.properties.number(.topicAliasMaximum)))
    try client.subscribe("a/+")
    for alias in 1...maximum {
      client.sendPublish("a/\(alias)", "x", Property(.topicAlias, .twoByteInteger(alias)))
      try client.expectPublish("a/\(alias)", "x")
    }
    for alias in 1...maximum {
      client.sendPublish("", "y", Property(.topicAlias, .twoByteInteger(alias)))
      try client.expectPublish("a/\(alias)", "y")
    }
  }

  @Test(arguments: World.allCases)
  func `an alias can be given to another topic [MQTT-3.3.2-12]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    try client.subscribe("#")
    let alias = Property(.topicAlias, .twoByteInteger(1))
    client.sendPublish("a", "1", alias)
    client.sendPublish("b", "2", alias)
    client.sendPublish("", "3", alias)
    try client.expectPublish("a", "1")
    try client.expectPublish("b", "2")
    try client.expectPublish("b", "3")
  }

  @Test(arguments: World.allCases)
  func `alias 0 closes the connection [MQTT-3.3.2-8]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.send(hex: "30 07 00 01 'a' 03 23 00 00")
    try client.expectClosed(.topicAliasInvalid)
  }

  @Test(arguments: World.allCases)
  func `an alias above our maximum closes the connection [MQTT-3.3.2-9] [MQTT-3.2.2-17]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    let maximum = UInt16(try #require(client.connack.properties.number(.topicAliasMaximum)))
    client.sendPublish("a", "x", Property(.topicAlias, .twoByteInteger(maximum + 1)))
    try client.expectClosed(.topicAliasInvalid)
  }

  @Test(arguments: World.allCases)
  func `an alias that was given no topic is a protocol error, one above our maximum 0x94`(
    world: World
  ) throws {
    let scene = try Scene(world)
    for (alias, reason) in [(3, ReasonCode.protocolError), (60_000, .topicAliasInvalid)] {
      let client = try scene.connect("client", .v5)
      client.sendPublish("", "x", Property(.topicAlias, .twoByteInteger(UInt16(alias))))
      try client.expectClosed(reason)
    }
  }

  @Test func `where aliases are off any alias closes the connection [MQTT-3.2.2-18]`() throws {
    let scene = Scene { $0.terms.topicAliasMaximum = 0 }
    let client = try scene.connect("client", .v5)
    client.sendPublish("a", "x", Property(.topicAlias, .twoByteInteger(1)))
    try client.expectClosed(.topicAliasInvalid)
  }

  @Test(arguments: World.allCases)
  func `aliases end with the connection [MQTT-3.3.2-7]`(world: World) throws {
    let scene = try Scene(world)
    let keeps = Property(.sessionExpiryInterval, .fourByteInteger(3600))
    let first = try scene.connect("client", .v5, keeps)
    first.sendPublish("a", "x", Property(.topicAlias, .twoByteInteger(1)))
    try first.settle()
    first.drop()
    let second = try scene.connect("client", .v5, cleanStart: false, keeps)
    second.sendPublish("", "x", Property(.topicAlias, .twoByteInteger(1)))
    let answer = try second.next()
    guard case .disconnect(let disconnect) = answer else {
      Issue.record("\(answer) instead of DISCONNECT")
      return
    }
    #expect([.protocolError, .topicAliasInvalid].contains(disconnect.reasonCode))
    try second.expectEnd()
  }

  @Test(arguments: World.allCases)
  func `our aliases stay within the client's maximum [MQTT-3.3.2-11] [MQTT-3.1.2-26]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5, Property(.topicAliasMaximum, .twoByteInteger(2)))
    try client.subscribe("#")
    var names: [UInt32: String] = [:]
    for index in 0..<12 {
      let topic = "topic/\(index % 4)"
      try client.publish(topic, "x")
      guard case .publish(let publish) = try client.next() else { return }
      guard let alias = publish.properties.number(.topicAlias) else {
        #expect(publish.topic == topic)
        continue
      }
      #expect((1...2).contains(alias))
      if !publish.topic.isEmpty { names[alias] = publish.topic }
      #expect(names[alias] == topic)
    }
  }

  @Test(arguments: World.allCases)
  func `without a maximum we send no alias [MQTT-3.1.2-27]`(world: World) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    try client.subscribe("#")
    for _ in 0..<4 {
      try client.publish("a", "x")
      #expect(try client.expectPublish("a", "x").properties[.topicAlias] == nil)
    }
  }

  @Test(arguments: World.allCases)
  func `a Response Topic with a wildcard closes the connection [MQTT-3.3.2-14]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.send(hex: "30 0A 00 01 'a' 06 08 00 03 'b/+'")
    let answer = try client.next()
    guard case .disconnect(let disconnect) = answer else {
      Issue.record("\(answer) instead of DISCONNECT")
      return
    }
    let codes: [ReasonCode] = [.topicNameInvalid, .malformedPacket, .protocolError]
    #expect(codes.contains(disconnect.reasonCode))
    try client.expectEnd()
  }

  @Test(arguments: World.allCases, [UInt8(0x08), 0x03])
  func `text properties of ill-formed UTF-8 close [MQTT-3.3.2-13] [MQTT-3.3.2-19]`(
    world: World, identifier: UInt8
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.send(bytes: bytesOf("30 09 00 01 'a' 05") + [identifier] + bytesOf("00 02 C3 28"))
    try client.expectClosed(.malformedPacket)
  }

  @Test(arguments: World.allCases, ProtocolVersion.allCases)
  func `a PUBLISH is answered as its QoS says [MQTT-3.3.4-1] [MQTT-4.3.2-4] [MQTT-4.3.3-8]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", version)
    try client.publish("a", "x", qos: .atMostOnce)
    try client.publish("a", "x", qos: .atLeastOnce)
    try client.publish("a", "x", qos: .exactlyOnce)
  }

  @Test(arguments: World.allCases, ProtocolVersion.allCases)
  func `overlapping subscriptions deliver at their highest QoS [MQTT-3.3.4-2]`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", version)
    try client.subscribe("a/#", qos: .atMostOnce)
    try client.subscribe("a/+", qos: .exactlyOnce)
    try client.subscribe("a/b", qos: .atLeastOnce)
    let publisher = try scene.connect("publisher", version)
    try publisher.publish("a/b", "x", qos: .exactlyOnce)
    try client.acknowledge(try client.expectPublish("a/b", "x", qos: .exactlyOnce))
    try scene.expectNothing(for: client)
  }

  @Test(arguments: World.allCases)
  func `the identifiers of all that match are sent [MQTT-3.3.4-3] [MQTT-3.3.4-4]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    try client.subscribe("a/#", identifier: 7)
    try client.subscribe("a/+", identifier: 268_435_455)
    try client.subscribe("a/b")
    try client.subscribe("b", identifier: 3)
    try client.publish("a/b", "x")
    let publish = try client.expectPublish("a/b", "x")
    let identifiers = publish.properties.list.filter { $0.identifier == .subscriptionIdentifier }
    #expect(
      Set(identifiers.map(\.value).map(String.init(describing:)))
        == ["variableByteInteger(7)", "variableByteInteger(268435455)"])
    #expect(identifiers.count == 2)
    try scene.expectNothing(for: client)
  }

  @Test(arguments: World.allCases)
  func `a subscription identifier from a client closes the connection [MQTT-3.3.4-6]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5)
    client.send(hex: "30 06 00 01 'a' 02 0B 07")
    try client.expectClosed(.protocolError)
  }

  @Test func `more messages than our Receive Maximum close the connection [MQTT-3.3.4-7]`() throws {
    let scene = Scene { $0.receiveMaximum = 3 }
    let client = try scene.connect("client", .v5)
    #expect(client.connack.properties.number(.receiveMaximum) == 3)
    for identifier: UInt16 in 1...3 {
      client.sendPublish("a", "x", qos: .exactlyOnce, identifier: identifier)
      guard case .pubrec = try client.next() else { return }
    }
    client.sendPublish("a", "x", qos: .exactlyOnce, identifier: 4)
    try client.expectClosed(.receiveMaximumExceeded)
  }

  @Test(arguments: World.allCases)
  func `no more in flight than the client's Receive Maximum [MQTT-3.3.4-9] [MQTT-4.9.0-2]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5, Property(.receiveMaximum, .twoByteInteger(2)))
    try client.subscribe("a")
    let publisher = try scene.connect("publisher", .v5)
    for index in 1...4 { try publisher.publish("a", "\(index)", qos: .atLeastOnce) }
    let first = try client.expectPublish("a", "1", qos: .atLeastOnce)
    try client.expectPublish("a", "2", qos: .atLeastOnce)
    try scene.expectNothing(for: client)
    try client.acknowledge(first)
    try client.expectPublish("a", "3", qos: .atLeastOnce)
    try scene.expectNothing(for: client)
  }

  @Test(arguments: World.allCases)
  func `PUBREC does not make room, PUBCOMP does [MQTT-4.9.0-1] [MQTT-4.9.0-2]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5, Property(.receiveMaximum, .twoByteInteger(1)))
    try client.subscribe("a")
    let publisher = try scene.connect("publisher", .v5)
    for index in 1...2 { try publisher.publish("a", "\(index)", qos: .exactlyOnce) }
    let first = try client.expectPublish("a", "1", qos: .exactlyOnce)
    let identifier = try #require(first.packetIdentifier)
    client.send(.pubrec(Acknowledgement(packetIdentifier: identifier)))
    try client.expect(.pubrel(Acknowledgement(packetIdentifier: identifier)))
    try scene.expectNothing(for: client)
    client.send(.pubcomp(Acknowledgement(packetIdentifier: identifier)))
    try client.expectPublish("a", "2", qos: .exactlyOnce)
  }

  @Test(arguments: World.allCases)
  func `other packets do not wait for the quota [MQTT-3.3.4-10] [MQTT-4.9.0-3]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect("client", .v5, Property(.receiveMaximum, .twoByteInteger(1)))
    try client.subscribe("a")
    let publisher = try scene.connect("publisher", .v5)
    for index in 1...2 { try publisher.publish("a", "\(index)", qos: .atLeastOnce) }
    try client.expectPublish("a", "1", qos: .atLeastOnce)
    try client.settle()
    try client.subscribe("b")
    try client.publish("c", "x", qos: .exactlyOnce)
  }

  @Test(arguments: World.allCases)
  func `a message too large for a client counts as delivered [MQTT-3.1.2-24] [MQTT-3.1.2-25]`(
    world: World
  ) throws {
    let scene = try Scene(world)
    let client = try scene.connect(
      "client", .v5, Property(.maximumPacketSize, .fourByteInteger(60)),
      Property(.receiveMaximum, .twoByteInteger(1)))
    try client.subscribe("a")
    let other = try scene.connect("other", .v5)
    try other.subscribe("a")
    let publisher = try scene.connect("publisher", .v5)
    let large = String(repeating: "x", count: 100)
    try publisher.publish("a", large, qos: .atLeastOnce)
    try publisher.publish("a", "small", qos: .atLeastOnce)
    try client.expectPublish("a", "small", qos: .atLeastOnce)
    try other.expectPublish("a", large, qos: .atLeastOnce)
    try other.expectPublish("a", "small", qos: .atLeastOnce)
  }
}
