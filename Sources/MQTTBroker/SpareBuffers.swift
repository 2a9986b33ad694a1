// Output buffers that were written and wait for the next output. A busy broker then allocates
// nothing for its output, and an idle connection owns none. The stock is bounded in number and in
// size, so that one burst does not keep its memory for ever.
//
// Large buffers are a stock of their own, for outputs that have become large: growing to the same
// size again at each turn would copy every byte twice, and a small output in a large buffer would
// keep it from others.

import Basis

/// A small stock of empty buffers.
struct SpareBuffers: ~Copyable {
  private static let countLimit = 64
  /// From here on a buffer is a large one.
  private static let largeBytes = 256 << 10
  /// A buffer that is full with so much moves to a large one.
  private static let movedBytes = largeBytes / 4
  /// Bytes of all large ones together.
  private static let largeByteLimit = 8 << 20

  private var buffers = SlotTable<ByteBuffer>()
  private var order: [Slot<ByteBuffer>] = []
  private var large: [(slot: Slot<ByteBuffer>, capacity: Int)] = []
  private var largeByteCount = 0

  init() {}

  /// An empty buffer, with memory when there is some in stock.
  mutating func take() -> ByteBuffer {
    guard let last = order.popLast() else { return ByteBuffer(minimumCapacity: 256) }
    return buffers.remove(last)
  }

  /// Lets a buffer that has become large, and has no room for `count` bytes more, grow into a larger
  /// one, if there is one in stock.
  @inline(__always) mutating func makeRoom(for count: Int, in buffer: inout ByteBuffer) {
    if buffer.count >= Self.movedBytes && !buffer.hasRoom(for: count) { enlarge(&buffer) }
  }

  private mutating func enlarge(_ buffer: inout ByteBuffer) {
    // The largest, so that nothing is moved a second time.
    var largest: (place: Int, capacity: Int) = (0, buffer.capacity)
    for place in 0..<large.count where large[place].capacity > largest.capacity {
      largest = (place, large[place].capacity)
    }
    if largest.capacity == buffer.capacity { return }
    var fresh = buffers.remove(large.remove(at: largest.place).slot)
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
      let capacity = buffer.capacity
      large.append((buffers.insert(buffer).index, capacity))
    } else if buffer.capacity > 0 && order.count < Self.countLimit {
      order.append(buffers.insert(buffer).index)
    }
  }
}
