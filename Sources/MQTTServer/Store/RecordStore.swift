// The store that a broker uses when nobody says otherwise: Storage, behind the server's own words.

import Glibc
package import MQTTBroker
import SQLite
package import Storage
import Transport

/// A durable store in a directory.
package final class RecordStore: DurableStore {
  private let store: Store

  /// Opens it, and makes what is missing.
  package init(_ settings: StoreSettings) throws(StoreFailure) {
    store = try Self.explaining { () throws(StoreError) in try Store.open(settings) }
  }

  package var notices: [String] { store.notices }

  package var byteCount: Int {
    ["", "-wal"].reduce(0) { sum, suffix in
      var facts = stat()
      return sum + (stat(store.settings.file + suffix, &facts) == 0 ? Int(facts.st_size) : 0)
    }
  }

  package func load(window: QueueWindow) throws(StoreFailure) -> RecordedState {
    try Self.explaining { () throws(StoreError) in try store.load(window: window) }
  }

  package func commit(_ batch: RecordBatch) throws(StoreFailure) {
    try Self.explaining { () throws(StoreError) in try store.commit(batch) }
  }

  package func page(_ request: PageRequest) throws(StoreFailure) -> QueuePage {
    try Self.explaining { () throws(StoreError) in try store.page(request) }
  }

  package func reopen() throws(StoreFailure) {
    try Self.explaining { () throws(StoreError) in try store.reopen() }
  }

  package func maintain() throws(StoreFailure) -> Bool {
    try Self.explaining { () throws(StoreError) in try store.maintain() }
  }

  package func close() { store.close() }

  private static func explaining<Result>(
    _ act: () throws(StoreError) -> Result
  ) throws(StoreFailure) -> Result {
    do throws(StoreError) { return try act() } catch {
      var text = "\(error)"
      if [.notPermitted, .readOnly].contains(error.kind) {
        text += "; the account is \(Account.ownName)"
      }
      throw StoreFailure(text)
    }
  }
}
