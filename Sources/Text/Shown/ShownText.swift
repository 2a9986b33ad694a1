// Text from a peer, a capture or a file, as a line of output shows it. Whatever it holds, it stays on
// its line, and a terminal finds nothing in it to obey.

extension String {
  /// The same text with `\n`, `\r`, `\t` and `\u{1b}` in the place of control characters.
  package var onOneLine: String {
    if !unicodeScalars.contains(where: \.isControl) { return self }
    var result = ""
    for scalar in unicodeScalars { result.append(shown: scalar) }
    return result
  }

  /// The beginning of a long text, for a message.
  package var shortened: String { count <= 80 ? self : prefix(79) + "…" }

  /// The same in quotes, in which quotes and backslashes stand behind a backslash.
  package var quoted: String {
    var result = "\""
    for scalar in unicodeScalars {
      if scalar == "\"" || scalar == "\\" { result += "\\" }
      result.append(shown: scalar)
    }
    return result + "\""
  }

  private mutating func append(shown scalar: Unicode.Scalar) {
    switch scalar {
    case "\n": self += "\\n"
    case "\r": self += "\\r"
    case "\t": self += "\\t"
    case let control where control.isControl:
      self += "\\u{\(String(control.value, radix: 16))}"
    default: unicodeScalars.append(scalar)
    }
  }
}

extension Unicode.Scalar {
  /// Whether it is one of the control characters C0, DEL and C1.
  package var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }
}

/// Numbers with what they count.
package enum Counted {
  /// `1 byte`, `2 bytes`: the word is a regular one.
  package static func text(_ count: Int, _ word: String) -> String {
    "\(count) \(word)\(count == 1 ? "" : "s")"
  }
}
