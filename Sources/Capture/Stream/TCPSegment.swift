// The TCP header.

/// One TCP segment.
struct TCPSegment {
  private static let headerLength = 20

  var sourcePort: UInt16
  var destinationPort: UInt16
  var sequence: UInt32
  /// Meaningful only with ``acknowledges``.
  var acknowledged: UInt32
  /// FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32.
  var flags: UInt8
  /// Where its payload lies.
  var payload: Range<Int>
  /// Bytes of its payload that were not captured.
  var missingCount: Int

  /// Nil when the bytes are too few for a header.
  init?(_ bytes: Span<UInt8>, _ content: Range<Int>, missingCount: Int) {
    let start = content.lowerBound
    if content.count < Self.headerLength { return nil }
    let headerLength = Int(bytes[start + 12] >> 4) * 4
    if headerLength < Self.headerLength || headerLength > content.count { return nil }
    sourcePort = UInt16(bytes[start]) << 8 | UInt16(bytes[start + 1])
    destinationPort = UInt16(bytes[start + 2]) << 8 | UInt16(bytes[start + 3])
    sequence = UInt32(bytes.number(at: start + 4, .big, bytes: 4))
    acknowledged = UInt32(bytes.number(at: start + 8, .big, bytes: 4))
    flags = bytes[start + 13]
    payload = start + headerLength..<content.upperBound
    self.missingCount = missingCount
  }

  var finishes: Bool { flags & 0x01 != 0 }
  var begins: Bool { flags & 0x02 != 0 }
  var resets: Bool { flags & 0x04 != 0 }
  var acknowledges: Bool { flags & 0x10 != 0 }
}
