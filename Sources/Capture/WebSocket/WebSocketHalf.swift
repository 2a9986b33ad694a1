// One direction of a WebSocket (RFC 6455), looked at from outside: a head, then frames, whose
// payload is gathered without the frames around it, for MQTT packets begin and end anywhere in them
// [MQTT-6.0.0-2]. Nothing is answered and little is demanded: what a peer would have to refuse is
// told, and what can still be read is read.
//
// A gap inside of a frame is a gap in its payload; any other gap ends when a chain of frames that
// can be is found. Compressed messages (RFC 7692) are decompressed within a bound.

import Basis
import MQTTCodec
import Text
import WebSocket

/// The state of a direction.
struct WebSocketHalf {
  private static let headLimit = 16 << 10
  /// Bytes that what came with one segment may decompress to.
  private static let inflatedLimit = 64 << 20
  /// What the sender of a compressed message leaves out of its end. (RFC 7692, 7.2.1)
  private static let messageTail: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]

  private enum Phase {
    case head([UInt8])
    case frames
    /// Frames are expected and where the next one begins has to be found.
    case lost
    case ended
  }

  let direction: Direction
  private var phase: Phase
  private var partialHeader: [UInt8] = []
  private var opcode = Opcode.binary
  private var isFinal = false
  /// Bytes of the frame's payload that are still to come.
  private var left = 0
  private var key: UInt32 = 0
  private var control: [UInt8] = []
  private var isInMessage = false
  private var isCompressed = false
  private var lostBytes = 0
  private var hasToldText = false
  /// Set when compression was agreed upon.
  private var compression: Compression?

  struct Compression {
    /// Bytes that an inflater takes: its window and its tables.
    static let keptBytes = 48 << 10

    var inflater: any Inflater
    /// Whether each message begins with nothing remembered.
    var renews: Bool
  }

  init(_ direction: Direction, hasHead: Bool) {
    self.direction = direction
    phase = hasHead ? .head([]) : .frames
  }

  var isInHead: Bool {
    if case .head = phase { true } else { false }
  }

  mutating func end() {
    phase = .ended
    compression = nil
    control = []
  }

  /// Bytes that are kept in the hope of more.
  var keptBytes: Int {
    var count = control.count + partialHeader.count
    if case .head(let head) = phase { count += head.count }
    return compression == nil ? count : count + Compression.keptBytes
  }

  mutating func agree(on compression: Compression) { self.compression = compression }

  // MARK: Head

  /// Gathers the head; answers it, and where the frames begin, once it is whole.
  mutating func readHead(_ bytes: Span<UInt8>) -> (head: [UInt8], end: Int)? {
    guard case .head(var head) = phase else { return nil }
    phase = .ended
    for index in bytes.indices {
      head.append(bytes[index])
      if head.count > Self.headLimit { return nil }
      if bytes[index] == UInt8(ascii: "\n"), Self.isWhole(head) {
        phase = .frames
        return (head, index + 1)
      }
    }
    phase = .head(head)
    return nil
  }

  /// Whether a head ends with an empty line.
  private static func isWhole(_ head: [UInt8]) -> Bool {
    let end = head.dropLast()
    if end.last == UInt8(ascii: "\n") { return true }
    return end.last == UInt8(ascii: "\r") && end.dropLast().last == UInt8(ascii: "\n")
  }

  // MARK: Frames

  /// Takes the next bytes; payload and what else they bring is added to `output`.
  mutating func read(
    _ bytes: Span<UInt8>, _ services: (any CaptureServices)?, _ output: inout WebSocketOutput
  ) {
    var position = 0
    if case .lost = phase {
      guard let place = find(bytes) else {
        lostBytes += bytes.count
        return
      }
      position = place
      output.missing = (lostBytes + place, false)
      lostBytes = 0
      phase = .frames
    }
    guard case .frames = phase else { return }
    do throws(FrameFault) {
      while true {
        if left > 0 {
          let count = min(left, bytes.count - position)
          if count == 0 { return }
          try take(bytes.extracting(position..<position + count), services, &output)
          position += count
          if left > 0 { return }
        }
        guard let header = try nextHeader(bytes, &position) else { return }
        begin(header, &output)
        if left == 0 { try finishFrame(services, &output) }
        if case .ended = phase { return }
      }
    } catch {
      phase = .ended
      output.events.append(.malformed(direction, error.description))
    }
  }

  private mutating func nextHeader(
    _ bytes: Span<UInt8>, _ position: inout Int
  ) throws(FrameFault) -> FrameHeader? {
    while position < bytes.count {
      partialHeader.append(bytes[position])
      position += 1
      if let header = try FrameHeader(
        partialHeader.span, at: 0, fromClient: direction == .toServer,
        allowsCompression: compression != nil)
      {
        partialHeader.removeAll(keepingCapacity: true)
        return header
      }
    }
    return nil
  }

  private mutating func begin(_ header: FrameHeader, _ output: inout WebSocketOutput) {
    if header.opcode == .text && !hasToldText {
      hasToldText = true
      output.events.append(.malformed(direction, FrameFault.text.description))
    }
    if !header.opcode.isControl {
      if header.opcode != .continuation { isCompressed = header.isCompressed }
      isFinal = header.isFinal
    }
    opcode = header.opcode
    left = header.payloadCount
    key = header.key ?? 0
  }

  private mutating func take(
    _ bytes: Span<UInt8>, _ services: (any CaptureServices)?, _ output: inout WebSocketOutput
  ) throws(FrameFault) {
    if opcode.isControl || isCompressed {
      var part = bytes.array
      for index in part.indices {
        part[index] ^= UInt8(truncatingIfNeeded: key >> UInt32(8 * (index & 3)))
      }
      if opcode.isControl { control += part } else { inflate(part, &output) }
    } else {
      let start = output.payload.count
      output.payload.append(bytes)
      output.payload.combine(from: start, with: key)
    }
    pass(bytes.count)
    if left == 0 { try finishFrame(services, &output) }
  }

  /// So many bytes of the frame's payload are behind us.
  private mutating func pass(_ count: Int) {
    left -= count
    let bits = UInt32(count & 3) * 8
    if bits > 0 { key = key >> bits | key << (32 - bits) }
  }

  private mutating func finishFrame(
    _ services: (any CaptureServices)?, _ output: inout WebSocketOutput
  ) throws(FrameFault) {
    switch opcode {
    case .ping: output.events.append(.ping(direction))
    case .pong: output.events.append(.pong(direction))
    case .close:
      let code = control.count < 2 ? 1005 : Int(control[0]) << 8 | Int(control[1])
      output.events.append(
        .closing(direction, code: code, reason: DistinguishedName.text(control.dropFirst(2))))
      phase = .ended
    case .binary, .text, .continuation:
      if isFinal && isCompressed {
        inflate(Self.messageTail, &output)
        if compression?.renews == true, let fresh = services?.makeInflater() {
          compression?.inflater = fresh
        }
      }
    }
    control.removeAll(keepingCapacity: true)
  }

  private mutating func inflate(_ bytes: [UInt8], _ output: inout WebSocketOutput) {
    guard let inflater = compression?.inflater else { return }
    var payload = output.payload.take()
    var isTooLong = false
    let isRight = inflater.inflate(bytes) { piece in
      if payload.count + piece.count > Self.inflatedLimit {
        isTooLong = true
      } else {
        payload.append(piece)
      }
    }
    output.payload = payload
    if isRight && !isTooLong { return }
    phase = .ended
    output.events.append(
      .malformed(
        direction,
        isTooLong
          ? "a message decompresses to more than \(Self.inflatedLimit) bytes"
          : "a message that cannot be decompressed"))
  }

  // MARK: Gaps

  /// Bytes are not in the capture.
  mutating func miss(_ count: Int, _ output: inout WebSocketOutput) {
    switch phase {
    case .ended: return
    case .head:
      phase = .lost
      lostBytes = 0
    case .lost: lostBytes += count
    case .frames:
      if compression != nil && (isCompressed || left < count) {
        phase = .ended
        output.events.append(
          .malformed(direction, "bytes of a compressed stream are missing from the capture"))
      } else if left >= count {
        pass(count)
        if !opcode.isControl { output.missing = (count, true) }
      } else {
        phase = .lost
        lostBytes = count
        left = 0
        partialHeader = []
        control = []
      }
    }
  }

  /// The first offset from which frames follow that can be.
  private func find(_ bytes: Span<UInt8>) -> Int? {
    for offset in 0..<bytes.count where isFrame(bytes, at: offset) { return offset }
    return nil
  }

  private func isFrame(_ bytes: Span<UInt8>, at start: Int) -> Bool {
    var offset = start
    for _ in 0..<3 {
      let header: FrameHeader?
      do throws(FrameFault) {
        header = try FrameHeader(bytes, at: offset, fromClient: direction == .toServer)
      } catch {
        return false
      }
      guard let header else { return offset > start }
      if header.opcode == .text || header.payloadCount > FixedHeader.longestPacket { return false }
      let end = header.byteCount.addingReportingOverflow(header.payloadCount)
      if end.overflow { return false }
      offset += end.partialValue
      if offset == bytes.count { return true }
      if offset > bytes.count { return start == 0 && header.opcode == .binary }
    }
    return true
  }
}
