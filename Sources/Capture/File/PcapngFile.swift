// pcapng: blocks of a type and a length. A section begins with the byte order, interfaces follow
// with their link type and the resolution of their clock, then frames that name their interface.
// A file may hold several sections, each with interfaces of its own. Blocks of other types are
// skipped. A Decryption Secrets Block brings the TLS keys along.

import MQTTCodec

/// What the blocks so far have said.
struct PcapngFile {
  /// The type of a Section Header Block, the same in either byte order.
  static let sectionHeader = 0x0A0D_0D0A
  private static let orderMagic = 0x1A2B_3C4D
  private static let interfaceDescription = 1
  private static let simplePacket = 3
  private static let obsoletePacket = 2
  private static let enhancedPacket = 6
  private static let decryptionSecrets = 10
  /// `TLSK`: lines in the form of a key log file.
  private static let tlsKeyLog = 0x544C_534B
  /// Most interfaces of a section; each costs memory.
  private static let interfaceLimit = 65_536

  private struct Interface {
    var link: LinkType
    /// Ticks of its clock in a second.
    var ticksPerSecond: UInt64 = 1_000_000
    var offsetSeconds: Int64 = 0
    /// Longest part of a frame that is kept; zero is no bound.
    var snapLength: Int
  }

  private var order = ByteOrder.little
  private var interfaces: [Interface] = []

  /// Reads the next block; answers how many bytes it took, nil for "need more".
  mutating func read(
    _ bytes: Span<UInt8>, at offset: Int, _ frame: inout Frame?, _ secrets: inout [[UInt8]]
  ) throws(CaptureFault) -> Int? {
    if bytes.count < 12 { return nil }
    let type = bytes.number(at: 0, order, bytes: 4)
    if type == Self.sectionHeader { order = try Self.order(bytes, at: offset) }
    let length = bytes.number(at: 4, order, bytes: 4)
    if length < 12 || length % 4 != 0 || length > CaptureFile.lengthLimit {
      throw CaptureFault(
        at: offset + 4,
        "a block of \(length) bytes, which is no multiple of 4 from 12 to "
          + "\(CaptureFile.lengthLimit)")
    }
    if bytes.count < length { return nil }
    let repeated = bytes.number(at: length - 4, order, bytes: 4)
    if repeated != length {
      throw CaptureFault(
        at: offset + length - 4,
        "the block's length is \(length) at its beginning and \(repeated) at its end")
    }
    let block = bytes.extracting(0..<length)
    switch type {
    case Self.sectionHeader: interfaces = []
    case Self.interfaceDescription: try addInterface(block, at: offset)
    case Self.enhancedPacket: frame = try enhanced(block, at: offset)
    case Self.obsoletePacket: frame = try obsolete(block, at: offset)
    case Self.simplePacket: frame = try simple(block, at: offset)
    case Self.decryptionSecrets: addSecrets(block, &secrets)
    default: break  // Names, statistics and what others have added: nothing to see here.
    }
    return length
  }

  private static func order(
    _ bytes: Span<UInt8>, at offset: Int
  ) throws(CaptureFault) -> ByteOrder {
    if bytes.number(at: 8, .little, bytes: 4) == orderMagic { return .little }
    if bytes.number(at: 8, .big, bytes: 4) == orderMagic { return .big }
    throw CaptureFault(at: offset + 8, "a section without the mark of its byte order")
  }

  // MARK: Interfaces and secrets

  private mutating func addInterface(
    _ block: Span<UInt8>, at offset: Int
  ) throws(CaptureFault) {
    if block.count < 20 { throw Self.tooShort(block, at: offset, "an interface") }
    if interfaces.count == Self.interfaceLimit {
      throw CaptureFault(at: offset, "more than \(Self.interfaceLimit) interfaces in one section")
    }
    var interface = Interface(
      link: LinkType(number: block.number(at: 8, order, bytes: 2)),
      snapLength: block.number(at: 12, order, bytes: 4))
    var position = 16
    while position + 4 <= block.count - 4 {
      let code = block.number(at: position, order, bytes: 2)
      let count = block.number(at: position + 2, order, bytes: 2)
      if code == 0 || position + 4 + count > block.count - 4 { break }
      let value = block.extracting(position + 4..<position + 4 + count)
      // if_tsresol and if_tsoffset.
      if code == 9, count == 1 { interface.ticksPerSecond = Self.ticks(value[0]) }
      if code == 14, count == 8 {
        interface.offsetSeconds = Int64(
          truncatingIfNeeded: value.number(at: 0, order, bytes: 8))
      }
      position += 4 + (count + 3) / 4 * 4
    }
    interfaces.append(interface)
  }

  /// Ten or two (the high bit), to the power of the rest; what does not fit is as fine as can be.
  private static func ticks(_ resolution: UInt8) -> UInt64 {
    let exponent = Int(resolution & 0x7F)
    if resolution & 0x80 != 0 { return 1 << UInt64(min(exponent, 63)) }
    var ticks: UInt64 = 1
    for _ in 0..<min(exponent, 19) { ticks *= 10 }
    return ticks
  }

  private func addSecrets(_ block: Span<UInt8>, _ secrets: inout [[UInt8]]) {
    if block.count < 24 || block.number(at: 8, order, bytes: 4) != Self.tlsKeyLog { return }
    let count = min(block.number(at: 12, order, bytes: 4), block.count - 20)
    secrets.append((0..<count).map { block[16 + $0] })
  }

  // MARK: Frames

  private func enhanced(_ block: Span<UInt8>, at offset: Int) throws(CaptureFault) -> Frame {
    if block.count < 32 { throw Self.tooShort(block, at: offset, "a frame") }
    let number = block.number(at: 8, order, bytes: 4)
    return try frame(
      block, at: offset, interface: number,
      ticks: UInt64(block.number(at: 12, order, bytes: 4)) << 32
        | UInt64(block.number(at: 16, order, bytes: 4)),
      captured: block.number(at: 20, order, bytes: 4),
      original: block.number(at: 24, order, bytes: 4), from: 28)
  }

  private func obsolete(_ block: Span<UInt8>, at offset: Int) throws(CaptureFault) -> Frame {
    if block.count < 32 { throw Self.tooShort(block, at: offset, "a frame") }
    return try frame(
      block, at: offset, interface: block.number(at: 8, order, bytes: 2),
      ticks: UInt64(block.number(at: 12, order, bytes: 4)) << 32
        | UInt64(block.number(at: 16, order, bytes: 4)),
      captured: block.number(at: 20, order, bytes: 4),
      original: block.number(at: 24, order, bytes: 4), from: 28)
  }

  private func simple(_ block: Span<UInt8>, at offset: Int) throws(CaptureFault) -> Frame {
    if block.count < 16 { throw Self.tooShort(block, at: offset, "a frame") }
    let original = block.number(at: 8, order, bytes: 4)
    var captured = min(original, block.count - 16)
    if let snap = interfaces.first?.snapLength, snap > 0 { captured = min(captured, snap) }
    return try frame(
      block, at: offset, interface: 0, ticks: nil, captured: captured, original: original, from: 12)
  }

  private func frame(
    _ block: Span<UInt8>, at offset: Int, interface number: Int, ticks: UInt64?, captured: Int,
    original: Int, from start: Int
  ) throws(CaptureFault) -> Frame {
    if number >= interfaces.count {
      throw CaptureFault(
        at: offset + 8,
        "a frame of interface \(number), where \(interfaces.count) interfaces are described")
    }
    if captured > block.count - 4 - start {
      throw CaptureFault(
        at: offset + 20, "a frame of \(captured) bytes in a block of \(block.count)")
    }
    let interface = interfaces[number]
    return Frame(
      number: 0, timeNanoseconds: ticks.map { Self.nanoseconds($0, interface) },
      link: interface.link, originalLength: max(captured, original), range: start..<start + captured
    )
  }

  private static func nanoseconds(_ ticks: UInt64, _ interface: Interface) -> Int64 {
    let (seconds, rest) = ticks.quotientAndRemainder(dividingBy: interface.ticksPerSecond)
    let (high, low) = rest.multipliedFullWidth(by: 1_000_000_000)
    let (fraction, _) = interface.ticksPerSecond.dividingFullWidth((high, low))
    return (Int64(truncatingIfNeeded: seconds) &+ interface.offsetSeconds) &* 1_000_000_000
      &+ Int64(truncatingIfNeeded: fraction)
  }

  private static func tooShort(
    _ block: Span<UInt8>, at offset: Int, _ what: String
  ) -> CaptureFault {
    CaptureFault(at: offset, "\(block.count) bytes are too few for the block of \(what)")
  }
}
