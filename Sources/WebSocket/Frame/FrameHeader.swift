// The beginning of a frame (RFC 6455, 5.2): two bytes, a longer length if it needs one, and a
// client's mask. What is wrong with it is found before a byte of its payload is looked at.

/// The kinds of frame.
package enum Opcode: UInt8, Sendable {
  case continuation = 0
  case text = 1
  case binary = 2
  case close = 8
  case ping = 9
  case pong = 10

  /// Whether it may come between the frames of a message.
  package var isControl: Bool { rawValue >= 8 }
}

/// A frame's header.
package struct FrameHeader: Equatable, Sendable {
  /// Longest payload of a control frame.
  static let controlLimitBytes = 125

  package var opcode: Opcode
  /// Whether it begins a message that is compressed (RFC 7692, 7.2.2).
  package var isCompressed = false
  /// Whether this frame is the last one of its message.
  package var isFinal: Bool
  package var payloadCount: Int
  /// The mask, its first byte in the low bits; nil without one.
  package var key: UInt32?
  /// Bytes that the header takes.
  package var byteCount: Int

  /// Reads a header from `offset` on; nil when that needs more bytes.
  ///
  /// `fromClient` says who sent it, and with that whether it has to have a mask; compressed messages
  /// are a fault where they were not agreed upon.
  package init?(
    _ bytes: Span<UInt8>, at offset: Int, fromClient: Bool, allowsCompression: Bool = false
  ) throws(FrameFault) {
    guard bytes.count - offset >= 2 else { return nil }
    let first = bytes[offset]
    let second = bytes[offset + 1]
    if first & (allowsCompression ? 0x30 : 0x70) != 0 { throw .reservedBits }
    guard let opcode = Opcode(rawValue: first & 0x0F) else {
      throw .reservedOpcode(first & 0x0F)
    }
    let isMasked = second & 0x80 != 0
    if isMasked != fromClient { throw fromClient ? .unmasked : .masked }
    let short = Int(second & 0x7F)
    let isFinal = first & 0x80 != 0
    if opcode.isControl {
      if short > Self.controlLimitBytes { throw .longControlFrame }
      if !isFinal { throw .fragmentedControlFrame }
    }
    let lengthBytes = short < 126 ? 0 : short == 126 ? 2 : 8
    let byteCount = 2 + lengthBytes + (isMasked ? 4 : 0)
    guard bytes.count - offset >= byteCount else { return nil }
    var length = UInt64(short)
    if lengthBytes > 0 {
      length = 0
      for position in 0..<lengthBytes {
        length = length << 8 | UInt64(bytes[offset + 2 + position])
      }
      if length <= (lengthBytes == 2 ? 125 : 0xFFFF) { throw .length }
    }
    guard let payloadCount = Int(exactly: length) else { throw .length }
    if isMasked {
      var key: UInt32 = 0
      for position in 0..<4 {
        key |= UInt32(bytes[offset + 2 + lengthBytes + position]) << UInt32(8 * position)
      }
      self.key = key
    }
    self.opcode = opcode
    isCompressed = first & 0x40 != 0
    self.isFinal = isFinal
    self.payloadCount = payloadCount
    self.byteCount = byteCount
  }
}
