// A list for work that is done many times a microsecond. An array asks before each change whether
// somebody else holds it too; this one is nobody else's.

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
  var indices: Range<Int> { 0..<count }

  @inline(__always) mutating func append(_ element: Element) {
    if count == room { grow() }
    unsafe (base + count).initialize(to: element)
    count += 1
  }

  mutating func removeAll() {
    unsafe base.deinitialize(count: count)
    count = 0
  }

  subscript(index: Int) -> Element {
    @inline(__always) unsafeAddress {
      precondition(index >= 0 && index < count, "beyond the list")
      return unsafe UnsafePointer(base + index)
    }
    @inline(__always) unsafeMutableAddress {
      precondition(index >= 0 && index < count, "beyond the list")
      return unsafe base + index
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
