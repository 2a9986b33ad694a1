// Why a store could not do what it was asked: the file, what was tried, SQLite's words, the
// kernel's number, and what kind of trouble it is, so that the one who hears it can decide whether
// waiting helps.

import CSQLite
import Glibc
package import Transport

/// A failure of the store.
package struct StoreError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What kind of trouble it is.
  package enum Kind: Equatable, Sendable {
    /// The disk, or the owner's share of it, is full.
    case noSpace
    /// The file or its file system cannot be written.
    case readOnly
    /// The file system did not do what it was asked.
    case inputOutput
    /// The file contradicts itself, or is not a store.
    case damaged
    /// A newer version of this program has written it.
    case newerVersion
    /// Another process uses the directory, with this number if it is known.
    case inUse(process: Int32?)
    /// The file or the directory may not be used, or is missing.
    case notPermitted
    /// The server does not answer, or not now.
    case unreachable
    /// A table of the user's is not as it has to be.
    case tableDiffers
    /// Anything else, such as a shortage of memory.
    case other
  }

  package var kind: Kind
  /// The file or directory that it is about.
  package var file: String
  /// What was tried, such as "commit".
  package var operation: String
  /// What went wrong, in SQLite's or in our words.
  package var reason: String
  /// SQLite's extended result code; zero when it was not SQLite.
  package var code: Int32
  /// The kernel's `errno`; zero when it has none.
  package var systemCode: Int32

  /// Names a failure in our words.
  package init(
    _ kind: Kind, file: String, operation: String, reason: String, code: Int32 = 0,
    systemCode: Int32 = 0
  ) {
    self.kind = kind
    self.file = file
    self.operation = operation
    self.reason = reason
    self.code = code
    self.systemCode = systemCode
  }

  /// Names a failure of a system call.
  package init(_ error: SystemError) {
    self.init(
      Self.kind(systemCode: error.code) ?? .other, file: error.subject, operation: error.call,
      reason: error.reason, systemCode: error.code)
  }

  /// Names a failure of SQLite by its extended code.
  package init(code: Int32, systemCode: Int32, message: String, file: String, operation: String) {
    // The number may be that of an earlier call, where SQLite asked nothing of the kernel.
    let primary = code & 0xFF
    let asksKernel = [SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_FULL, SQLITE_READONLY].contains(primary)
    var systemCode = asksKernel ? systemCode : 0
    // SQLite says so for this number alone, and does not keep it.
    if primary == SQLITE_FULL && systemCode == 0 { systemCode = ENOSPC }
    self.init(
      Self.kind(code: code, systemCode: systemCode), file: file, operation: operation,
      reason: message, code: code, systemCode: systemCode)
  }

  private static func kind(systemCode: Int32) -> Kind? {
    switch systemCode {
    case ENOSPC, EDQUOT, EFBIG: .noSpace
    case EROFS: .readOnly
    case EIO: .inputOutput
    case EACCES, EPERM, ENOENT, ENOTDIR: .notPermitted
    case _: nil
    }
  }

  private static func kind(code: Int32, systemCode: Int32) -> Kind {
    switch code & 0xFF {
    case SQLITE_FULL: .noSpace
    case SQLITE_READONLY: .readOnly
    // All statements are our own: one that is wrong has met other tables than ours.
    case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR, SQLITE_SCHEMA, SQLITE_CONSTRAINT,
      SQLITE_MISMATCH, SQLITE_FORMAT:
      .damaged
    case SQLITE_IOERR:
      // A file that ends too early, or whose pages do not match their checksums.
      code == CSQLITE_SHORT_READ || code == CSQLITE_WRONG_CHECKSUM
        || code == CSQLITE_WRONG_FILE_SYSTEM
        ? .damaged : kind(systemCode: systemCode) ?? .inputOutput
    case SQLITE_CANTOPEN, SQLITE_PERM: kind(systemCode: systemCode) ?? .notPermitted
    case SQLITE_BUSY, SQLITE_LOCKED: .inUse(process: nil)
    case _: .other
    }
  }

  /// Whether the file is to blame, so that what can be read of it belongs into another one.
  package var isDamage: Bool {
    switch kind {
    case .damaged, .newerVersion: true
    // The file is there, and cannot be opened as one.
    case .notPermitted: code & 0xFF == SQLITE_CANTOPEN
    case .inputOutput: code == CSQLITE_UNREADABLE
    case .noSpace, .readOnly, .inUse, .unreachable, .tableDiffers, .other: false
    }
  }

  /// The kind in words.
  private var summary: String {
    switch kind {
    case .noSpace: "no space is left"
    case .readOnly: "it cannot be written"
    case .inputOutput: "the file system failed"
    case .damaged: "the file is damaged"
    case .newerVersion: "a newer version has written it"
    case .inUse(let process):
      process.map { "process \($0) uses it" } ?? "another process uses it"
    case .notPermitted: "it cannot be opened"
    case .unreachable: "it cannot be reached"
    case .tableDiffers: "it does not fit"
    case .other: "it failed"
    }
  }

  /// One line: "/data/broker.sqlite: commit: no space is left (database or disk is full; No space
  /// left on device)".
  package var description: String {
    var details = reason
    if systemCode != 0 {
      let system = SystemError(code: systemCode, call: "").reason
      if system != reason { details += details.isEmpty ? system : "; " + system }
    }
    return "\(file): \(operation): \(summary)" + (details.isEmpty ? "" : " (\(details))")
  }
}
