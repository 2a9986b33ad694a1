// Conditions: what they are true of, and how their errors are told.

import MQTTCodec
import Testing

struct ExpressionTests {
  private static let message = Publish(
    topic: "site/a/temp", payload: Array(#"{"temperature": 31.5, "unit": "C", "on": true}"#.utf8),
    qos: .exactlyOnce, isRetained: true, packetIdentifier: PacketIdentifier(rawValue: 7),
    properties: Properties([
      Property(.contentType, .string("application/json")),
      Property(.userProperty, .stringPair("room", "3")),
      Property(.userProperty, .stringPair("floor", "1")),
    ]))

  private func holds(_ text: String) throws -> Bool {
    try Expression(parsing: text, fields: ExpressionField.message).holds(for: Self.message)
  }

  @Test(arguments: [
    "qos == 2", "qos >= 1 && qos < 3", "topic ~ \"site/+/temp\"", "topic ~ 'site/#'",
    "payload contains \"temperature\"", "retain", "retain == true", "!dup", "not dup and retain",
    "qos == 0 || id == 7", "(qos == 0 or qos == 2) and length > 10", "topic == \"site/a/temp\"",
    "content-type contains json", "user-property == \"room:3\"",
    "$.temperature > 30", "$.unit == \"C\"", "$.unit == C", "$.on == true", "$['unit'] != \"F\"",
    "id == 0x7", "-1 < qos", "qos ne 1", "payload", "$.temperature",
    "qos == 0 && dup || retain", "payload contains \"\\x7b\\\"temp\"",
  ])
  func `condition is true of the message`(_ text: String) throws {
    #expect(try holds(text))
  }

  @Test(arguments: [
    "qos == 1", "topic ~ \"site/+\"", "dup", "!retain", "payload contains \"humidity\"",
    "$.temperature > 32", "$.missing == 1", "$.missing != 1", "!$.unit", "response-topic",
    "response-topic != \"x\"", "user-property != \"room:3\"", "$.unit > 3", "$.on == 1",
    "retain && (dup || qos == 0)",
  ])
  func `condition is not true of the message`(_ text: String) throws {
    #expect(try !holds(text))
  }

  @Test(arguments: [
    ("9007199254740993", "9007199254740993", true), ("9007199254740993", "9007199254740992", false),
    ("9007199254740993", "0x20000000000001", true), ("9007199254740991", "9007199254740993", false),
    ("-9223372036854775808", "-9223372036854775808", true), ("9007199254740993", "1e300", false),
  ])
  func `whole numbers beyond a double's are compared exactly`(
    number: String, other: String, isEqual: Bool
  ) throws {
    let message = Publish(topic: "a", payload: Array("{\"n\": \(number)}".utf8))
    for (comparison, claim) in [("==", isEqual), ("!=", !isEqual)] {
      let condition = try Expression(
        parsing: "$.n \(comparison) \(other)", fields: ExpressionField.message)
      #expect(condition.holds(for: message) == claim)
    }
  }

  @Test(arguments: [
    "$.n > 9007199254740992", "$.n < 9007199254740994", "$.n < 1e16", "$.n > 1.5", "$.n > -1e300",
    "$.small < $.n", "$.n",
  ])
  func `a whole number beyond a double's has its place among others`(_ text: String) throws {
    let payload = #"{"n": 9007199254740993, "small": 7.5}"#
    let message = Publish(topic: "a", payload: Array(payload.utf8))
    #expect(try Expression(parsing: text, fields: ExpressionField.message).holds(for: message))
  }

  @Test func `JSON path into a payload that is no JSON is no value`() throws {
    let condition = try Expression(parsing: "$.a != 1 || !$.a", fields: ExpressionField.message)
    let isThere = try Expression(parsing: "$", fields: ExpressionField.message)
    let message = Publish(topic: "a", payload: Array("{".utf8))
    #expect(condition.holds(for: message))
    #expect(!isThere.holds(for: message))
  }

  @Test(arguments: [
    ("", "expected a condition, for example: type == publish", 0),
    ("qos ==", "expected a value after ==", 6),
    ("qos = 2", "this stands for nothing here; equality is ==", 4),
    ("qos == 2 & retain", "this stands for nothing here; write it twice", 9),
    ("qos == 2 retain", "expected && or || before this", 9),
    ("qos == \"2\"", "expected a number, because qos is one", 7),
    ("qso == 2", "qso is no field; the nearest is qos", 0),
    ("topic ~ \"a/#/b\"", "this is no topic filter: # is not the last level, alone in it", 8),
    ("topic ~ qos", "expected a topic filter in quotes after ~", 8),
    ("qos ~ \"a\"", "qos is no text, so that no filter matches it", 0),
    ("(qos == 2", "the parenthesis that opens here is not closed", 0),
    ("qos == 2)", "this parenthesis closes nothing", 8),
    ("topic == \"a", "the text that begins here has no closing quote", 9),
    ("2", "expected a field and not a value", 0),
    ("qos == 2x", "2x is not a number; text stands in quotes", 7),
    ("topic == \"\\q\"", "after a backslash stands one of n r t 0 x \\ \" and '", 10),
    ("qos == 2 && ", "expected a field, a value or a path such as $.temperature", 12),
  ])
  func `fault is told with its place`(_ text: String, _ explanation: String, _ offset: Int) {
    #expect(
      throws: ExpressionFault(text: text, offset: offset, explanation: explanation)
    ) { try Expression(parsing: text, fields: ExpressionField.message) }
  }

  @Test func `unknown word of a field is told with the nearest`() {
    let fields = [ExpressionField("type", .word(["publish", "puback"]), "the type")]
    #expect(
      throws: ExpressionFault(
        text: "type == pubish", offset: 8, explanation: "pubish is no type; the nearest is publish")
    ) { try Expression(parsing: "type == pubish", fields: fields) }
  }

  @Test func `deep nesting is refused and does not exhaust the stack`() {
    let text = String(repeating: "(", count: 5000) + "qos"
    let fault = #expect(throws: ExpressionFault.self) {
      try Expression(parsing: text, fields: ExpressionField.message)
    }
    #expect(fault?.explanation == "more than 100 conditions within each other")
  }

  @Test func `long chain of conditions is not nesting`() throws {
    let text = Array(repeating: "qos == 2", count: 1000).joined(separator: " && ")
    #expect(try holds(text))
  }
}
