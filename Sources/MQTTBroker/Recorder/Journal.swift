// The open batch. What begins and ends in one and the same batch is taken out before a store ever
// sees it: a QoS 1 message that an online subscriber acknowledges in time costs no disk at all. So
// is what a topic retained for a time; a batch that stays open for long, because the store has
// failed or is slow, is therefore gone through again whenever it has doubled.

/// Records that are committed together, or not at all.
package struct RecordBatch: Equatable, Sendable {
  /// Rises from batch to batch, with gaps.
  package let number: UInt64
  /// In the order in which they are to be applied; never empty.
  package let records: [Record]

  /// Joins the parts.
  package init(number: UInt64, records: [Record]) {
    self.number = number
    self.records = records
  }
}

/// The open batch, and the numbers that the next records get.
struct Journal {
  private(set) var records: [Record] = []
  /// Records appended since ever: more after an event than before it means that it needs the store.
  private(set) var appended: UInt64 = 0
  /// The number of the open batch.
  private(set) var batch: UInt64 = 1
  /// The newest batch that a store has, or had.
  private var taken: UInt64 = 0
  private var durable: UInt64 = 0
  private(set) var nextSession: UInt64 = 1
  private(set) var nextMessage: UInt64 = 1
  private(set) var nextPosition: UInt64 = 1
  /// What the open batch began with.
  private var firstMessage: UInt64 = 1
  private var firstPosition: UInt64 = 1
  /// Messages and places that began and ended in the open batch.
  private var endedMessages: Set<UInt64> = []
  private var endedPositions: Set<UInt64> = []
  /// `appended` when the batch was opened.
  private var appendedAtOpening: UInt64 = 0
  /// Records in the batch at which it is compacted.
  private var compactionLimit = Journal.firstCompactionLimit
  private static let firstCompactionLimit = 1 << 14

  /// All batches up to and with this one hold nothing that is not on disk.
  var releasedBatch: UInt64 { durable >= taken ? batch - 1 : durable }

  /// Whether something was recorded since the last batch was taken, even if nothing is left of it.
  var isOpen: Bool { appended != appendedAtOpening }

  mutating func append(_ record: Record) {
    if records.count >= compactionLimit { compact() }
    records.append(record)
    appended += 1
    switch record {
    case .drop(let message):
      if message >= firstMessage { endedMessages.insert(message) }
    case .complete(_, let position, _):
      if position >= firstPosition { endedPositions.insert(position) }
    case .saveSession, .removeSession, .setWill, .subscribe, .unsubscribe, .store, .enqueue,
      .assign, .release, .received, .forget, .retain, .unretain:
      return
    }
  }

  mutating func takeSession() -> UInt64 {
    defer { nextSession += 1 }
    return nextSession
  }

  mutating func takeMessage() -> UInt64 {
    defer { nextMessage += 1 }
    return nextMessage
  }

  mutating func takePosition() -> UInt64 {
    defer { nextPosition += 1 }
    return nextPosition
  }

  /// Goes on behind the numbers of what was loaded.
  mutating func resume(session: UInt64, message: UInt64, position: UInt64) {
    precondition(appended == 0, "loading comes before everything else")
    nextSession = session
    nextMessage = message
    firstMessage = message
    nextPosition = position
    firstPosition = position
  }

  /// Closes the open batch and opens the next one; nil when nothing is left to be written.
  mutating func take() -> RecordBatch? {
    if !isOpen { return nil }
    dropEnded()
    let kept = records
    records = []
    appendedAtOpening = appended
    compactionLimit = Self.firstCompactionLimit
    firstMessage = nextMessage
    firstPosition = nextPosition
    let number = batch
    batch += 1
    if kept.isEmpty { return nil }
    taken = number
    return RecordBatch(number: number, records: kept)
  }

  private mutating func dropEnded() {
    if endedMessages.isEmpty && endedPositions.isEmpty { return }
    records = records.filter { !hasEnded($0) }
    endedMessages.removeAll(keepingCapacity: true)
    endedPositions.removeAll(keepingCapacity: true)
  }

  /// Takes out what a later record of the batch makes needless.
  private mutating func compact() {
    dropEnded()
    var topics: Set<[UInt8]> = []
    var isKept = [Bool](repeating: true, count: records.count)
    for position in records.indices.reversed() {
      switch records[position] {
      case .retain(let topic, _, _), .unretain(let topic):
        isKept[position] = topics.insert(topic).inserted
      case .saveSession, .removeSession, .setWill, .subscribe, .unsubscribe, .store, .drop,
        .enqueue, .assign, .release, .complete, .received, .forget:
        continue
      }
    }
    records = zip(records, isKept).filter { $0.1 }.map { $0.0 }
    compactionLimit = max(Self.firstCompactionLimit, records.count * 2)
  }

  /// A store has committed this batch and all before it.
  mutating func committed(_ batch: UInt64) {
    precondition(batch <= taken, "a batch that was never taken cannot be durable")
    durable = max(durable, batch)
  }

  /// Traps when batches are out of order.
  func checkInvariants() {
    precondition(durable <= taken, "a batch is durable that was never taken")
    precondition(taken < batch, "the open batch was taken")
    precondition(appended >= appendedAtOpening, "records that were never appended")
    precondition(
      UInt64(records.count) <= appended - appendedAtOpening, "a record of an earlier batch")
  }

  private func hasEnded(_ record: Record) -> Bool {
    switch record {
    case .store(let message): endedMessages.contains(message.number)
    case .drop(let message): endedMessages.contains(message)
    // Another message, or none, has its place by the end of the batch.
    case .retain(_, let message, _): endedMessages.contains(message)
    case .enqueue(let entry): endedPositions.contains(entry.position)
    case .assign(_, _, let position), .release(_, _, let position),
      .complete(_, let position, _):
      endedPositions.contains(position)
    case .saveSession, .removeSession, .setWill, .subscribe, .unsubscribe, .received, .forget,
      .unretain:
      false
    }
  }
}
