// Names that look alike and differ in bytes are two names.

import Basis
import MQTTCodec
import Testing

struct ExactTextTests {
  /// Each pair is equal to Swift.
  static let pairs = [
    ("\u{E9}", "e\u{301}"), ("\u{212B}", "\u{C5}"), ("\u{AC00}", "\u{1100}\u{1161}"),
    ("a\u{323}\u{307}", "a\u{307}\u{323}"), ("\u{2126}", "\u{3A9}"),
  ]

  @Test(arguments: pairs)
  func `text is equal to the same bytes only`(one: String, other: String) {
    #expect(one == other)
    #expect(one.exact != other.exact)
    #expect(one.exact == String(decoding: Array(one.utf8), as: UTF8.self).exact)
    #expect(Set([one.exact, other.exact, one.exact]).count == 2)
    #expect((one.exact < other.exact) != (other.exact < one.exact))
  }

  @Test func `keys of every length are found again`() {
    var table: [ExactText: Int] = [:]
    for length in 0...100 { table[String(repeating: "x", count: length).exact] = length }
    for length in 0...100 {
      #expect(table[String(repeating: "x", count: length).exact] == length)
    }
  }
}
