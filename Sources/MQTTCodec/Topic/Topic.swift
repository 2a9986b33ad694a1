// Topic names and topic filters (4.7), and shared subscriptions (4.8.2), as rules over bytes.

import Basis

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
  private static let hash = UInt8(ascii: "#")
  private static let plus = UInt8(ascii: "+")
  private static let slash = UInt8(ascii: "/")
  private static let dollar = UInt8(ascii: "$")

  /// Nil when `bytes` is a topic name: not empty, no wildcard, no U+0000.
  package static func faultOfName(_ bytes: Span<UInt8>) -> TopicFault? {
    if bytes.isEmpty { return emptyFault }
    if let found = UTF8Rules.fault(bytes, bytes.indices, forbidsWildcards: true) {
      return fault(found)
    }
    return nil
  }

  /// Nil when `bytes` is a topic filter, `$share/group/` included.
  package static func faultOfFilter(_ bytes: Span<UInt8>) -> TopicFault? {
    if bytes.isEmpty { return emptyFault }
    if let found = UTF8Rules.fault(bytes, bytes.indices, forbidsWildcards: false) {
      return fault(found)
    }
    guard isShared(bytes) else { return faultOfLevels(bytes, from: 0) }
    var end = sharePrefixLength
    while end < bytes.count && bytes[end] != slash {
      if bytes[end] == plus || bytes[end] == hash {
        return TopicFault(
          statement: "MQTT-4.8.2-2", offset: end, explanation: "the share name holds a wildcard")
      }
      end += 1
    }
    if end == sharePrefixLength {
      return TopicFault(
        statement: "MQTT-4.8.2-1", offset: end, explanation: "the share name is empty")
    }
    if end >= bytes.count - 1 {
      return TopicFault(
        statement: "MQTT-4.8.2-2", offset: bytes.count,
        explanation: "no topic filter follows the share name")
    }
    return faultOfLevels(bytes, from: end + 1)
  }

  /// Whether `filter` (without `$share/group/`) matches `name`, `$` rule included. [MQTT-4.7.2-1]
  package static func matches(filter: Span<UInt8>, name: Span<UInt8>) -> Bool {
    if filter.isEmpty || name.isEmpty { return false }
    if name[0] == dollar && (filter[0] == plus || filter[0] == hash) { return false }
    var f = 0
    var n = 0
    while f < filter.count {
      // A name has no wildcards, so eight equal bytes have none either.
      while filter.count - f >= 8 && name.count - n >= 8
        && filter.word(at: f) == name.word(at: n)
      {
        f += 8
        n += 8
      }
      if f == filter.count { break }
      let byte = filter[f]
      if byte == hash { return true }
      if byte == plus {
        while n < name.count && name[n] != slash { n += 1 }
        f += 1
        continue
      }
      if n == name.count {
        // `a/#` matches `a` too: the parent level (4.7.1.2).
        return byte == slash && f + 2 == filter.count && filter[f + 1] == hash
      }
      if byte != name[n] { return false }
      f += 1
      n += 1
    }
    return n == name.count
  }

  /// The group and the filter within `$share/group/filter`; nil when it is not a shared one.
  package static func shared(_ filter: String) -> (group: String, filter: String)? {
    let bytes = filter.utf8.span
    guard isShared(bytes), faultOfFilter(bytes) == nil else { return nil }
    var end = sharePrefixLength
    while bytes[end] != slash { end += 1 }
    return (
      String(validated: bytes, sharePrefixLength..<end),
      String(validated: bytes, end + 1..<bytes.count)
    )
  }

  private static let sharePrefixLength = 7

  /// Whether `bytes` begins with `$share/`.
  private static func isShared(_ bytes: Span<UInt8>) -> Bool {
    // "$share" and the separator, as the first seven bytes of a little-endian word.
    if bytes.count >= 8 { return bytes.word(at: 0) & 0x00FF_FFFF_FFFF_FFFF == 0x2F_6572_6168_7324 }
    return bytes.count == 7 && bytes[0] == dollar && bytes[6] == slash
      && bytes[1] == UInt8(ascii: "s") && bytes[2] == UInt8(ascii: "h")
      && bytes[3] == UInt8(ascii: "a") && bytes[4] == UInt8(ascii: "r")
      && bytes[5] == UInt8(ascii: "e")
  }

  /// The rules for wildcards (4.7.1) in the levels from `start` on.
  private static func faultOfLevels(_ bytes: Span<UInt8>, from start: Int) -> TopicFault? {
    for index in start..<bytes.count {
      let byte = bytes[index]
      if byte != hash && byte != plus { continue }
      let startsLevel = index == start || bytes[index - 1] == slash
      if byte == hash && !(startsLevel && index == bytes.count - 1) {
        return TopicFault(
          statement: "MQTT-4.7.1-1", offset: index,
          explanation: "# is not the last level, alone in it")
      }
      if byte == plus && !(startsLevel && (index == bytes.count - 1 || bytes[index + 1] == slash)) {
        return TopicFault(
          statement: "MQTT-4.7.1-2", offset: index, explanation: "+ is not alone in its level")
      }
    }
    return nil
  }

  private static var emptyFault: TopicFault {
    TopicFault(statement: "MQTT-4.7.3-1", offset: 0, explanation: "it is empty")
  }

  private static func fault(_ found: TextFault) -> TopicFault {
    switch found.kind {
    case .illFormed:
      TopicFault(
        statement: "MQTT-1.5.4-1", offset: found.offset, explanation: "it is not UTF-8")
    case .null:
      TopicFault(
        statement: "MQTT-4.7.3-2", offset: found.offset, explanation: "it holds U+0000")
    case .wildcard:
      TopicFault(
        statement: "MQTT-4.7.0-1", offset: found.offset, explanation: "it holds a wildcard")
    }
  }
}
