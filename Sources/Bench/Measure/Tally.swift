// The counts of a run. Workers count for themselves and the sums are made at the end, so counting
// costs no synchronisation and nothing is counted twice.

/// How often what happened.
package struct Tally: Equatable, Sendable {
  /// Messages published, warm-up included.
  package var sent: UInt64 = 0
  /// Messages whose handshake the broker completed with success; QoS 0 has none.
  package var acknowledged: UInt64 = 0
  /// Messages that the broker refused in their acknowledgement.
  package var refused: UInt64 = 0
  /// Acknowledged with the remark that nobody subscribed.
  package var unmatched: UInt64 = 0
  /// Deliveries that the messages should have made.
  package var expected: UInt64 = 0
  /// Deliveries that came, duplicates included.
  package var received: UInt64 = 0
  package var receivedBytes: UInt64 = 0
  package var duplicated: UInt64 = 0
  /// Deliveries that came after a later one of the same publisher.
  package var outOfOrder: UInt64 = 0
  package var lost: UInt64 = 0
  /// Deliveries without a stamp, or with that of another run.
  package var foreign: UInt64 = 0
  /// Deliveries with the DUP flag.
  package var marked: UInt64 = 0

  package var connected: UInt64 = 0
  package var subscribed: UInt64 = 0
  package var connectFailures: UInt64 = 0
  package var subscribeFailures: UInt64 = 0
  /// Connections that ended before we ended them.
  package var connectionsLost: UInt64 = 0
  /// Sessions that should have been there and were not.
  package var sessionsLost: UInt64 = 0
  /// Times that the broker broke the protocol.
  package var faults: UInt64 = 0
  /// Times that everything outstanding was given up because nothing came for a second.
  package var stalls: UInt64 = 0

  /// All zero.
  package init() {}

  /// All counts with the names that reports give them.
  package static let fields: [(name: String, path: any WritableKeyPath<Tally, UInt64> & Sendable)] =
    [
      ("sent", \.sent), ("acknowledged", \.acknowledged), ("refused", \.refused),
      ("unmatched", \.unmatched), ("expected", \.expected), ("received", \.received),
      ("received_bytes", \.receivedBytes), ("lost", \.lost), ("duplicated", \.duplicated),
      ("out_of_order", \.outOfOrder), ("foreign", \.foreign), ("dup_flag", \.marked),
      ("connected", \.connected), ("connect_failures", \.connectFailures),
      ("subscribed", \.subscribed), ("subscribe_failures", \.subscribeFailures),
      ("connections_lost", \.connectionsLost), ("sessions_lost", \.sessionsLost),
      ("protocol_faults", \.faults), ("stalls", \.stalls),
    ]

  /// Adds the counts of another.
  package mutating func add(_ other: Tally) {
    for (_, path) in Self.fields { self[keyPath: path] += other[keyPath: path] }
  }
}
