// Points in time as text and back.

import Basis
import Testing

@Suite struct TimeTextTests {
  static let times: [(Int64, String)] = [
    (0, "1970-01-01T00:00:00.000000000Z"), (-1, "1969-12-31T23:59:59.999999999Z"),
    (951_782_400_000_000_001, "2000-02-29T00:00:00.000000001Z"),
    (1_763_719_200_123_456_789, "2025-11-21T10:00:00.123456789Z"),
    (4_107_542_399_000_000_000, "2100-02-28T23:59:59.000000000Z"),
  ]

  @Test(arguments: times) func `a time is written and read to the nanosecond`(
    _ nanoseconds: Int64, _ text: String
  ) {
    #expect(TimeText.text(nanoseconds, decimals: 9) == text)
    #expect(TimeText.nanoseconds(Array(text.utf8)) == nanoseconds)
  }

  @Test func `fewer decimals are cut off`() {
    #expect(TimeText.text(1_999_999_999, decimals: 3) == "1970-01-01T00:00:01.999Z")
  }

  @Test(
    arguments: [
      ("1970-01-01T00:00:01Z", 1_000_000_000), ("1970-01-01 01:00:00.5+01:00", 500_000_000),
      ("1969-12-31T22:00:00-0200", 0), ("1970-01-01T00:00:00.0000000019Z", 1),
    ] as [(String, Int64)])
  func `offsets and any number of decimals are read`(_ text: String, _ nanoseconds: Int64) {
    #expect(TimeText.nanoseconds(Array(text.utf8)) == nanoseconds)
  }

  @Test(arguments: [
    "", "1970-01-01", "1970-01-01T00:00:00", "1970-02-30T00:00:00Z", "1970-13-01T00:00:00Z",
    "1970-01-01T24:00:00Z", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00Zx",
    "0001-01-01T00:00:00Z",
  ])
  func `what is no time is not read`(_ text: String) {
    #expect(TimeText.nanoseconds(Array(text.utf8)) == nil)
  }
}
