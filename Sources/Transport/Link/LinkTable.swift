// The connections of one reactor, and their names. A name is a type of its own, so that neither a
// connection of the engine nor a bare number can stand where a link is meant.

import Basis

/// Names a connection of one reactor; never names a later tenant of the same slot.
package struct LinkID: Hashable, Sendable {
  let slot: SlotIdentifier<Link>

  init(_ slot: SlotIdentifier<Link>) { self.slot = slot }

  /// What names no link ever.
  package static let none = LinkID(.none)

  /// The whole name in one word, for the kernel to keep.
  var word: UInt64 { slot.word }
}

/// Links by their names.
struct LinkTable: ~Copyable {
  private var slots = SlotTable<Link>()

  /// Links that live here.
  var count: Int { slots.count }

  /// The names of all of them, in the order of their slots.
  var names: [LinkID] {
    slots.slots.compactMap { slots.isOccupied($0) ? LinkID(slots.identifier(at: $0)) : nil }
  }

  /// Whether the link still lives.
  @inline(__always) func contains(_ link: LinkID) -> Bool { slots.contains(link.slot) }

  mutating func insert(_ link: consuming Link) -> LinkID { LinkID(slots.insert(link)) }

  /// Takes out a link that lives here.
  @discardableResult mutating func remove(_ link: LinkID) -> Link { slots.remove(link.slot.index) }

  /// A link that lives here, in place.
  subscript(link: LinkID) -> Link {
    @inline(__always) _read { yield slots[link.slot.index] }
    @inline(__always) _modify { yield &slots[link.slot.index] }
  }
}
