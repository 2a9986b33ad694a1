// A compiled statement. Parameters count from 1 and columns from 0, as in SQLite. Bytes that are
// bound are not copied: they are bound and used within one closure.

import CSQLite

/// A compiled statement that finalises itself.
struct Statement: ~Copyable {
  private let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) { self.pointer = pointer }

  deinit { sqlite3_finalize(pointer) }

  // MARK: Parameters

  @inline(__always) func bind(_ index: Int32, _ value: Int64) {
    sqlite3_bind_int64(pointer, index, value)
  }

  @inline(__always) func bind(_ index: Int32, _ value: UInt64) {
    sqlite3_bind_int64(pointer, index, Int64(bitPattern: value))
  }

  @inline(__always) func bind(_ index: Int32, _ value: Int64?) {
    if let value { bind(index, value) } else { bindNull(index) }
  }

  @inline(__always) func bindNull(_ index: Int32) { sqlite3_bind_null(pointer, index) }

  /// Bytes that stay where they are until the statement has run.
  @inline(__always) func bindBlob(_ index: Int32, _ bytes: UnsafeBufferPointer<UInt8>) {
    // An empty array may have no address, which would be NULL.
    if bytes.isEmpty {
      sqlite3_bind_zeroblob(pointer, index, 0)
    } else {
      sqlite3_bind_blob(pointer, index, bytes.baseAddress, Int32(clamping: bytes.count), nil)
    }
  }

  /// UTF-8 that stays where it is until the statement has run.
  @inline(__always) func bindText(_ index: Int32, _ bytes: UnsafeBufferPointer<UInt8>) {
    if bytes.isEmpty {
      // Of no bytes none are read.
      sqlite3_bind_text(pointer, index, "", 0, nil)
    } else {
      let text = UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
      sqlite3_bind_text(pointer, index, text, Int32(clamping: bytes.count), nil)
    }
  }

  // MARK: Running

  /// `SQLITE_ROW`, `SQLITE_DONE` or an extended error code.
  @inline(__always) func step() -> Int32 { sqlite3_step(pointer) }

  /// Makes the statement ready for the next run; parameters stay bound.
  @inline(__always) func reset() { sqlite3_reset(pointer) }

  /// Runs a statement that gives no rows, and makes it ready again.
  @inline(__always) func run(_ database: borrowing Database, _ operation: String)
    throws(StoreError)
  {
    let code = sqlite3_step(pointer)
    if code != SQLITE_DONE {
      let error = database.failure(operation)
      sqlite3_reset(pointer)
      throw error
    }
    sqlite3_reset(pointer)
  }

  // MARK: Columns

  @inline(__always) func integer(_ index: Int32) -> Int64 { sqlite3_column_int64(pointer, index) }

  @inline(__always) func number(_ index: Int32) -> UInt64 {
    UInt64(bitPattern: sqlite3_column_int64(pointer, index))
  }

  /// `SQLITE_INTEGER`, `SQLITE_TEXT` and so on.
  @inline(__always) func type(_ index: Int32) -> Int32 { sqlite3_column_type(pointer, index) }

  @inline(__always) func isNull(_ index: Int32) -> Bool { type(index) == SQLITE_NULL }

  /// Bytes of a blob or a text.
  func bytes(_ index: Int32) -> [UInt8] {
    let start = sqlite3_column_blob(pointer, index)
    let count = Int(sqlite3_column_bytes(pointer, index))
    guard let start, count > 0 else { return [] }
    return Array(UnsafeRawBufferPointer(start: start, count: count))
  }

  /// A text; what is no UTF-8 is replaced.
  func string(_ index: Int32) -> String { String(decoding: bytes(index), as: UTF8.self) }
}
