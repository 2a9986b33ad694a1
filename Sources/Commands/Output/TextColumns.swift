// How many columns of a terminal a text takes, and how it is made to fit into fewer: East Asian wide
// characters and emoji take two (Unicode Standard Annex 11), what combines with the one before none.

extension StringProtocol {
  /// Columns that the text takes on a terminal.
  package var columnCount: Int { reduce(0) { $0 + $1.columnCount } }

  /// As many characters from the front as fit into so many columns.
  package func prefix(ofColumns columns: Int) -> String {
    var rest = columns
    return String(
      prefix { character in
        rest -= character.columnCount
        return rest >= 0
      })
  }

  /// At most so many columns: what is longer loses its middle, and keeps as much of its end as of its
  /// start.
  package func shortened(to columns: Int) -> String {
    if columnCount <= columns { return String(self) }
    let room = Swift.max(0, columns - 1)
    let tail = String(String(reversed()).prefix(ofColumns: room / 2).reversed())
    return prefix(ofColumns: room - room / 2) + "…" + tail
  }
}

extension String {
  /// With blanks behind it up to `columns`.
  package func leftAligned(_ columns: Int) -> String {
    self + String(repeating: " ", count: Swift.max(0, columns - columnCount))
  }

  /// With blanks before it up to `columns`.
  package func rightAligned(_ columns: Int) -> String {
    String(repeating: " ", count: Swift.max(0, columns - columnCount)) + self
  }

  /// Where a text that is too long is cut.
  package enum Cut: CaseIterable {
    case middle
    case start
    case end
  }

  /// The text, or what of it fits into `columns` with an ellipsis where it was cut.
  package func fitted(_ columns: Int, cut: Cut = .end) -> String {
    if columnCount <= columns { return self }
    let room = max(0, columns - 1)
    let headRoom =
      switch cut {
      case .middle: room / 3
      case .start: 0
      case .end: room
      }
    let head = prefix(ofColumns: headRoom)
    let tailRoom = cut == .end ? 0 : room - head.columnCount
    let tail = String(String(reversed()).prefix(ofColumns: tailRoom).reversed())
    return columns > 0 ? head + "…" + tail : ""
  }
}

extension Character {
  /// Columns that it takes on a terminal: 0, 1 or 2.
  package var columnCount: Int {
    guard let first = unicodeScalars.first else { return 0 }
    if first.isASCII && unicodeScalars.count == 1 { return 1 }
    switch first.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    case _: break
    }
    let isEmoji =
      first.properties.isEmojiPresentation
      || first.properties.isEmoji && unicodeScalars.contains("\u{FE0F}")
    return isEmoji || Self.wideRanges.contains { $0.contains(first.value) } ? 2 : 1
  }

  /// What East Asian scripts write in a square, in their order.
  private static let wideRanges: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
    0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
    0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD,
  ]
}
