// The classic libpcap file: a header of 24 bytes, then frames with a header of 16 each. There are
// four magic numbers that matter (either byte order, microseconds or nanoseconds), and three
// variants that write more per frame: Kuznetzov's patch (its own magic), the same patch as Red Hat
// 6.1 shipped it (with the plain magic, told by looking where the second frame would be), and
// Navtel's, which is not met with any more.

import MQTTCodec

/// What the file's header says.
struct PcapFile {
  private static let microseconds = 0xA1B2_C3D4
  private static let nanoseconds = 0xA1B2_3C4D
  private static let patched = 0xA1B2_CD34
  private static let headerLength = 24
  private static let plainFrameHeader = 16
  private static let patchedFrameHeader = 24
  /// Frames that are looked at to tell the two layouts apart.
  private static let probeCount = 3

  private let order: ByteOrder
  private let isNanoseconds: Bool
  /// Bytes in front of each frame, one of the two above; 0 while it is not known.
  private var frameHeaderLength: Int
  private var link = LinkType.unknown(0)
  private var isHeaderRead = false

  /// Nil when the file does not begin like one.
  init?(signature: Span<UInt8>) {
    for order in [ByteOrder.little, .big] {
      let magic = signature.number(at: 0, order, bytes: 4)
      if magic == Self.microseconds || magic == Self.nanoseconds || magic == Self.patched {
        self.order = order
        isNanoseconds = magic == Self.nanoseconds
        frameHeaderLength =
          magic == Self.patched
          ? Self.patchedFrameHeader : isNanoseconds ? Self.plainFrameHeader : 0
        return
      }
    }
    return nil
  }

  var name: String {
    frameHeaderLength == Self.patchedFrameHeader
      ? "pcap (patched)"
      : isNanoseconds ? "pcap (nanoseconds)" : "pcap"
  }

  /// Reads the file's header or the next frame; answers how many bytes it took, nil for "need more".
  mutating func read(
    _ bytes: Span<UInt8>, at offset: Int, _ frame: inout Frame?
  ) throws(CaptureFault) -> Int? {
    if !isHeaderRead {
      if bytes.count < Self.headerLength { return nil }
      let version = bytes.number(at: 4, order, bytes: 2)
      if version != 2 {
        throw CaptureFault(at: offset + 4, "pcap version \(version), where there is only 2")
      }
      // The upper bits tell of a frame check sequence; the link type has 16.
      link = LinkType(number: bytes.number(at: 20, order, bytes: 4) & 0xFFFF)
      isHeaderRead = true
      return Self.headerLength
    }
    if frameHeaderLength == 0 {
      guard let found = layout(bytes) else { return nil }
      frameHeaderLength = found
    }
    if bytes.count < frameHeaderLength { return nil }
    let captured = bytes.number(at: 8, order, bytes: 4)
    if captured > CaptureFile.lengthLimit {
      throw CaptureFault(
        at: offset + 8,
        "a frame of \(captured) bytes, more than the \(CaptureFile.lengthLimit) that are believed")
    }
    if bytes.count - frameHeaderLength < captured { return nil }
    let fraction = bytes.number(at: 4, order, bytes: 4)
    let seconds = bytes.number(at: 0, order, bytes: 4)
    frame = Frame(
      number: 0,
      timeNanoseconds: Int64(seconds) * 1_000_000_000
        + Int64(isNanoseconds ? fraction : fraction * 1000),
      link: link, originalLength: max(captured, bytes.number(at: 12, order, bytes: 4)),
      range: frameHeaderLength..<frameHeaderLength + captured)
    return frameHeaderLength + captured
  }

  /// Which of the two layouts the frames have, by how far each of them leads to sensible headers;
  /// nil when more bytes are needed to tell.
  private func layout(_ bytes: Span<UInt8>) -> Int? {
    let plain = chain(bytes, Self.plainFrameHeader)
    if plain.isWhole { return Self.plainFrameHeader }
    let patched = chain(bytes, Self.patchedFrameHeader)
    if patched.isWhole { return Self.patchedFrameHeader }
    // A short file, or one that is still being fed: the first frame decides when it is all there.
    if bytes.count < 1 << 16 && !plain.isBroken {
      return plain.count > 0 ? Self.plainFrameHeader : nil
    }
    return plain.isBroken && patched.count > 0 && !patched.isBroken
      ? Self.patchedFrameHeader : Self.plainFrameHeader
  }

  private func chain(_ bytes: Span<UInt8>, _ header: Int) -> (
    count: Int, isWhole: Bool, isBroken: Bool
  ) {
    var offset = 0
    var count = 0
    while count < Self.probeCount {
      if bytes.count - offset < header { return (count, false, false) }
      let captured = bytes.number(at: offset + 8, order, bytes: 4)
      let original = bytes.number(at: offset + 12, order, bytes: 4)
      let fraction = bytes.number(at: offset + 4, order, bytes: 4)
      if captured > CaptureFile.lengthLimit || original > 1 << 30 || captured > original
        || fraction >= 1_000_000
      {
        return (count, false, true)
      }
      if bytes.count - offset - header < captured { return (count, false, false) }
      offset += header + captured
      count += 1
    }
    return (count, true, false)
  }
}
