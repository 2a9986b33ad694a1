// A message as a JSON object (`%j`, `%J`), with mosquitto_sub's names, order and time, but always JSON
// (RFC 8259) that says what was received: bytes that are no UTF-8 are in a member `...-base64`, numbers
// in a payload stand as they came, and what may repeat, user properties and subscription identifiers,
// is a list. `mqtt pub --jsonl` takes the same properties.

import Basis
import MQTTCodec
import Text

extension OutputFormat {
  /// Appends the object; when the payload should be JSON and is not, nothing but a fault results.
  func appendJSON(
    _ message: Publish, _ time: WallTime, payloadIsJSON: Bool, to buffer: inout ByteBuffer
  ) -> OutputFault? {
    var members: [JSONValue.Member] = [
      .init("tst", .string(Array(Self.timestamp(time).utf8))),
      .init("topic", .string(Array(message.topic.utf8))),
      .init("qos", .number(Double(message.qos.rawValue))),
      .init("retain", .number(message.isRetained ? 1 : 0)),
      .init("payloadlen", .number(Double(message.payload.count))),
    ]
    if let identifier = message.packetIdentifier {
      members.append(.init("mid", .number(Double(identifier.rawValue))))
    }
    if !message.properties.isEmpty {
      members.append(.init("properties", .object(Self.members(message.properties))))
    }
    if message.payload.isEmpty {
      members.append(.init("payload", .null))
    } else if !payloadIsJSON {
      members.append(Self.member("payload", message.payload))
    } else {
      guard String(validating: message.payload, as: UTF8.self) != nil,
        let value = JSONValue(parsing: message.payload, keepsNumbers: true)
      else {
        return OutputFault(
          description: "Message payload is not valid JSON on topic \(message.topic)")
      }
      members.append(.init("payload", value))
    }
    JSONValue.object(members).append(to: &buffer, isPretty: isPretty)
    return nil
  }

  private static func timestamp(_ time: WallTime) -> String {
    time.formatted("%FT%T") + "." + digits(time.nanoseconds / 1000, 6) + time.formatted("%z")
  }

  /// `"name"` and text, or `"name-base64"` for bytes that are not UTF-8.
  private static func member(_ name: String, _ bytes: [UInt8]) -> JSONValue.Member {
    if String(validating: bytes, as: UTF8.self) != nil { return .init(name, .string(bytes)) }
    return .init(name + "-base64", .string(Array(Base64.text(bytes).utf8)))
  }

  /// User properties are one member, which stands where the first of them stood.
  private static func members(_ properties: Properties) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = []
    var userProperties: [JSONValue] = []
    var place = 0
    for property in properties.list {
      let name = property.identifier.dashedName
      switch property.value {
      case .byte(let number): members.append(.init(name, .number(Double(number))))
      case .twoByteInteger(let number): members.append(.init(name, .number(Double(number))))
      case .fourByteInteger(let number): members.append(.init(name, .number(Double(number))))
      case .variableByteInteger: add(identifiers(properties), name, to: &members)
      case .string(let text): members.append(.init(name, .string(Array(text.utf8))))
      case .binary(let bytes): members.append(member(name, bytes))
      case .stringPair(let name, let text):
        if userProperties.isEmpty { place = members.count }
        userProperties.append(.array([name, text].map { .string(Array($0.utf8)) }))
      }
    }
    if !userProperties.isEmpty {
      members.insert(.init("user-properties", .array(userProperties)), at: place)
    }
    return members
  }

  /// One for each subscription that brought the message.
  private static func identifiers(_ properties: Properties) -> JSONValue {
    let numbers = properties.list.compactMap { property -> JSONValue? in
      guard case .variableByteInteger(let number) = property.value else { return nil }
      return .number(Double(number))
    }
    return numbers.count == 1 ? numbers[0] : .array(numbers)
  }

  /// Adds a member that stands once, however often it is found.
  private static func add(
    _ value: JSONValue, _ name: String, to members: inout [JSONValue.Member]
  ) {
    let member = JSONValue.Member(name, value)
    if !members.contains(where: { $0.name == member.name }) { members.append(member) }
  }
}
