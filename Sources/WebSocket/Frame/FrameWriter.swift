// From bytes to frames: each stretch of output becomes one frame that is a whole message.

import Basis

extension ByteBuffer {
  /// Makes one frame of all that is in the buffer, in place; with a key the payload is masked.
  mutating func becomeFrame(_ opcode: Opcode, key: UInt32?) {
    let count = self.count
    var header = InlineArray<14, UInt8>(repeating: 0)
    var length = 2
    header[0] = 0x80 | opcode.rawValue
    if count < 126 {
      header[1] = UInt8(count)
    } else {
      let lengthBytes = count <= 0xFFFF ? 2 : 8
      header[1] = lengthBytes == 2 ? 126 : 127
      for position in 0..<lengthBytes {
        let shift = UInt64(8 * (lengthBytes - 1 - position))
        header[2 + position] = UInt8(truncatingIfNeeded: UInt64(count) >> shift)
      }
      length += lengthBytes
    }
    if let key {
      header[1] |= 0x80
      for position in 0..<4 {
        header[length + position] = UInt8(truncatingIfNeeded: key >> UInt32(8 * position))
      }
      length += 4
      combine(from: 0, with: key)
    }
    prepend(header.span.extracting(0..<length))
  }
}
