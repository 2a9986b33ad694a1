// From a packet to bytes: sizes first, then exactly so many bytes.

extension Packet {
  /// Bytes that ``encode(into:version:)`` will append.
  package func encodedSize(version: ProtocolVersion) -> Int {
    fatalError("codec")
  }

  /// Appends the packet; properties and 5.0's reason codes are left out before 5.0.
  package func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) {
    fatalError("codec")
  }
}

extension AcknowledgementView {
  /// Appends this acknowledgement as `type`, in the shortest form the version knows.
  package func encode(_ type: PacketType, into buffer: inout ByteBuffer, version: ProtocolVersion) {
    fatalError("codec")
  }
}
