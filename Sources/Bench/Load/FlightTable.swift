// The messages of a publisher that the broker has not acknowledged: when each was to be sent, by
// packet identifier. Identifiers are given out in a circle; the table has room for twice the window,
// and an identifier whose place is still taken is not given out, so a message that is never
// acknowledged stops its publisher at last, as it would in any client.

/// Messages in flight, by packet identifier.
@usableFromInline package struct FlightTable: Sendable {
  /// Where a handshake stands.
  @usableFromInline package enum Stage: Sendable, Equatable {
    case free
    /// PUBLISH is out.
    case published
    /// PUBREL is out.
    case released
  }

  @usableFromInline struct Entry: Sendable {
    @usableFromInline var nanoseconds: Int64
    @usableFromInline var identifier: UInt16
    @usableFromInline var stage: Stage

    @inlinable init(nanoseconds: Int64, identifier: UInt16, stage: Stage) {
      self.nanoseconds = nanoseconds
      self.identifier = identifier
      self.stage = stage
    }
  }

  @usableFromInline var entries: [Entry] = []
  @usableFromInline let window: Int
  @usableFromInline var last: UInt16 = 0
  /// Messages in flight.
  @usableFromInline package internal(set) var count = 0

  /// A table for at most `window` messages, 1 to 65,535; memory comes with the first message.
  package init(window: Int) { self.window = window }

  @inlinable var place: Int { Int(nextIdentifier) & (entries.count - 1) }

  @inlinable var nextIdentifier: UInt16 { last == .max ? 1 : last + 1 }

  /// Messages that can be sent now; lower than the true number only when one is never answered.
  @inlinable package var room: Int {
    if entries.isEmpty { return window }
    return entries[place].stage == .free ? window - count : 0
  }

  /// Whether one more message can be sent.
  @inlinable package var hasRoom: Bool { room > 0 }

  /// Notes a message to be sent; gives its identifier.
  @inlinable package mutating func add(nanoseconds: Int64) -> UInt16 {
    precondition(hasRoom, "a message beyond the window")
    if entries.isEmpty { makeEntries() }
    let identifier = nextIdentifier
    entries[place] = Entry(nanoseconds: nanoseconds, identifier: identifier, stage: .published)
    last = identifier
    count += 1
    return identifier
  }

  @usableFromInline mutating func makeEntries() {
    var size = 2
    while size < window * 2 { size *= 2 }
    let none = Entry(nanoseconds: 0, identifier: 0, stage: .free)
    entries = Array(repeating: none, count: min(size, 65_536))
  }

  /// The stage of a message; `free` when there is none with this identifier.
  @inlinable package func stage(_ identifier: UInt16) -> Stage {
    if entries.isEmpty { return .free }
    let entry = entries[Int(identifier) & (entries.count - 1)]
    return entry.identifier == identifier ? entry.stage : .free
  }

  /// Notes that PUBREC has come.
  @inlinable package mutating func release(_ identifier: UInt16) {
    entries[Int(identifier) & (entries.count - 1)].stage = .released
  }

  /// Forgets a message; says when it was to be sent.
  @inlinable package mutating func complete(_ identifier: UInt16) -> Int64 {
    let place = Int(identifier) & (entries.count - 1)
    entries[place].stage = .free
    count -= 1
    return entries[place].nanoseconds
  }
}
