// The outbox of a SQLite database as a queue: which of its rows are in hand, and where to look for
// the next ones.

package import Basis
package import MQTTSession
package import SQLite

/// The rows of an outbox, one after another.
package final class TableQueue: OutgoingQueue {
  private let store: SessionDatabase
  private let outbox: Outbox
  private var news: OutboxNews
  /// Rows up to this one have been given.
  private var cursor: Int64 = 0
  /// Rows that were given, until it is stored what has become of them: in the table they wait.
  private var open: Set<Int64> = []
  /// What the next commit says of rows.
  private var fates: [(row: Int64, fate: OutboxFate)] = []
  private let nowNanoseconds: () -> Int64

  /// The rows of `outbox`; `nowNanoseconds` is the time of day, since 1970.
  package init(
    _ store: SessionDatabase, _ outbox: Outbox, nowNanoseconds: @escaping () -> Int64
  ) throws(StoreError) {
    self.store = store
    self.outbox = outbox
    self.nowNanoseconds = nowNanoseconds
    news = OutboxNews(try DatabaseWatch(store.database))
  }

  package var name: String { store.name }
  package var place: String { store.place }
  package func stored() throws(StoreError) -> StoredSession? { try store.stored() }
  package func adopt(clientIdentifier: String) throws(StoreError) {
    try store.adopt(clientIdentifier: clientIdentifier)
  }

  package var descriptor: Int32 { news.watch.descriptor }
  package var descriptorCount: Int { 1 }
  package func takeNews(now: Instant) { news.drain(now: now) }
  package var deadline: Instant { news.deadline }
  package var isSettled: Bool { open.isEmpty }
  package var hasFates: Bool { !fates.isEmpty }

  package func next(limit: Int, now: Instant) throws(StoreError) -> [OutboxRow] {
    // A row behind the cursor may wait again, or have been put there.
    if try news.isNew(store.database, now: now),
      try outbox.waitingCount(upTo: cursor, in: store.database)
        > open.count(where: { $0 <= cursor })
    {
      cursor = 0
    }
    let rows = try outbox.waiting(
      after: cursor, limit: limit + open.count, in: store.database)
    var fresh: [OutboxRow] = []
    for row in rows {
      cursor = max(cursor, row.identifier)
      if open.insert(row.identifier).inserted { fresh.append(row) }
    }
    return fresh
  }

  package func takeBack(_ rows: ArraySlice<OutboxRow>) {
    for row in rows { open.remove(row.identifier) }
    cursor = 0
  }

  package func takeUp(_ identifier: Int64) throws(StoreError) -> OutboxRow? {
    guard let row = try outbox.row(identifier, in: store.database) else { return nil }
    open.insert(identifier)
    return row
  }

  package func settle(_ identifier: Int64, _ fate: OutboxFate) {
    fates.append((identifier, fate))
  }

  package func commit(_ state: ClientSessionState) throws(StoreError) {
    let time = nowNanoseconds()
    try store.transact(state) { () throws(StoreError) in
      for (row, fate) in fates { try outbox.mark(row, fate, at: time, in: store.database) }
    }
    for (row, fate) in fates {
      open.remove(row)
      // It waits again, behind the cursor.
      if fate == .refused { cursor = 0 }
    }
    fates.removeAll(keepingCapacity: true)
  }
}
