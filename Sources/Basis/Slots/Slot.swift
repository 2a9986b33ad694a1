// Names of places in tables. A slot is four bytes like any other number of that size, but it says of
// what it is one: a session's cannot be passed where a connection's is meant. There is no number
// that stands for none; where there may be none the type is an Optional, and where many of those are
// kept it is written `@Compact`, which costs nothing.

/// The place of one `Element` in its ``SlotTable``: four bytes.
@usableFromInline package struct Slot<Element: ~Copyable>: Sendable {
  /// Position in the table, below `UInt32.max`.
  @usableFromInline package let number: UInt32

  /// The slot at a position in the table, below `UInt32.max`.
  @inlinable @inline(__always) package init(_ number: UInt32) { self.number = number }

  /// The position, to address what somebody else keeps beside the table.
  @inlinable @inline(__always) package var position: Int { Int(number) }
}

extension Slot: Hashable where Element: ~Copyable {
  @inlinable @inline(__always) package static func == (left: Self, right: Self) -> Bool {
    left.number == right.number
  }

  @inlinable package func hash(into hasher: inout Hasher) { hasher.combine(number) }
}

/// A slot or none, in the four bytes of a slot; an Optional takes eight where it is stored.
///
/// `@Compact var session: Slot<Session>?` reads and is set like the Optional that it is.
@propertyWrapper @usableFromInline package struct Compact<Element: ~Copyable>: Sendable {
  @usableFromInline var number: UInt32

  /// The slot, or none.
  @inlinable @inline(__always) package init(wrappedValue: Slot<Element>?) {
    number = wrappedValue?.number ?? .max
  }

  /// The slot; nil when there is none.
  @inlinable @inline(__always) package var wrappedValue: Slot<Element>? {
    get { number == .max ? nil : Slot(number) }
    set { number = newValue?.number ?? .max }
  }
}

/// A slot together with the generation that it was given out in.
///
/// A slot that is used again has another generation, so an old identifier never reaches the new
/// tenant.
@usableFromInline package struct SlotIdentifier<Element: ~Copyable>: Sendable {
  /// Place in the table.
  @usableFromInline package var index: Slot<Element>
  /// How often the slot had been given out before; odd while it is occupied.
  @usableFromInline package var generation: UInt32

  /// Joins a slot and a generation.
  @inlinable package init(index: Slot<Element>, generation: UInt32) {
    self.index = index
    self.generation = generation
  }

  /// An identifier that no table ever gives out, for whoever keeps identifiers as words.
  @inlinable package static var none: SlotIdentifier {
    SlotIdentifier(index: Slot(.max), generation: 0)
  }

  /// Both halves in one word, for the kernel to keep.
  @inlinable package var word: UInt64 { UInt64(generation) << 32 | UInt64(index.number) }

  /// The inverse of ``word``.
  @inlinable package init(word: UInt64) {
    self.init(
      index: Slot(UInt32(truncatingIfNeeded: word)),
      generation: UInt32(truncatingIfNeeded: word >> 32))
  }
}

extension SlotIdentifier: Hashable where Element: ~Copyable {
  @inlinable @inline(__always) package static func == (left: Self, right: Self) -> Bool {
    left.index == right.index && left.generation == right.generation
  }

  @inlinable package func hash(into hasher: inout Hasher) { hasher.combine(word) }
}

/// The slots of a table in their order, up to the last that ever had a tenant.
///
/// It holds nothing of the table, which may change during the walk.
@usableFromInline package struct SlotSequence<Tenant: ~Copyable>: Sequence, IteratorProtocol {
  @usableFromInline var position: UInt32 = 0
  @usableFromInline let end: UInt32

  /// The slots below a position.
  @inlinable package init(end: UInt32) { self.end = end }

  @inlinable package mutating func next() -> Slot<Tenant>? {
    if position == end { return nil }
    position += 1
    return Slot(position - 1)
  }
}
