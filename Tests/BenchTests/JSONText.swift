// JSON trees as text, for reports on their way through a file.

import Text

func jsonText(_ value: JSONValue) -> String {
  switch value {
  case .null: "null"
  case .truth(let isTrue): isTrue ? "true" : "false"
  case .number(let number): "\(number)"
  case .integer(let whole): "\(whole)"
  case .literal(let digits): String(decoding: digits, as: UTF8.self)
  case .string(let bytes):
    "\""
      + String(decoding: bytes, as: UTF8.self)
      .replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  case .array(let elements): "[" + elements.map(jsonText).joined(separator: ",") + "]"
  case .object(let members):
    "{"
      + members.map { "\"\(String(decoding: $0.name, as: UTF8.self))\":\(jsonText($0.value))" }
      .joined(separator: ",") + "}"
  }
}
