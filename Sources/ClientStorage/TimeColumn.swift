// Times as SQLite's date functions read them and as they sort: RFC 3339 in UTC with microseconds.
// The text up to the second is made once a second.

import Basis
import SQLite

/// The text of a time, bound without a String for each.
final class TimeColumn {
  private var second = Int64.min
  /// `2026-11-21T04:00:00.000000Z`.
  private var text: [UInt8] = []

  /// Binds `nanoseconds` since 1970; the text is copied.
  func bind(_ statement: borrowing Statement, _ index: Int32, _ nanoseconds: Int64) {
    statement.bind(index, text(nanoseconds))
  }

  private func text(_ nanoseconds: Int64) -> String {
    let found = nanoseconds / 1_000_000_000
    if found != second {
      second = found
      text = Array(TimeText.text(found * 1_000_000_000, decimals: 6).utf8)
    }
    var rest = nanoseconds % 1_000_000_000 / 1000
    for place in stride(from: text.count - 2, to: text.count - 8, by: -1) {
      text[place] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    }
    return String(decoding: text, as: UTF8.self)
  }
}
