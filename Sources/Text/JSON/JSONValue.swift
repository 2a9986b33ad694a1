// JSON as mosquitto_sub reads and writes it, because scripts compare its bytes: members keep their
// order and may repeat, numbers are doubles in their shortest common form - whole ones that a double
// would round, and all where a text is written again, are kept as they are -, and the form on several
// lines is indented with tabs. The grammar is RFC 8259, taken leniently in the two places where cJSON
// is: control characters may stand in strings, and any of them counts as a blank.

import Basis

/// A JSON text as a tree.
package indirect enum JSONValue: Equatable, Sendable {
  case null
  case truth(Bool)
  case number(Double)
  /// A whole number of at least 2^53 or at most -2^53, which a double may not hold exactly.
  case integer(Int64)
  /// A number as its text has it, only in a tree that was read to be written again.
  case literal([UInt8])
  /// The bytes that the string stands for; they need not be UTF-8.
  case string([UInt8])
  case array([JSONValue])
  case object([Member])

  /// One name and its value.
  package struct Member: Equatable, Sendable {
    package var name: [UInt8]
    package var value: JSONValue
    /// Where the name begins in the text that was read.
    package var offset = 0
    /// Where the value stands in that text.
    package var valueRange = 0..<0

    /// A member that nobody has read.
    package init(_ name: String, _ value: JSONValue) { self.init(Array(name.utf8), value) }

    /// A member whose name stands at `offset`.
    package init(
      _ name: [UInt8], _ value: JSONValue, offset: Int = 0, valueRange: Range<Int> = 0..<0
    ) {
      self.name = name
      self.value = value
      self.offset = offset
      self.valueRange = valueRange
    }

    /// Wherever they stand, members are equal when name and value are.
    package static func == (left: Member, right: Member) -> Bool {
      left.name == right.name && left.value == right.value
    }
  }

  /// Arrays and objects within each other beyond which a text is refused.
  package static let depthLimit = 1000

  /// The whole number that `digits` say, if a double, which is `number`, may not hold it exactly.
  package static func integer(_ digits: String, about number: Double) -> Int64? {
    number.magnitude < 9_007_199_254_740_992 ? nil : Int64(digits)
  }

  /// The value whose text is exactly `bytes`; nil when they are not a JSON text.
  ///
  /// With `keepsNumbers` each number is a ``literal(_:)``.
  package init?(parsing bytes: [UInt8], keepsNumbers: Bool = false) {
    do throws(JSONFault) {
      self = try Self.parse(bytes, keepsNumbers: keepsNumbers)
    } catch {
      return nil
    }
  }

  /// The same, telling where the text ceases to be one.
  package static func parse(
    _ bytes: [UInt8], keepsNumbers: Bool = false
  ) throws(JSONFault) -> JSONValue {
    var reader = JSONReader(
      bytes: bytes, position: bytes.withoutByteOrderMark.startIndex, keepsNumbers: keepsNumbers)
    guard let value = reader.value(depth: 0) else { throw JSONFault(offset: reader.position) }
    reader.skipBlanks()
    if !reader.isAtEnd { throw JSONFault(offset: reader.position) }
    return value
  }
}

/// Bytes that are not a JSON text.
package struct JSONFault: Error, Equatable, Sendable {
  /// Where no JSON text goes on like this.
  package var offset: Int
}

/// Reads a JSON text byte by byte; nil from any method means that it is not one.
struct JSONReader {
  let bytes: [UInt8]
  private let keepsNumbers: Bool
  private(set) var position: Int

  init(bytes: [UInt8], position: Int = 0, keepsNumbers: Bool = false) {
    self.bytes = bytes
    self.keepsNumbers = keepsNumbers
    self.position = position
  }

  var isAtEnd: Bool { position == bytes.count }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func skipBlanks() {
    while let byte = next, byte <= 0x20 { position += 1 }
  }

  private mutating func take(_ text: StaticString) -> Bool {
    let end = position + text.utf8CodeUnitCount
    guard end <= bytes.count, bytes[position..<end].elementsEqual(text.description.utf8) else {
      return false
    }
    position = end
    return true
  }

  mutating func value(depth: Int) -> JSONValue? {
    skipBlanks()
    switch next {
    case UInt8(ascii: "{"): return depth < JSONValue.depthLimit ? object(depth) : nil
    case UInt8(ascii: "["): return depth < JSONValue.depthLimit ? array(depth) : nil
    case UInt8(ascii: "\""): return string().map(JSONValue.string)
    case UInt8(ascii: "n"): return take("null") ? .null : nil
    case UInt8(ascii: "t"): return take("true") ? .truth(true) : nil
    case UInt8(ascii: "f"): return take("false") ? .truth(false) : nil
    default: return number()
    }
  }

  private mutating func object(_ depth: Int) -> JSONValue? {
    position += 1
    var members: [JSONValue.Member] = []
    skipBlanks()
    if take("}") { return .object([]) }
    while true {
      skipBlanks()
      let offset = position
      guard next == UInt8(ascii: "\""), let name = string() else { return nil }
      skipBlanks()
      guard take(":") else { return nil }
      skipBlanks()
      let valueStart = position
      guard let value = value(depth: depth + 1) else { return nil }
      members.append(
        JSONValue.Member(name, value, offset: offset, valueRange: valueStart..<position))
      skipBlanks()
      if take("}") { return .object(members) }
      if !take(",") { return nil }
    }
  }

  private mutating func array(_ depth: Int) -> JSONValue? {
    var found: [JSONValue] = []
    return elements(depth) { element, _ in found.append(element) } ? .array(found) : nil
  }

  /// Reads an array, and hands over each element and where it stands.
  mutating func elements(_ depth: Int, _ body: (JSONValue, Range<Int>) -> Void) -> Bool {
    position += 1
    skipBlanks()
    if take("]") { return true }
    while true {
      skipBlanks()
      let start = position
      guard let value = value(depth: depth + 1) else { return false }
      body(value, start..<position)
      skipBlanks()
      if take("]") { return true }
      if !take(",") { return false }
    }
  }

  private mutating func number() -> JSONValue? {
    let start = position
    while let byte = next, "+-.eE0123456789".utf8.contains(byte) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let first = text.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: ".")
    else { return nil }
    guard let number = Double(text) else { return nil }
    if keepsNumbers && Self.isNumber(bytes[start..<position]) {
      return .literal(Array(bytes[start..<position]))
    }
    return JSONValue.integer(text, about: number).map(JSONValue.integer) ?? .number(number)
  }

  /// Whether the text of a number is one by the letter of RFC 8259, 6: `01`, `1.` and `-.5` are none.
  private static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
    var rest = text
    func digits() -> Int {
      let count = rest.prefix { 0x30...0x39 ~= $0 }.count
      rest = rest.dropFirst(count)
      return count
    }
    if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
    let hasLeadingZero = rest.first == UInt8(ascii: "0")
    let count = digits()
    if count == 0 || hasLeadingZero && count > 1 { return false }
    if rest.first == UInt8(ascii: ".") {
      rest.removeFirst()
      if digits() == 0 { return false }
    }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest.removeFirst()
      if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest.removeFirst() }
      if digits() == 0 { return false }
    }
    return rest.isEmpty
  }

  private mutating func string() -> [UInt8]? {
    position += 1
    var result: [UInt8] = []
    while let byte = next {
      position += 1
      if byte == UInt8(ascii: "\"") { return result }
      if byte != UInt8(ascii: "\\") {
        result.append(byte)
      } else if let scalar = escape() {
        result += String(Character(scalar)).utf8
      } else {
        return nil
      }
    }
    return nil
  }

  private mutating func escape() -> Unicode.Scalar? {
    guard let byte = next else { return nil }
    position += 1
    switch byte {
    case UInt8(ascii: "b"): return "\u{08}"
    case UInt8(ascii: "f"): return "\u{0C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "u"): return codePoint()
    default: return nil
    }
  }

  /// The code point of `\uXXXX`, or of two of them that are a surrogate pair.
  private mutating func codePoint() -> Unicode.Scalar? {
    guard let first = fourDigits() else { return nil }
    if !(0xD800...0xDBFF).contains(first) { return Unicode.Scalar(first) }
    guard take("\\u"), let second = fourDigits(), (0xDC00...0xDFFF).contains(second) else {
      return nil
    }
    return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
  }

  private mutating func fourDigits() -> UInt32? {
    guard position + 4 <= bytes.count else { return nil }
    var result: UInt32 = 0
    for digit in bytes[position..<(position + 4)] {
      guard let value = Character(Unicode.Scalar(digit)).hexDigitValue else { return nil }
      result = result << 4 | UInt32(value)
    }
    position += 4
    return result
  }
}
