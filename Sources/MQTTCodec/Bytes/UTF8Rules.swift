// The rules for text (1.5.4): well-formed UTF-8, so no overlong form, no surrogate and nothing
// beyond U+10FFFF, and no U+0000. Wildcards are found in the same pass, because the topic of every
// PUBLISH is asked for both.
//
// Text is nearly always ASCII: eight bytes at a time are asked whether one of them needs a closer
// look, and only then are they taken one by one.

import Basis

/// Why bytes are not the text that was expected.
struct TextFault: Equatable {
  /// The kinds of fault.
  enum Kind: Equatable {
    /// Not UTF-8. [MQTT-1.5.4-1]
    case illFormed
    /// U+0000. [MQTT-1.5.4-2]
    case null
    /// `+` or `#` where no wildcard may be.
    case wildcard
  }

  var kind: Kind
  /// Offset of the byte at which the fault starts, counted as the range that was asked for.
  var offset: Int
}

/// The rules of 1.5.4.
enum UTF8Rules {
  private static let low: UInt64 = 0x0101_0101_0101_0101
  private static let high: UInt64 = 0x8080_8080_8080_8080
  private static let plus: UInt64 = 0x2B2B_2B2B_2B2B_2B2B
  private static let hash: UInt64 = 0x2323_2323_2323_2323
  private static let harmless: UInt64 = 0x6161_6161_6161_6161

  /// The high bit of a byte is set when the byte is zero; higher bytes may be set as well.
  @inline(__always) private static func zeroes(_ word: UInt64) -> UInt64 {
    (word &- low) & ~word
  }

  /// Whether one of the eight bytes of `word` needs a closer look.
  @inline(__always) private static func isDoubtful(
    _ word: UInt64, forbidsWildcards: Bool
  ) -> Bool {
    var doubt = word | zeroes(word)
    if forbidsWildcards { doubt |= zeroes(word ^ plus) | zeroes(word ^ hash) }
    return doubt & high != 0
  }

  /// The first fault in `range` of `bytes`; nil when there is none.
  @inline(__always) static func fault(
    _ bytes: Span<UInt8>, _ range: Range<Int>, forbidsWildcards: Bool
  ) -> TextFault? {
    if _fastPath(isPlain(bytes, range, forbidsWildcards: forbidsWildcards)) { return nil }
    return closeLook(bytes, range, forbidsWildcards: forbidsWildcards)
  }

  /// Whether everything in `range` is ASCII that is allowed; when not, it may still be right.
  @inline(__always) private static func isPlain(
    _ bytes: Span<UInt8>, _ range: Range<Int>, forbidsWildcards: Bool
  ) -> Bool {
    var offset = range.lowerBound
    let count = range.upperBound &- offset
    if count >= 8 {
      // The last eight bytes are one word too, which may overlap the word before.
      let last = range.upperBound &- 8
      while offset < last {
        if isDoubtful(bytes.word(at: offset), forbidsWildcards: forbidsWildcards) { return false }
        offset &+= 8
      }
      return !isDoubtful(bytes.word(at: last), forbidsWildcards: forbidsWildcards)
    }
    if bytes.count &- offset < 8 { return count == 0 }
    // A short text with eight bytes to read: those behind it are made harmless.
    let behind = ~UInt64(0) << UInt64(8 &* count)
    let word = bytes.word(at: offset) & ~behind | harmless & behind
    return !isDoubtful(word, forbidsWildcards: forbidsWildcards)
  }

  @inline(never) private static func closeLook(
    _ bytes: Span<UInt8>, _ range: Range<Int>, forbidsWildcards: Bool
  ) -> TextFault? {
    var offset = range.lowerBound
    while offset < range.upperBound {
      let byte = bytes[offset]
      if byte == 0 { return TextFault(kind: .null, offset: offset) }
      if forbidsWildcards && (byte == 0x2B || byte == 0x23) {
        return TextFault(kind: .wildcard, offset: offset)
      }
      let length = scalarLength(bytes, offset, end: range.upperBound)
      if length == 0 { return TextFault(kind: .illFormed, offset: offset) }
      offset += length
    }
    return nil
  }

  /// Bytes of the scalar at `offset`; zero when it is none (table 3-7 of the Unicode standard).
  private static func scalarLength(_ bytes: Span<UInt8>, _ offset: Int, end: Int) -> Int {
    let first = bytes[offset]
    let length: Int
    // The second byte alone rules out overlong forms, surrogates and values beyond U+10FFFF.
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch first {
    case 0x00...0x7F: return 1
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    case 0xF1...0xF3: length = 4
    default: return 0
    }
    if end - offset < length || !second.contains(bytes[offset + 1]) { return 0 }
    var index = 2
    while index < length {
      if bytes[offset + index] & 0xC0 != 0x80 { return 0 }
      index += 1
    }
    return length
  }
}

extension String {
  /// The text in `range` of `bytes`, which are known to be UTF-8.
  package init(validated bytes: Span<UInt8>, _ range: Range<Int>) {
    do {
      self.init(copying: try UTF8Span(validating: bytes.extracting(range)))
    } catch {
      preconditionFailure("text that was checked is not UTF-8")
    }
  }
}
