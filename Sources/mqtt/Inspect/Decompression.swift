// zlib, streaming: bytes in as they come, decompressed bytes out in pieces of bounded size, so that
// no file and no message makes more memory necessary than one piece.

import CZlib
import Capture
import MQTTCodec

/// A stream that is being decompressed.
final class Decompression: Inflater {
  /// What stands around the compressed bytes.
  enum Form {
    /// gzip (RFC 1952), member after member.
    case gzip
    /// Nothing.
    case raw
  }

  private static let pieceLength = 64 << 10

  private let stream: UnsafeMutablePointer<z_stream>
  private let form: Form
  private var piece: [UInt8]
  /// Whether a member has ended and none has begun behind it.
  private(set) var isBetweenMembers = true
  private var hasFailed = false

  /// Nil when there is no memory for it.
  init?(_ form: Form) {
    self.form = form
    piece = [UInt8](repeating: 0, count: Self.pieceLength)
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 15 is the largest window; 16 more means gzip, and a negative number no header at all.
    if CZlib_start_inflate(stream, form == .gzip ? 15 + 16 : -15) != Z_OK {
      stream.deallocate()
      return nil
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  func inflate(_ bytes: [UInt8], _ take: (Span<UInt8>) -> Void) -> Bool {
    bytes.withUnsafeBytes { source in inflate(source) { take($0) } }
  }

  /// Decompresses `source` to its end; false when it cannot be decompressed.
  func inflate(_ source: UnsafeRawBufferPointer, _ take: (Span<UInt8>) -> Void) -> Bool {
    if hasFailed { return false }
    let bytes = source.assumingMemoryBound(to: UInt8.self)
    stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
    stream.pointee.avail_in = UInt32(bytes.count)
    repeat {
      if stream.pointee.avail_in > 0 { isBetweenMembers = false }
      let (result, count) = step()
      if count > 0 { take(piece.span.extracting(0..<count)) }
      switch result {
      case Z_OK, Z_BUF_ERROR:
        // A full piece means that there may be more; all input taken and room left, that there is not.
        if count < Self.pieceLength && stream.pointee.avail_in == 0 { return true }
        if result == Z_BUF_ERROR && count == 0 { return stream.pointee.avail_in == 0 }
      case Z_STREAM_END:
        isBetweenMembers = true
        if form == .raw || inflateReset(stream) != Z_OK { return true }
        if stream.pointee.avail_in == 0 { return true }
      default:
        hasFailed = true
        return false
      }
    } while true
  }

  private func step() -> (result: Int32, count: Int) {
    piece.withUnsafeMutableBufferPointer { room in
      stream.pointee.next_out = room.baseAddress
      stream.pointee.avail_out = UInt32(room.count)
      let result = CZlib.inflate(stream, Z_NO_FLUSH)
      return (result, room.count - Int(stream.pointee.avail_out))
    }
  }
}
