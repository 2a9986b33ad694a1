// A JSON tree as bytes, in the two forms of mosquitto_sub.

private import Glibc
import Basis
package import Text

extension JSONValue {
  /// The value on one line.
  package var text: String {
    var buffer = ByteBuffer()
    append(to: &buffer, isPretty: false)
    return String(decoding: buffer.bytes, as: UTF8.self)
  }

  /// Appends this value, on one line or on several.
  func append(to buffer: inout ByteBuffer, isPretty: Bool) {
    append(to: &buffer, isPretty: isPretty, depth: 0)
  }

  private func append(to buffer: inout ByteBuffer, isPretty: Bool, depth: Int) {
    switch self {
    case .null: buffer.append(utf8: "null")
    case .truth(let isTrue): buffer.append(utf8: isTrue ? "true" : "false")
    case .number(let number): buffer.append(utf8: Self.text(number))
    case .integer(let whole): buffer.append(utf8: "\(whole)")
    case .literal(let digits): buffer.append(digits.span)
    case .string(let bytes): buffer.append(jsonString: bytes.span)
    case .array(let elements):
      buffer.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { buffer.append(utf8: isPretty ? ", " : ",") }
        element.append(to: &buffer, isPretty: isPretty, depth: depth + 1)
      }
      buffer.append(UInt8(ascii: "]"))
    case .object(let members):
      Self.append(members, to: &buffer, isPretty: isPretty, depth: depth)
    }
  }

  private static func append(
    _ members: [Member], to buffer: inout ByteBuffer, isPretty: Bool, depth: Int
  ) {
    buffer.append(UInt8(ascii: "{"))
    if isPretty { buffer.append(UInt8(ascii: "\n")) }
    for (index, member) in members.enumerated() {
      if isPretty { indent(&buffer, depth + 1) }
      buffer.append(jsonString: member.name.span)
      buffer.append(utf8: isPretty ? ":\t" : ":")
      member.value.append(to: &buffer, isPretty: isPretty, depth: depth + 1)
      if index < members.count - 1 { buffer.append(UInt8(ascii: ",")) }
      if isPretty { buffer.append(UInt8(ascii: "\n")) }
    }
    if isPretty { indent(&buffer, depth) }
    buffer.append(UInt8(ascii: "}"))
  }

  private static func indent(_ buffer: inout ByteBuffer, _ depth: Int) {
    for _ in 0..<depth { buffer.append(UInt8(ascii: "\t")) }
  }

  /// A number in 15 digits where they are enough to find it again, else in 17; what is beyond all
  /// numbers is null.
  private static func text(_ number: Double) -> String {
    if !number.isFinite { return "null" }
    let short = CFormat.text("%1.15g", number)
    let isEnough = Double(short).map { abs($0 - number) <= max(abs($0), abs(number)) * .ulpOfOne }
    return isEnough == true ? short : CFormat.text("%1.17g", number)
  }
}

extension JSONValue {
  /// The value on several lines, indented.
  package var prettyText: String {
    var buffer = ByteBuffer()
    append(to: &buffer, isPretty: true)
    return String(decoding: buffer.bytes, as: UTF8.self)
  }

  /// Whether it is an array or an object.
  package var isStructure: Bool {
    switch self {
    case .array, .object: true
    case .null, .truth, .number, .integer, .literal, .string: false
    }
  }
}
