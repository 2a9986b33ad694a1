// A table of things addressed by a slot, with generations. Sessions, connections, messages and tree
// nodes live in such tables instead of a graph of objects: a slot is four bytes, costs no reference
// counting, and a stale identifier is recognised by its generation.

public import CProcessor

/// A growable table whose elements never need moving by their owner; freed slots are used again.
///
/// Access by a bare slot is for holders that know the slot is occupied and traps otherwise. The
/// generation stands right before the element, and slots of up to 64 bytes never straddle two
/// cache lines, so that a visit to a slot that is not in the cache costs one wait and not three.
@safe @usableFromInline package struct SlotTable<Element: ~Copyable>: ~Copyable {
  @usableFromInline var base: UnsafeMutableRawPointer?
  @usableFromInline var room: Int
  /// Slots ever used; those beyond were never initialised.
  @usableFromInline var high: Int
  @usableFromInline var free: [Slot<Element>]

  /// An empty table that owns no memory yet.
  @inlinable package init() {
    unsafe base = nil
    room = 0
    high = 0
    free = []
  }

  deinit {
    if let base = unsafe base {
      for index in 0..<high where (unsafe generation(at: index).pointee) & 1 == 1 {
        unsafe element(at: index).deinitialize(count: 1)
      }
      unsafe base.deallocate()
    }
  }

  /// Bytes from a slot's start, where its generation is, to its element.
  @inlinable static var elementOffset: Int {
    Swift.max(MemoryLayout<Element>.alignment, MemoryLayout<UInt32>.size)
  }

  /// Bytes from slot to slot: rounded up so that small slots divide a cache line.
  @inlinable static var stride: Int {
    let size = elementOffset + MemoryLayout<Element>.size
    let alignment = elementOffset
    if size > 16 && size <= 32 { return 32 }
    if size > 40 && size <= 64 { return 64 }
    return (size + alignment - 1) & ~(alignment - 1)
  }

  @unsafe @inlinable @inline(__always) func generation(at index: Int)
    -> UnsafeMutablePointer<UInt32>
  {
    unsafe (base.unsafelyUnwrapped + index &* Self.stride).assumingMemoryBound(to: UInt32.self)
  }

  @unsafe @inlinable @inline(__always) func element(at index: Int)
    -> UnsafeMutablePointer<Element>
  {
    unsafe (base.unsafelyUnwrapped + index &* Self.stride + Self.elementOffset)
      .assumingMemoryBound(to: Element.self)
  }

  /// Occupied slots.
  @inlinable package var count: Int { high - free.count }

  /// One more than the highest position ever given out.
  @inlinable package var upperBound: Int { high }

  /// All slots ever given out, in their order; whether they have a tenant is for the caller to ask.
  @inlinable package var slots: SlotSequence<Element> { SlotSequence(end: UInt32(high)) }

  /// Puts `element` into a free slot.
  @inlinable package mutating func insert(_ element: consuming Element) -> SlotIdentifier<Element> {
    let index: Int
    if let reused = free.popLast() {
      index = reused.position
    } else {
      if high == room { grow() }
      index = high
      high += 1
      unsafe generation(at: index).initialize(to: 0)
    }
    unsafe generation(at: index).pointee &+= 1
    unsafe self.element(at: index).initialize(to: element)
    return unsafe SlotIdentifier(
      index: Slot(UInt32(index)), generation: generation(at: index).pointee)
  }

  /// Takes the element out of `slot` and frees it.
  @inlinable @discardableResult package mutating func remove(_ slot: Slot<Element>) -> Element {
    check(slot)
    unsafe generation(at: slot.position).pointee &+= 1
    free.append(slot)
    return unsafe element(at: slot.position).move()
  }

  /// Whether `identifier` still names the tenant it was given out for.
  @inlinable package func contains(_ identifier: SlotIdentifier<Element>) -> Bool {
    let position = identifier.index.position
    return position < high && identifier.generation & 1 == 1
      && (unsafe generation(at: position).pointee) == identifier.generation
  }

  /// Whether `slot` has a tenant.
  @inlinable package func isOccupied(_ slot: Slot<Element>) -> Bool {
    slot.position < high && (unsafe generation(at: slot.position).pointee) & 1 == 1
  }

  /// The identifier of the tenant of `slot`.
  @inlinable package func identifier(at slot: Slot<Element>) -> SlotIdentifier<Element> {
    check(slot)
    return unsafe SlotIdentifier(index: slot, generation: generation(at: slot.position).pointee)
  }

  /// The element in `slot`, in place.
  @inlinable package subscript(slot: Slot<Element>) -> Element {
    // An address accessor lends the element for as long as the table is lent, so that a span into
    // it can be an argument; a coroutine would end the loan too early.
    @inline(__always) unsafeAddress {
      check(slot)
      return unsafe UnsafePointer(element(at: slot.position))
    }
    @inline(__always) unsafeMutableAddress {
      check(slot)
      return unsafe element(at: slot.position)
    }
  }

  /// Has a slot brought into the cache, of a large one its start; a later visit waits less.
  ///
  /// No slot, and one that was never given out, is none of its business.
  @inlinable @inline(__always) package func prefetch(_ slot: Slot<Element>?) {
    let position = Int(slot?.number ?? .max)
    if position >= high { return }
    unsafe processor_prefetch(generation(at: position))
    // Slots whose size does not divide a cache line may lie across two.
    if 64 % Self.stride != 0 {
      unsafe processor_prefetch(
        UnsafeRawPointer(generation(at: position)) + min(Self.stride, 64) - 1)
    }
  }

  @inlinable @inline(__always) func check(_ slot: Slot<Element>) {
    precondition(
      slot.position < high && (unsafe generation(at: slot.position).pointee) & 1 == 1,
      "a slot without a tenant")
  }

  @usableFromInline mutating func grow() {
    var wanted = room == 0 ? 16 : room * 2
    // Growing by copying leaves holes in the heap. A table that is not small any more takes so much
    // that the system maps it: untouched pages cost nothing, and nothing is left of it when it goes.
    if wanted * Self.stride > 128 << 10 { wanted = max(wanted, (2 << 20) / Self.stride) }
    let fresh = UnsafeMutableRawPointer.allocate(byteCount: wanted * Self.stride, alignment: 64)
    if let old = unsafe base {
      // A slot without a tenant holds no value to move, only its generation.
      for index in 0..<high {
        let from = unsafe old + index * Self.stride
        let to = unsafe fresh + index * Self.stride
        let generation = unsafe from.load(as: UInt32.self)
        unsafe to.storeBytes(of: generation, as: UInt32.self)
        if generation & 1 == 1 {
          unsafe (to + Self.elementOffset).moveInitializeMemory(
            as: Element.self,
            from: (from + Self.elementOffset).assumingMemoryBound(to: Element.self), count: 1)
        }
      }
      unsafe old.deallocate()
    }
    unsafe base = fresh
    room = wanted
  }
}

extension SlotTable: @unchecked Sendable where Element: Sendable & ~Copyable {}
