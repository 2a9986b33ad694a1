// From words to a condition. Everything that can be wrong is found here: unknown fields and words
// with the nearest known one, kinds that cannot be compared, faulty topic filters.

import Text

struct ExpressionParser {
  private let text: String
  private let fields: [ExpressionField]
  private let tokens: [PlacedToken]
  private var position = 0
  private var depth = 0

  init(_ text: String, _ fields: [ExpressionField]) throws(ExpressionFault) {
    self.text = text
    self.fields = fields
    tokens = try ExpressionLexer.tokens(of: text)
  }

  private var current: PlacedToken { tokens[position] }

  private mutating func take(_ token: ExpressionToken) -> Bool {
    if current.token != token { return false }
    position += 1
    return true
  }

  private func fault(_ explanation: String, at offset: Int) -> ExpressionFault {
    ExpressionFault(text: text, offset: offset, explanation: explanation)
  }

  mutating func whole() throws(ExpressionFault) -> Expression.Node {
    if current.token == .end {
      throw fault("expected a condition, for example: type == publish", at: current.offset)
    }
    let node = try disjunction()
    switch current.token {
    case .end: return node
    case .close: throw fault("this parenthesis closes nothing", at: current.offset)
    case .word, .number, .string, .path, .comparison, .and, .or, .not, .open:
      throw fault("expected && or || before this", at: current.offset)
    }
  }

  private mutating func disjunction() throws(ExpressionFault) -> Expression.Node {
    var node = try conjunction()
    while take(.or) { node = .any(node, try conjunction()) }
    return node
  }

  private mutating func conjunction() throws(ExpressionFault) -> Expression.Node {
    var node = try negation()
    while take(.and) { node = .all(node, try negation()) }
    return node
  }

  private mutating func negation() throws(ExpressionFault) -> Expression.Node {
    let place = current.offset
    depth += 1
    defer { depth -= 1 }
    if depth > Expression.depthLimit {
      throw fault("more than \(Expression.depthLimit) conditions within each other", at: place)
    }
    if take(.not) { return .not(try negation()) }
    guard take(.open) else { return try test() }
    let node = try disjunction()
    if !take(.close) {
      let found = current.token == .end ? "the parenthesis that opens here is not closed" : nil
      throw fault(
        found ?? "expected ) or another condition", at: found == nil ? current.offset : place)
    }
    return node
  }

  private mutating func test() throws(ExpressionFault) -> Expression.Node {
    let start = current.offset
    let left = try operand("a field, a value or a path such as $.temperature", for: nil)
    guard case .comparison(let comparison) = current.token else {
      if case .value = left { throw fault("expected a field and not a value", at: start) }
      return .isThere(left)
    }
    position += 1
    let place = current.offset
    let right = try operand("a value after \(comparison.rawValue)", for: left)
    try check(left, comparison, right, at: start, place)
    return .comparison(left, comparison, right)
  }

  /// Reads one side; words that are no field are values only beside a field on the left.
  private mutating func operand(
    _ expected: String, for left: Expression.Operand?
  ) throws(ExpressionFault) -> Expression.Operand {
    let place = current
    position += 1
    switch place.token {
    case .number(let number): return .value(number)
    case .string(let bytes): return .value(.text(bytes))
    case .path(let path): return .path(path)
    case .word(let word): return try operand(word, at: place.offset, for: left)
    case .comparison, .and, .or, .not, .open, .close, .end:
      position -= 1
      throw fault("expected \(expected)", at: place.offset)
    }
  }

  private func operand(
    _ word: String, at offset: Int, for left: Expression.Operand?
  ) throws(ExpressionFault) -> Expression.Operand {
    if let left {
      if case .field(let field) = left, case .word(let words) = field.kind,
        let found = words.first(where: { $0 == word.lowercased() })
      {
        return .value(ExpressionValue(found))
      }
      switch word.lowercased() {
      case "true": return .value(.truth(true))
      case "false": return .value(.truth(false))
      case "null": if case .path = left { return .value(.null) }
      default: break
      }
    }
    if let field = fields.first(where: { $0.name == word }) { return .field(field) }
    if case .field(let field) = left {
      switch field.kind {
      // A word is as good as a text in quotes where text is compared; it cannot be mistaken.
      case .text: return .value(ExpressionValue(word))
      case .word(let words): throw fault(unknown(word, "no \(field.name)", words), at: offset)
      case .number, .truth: break
      }
    }
    if case .path = left { return .value(ExpressionValue(word)) }
    throw fault(unknown(word, "no field", fields.map(\.name)), at: offset)
  }

  private func unknown(_ word: String, _ what: String, _ known: [String]) -> String {
    if let nearest = Nearest.word(to: word.lowercased(), among: known) {
      return "\(word) is \(what); the nearest is \(nearest)"
    }
    return "\(word) is \(what); known are \(known.joined(separator: ", "))"
  }

  // MARK: Kinds

  private enum Kind {
    case number, text, truth, open
  }

  private func check(
    _ left: Expression.Operand, _ comparison: Expression.Operator, _ right: Expression.Operand,
    at start: Int, _ place: Int
  ) throws(ExpressionFault) {
    switch comparison {
    case .matches:
      guard case .value(.text(let filter)) = right else {
        throw fault("expected a topic filter in quotes after ~", at: place)
      }
      if let found = Topic.faultOfFilter(filter.span) {
        throw fault("this is no topic filter: \(found.explanation)", at: place)
      }
      if kind(left) == .number || kind(left) == .truth {
        throw fault("\(name(left)) is no text, so that no filter matches it", at: start)
      }
    case .contains:
      if kind(left) == .number || kind(left) == .truth {
        throw fault("\(name(left)) is no text, so that it contains nothing", at: start)
      }
      if kind(right) == .number || kind(right) == .truth {
        throw fault("expected text in quotes after contains", at: place)
      }
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
      let (first, second) = (kind(left), kind(right))
      if first != second, first != .open, second != .open {
        throw fault("expected \(words(first)), because \(name(left)) is one", at: place)
      }
      if case .field(let field) = left, case .word(let known) = field.kind,
        case .value(.text(let bytes)) = right
      {
        let word = String(decoding: bytes, as: UTF8.self)
        if !known.contains(word) {
          throw fault(unknown(word, "no \(field.name)", known), at: place)
        }
      }
    }
  }

  private func kind(_ operand: Expression.Operand) -> Kind {
    switch operand {
    case .field(let field):
      switch field.kind {
      case .number: .number
      case .text, .word: .text
      case .truth: .truth
      }
    case .value(let value):
      switch value {
      case .number, .integer: .number
      case .text: .text
      case .truth: .truth
      case .none, .null, .several: .open
      }
    case .path: .open
    }
  }

  private func words(_ kind: Kind) -> String {
    switch kind {
    case .number: "a number"
    case .text: "a text in quotes"
    case .truth: "true or false"
    case .open: "a value"
    }
  }

  private func name(_ operand: Expression.Operand) -> String {
    if case .field(let field) = operand { field.name } else { "the left side" }
  }
}
