// The messages of a publisher that the broker has not acknowledged: when each was to be sent, by
// packet identifier. Identifiers are given out in a circle; the table has room for twice the window,
// and an identifier whose place is still taken is not given out, so a message that is never
// acknowledged stops its publisher at last, as it would in any client.

/// Messages in flight, by packet identifier.
package struct FlightTable: Sendable {
  /// Where a handshake stands.
  package enum Stage: Sendable, Equatable {
    case free
    /// PUBLISH is out.
    case published
    /// PUBREL is out.
    case released
  }

  private struct Entry {
    var nanoseconds: Int64 = 0
    var identifier: UInt16 = 0
    var stage = Stage.free
  }

  private var entries: [Entry] = []
  private let window: Int
  private var last: UInt16 = 0
  /// Messages in flight.
  package private(set) var count = 0

  /// A table for at most `window` messages, 1 to 65,535; memory comes with the first message.
  package init(window: Int) { self.window = window }

  private var place: Int { Int(nextIdentifier) & (entries.count - 1) }

  private var nextIdentifier: UInt16 { last == .max ? 1 : last + 1 }

  /// Messages that can be sent now; lower than the true number only when one is never answered.
  package var room: Int {
    if entries.isEmpty { return window }
    return entries[place].stage == .free ? window - count : 0
  }

  /// Whether one more message can be sent.
  package var hasRoom: Bool { room > 0 }

  /// Notes a message to be sent; gives its identifier.
  package mutating func add(nanoseconds: Int64) -> UInt16 {
    precondition(hasRoom, "a message beyond the window")
    if entries.isEmpty {
      var size = 2
      while size < window * 2 { size *= 2 }
      entries = Array(repeating: Entry(), count: min(size, 65_536))
    }
    let identifier = nextIdentifier
    entries[place] = Entry(nanoseconds: nanoseconds, identifier: identifier, stage: .published)
    last = identifier
    count += 1
    return identifier
  }

  /// The stage of a message; `free` when there is none with this identifier.
  package func stage(_ identifier: UInt16) -> Stage {
    if entries.isEmpty { return .free }
    let entry = entries[Int(identifier) & (entries.count - 1)]
    return entry.identifier == identifier ? entry.stage : .free
  }

  /// Notes that PUBREC has come.
  package mutating func release(_ identifier: UInt16) {
    entries[Int(identifier) & (entries.count - 1)].stage = .released
  }

  /// Forgets a message; says when it was to be sent.
  package mutating func complete(_ identifier: UInt16) -> Int64 {
    let place = Int(identifier) & (entries.count - 1)
    entries[place].stage = .free
    count -= 1
    return entries[place].nanoseconds
  }
}
