// Queues of slots: a session's deliveries, and the sessions that wait for something of the store. Most
// are empty most of the time, and own no memory then.

import Basis

/// A first-in first-out queue of slots that owns no memory while it is empty.
struct SlotQueue<Element: ~Copyable> {
  private var ring: [Slot<Element>] = []
  private var head = 0
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }
  var first: Slot<Element>? { count == 0 ? nil : ring[head] }

  mutating func append(_ slot: Slot<Element>) {
    if count == ring.count {
      var larger = [Slot<Element>](repeating: slot, count: max(8, ring.count * 2))
      for offset in 0..<count { larger[offset] = ring[(head + offset) & (ring.count - 1)] }
      ring = larger
      head = 0
    }
    ring[(head + count) & (ring.count - 1)] = slot
    count += 1
  }

  mutating func removeFirst() -> Slot<Element> {
    let first = ring[head]
    head = (head + 1) & (ring.count - 1)
    count -= 1
    if count == 0 {
      ring = []
      head = 0
    }
    return first
  }

  /// The slots in their order.
  var all: [Slot<Element>] { (0..<count).map { ring[(head + $0) & (ring.count - 1)] } }
}

/// What waits in memory for one session, in its order.
struct DeliveryQueue {
  private var slots = SlotQueue<Delivery>()
  /// Bytes of the messages in it.
  var byteCount = 0

  var isEmpty: Bool { slots.isEmpty }
  var count: Int { slots.count }
  var first: Slot<Delivery>? { slots.first }
  /// The deliveries in their order.
  var all: [Slot<Delivery>] { slots.all }

  mutating func append(_ delivery: Slot<Delivery>) { slots.append(delivery) }
  mutating func removeFirst() -> Slot<Delivery> { slots.removeFirst() }
}
