// Written buffers on their way back to the one who filled them. Arrays cannot hold unique values,
// so this is a stack on plain memory.

import Basis

struct BufferStack: ~Copyable {
  private var base: UnsafeMutablePointer<ByteBuffer>?
  private var capacity = 0
  private(set) var count = 0

  init() {}

  deinit {
    if let base {
      base.deinitialize(count: count)
      base.deallocate()
    }
  }

  mutating func push(_ buffer: consuming ByteBuffer) {
    if count == capacity { grow() }
    guard let base else { return }
    (base + count).initialize(to: buffer)
    count += 1
  }

  mutating func pop() -> ByteBuffer? {
    guard count > 0, let base else { return nil }
    count -= 1
    return (base + count).move()
  }

  private mutating func grow() {
    let wanted = max(16, capacity * 2)
    let fresh = UnsafeMutablePointer<ByteBuffer>.allocate(capacity: wanted)
    if let base {
      fresh.moveInitialize(from: base, count: count)
      base.deallocate()
    }
    base = fresh
    capacity = wanted
  }
}
