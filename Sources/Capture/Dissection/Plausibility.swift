// Whether bytes look like MQTT packets, without anyone having said so: a chain of packets, each
// with a legal first byte, a legal length and a body that can be decoded. Used where a capture
// begins in the middle of a connection, on any port, and to find the next packet after bytes that
// are missing.

import MQTTCodec

/// How much speaks for MQTT.
enum Plausibility: Equatable {
  /// It cannot be.
  case refuted
  /// The bytes are too few to tell.
  case open
  /// So many whole packets follow each other.
  case packets(Int)
}

extension Plausibility {
  /// Packets in a row after which nothing else is believed.
  static let convincingCount = 3

  /// Bytes of a topic that is not all there which are looked at.
  private static let topicLimit = 64

  /// Follows the chain of packets that would start at `offset`.
  ///
  /// - Parameter version: nil when it is not known; then either reading will do.
  static func of(
    _ bytes: Span<UInt8>, at start: Int, _ direction: Direction, _ version: ProtocolVersion?
  ) -> Plausibility {
    var effort = Int.max
    return of(bytes, at: start, direction, version, effort: &effort)
  }

  /// The same; takes the bytes that were decoded from `effort`.
  static func of(
    _ bytes: Span<UInt8>, at start: Int, _ direction: Direction, _ version: ProtocolVersion?,
    effort: inout Int
  ) -> Plausibility {
    var offset = start
    var count = 0
    while count < convincingCount {
      if offset < bytes.count && !mayBegin(bytes[offset], direction) { return .refuted }
      let header: FixedHeader?
      do {
        header = try FixedHeader.read(
          bytes, at: offset, packetSizeLimit: FixedHeader.longestPacket, version: .v31)
      } catch {
        return .refuted
      }
      guard let header else { break }
      if bytes.count - offset < header.packetLength {
        if !mayBegin(bytes.extracting(offset..<bytes.count), header, direction) { return .refuted }
        break
      }
      let packet = bytes.extracting(offset..<offset + header.packetLength)
      let reads =
        version.map { PacketStream.reads(packet, header, $0, direction) }
        ?? (PacketStream.reads(packet, header, .v311, direction)
          || PacketStream.reads(packet, header, .v5, direction))
      effort -= header.packetLength
      if !reads { return .refuted }
      offset += header.packetLength
      count += 1
    }
    return count == 0 ? .open : .packets(count)
  }

  /// Whether a packet of this direction may have this first byte; told without an error, for most
  /// bytes of a search may not.
  private static func mayBegin(_ byte: UInt8, _ direction: Direction) -> Bool {
    guard let type = PacketType(rawValue: byte >> 4) else { return false }
    let flags = byte & 0x0F
    switch type {
    case .publish: return flags & 0x06 != 0x06 && flags & 0x0E != 0x08
    case .pubrel: return flags & 0x07 == 2
    case .subscribe, .unsubscribe: return direction == .toServer && flags & 0x07 == 2
    case .connect, .pingreq: return direction == .toServer && flags == 0
    case .connack, .suback, .unsuback, .pingresp: return direction == .toClient && flags == 0
    case .puback, .pubrec, .pubcomp, .disconnect, .auth: return flags == 0
    }
  }

  /// Whether a packet that is not all there begins as one of its type would.
  private static func mayBegin(
    _ bytes: Span<UInt8>, _ header: FixedHeader, _ direction: Direction
  ) -> Bool {
    switch header.type {
    case .publish:
      // A topic that fits, and no control characters in what is there of it.
      let start = header.headerLength
      if bytes.count < start + 2 { return true }
      let count = bytes.number(at: start, .big, bytes: 2)
      if count + 2 > header.remainingLength { return false }
      let end = min(start + 2 + min(count, topicLimit), bytes.count)
      for index in start + 2..<end where bytes[index] < 0x20 {
        return false
      }
      return true
    case .connect, .subscribe, .unsubscribe, .suback, .unsuback, .connack, .disconnect, .auth,
      .puback, .pubrec, .pubrel, .pubcomp:
      return header.remainingLength < 65_536
    case .pingreq, .pingresp: return header.remainingLength == 0
    }
  }
}
