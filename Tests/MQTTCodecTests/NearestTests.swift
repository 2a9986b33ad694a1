// The nearest known word.

import Testing
import Text

@Suite struct NearestTests {
  static let distances: [(String, String, Int)] = [
    ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abc", "abd", 1),
    ("abc", "ab", 1), ("ab", "abc", 1), ("abc", "acb", 1), ("pbu", "pub", 1),
    ("kitten", "sitting", 3),
  ]

  @Test(arguments: distances) func `the distance counts changes and swaps`(
    left: String, right: String, distance: Int
  ) {
    #expect(Nearest.distance(Array(left.utf8), Array(right.utf8)) == distance)
  }

  static let words: [(String, String?)] = [
    ("retian", "retain"), ("reatin-as-published", "retain-as-published"), ("qos", "qos"),
    ("qso", "qos"), ("xyz", nil), ("", nil), ("retainretain", nil),
    (String(repeating: "retain", count: 1_000_000), nil),
  ]

  @Test(arguments: words) func `the nearest word is found, and none that is far`(
    unknown: String, expected: String?
  ) {
    let known = ["qos", "retain", "retain-as-published", "repeat"]
    #expect(Nearest.word(to: unknown, among: known) == expected)
  }
}
