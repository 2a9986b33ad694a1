// A message as a JSON object (`%j`, `%J`), with mosquitto_sub's names, order and time.

import MQTTCodec

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
    var payload = JSONValue.null
    if !message.payload.isEmpty, !payloadIsJSON {
      payload = .string(message.payload)
    } else if !message.payload.isEmpty {
      guard let value = JSONValue(parsing: message.payload) else {
        return OutputFault(
          description: "Message payload is not valid JSON on topic \(message.topic)")
      }
      payload = value
    }
    members.append(.init("payload", payload))
    JSONValue.object(members).append(to: &buffer, isPretty: isPretty)
    return nil
  }

  private static func timestamp(_ time: WallTime) -> String {
    time.formatted("%FT%T") + "." + digits(time.nanoseconds / 1000, 6) + time.formatted("%z")
  }

  /// User properties are one member, which stands where the first of them stood.
  private static func members(_ properties: Properties) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = []
    var userProperties: [JSONValue.Member] = []
    var place = 0
    for property in properties.list {
      let value: JSONValue
      switch property.value {
      case .byte(let number): value = .number(Double(number))
      case .twoByteInteger(let number): value = .number(Double(number))
      case .fourByteInteger(let number), .variableByteInteger(let number):
        value = .number(Double(number))
      case .string(let text): value = .string(Array(text.utf8))
      case .binary(let bytes): value = .string(bytes)
      case .stringPair(let name, let text):
        if userProperties.isEmpty { place = members.count }
        userProperties.append(.init(name, .string(Array(text.utf8))))
        continue
      }
      members.append(.init(property.identifier.dashedName, value))
    }
    if !userProperties.isEmpty {
      members.insert(.init("user-properties", .object(userProperties)), at: place)
    }
    return members
  }
}
