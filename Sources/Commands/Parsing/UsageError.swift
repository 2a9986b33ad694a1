// What is wrong with a command line, said so that it can be put right: which argument, what was
// expected in its place, and an example. The process that prints one exits with status 2.

import Text

/// A command line that cannot be run.
package struct UsageError: Error, Equatable, Sendable {
  /// The argument as it was written, with the file and line when it stood in an options file.
  package var argument: String
  /// What was found and what was expected, without a full stop.
  package var problem: String
  /// Something that would be right; empty when nothing is meaningful.
  package var example: String
  /// The text that is wrong with a caret below the place; empty when the argument says it all.
  package var excerpt: String

  /// Joins the parts.
  package init(
    _ argument: String, _ problem: String, example: String = "", excerpt: String = ""
  ) {
    self.argument = argument
    self.problem = problem
    self.example = example
    self.excerpt = excerpt
  }
}

extension UsageError: CustomStringConvertible {
  /// One line, whatever the arguments hold: `-q 3: expected 0, 1 or 2, for example: -q 1`, and
  /// below it the excerpt where there is one.
  package var description: String {
    let text = "\(argument): \(problem)" + (example.isEmpty ? "" : ", for example: \(example)")
    let line = String(text.map { $0.isNewline ? " " : $0 })
    return excerpt.isEmpty ? line : "\(line)\n\(excerpt)"
  }
}
