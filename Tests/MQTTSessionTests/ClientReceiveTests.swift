// Messages from the server: when they are answered, that nothing is shown twice, and what an alias
// stands for.

import Basis
import MQTTCodec
import MQTTSession
import Testing

@Suite struct ClientReceiveTests {
  static func whenTold(_ settings: inout ClientSettings) {
    settings.acknowledging = .whenTold
    settings.cleanStart = false
    settings.connectProperties.append(.sessionExpiryInterval, .fourByteInteger(100))
  }

  @Test(arguments: [0, 1])
  func `a QoS 1 message under the identifier of another one is shown, DUP or not`(
    acknowledgedWhileAway: Int
  ) throws {
    let client = try ClientUnderTest.connected(.v5, Self.whenTold)
    client.feedMessage("t", "1", .atLeastOnce, id: 5)
    #expect(try client.messages().count == 1)
    client.lose()
    client.session.acknowledge(acknowledgedWhileAway, now: client.now)
    // A server that was started again has given the identifier to another message.
    try client.reconnect(Connack(isSessionPresent: true))
    client.feedMessage("t", "2", .atLeastOnce, id: 5, isDuplicate: true)
    #expect(try client.messages().map(\.payload) == [Array("2".utf8)])
    client.session.acknowledge(2 - acknowledgedWhileAway, now: client.now)
    #expect(try client.takeSent() == [.puback(try acknowledgement(5))])
  }

  @Test(arguments: ProtocolVersion.allCases)
  func `messages come out as they went in, at every split of the bytes`(
    _ version: ProtocolVersion
  ) throws {
    let properties =
      version == .v5 ? Properties([Property(.contentType, .string("text"))]) : Properties()
    let messages = try [
      Publish(topic: "a", payload: [1, 2, 3], properties: properties),
      Publish(
        topic: "b/c", payload: [], qos: .atLeastOnce, isRetained: true,
        packetIdentifier: identifier(7)),
      Publish(
        topic: "d", payload: [9], qos: .exactlyOnce, packetIdentifier: identifier(8)),
    ]
    var bytes = ByteBuffer()
    for message in messages { Packet.publish(message).encode(into: &bytes, version: version) }
    for split in 0...bytes.count {
      let client = try ClientUnderTest.connected(version)
      client.feed(bytes: Array(bytes.bytes[..<split]))
      var received = try client.messages()
      client.feed(bytes: Array(bytes.bytes[split...]))
      received += try client.messages()
      #expect(received == messages)
    }
  }

  @Test func `topic and payload can be read in place`() throws {
    let client = try ClientUnderTest.connected()
    client.feedMessage("room/1", "warm")
    guard case .message(let view) = client.session.nextEvent(now: client.now) else {
      throw Surprise("no message")
    }
    let texts = texts(of: view, in: client.session)
    #expect(texts == ["room/1", "warm"])
  }

  @Test func `on arrival QoS 1 is answered PUBACK [MQTT-4.3.2-4]`() throws {
    let client = try ClientUnderTest.connected()
    client.feedMessage("t", "m", .atLeastOnce, id: 5)
    #expect(try client.messages().count == 1)
    #expect(try client.takeSent() == [.puback(try acknowledgement(5))])
  }

  @Test func `on arrival QoS 2 is answered PUBREC, and PUBREL PUBCOMP [MQTT-4.3.3-8]`() throws {
    let client = try ClientUnderTest.connected()
    client.feedMessage("t", "m", .exactlyOnce, id: 5)
    #expect(try client.messages().count == 1)
    #expect(try client.takeSent() == [.pubrec(try acknowledgement(5))])
    client.feedMessage("t", "m", .exactlyOnce, id: 5, isDuplicate: true)
    #expect(try client.messages().isEmpty)
    #expect(try client.takeSent() == [.pubrec(try acknowledgement(5))])
    client.feed(.pubrel(try acknowledgement(5)))
    #expect(client.events() == [])
    #expect(try client.takeSent() == [.pubcomp(try acknowledgement(5))])
    client.feedMessage("t", "m", .exactlyOnce, id: 5)
    #expect(try client.messages().count == 1)
  }

  @Test func `PUBREL for an unknown identifier is answered 0x92 in 5`() throws {
    let client = try ClientUnderTest.connected()
    client.feed(.pubrel(try acknowledgement(5)))
    #expect(client.events() == [])
    #expect(
      try client.takeSent() == [.pubcomp(try acknowledgement(5, .packetIdentifierNotFound))])
  }

  @Test func `when told, nothing is answered before, and then in order [MQTT-4.6.0-2]`() throws {
    let client = try ClientUnderTest.connected(.v5, Self.whenTold)
    client.feedMessage("t", "1", .atLeastOnce, id: 3)
    client.feedMessage("t", "2", .exactlyOnce, id: 2)
    client.feedMessage("t", "3")
    client.feedMessage("t", "4", .atLeastOnce, id: 1)
    #expect(try client.messages().count == 4)
    #expect(client.session.unacknowledgedCount == 3)
    #expect(try client.takeSent().isEmpty)
    client.session.acknowledge(2, now: client.now)
    #expect(
      try client.takeSent() == [.puback(try acknowledgement(3)), .pubrec(try acknowledgement(2))])
    client.session.acknowledge(1, now: client.now)
    #expect(try client.takeSent() == [.puback(try acknowledgement(1))])
    #expect(client.session.unacknowledgedCount == 0)
  }

  @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
  func `a message that still waits for its owner is not shown again after a reconnect`(_ qos: QoS)
    throws
  {
    let client = try ClientUnderTest.connected(.v5, Self.whenTold)
    client.feedMessage("t", "1", qos, id: 3)
    #expect(try client.messages().count == 1)
    client.lose()
    try client.reconnect(Connack(isSessionPresent: true))
    client.feedMessage("t", "1", qos, id: 3, isDuplicate: true)
    #expect(try client.messages().isEmpty)
    #expect(try client.takeSent().isEmpty)
    client.session.acknowledge(1, now: client.now)
    let answer = try acknowledgement(3)
    #expect(try client.takeSent() == [qos == .atLeastOnce ? .puback(answer) : .pubrec(answer)])
  }

  @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
  func `a message finished while away is answered at once and not shown again`(_ qos: QoS) throws {
    let client = try ClientUnderTest.connected(.v5, Self.whenTold)
    client.feedMessage("t", "1", qos, id: 3)
    #expect(try client.messages().count == 1)
    client.lose()
    client.session.acknowledge(1, now: client.now)
    #expect(client.session.outputCount == 0)
    try client.reconnect(Connack(isSessionPresent: true))
    #expect(try client.takeSent().isEmpty)
    client.feedMessage("t", "1", qos, id: 3, isDuplicate: true)
    #expect(try client.messages().isEmpty)
    let answer = try acknowledgement(3)
    #expect(try client.takeSent() == [qos == .atLeastOnce ? .puback(answer) : .pubrec(answer)])
  }

  @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
  func `with a lost session the old messages are never answered and identifiers are free`(
    _ qos: QoS
  ) throws {
    let client = try ClientUnderTest.connected(.v5, Self.whenTold)
    client.feedMessage("t", "1", qos, id: 3)
    #expect(try client.messages().count == 1)
    client.lose()
    try client.reconnect()
    client.feedMessage("t", "new", qos, id: 3)
    #expect(try client.messages().map(\.payload) == [Array("new".utf8)])
    client.session.acknowledge(1, now: client.now)
    #expect(try client.takeSent().isEmpty)
    client.session.acknowledge(1, now: client.now)
    #expect(try client.takeSent().count == 1)
  }

  @Test func `QoS 1 with an identifier whose message waits is a fault [MQTT-2.2.1-4]`() throws {
    let client = try ClientUnderTest.connected(.v5, Self.whenTold)
    client.feedMessage("t", "1", .atLeastOnce, id: 3)
    client.feedMessage("t", "2", .atLeastOnce, id: 3)
    let fault = try #require(client.events().last?.fault)
    #expect(fault.reasonCode == .packetIdentifierInUse)
    #expect(
      fault.description
        == "PUBLISH with packet identifier 3, whose message is not acknowledged [MQTT-2.2.1-4]")
  }

  @Test func `PUBREL before our PUBREC is a fault`() throws {
    let client = try ClientUnderTest.connected(.v5, Self.whenTold)
    client.feedMessage("t", "1", .exactlyOnce, id: 3)
    client.feed(.pubrel(try acknowledgement(3)))
    #expect(
      client.events().last?.fault?.description
        == "PUBREL for packet identifier 3 before its PUBREC [MQTT-4.3.3-4]")
  }

  @Test func `more messages than our Receive Maximum are a fault [MQTT-3.3.4-9]`() throws {
    let client = try ClientUnderTest.connected(.v5) {
      Self.whenTold(&$0)
      $0.connectProperties.append(.receiveMaximum, .twoByteInteger(2))
    }
    client.feedMessage("t", "1", .atLeastOnce, id: 1)
    client.feedMessage("t", "2", .exactlyOnce, id: 2)
    #expect(try client.messages().count == 2)
    client.feedMessage("t", "3", .atLeastOnce, id: 3)
    let fault = try #require(client.events().last?.fault)
    #expect(fault.reasonCode == .receiveMaximumExceeded)
    #expect(
      try client.takeSent() == [.disconnect(Disconnect(reasonCode: .receiveMaximumExceeded))])
  }

  static func alias(_ number: UInt16) -> Properties {
    Properties([Property(.topicAlias, .twoByteInteger(number))])
  }

  static func allowsAliases(_ settings: inout ClientSettings) {
    settings.connectProperties.append(.topicAliasMaximum, .twoByteInteger(2))
  }

  @Test func `an alias stands for its topic until it is given another [MQTT-3.3.2-10]`() throws {
    let client = try ClientUnderTest.connected(.v5, Self.allowsAliases)
    client.feedMessage("first", "1", properties: Self.alias(2))
    client.feedMessage("", "2", properties: Self.alias(2))
    client.feedMessage("second", "3", properties: Self.alias(2))
    client.feedMessage("", "4", properties: Self.alias(2))
    #expect(try client.messages().map(\.topic) == ["first", "first", "second", "second"])
  }

  @Test func `an alias that is rebound forever takes no more memory than its topics`() throws {
    let client = try ClientUnderTest.connected(.v5, Self.allowsAliases)
    let topic = String(repeating: "x", count: 5_000)
    client.feedMessage("kept", "", properties: Self.alias(1))
    for number in 0..<40 { client.feedMessage("\(topic)\(number)", "", properties: Self.alias(2)) }
    client.feedMessage("", "", properties: Self.alias(1))
    client.feedMessage("", "", properties: Self.alias(2))
    #expect(try client.messages().suffix(2).map(\.topic) == ["kept", "\(topic)39"])
  }

  @Test func `an alias that stands for nothing is a fault`() throws {
    let client = try ClientUnderTest.connected(.v5, Self.allowsAliases)
    client.feedMessage("", "1", properties: Self.alias(2))
    #expect(
      client.events().first?.fault?.description
        == "topic alias 2 stands for no topic yet [3.3.2.3.4]")
  }

  @Test func `an alias beyond our maximum is a fault [MQTT-3.3.2-11]`() throws {
    let client = try ClientUnderTest.connected(.v5, Self.allowsAliases)
    client.feedMessage("t", "1", properties: Self.alias(3))
    let fault = try #require(client.events().first?.fault)
    #expect(fault.reasonCode == .topicAliasInvalid)
    #expect(
      fault.description
        == "topic alias 3 is more than the 2 that CONNECT allowed [MQTT-3.3.2-11]")
  }

  @Test func `the server's aliases end with the connection [MQTT-3.3.2-7]`() throws {
    let client = try ClientUnderTest.connected(.v5, Self.allowsAliases)
    client.feedMessage("t", "1", properties: Self.alias(1))
    #expect(try client.messages().count == 1)
    client.lose()
    try client.reconnect()
    client.feedMessage("", "2", properties: Self.alias(1))
    #expect(client.events().first?.fault != nil)
  }
}

private func texts(of view: PublishView, in session: borrowing ClientSession) -> [String] {
  [text(session.topic(of: view)), text(session.payload(of: view))]
}

private func text(_ bytes: Span<UInt8>) -> String {
  String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
}
