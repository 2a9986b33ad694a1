// Generated ACL files and questions about them: small alphabets, so that rules and topics meet.

import AccessControl
import TestSupport

/// A file, who asks, and about which topics.
struct AccessQuestions {
  private static let levels = ["a", "b", "c", "dev-1", "alice", "", "x y", "é", "$foo", "%c", "%u"]
  private static let users = [
    "alice", "bob", "eve mallory", "a+b", "x/y", "$foo", "é", "", "dev-1",
  ]
  private static let clients = ["dev-1", "a", "dev#1", "x/y", "$foo", "c", "bob", "%u"]
  /// Topics that brokers treat in a way of their own.
  private static let special = [
    "$SYS/broker/connection/a/state", "$SYS/a", "$SYSTEM", "$share/a/b", "$shared", "$foo/a",
    "$foo", "$", "/", "//", "a", "a/", "/a",
  ]

  let seed: UInt64
  let file: [UInt8]
  let subjects: [AccessSubject]
  var topics: [String]

  init(seed: UInt64) {
    var chance = Chance(seed: seed)
    self.seed = seed
    var text = ""
    var filters: [String] = []
    for _ in 0..<(2 + chance.below(14)) {
      if chance.happens(onceIn: 4) {
        text +=
          "user" + Self.blanks(&chance) + Self.one(of: Self.users.filter { !$0.isEmpty }, &chance)
      } else if chance.happens(onceIn: 12) {
        text += Self.one(of: ["# topic a", "", "   ", "\t", "#user bob"], &chance)
      } else {
        let isPattern = chance.happens(onceIn: 3)
        let filter = Self.filter(&chance, placeholders: isPattern)
        filters.append(filter)
        var access = Self.one(of: ["read", "write", "readwrite", "deny", ""], &chance)
        if filter.contains(" ") && access.isEmpty { access = "read" }
        text += chance.happens(onceIn: 10) ? "  " : ""
        text += isPattern ? "pattern" : "topic"
        text += Self.blanks(&chance) + access + (access.isEmpty ? "" : Self.blanks(&chance))
        text += filter + (chance.happens(onceIn: 6) ? " \t " : "")
      }
      text += chance.happens(onceIn: 8) ? "\r\n" : "\n"
    }
    if chance.happens(onceIn: 3) { text.removeLast() }
    file = Array(text.utf8)
    var subjects: [AccessSubject] = []
    for client in Self.clients.shuffled(using: &chance).prefix(5) {
      let user = chance.happens(onceIn: 4) ? nil : Self.one(of: Self.users, &chance)
      subjects.append(AccessSubject(clientIdentifier: client, userName: user))
    }
    self.subjects = subjects
    var topics = Set(Self.special.shuffled(using: &chance).prefix(5))
    for filter in filters {
      for _ in 0..<3 { topics.insert(Self.topic(like: filter, subjects, &chance)) }
    }
    self.topics = topics.filter { !$0.isEmpty && !$0.contains { $0 == "+" || $0 == "#" } }.sorted()
  }

  private static func one(of choices: [String], _ chance: inout Chance) -> String {
    choices[chance.below(choices.count)]
  }

  private static func blanks(_ chance: inout Chance) -> String {
    String(repeating: " ", count: chance.happens(onceIn: 5) ? 3 : 1)
  }

  private static func filter(_ chance: inout Chance, placeholders: Bool) -> String {
    var parts: [String] = []
    for _ in 0..<(1 + chance.below(4)) {
      switch chance.below(10) {
      case 0, 1: parts.append("+")
      case 2 where placeholders, 3 where placeholders: parts.append("%c")
      case 4 where placeholders, 5 where placeholders: parts.append("%u")
      case 6 where placeholders: parts.append(one(of: ["x%c", "%uy", "%c%u", "%%c", "%"], &chance))
      default: parts.append(one(of: levels, &chance))
      }
    }
    if chance.happens(onceIn: 3) { parts.append("#") }
    let filter = parts.joined(separator: "/")
    // Blanks around a filter, and no filter at all, mean something else.
    return filter.isEmpty ? "a" : filter
  }

  /// A topic that the filter matches, or nearly.
  private static func topic(
    like filter: String, _ subjects: [AccessSubject], _ chance: inout Chance
  ) -> String {
    let subject = subjects[chance.below(subjects.count)]
    let put = filter.replacing("%c", with: subject.clientIdentifier)
      .replacing("%u", with: subject.userName ?? "%u")
    var parts: [String] = []
    for part in put.split(separator: "/", omittingEmptySubsequences: false) {
      switch part {
      case "#": for _ in 0..<chance.below(3) { parts.append(one(of: levels, &chance)) }
      case "+": parts.append(one(of: levels, &chance))
      default: parts.append(chance.happens(onceIn: 12) ? one(of: levels, &chance) : String(part))
      }
    }
    if chance.happens(onceIn: 10) { parts.append("a") }
    if chance.happens(onceIn: 10) { parts.removeLast() }
    return parts.joined(separator: "/")
  }
}
