// A JSON tree as bytes, in the two forms of mosquitto_sub.

private import Glibc
package import MQTTCodec

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
    case .string(let bytes): Self.append(quoted: bytes, to: &buffer)
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
      append(quoted: member.name, to: &buffer)
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

  private static func append(quoted bytes: [UInt8], to buffer: inout ByteBuffer) {
    buffer.append(UInt8(ascii: "\""))
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""): buffer.append(utf8: "\\\"")
      case UInt8(ascii: "\\"): buffer.append(utf8: "\\\\")
      case 0x08: buffer.append(utf8: "\\b")
      case 0x0C: buffer.append(utf8: "\\f")
      case 0x0A: buffer.append(utf8: "\\n")
      case 0x0D: buffer.append(utf8: "\\r")
      case 0x09: buffer.append(utf8: "\\t")
      case 0..<0x20:
        buffer.append(utf8: "\\u00")
        HexadecimalDigits.lower.append(byte, to: &buffer)
      default: buffer.append(byte)
      }
    }
    buffer.append(UInt8(ascii: "\""))
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
