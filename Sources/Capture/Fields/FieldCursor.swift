// A place in a packet that goes forward part by part, and knows where the packet ends.

import Basis
import MQTTCodec

/// The packet ends before the field does.
struct FieldShortage: Error {}

/// A place in the bytes of a packet.
struct FieldCursor: ~Escapable {
  let bytes: Span<UInt8>
  private(set) var offset: Int
  private let end: Int

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, at offset: Int, end: Int) {
    self.bytes = bytes
    self.offset = offset
    self.end = end
  }

  var remaining: Int { end - offset }

  @_lifetime(self: copy self)
  mutating func take(_ count: Int) throws(FieldShortage) -> Range<Int> {
    if count < 0 || count > remaining { throw FieldShortage() }
    offset += count
    return offset - count..<offset
  }

  /// A number of this many bytes.
  @_lifetime(self: copy self)
  mutating func number(_ count: Int) throws(FieldShortage) -> Int {
    var value = 0
    for index in try take(count) { value = value << 8 | Int(bytes[index]) }
    return value
  }

  @_lifetime(self: copy self)
  mutating func variableByteInteger() throws(FieldShortage) -> Int {
    var value = 0
    for shift in [0, 7, 14, 21] {
      let byte = try number(1)
      value |= (byte & 0x7F) << shift
      if byte & 0x80 == 0 { return value }
    }
    throw FieldShortage()
  }
}
