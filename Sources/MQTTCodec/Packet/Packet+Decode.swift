// From bytes to a packet: the dispatch on the type.

extension Packet {
  /// Decodes the packet whose bytes, fixed header included, are exactly `packet`.
  ///
  /// `version` is ignored by CONNECT, which says its own. `direction` decides what is allowed.
  package static func decode(
    _ packet: Span<UInt8>, _ header: FixedHeader, version: ProtocolVersion, direction: Direction
  ) throws(DecodeError) -> Packet {
    fatalError("codec")
  }
}

extension PublishView {
  /// Decodes and validates a PUBLISH without allocating; see ``Packet/decode(_:_:version:direction:)``.
  package static func decode(
    _ packet: Span<UInt8>, _ header: FixedHeader, version: ProtocolVersion, direction: Direction
  ) throws(DecodeError) -> PublishView {
    fatalError("codec")
  }
}

extension Publish {
  /// The message that `view` shows in `packet`, copied out.
  package init(_ view: PublishView, in packet: Span<UInt8>) throws(DecodeError) {
    fatalError("codec")
  }
}

extension AcknowledgementView {
  /// Decodes and validates PUBACK, PUBREC, PUBREL or PUBCOMP without allocating.
  package static func decode(
    _ packet: Span<UInt8>, _ header: FixedHeader, version: ProtocolVersion
  ) throws(DecodeError) -> AcknowledgementView {
    fatalError("codec")
  }
}
