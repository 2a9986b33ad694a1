// The words of a condition, each with its place.

import Text

/// What a word of a condition is.
enum ExpressionToken: Equatable {
  case word(String)
  /// A number or a whole number.
  case number(ExpressionValue)
  case string([UInt8])
  case path(JSONPath)
  case comparison(Expression.Operator)
  case and, or, not, open, close, end
}

/// A word and where it begins.
struct PlacedToken: Equatable {
  var token: ExpressionToken
  var offset: Int
}

/// Takes a text apart.
struct ExpressionLexer {
  private let text: String
  private let bytes: [UInt8]
  private var offset = 0

  /// What letters can stand for, beside names.
  private static let words: [(String, ExpressionToken)] = [
    ("and", .and), ("or", .or), ("not", .not), ("eq", .comparison(.equal)),
    ("ne", .comparison(.notEqual)), ("lt", .comparison(.less)), ("le", .comparison(.lessOrEqual)),
    ("gt", .comparison(.greater)), ("ge", .comparison(.greaterOrEqual)),
    ("contains", .comparison(.contains)),
  ]

  /// The longer of two that begin alike comes first.
  private static let signs: [(String, ExpressionToken)] = [
    ("&&", .and), ("||", .or), ("==", .comparison(.equal)), ("!=", .comparison(.notEqual)),
    ("<=", .comparison(.lessOrEqual)), (">=", .comparison(.greaterOrEqual)),
    ("<", .comparison(.less)), (">", .comparison(.greater)), ("~", .comparison(.matches)),
    ("!", .not), ("(", .open), (")", .close),
  ]

  /// All words of `text`, the end included.
  static func tokens(of text: String) throws(ExpressionFault) -> [PlacedToken] {
    var lexer = ExpressionLexer(text: text, bytes: Array(text.utf8))
    var tokens: [PlacedToken] = []
    repeat {
      tokens.append(try lexer.next())
      if tokens.count > Expression.wordLimit {
        throw lexer.fault("a condition has at most \(Expression.wordLimit) words", at: lexer.offset)
      }
    } while tokens.last?.token != .end
    return tokens
  }

  private init(text: String, bytes: [UInt8]) {
    self.text = text
    self.bytes = bytes
  }

  private mutating func next() throws(ExpressionFault) -> PlacedToken {
    while offset < bytes.count, bytes[offset] <= 0x20 { offset += 1 }
    let start = offset
    if start == bytes.count { return PlacedToken(token: .end, offset: start) }
    return PlacedToken(token: try token(bytes[start]), offset: start)
  }

  private mutating func token(_ first: UInt8) throws(ExpressionFault) -> ExpressionToken {
    switch first {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try string(endingIn: first))
    case UInt8(ascii: "$"): return .path(try path())
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
      return .number(try number())
    default: break
    }
    for (sign, token) in Self.signs where bytes[offset...].starts(with: sign.utf8) {
      offset += sign.utf8.count
      return token
    }
    let start = offset
    while offset < bytes.count, Self.isOfWord(bytes[offset]) { offset += 1 }
    if offset == start {
      let instead = first == UInt8(ascii: "=") ? "; equality is ==" : ""
      let both = first == UInt8(ascii: "&") || first == UInt8(ascii: "|")
      throw fault("this stands for nothing here" + (both ? "; write it twice" : instead), at: start)
    }
    let word = String(decoding: bytes[start..<offset], as: UTF8.self)
    return Self.words.first { $0.0 == word.lowercased() }?.1 ?? .word(word)
  }

  /// Letters, digits, `_`, `-`, `.` and everything beyond ASCII.
  private static func isOfWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
      UInt8(ascii: "."), 0x80...0xFF:
      true
    default: false
    }
  }

  private mutating func number() throws(ExpressionFault) -> ExpressionValue {
    let start = offset
    offset += 1
    while offset < bytes.count {
      let isSign = bytes[offset] == UInt8(ascii: "-") || bytes[offset] == UInt8(ascii: "+")
      let followsExponent = bytes[offset - 1] | 0x20 == UInt8(ascii: "e")
      if isSign ? !followsExponent : !Self.isOfWord(bytes[offset]) { break }
      offset += 1
    }
    let digits = String(decoding: bytes[start..<offset], as: UTF8.self)
    if digits.hasPrefix("0x"), let value = Int64(digits.dropFirst(2), radix: 16) {
      return JSONValue.integer("\(value)", about: Double(value)).map { .integer($0) }
        ?? .number(Double(value))
    }
    let isPlain = digits.utf8.allSatisfy { "0123456789.-+eE".utf8.contains($0) }
    guard isPlain, let value = Double(digits), value.isFinite else {
      throw fault("\(digits) is not a number; text stands in quotes", at: start)
    }
    return JSONValue.integer(digits, about: value).map { .integer($0) } ?? .number(value)
  }

  private mutating func string(endingIn quote: UInt8) throws(ExpressionFault) -> [UInt8] {
    let start = offset
    var result: [UInt8] = []
    offset += 1
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      if byte == quote { return result }
      result.append(byte == UInt8(ascii: "\\") ? try escaped() : byte)
    }
    throw fault("the text that begins here has no closing quote", at: start)
  }

  private mutating func escaped() throws(ExpressionFault) -> UInt8 {
    let place = offset - 1
    guard offset < bytes.count else { throw fault("nothing follows the backslash", at: place) }
    let byte = bytes[offset]
    offset += 1
    switch byte {
    case UInt8(ascii: "n"): return 0x0A
    case UInt8(ascii: "r"): return 0x0D
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "0"): return 0
    case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): return byte
    case UInt8(ascii: "x"):
      let digits = String(decoding: bytes[offset...].prefix(2), as: UTF8.self)
      guard digits.utf8.count == 2, let value = UInt8(digits, radix: 16) else {
        throw fault("expected two hexadecimal digits after \\x", at: place)
      }
      offset += 2
      return value
    default:
      throw fault("after a backslash stands one of n r t 0 x \\ \" and '", at: place)
    }
  }

  private mutating func path() throws(ExpressionFault) -> JSONPath {
    do throws(JSONPathFault) {
      let (path, count) = try JSONPath.prefix(of: bytes, from: offset)
      offset += count
      return path
    } catch {
      throw fault(error.explanation, at: error.offset)
    }
  }

  private func fault(_ explanation: String, at offset: Int) -> ExpressionFault {
    ExpressionFault(text: text, offset: offset, explanation: explanation)
  }
}
