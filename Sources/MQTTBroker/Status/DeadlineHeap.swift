// All that is due at some time, in one heap. An entry is never taken out early: when it comes up,
// its owner looks whether the matter still stands, and may put in a later one. So a keep alive
// costs one entry per connection, not one per packet.

import Basis

/// What is due, and to whom.
enum Matter {
  /// CONNECT should have come.
  case connect(ConnectionID)
  /// A login that was delayed may be looked at.
  case login(ConnectionID)
  /// Something should have come within one and a half keep alives. [MQTT-3.1.2-22]
  case keepAlive(ConnectionID)
  /// The Session Expiry Interval is over.
  case sessionExpiry(SlotIdentifier<Session>)
  /// The Will Delay Interval is over.
  case will(SlotIdentifier<Session>)
  /// `$SYS` is due.
  case status
  /// A retained message expires.
  case retainedExpiry(SlotIdentifier<Message>)
  /// A session's queue is searched for expired messages.
  case queueSweep(SlotIdentifier<Session>)
  /// The store is asked for pages again after it could not read one.
  case pages
  /// Faults that came again are told.
  case faults
}

/// A matter and its time.
struct Deadline {
  var at: Instant
  var matter: Matter
}

/// A binary heap, the earliest first.
struct DeadlineHeap {
  private var heap: [Deadline] = []

  /// The earliest time in it.
  var first: Instant? { heap.first?.at }

  mutating func insert(_ matter: Matter, at: Instant) {
    heap.append(Deadline(at: at, matter: matter))
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
