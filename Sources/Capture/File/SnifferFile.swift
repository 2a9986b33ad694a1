// The .cap of NetXRay and Sniffer for Windows, version 2: a header of 128 bytes that says where the
// frames begin and end, and frames with a header of 40 bytes. All numbers are little-endian.

import MQTTCodec

/// What the file's header says.
struct SnifferFile {
  private static let headerLength = 128
  private static let frameHeaderLength = 40
  /// `XCP` and a zero.
  private static let magic = 0x5843_5000

  private var start = 0
  private var end = 0
  private var startSeconds = 0
  private var link = LinkType.ethernet
  private var isHeaderRead = false
  /// Whether all frames that the header tells of were read.
  private(set) var isAtEnd = false

  static func isSignature(_ bytes: Span<UInt8>) -> Bool {
    bytes.number(at: 0, .big, bytes: 4) == magic
  }

  /// Reads the file's header or the next frame; answers how many bytes it took, nil for "need more".
  mutating func read(
    _ bytes: Span<UInt8>, at offset: Int, _ frame: inout Frame?
  ) throws(CaptureFault) -> Int? {
    if !isHeaderRead { return try readHeader(bytes, at: offset) }
    if offset >= end { isAtEnd = true }
    if isAtEnd || bytes.count < Self.frameHeaderLength { return nil }
    let captured = bytes.number(at: 10, .little, bytes: 2)
    if bytes.count - Self.frameHeaderLength < captured { return nil }
    let ticks = bytes.number(at: 0, .little, bytes: 8)
    frame = Frame(
      number: 0,
      timeNanoseconds: Int64(startSeconds) * 1_000_000_000 &+ Int64(truncatingIfNeeded: ticks)
        &* 1000,
      link: link, originalLength: max(captured, bytes.number(at: 8, .little, bytes: 2)),
      range: Self.frameHeaderLength..<Self.frameHeaderLength + captured)
    return Self.frameHeaderLength + captured
  }

  private mutating func readHeader(
    _ bytes: Span<UInt8>, at offset: Int
  ) throws(CaptureFault) -> Int? {
    if bytes.count < Self.headerLength { return nil }
    if bytes[4] != UInt8(ascii: "0"), bytes[6] != UInt8(ascii: "2") {
      throw CaptureFault(at: offset + 4, "a Sniffer capture of another version than 002")
    }
    start = bytes.number(at: 24, .little, bytes: 4)
    end = bytes.number(at: 28, .little, bytes: 4)
    startSeconds = bytes.number(at: 12, .little, bytes: 4)
    let network = bytes.number(at: 40, .little, bytes: 1)
    if network != 0 { link = .unknown(network) }
    if start < Self.headerLength || start > CaptureFile.lengthLimit || end < start {
      throw CaptureFault(at: offset + 24, "frames from byte \(start) to \(end), which cannot be")
    }
    if bytes.count < start { return nil }
    isHeaderRead = true
    return start
  }
}
