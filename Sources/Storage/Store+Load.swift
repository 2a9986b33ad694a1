// Reading what is in the file, in the form from which the engine starts: all sessions and retained
// messages, of each queue its first window, of the rest no more than numbers and sizes.
//
// Numbers are used again after a restart, when nothing has them. So what hangs on a session,
// position or message that is not there is removed before the engine can use its number.

import CSQLite
package import MQTTBroker
import MQTTCodec
package import SQLite

extension Store {
  /// Everything that was committed, but of each queue only what `window` has room for.
  ///
  /// Nil gives whole queues. A damaged file is salvaged first.
  package func load(window: QueueWindow? = nil) throws(StoreError) -> RecordedState {
    do throws(StoreError) {
      return try loadOnce(window)
    } catch {
      if !error.isDamage || settings.isStrict || settings.fileSystem != nil { throw error }
    }
    // What damage there is shows when it is read.
    try reopen()
    return try loadOnce(window)
  }

  private func loadOnce(_ window: QueueWindow?) throws(StoreError) -> RecordedState {
    let connection = try connected("load")
    do throws(StoreError) {
      positions = QueuePositions()
      strays = StrayMessages(next: 1)
      return try connection.load(window, &positions, &strays)
    } catch {
      end(error)
      throw error
    }
  }
}

extension StoreConnection {
  func load(
    _ window: QueueWindow?, _ positions: inout QueuePositions, _ strays: inout StrayMessages
  ) throws(StoreError) -> RecordedState {
    try begin.run(database, "load")
    try removeStrays()
    var state = window.map { RecordedState(window: $0) } ?? RecordedState()
    try loadSessions(&state)
    try loadQueue(&state, &positions, &strays)
    try loadRetained(&state, &strays)
    // The engine goes on behind the last message that it knows.
    removeMessages.bind(1, strays.last + 1)
    removeMessages.bind(2, Int64.max)
    try removeMessages.run(database, "load")
    try end.run(database, "load")
    return state
  }

  /// Removes what hangs on something that is not there; only damage leaves such a thing.
  private func removeStrays() throws(StoreError) {
    for table in ["will", "subscription", "received"] {
      try database.run(
        "DELETE FROM \(table) WHERE session NOT IN (SELECT id FROM session)", "load")
    }
    try database.run(
      "DELETE FROM assigned WHERE position NOT IN (SELECT position FROM queue)", "load")
  }

  // MARK: Sessions

  private func loadSessions(_ state: inout RecordedState) throws(StoreError) {
    try each(SessionRecord.selection) { row throws(StoreError) in
      guard let session = SessionRecord(row) else { throw damage("session", row) }
      state.apply(.saveSession(session))
    }
    try each(
      "SELECT session, topic, properties, payload, qos, retain, delay, expiry FROM will"
    ) { row throws(StoreError) in
      guard let will = WillRecord(row) else { throw damage("will", row) }
      state.apply(.setWill(row.number(0), will))
    }
    try each(
      "SELECT session, filter, options, identifier FROM subscription"
    ) { row throws(StoreError) in
      guard let subscription = SubscriptionRecord(row) else { throw damage("subscription", row) }
      state.apply(.subscribe(row.number(0), subscription))
    }
    try each("SELECT session, identifier FROM received") { row throws(StoreError) in
      guard let identifier = UInt16(exactly: row.integer(1)) else { throw damage("received", row) }
      state.apply(.received(row.number(0), identifier: identifier))
    }
  }

  // MARK: Messages

  private func loadQueue(
    _ state: inout RecordedState, _ positions: inout QueuePositions, _ strays: inout StrayMessages
  ) throws(StoreError) {
    var assigned: [UInt64: (identifier: UInt16, isReleased: Bool)] = [:]
    try each(
      "SELECT position, session, identifier, released FROM assigned"
    ) { row throws(StoreError) in
      guard let identifier = UInt16(exactly: row.integer(2)) else { throw damage("assigned", row) }
      assigned[row.number(0)] = (identifier, row.integer(3) != 0)
      state.assigned(row.number(1), position: row.number(0))
    }
    try each(QueueRecord.selection + " ORDER BY position") { row throws(StoreError) in
      guard let entry = QueueRecord(row) else { throw damage("queue", row) }
      if !state.place(
        entry.session, position: entry.position, message: entry.message,
        byteCount: entry.byteCount)
      {
        strays.need(entry.message, isKnown: true)
        return positions.append(entry.position, of: entry.session)
      }
      state.apply(.enqueue(entry))
      if let (identifier, isReleased) = assigned[entry.position] {
        state.apply(
          isReleased
            ? .release(entry.session, identifier: identifier, position: entry.position)
            : .assign(entry.session, identifier: identifier, position: entry.position))
      }
      try loadMessage(entry.message, &state, &strays)
    }
  }

  private func loadRetained(
    _ state: inout RecordedState, _ strays: inout StrayMessages
  ) throws(StoreError) {
    try each(SourceRecord.selection) { row throws(StoreError) in
      try loadMessage(row.number(1), &state, &strays)
      state.apply(
        .retain(topic: row.bytes(0), message: row.number(1), source: SourceRecord(row)))
    }
  }

  private func loadMessage(
    _ number: UInt64, _ state: inout RecordedState, _ strays: inout StrayMessages
  ) throws(StoreError) {
    let record = try message(number, by: readMessage)
    strays.need(number, isKnown: record != nil)
    if let record { state.apply(.store(record)) }
  }

  /// One message; nil when it is not there.
  func message(
    _ number: UInt64, by statement: borrowing Statement
  ) throws(StoreError) -> MessageRecord? {
    statement.bind(1, number)
    defer { statement.reset() }
    switch statement.step() {
    case SQLITE_ROW:
      guard let message = MessageRecord(statement) else { throw damage("message", statement) }
      return message
    case SQLITE_DONE: return nil
    case _: throw database.failure("read a message")
    }
  }

  // MARK: Rows

  /// Calls `body` with each row of a statement.
  func each(
    _ text: String, _ body: (borrowing Statement) throws(StoreError) -> Void
  ) throws(StoreError) {
    let statement = try database.prepare(text)
    while true {
      switch statement.step() {
      case SQLITE_ROW: try body(statement)
      case SQLITE_DONE: return
      case _: throw database.failure("read")
      }
    }
  }

  /// A row that no record can have written.
  private func damage(_ table: String, _ row: borrowing Statement) -> StoreError {
    StoreError(
      .damaged, file: database.file, operation: "read",
      reason: "row \(row.number(0)) of table \(table) makes no sense")
  }
}
