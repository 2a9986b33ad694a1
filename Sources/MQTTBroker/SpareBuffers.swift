// Output buffers that were written and wait for the next output. A busy broker then allocates
// nothing for its output, and an idle connection owns none. The stock is bounded in number and in
// size, so that one burst does not keep its memory for ever.
//
// Large buffers are a stock of their own, for outputs that have become large: growing to the same
// size again at each turn would copy every byte twice, and a small output in a large buffer would
// keep it from others.

import MQTTCodec

/// A small stock of empty buffers.
struct SpareBuffers: ~Copyable {
  private static let countLimit = 64
  /// From here on a buffer is a large one.
  static let largeBytes = 256 << 10
  /// Bytes of all large ones together.
  private static let largeByteLimit = 8 << 20

  private var buffers = SlotTable<ByteBuffer>()
  private var order: [UInt32] = []
  private var large: [UInt32] = []
  private var largeByteCount = 0

  init() {}

  /// An empty buffer, with memory when there is some in stock.
  mutating func take() -> ByteBuffer {
    guard let last = order.popLast() else { return ByteBuffer(minimumCapacity: 256) }
    return buffers.remove(last)
  }

  /// Moves what is in `buffer`, which is about to grow, to a large one if there is one in stock.
  mutating func enlarge(_ buffer: inout ByteBuffer) {
    guard let last = large.popLast() else { return }
    var fresh = buffers.remove(last)
    largeByteCount -= fresh.capacity
    fresh.append(buffer.span)
    swap(&buffer, &fresh)
    put(fresh)
  }

  /// Keeps the memory of `buffer` if there is room for it.
  mutating func put(_ buffer: consuming ByteBuffer) {
    buffer.clear()
    if buffer.capacity > Self.largeBytes {
      if largeByteCount + buffer.capacity > Self.largeByteLimit { return }
      largeByteCount += buffer.capacity
      large.append(buffers.insert(buffer).index)
    } else if buffer.capacity > 0 && order.count < Self.countLimit {
      order.append(buffers.insert(buffer).index)
    }
  }
}
