// Values of conditions, and how they compare.

import Text

/// What a field, a literal or a JSON path stands for.
package enum ExpressionValue: Equatable, Sendable {
  /// The subject has no such thing; no comparison with it is true.
  case none
  case number(Double)
  /// A whole number that a double may not hold exactly.
  case integer(Int64)
  /// Text or any other bytes.
  case text([UInt8])
  case truth(Bool)
  /// JSON's null.
  case null
  /// Several values of one field, as the filters of a SUBSCRIBE: one that fits is enough.
  case several([ExpressionValue])

  /// Text in UTF-8.
  package init(_ text: String) { self = .text(Array(text.utf8)) }

  /// Text, or nothing.
  package init(_ text: String?) { self = text.map { ExpressionValue($0) } ?? .none }

  /// A number, or nothing.
  package init(_ number: (some BinaryInteger)?) {
    self = number.map { .number(Double($0)) } ?? .none
  }

  init(_ json: JSONValue) {
    switch json {
    case .null: self = .null
    case .truth(let isTrue): self = .truth(isTrue)
    case .number(let number): self = .number(number)
    case .integer(let whole): self = .integer(whole)
    case .literal(let digits):
      self = Double(String(decoding: digits, as: UTF8.self)).map { .number($0) } ?? .none
    case .string(let bytes): self = .text(bytes)
    case .array(let elements): self = .several(elements.map(ExpressionValue.init))
    // An object is there, but equals nothing.
    case .object: self = .several([.truth(true)])
    }
  }

  /// Whether a value that stands alone counts as true: it is there, and not 0, false, null or empty.
  var isTrue: Bool {
    switch self {
    case .none, .null: false
    case .number(let number): number != 0
    case .integer: true
    case .text(let bytes): !bytes.isEmpty
    case .truth(let isTrue): isTrue
    case .several(let values): values.contains(where: \.isTrue)
    }
  }

  /// Whether the comparison with `other` is true.
  func compare(_ comparison: Expression.Operator, _ other: ExpressionValue) -> Bool {
    if case .several(let values) = self {
      // "Not equal" is said of all of them, everything else of one.
      if comparison == .notEqual {
        return !values.isEmpty && values.allSatisfy { $0.compare(comparison, other) }
      }
      return values.contains { $0.compare(comparison, other) }
    }
    if case .several(let values) = other {
      if comparison == .notEqual {
        return !values.isEmpty && values.allSatisfy { compare(comparison, $0) }
      }
      return values.contains { compare(comparison, $0) }
    }
    return compareOne(comparison, other)
  }

  private func compareOne(_ comparison: Expression.Operator, _ other: ExpressionValue) -> Bool {
    switch (self, other) {
    case (.none, _), (_, .none): return false
    case (.number(let left), .number(let right)): return Self.order(left, right, comparison)
    case (.integer(let left), .integer(let right)): return Self.order(left, right, comparison)
    case (.integer(let left), .number(let right)):
      return Self.order(Self.sign(left, right), 0, comparison)
    case (.number(let left), .integer(let right)):
      return Self.order(0, Self.sign(right, left), comparison)
    case (.text(let left), .text(let right)): return Self.compare(left, comparison, right)
    case (.truth(let left), .truth(let right)):
      return Self.order(left ? 1 : 0, right ? 1 : 0, comparison)
    case (.null, .null): return comparison == .equal
    case (.number, _), (.integer, _), (.text, _), (.truth, _), (.null, _), (.several, _):
      // Values of different kinds, which only JSON can bring: unequal, and neither is less.
      return comparison == .notEqual
    }
  }

  /// Whether a whole number is less than (-1), equal to (0) or greater than (1) another one, exactly.
  private static func sign(_ whole: Int64, _ number: Double) -> Int {
    guard let floor = Int64(exactly: number.rounded(.down)) else { return number > 0 ? -1 : 1 }
    if whole != floor { return whole < floor ? -1 : 1 }
    return number > number.rounded(.down) ? -1 : 0
  }

  private static func order<Value: Comparable>(
    _ left: Value, _ right: Value, _ comparison: Expression.Operator
  ) -> Bool {
    switch comparison {
    case .equal: left == right
    case .notEqual: left != right
    case .less: left < right
    case .lessOrEqual: left <= right
    case .greater: left > right
    case .greaterOrEqual: left >= right
    case .matches, .contains: false
    }
  }

  private static func compare(
    _ left: [UInt8], _ comparison: Expression.Operator, _ right: [UInt8]
  ) -> Bool {
    switch comparison {
    case .equal: left == right
    case .notEqual: left != right
    case .less: left.lexicographicallyPrecedes(right)
    case .lessOrEqual: !right.lexicographicallyPrecedes(left)
    case .greater: right.lexicographicallyPrecedes(left)
    case .greaterOrEqual: !left.lexicographicallyPrecedes(right)
    case .matches: Topic.matches(filter: right.span, name: left.span)
    case .contains: contains(left, right)
    }
  }

  private static func contains(_ whole: [UInt8], _ part: [UInt8]) -> Bool {
    guard let first = part.first else { return true }
    if whole.count < part.count { return false }
    for start in 0...(whole.count - part.count) where whole[start] == first {
      if whole[start..<start + part.count].elementsEqual(part) { return true }
    }
    return false
  }
}
