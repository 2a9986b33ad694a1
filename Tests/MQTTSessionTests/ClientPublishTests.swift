// Messages to the server: every handshake by its packets, the server's limits, topic aliases, and
// what becomes of an open handshake when connection or session is lost.

import Basis
import MQTTCodec
import MQTTSession
import Testing

@Suite struct ClientPublishTests {
  static func message(
    _ topic: String, _ payload: String, _ qos: QoS, id: UInt16 = 0, isDuplicate: Bool = false,
    isRetained: Bool = false, properties: Properties = Properties()
  ) -> Packet {
    .publish(
      Publish(
        topic: topic, payload: Array(payload.utf8), qos: qos, isRetained: isRetained,
        isDuplicate: isDuplicate, packetIdentifier: PacketIdentifier(rawValue: id),
        properties: properties))
  }

  static func connack(_ identifier: PropertyIdentifier, _ value: PropertyValue) -> Connack {
    Connack(properties: Properties([Property(identifier, value)]))
  }

  static func keptSession(_ settings: inout ClientSettings) {
    settings.cleanStart = false
    settings.connectProperties.append(.sessionExpiryInterval, .fourByteInteger(100))
  }

  @Test(arguments: ProtocolVersion.allCases)
  func `QoS 0 is one packet and no handshake [MQTT-4.3.1-1]`(_ version: ProtocolVersion) throws {
    let client = try ClientUnderTest.connected(version)
    try client.publish("a/b", "hi", .atMostOnce, isRetained: true)
    #expect(try client.takeSent() == [Self.message("a/b", "hi", .atMostOnce, isRetained: true)])
    #expect(client.events() == [])
    #expect(client.session.unpublishedCount == 0)
  }

  @Test(arguments: ProtocolVersion.allCases)
  func `QoS 1 ends with PUBACK [MQTT-4.3.2-3]`(_ version: ProtocolVersion) throws {
    let client = try ClientUnderTest.connected(version)
    try client.publish("t", "m", .atLeastOnce, token: 77)
    #expect(try client.takeSent() == [Self.message("t", "m", .atLeastOnce, id: 1)])
    #expect(client.session.unpublishedCount == 1)
    client.feed(.puback(try acknowledgement(1)))
    #expect(client.events() == [.published(token: 77, try acknowledgement(1))])
    #expect(client.session.unpublishedCount == 0)
  }

  @Test(arguments: ProtocolVersion.allCases)
  func `QoS 2 takes four packets [MQTT-4.3.3-4] [MQTT-4.3.3-5]`(_ version: ProtocolVersion) throws {
    let client = try ClientUnderTest.connected(version)
    try client.publish("t", "m", .exactlyOnce, token: 78)
    #expect(try client.takeSent() == [Self.message("t", "m", .exactlyOnce, id: 1)])
    client.feed(.pubrec(try acknowledgement(1)))
    #expect(client.events() == [])
    #expect(try client.takeSent() == [.pubrel(try acknowledgement(1))])
    client.feed(.pubcomp(try acknowledgement(1)))
    #expect(client.events() == [.published(token: 78, try acknowledgement(1))])
  }

  @Test(arguments: [PacketType.puback, .pubrec])
  func `a refusal ends the handshake and brings its reason string`(_ type: PacketType) throws {
    let client = try ClientUnderTest.connected()
    try client.publish("t", "m", type == .puback ? .atLeastOnce : .exactlyOnce, token: 5)
    _ = try client.takeSent()
    var refusal = try acknowledgement(1, .notAuthorized)
    refusal.properties = Properties([Property(.reasonString, .string("no"))])
    client.feed(type == .puback ? .puback(refusal) : .pubrec(refusal))
    #expect(client.events() == [.published(token: 5, refusal)])
    #expect(try client.takeSent().isEmpty)
    #expect(client.canPublish)
  }

  struct Pair: Sendable {
    var qos: QoS
    var isReleased: Bool
    var packet: PacketType
    var isFault: Bool
  }

  static let wrongPairs: [Pair] = [
    Pair(qos: .atLeastOnce, isReleased: false, packet: .pubrec, isFault: true),
    Pair(qos: .atLeastOnce, isReleased: false, packet: .pubcomp, isFault: true),
    Pair(qos: .exactlyOnce, isReleased: false, packet: .puback, isFault: true),
    Pair(qos: .exactlyOnce, isReleased: false, packet: .pubcomp, isFault: true),
    Pair(qos: .exactlyOnce, isReleased: true, packet: .puback, isFault: true),
    Pair(qos: .exactlyOnce, isReleased: true, packet: .pubrec, isFault: false),
  ]

  @Test(arguments: wrongPairs)
  func `an acknowledgement that the handshake does not wait for is a fault`(_ pair: Pair) throws {
    let client = try ClientUnderTest.connected()
    try client.publish("t", "m", pair.qos)
    if pair.isReleased { client.feed(.pubrec(try acknowledgement(1))) }
    #expect(client.events() == [])
    _ = try client.takeSent()
    let answer = try acknowledgement(1)
    switch pair.packet {
    case .puback: client.feed(.puback(answer))
    case .pubrec: client.feed(.pubrec(answer))
    case .pubcomp: client.feed(.pubcomp(answer))
    case _: throw Surprise("not an answer to PUBLISH")
    }
    let fault = client.events().first?.fault
    if pair.isFault {
      #expect(fault?.reasonCode == .protocolError)
      #expect(
        fault?.description == "\(pair.packet.name) for packet identifier 1, "
          + "whose handshake waits for another packet [4.3]")
    } else {
      #expect(fault == nil)
      #expect(try client.takeSent() == [.pubrel(try acknowledgement(1))])
    }
  }

  @Test func `PUBREC for an unknown identifier is answered PUBREL with 0x92`() throws {
    let client = try ClientUnderTest.connected()
    client.feed(.pubrec(try acknowledgement(9)))
    #expect(client.events() == [])
    #expect(
      try client.takeSent() == [.pubrel(try acknowledgement(9, .packetIdentifierNotFound))])
  }

  @Test func `the window is the smaller of our own and Receive Maximum [MQTT-3.3.4-7]`() throws {
    for (own, theirs, window) in [(UInt16(5), UInt16(3), 3), (3, 5, 3)] {
      let client = try ClientUnderTest.connected(
        connack: Self.connack(.receiveMaximum, .twoByteInteger(theirs))
      ) { $0.sendWindow = own }
      var sent = 0
      while client.canPublish {
        try client.publish("t", "m", .atLeastOnce)
        sent += 1
      }
      #expect(sent == window)
      client.feed(.puback(try acknowledgement(1)))
      _ = client.events()
      #expect(client.canPublish)
    }
  }

  @Test func `QoS above the server's maximum is refused here [MQTT-3.2.2-11]`() throws {
    let client = try ClientUnderTest.connected(connack: Self.connack(.maximumQoS, .byte(1)))
    let fault = #expect(throws: RequestFault.self) {
      try client.publish("t", "m", .exactlyOnce)
    }
    #expect(fault?.reasonCode == .qosNotSupported)
    #expect(
      fault?.description
        == "QoS 2 is more than the QoS 1 that the broker takes [MQTT-3.2.2-11]")
    #expect(client.session.outputCount == 0)
  }

  @Test func `retaining is refused here where the server does not [MQTT-3.2.2-14]`() throws {
    let client = try ClientUnderTest.connected(connack: Self.connack(.retainAvailable, .byte(0)))
    let fault = #expect(throws: RequestFault.self) {
      try client.publish("t", "m", .atMostOnce, isRetained: true)
    }
    #expect(fault?.reasonCode == .retainNotSupported)
    #expect(
      fault?.description == "the broker does not take retained messages [MQTT-3.2.2-14]")
  }

  @Test func `a packet of exactly the maximum size goes, one byte more does not [MQTT-3.2.2-15]`()
    throws
  {
    let client = try ClientUnderTest.connected(
      connack: Self.connack(.maximumPacketSize, .fourByteInteger(12)))
    try client.publish("t", "123456", .atMostOnce)
    #expect(client.session.takeOutput().count == 12)
    let fault = #expect(throws: RequestFault.self) {
      try client.publish("t", "1234567", .atMostOnce)
    }
    #expect(fault?.reasonCode == .packetTooLarge)
    #expect(
      fault?.description
        == "the message makes a packet of 13 bytes; the broker takes at most 12 [MQTT-3.2.2-15]")
    #expect(client.session.outputCount == 0)
  }

  @Test(arguments: ["", "a/#", "+", "a\u{0}b"])
  func `what is no topic name is refused here [MQTT-3.3.2-2]`(_ topic: String) throws {
    let client = try ClientUnderTest.connected()
    let fault = #expect(throws: RequestFault.self) {
      try client.publish(topic, "m", .atMostOnce)
    }
    #expect(fault?.reasonCode == .topicNameInvalid)
    #expect(fault?.description.contains("is not a topic name: ") == true)
  }

  @Test func `a form serves many messages; aliases replace the topic from the second on`() throws {
    let client = try ClientUnderTest.connected(
      connack: Self.connack(.topicAliasMaximum, .twoByteInteger(1))
    ) { $0.topicAliasLimit = 10 }
    let form = try client.session.form(topic: "long/topic", qos: .atLeastOnce)
    for payload in ["1", "2"] {
      try client.session.publish(payload.utf8.span, as: form, token: 0, now: client.now)
    }
    let alias = Properties([Property(.topicAlias, .twoByteInteger(1))])
    #expect(
      try client.takeSent() == [
        Self.message("long/topic", "1", .atLeastOnce, id: 1, properties: alias),
        Self.message("", "2", .atLeastOnce, id: 2, properties: alias),
      ])
    let second = try client.session.form(topic: "other", qos: .atMostOnce)
    try client.session.publish("3".utf8.span, as: second, token: 0, now: client.now)
    #expect(try client.takeSent() == [Self.message("other", "3", .atMostOnce)])
  }

  @Test func `aliases end with the connection and are not in what is resent [MQTT-3.3.2-7]`()
    throws
  {
    let maximum = Property(.topicAliasMaximum, .twoByteInteger(1))
    let client = try ClientUnderTest.connected(
      connack: Connack(properties: Properties([maximum]))
    ) {
      Self.keptSession(&$0)
      $0.topicAliasLimit = 1
    }
    let form = try client.session.form(topic: "t", qos: .atLeastOnce)
    try client.session.publish("1".utf8.span, as: form, token: 0, now: client.now)
    _ = try client.takeSent()
    client.lose()
    try client.reconnect(Connack(isSessionPresent: true, properties: Properties([maximum])))
    try client.session.publish("2".utf8.span, as: form, token: 0, now: client.now)
    #expect(
      try client.takeSent() == [
        Self.message("t", "1", .atLeastOnce, id: 1, isDuplicate: true),
        Self.message(
          "t", "2", .atLeastOnce, id: 2,
          properties: Properties([Property(.topicAlias, .twoByteInteger(1))])),
      ])
  }

  @Test func `one alias for two topics is announced anew at each change`() throws {
    let client = try ClientUnderTest.connected(
      connack: Self.connack(.topicAliasMaximum, .twoByteInteger(5)))
    let alias = Properties([Property(.topicAlias, .twoByteInteger(5))])
    let forms = try ["a", "b"].map {
      try client.session.form(topic: $0, qos: .atMostOnce, properties: alias)
    }
    for index in [0, 1, 1, 0] {
      try client.session.publish("".utf8.span, as: forms[index], token: 0, now: client.now)
    }
    #expect(
      try client.takeSent()
        == ["a", "b", "", "a"].map { Self.message($0, "", .atMostOnce, properties: alias) })
  }

  @Test func `an alias beyond the server's maximum is refused here [MQTT-3.3.2-9]`() throws {
    let client = try ClientUnderTest.connected()
    let fault = #expect(throws: RequestFault.self) {
      try client.publish(
        "t", "m", .atMostOnce,
        properties: Properties([Property(.topicAlias, .twoByteInteger(3))]))
    }
    #expect(
      fault?.description
        == "topic alias 3 is not within the 0 that the broker allows [MQTT-3.3.2-9]")
  }

  @Test(arguments: [ProtocolVersion.v311, .v5])
  func `a resumed session sends open handshakes again in order, with DUP [MQTT-4.4.0-1]`(
    _ version: ProtocolVersion
  ) throws {
    let client = try ClientUnderTest.connected(version, Self.keptSession)
    try client.publish("t", "1", .exactlyOnce, token: 1)
    try client.publish("t", "2", .atLeastOnce, token: 2)
    try client.publish("t", "3", .exactlyOnce, token: 3)
    client.feed(.pubrec(try acknowledgement(1)))
    _ = client.events()
    _ = try client.takeSent()
    client.lose()
    try client.reconnect(Connack(isSessionPresent: true))
    #expect(
      try client.takeSent() == [
        .pubrel(try acknowledgement(1)),
        Self.message("t", "2", .atLeastOnce, id: 2, isDuplicate: true),
        Self.message("t", "3", .exactlyOnce, id: 3, isDuplicate: true),
      ])
    client.feed(.pubcomp(try acknowledgement(1)))
    client.feed(.puback(try acknowledgement(2)))
    #expect(
      client.events() == [
        .published(token: 1, try acknowledgement(1)), .published(token: 2, try acknowledgement(2)),
      ])
  }

  @Test func `a lost session sends what was not received anew, without DUP [MQTT-4.3.2-2]`()
    throws
  {
    let client = try ClientUnderTest.connected(.v5, Self.keptSession)
    try client.publish("t", "1", .exactlyOnce, token: 1)
    try client.publish("t", "2", .exactlyOnce, token: 2)
    try client.publish("t", "3", .atLeastOnce, token: 3)
    client.feed(.pubrec(try acknowledgement(1)))
    _ = client.events()
    _ = try client.takeSent()
    client.lose()
    client.session.open(now: client.now)
    _ = try client.takeSent()
    client.feed(.connack(Connack()))
    // The first was the server's since PUBREC: sending it again would double it.
    #expect(
      client.events() == [.connected(Connack()), .published(token: 1, try acknowledgement(1))])
    #expect(
      try client.takeSent() == [
        Self.message("t", "2", .exactlyOnce, id: 1),
        Self.message("t", "3", .atLeastOnce, id: 2),
      ])
    #expect(client.session.unpublishedCount == 2)
  }

  @Test func `anew also obeys the window, and new messages wait behind [MQTT-4.6.0-1]`() throws {
    let client = try ClientUnderTest.connected(.v5, Self.keptSession)
    for number in 1...3 { try client.publish("t", "\(number)", .atLeastOnce) }
    _ = try client.takeSent()
    client.lose()
    try client.reconnect(Self.connack(.receiveMaximum, .twoByteInteger(2)))
    #expect(try client.takeSent().count == 2)
    #expect(!client.canPublish)
    client.feed(.puback(try acknowledgement(1)))
    _ = client.events()
    #expect(try client.takeSent() == [Self.message("t", "3", .atLeastOnce, id: 3)])
  }

  @Test func `what the new server does not take is reported, not sent`() throws {
    let client = try ClientUnderTest.connected(.v5, Self.keptSession)
    try client.publish("t", "1", .exactlyOnce, token: 9)
    _ = try client.takeSent()
    client.lose()
    client.session.open(now: client.now)
    _ = try client.takeSent()
    client.feed(.connack(Self.connack(.maximumQoS, .byte(1))))
    let events = client.events()
    guard case .published(token: 9, let answer) = events.last else {
      throw Surprise("\(events)")
    }
    #expect(answer.reasonCode == .qosNotSupported)
    #expect(try client.takeSent().isEmpty)
  }

  @Test func `an identifier of a waiting SUBSCRIBE is not used [MQTT-2.2.1-3]`() throws {
    let client = try ClientUnderTest.connected()
    let request = try client.session.subscribe([Subscription(filter: "#")], now: client.now)
    for _ in 1..<65_535 {
      try client.publish("t", "", .atLeastOnce)
      let sent = try client.takeSent()
      guard case .publish(let publish) = try #require(sent.last) else { throw Surprise("") }
      #expect(publish.packetIdentifier != request)
      let identifier = try #require(publish.packetIdentifier)
      client.feed(.puback(Acknowledgement(packetIdentifier: identifier)))
      _ = client.events()
    }
    #expect(!client.canPublish)
    client.feed(.suback(Suback(packetIdentifier: request, reasonCodes: [.success])))
    _ = client.events()
    #expect(client.canPublish)
  }

  @Test func `messages of a session that is lost twice keep their order [MQTT-4.6.0-1]`() throws {
    let narrow = Connack(
      properties: Properties([Property(.receiveMaximum, .twoByteInteger(2))]))
    let client = try ClientUnderTest.connected()
    for number in 1...4 {
      try client.publish("t", "\(number)", .atLeastOnce, token: UInt64(number))
    }
    client.lose()
    try client.reconnect(narrow)
    client.lose()
    _ = try client.takeSent()
    try client.reconnect()
    let payloads = try client.takeSent().compactMap { packet -> String? in
      if case .publish(let publish) = packet {
        String(decoding: publish.payload, as: UTF8.self)
      } else {
        nil
      }
    }
    #expect(payloads == ["1", "2", "3", "4"])
  }
}
