// The outgoing PUBLISH as bytes: the same as the value encodes to, of the size that was told, with
// the packet identifier where it was said to be.

import Basis
import MQTTCodec
import TestSupport
import Testing

private struct Message: Sendable {
  var qos = QoS.atMostOnce
  var isRetained = false
  var isDuplicate = false
  var packetIdentifier: UInt16 = 0
  var topic = "a/b"
  var topicAlias: UInt16 = 0
  var expirySeconds: UInt32?
  var subscriptionIdentifiers: [UInt32] = []
  var forwarded: [UInt8] = []
  var payload: [UInt8] = [1, 2, 3]

  /// The form, behind a byte that was there before, where it has its packet identifier, and the
  /// size that was told.
  func form(_ version: ProtocolVersion) -> (bytes: [UInt8], identifierOffset: Int, size: Int) {
    var form = PublishForm(
      version, qos, topic: topic.utf8.span, forwardedProperties: forwarded.span,
      payload: payload.span)
    form.isRetained = isRetained
    form.isDuplicate = isDuplicate
    form.packetIdentifier = packetIdentifier
    form.topicAlias = topicAlias
    form.messageExpiryIntervalSeconds = expirySeconds
    form.subscriptionIdentifiers = subscriptionIdentifiers
    var buffer = ByteBuffer()
    buffer.append(0xEE)
    let offset = form.encode(into: &buffer)
    return (Array(buffer.bytes.dropFirst()), offset, form.encodedSize)
  }
}

@Suite struct PublishFormTests {
  @Test func `QoS 0 before 5.0`() throws {
    let form = Message(isRetained: true).form(.v311)
    #expect(form.bytes == (try bytes("31 { s\"a/b\" 01 02 03 }")))
    #expect(form.identifierOffset == 0)
  }

  @Test func `QoS 1 before 5.0 leaves out all properties`() throws {
    let form = Message(
      qos: .atLeastOnce, isDuplicate: true, packetIdentifier: 0x1234, topicAlias: 3,
      expirySeconds: 5, subscriptionIdentifiers: [7], forwarded: [1, 1]
    ).form(.v311)
    #expect(form.bytes == (try bytes("3a { s\"a/b\" 12 34 01 02 03 }")))
    #expect(form.bytes[form.identifierOffset] == 0x12)
  }

  @Test func `QoS 0 in 5.0 has a property length [MQTT-2.2.2-1]`() throws {
    let form = Message().form(.v5)
    #expect(form.bytes == (try bytes("30 { s\"a/b\" {} 01 02 03 }")))
  }

  @Test func `QoS 2 in 5.0 with every property [MQTT-3.3.4-3] [MQTT-3.3.4-4]`() throws {
    let form = Message(
      qos: .exactlyOnce, packetIdentifier: 9, topic: "", topicAlias: 3, expirySeconds: 0,
      subscriptionIdentifiers: [1, 300], forwarded: try bytes("01 01 26 s\"k\" s\"v\"")
    ).form(.v5)
    let expected = try bytes(
      "34 { s\"\" w9 { 23 w3 02 l0 0b 01 0b v300 01 01 26 s\"k\" s\"v\" } 01 02 03 }")
    #expect(form.bytes == expected)
    #expect(form.identifierOffset == 4)
  }

  @Test(arguments: [0, 100, 121, 122, 123, 16_376, 16_377, 16_378, 16_379, 70_000])
  func `sizes are right where the length takes another byte`(_ count: Int) throws {
    for version in ProtocolVersion.allCases {
      for qos in QoS.allCases {
        let message = Message(
          qos: qos, packetIdentifier: qos == .atMostOnce ? 0 : 7, expirySeconds: 1,
          payload: [UInt8](repeating: 0x78, count: count))
        let form = message.form(version)
        #expect(form.size == form.bytes.count)
        let packet = try decode(form.bytes, version, .toClient)
        let expected = Publish(
          topic: "a/b", payload: message.payload, qos: qos,
          packetIdentifier: PacketIdentifier(rawValue: message.packetIdentifier),
          properties: version == .v5
            ? Properties([Property(.messageExpiryInterval, .fourByteInteger(1))]) : Properties())
        #expect(packet == .publish(expected))
        #expect(form.bytes == encode(.publish(expected), version))
        if qos != .atMostOnce {
          #expect(Array(form.bytes[form.identifierOffset...].prefix(2)) == [0, 7])
        }
      }
    }
  }

  @Test func `many properties take a length of two bytes`() throws {
    let forwarded = try bytes("26 s\"k\" ( 78*200 )")
    let message = Message(subscriptionIdentifiers: [5], forwarded: forwarded)
    let form = message.form(.v5)
    #expect(form.bytes.count == form.size)
    #expect(form.bytes == (try bytes("30 { s\"a/b\" { 0b 05 26 s\"k\" ( 78*200 ) } 01 02 03 }")))
  }

  @Test func `a received message goes out again with what belongs to it [MQTT-3.3.2-17]`() throws {
    let received = try bytes(
      "32 { s\"a/b\" w7 { 23 w1 26 s\"k\" s\"v\" 02 l60 01 01 } \"hi\" }")
    let header = try #require(try header(received, version: .v5))
    let view = try PublishView.decode(
      received.span, header, version: .v5, direction: .toServer)
    var forwarded = ByteBuffer()
    view.appendForwardedProperties(from: received.span, into: &forwarded)
    var buffer = ByteBuffer()
    let span = received.span
    var form = PublishForm(
      .v5, .atMostOnce, topic: span.extracting(view.topic), forwardedProperties: forwarded.span,
      payload: span.extracting(view.payload))
    form.messageExpiryIntervalSeconds = 50
    form.subscriptionIdentifiers = [4]
    form.encode(into: &buffer)
    #expect(
      buffer.bytes
        == (try bytes("30 { s\"a/b\" { 02 l50 0b 04 26 s\"k\" s\"v\" 01 01 } \"hi\" }")))
  }
}
