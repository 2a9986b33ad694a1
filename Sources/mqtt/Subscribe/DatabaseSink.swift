// Messages as rows of a table, together with the state of the session in one transaction for all
// that a tick has brought: one message that comes alone is on the disk at once, and the more come
// together, the less each of them costs.
//
//   take: bytes are gathered --> settle: BEGIN, rows, session state, COMMIT --> acknowledged
//
// A commit that fails for now, because another program writes or the disk is full, is tried again
// with all that has come meanwhile; nothing is acknowledged before, and no byte leaves that speaks
// of what is not stored.

import Basis
import ClientStorage
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import SQLite
import Transport

/// The table that `mqtt sub --sqlite` fills.
final class DatabaseSink: MessageSink {
  /// A gathered message: where its parts lie in the bytes.
  private struct Row {
    var nanoseconds: Int64
    var topicEnd: Int
    var payloadEnd: Int
    var propertiesEnd: Int
    var qos: QoS
    var isRetained: Bool
  }

  private let store: SessionDatabase
  private let table: MessageTable
  private var rows: [Row] = []
  private var bytes = ByteBuffer()
  /// Messages above QoS 0 since the last commit, stored or not.
  private var takenCount = 0
  private var trouble = CommitTrouble()
  /// Subscriptions to store with the next commit.
  private var subscriptions: String?
  private(set) var settledEnd: UInt64 = 0

  init(_ store: SessionDatabase, _ table: MessageTable) {
    self.store = store
    self.table = table
  }

  var takenEnd: UInt64 { settledEnd + UInt64(rows.count) }
  var waitingByteCount: Int { bytes.count }

  func take(_ view: PublishView, _ run: ClientRun, now: Instant) {
    pass(view)
    gather(view, run.client.session)
  }

  private func gather(_ view: PublishView, _ session: borrowing ClientSession) {
    bytes.append(session.topic(of: view))
    let topicEnd = bytes.count
    bytes.append(session.payload(of: view))
    let payloadEnd = bytes.count
    if !view.properties.isEmpty {
      let message = RecordedMessage(session.publish(view), receivedAt: 0).message
      if !message.properties.isEmpty { message.properties.appendObject(to: &bytes) }
    }
    rows.append(
      Row(
        nanoseconds: WallClock.nanoseconds, topicEnd: topicEnd, payloadEnd: payloadEnd,
        propertiesEnd: bytes.count, qos: view.qos, isRetained: view.isRetained))
  }

  func pass(_ view: PublishView) {
    if view.qos > .atMostOnce { takenCount += 1 }
  }

  func granted(_ subscriptions: [Subscription]) {
    self.subscriptions = GrantedSubscriptions.text(subscriptions)
  }

  func settle(_ run: ClientRun, now: Instant) -> SinkProgress {
    let changes = run.client.session.durableChanges
    if rows.isEmpty && subscriptions == nil && run.client.storedChanges == changes {
      return .going(until: nil)
    }
    if let instant = trouble.retryInstant, now < instant { return .going(until: instant) }
    let state = run.client.session.state(taking: takenCount)
    do throws(StoreError) {
      try store.transact(state, subscriptions: subscriptions) { () throws(StoreError) in
        try addRows()
      }
    } catch {
      return trouble.take(error, run.console, now: now)
    }
    trouble.end(run.console, store.database.file)
    settledEnd += UInt64(rows.count)
    rows.removeAll(keepingCapacity: true)
    bytes.clear()
    subscriptions = nil
    takenCount = 0
    run.client.storedChanges = changes
    return .going(until: nil)
  }

  private func addRows() throws(StoreError) {
    try bytes.withUnsafeBytes { (bytes) throws(StoreError) in
      let bytes = bytes.bindMemory(to: UInt8.self)
      func part(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: bytes[range])
      }
      var start = 0
      for row in rows {
        let message = MessageRow(
          nanoseconds: row.nanoseconds, topic: part(start..<row.topicEnd),
          payload: part(row.topicEnd..<row.payloadEnd),
          properties: part(row.payloadEnd..<row.propertiesEnd), qos: row.qos,
          isRetained: row.isRetained)
        try table.add(message, to: store.database)
        start = row.propertiesEnd
      }
    }
  }
}
