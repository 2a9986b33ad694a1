// What passes between the engine and a store when a queue is longer than what is kept of it in
// memory: a request for the entries that come next, and the page that answers it. (Broker+Page)
//
// The shell fetches requests right after the open batch (``Broker/takeRecords()``) and has them
// answered behind it, so that a page sees all that was recorded before it was asked for.

/// Asks for entries of one session's queue.
package struct PageRequest: Equatable, Sendable {
  /// Tells requests apart; a store passes it on.
  package var number: UInt64
  /// The number of the session; it may be gone already.
  package var session: UInt64
  /// Entries behind this position are wanted, in their order.
  package var after: UInt64
  /// How many at most; at least 1.
  package var messages: Int
  /// Bytes of their messages at most; but one entry is always given.
  package var bytes: Int
  /// Whether the messages themselves are wanted.
  package var wantsBodies: Bool

  /// Joins its parts.
  package init(
    number: UInt64, session: UInt64, after: UInt64, messages: Int, bytes: Int, wantsBodies: Bool
  ) {
    self.number = number
    self.session = session
    self.after = after
    self.messages = messages
    self.bytes = bytes
    self.wantsBodies = wantsBodies
  }
}

/// An entry of a page.
package struct PagedEntry: Equatable, Sendable {
  package var entry: QueueRecord
  /// When its message expires, in Unix time; nil is never.
  package var expiresAtUnixSeconds: Int64?
  /// The message; nil when it was not wanted, or when a damaged store has lost it.
  package var message: MessageRecord?

  /// Joins its parts.
  package init(entry: QueueRecord, expiresAtUnixSeconds: Int64?, message: MessageRecord?) {
    self.entry = entry
    self.expiresAtUnixSeconds = expiresAtUnixSeconds
    self.message = message
  }
}

/// The answer to a ``PageRequest``.
package struct QueuePage: Equatable, Sendable {
  package var request: PageRequest
  /// In the order of their positions; none when there are none behind `request.after`.
  package var entries: [PagedEntry]

  /// Joins its parts.
  package init(_ request: PageRequest, entries: [PagedEntry]) {
    self.request = request
    self.entries = entries
  }
}
