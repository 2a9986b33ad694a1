// One process works for one session of a database. Two that filled the same table would both be the
// same client to the broker, which lets only one in at a time, and each would take the other's
// messages for its own.
//
// The kernel's lock goes with its process, however that ends. It lies on a single byte of the
// database file itself, far behind what SQLite locks (up to 1 GiB and a little) and behind any
// table, so no second file lies about; which byte, the name of the session says. The lock belongs
// to the open file, and the file stays open to the end of the process: to close it would give back
// the locks that SQLite holds through the process.

import CLinux
import Glibc
import SQLite
import Transport

/// The right to work for a session.
struct SessionLock {
  /// Behind everything that SQLite locks; within what a file offset can say.
  private static let firstByte: Int64 = 1 << 61

  /// Takes the lock; false when another process has it.
  ///
  /// Makes the file if `makes` says so.
  static func take(_ name: String, file: String, makes: Bool) throws(StoreError) -> Bool {
    let number = makes ? linux_open_private(file, O_RDWR) : open(file, O_RDWR | O_CLOEXEC)
    if number < 0 {
      throw StoreError(SystemError(code: errno, call: "open", subject: file))
    }
    if linux_lock_byte(number, firstByte + Int64(hash(name))) == 0 { return true }
    let code = errno
    close(number)
    if code == EAGAIN || code == EACCES { return false }
    throw StoreError(SystemError(code: code, call: "lock", subject: file))
  }

  /// FNV-1a: the same in every process.
  private static func hash(_ name: String) -> UInt32 {
    name.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
  }
}
