// Topic aliases (3.3.2.3.4): small numbers that stand for long topic names, one table for each
// direction of one connection. They end with the connection. [MQTT-3.3.2-9]
//
// The tables are short (10 unless configured), so they are searched from end to end. Outgoing
// aliases go to the first topics that come along and then stay: most clients receive few topics.

import Basis

/// What a peer's aliases stand for.
package struct InboundTopicAliases: Sendable {
  /// The Topic Alias Maximum that we announced.
  package let maximum: UInt16
  private var topics: [[UInt8]] = []

  /// A table without aliases.
  package init(maximum: UInt16) { self.maximum = maximum }

  /// Lets `alias` stand for `topic` from now on; false when it is not between 1 and `maximum`.
  package mutating func set(_ alias: UInt16, to topic: Span<UInt8>) -> Bool {
    if alias == 0 || alias > maximum { return false }
    while topics.count < Int(alias) { topics.append([]) }
    topics[Int(alias) - 1] = array(topic)
    return true
  }

  /// What `alias` stands for; nil when nothing was said.
  package func topic(of alias: UInt16) -> [UInt8]? {
    guard alias > 0, Int(alias) <= topics.count, !topics[Int(alias) - 1].isEmpty else { return nil }
    return topics[Int(alias) - 1]
  }
}

/// The aliases that we made towards a peer.
package struct OutboundTopicAliases: Sendable {
  /// The smaller one of the peer's Topic Alias Maximum and our own limit.
  package let maximum: UInt16
  private var topics: [[UInt8]] = []

  /// A table without aliases.
  package init(maximum: UInt16) { self.maximum = maximum }

  /// The alias of `topic`, and whether the peer does not know it yet; nil when there is none left.
  package mutating func alias(for topic: Span<UInt8>) -> (alias: UInt16, isNew: Bool)? {
    for position in topics.indices {
      let known = topics[position]
      if areEqual(known.span, topic) { return (UInt16(position + 1), false) }
    }
    if topics.count >= Int(maximum) { return nil }
    topics.append(array(topic))
    return (UInt16(topics.count), true)
  }
}
