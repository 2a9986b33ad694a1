// The head of an HTTP request or answer (RFC 9112): a start line and fields, up to an empty line.
// Gathered from bytes that are split anywhere, within a limit, and taken apart only when it is
// whole. Lines may end in a bare LF, as typed ones do; folded lines and control characters are
// refused, so that whatever is taken from here can stand in a log line.

/// A complete head.
package struct MessageHead {
  /// The first line, without its end.
  package var startLine: String
  /// Names in lower case, values without space around them, in their order.
  package private(set) var fields: [(name: String, value: String)] = []

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
      guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
        throw MalformedHead("the header line '\(text.shortened)' has no colon")
      }
      let name = text[..<colon]
      guard !name.isEmpty, name.utf8.allSatisfy(Self.isTokenByte) else {
        throw MalformedHead("'\(String(name).shortened)' is not the name of a header")
      }
      fields.append((name.lowercased(), text[colon...].dropFirst().trimmed))
    }
  }

  /// The value of a field, all of its occurrences joined by commas; nil without one.
  package subscript(name: String) -> String? {
    let values = fields.filter { $0.name == name }.map(\.value)
    return values.isEmpty ? nil : values.joined(separator: ", ")
  }

  /// How often a field occurs.
  func count(of name: String) -> Int { fields.count { $0.name == name } }

  /// The members of a list that a field holds, in their order.
  package func list(_ name: String) -> [String] {
    (self[name] ?? "").split(separator: ",").map(\.trimmed).filter { !$0.isEmpty }
  }

  /// Whether the list that a field holds has `member`, in upper or lower case.
  package func contains(_ member: String, in name: String) -> Bool {
    list(name).contains { $0.lowercased() == member }
  }

  private static func text(_ line: ArraySlice<UInt8>) -> String? {
    if line.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) { return nil }
    return String(decoding: line, as: UTF8.self)
  }

  /// Whether a byte may stand in a name (RFC 9110, 5.6.2).
  static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}

/// What is wrong with a head.
package struct MalformedHead: Error {
  package var description: String

  init(_ description: String) { self.description = description }
}

/// A head that is being gathered.
struct HeadCollector {
  /// What a stretch of bytes came to.
  enum Progress {
    case incomplete
    case tooLong
    /// The head, and how many of the bytes of this stretch belong to it.
    case complete([UInt8], consumed: Int)
  }

  private var bytes: [UInt8] = []
  /// Whether a line has just begun.
  private var isAtLineStart = false
  private let limitBytes: Int

  init(limitBytes: Int) { self.limitBytes = limitBytes }

  /// Whether nothing has come yet.
  var isEmpty: Bool { bytes.isEmpty }

  mutating func collect(_ stretch: borrowing MutableSpan<UInt8>) -> Progress {
    for index in stretch.indices {
      let byte = stretch[index]
      if bytes.count == limitBytes { return .tooLong }
      bytes.append(byte)
      if byte == UInt8(ascii: "\n") {
        if isAtLineStart {
          defer { bytes = [] }
          return .complete(bytes, consumed: index + 1)
        }
        isAtLineStart = true
      } else if byte != UInt8(ascii: "\r") {
        isAtLineStart = false
      }
    }
    return .incomplete
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

extension String {
  /// The beginning, for a message.
  var shortened: String { count <= 80 ? self : prefix(79) + "…" }
}
