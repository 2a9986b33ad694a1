// What WebSocket asks of bytes in place: a key laid over them (RFC 6455, 5.3), and room made in
// front of them for a frame's header. Both run over every byte that goes through a WebSocket, so
// they take a word at a time, and sit here with the rest of the code that touches raw memory.

/// Combines `count` bytes at `source` with the four bytes of `key`, over and over, and stores them at
/// `target`, which is `source` or lies before it.
///
/// The first byte meets the low byte of `key`.
@unsafe private func combine(
  _ source: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>, _ count: Int,
  _ key: UInt32
) {
  if key == 0 {
    if unsafe UnsafePointer(target) != source { unsafe target.update(from: source, count: count) }
    return
  }
  let word = UInt64(key) | UInt64(key) << 32
  let wide = SIMD4<UInt64>(repeating: word.littleEndian)
  let from = unsafe UnsafeRawPointer(source)
  let to = UnsafeMutableRawPointer(target)
  var offset = 0
  // A store never reaches a byte that has not been read: it ends where the load ended, or before.
  while count - offset >= 32 {
    let bytes = unsafe from.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self)
    unsafe to.storeBytes(of: bytes ^ wide, toByteOffset: offset, as: SIMD4<UInt64>.self)
    offset += 32
  }
  while count - offset >= 8 {
    let bytes = unsafe from.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    unsafe to.storeBytes(of: bytes ^ word.littleEndian, toByteOffset: offset, as: UInt64.self)
    offset += 8
  }
  while offset < count {
    let part = UInt8(truncatingIfNeeded: key >> UInt32(offset & 3 &* 8))
    unsafe target[offset] = source[offset] ^ part
    offset += 1
  }
}

extension MutableSpan where Element == UInt8 {
  /// Moves the bytes of `range` down to `target`, each combined with a byte of `key` by exclusive
  /// or: the first with its low byte, the fifth with that again.
  ///
  /// - Precondition: `target` does not lie behind the start of `range`.
  @_lifetime(self: copy self)
  package mutating func moveDown(_ range: Range<Int>, to target: Int, combinedWith key: UInt32) {
    precondition(
      target >= 0 && target <= range.lowerBound && range.upperBound <= count, "bytes out of bounds")
    if range.isEmpty { return }
    unsafe withUnsafeMutableBufferPointer { bytes in
      let base = unsafe bytes.baseAddress.unsafelyUnwrapped
      unsafe combine(base + range.lowerBound, base + target, range.count, key)
    }
  }
}

extension ByteBuffer {
  /// Puts `bytes` in front of all others.
  package mutating func prepend(_ bytes: Span<UInt8>) {
    let count = bytes.count
    if count == 0 { return }
    if start < count {
      let used = end - start
      reserve(count)
      if let base = unsafe base {
        unsafe (base + start + count).update(from: base + start, count: used)
      }
      end = start + count + used
    } else {
      start -= count
    }
    unsafe bytes.withUnsafeBufferPointer { source in
      unsafe (base.unsafelyUnwrapped + start).update(
        from: source.baseAddress.unsafelyUnwrapped, count: count)
    }
  }

  /// Combines every readable byte from `offset` on with a byte of `key` by exclusive or, the first
  /// with its low byte.
  package mutating func combine(from offset: Int, with key: UInt32) {
    precondition(offset >= 0 && offset <= count, "offset beyond the readable bytes")
    guard let base = unsafe base, offset < count else { return }
    let first = unsafe base + start + offset
    unsafe Basis.combine(first, first, count - offset, key)
  }
}
