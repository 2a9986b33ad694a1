// The table that received messages become rows of. One that is there is used when it has the
// columns that are written and would let a row of only these in; otherwise the differences are
// named, all at once. One that is not there is made.

package import MQTTCodec
package import SQLite
package import Text

/// A column that a part of a JSON payload goes into.
package struct PayloadColumn: Equatable, Sendable {
  package var name: String
  /// As in CREATE TABLE; empty is no declared type, so that a value is stored as what it is.
  package var type: String
  package var path: JSONPath

  /// Joins the parts.
  package init(name: String, type: String, path: JSONPath) {
    self.name = name
    self.type = type
    self.path = path
  }
}

/// A table of messages, and the statement that adds one.
package final class MessageTable {
  /// Its name as the user gave it.
  package let name: String
  private let columns: [PayloadColumn]
  private let insert: Statement
  private let clock = TimeColumn()
  /// Which of the columns take texts, so that a number keeps its digits there.
  private let takeText: [Bool]

  /// The columns that every message has.
  private static let standard: [(name: String, type: String)] = [
    ("received_at", "TEXT NOT NULL"), ("topic", "TEXT NOT NULL"), ("payload", ""),
    ("qos", "INTEGER NOT NULL"), ("retain", "INTEGER NOT NULL"), ("properties", "TEXT"),
  ]

  /// Their names, which no other column may have.
  package static var standardNames: [String] { standard.map(\.name) }

  /// Uses the table, or makes it.
  package init(
    _ name: String, columns: [PayloadColumn], in database: borrowing Database
  ) throws(StoreError) {
    self.name = name
    self.columns = columns
    var found = try TableColumn.all(of: name, in: database)
    if found.isEmpty {
      try Self.make(name, columns, in: database)
      found = try TableColumn.all(of: name, in: database)
    } else if let difference = Self.difference(columns, found) {
      throw StoreError(
        .tableDiffers, file: database.file, operation: "table \(name)", reason: difference)
    }
    takeText = columns.map { column in
      found.contains { $0.isNamed(column.name) && $0.keepsText }
    }
    let names = Self.standard.map(\.name) + columns.map(\.name)
    insert = try database.prepare(
      "INSERT INTO \(SQLText.name(name))(\(names.map(SQLText.name).joined(separator: ", "))) "
        + "VALUES(\(names.indices.map { "?\($0 + 1)" }.joined(separator: ", ")))", isKept: true)
  }

  private static func make(
    _ name: String, _ columns: [PayloadColumn], in database: borrowing Database
  ) throws(StoreError) {
    // A part of the payload may be called so.
    let hasNumber = columns.contains { TableColumn.isSame($0.name, "id") }
    let definitions =
      (hasNumber ? [] : ["id INTEGER PRIMARY KEY"]) + standard.map { "\($0.name) \($0.type)" }
      + columns.map { "\(SQLText.name($0.name)) \($0.type)" }
    try database.run(
      "CREATE TABLE \(SQLText.name(name))(\n  \(definitions.joined(separator: ",\n  "))\n)",
      "make the table \(name)")
  }

  /// In which way a table does not fit, in words; nil when it does.
  private static func difference(
    _ columns: [PayloadColumn], _ found: [TableColumn]
  ) -> String? {
    let wanted = standard + columns.map { (name: $0.name, type: $0.type) }
    let missing = wanted.filter { column in !found.contains { $0.isNamed(column.name) } }
    let unfilled = found.filter { column in
      column.needsValue && !wanted.contains { column.isNamed($0.name) }
    }
    let generated = found.filter { column in
      column.isGenerated && wanted.contains { column.isNamed($0.name) }
    }
    var parts: [String] = []
    if !missing.isEmpty {
      let names = missing.map(\.name).joined(separator: ", ")
      let additions = missing.map { column in
        // A column that is added to rows which are there cannot be NOT NULL.
        let type = column.type.split(separator: " ").first.map { " \($0)" } ?? ""
        return "ALTER TABLE ... ADD COLUMN \(SQLText.name(column.name))\(type)"
      }
      parts.append("it has no column \(names) (\(additions.joined(separator: "; ")))")
    }
    if !unfilled.isEmpty {
      parts.append(
        "nothing would be stored in its column \(unfilled.map(\.name).joined(separator: ", ")), "
          + "which is NOT NULL and has no default")
    }
    if !generated.isEmpty {
      parts.append(
        "its column \(generated.map(\.name).joined(separator: ", ")) is generated and takes no value"
      )
    }
    if parts.isEmpty { return nil }
    return parts.joined(separator: ", and ") + "; change it, or name another one with --table"
  }

  /// Adds a row; within a transaction.
  package func add(
    _ row: borrowing MessageRow, to database: borrowing Database
  ) throws(StoreError) {
    clock.bind(insert, 1, row.nanoseconds)
    insert.bindText(2, row.topic)
    if row.isText { insert.bindText(3, row.payload) } else { insert.bindBlob(3, row.payload) }
    insert.bind(4, Int64(row.qos.rawValue))
    insert.bind(5, Int64(row.isRetained ? 1 : 0))
    if row.properties.isEmpty { insert.bindNull(6) } else { insert.bindText(6, row.properties) }
    if !columns.isEmpty { bindParts(of: Array(row.payload)) }
    try insert.run(database, "add a row to \(name)")
  }

  /// Binds what the columns pick from a payload; NULL where it has no such part.
  private func bindParts(of payload: [UInt8]) {
    let whole = JSONValue(parsing: payload)
    for (index, column) in columns.enumerated() {
      let place = Int32(7 + index)
      guard let whole, let value = column.path.value(in: whole) else {
        insert.bindNull(place)
        continue
      }
      /// The part as it stands in the payload.
      func text() -> String? {
        column.path.range(in: whole, of: payload).map {
          String(decoding: payload[$0], as: UTF8.self)
        }
      }
      switch value {
      case .null: insert.bindNull(place)
      case .truth(let claim): insert.bind(place, Int64(claim ? 1 : 0))
      case .number, .integer, .literal:
        if takeText[index] { insert.bind(place, text()) } else { bind(number: value, at: place) }
      case .string(let bytes): insert.bind(place, String(decoding: bytes, as: UTF8.self))
      case .array, .object: insert.bind(place, text())
      }
    }
  }

  private func bind(number value: JSONValue, at place: Int32) {
    switch value {
    case .integer(let whole): insert.bind(place, whole)
    case .number(let number):
      // A whole number that a double holds exactly is stored as one.
      if let whole = Int64(exactly: number), number.magnitude < 9_007_199_254_740_992 {
        insert.bind(place, whole)
      } else {
        insert.bind(place, number)
      }
    case .null, .truth, .literal, .string, .array, .object: insert.bindNull(place)
    }
  }
}

/// A message as it goes into a row; its bytes lie where they were gathered.
package struct MessageRow: ~Copyable {
  /// When it was received, since 1970.
  var nanoseconds: Int64
  var topic: UnsafeBufferPointer<UInt8>
  var payload: UnsafeBufferPointer<UInt8>
  /// JSON; empty when there are none.
  var properties: UnsafeBufferPointer<UInt8>
  var qos: QoS
  var isRetained: Bool

  /// Joins the parts.
  package init(
    nanoseconds: Int64, topic: UnsafeBufferPointer<UInt8>, payload: UnsafeBufferPointer<UInt8>,
    properties: UnsafeBufferPointer<UInt8>, qos: QoS, isRetained: Bool
  ) {
    self.nanoseconds = nanoseconds
    self.topic = topic
    self.payload = payload
    self.properties = properties
    self.qos = qos
    self.isRetained = isRetained
  }

  /// UTF-8 without U+0000 is a text; everything else is a blob.
  var isText: Bool {
    if payload.contains(0) { return false }
    return (try? UTF8Span(validating: Span(_unsafeElements: payload))) != nil
  }
}
