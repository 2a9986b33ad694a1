// All that is due at some time, in one heap. An entry is never taken out early: when it comes up,
// its owner looks whether the matter still stands, and may put in a later one. So a keep alive
// costs one entry per connection, not one per packet.

import Basis

/// What is due.
enum DeadlineKind: UInt8 {
  /// CONNECT should have come.
  case connect
  /// A login that was delayed may be looked at.
  case login
  /// Something should have come within one and a half keep alives. [MQTT-3.1.2-22]
  case keepAlive
  /// The Session Expiry Interval is over.
  case sessionExpiry
  /// The Will Delay Interval is over.
  case will
  /// `$SYS` is due.
  case status
  /// Expired retained messages are looked for.
  case sweep
  /// A session's queue is searched for expired messages.
  case queueSweep
  /// The store is asked for pages again after it could not read one.
  case pages
  /// Faults that came again are told.
  case faults
}

/// A matter and its time.
struct Deadline {
  var at: Instant
  var slot: SlotIdentifier
  var kind: DeadlineKind
}

/// A binary heap, the earliest first.
struct DeadlineHeap {
  private var heap: [Deadline] = []

  /// The earliest time in it.
  var first: Instant? { heap.first?.at }

  mutating func insert(_ kind: DeadlineKind, _ slot: SlotIdentifier, at: Instant) {
    heap.append(Deadline(at: at, slot: slot, kind: kind))
    var child = heap.count - 1
    while child > 0 && heap[child].at < heap[(child - 1) / 2].at {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// Takes out the earliest one if its time has come.
  mutating func popDue(_ now: Instant) -> Deadline? {
    guard let due = heap.first, due.at <= now else { return nil }
    let last = heap.removeLast()
    if heap.isEmpty { return due }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in parent * 2 + 1...parent * 2 + 2 where child < heap.count {
        if heap[child].at < heap[least].at { least = child }
      }
      if least == parent { return due }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
