// One field of a head (RFC 9112, 5).

import Text

/// A name with its value.
package struct HeaderField: Sendable, Equatable {
  package var name: String
  /// Without space at its ends, and without control characters.
  package var value: String

  /// Joins the parts.
  package init(name: String, value: String) {
    self.name = name
    self.value = value
  }

  /// Reads `Name: value`; nil when that cannot be a field.
  package init?(_ text: String) {
    guard let field = try? HeaderField(line: text),
      !field.value.utf8.contains(where: MessageHead.isControl)
    else { return nil }
    self = field
  }

  /// Reads a line that has no control characters; throws what a reader should know.
  init(line: String) throws(MalformedHead) {
    guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else {
      throw MalformedHead("the header line '\(line.shortened)' has no colon")
    }
    let name = String(line[..<colon])
    guard Self.isName(name) else {
      throw MalformedHead("'\(name.shortened)' is not the name of a header")
    }
    self.init(name: name, value: line[colon...].dropFirst().trimmed)
  }

  /// Whether a text may be the name of a field (RFC 9110, 5.6.2).
  private static func isName(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy(isTokenByte)
  }

  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}
