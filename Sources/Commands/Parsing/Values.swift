// The kinds of values that options take which MQTT knows.

import MQTTCodec
import Text

extension Values {
  /// A condition on `fields`; a caret shows where it is wrong.
  static func condition(
    _ text: String, _ fields: [ExpressionField]
  ) throws(ValueFault) -> Expression {
    do throws(ExpressionFault) {
      return try Expression(parsing: text, fields: fields)
    } catch {
      throw ValueFault(
        error.explanation, excerpt: Excerpt.text(Array(text.utf8), caretAt: error.offset))
    }
  }

  /// 0, 1 or 2.
  static func qos(_ text: String) throws(ValueFault) -> QoS {
    guard let number = UInt8(text), let qos = QoS(rawValue: number) else {
      throw .expected("0, 1 or 2")
    }
    return qos
  }

  /// A topic name, as 4.7 wants it.
  static func topic(_ text: String) throws(ValueFault) -> String {
    if let fault = Topic.faultOfName(text.utf8.span) {
      throw ValueFault("is no topic to publish to: \(fault.explanation)")
    }
    return try ofTwoLengthBytes(text)
  }

  /// A topic filter, shared ones included (4.7.1, 4.8.2).
  static func filter(_ text: String) throws(ValueFault) -> String {
    if let fault = Topic.faultOfFilter(text.utf8.span) {
      throw ValueFault("is no topic filter: \(fault.explanation)")
    }
    return try ofTwoLengthBytes(text)
  }
}
