// Paths into JSON: what they find, and where a text ceases to be one.

import Testing
import Text

@Suite struct JSONPathTests {
  private let reading = """
    {"temperature": 21.5, "pressure": {"bar": [1.5, 2.5, 3.5]}, "total power": {"it's": true}}
    """

  private func find(_ path: String, in text: String? = nil) throws -> JSONValue? {
    let value = try #require(JSONValue(parsing: Array((text ?? reading).utf8)))
    return try JSONPath(path).value(in: value)
  }

  @Test func `a path leads through members and elements`() throws {
    #expect(try find("$.temperature") == .number(21.5))
    #expect(try find("$.pressure.bar[1]") == .number(2.5))
    #expect(try find("$['total power'][\"it's\"]") == .truth(true))
    #expect(try find("$", in: "7") == .number(7))
    #expect(try find("$", in: "-9223372036854775808") == .integer(.min))
    #expect(try find("$", in: "9223372036854775808") == .number(9_223_372_036_854_775_808))
  }

  @Test(arguments: [
    ("$.a", "1.50"), ("$.b[-1]", "[ 9007199254740993 ]"), ("$.b[0]", "\"x]\""),
    ("$.b[1][0]", "9007199254740993"),
    ("$", #"{"a": 0, "a": 1.50, "b": ["x]" , [ 9007199254740993 ]]}"#),
  ])
  func `the bytes at a place are as they stand in the text`(path: String, part: String) throws {
    let text = Array(#" {"a": 0, "a": 1.50, "b": ["x]" , [ 9007199254740993 ]]} "#.utf8)
    let value = try #require(JSONValue(parsing: text))
    let range = try #require(try JSONPath(path).range(in: value, of: text))
    #expect(String(decoding: text[range], as: UTF8.self) == part)
    #expect(try JSONPath("$.b[2]").range(in: value, of: text) == nil)
  }

  @Test func `a negative index counts from the end`() throws {
    #expect(try find("$.pressure.bar[-1]") == .number(3.5))
    #expect(try find("$.pressure.bar[-4]") == nil)
  }

  @Test func `a place that is not there has no value`() throws {
    #expect(try find("$.humidity") == nil)
    #expect(try find("$.temperature.unit") == nil)
    #expect(try find("$.pressure[0]") == nil)
    #expect(try find("$.pressure.bar[3]") == nil)
  }

  @Test func `of members that repeat the last one counts`() throws {
    #expect(try find("$.a", in: #"{"a": 1, "a": 2}"#) == .number(2))
  }

  @Test(arguments: [
    ("temperature", "a path into JSON begins with $, as in $.temperature; at byte 1"),
    ("$temperature", "expected . or [ or the end of the path at byte 2"),
    (
      "$.a.",
      "expected a name after the dot; one with other letters stands in ['quotes']; at byte 5"
    ),
    ("$.a[one]", "expected a number or a name in quotes between [ and ] at byte 5"),
    ("$.a[1", "expected ] at byte 6"),
    ("$['a]", "the quoted name does not end at byte 6"),
  ])
  func `a text that is no path is told where and why`(_ text: String, _ words: String) {
    let fault = #expect(throws: JSONPathFault.self) { try JSONPath(text) }
    #expect(fault?.description == words)
  }

  @Test(arguments: ["$", "$.a.b[0]", "$['total power'][-1]", #"$['it\'s \\'].x"#])
  func `a path is written as it was read`(_ text: String) throws {
    #expect(try JSONPath(text).description == text)
  }

  @Test func `a path at the front of other text ends where the path ends`() throws {
    let (path, count) = try JSONPath.prefix(of: Array("x $.a[0] > 3".utf8), from: 2)
    #expect(path == JSONPath([.member(Array("a".utf8)), .element(0)]))
    #expect(count == 6)
  }
}
