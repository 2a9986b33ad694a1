// The recorder: what must last, from the place where it happens to the moment when it is on disk.
//
//   journal   the open batch, and the numbers of what is recorded
//   held      connections with output that waits for a batch, in the order of the batches
//   paging    queues of which only a window is in memory, and what was asked of the store
//   outage    the time in which the store cannot commit, while it lasts: the one place that knows
//
// What it promises: batches are taken and released in their order; what waits for a batch waits for
// one that the store has or will get; a message that both a tail and memory hold is known by both.

import Basis
import MQTTCodec

/// What must last, and the state of the store that keeps it.
struct Recorder: ~Copyable {
  private let anchor = Anchor()
  var journal = Journal()
  var held: [(connection: ConnectionID, batch: UInt64)] = []
  var paging = Paging()
  var outage: StoreOutage?

  /// Whether the store cannot commit.
  @inline(__always) var isFailing: Bool { outage != nil }

  /// What waits for batches that are on disk, in the order in which it came.
  mutating func takeReleased() -> [ConnectionID] {
    let released = journal.releasedBatch
    let count = held.firstIndex { $0.batch > released } ?? held.count
    let connections = held[..<count].map(\.connection)
    held.removeFirst(count)
    return connections
  }

  /// Whether a page of some queue is wanted.
  var wantsPage: Bool {
    if paging.isPaused || isFailing { return false }
    return !paging.waiting.isEmpty && paging.requestCount < Paging.requestLimit
      || paging.backgroundRequest == 0 && !(paging.sweeping.isEmpty && paging.removed.isEmpty)
  }

  // MARK: Messages that tails need

  /// An entry of a tail is not there any more; the message in memory that no tail needs now.
  ///
  /// One that was only on disk is dropped there.
  mutating func shorten(_ tail: QueueTail, by entry: QueueRecord) -> Slot<Message>? {
    tail.count -= 1
    tail.byteCount -= entry.byteCount
    if !paging.messages.remove(entry.message, byteCount: entry.byteCount) { return nil }
    if let message = paging.bodies.removeValue(forKey: entry.message) { return message }
    journal.append(.drop(entry.message))
    return nil
  }

  /// A message is gone from memory: its record goes too, unless a tail needs it.
  mutating func forget(_ word: Mail.LastWord) {
    if word.isInTail {
      paging.bodies[word.record] = nil
    } else if word.record != 0 {
      journal.append(.drop(word.record))
    }
  }

  // MARK: Invariants

  /// Traps when something that this part promises does not hold.
  package func checkInvariants() {
    journal.checkInvariants()
    var last: UInt64 = 0
    for entry in held {
      precondition(entry.batch >= last, "holds that are out of order")
      precondition(entry.batch <= journal.batch, "a hold for a batch that was never opened")
      last = entry.batch
    }
    precondition(paging.requestCount >= 0, "more pages than were asked for")
    precondition(paging.requestCount <= Paging.requestLimit, "more pages than may be under way")
  }
}
