// The bytes that mean something in topics and ACL files, as constants of this module: read from
// another one, each would be a call in the innermost loops. And bytes in words.

import Basis
import Text

extension UInt8 {
  @inline(__always) static var slash: UInt8 { 0x2F }
  @inline(__always) static var dollar: UInt8 { 0x24 }
  @inline(__always) static var hash: UInt8 { 0x23 }
  @inline(__always) static var plus: UInt8 { 0x2B }
  @inline(__always) static var percent: UInt8 { 0x25 }
  @inline(__always) static var blank: UInt8 { 0x20 }

  /// Whether C's `isspace` takes it: blank, tab, line feed, vertical tab, form feed, return.
  var isBlankOfC: Bool { self == .blank || (0x09...0x0D).contains(self) }
}

/// Bytes of a file for an error text: in quotes, printable, not too long.
func shown(_ bytes: some Collection<UInt8>) -> String {
  var text = ""
  for scalar in String(decoding: bytes.prefix(60), as: UTF8.self).unicodeScalars {
    switch scalar {
    case "\t": text += "\\t"
    case let control where control.isControl:
      text += "\\x" + UInt8(truncatingIfNeeded: control.value).hexadecimal
    default: text.unicodeScalars.append(scalar)
    }
  }
  return "\"\(text)\(bytes.count > 60 ? "..." : "")\""
}
