// A JSON string as bytes (RFC 8259, 7), escaped as cJSON does it, so that mosquitto_sub's readers
// find the same bytes. What is not UTF-8 goes through as it is.

import Basis

extension ByteBuffer {
  /// Appends `text` in quotes.
  package mutating func append(jsonString text: Span<UInt8>) {
    reserve(text.count + 2)
    append(UInt8(ascii: "\""))
    var plainStart = 0
    for index in text.indices {
      let byte = text[index]
      if byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") { continue }
      append(text.extracting(plainStart..<index))
      plainStart = index + 1
      append(UInt8(ascii: "\\"))
      appendEscape(of: byte)
    }
    append(text.extracting(plainStart..<text.count))
    append(UInt8(ascii: "\""))
  }

  private mutating func appendEscape(of byte: UInt8) {
    switch byte {
    case 0x08: append(UInt8(ascii: "b"))
    case 0x09: append(UInt8(ascii: "t"))
    case 0x0A: append(UInt8(ascii: "n"))
    case 0x0C: append(UInt8(ascii: "f"))
    case 0x0D: append(UInt8(ascii: "r"))
    case 0..<0x20:
      let digits = "0123456789abcdef".utf8.span
      append(utf8: "u00")
      append(digits[Int(byte >> 4)])
      append(digits[Int(byte & 15)])
    default: append(byte)
    }
  }
}
