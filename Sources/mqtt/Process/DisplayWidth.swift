// How many columns of a terminal text takes: characters of East Asian scripts and pictures take two,
// marks that stand on others none (Unicode Standard Annex 11).

extension Unicode.Scalar {
  /// First and last of the blocks whose characters are wide.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3,
    0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F,
    0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
  ]

  fileprivate var columnCount: Int {
    if value < 0x300 { return 1 }
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: return Self.wide.contains { $0.contains(value) } ? 2 : 1
    }
  }
}

extension Character {
  /// Columns that it takes; what is joined to one picture takes no more than that.
  var columnCount: Int {
    let scalars = unicodeScalars
    // U+FE0F asks for the picture in the place of the sign.
    if scalars.contains("\u{FE0F}") { return 2 }
    return min(2, scalars.map(\.columnCount).max() ?? 0)
  }
}

extension StringProtocol {
  /// Columns that it takes.
  var columnCount: Int { reduce(0) { $0 + $1.columnCount } }

  /// At most `width` columns: what is longer loses its middle, since topics and names often differ at
  /// their ends.
  func shortened(to width: Int) -> String {
    if columnCount <= width { return String(self) }
    let room = Swift.max(0, width - 1)
    let front = fronting(room - room / 2)
    let back = String(String(reversed()).fronting(room / 2).reversed())
    return front + "…" + back
  }

  /// As many characters from the front as fit into so many columns.
  func fronting(_ width: Int) -> String {
    var used = 0
    return String(
      prefix { character in
        used += character.columnCount
        return used <= width
      })
  }
}
