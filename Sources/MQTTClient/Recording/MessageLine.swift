// A message as one line of JSON, in the form that `mqtt sub --json` prints, `mqtt sub --record` keeps
// and `mqtt pub --jsonl` takes:
//
//     {"time":"2026-11-21T10:00:00.123456789Z","topic":"sensor/data","qos":2,"retain":false,
//      "payload":"21.5","properties":{"content-type":"text/plain","user-properties":[["a","b"]]}}
//
// A payload in UTF-8 is a string, any other stands as base64 in "payload-base64"; the same holds for
// the correlation data. What a program writes by hand may leave out all but the payload, and may
// give a payload that is any JSON: its text is then the message, byte for byte.

import Basis
package import MQTTCodec
import Text

/// What a line says about a message; nil is what it does not say.
package struct MessageLine: Equatable, Sendable {
  /// Nanoseconds since 1970-01-01 00:00 UTC.
  package var time: Int64?
  package var topic: String?
  package var payload: [UInt8]?
  package var qos: QoS?
  package var isRetained: Bool?
  /// In the order of the line; user properties in their own order.
  package var properties = Properties()
}

/// Why a line is not a message, and where.
package struct MessageLineFault: Error, Equatable, Sendable {
  /// The byte of the line at which it ceases to be one.
  package var offset: Int
  /// What was found and what was expected, in words, without a full stop.
  package var explanation: String

  /// Joins the parts.
  package init(_ offset: Int, _ explanation: String) {
    self.offset = offset
    self.explanation = explanation
  }
}

extension MessageLine {
  /// Reads a line, without its line end.
  package init(parsing line: [UInt8]) throws(MessageLineFault) {
    let value: JSONValue
    do throws(JSONFault) {
      value = try JSONValue.parse(line)
    } catch {
      throw MessageLineFault(error.offset, "expected JSON here")
    }
    guard case .object(let members) = value else {
      throw MessageLineFault(
        0, "expected a JSON object, as {\"topic\": \"sensor/temp\", \"payload\": \"21.5\"}")
    }
    var seen: [[UInt8]] = []
    for member in members {
      if seen.contains(member.name) {
        throw MessageLineFault(member.offset, "\"\(member.nameText)\" is given twice")
      }
      seen.append(member.name)
      try take(member, line)
    }
    if seen.contains(Array("payload".utf8)) && seen.contains(Array("payload-base64".utf8)) {
      throw MessageLineFault(0, "expected \"payload\" or \"payload-base64\", found both")
    }
  }

  private static let names = [
    "time", "topic", "qos", "retain", "payload", "payload-base64", "properties",
  ]

  private mutating func take(
    _ member: JSONValue.Member, _ line: [UInt8]
  ) throws(MessageLineFault) {
    switch member.nameText {
    case "time":
      guard case .string(let text) = member.value, let time = TimeText.nanoseconds(text) else {
        throw member.fault("expected a time such as \"2026-11-21T10:00:00.5Z\"")
      }
      self.time = time
    case "topic":
      topic = try topicName(member)
    case "qos":
      guard case .number(let number) = member.value, let raw = UInt8(exactly: number),
        let qos = QoS(rawValue: raw)
      else { throw member.fault("expected 0, 1 or 2") }
      self.qos = qos
    case "retain":
      guard let isRetained = member.value.claim else {
        throw member.fault("expected true or false")
      }
      self.isRetained = isRetained
    case "payload":
      payload = Self.payload(member, line)
    case "payload-base64":
      payload = try member.base64()
    case "properties":
      guard case .object(let members) = member.value else {
        throw member.fault("expected an object with the names of properties")
      }
      for property in members { try properties.take(property) }
    case let name:
      let nearest = Nearest.word(to: name, among: Self.names)
      let hint = nearest.map { "; the nearest name is \"\($0)\"" } ?? ""
      throw MessageLineFault(
        member.offset, "\"\(name)\" is not a part of a message" + hint)
    }
  }

  private func topicName(_ member: JSONValue.Member) throws(MessageLineFault) -> String {
    guard let text = member.text else { throw member.fault("expected a string in UTF-8") }
    if let fault = Topic.faultOfName(text.utf8.span) {
      throw member.fault("is no topic to publish to: \(fault.explanation)")
    }
    if text.utf8.count > 65_535 { throw member.fault("expected at most 65535 bytes") }
    return text
  }

  /// A string is what it says, null is nothing, and everything else is its own text.
  private static func payload(_ member: JSONValue.Member, _ line: [UInt8]) -> [UInt8] {
    switch member.value {
    case .string(let bytes): bytes
    case .null: []
    case .truth, .number, .integer, .literal, .array, .object: Array(line[member.valueRange])
    }
  }
}

extension JSONValue.Member {
  var nameText: String { String(decoding: name, as: UTF8.self) }

  /// The value as text; nil when it is none.
  var text: String? {
    if case .string(let bytes) = value { String(validating: bytes, as: UTF8.self) } else { nil }
  }

  func fault(_ explanation: String) -> MessageLineFault {
    MessageLineFault(valueRange.lowerBound, "\"\(nameText)\": \(explanation)")
  }

  func base64() throws(MessageLineFault) -> [UInt8] {
    guard case .string(let text) = value, let bytes = Base64.bytes(text[...]) else {
      throw fault("expected a string in base64")
    }
    return bytes
  }
}

extension JSONValue {
  /// True and false, and 1 and 0, which mosquitto_sub's JSON has in their place.
  fileprivate var claim: Bool? {
    switch self {
    case .truth(let claim): claim
    case .number(0): false
    case .number(1): true
    case .null, .number, .integer, .literal, .string, .array, .object: nil
    }
  }
}
