// A user's database that also keeps the state of an MQTT client session, so that what a message
// does to a table and what it does to the session are one transaction.
//
//   mqtt_session   one row for each client that works on this database, under a name that says what
//                  it does: "sub readings", "pub outbox"
//
// The log is a write-ahead log, so that readers are never in the way, and every commit is on the
// disk when it returns: what is acknowledged after it stays, whatever happens to the machine.

import CSQLite
import Glibc
package import MQTTSession
package import SQLite

/// A database and the session in it that belongs to this process.
package final class SessionDatabase: SessionStore {
  /// Milliseconds that opening waits for another writer.
  private static let openWaitMilliseconds: Int32 = 10_000
  /// Milliseconds that a commit waits before the caller does something else for a while.
  private static let commitWaitMilliseconds: Int32 = 20

  package let database: Database
  /// The session's name in its table.
  package let name: String
  package var place: String { database.file }
  private let begin: Statement
  private let commit: Statement
  private let rollBack: Statement
  private let saveState: Statement

  /// Opens the file, or makes it if `makes` says so, takes the session `name` for this process, and
  /// makes its table.
  package init(_ file: String, session name: String, makes: Bool = true) throws(StoreError) {
    guard try SessionLock.take(name, file: file, makes: makes) else {
      throw Self.inUse(file, name)
    }
    self.name = name
    database = try Database(
      file, flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, fileSystem: nil, isShared: true)
    sqlite3_busy_timeout(database.handle, Self.openWaitMilliseconds)
    try Self.prepare(database)
    begin = try database.prepare("BEGIN IMMEDIATE", isKept: true)
    commit = try database.prepare("COMMIT", isKept: true)
    rollBack = try database.prepare("ROLLBACK", isKept: true)
    saveState = try database.prepare(
      """
      UPDATE mqtt_session SET received = ?2, sending = ?3 WHERE name = ?1
      """, isKept: true)
  }

  /// Sets how the file is written, and makes the table of sessions.
  private static func prepare(_ database: borrowing Database) throws(StoreError) {
    // The first look at the file tells what it is.
    do throws(StoreError) {
      _ = try database.number("PRAGMA schema_version", "open")
    } catch {
      guard error.code == SQLITE_NOTADB else { throw error }
      throw StoreError(
        .other, file: database.file, operation: "open", reason: "it is not a SQLite database")
    }
    try database.run(
      """
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS mqtt_session(
        name TEXT PRIMARY KEY,           -- what the client does: "sub TABLE" or "pub TABLE"
        client_identifier TEXT NOT NULL, -- as whom it connects
        process INTEGER NOT NULL,        -- the one that works for it, or did last
        subscriptions TEXT NOT NULL,     -- those that the broker has granted
        received TEXT NOT NULL,          -- packet identifiers of stored messages without PUBREL
        sending TEXT NOT NULL            -- packet identifier:row, with + once PUBREC has come
      ) WITHOUT ROWID;
      """, "open")
    guard try database.text("PRAGMA journal_mode", "open") == "wal" else {
      throw StoreError(
        .other, file: database.file, operation: "open",
        reason: "the file system has no room for a write-ahead log; use another place")
    }
  }

  private static func inUse(_ file: String, _ name: String) -> StoreError {
    var process: Int32?
    if let other = try? Database(file, flags: SQLITE_OPEN_READONLY, fileSystem: nil) {
      let quoted = name.split(separator: "'", omittingEmptySubsequences: false)
        .joined(separator: "''")
      let number = try? other.number(
        "SELECT process FROM mqtt_session WHERE name = '\(quoted)'", "read")
      process = number.flatMap { $0 }.map { Int32(truncatingIfNeeded: $0) }
    }
    return StoreError(
      .inUse(process: process), file: file, operation: "open",
      reason: "it is another mqtt \(name); stop that one, or give this one another --table")
  }

  /// What the last process of this session left; nil when there was none.
  package func stored() throws(StoreError) -> StoredSession? {
    let statement = try database.prepare(
      """
      SELECT client_identifier, subscriptions, received, sending FROM mqtt_session WHERE name = ?1
      """)
    statement.bind(1, name)
    switch statement.step() {
    case SQLITE_DONE: return nil
    case SQLITE_ROW: break
    case _: throw database.failure("read the session")
    }
    let state = SessionText.state(
      received: statement.string(2), handshakes: statement.string(3))
    guard let state else {
      throw StoreError(
        .damaged, file: database.file, operation: "read the session",
        reason: "its row \"\(name)\" in mqtt_session is not what mqtt has written")
    }
    return StoredSession(
      clientIdentifier: statement.string(0), subscriptions: statement.string(1), state: state)
  }

  /// Makes the session's row, or says that this process works for it now.
  package func adopt(clientIdentifier: String) throws(StoreError) {
    let statement = try database.prepare(
      """
      INSERT INTO mqtt_session VALUES(?1, ?2, ?3, '', '', '')
      ON CONFLICT(name) DO UPDATE SET process = ?3
      """)
    statement.bind(1, name)
    statement.bind(2, clientIdentifier)
    statement.bind(3, Int64(getpid()))
    try statement.run(database, "write the session")
    sqlite3_busy_timeout(database.handle, Self.commitWaitMilliseconds)
  }

  /// Runs `body` and stores `state`, all in one transaction that is on the disk afterwards.
  package func transact(
    _ state: ClientSessionState, subscriptions: String? = nil,
    _ body: () throws(StoreError) -> Void
  ) throws(StoreError) {
    try begin.run(database, "begin")
    do throws(StoreError) {
      try body()
      saveState.bind(1, name)
      saveState.bind(2, SessionText.text(received: state.received))
      saveState.bind(3, SessionText.text(handshakes: state.handshakes))
      try saveState.run(database, "write the session")
      if let subscriptions { try save(subscriptions: subscriptions) }
      try commit.run(database, "commit")
    } catch {
      // A failed commit may have ended the transaction already.
      if sqlite3_get_autocommit(database.handle) == 0 { try? rollBack.run(database, "roll back") }
      throw error
    }
  }

  private func save(subscriptions: String) throws(StoreError) {
    let statement = try database.prepare(
      "UPDATE mqtt_session SET subscriptions = ?2 WHERE name = ?1")
    statement.bind(1, name)
    statement.bind(2, subscriptions)
    try statement.run(database, "write the subscriptions")
  }
}

extension StoreError {
  /// Whether waiting may help: another writer, a disk that is full for now.
  package var isPassing: Bool {
    switch kind {
    case .inUse, .noSpace, .inputOutput, .readOnly, .unreachable: true
    case .damaged, .newerVersion, .notPermitted, .tableDiffers, .other: false
    }
  }
}
