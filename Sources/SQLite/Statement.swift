// A compiled statement. Parameters count from 1 and columns from 0, as in SQLite. Bytes that are
// bound are not copied: they are bound and used within one closure.

import CSQLite

/// A compiled statement that finalises itself.
package struct Statement: ~Copyable {
  private let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) { self.pointer = pointer }

  deinit { sqlite3_finalize(pointer) }

  // MARK: Parameters

  package func bind(_ index: Int32, _ value: Int64) {
    sqlite3_bind_int64(pointer, index, value)
  }

  package func bind(_ index: Int32, _ value: UInt64) {
    sqlite3_bind_int64(pointer, index, Int64(bitPattern: value))
  }

  package func bind(_ index: Int32, _ value: Int64?) {
    if let value { bind(index, value) } else { bindNull(index) }
  }

  package func bind(_ index: Int32, _ value: Double) { sqlite3_bind_double(pointer, index, value) }

  /// A text that is copied.
  package func bind(_ index: Int32, _ value: String?) {
    guard var value else { return bindNull(index) }
    // The destructor -1 has SQLite make a copy of its own.
    let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    value.withUTF8 { bytes in
      guard let start = bytes.baseAddress, !bytes.isEmpty else {
        return bindText(index, bytes)
      }
      let text = UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self)
      sqlite3_bind_text(pointer, index, text, Int32(clamping: bytes.count), copies)
    }
  }

  package func bindNull(_ index: Int32) { sqlite3_bind_null(pointer, index) }

  /// Bytes that stay where they are until the statement has run.
  package func bindBlob(_ index: Int32, _ bytes: UnsafeBufferPointer<UInt8>) {
    // An empty array may have no address, which would be NULL.
    if bytes.isEmpty {
      sqlite3_bind_zeroblob(pointer, index, 0)
    } else {
      sqlite3_bind_blob(pointer, index, bytes.baseAddress, Int32(clamping: bytes.count), nil)
    }
  }

  /// UTF-8 that stays where it is until the statement has run.
  package func bindText(_ index: Int32, _ bytes: UnsafeBufferPointer<UInt8>) {
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
  package func step() -> Int32 { sqlite3_step(pointer) }

  /// Makes the statement ready for the next run; parameters stay bound.
  package func reset() { sqlite3_reset(pointer) }

  /// Runs a statement that gives no rows, and makes it ready again.
  package func run(_ database: borrowing Database, _ operation: String)
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

  package func integer(_ index: Int32) -> Int64 { sqlite3_column_int64(pointer, index) }

  package func double(_ index: Int32) -> Double { sqlite3_column_double(pointer, index) }

  package func number(_ index: Int32) -> UInt64 {
    UInt64(bitPattern: sqlite3_column_int64(pointer, index))
  }

  /// `SQLITE_INTEGER`, `SQLITE_TEXT` and so on.
  package func type(_ index: Int32) -> Int32 { sqlite3_column_type(pointer, index) }

  package func isNull(_ index: Int32) -> Bool { type(index) == SQLITE_NULL }

  /// Bytes of a blob or a text.
  package func bytes(_ index: Int32) -> [UInt8] {
    let start = sqlite3_column_blob(pointer, index)
    let count = Int(sqlite3_column_bytes(pointer, index))
    guard let start, count > 0 else { return [] }
    return Array(UnsafeRawBufferPointer(start: start, count: count))
  }

  /// A text; what is no UTF-8 is replaced.
  package func string(_ index: Int32) -> String { String(decoding: bytes(index), as: UTF8.self) }
}
