// Tables of slots, and what names their places.

import Basis
import Testing

private struct Tenant: ~Copyable { var name: String }
private struct Neighbour: ~Copyable {}

/// As it is kept many times.
private struct Holder {
  @Compact var tenant: Slot<Tenant>?
  @Compact var neighbour: Slot<Neighbour>? = nil
}

struct SlotTests {
  @Test func `a slot that may be absent takes no more room than one that is there`() {
    #expect(MemoryLayout<Slot<Tenant>>.size == 4)
    #expect(MemoryLayout<Compact<Tenant>>.size == 4)
    #expect(MemoryLayout<Holder>.size == 8)
  }

  @Test func `a compact slot reads as what was set`() {
    var holder = Holder(tenant: Slot(7))
    #expect(holder.tenant == Slot(7))
    #expect(holder.neighbour == nil)
    holder.tenant = nil
    holder.neighbour = Slot(0)
    #expect(holder.tenant == nil)
    #expect(holder.neighbour == Slot(0))
  }

  @Test func `an identifier does not name the next tenant of its slot`() {
    var table = SlotTable<Tenant>()
    let first = table.insert(Tenant(name: "first"))
    table.remove(first.index)
    let second = table.insert(Tenant(name: "second"))
    #expect(second.index == first.index)
    #expect(second != first)
    let (knowsFirst, knowsSecond) = (table.contains(first), table.contains(second))
    #expect(!knowsFirst)
    #expect(knowsSecond)
    let name = table[second.index].name
    #expect(name == "second")
  }

  @Test func `an identifier comes back from its word`() {
    var table = SlotTable<Tenant>()
    let identifier = table.insert(Tenant(name: "one"))
    #expect(SlotIdentifier<Tenant>(word: identifier.word) == identifier)
    let knowsNone = table.contains(SlotIdentifier.none)
    #expect(!knowsNone)
  }

  @Test func `a walk goes over all slots, whatever leaves meanwhile`() {
    var table = SlotTable<Tenant>()
    for name in ["a", "b", "c", "d"] { _ = table.insert(Tenant(name: name)) }
    var met: [String] = []
    for slot in table.slots where table.isOccupied(slot) {
      met.append(table[slot].name)
      if slot == Slot(1) { table.remove(Slot(2)) }
    }
    #expect(met == ["a", "b", "d"])
    let count = table.count
    #expect(count == 3)
  }
}
