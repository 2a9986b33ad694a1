// Bytes that many connections send alike. They are written once and sent from where they stand, so
// a message to a hundred subscribers is not copied a hundred times.

/// A run of bytes that grows at its end while one holds it alone, and is only read while several do.
///
/// That rule is what makes it safe to read from any thread; whoever writes asks
/// `isKnownUniquelyReferenced`, or knows that all other holders read on the same thread.
package final class SharedBytes: @unchecked Sendable {
  @exclusivity(unchecked) package var buffer = ByteBuffer()

  package init() {}
}

/// A part of shared bytes, which stays as it is for as long as this exists.
package struct SharedRun: Sendable {
  private let bytes: SharedBytes
  private let range: Range<Int>

  /// The bytes in `range`, which exist.
  package init(_ bytes: SharedBytes, _ range: Range<Int>) {
    precondition(unsafe range.upperBound <= bytes.buffer.count, "beyond the shared bytes")
    self.bytes = bytes
    self.range = range
  }

  package var count: Int { range.count }

  /// Lends the bytes from `offset` on.
  package func withBytes<Result>(from offset: Int = 0, _ body: (Span<UInt8>) -> Result) -> Result {
    unsafe bytes.buffer.withUnsafeBytes { all in
      let part = unsafe UnsafeRawBufferPointer(
        rebasing: all[range.lowerBound + offset..<range.upperBound])
      let span = unsafe Span<UInt8>(_unsafeBytes: part)
      return body(span)
    }
  }
}
