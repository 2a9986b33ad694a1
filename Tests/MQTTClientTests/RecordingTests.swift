// A message as a line of JSON: written and read back it is the same, and a line that is none says
// where and why.

import Basis
import MQTTClient
import MQTTCodec
import Testing

@Suite struct RecordingTests {
  private func line(_ recorded: RecordedMessage) -> String {
    var buffer = ByteBuffer()
    recorded.append(to: &buffer)
    return String(decoding: buffer.bytes, as: UTF8.self)
  }

  @Test func `a message is one line in a fixed order`() {
    let message = Publish(
      topic: "sensor/\"1\"", payload: Array("21.5\n".utf8), qos: .exactlyOnce, isRetained: true,
      properties: Properties([
        Property(.contentType, .string("text/plain")),
        Property(.userProperty, .stringPair("a", "1")),
        Property(.correlationData, .binary([0xFF, 0])),
        Property(.userProperty, .stringPair("a", "2")),
      ]))
    #expect(
      line(RecordedMessage(message, receivedAt: 1_763_719_200_123_456_789))
        == #"{"time":"2025-11-21T10:00:00.123456789Z","topic":"sensor/\"1\"","qos":2,"#
        + #""retain":true,"payload":"21.5\n","properties":{"content-type":"text/plain","#
        + #""correlation-data-base64":"/wA=","user-properties":[["a","1"],["a","2"]]}}"# + "\n")
  }

  static let payloads: [[UInt8]] = [
    [], [0], [0xFF], Array(0...255), Array(0...127), Array("grün \u{1F600} \"\\\u{7F}".utf8),
    [0xC3], [0xED, 0xA0, 0x80], Array(repeating: 0x0A, count: 100),
  ]

  @Test(arguments: payloads) func `every payload and correlation data come back exactly`(
    _ payload: [UInt8]
  ) throws {
    var message = Publish(topic: "a/b", payload: payload, qos: .atLeastOnce)
    message.properties.append(.correlationData, .binary(payload))
    let recorded = RecordedMessage(message, receivedAt: -1)
    let text = line(recorded)
    #expect(text.hasSuffix("}\n"))
    #expect(text.dropLast().allSatisfy { $0 != "\n" })
    #expect(try RecordedMessage(parsing: Array(text.dropLast().utf8)) == recorded)
  }

  @Test func `every property of PUBLISH comes back, and the alias of the connection does not`()
    throws
  {
    let kept: [Property] = [
      Property(.payloadFormatIndicator, .byte(1)),
      Property(.messageExpiryInterval, .fourByteInteger(.max)),
      Property(.contentType, .string("")),
      Property(.responseTopic, .string("reply/1")),
      Property(.correlationData, .binary([1, 2])),
      Property(.subscriptionIdentifier, .variableByteInteger(7)),
      Property(.subscriptionIdentifier, .variableByteInteger(268_435_455)),
      Property(.userProperty, .stringPair("", "")),
      Property(.userProperty, .stringPair("b", "ü")),
    ]
    let message = Publish(
      topic: "t", payload: [], qos: .atLeastOnce, isDuplicate: true,
      packetIdentifier: PacketIdentifier(rawValue: 9),
      properties: Properties([Property(.topicAlias, .twoByteInteger(3))] + kept))
    let text = line(RecordedMessage(message, receivedAt: 0))
    let back = try RecordedMessage(parsing: Array(text.dropLast().utf8))
    #expect(back.message.properties.list == kept)
    #expect(back.message.packetIdentifier == nil)
    #expect(!back.message.isDuplicate)
  }

  @Test func `a payload that is no string is its own text, byte for byte`() throws {
    let text = #"{"topic": "a", "payload" : {"id": 12345678901234567890, "t": 21.50} , "qos":1}"#
    let parts = try MessageLine(parsing: Array(text.utf8))
    #expect(
      parts.payload.map { String(decoding: $0, as: UTF8.self) }
        == #"{"id": 12345678901234567890, "t": 21.50}"#)
    #expect(parts.qos == .atLeastOnce)
    #expect(parts.isRetained == nil)
    #expect(try MessageLine(parsing: Array(#"{"payload":null}"#.utf8)).payload == [])
  }

  static let faults: [(String, Int, String)] = [
    ("", 0, "expected JSON here"),
    (#"{"topic":"a",}"#, 13, "expected JSON here"),
    ("21.5", 0, #"expected a JSON object, as {"topic": "sensor/temp", "payload": "21.5"}"#),
    (#"{"topik":"a"}"#, 1, #""topik" is not a part of a message; the nearest name is "topic""#),
    (#"{"topic":7}"#, 9, #""topic": expected a string in UTF-8"#),
    (
      #"{"topic":"a/#"}"#, 9,
      #""topic": is no topic to publish to: "#
        + (Topic.faultOfName("a/#".utf8.span)?.explanation ?? "")
    ),
    (#"{"qos":3}"#, 7, #""qos": expected 0, 1 or 2"#),
    (#"{"retain":"yes"}"#, 10, #""retain": expected true or false"#),
    (#"{"payload-base64":"&"}"#, 18, #""payload-base64": expected a string in base64"#),
    (#"{"topic":"a","topic":"b"}"#, 13, #""topic" is given twice"#),
    (
      #"{"payload":"a","payload-base64":"YQ=="}"#, 0,
      #"expected "payload" or "payload-base64", found both"#
    ),
    (
      #"{"time":"yesterday"}"#, 8,
      #""time": expected a time such as "2026-11-21T10:00:00.5Z""#
    ),
    (
      #"{"properties":{"contenttype":"a"}}"#, 15,
      #""contenttype" is not a property of a message; the nearest one is "content-type""#
    ),
    (
      #"{"properties":{"user-properties":["a"]}}"#, 33,
      #""user-properties": expected a list of pairs, as [["room", "kitchen"]]"#
    ),
    (
      #"{"properties":{"payload-format-indicator":2}}"#, 42,
      #""payload-format-indicator": expected a whole number from 0 to 1"#
    ),
  ]

  @Test(arguments: faults) func `a line that is no message says where and why`(
    _ text: String, _ offset: Int, _ explanation: String
  ) throws {
    #expect(throws: MessageLineFault(offset, explanation)) {
      try MessageLine(parsing: Array(text.utf8))
    }
  }

  @Test(arguments: ["time", "topic", "payload"])
  func `a recording leaves out nothing that replaying needs`(_ missing: String) throws {
    let parts = [
      "time": #""time":"2026-11-21T10:00:00Z""#, "topic": #""topic":"a""#,
      "payload": #""payload":"x""#,
    ].filter { $0.key != missing }
    let text = "{" + parts.values.joined(separator: ",") + "}"
    #expect(throws: MessageLineFault.self) {
      try RecordedMessage(parsing: Array(text.utf8))
    }
  }
}
