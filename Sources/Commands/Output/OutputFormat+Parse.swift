// Reading a format string: `%[-][0][width][.precision][separator]conversion`, `@` with a character
// of strftime, and backslash escapes.

import Text

extension OutputFormat {
  /// What may stand between the groups of %x.
  private static let separators: [Character] = [" ", ":", "-", "_", ","]

  /// The pieces of `format`.
  static func pieces(_ format: String) throws(ValueFault) -> [Piece] {
    var pieces: [Piece] = []
    var literal: [UInt8] = []
    var rest = Substring(format)
    while let character = rest.popFirst() {
      switch character {
      case "%":
        if rest.first == "%" {
          rest.removeFirst()
          literal.append(UInt8(ascii: "%"))
          continue
        }
        let piece = try conversion(&rest)
        if !literal.isEmpty { pieces.append(.literal(literal)) }
        literal = []
        pieces.append(piece)
      case "@":
        guard let next = rest.popFirst() else {
          throw ValueFault("@ at the end must be followed by a character of strftime, or by @")
        }
        if next == "@" {
          literal.append(UInt8(ascii: "@"))
          continue
        }
        if !literal.isEmpty { pieces.append(.literal(literal)) }
        literal = []
        pieces.append(next == "N" ? .nanoseconds : .clock("%\(next)"))
      case "\\":
        literal.append(try escape(rest.popFirst()))
      default:
        literal += String(character).utf8
      }
    }
    if !literal.isEmpty { pieces.append(.literal(literal)) }
    return pieces
  }

  private static func escape(_ character: Character?) throws(ValueFault) -> UInt8 {
    switch character {
    case "\\": return UInt8(ascii: "\\")
    case "0": return 0
    case "a": return 0x07
    case "e": return 0x1B
    case "n": return 0x0A
    case "r": return 0x0D
    case "t": return 0x09
    case "v": return 0x0B
    default:
      let found = character.map { "\\\($0) is unknown" } ?? "a backslash stands at the end"
      throw ValueFault("\(found); known are \\\\ \\0 \\a \\e \\n \\r \\t and \\v")
    }
  }

  private static func conversion(_ rest: inout Substring) throws(ValueFault) -> Piece {
    var field = Field()
    let text = "%" + rest.prefix(12)
    if rest.first == "-" {
      field.isLeftAligned = true
      rest.removeFirst()
    }
    if rest.first == "0" {
      field.pad = UInt8(ascii: "0")
      rest.removeFirst()
    }
    field.width = try number(&rest) ?? 0
    if rest.first == "." {
      rest.removeFirst()
      field.precision = try number(&rest) ?? 0
    }
    if let separator = rest.first, separators.contains(separator),
      let byte = separator.asciiValue, field.precision != nil
    {
      field.separator = byte
      rest.removeFirst()
    }
    guard let letter = rest.popFirst() else {
      throw ValueFault("the conversion '\(text)' has no letter at its end")
    }
    if letter == "%" { return .literal([UInt8(ascii: "%")]) }
    guard let conversion = Conversion(rawValue: letter) else {
      let known = Conversion.allCases.map { "%\($0.rawValue)" }.joined(separator: " ")
      throw ValueFault("%\(letter) is unknown; known are \(known) and %%")
    }
    return .conversion(conversion, field)
  }

  private static func number(_ rest: inout Substring) throws(ValueFault) -> Int? {
    let digits = rest.prefix { $0.isASCII && $0.isWholeNumber }
    if digits.isEmpty { return nil }
    rest = rest[digits.endIndex...]
    guard let number = Int(digits), number <= 10_000 else {
      throw ValueFault("the width \(digits) is more than 10000")
    }
    return number
  }
}
