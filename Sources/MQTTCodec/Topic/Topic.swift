// Topic names and topic filters (4.7), and shared subscriptions (4.8.2), as rules over bytes.

/// Why bytes are not a topic name or a topic filter.
package struct TopicFault: Error, Equatable, Sendable {
  /// The broken statement, as in `MQTT-4.7.1-2`.
  package var statement: String
  /// Offset of the offending byte within the topic.
  package var offset: Int
  /// In words, without a full stop.
  package var explanation: String
}

/// The rules of 4.7, for bytes already known to be UTF-8 as 1.5.4 wants it.
package enum Topic {
  /// Nil when `bytes` is a topic name: not empty, no wildcard, no U+0000.
  package static func faultOfName(_ bytes: Span<UInt8>) -> TopicFault? { fatalError("codec") }

  /// Nil when `bytes` is a topic filter, `$share/group/` included.
  package static func faultOfFilter(_ bytes: Span<UInt8>) -> TopicFault? { fatalError("codec") }

  /// Whether `filter` (without `$share/group/`) matches `name`, `$` rule included. [MQTT-4.7.2-1]
  package static func matches(filter: Span<UInt8>, name: Span<UInt8>) -> Bool {
    fatalError("codec")
  }

  /// The group and the filter within `$share/group/filter`; nil when it is not a shared one.
  package static func shared(_ filter: String) -> (group: String, filter: String)? {
    fatalError("codec")
  }
}
