// From bytes to a packet: the dispatch on the type, and who may send which type.

extension PacketType {
  /// Whether a packet of this type may go this way (table 2-1).
  func isAllowed(_ direction: Direction) -> Bool {
    switch self {
    case .connect, .subscribe, .unsubscribe, .pingreq: direction == .toServer
    case .connack, .suback, .unsuback, .pingresp: direction == .toClient
    case .publish, .puback, .pubrec, .pubrel, .pubcomp, .disconnect, .auth: true
    }
  }
}

extension Packet {
  /// Decodes the packet whose bytes, fixed header included, are exactly `packet`.
  ///
  /// `version` is ignored by CONNECT, which says its own. `direction` decides what is allowed.
  ///
  /// - Throws: a malformed packet, or one that may not be sent this way or in this version.
  package static func decode(
    _ packet: Span<UInt8>, _ header: FixedHeader, version: ProtocolVersion, direction: Direction
  ) throws(DecodeError) -> Packet {
    if !header.type.isAllowed(direction) {
      throw DecodeError(
        .protocolError, "2.1.2", header.type, at: 0,
        "a \(direction == .toServer ? "client" : "server") must not send this packet")
    }
    switch header.type {
    case .connect: return .connect(try .decode(packet, header))
    case .connack: return .connack(try .decode(packet, header, version: version))
    case .publish:
      let view = try PublishView.decode(packet, header, version: version, direction: direction)
      return .publish(try Publish(view, in: packet))
    case .puback: return .puback(try .decode(packet, header, version: version))
    case .pubrec: return .pubrec(try .decode(packet, header, version: version))
    case .pubrel: return .pubrel(try .decode(packet, header, version: version))
    case .pubcomp: return .pubcomp(try .decode(packet, header, version: version))
    case .subscribe: return .subscribe(try .decode(packet, header, version: version))
    case .suback: return .suback(try .decode(packet, header, version: version))
    case .unsubscribe: return .unsubscribe(try .decode(packet, header, version: version))
    case .unsuback: return .unsuback(try .decode(packet, header, version: version))
    case .pingreq:
      try Ping.check(packet, header)
      return .pingreq
    case .pingresp:
      try Ping.check(packet, header)
      return .pingresp
    case .disconnect:
      return .disconnect(
        try .decode(packet, header, version: version, direction: direction))
    case .auth:
      return .auth(try .decode(packet, header, version: version, direction: direction))
    }
  }
}
