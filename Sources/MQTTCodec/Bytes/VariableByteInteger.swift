// Variable byte integers (1.5.5): seven bits a byte, least significant first, the high bit saying
// that more follow; at most four bytes, and never more than needed. [MQTT-1.5.5-1]

import Basis

/// The encoding of lengths and subscription identifiers (1.5.5).
package enum VariableByteInteger {
  /// The greatest value: four bytes of seven bits.
  package static let maximum = 268_435_455

  /// What the bytes at some place turned out to be.
  enum Reading: Equatable {
    /// A value, and the bytes that it took.
    case value(Int, length: Int)
    /// The bytes end before the integer does.
    case shortage
    /// A fourth byte says that a fifth follows.
    case tooLong
    /// The last byte is zero, so fewer bytes would have done.
    case notMinimal(length: Int)
  }

  /// Bytes that `value`, 0 to ``maximum``, takes.
  package static func size(_ value: Int) -> Int {
    precondition(value >= 0 && value <= maximum, "no variable byte integer holds this value")
    return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4
  }

  /// Reads the integer that starts at `offset` and must end before `end`.
  static func read(_ bytes: Span<UInt8>, at offset: Int, end: Int) -> Reading {
    var value = 0
    var length = 0
    while offset + length < end {
      let byte = bytes[offset + length]
      value |= Int(byte & 0x7F) << (7 * length)
      length += 1
      if byte & 0x80 == 0 {
        return byte == 0 && length > 1 ? .notMinimal(length: length) : .value(value, length: length)
      }
      if length == 4 { return .tooLong }
    }
    return .shortage
  }
}

extension ByteBuffer {
  /// Appends `value`, 0 to ``VariableByteInteger/maximum``, in as few bytes as possible.
  /// [MQTT-1.5.5-1]
  package mutating func append(variableByteInteger value: Int) {
    precondition(
      value >= 0 && value <= VariableByteInteger.maximum,
      "no variable byte integer holds this value")
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Appends `text` with its length in two bytes before it (1.5.4); at most 65,535 bytes.
  mutating func append(lengthPrefixed text: String) {
    let bytes = text.utf8.span
    append(bigEndian: UInt16(bytes.count))
    append(bytes)
  }

  /// Appends `data` with its length in two bytes before it (1.5.6); at most 65,535 bytes.
  mutating func append(lengthPrefixed data: [UInt8]) {
    append(bigEndian: UInt16(data.count))
    append(data.span)
  }
}
