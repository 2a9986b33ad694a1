// Output buffers that were written and wait for the next output. A busy broker then allocates
// nothing for its output, and an idle connection owns none. The stock is bounded in number and in
// size, so that one burst does not keep its memory for ever.

import MQTTCodec

/// A small stock of empty buffers.
struct SpareBuffers: ~Copyable {
  private static let countLimit = 64
  private static let capacityLimit = 256 << 10

  private var buffers = SlotTable<ByteBuffer>()
  private var order: [UInt32] = []

  init() {}

  /// An empty buffer, with memory when there is some in stock.
  mutating func take() -> ByteBuffer {
    guard let last = order.popLast() else { return ByteBuffer(minimumCapacity: 256) }
    return buffers.remove(last)
  }

  /// Keeps the memory of `buffer` if there is room for it.
  mutating func put(_ buffer: consuming ByteBuffer) {
    if buffer.capacity == 0 || buffer.capacity > Self.capacityLimit
      || order.count >= Self.countLimit
    {
      return
    }
    buffer.clear()
    order.append(buffers.insert(buffer).index)
  }
}
