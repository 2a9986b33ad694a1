// The outbox: a table into which an application inserts messages, as part of its own transactions,
// and out of which each goes to the broker in the order of `id`.
//
//   waiting --------> under way -----------> sent                        sent_at is set
//      ^  its packet      |  PUBREC (PUBACK at QoS 1)
//      |  identifier is   |
//      |  stored          +--> refused -----> waiting, later             the broker may yet take it
//      |                            |
//      +-- error = NULL --- dead letter                                  error says why
//
// What is under way stands in the session's row, so a message and what is known of its handshake
// change in one transaction. A row that nobody takes stays as a dead letter and holds up no other.

import CSQLite
import MQTTCodec
package import SQLite

/// A table of messages to be sent.
package final class Outbox {
  /// Its name as the user gave it.
  package let name: String
  private let next: Statement
  private let one: Statement
  private let count: Statement
  private let markSent: Statement
  private let markDead: Statement
  private let markRefused: Statement
  private let clock = TimeColumn()

  private static let columns = [
    "id", "topic", "payload", "qos", "retain", "properties", "sent_at", "attempts", "error",
  ]

  /// What `--create` makes.
  private static func definition(_ name: String) -> String {
    """
    CREATE TABLE \(SQLText.name(name))(
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      topic TEXT NOT NULL,
      payload,                              -- text or blob
      qos INTEGER NOT NULL DEFAULT 2,
      retain INTEGER NOT NULL DEFAULT 0,
      properties TEXT,                      -- JSON, as {"content-type": "text/plain"}
      created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
      sent_at TEXT,                         -- when the broker had it
      attempts INTEGER NOT NULL DEFAULT 0,  -- how often the broker refused it
      error TEXT                            -- why it will not be sent; NULL tries it again
    );
    """
  }

  /// Uses the table; makes it if `makes` says so and it is not there.
  package init(
    _ name: String, makes: Bool, in database: borrowing Database
  ) throws(StoreError) {
    self.name = name
    var found = try TableColumn.all(of: name, in: database)
    if found.isEmpty && makes {
      try database.run(Self.definition(name), "make the table \(name)")
      found = try TableColumn.all(of: name, in: database)
    }
    try Self.check(found, name, database.file)
    let table = SQLText.name(name)
    // Only what waits is in this index, so that finding it costs the same however much was sent.
    let index = SQLText.name("\(name)_waiting")
    let waiting = "sent_at IS NULL AND error IS NULL"
    try database.run(
      "CREATE INDEX IF NOT EXISTS \(index) ON \(table)(id) WHERE \(waiting)",
      "make an index of \(name)")
    let selection = "SELECT id, topic, payload, qos, retain, properties, attempts FROM \(table) "
    next = try database.prepare(
      selection + "WHERE id > ?1 AND \(waiting) ORDER BY id LIMIT ?2", isKept: true)
    one = try database.prepare(selection + "WHERE id = ?1", isKept: true)
    count = try database.prepare(
      "SELECT count(*) FROM \(table) WHERE id <= ?1 AND \(waiting)", isKept: true)
    markSent = try database.prepare(
      "UPDATE \(table) SET sent_at = ?2, error = NULL WHERE id = ?1", isKept: true)
    markDead = try database.prepare("UPDATE \(table) SET error = ?2 WHERE id = ?1", isKept: true)
    markRefused = try database.prepare(
      "UPDATE \(table) SET attempts = attempts + 1 WHERE id = ?1", isKept: true)
  }

  private static func check(
    _ found: [TableColumn], _ name: String, _ file: String
  ) throws(StoreError) {
    if found.isEmpty {
      throw StoreError(
        .tableDiffers, file: file, operation: "table \(name)",
        reason: "there is no such table; --create-table makes it")
    }
    let missing = columns.filter { column in !found.contains { $0.isNamed(column) } }
    if missing.isEmpty { return }
    let additions = missing.map {
      "ALTER TABLE \(SQLText.name(name)) ADD COLUMN \($0)"
        + ($0 == "attempts" || $0 == "retain" ? " INTEGER NOT NULL DEFAULT 0" : "")
    }
    throw StoreError(
      .tableDiffers, file: file, operation: "table \(name)",
      reason: "it has no column \(missing.joined(separator: ", ")) "
        + "(\(additions.joined(separator: "; "))); change it, or name another one with --table")
  }

  /// The oldest rows that wait, behind the one with that identifier.
  package func waiting(
    after identifier: Int64, limit: Int, in database: borrowing Database
  ) throws(StoreError) -> [OutboxRow] {
    next.bind(1, identifier)
    next.bind(2, Int64(limit))
    defer { next.reset() }
    var rows: [OutboxRow] = []
    while true {
      switch next.step() {
      case SQLITE_ROW: rows.append(Self.row(next))
      case SQLITE_DONE: return rows
      case _: throw database.failure("read \(name)")
      }
    }
  }

  /// The row with that identifier, whatever has become of it; nil when it is gone.
  package func row(
    _ identifier: Int64, in database: borrowing Database
  ) throws(StoreError) -> OutboxRow? {
    one.bind(1, identifier)
    defer { one.reset() }
    switch one.step() {
    case SQLITE_ROW: return Self.row(one)
    case SQLITE_DONE: return nil
    case _: throw database.failure("read \(name)")
    }
  }

  private static func row(_ statement: borrowing Statement) -> OutboxRow {
    let isText = statement.type(1) == SQLITE_TEXT
    return OutboxRow(
      identifier: statement.integer(0),
      topic: isText ? String(validating: statement.bytes(1), as: UTF8.self) : nil,
      payload: statement.bytes(2),
      qos: statement.isNull(3)
        ? .exactlyOnce
        : UInt8(exactly: statement.integer(3)).flatMap { QoS(rawValue: $0) },
      isRetained: statement.integer(4) != 0,
      properties: statement.isNull(5) ? nil : statement.bytes(5),
      attempts: Int(statement.integer(6)), fault: nil)
  }

  /// Notes what has become of a row; within a transaction.
  package func mark(
    _ identifier: Int64, _ fate: OutboxFate, at nanoseconds: Int64,
    in database: borrowing Database
  ) throws(StoreError) {
    switch fate {
    case .sent:
      markSent.bind(1, identifier)
      clock.bind(markSent, 2, nanoseconds)
      try markSent.run(database, "mark a row of \(name) as sent")
    case .dead(let reason):
      markDead.bind(1, identifier)
      markDead.bind(2, reason)
      try markDead.run(database, "mark a row of \(name) as refused")
    case .refused:
      markRefused.bind(1, identifier)
      try markRefused.run(database, "count an attempt in \(name)")
    }
  }
}

extension Outbox {
  /// Rows up to `identifier` that are neither sent nor dead, those under way included.
  package func waitingCount(
    upTo identifier: Int64, in database: borrowing Database
  ) throws(StoreError) -> Int {
    count.bind(1, identifier)
    defer { count.reset() }
    guard count.step() == SQLITE_ROW else { throw database.failure("read \(name)") }
    return Int(count.integer(0))
  }
}
