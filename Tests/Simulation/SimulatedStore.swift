// A store that is nothing but memory: batches that it was given, and the state that the committed
// ones amount to. A crash leaves only that. Beside each batch stands what the model knew when the
// batch was taken, which is therefore what a crash goes back to.

import MQTTBroker

/// The disk of a run.
struct SimulatedStore {
  struct Pending {
    var batch: RecordBatch
    var model: Model
    /// Whether it is on disk; the engine may not know it yet.
    var isWritten = false
  }

  var committed = RecordedState()
  var committedModel = Model(clients: 0)
  var pending: [Pending] = []
  /// Pages that were asked for, and behind which batch each is to be read.
  var pages: [(request: PageRequest, behind: UInt64)] = []
  var lastTaken: UInt64 = 0
}

extension Simulation {
  /// Batches that may be with the store at a time.
  private static let pendingLimit = 3

  /// The store takes the open batch.
  func take() throws(Verdict) {
    if !scenario.keepsRecords || store.pending.count >= Self.pendingLimit { return }
    if let batch = broker.takeRecords() {
      motion += 1
      say("batch \(batch.number) is taken: \(batch.records.count) records")
      for record in batch.records { say("  \(record)") }
      store.pending.append(SimulatedStore.Pending(batch: batch, model: model))
      store.lastTaken = batch.number
      if plant == .earlyDurable { broker.durable(batch.number, now: now) }
    }
    while let request = broker.nextPageRequest() {
      motion += 1
      say("page \(request.number) is wanted, behind position \(request.after)")
      store.pages.append((request, store.lastTaken))
    }
    try settle()
  }

  /// The oldest page that was asked for is read, if what was to be written before it is.
  func answerPage(fails: Bool) throws(Verdict) {
    guard let (request, behind) = store.pages.first,
      !store.pending.contains(where: { $0.batch.number <= behind && !$0.isWritten })
    else { return }
    motion += 1
    store.pages.removeFirst()
    if fails || isFailing {
      say("page \(request.number) cannot be read")
      broker.pageFailed(request, now: now)
    } else {
      var page = store.committed.page(request)
      if plant == .lostPageEntry && !page.entries.isEmpty && planted(once: true) {
        page.entries.removeFirst()
      }
      say("page \(request.number) is there, with \(page.entries.count) entries")
      broker.supply(page, now: now)
    }
    try settle()
  }

  /// The oldest batch that is not on disk gets there.
  func write() {
    if isFailing { return }
    guard let position = store.pending.firstIndex(where: { !$0.isWritten }) else { return }
    motion += 1
    say("batch \(store.pending[position].batch.number) is written")
    for record in store.pending[position].batch.records where !plantRecord(record) {
      store.committed.apply(record)
    }
    store.committedModel = store.pending[position].model
    store.pending[position].isWritten = true
  }

  /// The engine hears that the oldest written batch is on disk.
  func tell(closing: Closing = .unexpected) throws(Verdict) {
    guard let first = store.pending.first, first.isWritten else { return }
    motion += 1
    say("batch \(first.batch.number) is durable")
    store.pending.removeFirst()
    broker.durable(first.batch.number, now: now)
    try settle(closing: closing)
  }

  func commitAll(closing: Closing = .unexpected) throws(Verdict) {
    while true {
      let before = motion
      try take()
      write()
      try tell(closing: closing)
      try answerPage(fails: false)
      if motion == before { return }
    }
  }

  /// Commits fail from now on.
  func fail() throws(Verdict) {
    if !scenario.keepsRecords { return }
    while store.pending.first?.isWritten == true { try tell() }
    say("the store fails")
    isFailing = true
    answers.removeAll(keepingCapacity: true)
    broker.storeFailed("it does so in this run", now: now)
    try settle(closing: .outageBegins)
  }

  /// Commits work again.
  func recover() throws(Verdict) {
    if !isFailing { return }
    say("the store is back")
    isFailing = false
    if store.pending.isEmpty {
      broker.storeRecovered(now: now)
      return try settle(closing: .outageEnds)
    }
    write()
    try tell(closing: .outageEnds)
  }
}
