// Rows of a table in the form of RFC 4180: columns between separators, a column in quotes when it
// holds one of them, a quote or a line end, and quotes within doubled. Lines come from outside, since
// a row may need several of them.

/// A row that is being read.
package struct CSVRow: Equatable, Sendable {
  /// Whether the row ends with the line that was read last.
  package enum Progress: Equatable, Sendable {
    case complete
    /// A quote is open: the next line belongs to it.
    case needsLine
  }

  /// What cannot stand in a table.
  package struct Fault: Error, Equatable, Sendable {
    /// The byte of the line.
    package var offset: Int
    package var explanation: String

    /// Joins the parts.
    package init(offset: Int, explanation: String) {
      self.offset = offset
      self.explanation = explanation
    }
  }

  /// The columns read so far.
  package private(set) var columns: [[UInt8]] = []
  private let separator: UInt8
  private var column: [UInt8] = []
  private var isInQuotes = false

  /// A row of which nothing has been read.
  package init(separator: UInt8) { self.separator = separator }

  /// The separator that `header` has most of, outside of quotes: comma, semicolon or tabulator.
  package static func separator(of header: [UInt8]) -> UInt8 {
    let candidates = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]
    var counts = [0, 0, 0]
    var isInQuotes = false
    for byte in header {
      if byte == UInt8(ascii: "\"") { isInQuotes.toggle() }
      if !isInQuotes, let index = candidates.firstIndex(of: byte) { counts[index] += 1 }
    }
    var best = 0
    for index in 1..<3 where counts[index] > counts[best] { best = index }
    return candidates[best]
  }

  /// Reads a line, without its line end.
  package mutating func read(_ line: [UInt8]) throws(Fault) -> Progress {
    var line = line[...]
    if isInQuotes { column.append(UInt8(ascii: "\n")) }
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    var position = 0
    while position < line.count {
      let byte = line[position]
      position += 1
      if isInQuotes {
        if byte != UInt8(ascii: "\"") {
          column.append(byte)
        } else if position < line.count, line[position] == UInt8(ascii: "\"") {
          column.append(byte)
          position += 1
        } else {
          isInQuotes = false
          if position < line.count, line[position] != separator {
            throw Fault(
              offset: position, explanation: "expected the end of the column after its quotes")
          }
        }
      } else if byte == separator {
        endColumn()
      } else if byte == UInt8(ascii: "\""), column.isEmpty {
        isInQuotes = true
      } else {
        column.append(byte)
      }
    }
    if isInQuotes { return .needsLine }
    endColumn()
    return .complete
  }

  private mutating func endColumn() {
    columns.append(column)
    column = []
  }
}
