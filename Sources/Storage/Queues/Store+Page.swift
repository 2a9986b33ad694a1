// The part of a queue that did not fit into memory comes back in pages.

import CSQLite
package import MQTTBroker
package import SQLite

extension Store {
  /// The entries of one session behind a position, in their order.
  ///
  /// After ``load(window:)``. A message that cannot be read is left out of its entry.
  package func page(_ request: PageRequest) throws(StoreError) -> QueuePage {
    let connection = try connected("read a page")
    do throws(StoreError) {
      return try connection.page(request, &positions)
    } catch {
      end(error)
      throw error
    }
  }
}

extension StoreConnection {
  func page(
    _ request: PageRequest, _ positions: inout QueuePositions
  ) throws(StoreError) -> QueuePage {
    var page = QueuePage(request, entries: [])
    var bytes = 0
    try begin.run(database, "read a page")
    var after = request.after
    while page.entries.count < request.messages,
      let position = positions.first(of: request.session, after: after)
    {
      after = position
      guard let entry = try entry(at: position), entry.session == request.session else {
        positions.remove(position, of: request.session)
        continue
      }
      bytes += entry.byteCount
      if bytes > request.bytes && !page.entries.isEmpty { break }
      page.entries.append(try pagedEntry(entry, wantsBody: request.wantsBodies))
    }
    try end.run(database, "read a page")
    return page
  }

  private func entry(at position: UInt64) throws(StoreError) -> QueueRecord? {
    readEntry.bind(1, position)
    defer { readEntry.reset() }
    switch readEntry.step() {
    case SQLITE_ROW: return QueueRecord(readEntry)
    case SQLITE_DONE: return nil
    case _: throw database.failure("read a page")
    }
  }

  private func pagedEntry(
    _ entry: QueueRecord, wantsBody: Bool
  ) throws(StoreError) -> PagedEntry {
    if wantsBody {
      let message = try readableMessage(entry.message)
      return PagedEntry(
        entry: entry, expiresAtUnixSeconds: message?.expiresAtUnixSeconds, message: message)
    }
    readExpiry.bind(1, entry.message)
    defer { readExpiry.reset() }
    let expires = readExpiry.step() == SQLITE_ROW && !readExpiry.isNull(0)
    return PagedEntry(
      entry: entry, expiresAtUnixSeconds: expires ? readExpiry.integer(0) : nil, message: nil)
  }

  /// A message; nil when it is lost.
  private func readableMessage(_ number: UInt64) throws(StoreError) -> MessageRecord? {
    do throws(StoreError) { return try message(number, by: readMessage) } catch {
      if error.kind == .damaged { return nil }
      throw error
    }
  }
}
