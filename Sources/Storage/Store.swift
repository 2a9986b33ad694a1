// The durable store: what the engine's records amount to, in one SQLite file that its owner can
// open and look at. A commit puts a whole batch on disk or nothing of it; the state in the file is
// at every moment one that the engine can go on from.
//
// The write-ahead log takes the commits. Its pages are copied into the main file by a second
// connection on a thread of its own (Checkpoint.swift), so that no commit waits for that. Both
// connections share SQLite's `unix-excl` file system, which keeps the index of the log in memory
// and other processes out.

import CSQLite
package import SQLite

/// A data directory that is in use; called by one thread at a time.
package final class Store {
  package private(set) var settings: StoreSettings
  /// What happened to the data, one line each, for the log: what was salvaged, lost, set aside.
  ///
  /// Read them after ``load(window:)``, and again after ``reopen()``.
  package internal(set) var notices: [String] = []

  /// Nil when a failure has made the connection unusable, and after ``close()``.
  var connection: StoreConnection?

  /// Opens the store in `settings.directory`, and makes what is missing.
  ///
  /// Throws `inUse` when another process has it.
  package static func open(_ settings: StoreSettings) throws(StoreError) -> Store {
    try DataDirectory.make(settings.directory)
    let lock = try DirectoryLock(settings.directory, usesFileLocks: settings.usesFileLocks)
    var settings = settings
    settings.usesFileLocks = lock.isKernelLock
    let store = Store(settings, lock)
    try store.connect()
    return store
  }

  /// Why the file has to be salvaged before it is used again.
  private var damage: StoreError?
  private var lock: DirectoryLock?
  /// Where the entries of long queues are.
  var positions = QueuePositions()
  var strays = StrayMessages(next: 1)
  /// Whether pages have left the file since the log was last copied.
  var hasShrunk = false

  /// Copies the log in the background. (Store+Log)
  let checkpoint: Checkpoint
  var isCheckpointing = false
  /// Pages in the log at which the next round begins.
  var nextCheckpointPages: Int
  /// Why the last round failed, until ``maintain()`` has told it.
  var logFailure: StoreError?

  private init(_ settings: StoreSettings, _ lock: consuming DirectoryLock) {
    self.lock = consume lock
    self.settings = settings
    checkpoint = Checkpoint(settings)
    nextCheckpointPages = settings.checkpointBytes / Schema.pageBytes
  }

  /// Pages in the log at which a round begins.
  var checkpointPages: Int { settings.checkpointBytes / Schema.pageBytes }

  /// Opens the file anew after a failure, from what is on disk.
  ///
  /// The batch whose commit failed may be there or not; committing it again is right in both cases.
  package func reopen() throws(StoreError) {
    disconnect()
    try connect()
  }

  /// Leaves one tidy file behind.
  package func close() {
    checkpoint.wait()
    connection?.tidyUp()
    disconnect()
    lock = nil
  }

  private func connect() throws(StoreError) {
    guard settings.fileSystem == nil else { return connection = try StoreConnection(settings) }
    var salvage = Salvage(settings)
    try salvage.finish()
    var mosquitto = MosquittoImport(settings)
    try mosquitto.run()
    notices += mosquitto.notices
    do throws(StoreError) {
      if let damage { throw damage }
      try salvage.checkLog()
      connection = try StoreConnection(settings)
    } catch {
      connection = nil
      if !error.isDamage || settings.isStrict { throw error }
      try salvage.run(because: error)
      connection = try StoreConnection(settings)
    }
    damage = nil
    notices += salvage.notices
  }

  /// A failure ends the connection; what is damaged is salvaged when it is opened again.
  func end(_ error: StoreError) {
    connection = nil
    if error.isDamage { damage = error }
  }

  private func disconnect() {
    checkpoint.wait()
    isCheckpointing = false
    nextCheckpointPages = checkpointPages
    logFailure = nil
    connection = nil
  }

  /// The connection; throws when a failure has ended it and nobody has reopened the store.
  func connected(_ operation: String) throws(StoreError) -> StoreConnection {
    if let connection { return connection }
    throw StoreError(
      .other, file: settings.file, operation: operation,
      reason: "an earlier failure has closed it; reopen it first")
  }
}
