// A list for work that is done many times a microsecond. An array asks before each change whether
// somebody else holds it too; this one is nobody else's.

import Basis

/// A growing list that keeps its memory.
@safe struct WorkList<Element>: ~Copyable {
  private var base: UnsafeMutablePointer<Element>
  private var room: Int
  private(set) var count = 0

  init(room: Int = 16) {
    self.room = room
    unsafe base = .allocate(capacity: room)
  }

  deinit {
    unsafe base.deinitialize(count: count)
    unsafe base.deallocate()
  }

  var isEmpty: Bool { count == 0 }
  /// The slots of all elements, in their order.
  var slots: SlotSequence<Element> { SlotSequence(end: UInt32(count)) }

  /// Adds an element at the end; its slot.
  @discardableResult
  @inline(__always) mutating func append(_ element: Element) -> Slot<Element> {
    if count == room { grow() }
    unsafe (base + count).initialize(to: element)
    count += 1
    return Slot(UInt32(count - 1))
  }

  mutating func removeAll() {
    unsafe base.deinitialize(count: count)
    count = 0
  }

  subscript(slot: Slot<Element>) -> Element {
    @inline(__always) unsafeAddress {
      precondition(slot.position < count, "beyond the list")
      return unsafe UnsafePointer(base + slot.position)
    }
    @inline(__always) unsafeMutableAddress {
      precondition(slot.position < count, "beyond the list")
      return unsafe base + slot.position
    }
  }

  private mutating func grow() {
    let fresh = UnsafeMutablePointer<Element>.allocate(capacity: room * 2)
    unsafe fresh.moveInitialize(from: base, count: count)
    unsafe base.deallocate()
    unsafe base = fresh
    room *= 2
  }
}

extension WorkList: @unchecked Sendable where Element: Sendable {}
