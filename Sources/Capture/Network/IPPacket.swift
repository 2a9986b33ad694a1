// The IP header, both versions, down to what a TCP segment needs: who, to whom, how many bytes. The
// length that IP gives is believed over the length of the frame, which may be padded; a frame that
// was cut off is shorter than IP says, and the difference is known to be missing.

/// Where the content of an IP packet lies, and what it is.
struct IPPacket {
  static let tcp: UInt8 = 6
  private static let ipInIP: UInt8 = 4
  private static let version6InIP: UInt8 = 41
  private static let genericRouting: UInt8 = 47
  /// Extension headers of version 6, and packets within packets, that are followed.
  private static let nestingLimit = 16

  var source: IPAddress
  var destination: IPAddress
  /// The protocol of the content.
  var protocolNumber: UInt8
  /// The captured part of the content.
  var content: Range<Int>
  /// Bytes of the content that IP tells of and the frame does not hold.
  var missingCount: Int
  /// Nil for a packet that is whole.
  var fragment: Fragment?

  /// One piece of a packet.
  struct Fragment {
    var identification: UInt32
    /// Where its content stands in the whole packet's.
    var offset: Int
    var isLast: Bool
  }

  /// The packet that starts at `offset`, through tunnels to the innermost; nil when it is none.
  static func parse(_ bytes: Span<UInt8>, at offset: Int, depth: Int = 0) -> IPPacket? {
    if offset >= bytes.count || depth > nestingLimit { return nil }
    let packet = bytes[offset] >> 4 == 4 ? version4(bytes, offset) : version6(bytes, offset)
    guard let packet, packet.fragment == nil else { return packet }
    switch packet.protocolNumber {
    case ipInIP, version6InIP:
      return parse(bytes, at: packet.content.lowerBound, depth: depth + 1)
    case genericRouting:
      guard let inner = behindGenericRouting(bytes, packet.content) else { return nil }
      return parse(bytes, at: inner, depth: depth + 1)
    default: return packet
    }
  }

  private static func version4(_ bytes: Span<UInt8>, _ start: Int) -> IPPacket? {
    if bytes.count - start < 20 { return nil }
    let headerLength = Int(bytes[start] & 0x0F) * 4
    var total = bytes.number(at: start + 2, .big, bytes: 2)
    // Zero is written when the network card cuts the packet up after it was captured.
    if total == 0 { total = bytes.count - start }
    if headerLength < 20 || total < headerLength || bytes.count - start < headerLength {
      return nil
    }
    let end = min(start + total, bytes.count)
    let flags = bytes.number(at: start + 6, .big, bytes: 2)
    var fragment: Fragment?
    if flags & 0x3FFF != 0 {
      fragment = Fragment(
        identification: UInt32(bytes.number(at: start + 4, .big, bytes: 2)),
        offset: (flags & 0x1FFF) * 8, isLast: flags & 0x2000 == 0)
    }
    return IPPacket(
      source: IPAddress(version4: bytes, at: start + 12),
      destination: IPAddress(version4: bytes, at: start + 16), protocolNumber: bytes[start + 9],
      content: start + headerLength..<end, missingCount: start + total - end, fragment: fragment)
  }

  private static func version6(_ bytes: Span<UInt8>, _ start: Int) -> IPPacket? {
    if bytes.count - start < 40 || bytes[start] >> 4 != 6 { return nil }
    var total = 40 + bytes.number(at: start + 4, .big, bytes: 2)
    if total == 40 { total = bytes.count - start }
    let end = min(start + total, bytes.count)
    var next = bytes[start + 6]
    var offset = start + 40
    var fragment: Fragment?
    for _ in 0..<nestingLimit {
      switch next {
      case 0, 43, 60, 135:
        if end - offset < 8 { return nil }
        next = bytes[offset]
        offset += 8 + Int(bytes[offset + 1]) * 8
      case 51:
        if end - offset < 8 { return nil }
        next = bytes[offset]
        offset += 8 + Int(bytes[offset + 1]) * 4
      case 44:
        if end - offset < 8 { return nil }
        let field = bytes.number(at: offset + 2, .big, bytes: 2)
        if field & 0xFFF9 != 0 {
          fragment = Fragment(
            identification: UInt32(bytes.number(at: offset + 4, .big, bytes: 4)),
            offset: field & 0xFFF8, isLast: field & 1 == 0)
        }
        next = bytes[offset]
        offset += 8
        if fragment != nil { break }
        continue
      default:
        break
      }
      let isExtension =
        next == 0 || next == 43 || next == 60 || next == 135 || next == 51
        || next == 44
      if fragment != nil || !isExtension { break }
    }
    if offset > end { return nil }
    return IPPacket(
      source: IPAddress(version6: bytes, at: start + 8),
      destination: IPAddress(version6: bytes, at: start + 24), protocolNumber: next,
      content: offset..<end, missingCount: start + total - end, fragment: fragment)
  }

  /// Where the IP packet behind a GRE header starts.
  private static func behindGenericRouting(_ bytes: Span<UInt8>, _ content: Range<Int>) -> Int? {
    if content.count < 4 { return nil }
    let flags = bytes[content.lowerBound]
    let type = bytes.number(at: content.lowerBound + 2, .big, bytes: 2)
    if type != 0x0800 && type != 0x86DD { return nil }
    var length = 4
    if flags & 0x80 != 0 { length += 4 }
    if flags & 0x20 != 0 { length += 4 }
    if flags & 0x10 != 0 { length += 4 }
    return content.count > length ? content.lowerBound + length : nil
  }
}
