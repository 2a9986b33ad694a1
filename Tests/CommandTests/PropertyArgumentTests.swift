// The words of `-D`.

import Basis
import Commands
import MQTTCodec
import Testing

@Suite struct PropertyArgumentTests {
  static let wrong: [(String, String)] = [
    (
      "-D publsh x y",
      "-D publsh: expected a packet first: connect, publish, will or disconnect, for example: "
        + "-D publish user-property a b"
    ),
    (
      "-D subscribe user-property a b",
      "-D subscribe: expected a packet first: connect, publish, will or disconnect, for example: "
        + "-D publish user-property a b"
    ),
    (
      "-D disconnect foo 1",
      "-D disconnect: 'foo' is not a property; disconnect takes reason-string, "
        + "session-expiry-interval and user-property, for example: -D disconnect reason-string done"
    ),
    (
      "-D disconnect reason-strin x",
      "-D disconnect: 'reason-strin' is not a property; the nearest one is reason-string; "
        + "disconnect takes reason-string, session-expiry-interval and user-property, for "
        + "example: -D disconnect reason-string done"
    ),
    (
      "-D disconnect content-type x",
      "-D disconnect: content-type is a property of publish and will; disconnect takes "
        + "reason-string, session-expiry-interval and user-property, for example: "
        + "-D disconnect reason-string done"
    ),
    (
      "-D disconnect",
      "-D disconnect: expected the name of a property; disconnect takes reason-string, "
        + "session-expiry-interval and user-property, for example: -D disconnect reason-string done"
    ),
    (
      "-D publish topic-alias 0",
      "-D publish: topic-alias '0': expected a whole number from 1 to 65535, for example: "
        + "-D publish topic-alias 1"
    ),
    (
      "-D publish payload-format-indicator 2",
      "-D publish: payload-format-indicator '2': expected a whole number from 0 to 1, for "
        + "example: -D publish payload-format-indicator 1"
    ),
    (
      "-D publish user-property a",
      "-D publish: expected a name and a value after user-property, for example: "
        + "-D publish user-property room kitchen"
    ),
    (
      "-D publish topic-alias 1 -D publish topic-alias 2",
      "-D publish: this property is given twice, and only user-property may repeat, for example: "
        + "-D publish user-property a b"
    ),
  ]

  @Test(arguments: wrong) func `wrong words are told what is allowed`(
    line: String, expected: String
  ) {
    #expect(errorText(.pub, line) == expected)
  }

  static let values: [(String, Property)] = [
    ("connect receive-maximum 65535", .init(.receiveMaximum, .twoByteInteger(65_535))),
    ("connect maximum-packet-size 4294967295", .init(.maximumPacketSize, .fourByteInteger(.max))),
    ("connect request-problem-information 0", .init(.requestProblemInformation, .byte(0))),
    ("connect authentication-data a-b", .init(.authenticationData, .binary(Array("a-b".utf8)))),
    ("publish correlation-data hex:00fF", .init(.correlationData, .binary([0x00, 0xFF]))),
    ("publish correlation-data hex", .init(.correlationData, .binary(Array("hex".utf8)))),
    ("PUBLISH Response-Topic r", .init(.responseTopic, .string("r"))),
    ("will user-property k -v", .init(.userProperty, .stringPair("k", "-v"))),
    (
      "subscribe subscription-identifier 268435455",
      .init(.subscriptionIdentifier, .variableByteInteger(268_435_455))
    ),
  ]

  @Test(arguments: values) func `values have the type of their property`(
    line: String, expected: Property
  ) throws {
    let words = line.split(separator: " ").map(String.init)
    let argument = try PropertyArgument(words[...], allowed: PropertyPacket.allCases)
    #expect(argument.property == expected)
    #expect(argument.wordCount == words.count)
  }

  @Test func `a user property may repeat and keeps its order`() throws {
    let properties = try publish(
      "a b -D publish user-property k v -D publish user-property k w"
    ).publishProperties
    #expect(properties.list.map(\.value) == [.stringPair("k", "v"), .stringPair("k", "w")])
  }

  /// Every row of the table, in every packet it names.
  static let rows = PropertyRow.table.flatMap { row in row.packets.map { (row.name, $0) } }

  @Test(arguments: rows) func `the codec takes every property where the table has it`(
    name: String, packet: PropertyPacket
  ) throws {
    let row = try #require(PropertyRow.rows(of: packet).first { $0.name == name })
    let words = [packet.rawValue, name] + row.example.split(separator: " ").map(String.init)
    let argument = try PropertyArgument(words[...], allowed: [packet])
    // Authentication Data may not stand alone (3.1.2.11.10).
    let companion: [Property] =
      name == "authentication-data" ? [.init(.authenticationMethod, .string("PLAIN"))] : []
    let properties = Properties(companion + [argument.property])
    var buffer = ByteBuffer()
    let sent = try whole(packet, properties)
    sent.encode(into: &buffer, version: .v5)
    let header = try #require(
      try FixedHeader.read(buffer.span, at: 0, packetSizeLimit: 1_000_000))
    let received = try Packet.decode(buffer.span, header, version: .v5, direction: .toServer)
    #expect(received == sent)
  }

  private func whole(_ packet: PropertyPacket, _ properties: Properties) throws -> Packet {
    let identifier = try #require(PacketIdentifier(rawValue: 1))
    switch packet {
    case .connect:
      return .connect(Connect(version: .v5, clientIdentifier: "c", properties: properties))
    case .will:
      let will = Will(topic: "w", payload: [], properties: properties)
      return .connect(Connect(version: .v5, clientIdentifier: "c", will: will))
    case .publish:
      return .publish(Publish(topic: "t", payload: [], properties: properties))
    case .subscribe:
      return .subscribe(
        Subscribe(
          packetIdentifier: identifier, subscriptions: [Subscription(filter: "f")],
          properties: properties))
    case .unsubscribe:
      return .unsubscribe(
        Unsubscribe(packetIdentifier: identifier, filters: ["f"], properties: properties))
    case .disconnect: return .disconnect(Disconnect(properties: properties))
    }
  }
}
