// The algebra of filters against brute force: all filters and all topics of small alphabets.

import AccessControl
import MQTTCodec
import TestSupport
import Testing

struct FilterAlgebraTests {
  /// All texts of up to `depth` levels out of `levels`.
  private static func texts(_ levels: [String], depth: Int) -> [String] {
    var result = levels
    var last = levels
    for _ in 1..<depth {
      last = last.flatMap { text in levels.map { text + "/" + $0 } }
      result += last
    }
    return result.filter { !$0.isEmpty }
  }

  /// Levels that the filters have, one that they do not, and the empty one.
  private static let topics = texts(["a", "b", "", "$s", "x", "x1"], depth: 4)

  private static let filters = texts(["a", "b", "", "$s", "+", "#", "x"], depth: 3).filter {
    Topic.faultOfFilter(Array($0.utf8).span) == nil
  }

  /// The topics that a filter matches, as the standard has it.
  private static let matched: [String: Set<String>] = {
    var result: [String: Set<String>] = [:]
    for filter in filters {
      let bytes = Array(filter.utf8)
      result[filter] = Set(
        topics.filter { Topic.matches(filter: bytes.span, name: Array($0.utf8).span) })
    }
    return result
  }()

  private static func set(_ filter: String) -> Set<String> { matched[filter] ?? [] }

  private static func shape(_ filter: String) -> FilterShape { FilterShape(Array(filter.utf8)) }

  @Test(arguments: 0..<4) func `the intersection of two filters is the filter of common topics`(
    part: Int
  ) {
    for (index, left) in Self.filters.enumerated() where index % 4 == part {
      for right in Self.filters {
        let common = Self.set(left).intersection(Self.set(right))
        guard let shape = Self.shape(left).intersection(Self.shape(right)) else {
          #expect(common.isEmpty, "\(left) and \(right)")
          continue
        }
        let bytes = Array(shape.text.utf8)
        let found = Set(
          Self.topics.filter { Topic.matches(filter: bytes.span, name: Array($0.utf8).span) })
        if found != common { Issue.record("\(left) and \(right) is not \(shape.text)") }
      }
    }
  }

  @Test func `a filter contains another when no topic tells the opposite`() {
    for left in Self.filters {
      for right in Self.filters {
        let expected = Self.set(right).isSubset(of: Self.set(left))
        if Self.shape(left).contains(Self.shape(right)) != expected {
          Issue.record("\(left) contains \(right): \(expected)")
        }
      }
    }
  }

  @Test func `an example is inside one filter and outside many, and there is one when one exists`()
  {
    var chance = Chance(seed: 7)
    var found = 0
    for _ in 0..<20_000 {
      let filter = Self.filters[chance.below(Self.filters.count)]
      let others = (0..<chance.below(5)).map { _ in Self.filters[chance.below(Self.filters.count)] }
      let rest = others.reduce(Self.set(filter)) { $0.subtracting(Self.set($1)) }
      let example = Self.shape(filter).example(outside: others.map(Self.shape))
      if let example {
        found += 1
        if !rest.contains(example) { Issue.record("\(filter) without \(others): \(example)") }
      } else if !rest.isEmpty {
        Issue.record("\(filter) without \(others) holds \(rest.sorted())")
      }
    }
    #expect((2000..<19_000).contains(found))
  }

  static let texts: [(String, String)] = [
    ("#", "#"), ("+/#", "#"), ("/#", "/+/#"), ("a/#", "a/#"), ("a//+", "a//+"), ("/", "/"),
    ("$s/#", "$s/#"),
  ]

  @Test(arguments: texts) func `filters of the same meaning look the same`(
    filter: String, text: String
  ) {
    #expect(Self.shape(filter).text == text)
  }
}
