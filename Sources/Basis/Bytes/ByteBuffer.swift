// A growable run of bytes: appended at the end, consumed from the front. Every packet that is
// built, queued or waited for lives in one of these. It is unique (`~Copyable`), so handing it on
// is a move and never a copy, and it owns its memory, so forgetting it frees the bytes.
//
// The type is `@usableFromInline`, as are the other small types of the hot path: without that, the
// compiler (6.3.1) never takes the `@inlinable` members of a `package` type into other modules.
// A delivery costs less than half for it.
//
// The files of this folder are the only ones of the core that touch raw memory. An append of
// a byte costs about half a nanosecond here, six times less than with an array of bytes.

/// A unique, growable byte queue.
///
/// Invariant: `0 <= start <= end <= capacity`, and `base` is nil exactly when `capacity` is zero.
@safe @usableFromInline package struct ByteBuffer: ~Copyable {
  @usableFromInline var base: UnsafeMutablePointer<UInt8>?
  @usableFromInline var start: Int
  @usableFromInline var end: Int
  @usableFromInline var room: Int

  /// An empty buffer that owns no memory yet.
  @inlinable package init() {
    unsafe base = nil
    start = 0
    end = 0
    room = 0
  }

  /// An empty buffer with room for at least `minimumCapacity` bytes.
  @inlinable package init(minimumCapacity: Int) {
    self.init()
    reserve(minimumCapacity)
  }

  /// An empty buffer with room for exactly `exactCapacity` bytes, for what will never grow.
  @inlinable package init(exactCapacity: Int) {
    self.init()
    if exactCapacity > 0 {
      unsafe base = UnsafeMutablePointer<UInt8>.allocate(capacity: exactCapacity)
      room = exactCapacity
    }
  }

  deinit {
    if let base = unsafe base { unsafe base.deallocate() }
  }

  /// Bytes that can be read.
  @inlinable package var count: Int { end - start }

  /// Whether nothing can be read.
  @inlinable package var isEmpty: Bool { start == end }

  /// Bytes of memory owned.
  @inlinable package var capacity: Int { room }

  /// The readable bytes, borrowed.
  @inlinable package var span: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      let pointer = unsafe UnsafeBufferPointer<UInt8>(
        start: base.map { unsafe UnsafePointer($0 + start) }, count: end - start)
      let span = unsafe Span(_unsafeElements: pointer)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// The byte at `offset` from the first readable one.
  @inlinable package subscript(offset: Int) -> UInt8 {
    get {
      precondition(offset >= 0 && offset < end - start, "offset beyond the readable bytes")
      return unsafe base.unsafelyUnwrapped[start + offset]
    }
    set {
      precondition(offset >= 0 && offset < end - start, "offset beyond the readable bytes")
      unsafe base.unsafelyUnwrapped[start + offset] = newValue
    }
  }

  /// Whether `additional` more bytes go behind those that are there without moving these.
  @inlinable @inline(__always) package func hasRoom(for additional: Int) -> Bool {
    room - end >= additional
  }

  /// Makes room for `additional` more bytes at the end; amortised constant time.
  @inlinable @inline(__always) package mutating func reserve(_ additional: Int) {
    if !hasRoom(for: additional) { grow(additional) }
  }

  @usableFromInline @inline(never) mutating func grow(_ additional: Int) {
    precondition(additional >= 0, "a negative number of bytes")
    let used = end - start
    if used + additional <= room && start >= used {
      // The bytes move to the front of the same memory; at most half of it is copied.
      if let base = unsafe base { unsafe base.update(from: base + start, count: used) }
    } else {
      var wanted = Swift.max(64, room)
      while wanted < used + additional { wanted *= 2 }
      let fresh = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
      if let base = unsafe base {
        unsafe fresh.update(from: base + start, count: used)
        unsafe base.deallocate()
      }
      unsafe base = fresh
      room = wanted
    }
    start = 0
    end = used
  }

  /// Appends one byte.
  @inlinable @inline(__always) package mutating func append(_ byte: UInt8) {
    reserve(1)
    unsafe base.unsafelyUnwrapped[end] = byte
    end += 1
  }

  /// Appends two bytes, most significant first (1.5.2).
  @inlinable @inline(__always) package mutating func append(bigEndian value: UInt16) {
    reserve(2)
    unsafe base.unsafelyUnwrapped[end] = UInt8(truncatingIfNeeded: value >> 8)
    unsafe base.unsafelyUnwrapped[end + 1] = UInt8(truncatingIfNeeded: value)
    end += 2
  }

  /// Appends four bytes, most significant first (1.5.3).
  @inlinable @inline(__always) package mutating func append(bigEndian value: UInt32) {
    append(bigEndian: UInt16(truncatingIfNeeded: value >> 16))
    append(bigEndian: UInt16(truncatingIfNeeded: value))
  }

  /// Appends eight bytes, least significant first, as ``Swift/Span/word(at:)`` reads them.
  @inlinable @inline(__always) package mutating func append(littleEndian value: UInt64) {
    reserve(8)
    unsafe UnsafeMutableRawPointer(base.unsafelyUnwrapped + end).storeBytes(
      of: value.littleEndian, as: UInt64.self)
    end += 8
  }

  /// Writes eight bytes over readable ones from `offset` on, least significant first.
  @inlinable @inline(__always) package mutating func replace(
    at offset: Int, littleEndian value: UInt64
  ) {
    precondition(offset >= 0 && end - start - offset >= 8, "a word beyond the readable bytes")
    unsafe UnsafeMutableRawPointer(base.unsafelyUnwrapped + start + offset).storeBytes(
      of: value.littleEndian, as: UInt64.self)
  }

  /// Appends a copy of `bytes`.
  @inlinable @inline(__always) package mutating func append(_ bytes: Span<UInt8>) {
    let count = bytes.count
    if count == 0 { return }
    reserve(count)
    unsafe bytes.withUnsafeBufferPointer { source in
      unsafe (base.unsafelyUnwrapped + end).update(
        from: source.baseAddress.unsafelyUnwrapped, count: count)
    }
    end += count
  }

  /// Appends a copy of `range` of the readable bytes of another buffer.
  @inlinable @inline(__always) package mutating func append(
    _ range: Range<Int>, of other: borrowing ByteBuffer
  ) {
    append(other.span.extracting(range))
  }

  /// Appends a copy of the UTF-8 bytes of `text`.
  package mutating func append(utf8 text: String) {
    append(text.utf8.span)
  }

  /// Forgets the first `count` readable bytes.
  @inlinable package mutating func consume(_ count: Int) {
    precondition(count >= 0 && count <= end - start, "more consumed than there is")
    start += count
    if start == end {
      start = 0
      end = 0
    }
  }

  /// Forgets the last readable bytes so that `count` remain.
  @inlinable package mutating func truncate(to count: Int) {
    precondition(count >= 0 && count <= end - start, "truncation that would lengthen")
    end = start + count
  }

  /// Forgets all bytes and keeps the memory.
  @inlinable package mutating func clear() {
    start = 0
    end = 0
  }

  /// Hands over everything, bytes and memory, and leaves an empty buffer without memory.
  @inlinable package mutating func take() -> ByteBuffer {
    var other = ByteBuffer()
    swap(&self, &other)
    return other
  }

  /// A copy of the readable bytes as an array; for tests and slow paths.
  package var bytes: [UInt8] {
    let span = self.span
    return [UInt8](capacity: span.count) { output in
      for index in span.indices { output.append(span[index]) }
    }
  }

  /// Lends the readable bytes to a system call.
  @unsafe @inlinable package func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe body(
      UnsafeRawBufferPointer(
        start: base.map { unsafe UnsafeRawPointer($0 + start) }, count: end - start))
  }

  /// Lends at least `minimum` bytes of free room to a system call; `body` says how many it filled.
  @unsafe @inlinable package mutating func withUnsafeRoom<Failure: Error>(
    minimum: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) {
    reserve(minimum)
    let filled = try unsafe body(
      UnsafeMutableRawBufferPointer(
        start: base.map { unsafe UnsafeMutableRawPointer($0 + end) }, count: room - end))
    precondition(filled >= 0 && filled <= room - end, "more filled than there was room")
    end += filled
  }
}

extension ByteBuffer: @unchecked Sendable {}

extension Span where Element == UInt8 {
  /// The eight bytes from `offset` on as one number, the first byte in the low bits.
  @inlinable @inline(__always) package func word(at offset: Int) -> UInt64 {
    precondition(offset >= 0 && count - offset >= 8, "a word beyond the bytes")
    return unsafe UInt64(
      littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
  }
}
