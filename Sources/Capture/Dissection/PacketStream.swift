// One direction of an MQTT connection: bytes in, packets out. What is whole is read where it
// lies in the frame; only a packet that is spread over frames is put together in memory of its own.
//
//   in step --- a gap inside a packet whose length is known ---> in step, after skipping the rest
//   in step --- a gap elsewhere, or malformed bytes -----------> lost
//   lost ------ a chain of packets that can be decoded --------> in step

import MQTTCodec

/// The state of one direction.
struct PacketStream {
  /// Packets longer than this are shown by their beginning.
  static let keptLimit = 16 << 20
  /// Bytes that are searched for the next packet.
  static let searchLimit = 16 << 10
  /// Bytes that a search decodes, and how many more for each byte that it is given: an enemy may make
  /// each of them begin a long packet.
  private static let effortLimit = 1 << 20
  private static let effortOfByte = 128

  /// The beginning of a packet that is not complete.
  var partial: [UInt8] = []
  /// The frame of its first byte.
  var partialFrame = 0
  /// Bytes of a packet that are passed over.
  var skip = 0
  /// Whether the next packet has to be found.
  var isLost = false
  /// Bytes passed over since it was lost.
  var lostBytes = 0
  /// Topics by alias. (3.3.2.3.4)
  private(set) var aliases: [UInt16: String] = [:]
  /// Bytes of these topics.
  private var aliasBytes = 0
  /// Bytes that the search for a packet may still decode, beside those that new bytes pay for.
  private var effort = Self.effortLimit

  /// Bytes that are kept in the hope of more.
  var keptBytes: Int { partial.count + aliasBytes }

  /// Gives a topic an alias.
  mutating func learn(_ topic: String, alias: UInt16) {
    aliasBytes += topic.utf8.count - (aliases[alias]?.utf8.count ?? 0)
    aliases[alias] = topic
  }

  /// Forgets what aliases stand for.
  mutating func forgetAliases() {
    aliases = [:]
    aliasBytes = 0
  }

  /// Whether a whole packet can be decoded.
  static func reads(
    _ packet: Span<UInt8>, _ header: FixedHeader, _ version: ProtocolVersion, _ direction: Direction
  ) -> Bool {
    if header.type == .publish {
      return (try? PublishView.decode(packet, header, version: version, direction: direction))
        != nil
    }
    return (try? Packet.decode(packet, header, version: version, direction: direction)) != nil
  }
}

/// Where the next packet may be.
enum SearchResult {
  /// There.
  case found(Int)
  /// Nowhere before this offset; from there on it is not sure yet.
  case undecided(from: Int)
}

extension PacketStream {
  /// Looks for the next packet in `bytes`, of which `newCount` were not searched before.
  mutating func search(
    _ bytes: Span<UInt8>, newCount: Int, _ direction: Direction, _ version: ProtocolVersion?
  ) -> SearchResult {
    var undecided: Int?
    effort = min(Self.effortLimit, effort + newCount * Self.effortOfByte)
    for offset in 0..<bytes.count where effort > 0 {
      effort -= 1
      switch Plausibility.of(bytes, at: offset, direction, version, effort: &effort) {
      case .refuted: continue
      case .open: undecided = undecided ?? offset
      case .packets(let count):
        let first = try? FixedHeader.read(
          bytes, at: offset, packetSizeLimit: FixedHeader.longestPacket)
        let length = (first ?? nil)?.packetLength ?? 0
        // One packet that ends where the bytes end is believed when it is not a mere two bytes.
        if count > 1 || length > 4 || (offset == 0 && offset + length == bytes.count) {
          return .found(offset)
        }
        undecided = undecided ?? offset
      }
    }
    let from = effort > 0 ? undecided ?? bytes.count : bytes.count
    return .undecided(from: max(from, bytes.count - Self.searchLimit))
  }
}
