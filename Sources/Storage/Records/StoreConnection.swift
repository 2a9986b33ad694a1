// The connection that reads and writes, with the statements of the records compiled once.

import CLinux
import CSQLite
import Glibc
import MQTTBroker
import SQLite

/// An open store file and its statements.
final class StoreConnection {
  let database: Database
  let log = LogLength()

  // A statement for each thing that a record can do; written so that doing it twice changes nothing.
  let begin: Statement
  let end: Statement
  let saveSession: Statement
  let saveWill: Statement
  let removeWill: Statement
  let saveSubscription: Statement
  let removeSubscription: Statement
  /// Of a session: itself, its subscriptions, its QoS 2 identifiers.
  let removeSession: Statement
  let removeSubscriptions: Statement
  let removeReceived: Statement
  let saveMessage: Statement
  let removeMessages: Statement
  let saveEntry: Statement
  let removeEntries: Statement
  let saveAssigned: Statement
  let removeAssigned: Statement
  let received: Statement
  let forget: Statement
  let retain: Statement
  let unretain: Statement
  let readMessage: Statement
  let readExpiry: Statement
  let readEntry: Statement

  init(_ settings: StoreSettings) throws(StoreError) {
    database = try Self.open(settings)
    begin = try database.prepare("BEGIN IMMEDIATE", isKept: true)
    end = try database.prepare("COMMIT", isKept: true)
    saveSession = try Self.insert(database, "session", 7)
    saveWill = try Self.insert(database, "will", 8)
    removeWill = try Self.delete(database, "will WHERE session = ?1")
    saveSubscription = try Self.insert(database, "subscription", 4)
    removeSubscription = try Self.delete(
      database, "subscription WHERE session = ?1 AND filter = ?2")
    removeSession = try Self.delete(database, "session WHERE id = ?1")
    removeSubscriptions = try Self.delete(database, "subscription WHERE session = ?1")
    removeReceived = try Self.delete(database, "received WHERE session = ?1")
    saveMessage = try Self.insert(database, "message", 7)
    removeMessages = try Self.delete(database, "message WHERE id BETWEEN ?1 AND ?2")
    saveEntry = try Self.insert(database, "queue", 7)
    removeEntries = try Self.delete(database, "queue WHERE position BETWEEN ?1 AND ?2")
    saveAssigned = try Self.insert(database, "assigned", 4)
    removeAssigned = try Self.delete(database, "assigned WHERE position = ?1")
    received = try Self.insert(database, "received", 2)
    forget = try Self.delete(database, "received WHERE session = ?1 AND identifier = ?2")
    retain = try Self.insert(database, "retained", 5)
    unretain = try Self.delete(database, "retained WHERE topic = ?1")
    readMessage = try database.prepare(MessageRecord.selection, isKept: true)
    readExpiry = try database.prepare(
      "SELECT expires FROM message WHERE id = ?1", isKept: true)
    readEntry = try database.prepare(
      QueueRecord.selection + " WHERE position = ?1", isKept: true)
    log.follow(database)
  }

  /// SQLite gives the files beside it the permissions of this one.
  private static func makePrivate(_ file: String) {
    let number = linux_open_private(file, O_RDWR)
    if number < 0 { return }
    _ = fchmod(number, 0o600)
    close(number)
  }

  private static func open(_ settings: StoreSettings) throws(StoreError) -> Database {
    makePrivate(settings.file)
    let database = try Database(
      settings.file, flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
      fileSystem: settings.sharingFileSystem)
    // What is left after a failure is evidence; only an orderly end tidies up.
    CSQLite_no_checkpoint_on_close(database.handle, 1)
    try database.run(
      """
      PRAGMA locking_mode = \(settings.usesFileLocks ? "NORMAL" : "EXCLUSIVE");
      \(Schema.options)
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = \(settings.synchronization.rawValue);
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA journal_size_limit = \(4 * settings.checkpointBytes);
      PRAGMA secure_delete = OFF;
      PRAGMA cache_size = -16384;
      PRAGMA temp_store = MEMORY;
      PRAGMA cell_size_check = ON;
      """, "open")
    try Schema.upgrade(database)
    return database
  }

  /// Before the connection goes: copies the whole log, so that one file is left.
  func tidyUp() { CSQLite_no_checkpoint_on_close(database.handle, 0) }

  private static func insert(
    _ database: borrowing Database, _ table: String, _ columns: Int
  ) throws(StoreError) -> Statement {
    let values = (1...columns).map { "?\($0)" }.joined(separator: ",")
    return try database.prepare("INSERT OR REPLACE INTO \(table) VALUES(\(values))", isKept: true)
  }

  private static func delete(
    _ database: borrowing Database, _ what: String
  ) throws(StoreError) -> Statement {
    try database.prepare("DELETE FROM \(what)", isKept: true)
  }
}
