// A table of things addressed by a small index, with generations. Sessions, connections, messages
// and tree nodes live in such tables instead of a graph of objects: an index is four bytes, costs
// no reference counting, and a stale one is recognised by its generation.

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
/// Access by a bare index is for holders that know the slot is occupied and traps otherwise.
@safe @usableFromInline package struct SlotTable<Element: ~Copyable>: ~Copyable {
  @usableFromInline var elements: UnsafeMutablePointer<Element>?
  @usableFromInline var generations: UnsafeMutablePointer<UInt32>?
  @usableFromInline var room: Int
  /// Slots ever used; those beyond were never initialised.
  @usableFromInline var high: Int
  @usableFromInline var free: [UInt32]

  /// An empty table that owns no memory yet.
  @inlinable package init() {
    unsafe elements = nil
    unsafe generations = nil
    room = 0
    high = 0
    free = []
  }

  deinit {
    if let elements = unsafe elements, let generations = unsafe generations {
      for index in 0..<high where unsafe generations[index] & 1 == 1 {
        unsafe (elements + index).deinitialize(count: 1)
      }
      unsafe elements.deallocate()
      unsafe generations.deallocate()
    }
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
      unsafe generations.unsafelyUnwrapped[index] = 0
    }
    unsafe generations.unsafelyUnwrapped[index] &+= 1
    unsafe (elements.unsafelyUnwrapped + index).initialize(to: element)
    return unsafe SlotIdentifier(
      index: UInt32(index), generation: generations.unsafelyUnwrapped[index])
  }

  /// Takes the element at `index` out and frees its slot.
  @inlinable @discardableResult package mutating func remove(_ index: UInt32) -> Element {
    check(index)
    unsafe generations.unsafelyUnwrapped[Int(index)] &+= 1
    free.append(index)
    return unsafe (elements.unsafelyUnwrapped + Int(index)).move()
  }

  /// Whether `identifier` still names the tenant it was given out for.
  @inlinable package func contains(_ identifier: SlotIdentifier) -> Bool {
    Int(identifier.index) < high && identifier.generation & 1 == 1
      && (unsafe generations.unsafelyUnwrapped[Int(identifier.index)]) == identifier.generation
  }

  /// Whether the slot at `index` has a tenant.
  @inlinable package func isOccupied(_ index: UInt32) -> Bool {
    Int(index) < high && (unsafe generations.unsafelyUnwrapped[Int(index)]) & 1 == 1
  }

  /// The identifier of the tenant at `index`.
  @inlinable package func identifier(at index: UInt32) -> SlotIdentifier {
    check(index)
    return unsafe SlotIdentifier(
      index: index, generation: generations.unsafelyUnwrapped[Int(index)])
  }

  /// The element at `index`, in place.
  @inlinable package subscript(index: UInt32) -> Element {
    // An address accessor lends the element for as long as the table is lent, so that a span into
    // it can be an argument; a coroutine would end the loan too early.
    @inline(__always) unsafeAddress {
      check(index)
      return unsafe UnsafePointer(elements.unsafelyUnwrapped + Int(index))
    }
    @inline(__always) unsafeMutableAddress {
      check(index)
      return unsafe elements.unsafelyUnwrapped + Int(index)
    }
  }

  @inlinable @inline(__always) func check(_ index: UInt32) {
    precondition(
      Int(index) < high && (unsafe generations.unsafelyUnwrapped[Int(index)]) & 1 == 1,
      "a slot without a tenant")
  }

  @usableFromInline mutating func grow() {
    let wanted = room == 0 ? 16 : room * 2
    let freshElements = UnsafeMutablePointer<Element>.allocate(capacity: wanted)
    let freshGenerations = UnsafeMutablePointer<UInt32>.allocate(capacity: wanted)
    if let elements = unsafe elements, let generations = unsafe generations {
      // A slot without a tenant holds no value to move.
      for index in 0..<high where unsafe generations[index] & 1 == 1 {
        unsafe (freshElements + index).moveInitialize(from: elements + index, count: 1)
      }
      unsafe freshGenerations.update(from: generations, count: high)
      unsafe elements.deallocate()
      unsafe generations.deallocate()
    }
    unsafe self.elements = freshElements
    unsafe self.generations = freshGenerations
    room = wanted
  }
}

extension SlotTable: @unchecked Sendable where Element: Sendable & ~Copyable {}
