// A hash table of slots, for things that live in slots elsewhere. Each place keeps half
// of the hash beside the slot, so that growing and removing never look at the things themselves,
// and a search touches them only when the hash agrees.

import Basis
import CProcessor

/// Open addressing with linear probing; at most three quarters full.
struct IndexTable<Element: ~Copyable> {
  /// No slot has the number in its low half.
  private static var freePlace: UInt64 { .max }

  /// Hash in the high half, slot in the low half; a power of two long.
  private var places: [UInt64] = []
  private(set) var count = 0

  /// The slot for which `matches` holds among those with this hash; nil when there is none.
  @inline(__always) func find(
    _ hash: UInt32, where matches: (Slot<Element>) -> Bool
  ) -> Slot<Element>? {
    if places.isEmpty { return nil }
    let mask = places.count - 1
    var place = Int(hash) & mask
    while true {
      let entry = places[place]
      if entry == Self.freePlace { return nil }
      let slot = Slot<Element>(UInt32(truncatingIfNeeded: entry))
      if UInt32(truncatingIfNeeded: entry >> 32) == hash && matches(slot) { return slot }
      place = (place + 1) & mask
    }
  }

  /// Has the place where a search for this hash begins brought into the cache.
  @inline(__always) func prefetch(_ hash: UInt32) {
    unsafe places.withUnsafeBufferPointer { places in
      if let base = places.baseAddress {
        unsafe processor_prefetch(base + (Int(hash) & (places.count - 1)))
      }
    }
  }

  /// The first slot with this hash; the things themselves are not looked at.
  @inline(__always) func first(_ hash: UInt32) -> Slot<Element>? { find(hash) { _ in true } }

  /// Adds a slot that is not in the table.
  mutating func insert(_ slot: Slot<Element>, hash: UInt32) {
    if (count + 1) * 4 > places.count * 3 { grow() }
    place(UInt64(hash) << 32 | UInt64(slot.number))
    count += 1
  }

  /// Removes a slot that is in the table.
  mutating func remove(_ slot: Slot<Element>, hash: UInt32) {
    let mask = places.count - 1
    let entry = UInt64(hash) << 32 | UInt64(slot.number)
    var hole = Int(hash) & mask
    while places[hole] != entry { hole = (hole + 1) & mask }
    // Later entries of the run move up, so that no search stops early at the hole.
    var next = (hole + 1) & mask
    while places[next] != Self.freePlace {
      let home = Int(places[next] >> 32) & mask
      if (next - home) & mask >= (next - hole) & mask {
        places[hole] = places[next]
        hole = next
      }
      next = (next + 1) & mask
    }
    places[hole] = Self.freePlace
    count -= 1
  }

  private mutating func place(_ entry: UInt64) {
    let mask = places.count - 1
    var place = Int(entry >> 32) & mask
    while places[place] != Self.freePlace { place = (place + 1) & mask }
    places[place] = entry
  }

  private mutating func grow() {
    let old = places
    places = [UInt64](repeating: Self.freePlace, count: max(16, old.count * 2))
    for entry in old where entry != Self.freePlace { place(entry) }
  }
}
