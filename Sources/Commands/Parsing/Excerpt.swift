// A line that something is wrong with, and a caret below the place: what a reader looks at before
// the words.

import Text

/// A line with a caret.
package enum Excerpt {
  /// Columns of the line that are shown at most.
  private static let width = 72

  /// Two lines, each indented by two: `line`, or the part of it around the place, and the caret.
  package static func text(_ line: [UInt8], caretAt offset: Int) -> String {
    let offset = min(max(0, offset), line.count)
    let before = shown(line[..<offset])
    let after = shown(line[offset...])
    let start = max(0, before.count - width / 2)
    let left = start > 0 ? "..." + before.dropFirst(start + 3) : before
    let room = max(0, width - left.count)
    let right = after.count > room ? after.prefix(max(0, room - 3)) + "..." : after
    return "  \(left)\(right)\n  \(String(repeating: " ", count: left.count))^"
  }

  /// On one line and with every character as wide as one.
  private static func shown(_ bytes: ArraySlice<UInt8>) -> String {
    let text = String(decoding: bytes, as: UTF8.self).unicodeScalars.map { scalar in
      scalar.isControl ? Character(" ") : Character(scalar)
    }
    return String(text)
  }
}
