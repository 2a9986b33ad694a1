// The first two to five bytes of every packet (2.1): its type, its flags and how long it is.
// Reading them needs no state: as long as they are not complete the answer is "need more", and
// the size limit is checked as soon as the length is known, before a body is buffered.

/// The fixed header of a packet (2.1.1).
package struct FixedHeader: Equatable, Sendable {
  package var type: PacketType
  /// The four low bits of the first byte, already checked against the table of 2.1.3.
  package var flags: UInt8
  /// Bytes of the fixed header itself: 2 to 5.
  package var headerLength: Int
  /// Bytes that follow the fixed header.
  package var remainingLength: Int

  /// Bytes of the whole packet.
  @inlinable package var packetLength: Int { headerLength + remainingLength }

  /// Joins the parts.
  @inlinable package init(type: PacketType, flags: UInt8, headerLength: Int, remainingLength: Int) {
    self.type = type
    self.flags = flags
    self.headerLength = headerLength
    self.remainingLength = remainingLength
  }

  /// Reads the fixed header of the packet that starts at `offset`.
  ///
  /// - Returns: nil when `bytes` ends before the header does.
  /// - Throws: a malformed length or type, wrong flags, or ``ReasonCode/packetTooLarge`` when the
  ///   whole packet would be longer than `packetSizeLimit`.
  package static func read(_ bytes: Span<UInt8>, at offset: Int, packetSizeLimit: Int)
    throws(DecodeError) -> FixedHeader?
  {
    fatalError("codec")
  }
}
