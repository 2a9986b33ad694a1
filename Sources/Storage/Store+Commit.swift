// A batch becomes one transaction. Records are applied in their order, but for the two most
// frequent removals: the numbers of messages and positions that end are gathered, sorted and
// removed by ranges at the end of the transaction, because those that came together mostly go
// together. Nothing else of the batch can depend on them: a number is never used again.

package import MQTTBroker
import MQTTCodec
package import SQLite

extension Store {
  /// Puts a batch on disk: all of it when this returns, nothing or all of it when it throws.
  ///
  /// After it has thrown, ``reopen()`` comes first: what the kernel could not write may have left
  /// its memory, so that a second attempt would report a success that is none.
  package func commit(_ batch: RecordBatch) throws(StoreError) {
    let connection = try connected("commit")
    do throws(StoreError) {
      keepLogShort(connection)
      try connection.apply(batch.records, &positions)
    } catch {
      end(error)
      throw error
    }
  }
}

extension StoreConnection {
  /// One transaction.
  func apply(_ records: [Record], _ queued: inout QueuePositions) throws(StoreError) {
    try begin.run(database, "commit")
    var messages: [UInt64] = []
    var positions: [UInt64] = []
    for record in records {
      switch record {
      case .store(let message): try store(message)
      case .enqueue(let entry):
        try enqueue(entry)
        queued.append(entry.position, of: entry.session)
      case .complete(let session, let position, let identifier):
        positions.append(position)
        queued.remove(position, of: session)
        if identifier != 0 {
          removeAssigned.bind(1, position)
          try removeAssigned.run(database, "commit")
        }
      case .drop(let message): messages.append(message)
      case .assign(let session, let identifier, let position):
        try assign(session, identifier, position, isReleased: false)
      case .release(let session, let identifier, let position):
        try assign(session, identifier, position, isReleased: true)
      case .received(let session, let identifier):
        received.bind(1, session)
        received.bind(2, Int64(identifier))
        try received.run(database, "commit")
      case .forget(let session, let identifier):
        forget.bind(1, session)
        forget.bind(2, Int64(identifier))
        try forget.run(database, "commit")
      case .retain(let topic, let message, let source): try retain(topic, message, source)
      case .unretain(let topic): try run(unretain, text: topic, at: 1)
      case .saveSession(let session): try save(session)
      case .removeSession(let session): try remove(session)
      case .setWill(let session, let will): try set(will, of: session)
      case .subscribe(let session, let subscription):
        saveSubscription.bind(1, session)
        saveSubscription.bind(3, Int64(subscription.options.encoded(.v5)))
        saveSubscription.bind(4, Int64(subscription.identifier))
        try run(saveSubscription, text: subscription.filter, at: 2)
      case .unsubscribe(let session, let filter):
        removeSubscription.bind(1, session)
        try run(removeSubscription, text: filter, at: 2)
      }
    }
    try remove(&positions, by: removeEntries)
    try remove(&messages, by: removeMessages)
    try end.run(database, "commit")
  }

  // MARK: Messages on their way

  private func store(_ message: MessageRecord) throws(StoreError) {
    saveMessage.bind(1, message.number)
    saveMessage.bind(2, Int64(message.qos.rawValue) | (message.isRetained ? 4 : 0))
    saveMessage.bind(3, message.expiresAtUnixSeconds)
    saveMessage.bind(4, Int64(message.topicLength))
    saveMessage.bind(5, Int64(message.propertiesLength))
    saveMessage.bind(6, Int64(message.checksum))
    try message.bytes.withUnsafeBufferPointer { (bytes) throws(StoreError) in
      saveMessage.bindBlob(7, bytes)
      try saveMessage.run(database, "commit")
    }
  }

  private func enqueue(_ entry: QueueRecord) throws(StoreError) {
    saveEntry.bind(1, entry.position)
    saveEntry.bind(2, entry.session)
    saveEntry.bind(3, entry.message)
    saveEntry.bind(4, Int64(entry.byteCount))
    saveEntry.bind(5, Int64(entry.qos.rawValue) | (entry.isRetained ? 4 : 0))
    if entry.subscriptionIdentifiers.isEmpty && entry.group == nil {
      saveEntry.bindNull(6)
      saveEntry.bindNull(7)
      return try saveEntry.run(database, "commit")
    }
    let identifiers = entry.subscriptionIdentifiers.map { String($0) }.joined(separator: ",")
    if identifiers.isEmpty { saveEntry.bindNull(6) }
    if entry.group == nil { saveEntry.bindNull(7) }
    try Array(identifiers.utf8).withUnsafeBufferPointer { (bytes) throws(StoreError) in
      if !identifiers.isEmpty { saveEntry.bindText(6, bytes) }
      guard let group = entry.group else { return try saveEntry.run(database, "commit") }
      try run(saveEntry, text: group, at: 7)
    }
  }

  private func assign(
    _ session: UInt64, _ identifier: UInt16, _ position: UInt64, isReleased: Bool
  ) throws(StoreError) {
    saveAssigned.bind(1, position)
    saveAssigned.bind(2, session)
    saveAssigned.bind(3, Int64(identifier))
    saveAssigned.bind(4, Int64(isReleased ? 1 : 0))
    try saveAssigned.run(database, "commit")
  }

  private func retain(
    _ topic: [UInt8], _ message: UInt64, _ source: SourceRecord?
  ) throws(StoreError) {
    retain.bind(2, message)
    try bind(source?.clientIdentifier, 3, of: retain) { () throws(StoreError) in
      try bind(source?.userName, 4, of: retain) { () throws(StoreError) in
        try bind(source?.listener, 5, of: retain) { () throws(StoreError) in
          try run(retain, text: topic, at: 1)
        }
      }
    }
  }

  /// Binds a text, or NULL, for what `body` runs.
  private func bind(
    _ text: String?, _ index: Int32, of statement: borrowing Statement,
    _ body: () throws(StoreError) -> Void
  ) throws(StoreError) {
    guard let text else {
      statement.bindNull(index)
      return try body()
    }
    try Array(text.utf8).withUnsafeBufferPointer { (bytes) throws(StoreError) in
      statement.bindText(index, bytes)
      try body()
    }
  }

  /// Removes numbers, each run of neighbours by one statement.
  func remove(
    _ numbers: inout [UInt64], by statement: borrowing Statement
  ) throws(StoreError) {
    numbers.sort()
    var first = 0
    for last in numbers.indices {
      if last + 1 < numbers.count && numbers[last + 1] <= numbers[last] + 1 { continue }
      statement.bind(1, numbers[first])
      statement.bind(2, numbers[last])
      try statement.run(database, "commit")
      first = last + 1
    }
  }

  // MARK: Sessions

  private func save(_ session: SessionRecord) throws(StoreError) {
    saveSession.bind(1, session.number)
    saveSession.bind(4, Int64(session.expirySeconds))
    saveSession.bind(5, session.leftAtUnixSeconds)
    saveSession.bind(7, session.isUnclaimed ? 1 : nil)
    try bind(session.userName, 3, of: saveSession) { () throws(StoreError) in
      try bind(session.listener, 6, of: saveSession) { () throws(StoreError) in
        try run(saveSession, text: Array(session.clientIdentifier.utf8), at: 2)
      }
    }
  }

  private func remove(_ session: UInt64) throws(StoreError) {
    removeSession.bind(1, session)
    try removeSession.run(database, "commit")
    removeSubscriptions.bind(1, session)
    try removeSubscriptions.run(database, "commit")
    removeReceived.bind(1, session)
    try removeReceived.run(database, "commit")
    try set(nil, of: session)
  }

  private func set(_ will: WillRecord?, of session: UInt64) throws(StoreError) {
    guard let will else {
      removeWill.bind(1, session)
      return try removeWill.run(database, "commit")
    }
    saveWill.bind(1, session)
    saveWill.bind(5, Int64(will.qos.rawValue))
    saveWill.bind(6, Int64(will.isRetained ? 1 : 0))
    saveWill.bind(7, Int64(will.delaySeconds))
    saveWill.bind(8, will.expirySeconds.map { Int64($0) })
    try will.properties.withUnsafeBufferPointer { (properties) throws(StoreError) in
      saveWill.bindBlob(3, properties)
      try will.payload.withUnsafeBufferPointer { (payload) throws(StoreError) in
        saveWill.bindBlob(4, payload)
        try run(saveWill, text: will.topic, at: 2)
      }
    }
  }

  /// Runs a statement whose last parameter is a text.
  private func run(
    _ statement: borrowing Statement, text: [UInt8], at index: Int32
  ) throws(StoreError) {
    try text.withUnsafeBufferPointer { (bytes) throws(StoreError) in
      statement.bindText(index, bytes)
      try statement.run(database, "commit")
    }
  }
}
