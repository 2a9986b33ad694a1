// What every message carries in front of its payload, so that nothing has to be believed: which run
// and publisher it is from, which number it has, and when it was to be sent. 24 bytes, least
// significant first, so that reading one is three loads.
//
//   0  2  the letters "mb"
//   2  2  run, at random, so that messages of an earlier run are told apart
//   4  4  publisher
//   8  8  sequence number, from 0
//  16  8  intended time of sending, nanoseconds of the monotonic clock

package import Basis

/// The first bytes of a payload.
package struct MessageStamp: Equatable, Sendable {
  /// Bytes of a stamp; no payload is shorter.
  package static let size = 24
  static let mark: UInt16 = 0x626D

  package let run: UInt16
  package var publisher: UInt32
  package var sequence: UInt64
  package var nanoseconds: Int64

  /// Joins the parts.
  package init(run: UInt16, publisher: UInt32, sequence: UInt64, nanoseconds: Int64) {
    self.run = run
    self.publisher = publisher
    self.sequence = sequence
    self.nanoseconds = nanoseconds
  }

  /// Reads the stamp at `offset`; nil when there is none.
  package init?(_ bytes: Span<UInt8>, at offset: Int) {
    guard bytes.count &- offset >= 24 else { return nil }
    let head = bytes.word(at: offset)
    guard UInt16(truncatingIfNeeded: head) == Self.mark else { return nil }
    self.init(
      run: UInt16(truncatingIfNeeded: head >> 16),
      publisher: UInt32(truncatingIfNeeded: head >> 32),
      sequence: bytes.word(at: offset &+ 8),
      nanoseconds: Int64(bitPattern: bytes.word(at: offset &+ 16)))
  }

  /// Appends the stamp.
  package func append(to buffer: inout ByteBuffer) {
    let place = buffer.count
    for _ in 0..<Self.size { buffer.append(0) }
    write(to: &buffer, at: place)
  }

  /// Writes the stamp over the bytes from `offset` on.
  package func write(to buffer: inout ByteBuffer, at offset: Int) {
    let head = UInt64(Self.mark) | UInt64(run) << 16 | UInt64(publisher) << 32
    buffer.replace(at: offset, littleEndian: head)
    buffer.replace(at: offset + 8, littleEndian: sequence)
    buffer.replace(at: offset + 16, littleEndian: UInt64(bitPattern: nanoseconds))
  }
}
