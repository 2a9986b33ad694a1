// The words of `-D`: a packet, the name of one of its properties (2.2.2.2 of MQTT 5.0), a value,
// and for a user property two of them. One table says which properties a client may put where, in
// what type and range; errors, completions and the manual pages are made from it.

import Basis
package import MQTTCodec
package import Text

/// A packet, or the will within CONNECT, that a client may give properties.
package enum PropertyPacket: String, CaseIterable, Sendable {
  case connect
  case publish
  case subscribe
  case unsubscribe
  case disconnect
  case will
}

/// A property that a client may send, as `-D` knows it.
package struct PropertyRow: Sendable {
  /// What a value looks like.
  package enum Kind: Equatable, Sendable {
    case byte(ClosedRange<UInt8>)
    case twoBytes(ClosedRange<UInt16>)
    case fourBytes(ClosedRange<UInt32>)
    case variable(ClosedRange<UInt32>)
    case string
    case binary
    case stringPair

    /// In words: `a whole number from 0 to 1`.
    package var words: String {
      switch self {
      case .byte(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
      case .twoBytes(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
      case .fourBytes(let range), .variable(let range):
        "a whole number from \(range.lowerBound) to \(range.upperBound)"
      case .string: "text in UTF-8"
      case .binary: "text, or hex: and hexadecimal digits"
      case .stringPair: "a name and a value"
      }
    }
  }

  package var identifier: PropertyIdentifier
  package var kind: Kind
  package var packets: [PropertyPacket]
  /// A value that is right.
  package var example: String

  /// All properties that a client may send, in the order of their names.
  package static let table: [PropertyRow] = [
    row(.authenticationData, .binary, [.connect], "secret"),
    row(.authenticationMethod, .string, [.connect], "PLAIN"),
    row(.contentType, .string, [.publish, .will], "text/plain"),
    row(.correlationData, .binary, [.publish, .will], "request-17"),
    row(.maximumPacketSize, .fourBytes(1...(.max)), [.connect], "65536"),
    row(
      .messageExpiryInterval, .fourBytes(0...(.max)),
      [.publish, .will], "60"),
    row(.payloadFormatIndicator, .byte(0...1), [.publish, .will], "1"),
    row(.reasonString, .string, [.disconnect], "done"),
    row(.receiveMaximum, .twoBytes(1...(.max)), [.connect], "20"),
    row(.requestProblemInformation, .byte(0...1), [.connect], "1"),
    row(.requestResponseInformation, .byte(0...1), [.connect], "1"),
    row(.responseTopic, .string, [.publish, .will], "reply/17"),
    row(
      .sessionExpiryInterval, .fourBytes(0...(.max)),
      [.connect, .disconnect], "3600"),
    row(
      .subscriptionIdentifier, .variable(1...UInt32(VariableByteInteger.maximum)),
      [.subscribe], "7"),
    row(.topicAlias, .twoBytes(1...(.max)), [.publish], "1"),
    row(.topicAliasMaximum, .twoBytes(0...(.max)), [.connect], "10"),
    row(.userProperty, .stringPair, PropertyPacket.allCases, "room kitchen"),
    row(.willDelayInterval, .fourBytes(0...(.max)), [.will], "30"),
  ]

  private static func row(
    _ identifier: PropertyIdentifier, _ kind: Kind, _ packets: [PropertyPacket],
    _ example: String
  ) -> PropertyRow {
    PropertyRow(
      identifier: identifier, kind: kind, packets: packets, example: example)
  }

  /// The name in the standard, small and with dashes between the words.
  package var name: String { identifier.dashedName }

  /// The properties that `packet` may carry.
  package static func rows(of packet: PropertyPacket) -> [PropertyRow] {
    table.filter { $0.packets.contains(packet) }
  }
}

/// What one `-D` says.
package struct PropertyArgument: Equatable, Sendable {
  package var packet: PropertyPacket
  package var property: Property
  /// Words that it took.
  package var wordCount: Int

  /// Reads the words after `-D`; `allowed` are the packets that the command sends.
  package init(
    _ words: ArraySlice<String>, allowed: [PropertyPacket]
  ) throws(ValueFault) {
    let words = Array(words)
    let sample = "-D \(allowed.contains(.publish) ? "publish" : "subscribe") user-property a b"
    guard let packet = PropertyPacket(rawValue: words[0].lowercased()), allowed.contains(packet)
    else {
      let names = allowed.map(\.rawValue).joined(choicesWith: "or")
      throw ValueFault("expected a packet first: \(names)", example: sample)
    }
    let rows = PropertyRow.rows(of: packet)
    guard words.count > 1, let row = rows.first(where: { $0.name == words[1].lowercased() })
    else {
      throw Self.nameFault(words.count > 1 ? words[1] : nil, packet, rows)
    }
    let example = "-D \(packet.rawValue) \(row.name) \(row.example)"
    let count = row.kind == .stringPair ? 2 : 1
    guard words.count >= 2 + count else {
      throw ValueFault("expected \(row.kind.words) after \(row.name)", example: example)
    }
    guard let value = row.value(Array(words[2..<(2 + count)])) else {
      throw ValueFault(
        "\(row.name) '\(words[2])': expected \(row.kind.words)", example: example)
    }
    self.packet = packet
    property = Property(row.identifier, value)
    wordCount = 2 + count
  }

  private static func nameFault(
    _ name: String?, _ packet: PropertyPacket, _ rows: [PropertyRow]
  ) -> ValueFault {
    let packetName = packet.rawValue
    let example = rows.first.map { "-D \(packetName) \($0.name) \($0.example)" }
    let allowed = "\(packetName) takes " + rows.map(\.name).joined(choicesWith: "and")
    guard let name else {
      return ValueFault("expected the name of a property; \(allowed)", example: example)
    }
    if let elsewhere = PropertyRow.table.first(where: { $0.name == name.lowercased() }) {
      let places = elsewhere.packets.map(\.rawValue).joined(choicesWith: "and")
      return ValueFault(
        "\(elsewhere.name) is a property of \(places); \(allowed)", example: example)
    }
    let nearest = Nearest.word(to: name, among: rows.map(\.name))
    let suggestion = nearest.map { "the nearest one is \($0); " } ?? ""
    return ValueFault("'\(name)' is not a property; \(suggestion)\(allowed)", example: example)
  }

  /// Adds the property to `properties`; only user properties may repeat.
  package func add(to properties: inout Properties) throws(ValueFault) {
    if property.identifier != .userProperty, properties[property.identifier] != nil {
      throw ValueFault("this property is given twice, and only user-property may repeat")
    }
    properties.append(property.identifier, property.value)
  }
}

extension PropertyRow {
  /// The value that `words` say; nil when they say none of this kind and range.
  fileprivate func value(_ words: [String]) -> PropertyValue? {
    let text = words[0]
    switch kind {
    case .byte(let range):
      return UInt8(text).flatMap { range.contains($0) ? .byte($0) : nil }
    case .twoBytes(let range):
      return UInt16(text).flatMap { range.contains($0) ? .twoByteInteger($0) : nil }
    case .fourBytes(let range):
      return UInt32(text).flatMap { range.contains($0) ? .fourByteInteger($0) : nil }
    case .variable(let range):
      return UInt32(text).flatMap { range.contains($0) ? .variableByteInteger($0) : nil }
    case .string:
      return text.utf8.count <= 65_535 ? .string(text) : nil
    case .binary:
      let bytes =
        text.hasPrefix("hex:") ? [UInt8](hexadecimal: text.dropFirst(4).utf8) : Array(text.utf8)
      return bytes.flatMap { $0.count <= 65_535 ? .binary($0) : nil }
    case .stringPair:
      return words.allSatisfy { $0.utf8.count <= 65_535 } ? .stringPair(words[0], words[1]) : nil
    }
  }
}
