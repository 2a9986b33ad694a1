// Where something stands in a configuration file, and what is wrong there. A reader of files
// collects all faults before anything is refused, so that a file is put right in one go.

/// A place in a file: line and column count from one, the column in bytes; line zero is all of it.
package struct FilePlace: Equatable, Sendable, CustomStringConvertible {
  package var file: String
  package var line: Int
  package var column: Int

  /// Joins the parts.
  package init(_ file: String, _ line: Int = 0, _ column: Int = 1) {
    self.file = file
    self.line = line
    self.column = column
  }

  /// `FILE:LINE:COLUMN`, as editors and compilers have it.
  package var description: String {
    line == 0 ? file : "\(file):\(line):\(column)"
  }
}

/// Something about a place that its author must or should know.
package struct FileNote: Error, Equatable, Sendable, CustomStringConvertible {
  package var place: FilePlace
  /// What was found and what was expected, without a full stop.
  package var text: String

  /// Joins the parts.
  package init(_ place: FilePlace, _ text: String) {
    self.place = place
    self.text = text
  }

  /// `FILE:LINE:COLUMN: TEXT`, always one line.
  package var description: String {
    "\(place): " + String(text.map { $0.isNewline ? " " : $0 })
  }
}
