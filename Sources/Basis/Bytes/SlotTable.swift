// A table of things addressed by a small index, with generations. Sessions, connections, messages
// and tree nodes live in such tables instead of a graph of objects: an index is four bytes, costs
// no reference counting, and a stale one is recognised by its generation.

public import CProcessor

/// An index into a ``SlotTable`` together with the generation it was given out in.
///
/// A slot that is used again has another generation, so an old identifier never reaches the new
/// tenant.
@usableFromInline package struct SlotIdentifier: Hashable, Sendable {
  /// Position in the table.
  @usableFromInline package var index: UInt32
  /// How often the slot had been given out before; odd while it is occupied.
  @usableFromInline package var generation: UInt32

  /// Joins an index and a generation.
  @inlinable package init(index: UInt32, generation: UInt32) {
    self.index = index
    self.generation = generation
  }

  /// An identifier that no table ever gives out.
  @inlinable package static var none: SlotIdentifier {
    SlotIdentifier(index: .max, generation: 0)
  }

  /// Both halves in one word, for the kernel to keep.
  @inlinable package var word: UInt64 { UInt64(generation) << 32 | UInt64(index) }

  /// The inverse of ``word``.
  @inlinable package init(word: UInt64) {
    self.init(
      index: UInt32(truncatingIfNeeded: word), generation: UInt32(truncatingIfNeeded: word >> 32))
  }
}

/// A growable table whose elements never need moving by their owner; freed slots are used again.
///
/// Access by a bare index is for holders that know the slot is occupied and traps otherwise. The
/// generation stands right before the element, and slots of up to 64 bytes never straddle two
/// cache lines, so that a visit to a slot that is not in the cache costs one wait and not three.
@safe @usableFromInline package struct SlotTable<Element: ~Copyable>: ~Copyable {
  @usableFromInline var base: UnsafeMutableRawPointer?
  @usableFromInline var room: Int
  /// Slots ever used; those beyond were never initialised.
  @usableFromInline var high: Int
  @usableFromInline var free: [UInt32]

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

  /// One more than the highest index ever given out: a bound for walks over all slots.
  @inlinable package var upperBound: Int { high }

  /// Puts `element` into a free slot.
  @inlinable package mutating func insert(_ element: consuming Element) -> SlotIdentifier {
    let index: Int
    if let reused = free.popLast() {
      index = Int(reused)
    } else {
      if high == room { grow() }
      index = high
      high += 1
      unsafe generation(at: index).initialize(to: 0)
    }
    unsafe generation(at: index).pointee &+= 1
    unsafe self.element(at: index).initialize(to: element)
    return unsafe SlotIdentifier(
      index: UInt32(index), generation: generation(at: index).pointee)
  }

  /// Takes the element at `index` out and frees its slot.
  @inlinable @discardableResult package mutating func remove(_ index: UInt32) -> Element {
    check(index)
    unsafe generation(at: Int(index)).pointee &+= 1
    free.append(index)
    return unsafe element(at: Int(index)).move()
  }

  /// Whether `identifier` still names the tenant it was given out for.
  @inlinable package func contains(_ identifier: SlotIdentifier) -> Bool {
    Int(identifier.index) < high && identifier.generation & 1 == 1
      && (unsafe generation(at: Int(identifier.index)).pointee) == identifier.generation
  }

  /// Whether the slot at `index` has a tenant.
  @inlinable package func isOccupied(_ index: UInt32) -> Bool {
    Int(index) < high && (unsafe generation(at: Int(index)).pointee) & 1 == 1
  }

  /// The identifier of the tenant at `index`.
  @inlinable package func identifier(at index: UInt32) -> SlotIdentifier {
    check(index)
    return unsafe SlotIdentifier(
      index: index, generation: generation(at: Int(index)).pointee)
  }

  /// The element at `index`, in place.
  @inlinable package subscript(index: UInt32) -> Element {
    // An address accessor lends the element for as long as the table is lent, so that a span into
    // it can be an argument; a coroutine would end the loan too early.
    @inline(__always) unsafeAddress {
      check(index)
      return unsafe UnsafePointer(element(at: Int(index)))
    }
    @inline(__always) unsafeMutableAddress {
      check(index)
      return unsafe element(at: Int(index))
    }
  }

  /// Has a slot brought into the cache, of a large one its start; a later visit waits less.
  @inlinable @inline(__always) package func prefetch(_ index: UInt32) {
    if Int(index) >= high { return }
    unsafe processor_prefetch(generation(at: Int(index)))
    // Slots whose size does not divide a cache line may lie across two.
    if 64 % Self.stride != 0 {
      unsafe processor_prefetch(
        UnsafeRawPointer(generation(at: Int(index))) + min(Self.stride, 64) - 1)
    }
  }

  @inlinable @inline(__always) func check(_ index: UInt32) {
    precondition(
      Int(index) < high && (unsafe generation(at: Int(index)).pointee) & 1 == 1,
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
