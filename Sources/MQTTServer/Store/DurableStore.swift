// What the server needs of a store: whole batches in their order, on disk when `commit` returns.
// A test can put a slow or a failing one here.

package import MQTTBroker

/// Why a store could not do what it was asked, for people: what was found, and what to do.
package struct StoreFailure: Error, Equatable, Sendable, CustomStringConvertible {
  package var description: String

  /// Takes the whole text.
  package init(_ description: String) { self.description = description }
}

/// A store of records, used by one thread at a time.
package protocol DurableStore: AnyObject {
  /// What happened to the data, one line each; read after ``load(window:)`` and ``reopen()``.
  var notices: [String] { get }
  /// How much is to be read.
  var byteCount: Int { get }
  /// All that was committed, but of each queue no more than `window` has room for.
  func load(window: QueueWindow) throws(StoreFailure) -> RecordedState
  /// Puts a batch on disk; after a failure ``reopen()`` comes first, and then the same batch again.
  func commit(_ batch: RecordBatch) throws(StoreFailure)
  /// A piece of a queue, with everything that was committed before.
  func page(_ request: PageRequest) throws(StoreFailure) -> QueuePage
  /// Begins anew after a failure, from what is on disk.
  func reopen() throws(StoreFailure)
  /// A short piece of work that nobody waits for; whether more of it is left.
  func maintain() throws(StoreFailure) -> Bool
  /// Leaves everything in good order.
  func close()
}
