// Topic names and filters (4.7) and shared subscriptions (4.8.2), by the examples of the standard
// and against a slow and plain matcher.

import MQTTCodec
import TestSupport
import Testing

private func matches(_ filter: String, _ name: String) -> Bool {
  Topic.matches(filter: filter.utf8.span, name: name.utf8.span)
}

/// The rule of 4.7 in the plainest words: level by level.
private func matchesPlainly(_ filter: String, _ name: String) -> Bool {
  let filters = filter.split(separator: "/", omittingEmptySubsequences: false)
  let names = name.split(separator: "/", omittingEmptySubsequences: false)
  if name.hasPrefix("$") && (filters[0] == "+" || filters[0] == "#") { return false }
  for (index, level) in filters.enumerated() {
    if level == "#" { return true }
    if index >= names.count { return false }
    if level != "+" && level != names[index] { return false }
  }
  return filters.count == names.count
}

@Suite struct TopicTests {
  /// The examples of 4.7.1.2, 4.7.1.3 and 4.7.3, and cases at the edges.
  @Test(arguments: [
    ("sport/tennis/player1/#", "sport/tennis/player1"),
    ("sport/tennis/player1/#", "sport/tennis/player1/ranking"),
    ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"),
    ("sport/#", "sport"), ("#", "a"), ("#", "a/b/c"), ("#", "/"), ("/#", "/"), ("/#", "/a"),
    ("sport/tennis/+", "sport/tennis/player1"), ("sport/+", "sport/"), ("+", "finance"),
    ("+/+", "/finance"), ("/+", "/finance"), ("+/+", "/"), ("+/tennis/#", "sport/tennis"),
    ("sport/+/player1", "sport/tennis/player1"), ("$SYS/#", "$SYS"), ("$SYS/#", "$SYS/a/b"),
    ("$SYS/monitor/+", "$SYS/monitor/Clients"), ("a/+/#", "a/b"), ("a//b", "a//b"),
    ("a/+/b", "a//b"), ("ACCOUNTS", "ACCOUNTS"), ("a/$b/+", "a/$b/c"), ("+/$b", "a/$b"),
  ])
  func `a filter matches [MQTT-4.7.1-1] [MQTT-4.7.1-2]`(_ filter: String, _ name: String) {
    #expect(matches(filter, name))
    #expect(matchesPlainly(filter, name))
  }

  @Test(arguments: [
    ("sport/tennis/+", "sport/tennis/player1/ranking"), ("sport/+", "sport"), ("+", "/finance"),
    ("+", "a/b"), ("/finance", "finance"), ("ACCOUNTS", "Accounts"), ("a/b", "a/b/"),
    ("a/b/", "a/b"), ("sport/#", "sports"), ("sport/tennis/#", "sport"), ("a/b/#", "a"),
    ("a/+/#", "a"), ("/+", "a"), ("a/b", "a/bc"), ("a/bc", "a/b"), ("abcdefgh/i", "abcdefgh/j"),
    ("abcdefghijklmnop", "abcdefghijklmno"), ("abcdefgh", "abcdefghi"),
  ])
  func `a filter does not match`(_ filter: String, _ name: String) {
    #expect(!matches(filter, name))
    #expect(!matchesPlainly(filter, name))
  }

  @Test(arguments: [
    ("#", "$SYS"), ("#", "$SYS/a"), ("+/monitor/Clients", "$SYS/monitor/Clients"), ("+", "$SYS"),
    ("+/#", "$SYS/a"),
  ])
  func `a filter that begins with a wildcard matches no $ topic [MQTT-4.7.2-1]`(
    _ filter: String, _ name: String
  ) {
    #expect(!matches(filter, name))
    #expect(!matchesPlainly(filter, name))
  }

  @Test func `nothing is normalised when topics are compared [MQTT-4.7.3-4]`() {
    let composed = "gr\u{00F6}\u{00DF}e"
    let decomposed = "gro\u{0308}\u{00DF}e"
    #expect(matches(composed, composed))
    #expect(!matches(composed, decomposed))
    #expect(!matches("a/b", "a//b"))
    #expect(!matches("a", "a "))
  }

  @Test func `an empty filter and an empty name match nothing`() {
    #expect(!matches("", "a"))
    #expect(!matches("#", ""))
    #expect(!matches("", ""))
  }

  @Test func `random filters match as the plain matcher says`() {
    var chance = Chance(seed: 47)
    let levels = ["a", "b", "", "ab", "building7", "$x"]
    func topic(_ chance: inout Chance, wildcards: Bool) -> String {
      var parts: [String] = []
      for _ in 0...chance.below(5) { parts.append(levels[chance.below(levels.count)]) }
      if wildcards {
        for index in parts.indices where chance.happens(onceIn: 3) { parts[index] = "+" }
        if chance.happens(onceIn: 3) { parts[parts.count - 1] = "#" }
      }
      return parts.joined(separator: "/")
    }
    var hits = 0
    for _ in 0..<10_000 {
      let name = topic(&chance, wildcards: false)
      // Often a filter that is made from the name, or few would match.
      var filter = topic(&chance, wildcards: true)
      if chance.happens(onceIn: 2) {
        var parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        parts[chance.below(parts.count)] = "+"
        if chance.happens(onceIn: 2) { parts.append("#") }
        filter = parts.joined(separator: "/")
      }
      if filter.isEmpty || name.isEmpty { continue }
      let expected = matchesPlainly(filter, name)
      hits += expected ? 1 : 0
      if matches(filter, name) != expected { Issue.record("\(filter) \(name)") }
    }
    #expect(hits > 1_000)
  }

  @Test(arguments: ["a", "/", "a/b", "$SYS/x", " ", "größe", "a//b", "/a/"])
  func `a name without wildcards is a topic name and a topic filter`(_ name: String) {
    #expect(Topic.faultOfName(name.utf8.span) == nil)
    #expect(Topic.faultOfFilter(name.utf8.span) == nil)
  }

  @Test(arguments: [
    ("", "MQTT-4.7.3-1", 0, "it is empty"), ("a/+", "MQTT-4.7.0-1", 2, "it holds a wildcard"),
    ("#", "MQTT-4.7.0-1", 0, "it holds a wildcard"),
    ("ab\0", "MQTT-4.7.3-2", 2, "it holds U+0000"),
  ])
  func `a fault of a topic name is told [MQTT-4.7.0-1] [MQTT-4.7.3-1] [MQTT-4.7.3-2]`(
    _ name: String, _ statement: String, _ offset: Int, _ explanation: String
  ) {
    let fault = Topic.faultOfName(name.utf8.span)
    #expect(fault?.statement == statement)
    #expect(fault?.offset == offset)
    #expect(fault?.explanation == explanation)
  }

  @Test(arguments: [
    ("", "MQTT-4.7.3-1", 0), ("a#", "MQTT-4.7.1-1", 1), ("#/a", "MQTT-4.7.1-1", 0),
    ("a/b+/c", "MQTT-4.7.1-2", 3), ("a\0", "MQTT-4.7.3-2", 1), ("$share//x", "MQTT-4.8.2-1", 7),
    ("$share/g", "MQTT-4.8.2-2", 8), ("$share/g/", "MQTT-4.8.2-2", 9),
    ("$share/a+/x", "MQTT-4.8.2-2", 8), ("$share/#/x", "MQTT-4.8.2-2", 7),
    ("$share/g/a#", "MQTT-4.7.1-1", 10), ("$share/", "MQTT-4.8.2-1", 7),
  ])
  func `a fault of a topic filter is told [MQTT-4.8.2-1] [MQTT-4.8.2-2]`(
    _ filter: String, _ statement: String, _ offset: Int
  ) {
    let fault = Topic.faultOfFilter(filter.utf8.span)
    #expect(fault?.statement == statement)
    #expect(fault?.offset == offset)
    #expect(Topic.shared(filter) == nil)
  }

  @Test(arguments: [
    ("$share/g/a", "g", "a"), ("$share/group 1/a/+/#", "group 1", "a/+/#"),
    ("$share/g//", "g", "/"),
    ("$share/größe/#", "größe", "#"), ("$share/$share/$share/g/a", "$share", "$share/g/a"),
  ])
  func `a shared subscription has a group and a filter [MQTT-4.8.2-1]`(
    _ filter: String, _ group: String, _ inner: String
  ) throws {
    let shared = try #require(Topic.shared(filter))
    #expect(shared.group == group)
    #expect(shared.filter == inner)
    #expect(Topic.faultOfFilter(filter.utf8.span) == nil)
  }

  @Test(arguments: ["a", "$share", "$shared/g/a", "$SHARE/g/a", "/$share/g/a", "$sharf/g/a"])
  func `other filters are not shared`(_ filter: String) {
    #expect(Topic.shared(filter) == nil)
    #expect(Topic.faultOfFilter(filter.utf8.span) == nil)
  }
}
