// Regions, subscriptions, changes and permits against single decisions on many topics.

import AccessControl
import MQTTCodec
import TestSupport
import Testing

private let levels = ["a", "b", "c", "dev-1", "alice", "", "x y", "x"]

/// All topics of one and two of the generator's levels, and some of three.
private let topics: [String] = {
  let two = levels.flatMap { first in levels.map { first + "/" + $0 } }
  let three = two.flatMap { front in ["a", "x", ""].map { front + "/" + $0 } }
  return levels.filter { !$0.isEmpty } + two + three + dollarTopics
}()

/// Topics that no wildcard at the front of a filter matches.
private let dollarTopics = [
  "$", "$/a", "$foo", "$foo/a", "$foo/a/b", "$x", "$SYS", "$SYS/a", "$SYSTEM",
  "$SYS/broker/connection/a/state", "$CONTROL/a", "$CONTROLS", "$share/a", "$shared",
]

/// Whether a shape matches, level by level.
func isMatch(_ shape: FilterShape, _ topic: String) -> Bool {
  let parts = topic.split(separator: "/", omittingEmptySubsequences: false)
  let isLong = shape.isOpen ? parts.count >= shape.levels.count : parts.count == shape.levels.count
  return isLong
    && zip(shape.levels, parts).enumerated().allSatisfy { place, pair in
      switch pair.0 {
      case .literal(let bytes): bytes.elementsEqual(pair.1.utf8)
      case .prefix(let bytes): pair.1.utf8.starts(with: bytes)
      case .any: place > 0 || pair.1.utf8.first != UInt8(ascii: "$")
      case .client, .user: false
      }
    }
}

extension TopicRegion {
  fileprivate func holds(_ topic: String) -> Bool {
    isMatch(shape, topic) && !outside.contains { isMatch($0, topic) }
  }
}

struct AuditTests {
  @Test(arguments: 1...60) func `a topic is in an allowed region when it is allowed, and only then`(
    seed: UInt64
  ) throws {
    let questions = AccessQuestions(seed: seed)
    let list = try AccessList(parsing: questions.file, file: "acl")
    for subject in questions.subjects {
      let permissions = AccessPermissions(list, subject)
      for action in [AccessAction.publish, .deliver] {
        let allowed = permissions.regions(action, allowed: true)
        let denied = permissions.regions(action, allowed: false)
        for topic in topics + questions.topics {
          let isAllowed = permissions.decide(action, topic: topic).isAllowed
          if allowed.contains(where: { $0.holds(topic) }) != isAllowed {
            Issue.record("seed \(seed): \(subject) \(action) \(topic) is allowed: \(isAllowed)")
          }
          if denied.contains(where: { $0.holds(topic) }) == isAllowed {
            Issue.record("seed \(seed): \(subject) \(action) \(topic) is denied: \(!isAllowed)")
          }
        }
        for region in allowed + denied {
          guard let example = region.example else { continue }
          #expect(region.holds(example))
        }
      }
    }
  }

  @Test(arguments: 1...60) func `fully, partly and never are what single deliveries say`(
    seed: UInt64
  ) throws {
    let questions = AccessQuestions(seed: seed)
    let list = try AccessList(parsing: questions.file, file: "acl")
    for subject in questions.subjects {
      let permissions = AccessPermissions(list, subject)
      for filter in [
        "#", "a/#", "+/b", "a/+", "+", "dev-1/#", "x y", "+/+/#", "$foo/#", "$foo", "$foo/+",
        "$SYS/#", "$SYS/a",
      ] {
        let bytes = Array(filter.utf8)
        let wished = topics.filter {
          Topic.matches(filter: bytes.span, name: Array($0.utf8).span)
        }
        let delivered = wished.filter { permissions.decide(.deliver, topic: $0).isAllowed }
        let found = permissions.deliverability(of: bytes)
        switch found.extent {
        case .fully: #expect(delivered.count == wished.count)
        case .never: #expect(delivered.isEmpty)
        case .partly:
          let hole = try #require(found.undelivered)
          #expect(!permissions.decide(.deliver, topic: hole).isAllowed)
          let isWished = Topic.matches(filter: bytes.span, name: Array(hole.utf8).span)
          #expect(isWished)
        }
        let isReceived = permissions.mayEverReceive(filter: filter).isAllowed
        #expect(isReceived == (found.extent != .never))
      }
    }
  }

  @Test(arguments: 1...60) func `changes hold for their examples, and without one nothing changes`(
    seed: UInt64
  ) throws {
    let old = try AccessList(parsing: AccessQuestions(seed: seed).file, file: "old")
    // Half of the files differ in a line only.
    var lines = AccessQuestions(seed: seed).file.split(separator: 0x0A)
    if !lines.isEmpty { lines.remove(at: Int(seed) % lines.count) }
    let other =
      seed % 2 == 0
      ? AccessQuestions(seed: seed + 1000).file : Array(lines.joined(separator: [0x0A]))
    let new = try AccessList(parsing: other, file: "new")
    let changes = AccessChange.all(from: old, to: new)
    for subject in AuditSubject.all([old, new]) {
      let before = AccessPermissions(old, subject.subject)
      let after = AccessPermissions(new, subject.subject)
      for action in [AccessAction.publish, .deliver] {
        let own = changes.filter { $0.title == subject.title && $0.action == action }
        for change in own {
          // A name stands in some examples, which are about the client of that name.
          let who = change.exampleSubject ?? subject.subject
          let decisions = [old, new].map {
            AccessPermissions($0, who).decide(action, topic: change.example).isAllowed
          }
          #expect(decisions == [!change.isGain, change.isGain])
        }
        for topic in topics {
          let was = before.decide(action, topic: topic).isAllowed
          let now = after.decide(action, topic: topic).isAllowed
          let isTold = own.contains { $0.isGain == now && $0.region.holds(topic) }
          if (was != now) != isTold {
            Issue.record("seed \(seed): \(subject.title) \(action) \(topic): \(was) then \(now)")
          }
        }
      }
    }
  }

  @Test(arguments: 1...60) func `those who may are exactly those who are named`(
    seed: UInt64
  ) throws {
    let questions = AccessQuestions(seed: seed)
    let list = try AccessList(parsing: questions.file, file: "acl")
    for topic in questions.topics {
      let titles = list.permits(.publish, topic: topic).map(\.title)
      for subject in AuditSubject.all([list]) {
        let isAllowed = list.decide(
          .publish, topic: Array(topic.utf8).span, subject: subject.subject
        ).isAllowed
        #expect(titles.contains(subject.title) == isAllowed, "\(topic): \(subject.title)")
      }
      #expect(Set(titles).count == titles.count, "\(topic): \(titles)")
    }
  }

  static let permits: [(String, String, [String])] = [
    ("pattern write a/%u/%c", "a/bob/c1", ["bob, as the client c1"]),
    (
      "pattern write a/%c", "a/c1",
      [
        "clients without a user name, as the client c1", "any other user, as the client c1",
      ]
    ),
    ("user bob\ntopic x\npattern write a/%u", "a/bob", ["bob"]),
    ("pattern write a/%u", "a/bob", ["bob"]),
    ("user bob\ntopic deny a/#\npattern write a/%u", "a/bob", []),
    (
      "pattern write dev-%c/x", "dev-7/x",
      [
        "clients without a user name, as the client 7", "any other user, as the client 7",
      ]
    ),
    ("topic write a/+\npattern write a/%u", "a/bob", ["clients without a user name", "bob"]),
    ("pattern write a/b", "a/b", ["clients without a user name", "any other user"]),
  ]

  @Test(arguments: permits) func `whose name stands in the topic is named`(
    text: String, topic: String, expected: [String]
  ) throws {
    #expect(try list(text).permits(.publish, topic: topic).map(\.title) == expected)
  }

  @Test func `with subscribe rules only what they cover may be subscribed to`() throws {
    let text = "topic read a/#\ntopic subscribe a/+/b\ntopic readdeny a/x/b\npattern subscribe u/%c"
    let permissions = try permissions(text, extensions: true)
    let filters = ["a/1/b", "a/+/b", "a/#", "a/x/b", "u/c1", "$share/g/a/1/b", "a/1"]
    #expect(
      filters.map { permissions.decide(.subscribe, topic: $0).isAllowed }
        == [true, true, false, false, true, true, false])
    #expect(permissions.decide(.unsubscribe, topic: "a/#").isAllowed)
    let without = try list("topic read a").decide(
      .subscribe, topic: Array("#".utf8).span,
      subject: AccessSubject(clientIdentifier: "c", userName: nil))
    #expect(without == AccessDecision(isAllowed: true, ground: .unrestricted))
  }
}
