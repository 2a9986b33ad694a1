// Properties (2.2.2) against the standard's own table, written down here a second time: each
// property in each packet and direction, its type, whether it may repeat, and its values.

import MQTTCodec
import TestSupport
import Testing

/// A row of table 2-4, with an example value in bytes.
struct PropertyRow: Sendable, CustomTestStringConvertible {
  var number: UInt8
  var name: String
  /// A value that is allowed everywhere.
  var value: String
  /// The column "Packet / Will Properties".
  var packets: [String]

  init(_ number: UInt8, _ name: String, _ value: String, _ packets: String...) {
    self.number = number
    self.name = name
    self.value = value
    self.packets = packets
  }

  var testDescription: String { name }

  /// The property as bytes.
  var encoded: String { hexadecimal([number]) + " " + value }
}

private let allPackets = [
  "CONNECT", "CONNACK", "PUBLISH", "Will", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE",
  "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "DISCONNECT", "AUTH",
]

/// Table 2-4 of MQTT 5.0.
private let table: [PropertyRow] = [
  PropertyRow(1, "Payload Format Indicator", "01", "PUBLISH", "Will"),
  PropertyRow(2, "Message Expiry Interval", "l60", "PUBLISH", "Will"),
  PropertyRow(3, "Content Type", "s\"text\"", "PUBLISH", "Will"),
  PropertyRow(8, "Response Topic", "s\"r\"", "PUBLISH", "Will"),
  PropertyRow(9, "Correlation Data", "s\"d\"", "PUBLISH", "Will"),
  PropertyRow(11, "Subscription Identifier", "v300", "PUBLISH", "SUBSCRIBE"),
  PropertyRow(17, "Session Expiry Interval", "l9", "CONNECT", "CONNACK", "DISCONNECT"),
  PropertyRow(18, "Assigned Client Identifier", "s\"id\"", "CONNACK"),
  PropertyRow(19, "Server Keep Alive", "w30", "CONNACK"),
  PropertyRow(21, "Authentication Method", "s\"M\"", "CONNECT", "CONNACK", "AUTH"),
  PropertyRow(22, "Authentication Data", "s\"D\"", "CONNECT", "CONNACK", "AUTH"),
  PropertyRow(23, "Request Problem Information", "01", "CONNECT"),
  PropertyRow(24, "Will Delay Interval", "l5", "Will"),
  PropertyRow(25, "Request Response Information", "01", "CONNECT"),
  PropertyRow(26, "Response Information", "s\"r\"", "CONNACK"),
  PropertyRow(28, "Server Reference", "s\"h\"", "CONNACK", "DISCONNECT"),
  PropertyRow(
    31, "Reason String", "s\"why\"", "CONNACK", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBACK",
    "UNSUBACK", "DISCONNECT", "AUTH"),
  PropertyRow(33, "Receive Maximum", "w5", "CONNECT", "CONNACK"),
  PropertyRow(34, "Topic Alias Maximum", "w5", "CONNECT", "CONNACK"),
  PropertyRow(35, "Topic Alias", "w5", "PUBLISH"),
  PropertyRow(36, "Maximum QoS", "01", "CONNACK"),
  PropertyRow(37, "Retain Available", "01", "CONNACK"),
  PropertyRow(
    38, "User Property", "s\"k\" s\"v\"", "CONNECT", "CONNACK", "PUBLISH", "Will", "PUBACK",
    "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "DISCONNECT",
    "AUTH"),
  PropertyRow(39, "Maximum Packet Size", "l999", "CONNECT", "CONNACK"),
  PropertyRow(40, "Wildcard Subscription Available", "01", "CONNACK"),
  PropertyRow(41, "Subscription Identifier Available", "01", "CONNACK"),
  PropertyRow(42, "Shared Subscription Available", "01", "CONNACK"),
]

/// A packet with these properties, in the byte language; what it needs besides is there.
private func packet(_ name: String, _ properties: String) -> String {
  // Authentication Data may not stand alone, and AUTH always has a method.
  let method = properties.hasPrefix("15") ? "" : "15 s\"M\""
  switch name {
  case "CONNECT":
    let more = properties.hasPrefix("16") ? method : ""
    return "10 { s\"MQTT\" 05 02 w60 { \(properties) \(more) } s\"id\" }"
  case "Will": return "10 { s\"MQTT\" 05 06 w60 {} s\"id\" { \(properties) } s\"t\" s\"p\" }"
  case "CONNACK":
    let more = properties.hasPrefix("16") ? method : ""
    return "20 { 00 00 { \(properties) \(more) } }"
  case "PUBLISH": return "32 { s\"t\" w1 { \(properties) } }"
  case "PUBACK": return "40 { w1 00 { \(properties) } }"
  case "PUBREC": return "50 { w1 00 { \(properties) } }"
  case "PUBREL": return "62 { w1 00 { \(properties) } }"
  case "PUBCOMP": return "70 { w1 00 { \(properties) } }"
  case "SUBSCRIBE": return "82 { w1 { \(properties) } s\"t\" 00 }"
  case "SUBACK": return "90 { w1 { \(properties) } 00 }"
  case "UNSUBSCRIBE": return "a2 { w1 { \(properties) } s\"t\" }"
  case "UNSUBACK": return "b0 { w1 { \(properties) } 00 }"
  case "DISCONNECT": return "e0 { 00 { \(properties) } }"
  default: return "f0 { 18 { \(method) \(properties) } }"
  }
}

/// The directions in which a packet goes.
private func directions(_ name: String) -> [Direction] {
  switch name {
  case "CONNECT", "Will", "SUBSCRIBE", "UNSUBSCRIBE": [.toServer]
  case "CONNACK", "SUBACK", "UNSUBACK": [.toClient]
  default: [.toServer, .toClient]
  }
}

/// What the text of the standard forbids beyond the table, by direction.
private func isForbidden(_ row: PropertyRow, _ name: String, _ direction: Direction) -> String? {
  switch (row.name, name, direction) {
  case ("Subscription Identifier", "PUBLISH", .toServer): "MQTT-3.3.4-6"
  case ("Session Expiry Interval", "DISCONNECT", .toClient): "MQTT-3.14.2-2"
  case ("Server Reference", "DISCONNECT", .toServer): "3.14.2.2"
  default: nil
  }
}

@Suite struct PropertyTests {
  @Test func `the table has every property`() {
    #expect(table.count == 27)
    #expect(table.map(\.number) == PropertyIdentifier.allCases.map(\.rawValue).sorted())
    #expect(
      table.map(\.name)
        == PropertyIdentifier.allCases.sorted { $0.rawValue < $1.rawValue }
        .map(\.name))
  }

  @Test(arguments: table, allPackets)
  func `a property is taken where table 2-4 has it and refused elsewhere`(
    _ row: PropertyRow, _ name: String
  ) throws {
    let content = try bytes(packet(name, row.encoded))
    for direction in directions(name) {
      let error = refusal(content, .v5, direction)
      if !row.packets.contains(name) {
        #expect(error?.reasonCode == .malformedPacket)
        #expect(error?.statement == "2.2.2.2")
      } else if let statement = isForbidden(row, name, direction) {
        #expect(error?.reasonCode == .protocolError)
        #expect(error?.statement == statement)
      } else {
        #expect(error == nil)
        let packet = try #require(try decode(content, .v5, direction))
        #expect(text(packet).contains("\(row.name)="))
        #expect(encode(packet, .v5) == content)
      }
    }
  }

  @Test(arguments: table)
  func `only two properties may repeat`(_ row: PropertyRow) throws {
    for name in row.packets {
      let twice = "\(row.encoded) \(row.encoded)"
      for direction in directions(name) where isForbidden(row, name, direction) == nil {
        let error = refusal(try bytes(packet(name, twice)), .v5, direction)
        let mayRepeat =
          row.name == "User Property" || row.name == "Subscription Identifier" && name == "PUBLISH"
        if mayRepeat {
          #expect(error == nil, "\(name)")
        } else {
          #expect(error?.reasonCode == .protocolError, "\(name)")
          #expect(error?.explanation == "the \(row.name) stands there twice", "\(name)")
        }
      }
    }
  }

  @Test(arguments: table)
  func `a property that ends too early is refused`(_ row: PropertyRow) throws {
    let whole = try bytes(row.encoded)
    for name in row.packets {
      for direction in directions(name) where isForbidden(row, name, direction) == nil {
        for count in 1..<whole.count {
          let part = hexadecimal(Array(whole.prefix(count)))
          let spaced = stride(from: 0, to: part.count, by: 2).map {
            String(part.dropFirst($0).prefix(2))
          }.joined(separator: " ")
          let error = refusal(try bytes(packet(name, spaced)), .v5, direction)
          #expect(error?.reasonCode == .malformedPacket, "\(name) \(spaced)")
        }
      }
    }
  }

  @Test(arguments: UInt8.min...UInt8.max)
  func `an identifier that is none of the table is refused in every packet`(_ number: UInt8) throws
  {
    if table.contains(where: { $0.number == number }) { return }
    for name in allPackets {
      let content = try bytes(packet(name, hexadecimal([number]) + " 01"))
      let error = try #require(refusal(content, .v5, directions(name)[0]))
      #expect(error.reasonCode == .malformedPacket)
    }
  }

  @Test(arguments: [
    "Payload Format Indicator", "Request Problem Information", "Request Response Information",
    "Maximum QoS", "Retain Available", "Wildcard Subscription Available",
    "Subscription Identifier Available", "Shared Subscription Available",
  ])
  func `a property that says yes or no is 0 or 1`(_ name: String) throws {
    let row = try #require(table.first { $0.name == name })
    for place in row.packets {
      for value in UInt8.min...UInt8.max {
        let content = try bytes(
          packet(place, hexadecimal([row.number]) + " " + hexadecimal([value])))
        let error = refusal(content, .v5, directions(place)[0])
        #expect(error?.reasonCode == (value > 1 ? .protocolError : nil))
      }
    }
  }

  @Test func `values are found by their identifier`() {
    var properties = Properties()
    #expect(properties.isEmpty)
    properties.append(.receiveMaximum, .twoByteInteger(7))
    properties.append(.reasonString, .string("why"))
    properties.append(.authenticationData, .binary([1, 2]))
    #expect(properties.number(.receiveMaximum) == 7)
    #expect(properties.string(.reasonString) == "why")
    #expect(properties.binary(.authenticationData) == [1, 2])
    #expect(properties.number(.reasonString) == nil)
    #expect(properties.string(.receiveMaximum) == nil)
    #expect(properties[.topicAlias] == nil)
    #expect(!properties.isEmpty)
  }
}
