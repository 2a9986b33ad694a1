// One field of a head (RFC 9112, 5).

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
    guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    let value = text[colon...].dropFirst().trimmed
    let name = String(text[..<colon])
    guard Self.isName(name), !value.utf8.contains(where: MessageHead.isControl) else { return nil }
    self.init(name: name, value: value)
  }

  /// Whether a text may be the name of a field (RFC 9110, 5.6.2).
  static func isName(_ text: some StringProtocol) -> Bool {
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

extension StringProtocol {
  /// Without spaces and tabs at both ends.
  var trimmed: String {
    var rest = Substring(self)
    while rest.first == " " || rest.first == "\t" { rest.removeFirst() }
    while rest.last == " " || rest.last == "\t" { rest.removeLast() }
    return String(rest)
  }
}
