// The first two to five bytes of every packet (2.1): its type, its flags and how long it is.
// Reading them needs no state: as long as they are not complete the answer is "need more", and
// the size limit is checked as soon as the length is known, before a body is buffered.

/// The fixed header of a packet (2.1.1).
@usableFromInline package struct FixedHeader: Equatable, Sendable {
  /// Bytes of the longest packet that there can be: its fixed header has five.
  package static let longestPacket = VariableByteInteger.maximum + 5

  @usableFromInline package var type: PacketType
  /// The four low bits of the first byte, already checked against the table of 2.1.3.
  @usableFromInline package var flags: UInt8
  /// Bytes of the fixed header itself: 2 to 5.
  @usableFromInline package var headerLength: Int
  /// Bytes that follow the fixed header.
  @usableFromInline package var remainingLength: Int

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
  /// MQTT 3.1 does not say that a receiver looks at flags which a packet does not use; that a
  /// CONNECT is one of 3.1 is only known when it has been read.
  ///
  /// - Returns: nil when `bytes` ends before the header does.
  /// - Throws: a malformed length or type, wrong flags, or ``ReasonCode/packetTooLarge`` when the
  ///   whole packet would be longer than `packetSizeLimit`.
  package static func read(
    _ bytes: Span<UInt8>, at offset: Int, packetSizeLimit: Int, version: ProtocolVersion = .v5
  ) throws(DecodeError) -> FixedHeader? {
    if offset >= bytes.count { return nil }
    let first = bytes[offset]
    guard let type = PacketType(rawValue: first >> 4) else { throw typeFault() }
    let flags = first & 0x0F
    if type == .publish {
      if _slowPath(flags & 0x06 == 0x06 || flags & 0x0E == 0x08) { throw publishFault(flags) }
    } else if _slowPath(flags != type.fixedFlags) {
      try checkFlags(flags, of: type, version)
    }
    let length: Int
    let lengthSize: Int
    if bytes.count &- offset > 1 && bytes[offset &+ 1] < 0x80 {
      (length, lengthSize) = (Int(bytes[offset &+ 1]), 1)
    } else {
      let reading = VariableByteInteger.read(bytes, at: offset + 1, end: bytes.count)
      guard case .value(let value, let size) = reading else {
        if reading == .shortage { return nil }
        throw lengthFault(type, reading)
      }
      (length, lengthSize) = (value, size)
    }
    if _slowPath(1 + lengthSize + length > packetSizeLimit) {
      throw sizeFault(type, 1 + lengthSize + length, packetSizeLimit)
    }
    return FixedHeader(
      type: type, flags: flags, headerLength: 1 + lengthSize, remainingLength: length)
  }

  @inline(never) private static func lengthFault(
    _ type: PacketType, _ reading: VariableByteInteger.Reading
  ) -> DecodeError {
    if case .notMinimal(let length) = reading {
      return DecodeError(
        .malformedPacket, "MQTT-1.5.5-1", type, at: length,
        "the remaining length takes \(length) bytes where fewer would do")
    }
    return DecodeError(
      .malformedPacket, "MQTT-1.5.5-1", type, at: 4,
      "the remaining length has more than four bytes")
  }

  @inline(never) private static func checkFlags(
    _ flags: UInt8, of type: PacketType, _ version: ProtocolVersion
  ) throws(DecodeError) {
    if version == .v31 || type == .connect { return }
    let expected = type.fixedFlags
    let statement =
      switch type {
      case .pubrel: "MQTT-3.6.1-1"
      case .subscribe: "MQTT-3.8.1-1"
      case .unsubscribe: "MQTT-3.10.1-1"
      case .disconnect: "MQTT-3.14.1-1"
      case .auth: "MQTT-3.15.1-1"
      case .connect, .connack, .publish, .puback, .pubrec, .pubcomp, .suback, .unsuback, .pingreq,
        .pingresp:
        "MQTT-2.1.3-1"
      }
    throw DecodeError(
      .malformedPacket, statement, type, at: 0,
      "the flags in the first byte are \(flags), not \(expected)")
  }

  @inline(never) private static func publishFault(_ flags: UInt8) -> DecodeError {
    flags & 0x06 == 0x06
      ? DecodeError(.malformedPacket, "MQTT-3.3.1-4", .publish, at: 0, "the QoS is 3")
      : DecodeError(
        .malformedPacket, "MQTT-3.3.1-2", .publish, at: 0, "the DUP flag is set at QoS 0")
  }

  @inline(never) private static func typeFault() -> DecodeError {
    DecodeError(
      .malformedPacket, "2.1.2", nil, at: 0, "the packet type is 0, which is reserved")
  }

  @inline(never) private static func sizeFault(
    _ type: PacketType, _ size: Int, _ limit: Int
  ) -> DecodeError {
    DecodeError(
      .packetTooLarge, "MQTT-3.2.2-15", type, at: 1,
      "the packet has \(size) bytes, more than the \(limit) that are allowed")
  }
}

extension PacketType {
  /// Table 2-2: the flags of every packet but PUBLISH, which has its own.
  @inline(__always) var fixedFlags: UInt8 {
    self == .pubrel || self == .subscribe || self == .unsubscribe ? 0x02 : 0
  }
}
