// What is wrong with a condition, and where; whoever shows it puts a caret below the place.

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
}

extension ExpressionFault: CustomStringConvertible {
  /// One line: what was found and expected, and at which byte.
  package var description: String { "\(explanation) at byte \(offset + 1)" }
}
