// One captured frame, as the file tells of it: when, on what kind of link, and how much of it was
// kept. Its bytes stay in the file's buffer and are lent as a span.

/// What stands around the bytes of one frame.
package struct Frame: Equatable, Sendable {
  /// Times that are believed, in nanoseconds; less far apart than 64 bits reach.
  private static let believedTimes: ClosedRange<Int64> = -(1 << 61)...(1 << 62)

  /// Counted from 1, as other analysers count them.
  package var number: Int
  /// Unix time, from 1897 to 2116, so that no difference of two times overflows; nil when the file
  /// has none for it, or one that lies beyond.
  package let timeNanoseconds: Int64?
  /// What the first byte of the frame begins.
  package var link: LinkType
  /// Bytes that were on the wire; at least as many as were captured.
  package var originalLength: Int
  /// Where the captured bytes lie in the file's buffer.
  var range: Range<Int>

  /// Bytes that were captured.
  package var capturedLength: Int { range.count }

  /// A frame whose bytes lie elsewhere than in a file.
  package init(
    number: Int, timeNanoseconds: Int64?, link: LinkType, originalLength: Int, capturedLength: Int
  ) {
    self.init(
      number: number, timeNanoseconds: timeNanoseconds, link: link, originalLength: originalLength,
      range: 0..<capturedLength)
  }

  init(
    number: Int, timeNanoseconds: Int64?, link: LinkType, originalLength: Int, range: Range<Int>
  ) {
    self.number = number
    self.timeNanoseconds = timeNanoseconds.flatMap {
      Self.believedTimes.contains($0) ? $0 : nil
    }
    self.link = link
    self.originalLength = originalLength
    self.range = range
  }
}

/// What stops the reading of a capture file.
///
/// What precedes it was read.
package struct CaptureFault: Error, Equatable, Sendable {
  /// The byte of the (uncompressed) file where it stands.
  package var offset: Int
  /// What was found and what was expected, without a full stop.
  package var explanation: String

  /// Joins the parts.
  package init(at offset: Int, _ explanation: String) {
    self.offset = offset
    self.explanation = explanation
  }
}

extension CaptureFault: CustomStringConvertible {
  package var description: String { "byte \(offset): \(explanation)" }
}
