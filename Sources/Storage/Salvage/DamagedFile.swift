// Reading a file that contradicts itself, table by table and row by row. Where a page cannot be
// read, the search goes on behind it: keys are tried further and further away until one can be
// found again, and then the nearest of these. A table without numbers as keys is read from both
// ends.
//
// Saved is what makes sense in the new file: an entry with its session and message, a message that
// something waits for. Everything else that was seen is counted as lost.

import Basis
import CSQLite
import MQTTBroker
import MQTTCodec
import SQLite

/// What was saved, and what was lost as far as anything has told of it.
struct SalvageCounts: Equatable, CustomStringConvertible {
  var savedSessions = 0
  var savedMessages = 0
  var lostSessions = 0
  var lostMessages = 0
  /// Tables with parts that cannot be read, so that more may be lost than anything tells of.
  var torn: [String] = []

  var description: String {
    let known =
      "saved \(counted(savedSessions, "session")) and "
      + "\(counted(savedMessages, "message")), lost \(counted(lostSessions, "session")) and "
      + "\(counted(lostMessages, "message")) that something still names"
    if torn.isEmpty { return known }
    return known + "; more may be lost, for parts of \(torn.joined(separator: ", ")) cannot be read"
  }
}

/// A file of which not everything can be read.
final class DamagedFile {
  private static let recordsInBatch = 1_000

  private let database: Database
  private var batch: [Record] = []
  private var positions = QueuePositions()

  private var sessions: Set<UInt64> = []
  private var lostSessions: Set<UInt64> = []
  private var messages = NumberSet()
  private var lostMessages: Set<UInt64> = []
  private var entries = NumberSet()
  /// Tables with parts that cannot be read.
  private var torn: Set<String> = []

  /// What can be asked of sessions and of retained messages, by the version that wrote them.
  private let sessionSelection: String
  private let sourceSelection: String

  /// Nil when SQLite finds no tables in it.
  init?(_ file: String, _ settings: StoreSettings) {
    do throws(StoreError) {
      database = try Database(
        file, flags: SQLITE_OPEN_READWRITE, fileSystem: settings.sharingFileSystem)
      CSQLite_no_checkpoint_on_close(database.handle, 1)
      try database.run(
        "PRAGMA query_only = ON; PRAGMA cell_size_check = ON; PRAGMA cache_size = -16384", "salvage"
      )
      if !settings.usesFileLocks {
        try database.run("PRAGMA locking_mode = EXCLUSIVE", "salvage")
      }
      let tables = try database.number(
        "SELECT count(*) FROM sqlite_schema WHERE name IN ('session', 'message', 'queue')",
        "salvage")
      if tables != 3 { return nil }
      sessionSelection = Self.firstThatFits(SessionRecord.selections, database)
      sourceSelection = Self.firstThatFits(SourceRecord.selections, database)
    } catch {
      return nil
    }
  }

  /// The newest selection for which the file has the columns; the oldest if none of them is.
  private static func firstThatFits(
    _ selections: [String], _ database: borrowing Database
  ) -> String {
    for selection in selections.dropLast() {
      do throws(StoreError) {
        _ = try database.prepare(selection)
        return selection
      } catch { continue }
    }
    return selections[selections.count - 1]
  }

  /// Writes what can be read into a new store.
  func rescue(into target: StoreConnection) throws(StoreError) -> SalvageCounts {
    try rescueSessions(into: target)
    try rescueMessages(into: target)
    try flush(into: target)
    return try count(target)
  }

  // MARK: Sessions

  private func rescueSessions(into target: StoreConnection) throws(StoreError) {
    var owners: [ExactText: UInt64] = [:]
    var found: [SessionRecord] = []
    numbered(sessionSelection, key: "id") { row in
      if let session = SessionRecord(row) { found.append(session) }
    }
    for session in found {
      // Of two with one name, the later one is the client's.
      if let other = owners[session.clientIdentifier.exact], other > session.number { continue }
      owners[session.clientIdentifier.exact] = session.number
    }
    for session in found where owners[session.clientIdentifier.exact] == session.number {
      sessions.insert(session.number)
      try keep(.saveSession(session), target)
    }
    var records: [Record] = []
    numbered(
      "SELECT session, topic, properties, payload, qos, retain, delay, expiry FROM will",
      key: "session"
    ) { row in
      guard isSaved(row.number(0)), let will = WillRecord(row) else { return }
      records.append(.setWill(row.number(0), will))
    }
    let subscriptions = "SELECT session, filter, options, identifier FROM subscription"
    let addSubscription = { [self] (row: borrowing Statement) in
      guard isSaved(row.number(0)), let subscription = SubscriptionRecord(row) else { return }
      records.append(.subscribe(row.number(0), subscription))
    }
    fromBothEnds(subscriptions, key: ["session", "filter"], addSubscription)
    let received = "SELECT session, identifier FROM received"
    let addReceived = { [self] (row: borrowing Statement) in
      guard isSaved(row.number(0)), let identifier = UInt16(exactly: row.integer(1)) else { return }
      records.append(.received(row.number(0), identifier: identifier))
    }
    fromBothEnds(received, key: ["session", "identifier"], addReceived)
    for session in sessions.sorted() {
      fromBothEnds(subscriptions + " WHERE session = \(session)", key: ["filter"], addSubscription)
      fromBothEnds(received + " WHERE session = \(session)", key: ["identifier"], addReceived)
    }
    for record in records { try keep(record, target) }
  }

  /// Whether a session was saved; if not, it is lost, because something names it.
  private func isSaved(_ session: UInt64) -> Bool {
    if sessions.contains(session) { return true }
    lostSessions.insert(session)
    return false
  }

  // MARK: Messages

  private func rescueMessages(into target: StoreConnection) throws(StoreError) {
    var failure: StoreError?
    func keep(_ record: Record) {
      do throws(StoreError) { try self.keep(record, target) } catch { failure = failure ?? error }
    }
    numbered(
      MessageRecord.columns + " FROM message", key: "id"
    ) { row in
      guard let message = MessageRecord(row) else { return }
      messages.insert(message.number)
      keep(.store(message))
    }
    numbered(QueueRecord.selection, key: "position") { row in
      guard let entry = QueueRecord(row), isSaved(entry.session), isKept(entry.message) else {
        return
      }
      entries.insert(entry.position)
      keep(.enqueue(entry))
    }
    numbered(
      "SELECT position, session, identifier, released FROM assigned", key: "position"
    ) { row in
      guard entries.contains(row.number(0)), let identifier = UInt16(exactly: row.integer(2)) else {
        return
      }
      keep(
        row.integer(3) != 0
          ? .release(row.number(1), identifier: identifier, position: row.number(0))
          : .assign(row.number(1), identifier: identifier, position: row.number(0)))
    }
    fromBothEnds(sourceSelection, key: ["topic"]) { row in
      if row.type(0) == SQLITE_TEXT && isKept(row.number(1)) {
        keep(
          .retain(topic: row.bytes(0), message: row.number(1), source: SourceRecord(row)))
      }
    }
    if let failure { throw failure }
  }

  /// Whether a message that something names was saved.
  private func isKept(_ message: UInt64) -> Bool {
    if messages.contains(message) { return true }
    lostMessages.insert(message)
    return false
  }

  /// Counts in the new file, and removes messages whose readers are lost.
  private func count(_ target: StoreConnection) throws(StoreError) -> SalvageCounts {
    try target.database.run(
      """
      DELETE FROM message
      WHERE id NOT IN (SELECT message FROM queue) AND id NOT IN (SELECT message FROM retained)
      """, "salvage")
    var counts = SalvageCounts()
    counts.lostSessions = lostSessions.count
    counts.lostMessages = lostMessages.count + Int(sqlite3_changes(target.database.handle))
    let sessions = try target.database.number("SELECT count(*) FROM session", "salvage")
    let messages = try target.database.number("SELECT count(*) FROM message", "salvage")
    counts.torn = torn.sorted()
    counts.savedSessions = Int(sessions ?? 0)
    counts.savedMessages = Int(messages ?? 0)
    return counts
  }

  private func keep(_ record: Record, _ target: StoreConnection) throws(StoreError) {
    batch.append(record)
    if batch.count >= Self.recordsInBatch { try flush(into: target) }
  }

  private func flush(into target: StoreConnection) throws(StoreError) {
    try target.apply(batch, &positions)
    batch = []
  }

  // MARK: Rows

  /// Reads a table by its number, and finds its way around pages that cannot be read.
  private func numbered(
    _ selection: String, key: String, _ body: (borrowing Statement) -> Void
  ) {
    let ordered = "\(selection) WHERE \(key) >= ?1 ORDER BY \(key)"
    guard let rows = statement(ordered), let probe = statement(ordered + " LIMIT 1") else {
      tear(selection)
      return
    }
    // A number may be any after a damage; those of a store begin at 1.
    var next = Int64.min
    while true {
      rows.reset()
      rows.bind(1, next)
      var code = rows.step()
      while code == SQLITE_ROW {
        body(rows)
        let number = rows.integer(0)
        if number == .max { return }
        next = max(next, number + 1)
        code = rows.step()
      }
      if code == SQLITE_DONE { return }
      tear(selection)
      guard let behind = firstReadable(from: max(next, 0), by: probe) else { return }
      next = behind
    }
  }

  /// The nearest key from which on reading works again.
  private func firstReadable(from key: Int64, by probe: borrowing Statement) -> Int64? {
    var failing = key
    var distance: Int64 = 1
    while true {
      let (candidate, overflows) = failing.addingReportingOverflow(distance)
      if overflows { return nil }
      if canRead(from: candidate, by: probe) {
        var low = failing
        var high = candidate
        while high - low > 1 {
          let middle = low + (high - low) / 2
          if canRead(from: middle, by: probe) { high = middle } else { low = middle }
        }
        return high
      }
      failing = candidate
      if distance > .max / 2 { return nil }
      distance *= 2
    }
  }

  private func canRead(from key: Int64, by probe: borrowing Statement) -> Bool {
    probe.reset()
    probe.bind(1, key)
    let code = probe.step()
    return code == SQLITE_ROW || code == SQLITE_DONE
  }

  /// Reads a table from its beginning, and if that does not reach the end, from there too.
  private func fromBothEnds(
    _ selection: String, key: [String], _ body: (borrowing Statement) -> Void
  ) {
    for direction in ["ASC", "DESC"] {
      let order = key.map { "\($0) \(direction)" }.joined(separator: ", ")
      guard let rows = statement("\(selection) ORDER BY \(order)") else { return tear(selection) }
      var code = rows.step()
      while code == SQLITE_ROW {
        body(rows)
        code = rows.step()
      }
      if code == SQLITE_DONE { return }
      tear(selection)
    }
  }

  /// Part of the table of a selection cannot be read.
  private func tear(_ selection: String) {
    let words = selection.split(separator: " ")
    if let place = words.firstIndex(of: "FROM"), place + 1 < words.count {
      torn.insert(String(words[place + 1]))
    }
  }

  /// Nil when the table is not there as it should be.
  private func statement(_ text: String) -> Statement? {
    do throws(StoreError) { return try database.prepare(text) } catch { return nil }
  }
}

extension SessionRecord {
  /// The newest first.
  fileprivate static let selections = [
    selection, "SELECT id, client, user, expiry, left, listener, NULL FROM session",
    "SELECT id, client, user, expiry, left, NULL, NULL FROM session",
  ]
}

extension SourceRecord {
  /// The newest first.
  fileprivate static let selections = [
    selection, "SELECT topic, message, NULL, NULL, NULL FROM retained",
  ]
}
