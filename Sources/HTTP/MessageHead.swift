// The head of an HTTP request or answer (RFC 9112): a start line and fields, up to an empty line.
// It is taken apart only when it is whole (HeadCollector). Lines may end in a bare LF, as typed ones
// do; folded lines and control characters are refused, so that whatever is taken from here can stand
// in a log line.

import Text

/// A complete head.
package struct MessageHead: Sendable {
  /// The first line, without its end; see ``RequestLine`` and ``StatusLine``.
  package let startLine: String
  /// Names in lower case, values without space around them, in their order.
  package private(set) var fields: [HeaderField] = []

  /// Takes the head apart; throws what a reader should know, without a full stop.
  package init(_ bytes: [UInt8]) throws(MalformedHead) {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)
      .map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }[...]
    guard let first = lines.popFirst(), let text = Self.text(first), !text.isEmpty else {
      throw MalformedHead("the first line is not readable text")
    }
    startLine = text
    for line in lines where !line.isEmpty {
      guard let text = Self.text(line) else {
        throw MalformedHead("a header line holds control characters")
      }
      var field = try HeaderField(line: text)
      field.name = field.name.lowercased()
      fields.append(field)
    }
  }

  /// The value of a field, all of its occurrences joined by commas; nil without one.
  package subscript(name: String) -> String? {
    let values = fields.filter { $0.name == name }.map(\.value)
    return values.isEmpty ? nil : values.joined(separator: ", ")
  }

  /// How often a field occurs.
  package func count(of name: String) -> Int { fields.count { $0.name == name } }

  /// The members of a list that a field holds, in their order.
  package func list(_ name: String) -> [String] {
    (self[name] ?? "").split(separator: ",").map(\.trimmed).filter { !$0.isEmpty }
  }

  /// Whether the list that a field holds has `member`, in upper or lower case.
  package func contains(_ member: String, in name: String) -> Bool {
    list(name).contains { $0.lowercased() == member }
  }

  private static func text(_ line: ArraySlice<UInt8>) -> String? {
    line.contains(where: isControl) ? nil : String(decoding: line, as: UTF8.self)
  }

  /// Whether a byte is a control character that no line may hold; a tab may.
  static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 && byte != 0x09 || byte == 0x7F }
}

/// What is wrong with a head.
package struct MalformedHead: Error, Equatable {
  /// As part of a log line, in lower case and without a full stop.
  package let description: String

  init(_ description: String) { self.description = description }
}
