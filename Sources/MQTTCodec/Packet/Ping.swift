// PINGREQ and PINGRESP (3.12, 3.13): a fixed header and nothing else.

/// The two packets without a body.
enum Ping {
  /// Refuses a body.
  static func check(_ packet: Span<UInt8>, _ header: FixedHeader) throws(DecodeError) {
    try PacketReader(packet, header).finish()
  }
}
