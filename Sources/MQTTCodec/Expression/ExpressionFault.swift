// What is wrong with a condition, shown at its place.

/// A text that is no condition.
package struct ExpressionFault: Error, Equatable, Sendable {
  /// The whole text.
  package var text: String
  /// Where in its UTF-8 the fault is.
  package var offset: Int
  /// What was found and what was expected, without a full stop.
  package var explanation: String

  /// Joins the parts.
  package init(text: String, offset: Int, explanation: String) {
    self.text = text
    self.offset = offset
    self.explanation = explanation
  }

  /// The text on one line, and below it a caret at the place.
  package var excerpt: String {
    let isBlank: (Character) -> Bool = { $0.isNewline || $0 == "\t" }
    let line = String(text.map { isBlank($0) ? " " : $0 })
    let before = String(decoding: Array(text.utf8).prefix(offset), as: UTF8.self)
    return "  \(line)\n  " + String(repeating: " ", count: before.count) + "^"
  }
}

extension ExpressionFault: CustomStringConvertible {
  /// Three lines: the explanation, the text, the caret.
  package var description: String { "\(explanation)\n\(excerpt)" }
}
