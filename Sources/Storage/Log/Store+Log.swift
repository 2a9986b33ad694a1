// Keeping the write-ahead log short. Looked at before every commit, since a broker under load is
// never idle; between commits it costs two comparisons.

import CSQLite
import SQLite

extension Store {
  /// Pages that a round in the background may leave for the writer to copy.
  static let lastPagesLimit = 256

  /// Begins or ends what keeps the log short, if it is time for that.
  ///
  /// A failure here keeps nothing from being committed: the log only grows, until it is told by
  /// ``maintain()``.
  func keepLogShort(_ connection: StoreConnection) {
    if isCheckpointing {
      if checkpoint.isRunning { return }
      isCheckpointing = false
      do throws(StoreError) {
        let pages = try checkpoint.result()
        nextCheckpointPages = checkpointPages
        let left = connection.log.pages - pages.copied
        if left <= 0 { return }
        if left > Self.lastPagesLimit { return startCheckpoint(connection) }
        _ = try connection.database.checkpoint()
      } catch {
        logFailure = error
        nextCheckpointPages = connection.log.pages + checkpointPages
      }
    } else if connection.log.pages >= nextCheckpointPages {
      startCheckpoint(connection)
    }
  }

  /// Begins a round in the background, or does one here where only one connection can be.
  func startCheckpoint(_ connection: StoreConnection) {
    do throws(StoreError) {
      if settings.usesFileLocks {
        try checkpoint.start()
        isCheckpointing = true
      } else {
        _ = try connection.database.checkpoint()
        connection.log.pages = 0
      }
    } catch {
      logFailure = error
      nextCheckpointPages = connection.log.pages + checkpointPages
    }
  }
}

/// How long the log is, as SQLite tells after every commit.
final class LogLength {
  var pages = 0

  /// Listens to a connection; for as long as both live.
  func follow(_ database: borrowing Database) {
    let context = Unmanaged.passUnretained(self).toOpaque()
    sqlite3_wal_hook(
      database.handle,
      { context, _, _, pages in
        if let context {
          Unmanaged<LogLength>.fromOpaque(context).takeUnretainedValue().pages = Int(pages)
        }
        return SQLITE_OK
      }, context)
  }
}
