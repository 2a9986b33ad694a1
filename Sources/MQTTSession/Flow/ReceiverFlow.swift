// The receiver's half of QoS 2 (4.3.3): the identifiers of messages that were taken and whose
// PUBREL has not come. As long as an identifier is here, a PUBLISH with it is the same message
// again and must not be delivered a second time. [MQTT-4.3.3-10]
//
//   (unknown) -- PUBLISH QoS 2 --> held -- PUBREL --> (unknown)
//                  PUBREC                  PUBCOMP
//   held      -- PUBLISH QoS 2 --> held              a duplicate: PUBREC again, deliver nothing
//   (unknown) -- PUBREL        --> (unknown)         PUBCOMP with 0x92, the answer was lost before
//
// A client that keeps few messages open costs two bytes for each; one that keeps more than 64 open
// gets a bit map of 8 KiB.

package import MQTTCodec

/// The packet identifiers of QoS 2 messages that were taken and not yet released.
package struct ReceiverFlow: Sendable {
  /// What a QoS 2 PUBLISH means.
  package enum Arrival: Equatable, Sendable {
    /// Deliver it and answer PUBREC.
    case first
    /// It was delivered before: answer PUBREC only.
    case duplicate
  }

  private static let listLimit = 64

  /// Identifiers in order of arrival, while they are few.
  private var list: [UInt16] = []
  /// One bit an identifier, once they were many; empty otherwise.
  private var map: [UInt64] = []
  /// Identifiers held.
  package private(set) var count = 0

  /// A flow that holds nothing.
  package init() {}

  /// Whether `identifier` is held.
  package func contains(_ identifier: PacketIdentifier) -> Bool {
    let raw = identifier.rawValue
    if map.isEmpty { return list.contains(raw) }
    return map[Int(raw >> 6)] & (1 << UInt64(raw & 63)) != 0
  }

  /// Takes a QoS 2 PUBLISH.
  package mutating func receive(_ identifier: PacketIdentifier) -> Arrival {
    if contains(identifier) { return .duplicate }
    let raw = identifier.rawValue
    count += 1
    if map.isEmpty && list.count < Self.listLimit {
      list.append(raw)
      return .first
    }
    if map.isEmpty {
      map = [UInt64](repeating: 0, count: 1024)
      for held in list { map[Int(held >> 6)] |= 1 << UInt64(held & 63) }
      list = []
    }
    map[Int(raw >> 6)] |= 1 << UInt64(raw & 63)
    return .first
  }

  /// Takes a PUBREL; false when the identifier was not held.
  package mutating func release(_ identifier: PacketIdentifier) -> Bool {
    let raw = identifier.rawValue
    if map.isEmpty {
      guard let position = list.firstIndex(of: raw) else { return false }
      list.remove(at: position)
    } else {
      if map[Int(raw >> 6)] & (1 << UInt64(raw & 63)) == 0 { return false }
      map[Int(raw >> 6)] &= ~(1 << UInt64(raw & 63))
      if count == 1 { map = [] }
    }
    count -= 1
    return true
  }

  /// All identifiers held, rising; for a store and for tests.
  package var identifiers: [PacketIdentifier] {
    if map.isEmpty { return list.sorted().compactMap { PacketIdentifier(rawValue: $0) } }
    var found: [PacketIdentifier] = []
    found.reserveCapacity(count)
    for (position, word) in map.enumerated() {
      var rest = word
      while rest != 0 {
        let raw = UInt16(position << 6 | rest.trailingZeroBitCount)
        if let identifier = PacketIdentifier(rawValue: raw) { found.append(identifier) }
        rest &= rest - 1
      }
    }
    return found
  }

  /// Forgets everything, as a session that ends does.
  package mutating func removeAll() { self = ReceiverFlow() }
}
