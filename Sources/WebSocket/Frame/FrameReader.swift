// From frames to the bytes that they carry. Messages mean nothing to MQTT, whose packets may begin
// and end anywhere in them [MQTT-6.0.0-2], so nothing is gathered: what a stretch of input carries
// is unmasked and moved to its front, over the headers, where it lies as if there had never been
// frames. Only an incomplete header (13 bytes at most) and an incomplete control frame (125) are
// kept from one stretch to the next, so no peer can make this reader hold more.

import Basis

/// A control frame that has come whole.
enum ControlFrame {
  case ping([UInt8])
  case close(CloseCode?, reason: String)
}

struct FrameReader {
  private let isFromClient: Bool
  /// The frame whose payload is being read.
  private var opcode = Opcode.binary
  /// Bytes of its payload that are still to come.
  private var left = 0
  /// The mask of the next byte in the low bits; zero without one.
  private var key: UInt32 = 0
  /// Whether the message of the last data frame is unfinished.
  private var isInMessage = false
  /// The part of a header that has come.
  private var partialHeader: [UInt8] = []
  /// The payload of a control frame as far as it has come.
  private var control: [UInt8] = []
  /// Whether the payload of a control frame is being read.
  private var isInControl = false

  init(fromClient: Bool) { isFromClient = fromClient }

  /// Reads frames from `position` on until there are no more bytes or a control frame is whole.
  ///
  /// Payload goes to `target`, which moves on. A pong says nothing and is skipped.
  @_lifetime(bytes: copy bytes)
  mutating func read(
    _ bytes: inout MutableSpan<UInt8>, from position: inout Int, to target: inout Int
  ) throws(FrameFault) -> ControlFrame? {
    while true {
      if left > 0 {
        let count = min(left, bytes.count - position)
        if count == 0 { return nil }
        let range = position..<position + count
        if isInControl {
          appendControl(bytes.span, range)
        } else {
          bytes.moveDown(range, to: target, combinedWith: key)
          target += count
        }
        position += count
        left -= count
        rotateKey(by: count)
        if left > 0 { return nil }
      }
      if isInControl {
        isInControl = false
        if let frame = try finishControl() { return frame }
      }
      guard let header = try nextHeader(bytes.span, &position) else { return nil }
      try begin(header)
    }
  }

  private mutating func nextHeader(
    _ bytes: Span<UInt8>, _ position: inout Int
  ) throws(FrameFault) -> FrameHeader? {
    if partialHeader.isEmpty {
      if let header = try FrameHeader(bytes, at: position, fromClient: isFromClient) {
        position += header.byteCount
        return header
      }
      while position < bytes.count {
        partialHeader.append(bytes[position])
        position += 1
      }
      return nil
    }
    while position < bytes.count {
      partialHeader.append(bytes[position])
      position += 1
      if let header = try FrameHeader(partialHeader.span, at: 0, fromClient: isFromClient) {
        partialHeader.removeAll()
        return header
      }
    }
    return nil
  }

  private mutating func begin(_ header: FrameHeader) throws(FrameFault) {
    switch header.opcode {
    case .text: throw .text
    case .binary:
      if isInMessage { throw .interruptedMessage }
      isInMessage = !header.isFinal
    case .continuation:
      if !isInMessage { throw .lostContinuation }
      isInMessage = !header.isFinal
    case .ping, .pong, .close: isInControl = true
    }
    opcode = header.opcode
    left = header.payloadCount
    key = header.key ?? 0
  }

  private mutating func rotateKey(by count: Int) {
    let bits = UInt32(count & 3) * 8
    if bits > 0 { key = key >> bits | key << (32 - bits) }
  }

  private mutating func appendControl(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    for (index, offset) in range.enumerated() {
      control.append(bytes[offset] ^ UInt8(truncatingIfNeeded: key >> (UInt32(index & 3) * 8)))
    }
  }

  private mutating func finishControl() throws(FrameFault) -> ControlFrame? {
    let payload = control
    control = []
    if opcode == .pong { return nil }
    if opcode == .ping { return .ping(payload) }
    if payload.isEmpty { return .close(nil, reason: "") }
    guard payload.count >= 2 else { throw .shortCloseCode }
    let code = CloseCode(rawValue: UInt16(payload[0]) << 8 | UInt16(payload[1]))
    if !code.mayTravel { throw .closeCode(code.rawValue) }
    guard let reason = String(validating: payload.dropFirst(2), as: UTF8.self) else {
      throw .closeReason
    }
    return .close(code, reason: reason)
  }
}
