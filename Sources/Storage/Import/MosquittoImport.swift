// What mosquitto has kept is taken over: when there is no store yet and mosquitto's file lies where
// it always lay, its contents become the store. That happens once, and in one step:
// the new file is written under another name and takes its own when it is complete. The old file
// stays as it is, for who wants to go back.

import CSQLite
import MQTTBroker
import SQLite

/// Makes a store of mosquitto's file.
struct MosquittoImport {
  /// What was taken, for the log.
  private(set) var notices: [String] = []
  private let settings: StoreSettings

  init(_ settings: StoreSettings) { self.settings = settings }

  /// Does that if there is such a file and no store; a file that cannot be read is an error for a
  /// strict store, and left alone otherwise.
  mutating func run() throws(StoreError) {
    guard let file = settings.mosquittoFile, StoreFile.size(file) > 0,
      !StoreFile.exists(settings.file), !StoreFile.exists(settings.file + "-wal")
    else { return }
    let found: MosquittoFile
    do throws(MosquittoFile.Fault) {
      let size = StoreFile.size(file)
      let bytes = StoreFile.read(file, at: 0, count: size)
      if bytes.count != size { throw .init(reason: "it cannot be read") }
      found = try MosquittoFile(bytes)
    } catch {
      return try refuse(file, error.reason)
    }
    if let torn = found.torn, settings.isStrict {
      return try refuse(file, "it ends within the chunk that begins at byte \(torn)")
    }
    let imported = ImportedRecords(found, listenerNames: settings.listenerNames)
    try write(imported.records)
    notices.append("\(file): \(imported); the file is left as it is")
    if let torn = found.torn {
      notices.append(
        "\(file): it ends within the chunk that begins at byte \(torn); what stood behind it is lost"
      )
    }
  }

  private mutating func refuse(_ file: String, _ reason: String) throws(StoreError) {
    if settings.isStrict {
      throw StoreError(.damaged, file: file, operation: "take over from mosquitto", reason: reason)
    }
    notices.append("\(file): nothing is taken over from mosquitto: \(reason)")
  }

  private func write(_ records: [Record]) throws(StoreError) {
    var target = settings
    target.name += ".importing"
    for suffix in ["", "-wal", "-shm"] { StoreFile.remove(target.file + suffix) }
    try write(records, target)
    try StoreFile.move(target.file, to: settings.file)
    StoreFile.syncDirectory(settings.directory)
  }

  private func write(_ records: [Record], _ target: StoreSettings) throws(StoreError) {
    let connection = try StoreConnection(target)
    var positions = QueuePositions()
    try connection.apply(records, &positions)
    try connection.database.run("PRAGMA synchronous = FULL", "take over from mosquitto")
    _ = try connection.database.checkpoint()
    connection.tidyUp()
  }
}

extension ImportedRecords: CustomStringConvertible {
  var description: String {
    var text =
      "taken over from mosquitto: \(counted(sessions, "session")) with "
      + "\(counted(subscriptions, "subscription")) and \(counted(queued, "message")) on their "
      + "way, \(counted(retained, "retained message"))"
    if leftOutAtQoS0 > 0 { text += "; \(counted(leftOutAtQoS0, "message")) at QoS 0 left out" }
    if leftOut > 0 {
      text += "; \(counted(leftOut, "entry", "entries")) that make no sense left out"
    }
    return text
  }
}
