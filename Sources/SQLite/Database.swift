// A connection to a database file, and its failures in one type. Used by one thread at a time, so
// that SQLite takes no locks of its own.

import CSQLite

/// An open database file that closes itself.
package struct Database: ~Copyable {
  /// Valid as long as this value lives.
  package let handle: OpaquePointer
  package let file: String
  /// Whether tables are not ours alone: a statement that does not fit them is no damage then.
  private let isShared: Bool

  /// SQLite has to be told before its first use.
  private static let isConfigured: Bool = {
    CSQLite_count_no_memory()
    return true
  }()

  /// Opens a file; `flags` as of `sqlite3_open_v2`.
  package init(
    _ file: String, flags: Int32, fileSystem: String?, operation: String = "open",
    isShared: Bool = false
  ) throws(StoreError) {
    precondition(Self.isConfigured, "SQLite is configured before its first use")
    var handle: OpaquePointer?
    let flags = flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let code = sqlite3_open_v2(file, &handle, flags, fileSystem)
    guard let handle else {
      throw StoreError(
        code: SQLITE_NOMEM, systemCode: 0, message: "out of memory", file: file,
        operation: operation)
    }
    if code != SQLITE_OK {
      let error = StoreError(
        code: sqlite3_extended_errcode(handle), systemCode: CSQLite_errno(handle),
        message: String(cString: sqlite3_errmsg(handle)), file: file, operation: operation)
      sqlite3_close_v2(handle)
      throw error
    }
    self.handle = handle
    self.file = file
    self.isShared = isShared
    CSQLite_defend(handle)
  }

  deinit { sqlite3_close_v2(handle) }

  /// The failure of the last call.
  package func failure(_ operation: String, code: Int32? = nil) -> StoreError {
    var error = StoreError(
      code: code ?? sqlite3_extended_errcode(handle), systemCode: CSQLite_errno(handle),
      message: String(cString: code.map { sqlite3_errstr($0) } ?? sqlite3_errmsg(handle)),
      file: file, operation: operation)
    let misfits = [SQLITE_ERROR, SQLITE_SCHEMA, SQLITE_CONSTRAINT, SQLITE_MISMATCH]
    if isShared && misfits.contains(error.code & 0xFF) { error.kind = .tableDiffers }
    return error
  }

  /// Runs statements that need no values and whose rows nobody wants.
  package func run(_ statements: String, _ operation: String) throws(StoreError) {
    if sqlite3_exec(handle, statements, nil, nil, nil) != SQLITE_OK { throw failure(operation) }
  }

  /// Compiles one statement; it must not outlive the database.
  package func prepare(_ text: String, isKept: Bool = false) throws(StoreError) -> Statement {
    var statement: OpaquePointer?
    let flags = UInt32(isKept ? SQLITE_PREPARE_PERSISTENT : 0)
    let code = sqlite3_prepare_v3(handle, text, -1, flags, &statement, nil)
    guard code == SQLITE_OK, let statement else { throw failure("prepare") }
    return Statement(statement)
  }

  /// The one number that a statement gives; nil when it gives none.
  package func number(_ text: String, _ operation: String) throws(StoreError) -> Int64? {
    try first(text, operation) { $0.integer(0) }
  }

  /// The one text that a statement gives; nil when it gives none.
  package func text(_ text: String, _ operation: String) throws(StoreError) -> String? {
    try first(text, operation) { $0.string(0) }
  }

  /// What a statement gives in the first column of its first row.
  private func first<Value>(
    _ text: String, _ operation: String, _ read: (borrowing Statement) -> Value
  ) throws(StoreError) -> Value? {
    let statement = try prepare(text)
    switch statement.step() {
    case SQLITE_ROW: return statement.isNull(0) ? nil : read(statement)
    case SQLITE_DONE: return nil
    case _: throw failure(operation)
    }
  }
}
