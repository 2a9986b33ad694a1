// How a process hears that another one has written to a database: SQLite tells nobody, but the kernel
// does. Every commit writes to the log beside the file, which inotify reports at once, so nobody has
// to look again and again. What it reports is only a hint: whether there was a commit, and not our
// own, the database says itself (PRAGMA data_version). The log is written a moment before the commit
// can be seen, so the owner asks again for a little while after a hint.
//
// The log is removed when the last process closes the database and made anew by the next one, so the
// folder is watched too.

import CLinux
import CSQLite
import Glibc
package import SQLite
import Transport

/// News of commits by others.
package final class DatabaseWatch {
  private let watch: Descriptor
  private let file: String
  private let version: Statement
  private var lastVersion: Int64 = -1

  /// Watches the file of `database` from now on.
  package init(_ database: borrowing Database) throws(StoreError) {
    file = database.file
    let number = linux_watch_create()
    if number < 0 {
      throw StoreError(SystemError(code: errno, call: "inotify_init1"))
    }
    watch = Descriptor(owning: number)
    version = try database.prepare("PRAGMA data_version", isKept: true)
    let slash = file.lastIndex(of: "/")
    let folder = slash.map { $0 == file.startIndex ? "/" : String(file[..<$0]) } ?? "."
    if linux_watch_folder(number, folder) < 0 || linux_watch_writes(number, file) < 0 {
      throw StoreError(SystemError(code: errno, call: "inotify_add_watch", subject: file))
    }
    _ = linux_watch_writes(number, file + "-wal")
  }

  /// Readable when something may have changed.
  package var descriptor: Int32 { watch.number }

  /// Takes the news; they may have come from ourselves.
  package func drain() {
    linux_watch_drain(watch.number)
    // The log may be another one than before.
    _ = linux_watch_writes(watch.number, file + "-wal")
  }

  /// Whether another connection has committed since the last call.
  package func hasChanged(_ database: borrowing Database) throws(StoreError) -> Bool {
    defer { version.reset() }
    guard version.step() == SQLITE_ROW else { throw database.failure("look for changes") }
    let found = version.integer(0)
    defer { lastVersion = found }
    return found != lastVersion
  }
}
