// The thread that writes. It sleeps until a tick has left records in the open batch, takes that
// batch under the engine's lock, commits it without any lock, comes back with `durable`, and takes
// what has gathered meanwhile: the slower the disk, the larger the batches, and a message that is
// acknowledged while it waits here is never written at all.
//
//   tick: records, and the writer sleeps --ring--> takeRecords -> commit -> durable -> wake the
//   reactors that got work -> takeRecords ... -> nothing left: sleep
//
// After a failure the handle is never used again: what it failed to write may have left the
// kernel's memory, so that a second attempt would report a success that is none. The store is opened
// again, and the batch that is owed is committed before any other.

import Basis
import Glibc
import MQTTBroker
import Synchronization
import Transport

/// The store's thread.
final class StoreWriter: Sendable {
  /// Seconds that a server which stops gives the store to write what is left.
  static let farewellLimitSeconds = 20
  /// How long the first failure of an episode, and each after it, waits for the next attempt.
  static let firstRetryNanoseconds: Int64 = 50_000_000
  static let lastRetryNanoseconds: Int64 = 1_000_000_000
  /// How long a store that could not be tidied up is left alone.
  static let careRetryNanoseconds: Int64 = 5_000_000_000

  /// The store belongs to the thread alone once that has started.
  private struct Owned: @unchecked Sendable {
    let store: any DurableStore
  }

  private let engine: SharedEngine
  private let owned: Owned
  /// Whether the store has failed since it was opened; the thread's own.
  private let isBroken = Atomic<Bool>(false)
  private let isStopping = Atomic<Bool>(false)
  private let ended = Atomic<Bool>(false)
  private let isAskedToSave = Atomic<Bool>(false)

  init(_ engine: SharedEngine, _ store: any DurableStore) {
    self.engine = engine
    owned = Owned(store: store)
  }

  /// Starts to write.
  func start() throws(SystemError) {
    let thread = try SystemThread(name: "store", stackBytes: 1 << 20) { [self] in
      run()
      owned.store.close()
      ended.store(true, ordering: .releasing)
    }
    thread.detach()
  }

  /// Asks it to write what is left, and to close the store.
  func stop() {
    isStopping.store(true, ordering: .releasing)
    engine.writerBell.ring()
  }

  /// Asks it to bring the file into its best order, with nothing left in the log beside it.
  func save() {
    isAskedToSave.store(true, ordering: .releasing)
    engine.writerBell.ring()
  }

  /// Whether the store is closed.
  var hasEnded: Bool { ended.load(ordering: .acquiring) }

  private func run() {
    var care = Care()
    while true {
      let work = engine.takeWork(restsOtherwise: !care.isDue)
      if let batch = work.batch, !commit(batch) { return }
      for request in work.requests { read(request) }
      if !work.isEmpty {
        care.hasWorked = true
      } else if isStopping.load(ordering: .acquiring) {
        return
      } else if care.isDue
        || isAskedToSave.exchange(false, ordering: .acquiringAndReleasing)
      {
        maintain(&care)
      } else {
        engine.writerBell.wait()
      }
    }
  }

  /// Commits a batch, however long that takes; false when the server stops before it has come
  /// about.
  private func commit(_ batch: RecordBatch) -> Bool {
    var retry = Self.firstRetryNanoseconds
    while true {
      do throws(StoreFailure) {
        try open()
        try owned.store.commit(batch)
        engine.batchIsDurable(batch.number)
        return true
      } catch {
        isBroken.store(true, ordering: .relaxed)
        engine.storeFailed(error)
      }
      if isStopping.load(ordering: .acquiring) {
        engine.writeNow(
          .error, "\(batch.records.count) changes that nobody was promised are not in the store")
        return false
      }
      engine.writerBell.wait(atMostNanoseconds: retry)
      retry = min(retry * 2, Self.lastRetryNanoseconds)
    }
  }

  /// Reads a piece of a queue; the engine asks again for what cannot be read.
  private func read(_ request: PageRequest) {
    do throws(StoreFailure) {
      try open()
      engine.supply(try owned.store.page(request))
    } catch {
      isBroken.store(true, ordering: .relaxed)
      engine.writeNow(.error, "a queue could not be read, that will be tried again: \(error)")
      engine.pageFailed(request)
    }
  }

  /// When the store is to be tidied up.
  private struct Care {
    var hasWorked = true
    /// A failure is said once, and left alone for a while: commits go on without it.
    var hasFailed = false
    var notBefore = Instant.start

    var isDue: Bool { hasWorked && (!hasFailed || MonotonicClock.now >= notBefore) }
  }

  /// Does what nobody waits for.
  private func maintain(_ care: inout Care) {
    do throws(StoreFailure) {
      try open()
      care.hasWorked = try owned.store.maintain()
      care.hasFailed = false
    } catch {
      isBroken.store(true, ordering: .relaxed)
      if !care.hasFailed {
        engine.writeNow(.warning, "the store could not be tidied up: \(error)")
      }
      care.hasFailed = true
      care.hasWorked = false
      care.notBefore = MonotonicClock.now.advanced(byNanoseconds: Self.careRetryNanoseconds)
    }
  }

  /// Opens the store again if it has failed.
  private func open() throws(StoreFailure) {
    if !isBroken.load(ordering: .relaxed) { return }
    try owned.store.reopen()
    isBroken.store(false, ordering: .relaxed)
    for notice in owned.store.notices { engine.writeNow(.warning, notice) }
  }
}
