// A head that is being gathered from bytes that are split anywhere, within a limit.

/// The beginning of a message, up to the empty line that ends its head.
package struct HeadCollector {
  /// What a stretch of bytes came to.
  package enum Progress: Equatable {
    case incomplete
    case tooLong
    /// The head, and how many of the bytes of this stretch belong to it.
    case complete([UInt8], consumed: Int)
  }

  private var bytes: [UInt8] = []
  /// Whether a line has just begun.
  private var isAtLineStart = false
  private let limitBytes: Int

  /// Nothing so far of a head of at most so many bytes.
  package init(limitBytes: Int) { self.limitBytes = limitBytes }

  /// Whether nothing has come yet.
  package var isEmpty: Bool { bytes.isEmpty }

  /// Takes the next bytes; after a head is complete the next one may follow.
  package mutating func collect(_ stretch: Span<UInt8>) -> Progress {
    for index in stretch.indices {
      let byte = stretch[index]
      if bytes.count == limitBytes { return .tooLong }
      bytes.append(byte)
      if byte == UInt8(ascii: "\n") {
        if isAtLineStart {
          defer { self = HeadCollector(limitBytes: limitBytes) }
          return .complete(bytes, consumed: index + 1)
        }
        isAtLineStart = true
      } else if byte != UInt8(ascii: "\r") {
        isAtLineStart = false
      }
    }
    return .incomplete
  }
}
