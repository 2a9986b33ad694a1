// Records from rows. Nil stands for a row that no record can have written; SQLite itself does not
// notice every damage.

import CSQLite
import MQTTBroker
import MQTTCodec
import SQLite

extension SessionRecord {
  static let selection = "SELECT id, client, user, expiry, left, listener, unclaimed FROM session"

  /// From the columns of ``selection``.
  init?(_ row: borrowing Statement) {
    guard row.type(1) == SQLITE_TEXT, let expiry = UInt32(exactly: row.integer(3)) else {
      return nil
    }
    self.init(
      number: row.number(0), clientIdentifier: row.string(1),
      userName: row.isNull(2) ? nil : row.string(2), expirySeconds: expiry)
    listener = row.isNull(5) ? nil : row.string(5)
    isUnclaimed = row.integer(6) == 1
    leftAtUnixSeconds = row.isNull(4) ? nil : row.integer(4)
  }
}

extension WillRecord {
  /// From `session, topic, properties, payload, qos, retain, delay, expiry`.
  init?(_ row: borrowing Statement) {
    guard row.type(1) == SQLITE_TEXT, let qos = QoS(stored: row.integer(4)),
      let delay = UInt32(exactly: row.integer(6))
    else { return nil }
    self.init(
      topic: row.bytes(1), properties: row.bytes(2), payload: row.bytes(3), qos: qos,
      isRetained: row.integer(5) != 0)
    delaySeconds = delay
    expirySeconds = row.isNull(7) ? nil : UInt32(clamping: row.integer(7))
  }
}

extension SubscriptionRecord {
  /// From `session, filter, options, identifier`.
  init?(_ row: borrowing Statement) {
    guard row.type(1) == SQLITE_TEXT, let byte = UInt8(exactly: row.integer(2)),
      let qos = QoS(stored: Int64(byte & 3)),
      let retainHandling = RetainHandling(rawValue: byte >> 4),
      let identifier = UInt32(exactly: row.integer(3))
    else { return nil }
    self.init(
      filter: row.bytes(1),
      options: SubscriptionOptions(
        qos: qos, noLocal: byte & 0x04 != 0, retainAsPublished: byte & 0x08 != 0,
        retainHandling: retainHandling), identifier: identifier)
  }
}

extension MessageRecord {
  /// The columns that a message is made of, of the one with a number.
  static let selection =
    "\(columns) FROM message WHERE id = ?1"
  static let columns = "SELECT id, flags, expires, topic, properties, checksum, body"

  /// From the columns of ``selection``.
  init?(_ row: borrowing Statement) {
    let flags = row.integer(1)
    let bytes = row.bytes(6)
    guard flags & ~7 == 0, let qos = QoS(stored: flags & 3),
      let topicLength = Int(exactly: row.integer(3)), topicLength > 0,
      let propertiesLength = Int(exactly: row.integer(4)), propertiesLength >= 0,
      topicLength <= bytes.count, propertiesLength <= bytes.count - topicLength
    else { return nil }
    self.init(
      number: row.number(0), topicLength: topicLength, propertiesLength: propertiesLength,
      bytes: bytes, qos: qos, isRetained: flags & 4 != 0)
    expiresAtUnixSeconds = row.isNull(2) ? nil : row.integer(2)
    if Int64(checksum) != row.integer(5) { return nil }
  }

  /// Tells a message from one that a disk has changed; no protection against people.
  var checksum: UInt32 {
    var sum: UInt64 = 0
    func add(_ word: UInt64) {
      sum = (sum ^ word) &* 0x9E37_79B9_7F4A_7C15
      sum ^= sum >> 29
    }
    add(number)
    add(UInt64(topicLength) << 32 | UInt64(propertiesLength))
    add(UInt64(qos.rawValue) | (isRetained ? 4 : 0))
    add(expiresAtUnixSeconds.map { UInt64(bitPattern: $0) } ?? .max)
    bytes.withUnsafeBytes { bytes in
      var offset = 0
      while offset + 8 <= bytes.count {
        add(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        offset += 8
      }
      for place in offset..<bytes.count { add(UInt64(bytes[place])) }
    }
    return UInt32(truncatingIfNeeded: sum ^ sum >> 32)
  }
}

extension QueueRecord {
  /// The columns that an entry of a queue is made of.
  static let selection =
    "SELECT position, session, message, bytes, flags, identifiers, share FROM queue"

  /// From the columns of ``selection``.
  init?(_ row: borrowing Statement) {
    let flags = row.integer(4)
    guard flags & ~7 == 0, let qos = QoS(stored: flags & 3), qos != .atMostOnce,
      let byteCount = Int(exactly: row.integer(3)), byteCount >= 0
    else { return nil }
    var identifiers: [UInt32] = []
    if !row.isNull(5) {
      for digits in row.string(5).split(separator: ",") {
        guard let identifier = UInt32(digits) else { return nil }
        identifiers.append(identifier)
      }
    }
    self.init(
      session: row.number(1), position: row.number(0), message: row.number(2),
      byteCount: byteCount, qos: qos, isRetained: flags & 4 != 0)
    subscriptionIdentifiers = identifiers
    group = row.isNull(6) ? nil : row.bytes(6)
  }
}

extension SourceRecord {
  /// The columns of a retained message, with those of its source behind topic and message.
  static let selection = "SELECT topic, message, client, user, listener FROM retained"

  /// From the columns of ``selection``; nil when nobody is named.
  init?(_ row: borrowing Statement) {
    if row.isNull(2) { return nil }
    self.init(
      clientIdentifier: row.string(2), userName: row.isNull(3) ? nil : row.string(3),
      listener: row.isNull(4) ? nil : row.string(4))
  }
}

extension QoS {
  fileprivate init?(stored: Int64) {
    guard let value = UInt8(exactly: stored) else { return nil }
    self.init(rawValue: value)
  }
}
