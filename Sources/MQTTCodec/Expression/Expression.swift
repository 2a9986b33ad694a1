// A condition on messages or packets, as a user writes it:
//
//     type == publish && qos == 2 && topic ~ "a/#" && payload contains "x" && $.temperature > 30
//
// What the fields are is the subject's business: the language knows only names, kinds of values
// and JSON paths into the payload. Fields, kinds, words, topic filters and paths are all checked
// when the text is read, so that a condition that was accepted never fails later. A comparison with
// something that a subject lacks is false, `!=` included, as other analysers have it.
//
//     condition  = and *( ("||" / "or") and )
//     and        = not *( ("&&" / "and") not )
//     not        = *( "!" / "not" ) ( "(" condition ")" / test )
//     test       = operand [ operator operand ]        alone: it is there, and not 0, false or ""
//     operator   = "==" / "!=" / "<" / "<=" / ">" / ">=" / "~" / "contains" / "eq" / "ne" / ...
//     operand    = field / number / string / word / path

import Text

/// A condition that was read and checked.
package struct Expression: Equatable, Sendable {
  /// Conditions within each other beyond which a text is refused.
  package static let depthLimit = 100
  /// Words beyond which a text is refused.
  package static let wordLimit = 10_000

  /// How two values are compared.
  package enum Operator: String, CaseIterable, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    /// The left side is a topic, or a filter, that the filter on the right matches (4.7).
    case matches = "~"
    /// The bytes of the right side stand somewhere in the left.
    case contains = "contains"
  }

  /// One side of a comparison.
  enum Operand: Equatable, Sendable {
    case field(ExpressionField)
    case value(ExpressionValue)
    case path(JSONPath)
  }

  indirect enum Node: Equatable, Sendable {
    case all(Node, Node)
    case any(Node, Node)
    case not(Node)
    case isThere(Operand)
    case comparison(Operand, Operator, Operand)
  }

  let root: Node

  /// Reads a condition on subjects that have these fields.
  ///
  /// - Throws: what is wrong with the text, and where.
  package init(parsing text: String, fields: [ExpressionField]) throws(ExpressionFault) {
    var parser = try ExpressionParser(text, fields)
    root = try parser.whole()
  }

  /// Whether the condition is true of `subject`.
  package func holds<Subject: ExpressionSubject & ~Copyable & ~Escapable>(
    for subject: borrowing Subject
  ) -> Bool {
    Self.holds(root, subject)
  }

  private static func holds<Subject: ExpressionSubject & ~Copyable & ~Escapable>(
    _ node: Node, _ subject: borrowing Subject
  ) -> Bool {
    switch node {
    case .all(let left, let right): return holds(left, subject) && holds(right, subject)
    case .any(let left, let right): return holds(left, subject) || holds(right, subject)
    case .not(let condition): return !holds(condition, subject)
    case .isThere(let operand): return value(operand, subject).isTrue
    case .comparison(let left, let comparison, let right):
      return value(left, subject).compare(comparison, value(right, subject))
    }
  }

  private static func value<Subject: ExpressionSubject & ~Copyable & ~Escapable>(
    _ operand: Operand, _ subject: borrowing Subject
  ) -> ExpressionValue {
    switch operand {
    case .field(let field): return subject.value(of: field.name)
    case .value(let value): return value
    case .path(let path):
      guard case .text(let payload) = subject.value(of: ExpressionField.payload),
        let whole = JSONValue(parsing: payload), let found = path.value(in: whole)
      else { return .none }
      return ExpressionValue(found)
    }
  }
}

/// Something that a condition can be true of.
package protocol ExpressionSubject: ~Copyable, ~Escapable {
  /// The value of a field that was declared; ``ExpressionValue/none`` when it has none.
  func value(of field: String) -> ExpressionValue
}

/// A field as a condition may name it.
package struct ExpressionField: Equatable, Sendable {
  /// What the values of a field are.
  package enum Kind: Equatable, Sendable {
    case number
    case text
    /// Text that is one of these words.
    case word([String])
    case truth
  }

  /// The name under which JSON paths look for what they are paths into.
  package static let payload = "payload"

  package var name: String
  package var kind: Kind
  /// One sentence for manuals, without a full stop.
  package var meaning: String

  /// Joins the parts.
  package init(_ name: String, _ kind: Kind, _ meaning: String) {
    self.name = name
    self.kind = kind
    self.meaning = meaning
  }
}
