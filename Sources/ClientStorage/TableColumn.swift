// What SQLite tells about the columns of a table, and names as they must stand in a statement.

import CSQLite
import SQLite

/// A column of a table that is there.
struct TableColumn: Equatable {
  var name: String
  var type: String
  /// Whether a row that says nothing about it is refused.
  var needsValue: Bool
  /// Whether SQLite computes it.
  var isGenerated: Bool

  /// The columns in their order; none when there is no such table.
  static func all(
    of table: String, in database: borrowing Database
  ) throws(StoreError) -> [TableColumn] {
    let statement = try database.prepare("PRAGMA table_xinfo(\(SQLText.name(table)))")
    var columns: [TableColumn] = []
    while true {
      switch statement.step() {
      case SQLITE_ROW:
        let type = statement.string(2)
        let isRowNumber = statement.integer(5) > 0 && isSame(type, "integer")
        columns.append(
          TableColumn(
            name: statement.string(1), type: type,
            needsValue: statement.integer(3) != 0 && statement.isNull(4) && !isRowNumber,
            isGenerated: statement.integer(6) >= 2))
      case SQLITE_DONE:
        return columns
      case _:
        throw database.failure("look at the table \(table)")
      }
    }
  }

  /// Whether SQLite turns numbers into texts there (https://sqlite.org/datatype3.html, 3.1).
  var keepsText: Bool {
    let type = type.uppercased()
    return !type.contains("INT") && ["CHAR", "CLOB", "TEXT"].contains { type.contains($0) }
  }

  /// SQLite's names are the same in either case of ASCII letters.
  func isNamed(_ other: String) -> Bool { Self.isSame(name, other) }

  static func isSame(_ left: String, _ right: String) -> Bool {
    sqlite3_stricmp(left, right) == 0
  }
}

/// Parts of SQL that come from the user.
enum SQLText {
  /// A name in quotes, whatever it holds.
  static func name(_ text: String) -> String { quoted(text, "\"") }

  /// A text in quotes.
  static func text(_ text: String) -> String { quoted(text, "'") }

  private static func quoted(_ text: String, _ quote: Character) -> String {
    text.reduce(into: String(quote)) { $0 += $1 == quote ? "\(quote)\(quote)" : String($1) }
      + String(quote)
  }
}
