// What is wrong with a file of access rules: all of it at once, each with its place, what was
// found, what was expected, and what to write instead.

/// One mistake in a file.
package struct AccessFileError: Error, Equatable, Sendable, CustomStringConvertible {
  package var file: String
  /// Counted from 1.
  package var line: Int
  /// Counted in bytes from 1.
  package var column: Int
  /// What was found and what was expected, without a full stop.
  package var problem: String
  /// What to do about it, without a full stop.
  package var fix: String

  /// Joins the parts.
  package init(file: String, line: Int, column: Int, problem: String, fix: String) {
    self.file = file
    self.line = line
    self.column = column
    self.problem = problem
    self.fix = fix
  }

  /// `acl.conf:3:7: "reed" is not an access word; write ...`.
  package var description: String { "\(file):\(line):\(column): \(problem); \(fix)" }
}

/// Everything that is wrong with a file, in the order of its lines.
package struct AccessFileErrors: Error, Equatable, Sendable, CustomStringConvertible {
  package var errors: [AccessFileError]

  package init(_ errors: [AccessFileError]) { self.errors = errors }

  /// One line for each.
  package var description: String {
    errors.map(\.description).joined(separator: "\n")
  }
}
