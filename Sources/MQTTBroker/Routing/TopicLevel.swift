// One level of a topic as the trees compare it: up to 16 bytes, as nearly all have, are two words.

import Basis

/// One level of a topic, packed for hashing and comparing.
struct TopicLevel {
  var first: UInt64 = 0
  var second: UInt64 = 0
  var length = 0
  /// Where the level stands in the topic.
  var range = 0..<0

  /// An empty level.
  init() {}

  /// The level that starts at `start` and ends before the next `/` or at the end.
  @inline(__always) init(_ topic: Span<UInt8>, from start: Int) {
    var position = start
    unsafe topic.withUnsafeBytes { topic in
      first = unsafe Self.word(of: topic, &position)
      if position - start == 8 { second = unsafe Self.word(of: topic, &position) }
      if position - start < 16 { return }
      // Beyond 16 bytes the words only tell most levels apart; the bytes themselves are compared.
      while position < topic.count && (unsafe topic[position]) != 0x2F {
        first = (first &* 0x9E37_79B9_7F4A_7C15) ^ UInt64(unsafe topic[position])
        position += 1
      }
    }
    length = position - start
    range = start..<position
  }

  /// Up to eight bytes of a level, behind which `position` is then.
  @unsafe @inline(__always) private static func word(
    of topic: UnsafeRawBufferPointer, _ position: inout Int
  ) -> UInt64 {
    let left = topic.count - position
    var word: UInt64 = 0
    if left >= 8 {
      word = unsafe topic.loadUnaligned(fromByteOffset: position, as: UInt64.self).littleEndian
    } else if topic.count >= 8 && left > 0 {
      // The last eight bytes of the topic, without those before the level.
      let end = unsafe topic.loadUnaligned(fromByteOffset: topic.count - 8, as: UInt64.self)
      word = end.littleEndian >> UInt64((8 - left) * 8)
    } else {
      for offset in 0..<left {
        word |= UInt64(unsafe topic[position + offset]) << UInt64(offset * 8)
      }
    }
    // A byte that is a `/` becomes zero, and the lowest zero byte is the lowest that borrows.
    let zeroed = word ^ 0x2F2F_2F2F_2F2F_2F2F
    let borrowed = (zeroed &- 0x0101_0101_0101_0101) & ~zeroed & 0x8080_8080_8080_8080
    let count = min(borrowed.trailingZeroBitCount / 8, left)
    position += count
    return count >= 8 ? word : word & ((1 << UInt64(count * 8)) &- 1)
  }

  var isPlus: Bool { length == 1 && first == 0x2B }
  var isHash: Bool { length == 1 && first == 0x23 }
  var isLong: Bool { length > 16 }
}
