// Properties in a line of JSON: each under its name in the standard, small and with dashes. User
// properties are a list of pairs, since they may repeat and their order counts; the subscription
// identifier is a number, or a list of them where several subscriptions brought the message.

package import Basis
package import MQTTCodec
import Text

extension Properties {
  private static let userProperties = "user-properties"

  /// Reads an object that is all of `text`.
  package init(parsing text: [UInt8]) throws(MessageLineFault) {
    self.init()
    let value: JSONValue
    do throws(JSONFault) {
      value = try JSONValue.parse(text)
    } catch {
      throw MessageLineFault(error.offset, "expected JSON here")
    }
    guard case .object(let members) = value else {
      throw MessageLineFault(0, "expected an object with the names of properties")
    }
    for member in members { try take(member) }
  }

  /// Appends the whole object.
  package func appendObject(to buffer: inout ByteBuffer) {
    buffer.append(UInt8(ascii: "{"))
    appendMembers(to: &buffer)
    buffer.append(UInt8(ascii: "}"))
  }

  /// Appends the members of the object, without its braces.
  package func appendMembers(to buffer: inout ByteBuffer) {
    var isFirst = true
    func begin(_ buffer: inout ByteBuffer) {
      if !isFirst { buffer.append(UInt8(ascii: ",")) }
      isFirst = false
    }
    for property in list
    where property.identifier != .userProperty && property.identifier != .subscriptionIdentifier {
      begin(&buffer)
      property.appendMember(to: &buffer)
    }
    let identifiers = list.compactMap { property -> UInt32? in
      if case .variableByteInteger(let number) = property.value { number } else { nil }
    }
    if !identifiers.isEmpty {
      begin(&buffer)
      let numbers = identifiers.map(String.init).joined(separator: ",")
      buffer.append(
        utf8: "\"\(PropertyIdentifier.subscriptionIdentifier.dashedName)\":"
          + (identifiers.count == 1 ? numbers : "[\(numbers)]"))
    }
    let pairs = list.compactMap { property -> (String, String)? in
      if case .stringPair(let name, let value) = property.value { (name, value) } else { nil }
    }
    if pairs.isEmpty { return }
    begin(&buffer)
    buffer.append(utf8: "\"\(Self.userProperties)\":[")
    for (index, (name, value)) in pairs.enumerated() {
      buffer.append(utf8: index == 0 ? "[" : ",[")
      buffer.append(jsonString: name.utf8.span)
      buffer.append(UInt8(ascii: ","))
      buffer.append(jsonString: value.utf8.span)
      buffer.append(UInt8(ascii: "]"))
    }
    buffer.append(UInt8(ascii: "]"))
  }

  /// The properties that a PUBLISH may have, by their names.
  private static let kinds: KeyValuePairs<String, PropertyIdentifier> = [
    "payload-format-indicator": .payloadFormatIndicator,
    "message-expiry-interval": .messageExpiryInterval,
    "content-type": .contentType,
    "response-topic": .responseTopic,
    "correlation-data": .correlationData,
    "correlation-data-base64": .correlationData,
    "subscription-identifier": .subscriptionIdentifier,
    "user-properties": .userProperty,
  ]

  /// Takes one member of the object.
  mutating func take(_ member: JSONValue.Member) throws(MessageLineFault) {
    let name = member.nameText
    guard let identifier = Self.kinds.first(where: { $0.key == name })?.value else {
      let nearest = Nearest.word(to: name, among: Self.kinds.map(\.key))
      let hint = nearest.map { "; the nearest one is \"\($0)\"" } ?? ""
      throw MessageLineFault(
        member.offset, "\"\(name)\" is not a property of a message" + hint)
    }
    switch identifier {
    case .userProperty: try takeUserProperties(member)
    case .subscriptionIdentifier: try takeIdentifiers(member)
    case .payloadFormatIndicator:
      append(identifier, .byte(UInt8(clamping: try member.number(0...1))))
    case .messageExpiryInterval:
      append(identifier, .fourByteInteger(try member.number(0...(.max))))
    case .correlationData:
      let isBase64 = name.hasSuffix("-base64")
      let bytes = isBase64 ? try member.base64() : try member.bytes()
      if bytes.count > 65_535 { throw member.fault("expected at most 65535 bytes") }
      append(identifier, .binary(bytes))
    case .contentType:
      append(identifier, .string(try member.string()))
    case .responseTopic:
      let topic = try member.string()
      if let fault = Topic.faultOfName(topic.utf8.span) {
        throw member.fault("is no topic to publish to: \(fault.explanation)")
      }
      append(identifier, .string(topic))
    case .sessionExpiryInterval, .assignedClientIdentifier, .serverKeepAlive,
      .authenticationMethod, .authenticationData, .requestProblemInformation, .willDelayInterval,
      .requestResponseInformation, .responseInformation, .serverReference, .reasonString,
      .receiveMaximum, .topicAliasMaximum, .topicAlias, .maximumQoS, .retainAvailable,
      .maximumPacketSize, .wildcardSubscriptionAvailable, .subscriptionIdentifierAvailable,
      .sharedSubscriptionAvailable:
      preconditionFailure("no property of PUBLISH")
    }
  }

  /// A list of pairs, or an object for what is written by hand.
  private mutating func takeUserProperties(_ member: JSONValue.Member) throws(MessageLineFault) {
    let words = "expected a list of pairs, as [[\"room\", \"kitchen\"]]"
    var pairs: [(JSONValue, JSONValue)] = []
    switch member.value {
    case .array(let elements):
      for element in elements {
        guard case .array(let parts) = element, parts.count == 2 else { throw member.fault(words) }
        pairs.append((parts[0], parts[1]))
      }
    case .object(let members):
      pairs = members.map { (.string($0.name), $0.value) }
    case .null, .truth, .number, .integer, .literal, .string:
      throw member.fault(words)
    }
    for (name, value) in pairs {
      guard let name = name.propertyText, let value = value.propertyText else {
        throw member.fault(words)
      }
      append(.userProperty, .stringPair(name, value))
    }
  }

  private mutating func takeIdentifiers(_ member: JSONValue.Member) throws(MessageLineFault) {
    var numbers = [member.value]
    if case .array(let elements) = member.value { numbers = elements }
    for number in numbers {
      guard case .number(let number) = number, let identifier = UInt32(exactly: number),
        (1...UInt32(VariableByteInteger.maximum)).contains(identifier)
      else { throw member.fault("expected a whole number from 1 to 268435455, or a list of them") }
      append(.subscriptionIdentifier, .variableByteInteger(identifier))
    }
  }
}

extension Property {
  /// Appends `"name":value`; only for properties that stand once and are no pair.
  fileprivate func appendMember(to buffer: inout ByteBuffer) {
    let name = identifier.dashedName
    switch value {
    case .byte(let number): buffer.append(utf8: "\"\(name)\":\(number)")
    case .twoByteInteger(let number): buffer.append(utf8: "\"\(name)\":\(number)")
    case .fourByteInteger(let number), .variableByteInteger(let number):
      buffer.append(utf8: "\"\(name)\":\(number)")
    case .string(let text):
      buffer.append(utf8: "\"\(name)\":")
      buffer.append(jsonString: text.utf8.span)
    case .binary(let bytes):
      buffer.append(member: name, bytes: bytes)
    case .stringPair:
      preconditionFailure("user properties are written together")
    }
  }
}

extension JSONValue {
  /// Text that a property can hold (1.5.4); nil when it is none.
  fileprivate var propertyText: String? {
    guard case .string(let bytes) = self, bytes.count <= 65_535, !bytes.contains(0) else {
      return nil
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

extension JSONValue.Member {
  fileprivate func number(_ range: ClosedRange<UInt32>) throws(MessageLineFault) -> UInt32 {
    guard case .number(let number) = value, let number = UInt32(exactly: number),
      range.contains(number)
    else {
      throw fault("expected a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  fileprivate func bytes() throws(MessageLineFault) -> [UInt8] {
    guard case .string(let bytes) = value else { throw fault("expected a string") }
    return bytes
  }

  fileprivate func string() throws(MessageLineFault) -> String {
    guard let text = value.propertyText else {
      throw fault("expected a string in UTF-8 of at most 65535 bytes without U+0000")
    }
    return text
  }
}
