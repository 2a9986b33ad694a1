// From the first byte of a frame to the first byte of its IP packet: link headers, VLAN tags, PPPoE,
// MPLS and SNAP in between. What leads to no IP packet has none; that is no error, for most frames
// of a capture are about something else.

/// Finds the IP packet in a frame.
enum NetworkStart {
  /// Tags and labels that may stand one after the other.
  private static let tagLimit = 16

  /// The offset of the IP packet's first byte; nil when there is none.
  static func offset(in bytes: Span<UInt8>, _ link: LinkType) -> Int? {
    switch link {
    case .ethernet: return etherType(bytes, at: 12)
    case .rawIP: return packet(bytes, at: 0)
    case .loopback: return packet(bytes, at: 4)
    case .linuxCooked: return etherType(bytes, at: 14)
    case .linuxCooked2: return bytes.count < 2 ? nil : content(bytes, type: type(bytes, 0), at: 20)
    case .ppp: return pointToPoint(bytes, at: 0)
    case .pppOverEthernet: return pointToPoint(bytes, at: 6)
    case .ieee80211: return wireless(bytes, at: 0)
    case .ieee80211Radiotap:
      if bytes.count < 4 { return nil }
      return wireless(bytes, at: Int(bytes[2]) | Int(bytes[3]) << 8)
    case .unknown: return nil
    }
  }

  /// An IP packet by its version, or nil.
  private static func packet(_ bytes: Span<UInt8>, at offset: Int) -> Int? {
    if offset >= bytes.count { return nil }
    let version = bytes[offset] >> 4
    return version == 4 || version == 6 ? offset : nil
  }

  private static func type(_ bytes: Span<UInt8>, _ offset: Int) -> Int {
    Int(bytes[offset]) << 8 | Int(bytes[offset + 1])
  }

  /// An EtherType, or a length with an LLC header behind it.
  private static func etherType(_ bytes: Span<UInt8>, at offset: Int) -> Int? {
    if bytes.count < offset + 2 { return nil }
    let type = type(bytes, offset)
    if type < 0x0600 { return logicalLink(bytes, at: offset + 2) }
    return content(bytes, type: type, at: offset + 2)
  }

  /// What an EtherType announces at `offset`.
  private static func content(_ bytes: Span<UInt8>, type first: Int, at start: Int) -> Int? {
    var type = first
    var offset = start
    for _ in 0..<tagLimit {
      switch type {
      case 0x0800, 0x86DD: return packet(bytes, at: offset)
      case 0x8100, 0x88A8, 0x9100, 0x9200:
        if bytes.count < offset + 4 { return nil }
        type = self.type(bytes, offset + 2)
        offset += 4
      case 0x8847, 0x8848:
        if bytes.count < offset + 4 { return nil }
        // The lowest bit of the third byte marks the last label.
        if bytes[offset + 2] & 1 == 1 { return packet(bytes, at: offset + 4) }
        offset += 4
      case 0x8864: return pointToPoint(bytes, at: offset + 6)
      default: return nil
      }
    }
    return nil
  }

  /// LLC with SNAP, the only form that carries IP.
  private static func logicalLink(_ bytes: Span<UInt8>, at offset: Int) -> Int? {
    if bytes.count < offset + 8 { return nil }
    let isSnap = bytes[offset] == 0xAA && bytes[offset + 1] == 0xAA && bytes[offset + 2] == 0x03
    return isSnap ? content(bytes, type: type(bytes, offset + 6), at: offset + 8) : nil
  }

  /// PPP: the address and control bytes may be left out, and half of the protocol number.
  private static func pointToPoint(_ bytes: Span<UInt8>, at start: Int) -> Int? {
    var offset = start
    if bytes.count < offset + 4 { return nil }
    if bytes[offset] == 0x0F && bytes[offset + 1] == 0x00 {  // Cisco's HDLC
      return content(bytes, type: type(bytes, offset + 2), at: offset + 4)
    }
    if bytes[offset] == 0xFF && bytes[offset + 1] == 0x03 { offset += 2 }
    if bytes[offset] & 1 == 1 {
      return bytes[offset] == 0x21 || bytes[offset] == 0x57 ? packet(bytes, at: offset + 1) : nil
    }
    let number = type(bytes, offset)
    return number == 0x0021 || number == 0x0057 ? packet(bytes, at: offset + 2) : nil
  }

  /// A data frame of IEEE 802.11 that is not encrypted.
  private static func wireless(_ bytes: Span<UInt8>, at start: Int) -> Int? {
    if bytes.count < start + 24 { return nil }
    let control = bytes[start]
    let flags = bytes[start + 1]
    let isData = control & 0x0C == 0x08
    let hasNoContent = control & 0x40 != 0
    let isProtected = flags & 0x40 != 0
    if !isData || hasNoContent || isProtected { return nil }
    var length = 24
    if flags & 0x03 == 0x03 { length += 6 }
    if control & 0x80 != 0 {
      length += 2
      if flags & 0x80 != 0 { length += 4 }
    }
    return logicalLink(bytes, at: start + length)
  }
}
