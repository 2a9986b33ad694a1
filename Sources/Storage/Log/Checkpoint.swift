// Copying the pages of the write-ahead log into the main file. A connection of its own does that
// on a thread that lives for one round, while commits go on; SQLite lets both work at once, and the
// copying waits for the disk without anybody waiting for it.
//
// The log can only be begun anew when all of it is copied and nobody has appended to it meanwhile.
// Under load that never happens by itself: what a round leaves is what was committed during it.
// Each round leaves less than the one before, and when few pages are left the writer copies them
// itself, which costs about as much as one commit.

import CSQLite
import MQTTBroker
import SQLite
import Synchronization
import Transport

/// How many pages of the log are where.
struct LogPages: Equatable, Sendable {
  var inLog = 0
  var copied = 0
}

/// Copies pages in the background, one round at a time.
final class Checkpoint: Sendable {
  private struct State {
    var pages = LogPages()
    var error: StoreError?
    var isRunning = false
  }

  private let settings: StoreSettings
  private let state = Mutex(State())
  private let thread = Mutex<SystemThread?>(nil)

  init(_ settings: StoreSettings) { self.settings = settings }

  deinit { wait() }

  /// Whether a round is under way.
  var isRunning: Bool { state.withLock { $0.isRunning } }

  /// Begins a round.
  func start() throws(StoreError) {
    wait()
    state.withLock { $0 = State(isRunning: true) }
    do throws(SystemError) {
      try thread.withLock { (thread) throws(SystemError) in
        thread = try SystemThread(name: "checkpoint") { [self] in run() }
      }
    } catch {
      state.withLock { $0.isRunning = false }
      throw StoreError(error)
    }
  }

  /// What the last round did.
  func result() throws(StoreError) -> LogPages {
    let (pages, error) = state.withLock { state in
      defer { state.error = nil }
      return (state.pages, state.error)
    }
    if let error { throw error }
    return pages
  }

  /// Waits for the end of the round, if there is one.
  func wait() {
    thread.withLock { $0.take()?.join() }
  }

  private func run() {
    var result = State()
    do throws(StoreError) {
      let database = try Database(
        settings.file, flags: SQLITE_OPEN_READWRITE, fileSystem: settings.sharingFileSystem,
        operation: "checkpoint")
      CSQLite_no_checkpoint_on_close(database.handle, 1)
      try database.run(
        "PRAGMA synchronous = \(settings.synchronization.rawValue)", "checkpoint")
      // A connection learns from its first look at the file that there is a log.
      _ = try database.number("PRAGMA schema_version", "checkpoint")
      result.pages = try database.checkpoint()
    } catch {
      result.error = error
    }
    state.withLock { $0 = result }
  }
}

extension Database {
  /// Copies what can be copied without waiting for anybody.
  borrowing func checkpoint() throws(StoreError) -> LogPages {
    var inLog: Int32 = 0
    var copied: Int32 = 0
    let code = sqlite3_wal_checkpoint_v2(
      handle, nil, SQLITE_CHECKPOINT_PASSIVE, &inLog, &copied)
    if code & 0xFF == SQLITE_BUSY { return LogPages() }
    if code != SQLITE_OK { throw failure("checkpoint") }
    return LogPages(inLog: Int(max(0, inLog)), copied: Int(max(0, copied)))
  }
}
