// Recognising MQTT on a connection by its bytes.
//
//   the client's first bytes are CONNECT           MQTT, on any port
//   the beginning was captured and is not CONNECT  something else, unless the port is MQTT's
//   no beginning                                   MQTT when packets can be decoded: one on a port
//                                                  of MQTT, two in a row anywhere

import MQTTCodec

/// What the first bytes say.
enum Recognition {
  /// Ports that are registered for MQTT.
  private static let knownPorts: Set<UInt16> = [1883, 8883]
  /// Bytes after which a connection that says nothing is given up.
  static let openingLimit = 16 << 10

  /// The decision; `.undecided` when more bytes are needed.
  static func decide(_ connection: Connection) -> (ConnectionContent, isReversed: Bool) {
    let isKnown =
      knownPorts.contains(connection.facts.server.port)
      || knownPorts.contains(connection.facts.client.port)
    for direction in [Direction.toServer, .toClient] {
      let bytes = joined(connection.opening, direction)
      if beginsWithConnect(bytes.span) {
        return (.mqtt, direction == .toClient)
      }
    }
    let toServer = joined(connection.opening, .toServer)
    let toClient = joined(connection.opening, .toClient)
    if connection.facts.hasBeginning {
      if mayBecomeConnect(toServer.span) { return (.undecided, false) }
      if !isKnown { return (.other, false) }
    }
    let straight = weight(toServer.span, toClient.span)
    let crossed = connection.isDirectionKnown ? nil : weight(toClient.span, toServer.span)
    let best = max(straight ?? -1, crossed ?? -1)
    if best < 0 { return (isKnown ? .mqtt : .other, false) }
    if best >= (isKnown ? 1 : 2) {
      return (.mqtt, (straight ?? -1) < (crossed ?? -1))
    }
    return (connection.openingBytes > openingLimit ? .other : .undecided, false)
  }

  private static func joined(_ pieces: [OpeningPiece], _ direction: Direction) -> [UInt8] {
    pieces.filter { $0.direction == direction }.flatMap(\.bytes)
  }

  /// How many packets can be decoded; nil when one side cannot be MQTT.
  private static func weight(_ toServer: Span<UInt8>, _ toClient: Span<UInt8>) -> Int? {
    var count = 0
    for (bytes, direction) in [(0, Direction.toServer), (1, .toClient)] {
      let side = bytes == 0 ? toServer : toClient
      if side.isEmpty { continue }
      switch Plausibility.of(side, at: 0, direction, nil) {
      case .refuted: return nil
      case .open: break
      case .packets(let packets): count += packets
      }
    }
    return count
  }

  /// `MQTT` or `MQIsdp` behind the fixed header of a CONNECT.
  static func beginsWithConnect(_ bytes: Span<UInt8>) -> Bool {
    guard let start = nameStart(bytes), bytes.count >= start + 6 else { return false }
    let length = bytes.number(at: start, .big, bytes: 2)
    let name = bytes.number(at: start + 2, .big, bytes: 4)
    return length == 4 && name == 0x4D51_5454 || length == 6 && name == 0x4D51_4973
  }

  /// Whether the bytes are the beginning of a CONNECT and too few to be sure.
  private static func mayBecomeConnect(_ bytes: Span<UInt8>) -> Bool {
    if bytes.isEmpty { return true }
    if bytes[0] != 0x10 { return false }
    guard let start = nameStart(bytes) else { return bytes.count < 5 }
    return bytes.count < start + 6
  }

  private static func nameStart(_ bytes: Span<UInt8>) -> Int? {
    if bytes.count < 2 || bytes[0] != 0x10 { return nil }
    var offset = 1
    while offset < 5 {
      if offset >= bytes.count { return nil }
      if bytes[offset] < 0x80 { return offset + 1 }
      offset += 1
    }
    return nil
  }
}
