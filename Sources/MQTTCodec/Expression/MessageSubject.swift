// Messages as subjects of conditions: what a subscriber can ask of what arrives. Captured packets
// have these fields too, and more.

extension ExpressionField {
  /// The fields of a message.
  package static let message: [ExpressionField] =
    [
      ExpressionField("topic", .text, "the topic of a message; the filters of a subscription"),
      ExpressionField(payload, .text, "the payload, as bytes"),
      ExpressionField("qos", .number, "the quality of service: 0, 1 or 2"),
      ExpressionField("retain", .truth, "whether the RETAIN flag is set"),
      ExpressionField("dup", .truth, "whether the DUP flag is set"),
      ExpressionField("id", .number, "the packet identifier"),
      ExpressionField("length", .number, "bytes of the payload"),
    ] + properties

  /// Properties of MQTT 5 by the names that `-D` has, user properties as `name:value`.
  private static let properties: [ExpressionField] = PropertyIdentifier.allCases.map { identifier in
    let kind: Kind =
      switch identifier.rule.type {
      case .byte, .twoByteInteger, .fourByteInteger, .variableByteInteger: .number
      case .string, .binary, .stringPair: .text
      }
    return ExpressionField(
      identifier.dashedName, kind, "the property \(identifier.name) of MQTT 5")
  }
}

extension Properties {
  /// The value of the field with the name of a property; none when it is no such name.
  package func value(of field: String) -> ExpressionValue {
    let values = list.filter { $0.identifier.dashedName == field }.map(\.value.ofExpression)
    if values.count > 1 { return .several(values) }
    return values.first ?? .none
  }
}

extension PropertyValue {
  fileprivate var ofExpression: ExpressionValue {
    switch self {
    case .byte(let number): .number(Double(number))
    case .twoByteInteger(let number): .number(Double(number))
    case .fourByteInteger(let number), .variableByteInteger(let number): .number(Double(number))
    case .string(let text): ExpressionValue(text)
    case .binary(let bytes): .text(bytes)
    case .stringPair(let name, let text): ExpressionValue("\(name):\(text)")
    }
  }
}

extension Publish: ExpressionSubject {
  /// The value of one of ``ExpressionField/message``.
  package func value(of field: String) -> ExpressionValue {
    switch field {
    case "topic": ExpressionValue(topic)
    case ExpressionField.payload: .text(payload)
    case "qos": .number(Double(qos.rawValue))
    case "retain": .truth(isRetained)
    case "dup": .truth(isDuplicate)
    case "id": ExpressionValue(packetIdentifier?.rawValue)
    case "length": .number(Double(payload.count))
    default: properties.value(of: field)
    }
  }
}
