// Decisions of ACL files; what the generated comparison with mosquitto cannot show by itself.

import AccessControl
import AllocationCount
import TestSupport
import Testing

/// A list made of a text.
func list(_ text: String, extensions: Bool = false) throws -> AccessList {
  try AccessList(parsing: Array(text.utf8), file: "acl", allowsExtensions: extensions)
}

/// What one client may do.
func permissions(
  _ text: String, user: String? = nil, client: String = "c1", extensions: Bool = false
) throws -> AccessPermissions {
  AccessPermissions(
    try list(text, extensions: extensions),
    AccessSubject(clientIdentifier: client, userName: user))
}

struct DecisionTests {
  private static let file = """
    topic read news/#
    user alice
    topic readwrite home/#
    topic deny home/safe/#
    topic read home/safe/state
    user bob
    topic write home/+/door
    pattern write log/%u/%c
    pattern deny home/door
    """

  static let questions: [(String?, AccessAction, String, Bool, Int?)] = [
    (nil, .deliver, "news", true, 1), (nil, .publish, "news", false, nil),
    (nil, .publish, "log//c1", false, nil), ("alice", .deliver, "news", false, nil),
    ("alice", .publish, "home/door", true, 3), ("bob", .publish, "home/door", false, 9),
    ("bob", .publish, "home/front/door", true, 7), ("alice", .deliver, "home/safe/state", false, 4),
    ("alice", .deliver, "home/safe", false, 4), ("alice", .publish, "log/alice/c1", true, 8),
    ("bob", .publish, "log/alice/c1", false, nil), ("carol", .publish, "log/carol/c1", true, 8),
  ]

  @Test(arguments: questions) func `the rule that decides is named`(
    user: String?, action: AccessAction, topic: String, isAllowed: Bool, line: Int?
  ) throws {
    let permissions = try permissions(Self.file, user: user)
    let decision = permissions.decide(action, topic: topic)
    #expect(decision.isAllowed == isAllowed)
    #expect(permissions.list.location(of: decision)?.line == line)
  }

  @Test func `a file without rules allows nothing`() throws {
    #expect(try permissions("").decide(.publish, topic: "a").isAllowed == false)
    #expect(
      try permissions("user alice", user: "alice").decide(.deliver, topic: "a").ground == .noRule)
  }

  static let reserved: [(AccessAction, String, Bool)] = [
    (.publish, "$SYS/a", false), (.deliver, "$SYS/a", true),
    (.publish, "$SYS/broker/connection/x/state", true), (.publish, "$SYSTEM", false),
    (.deliver, "$share/a/b", false), (.publish, "$shared", false), (.publish, "$own/a", true),
    (.publish, "", false),
  ]

  @Test(arguments: reserved)
  func `the topics of $SYS are the broker's, and those of $share nobody's`(
    action: AccessAction, topic: String, isAllowed: Bool
  ) throws {
    let text =
      "topic #\ntopic $SYS/#\ntopic $SYSTEM/#\ntopic $share/#\ntopic $shared/#\ntopic $own/#"
    #expect(try permissions(text).decide(action, topic: topic).isAllowed == isAllowed)
  }

  @Test(arguments: ["a+b", "a#"]) func `a name with a wildcard has its own rules and no pattern`(
    name: String
  ) throws {
    let text = "user \(name)\ntopic a\npattern read b\npattern %u/%c"
    for permissions in [
      try permissions(text, user: name), try permissions("topic a\npattern b", client: name),
    ] {
      #expect(permissions.decide(.deliver, topic: "a").isAllowed)
      #expect(permissions.decide(.deliver, topic: "b").ground == .unsafeName)
    }
  }

  @Test func `the extended words deny one direction, wherever they stand`() throws {
    let permissions = try permissions(
      "topic a/#\ntopic readdeny a/r\ntopic writedeny a/w\ntopic subscribe s/#", extensions: true)
    let answers = ["a/r", "a/w", "a/x", "s/a"].map { topic in
      [AccessAction.publish, .deliver].map { permissions.decide($0, topic: topic).isAllowed }
    }
    #expect(answers == [[true, false], [false, true], [true, true], [false, false]])
  }

  @Test func `remarks say of each rule why it did not decide`() throws {
    let permissions = try permissions(Self.file, user: "bob")
    #expect(
      permissions.explain(.publish, topic: "home/door").map(\.text) == [
        "is for clients without a user name", "is for the user \"alice\"",
        "is for the user \"alice\"", "is for the user \"alice\"",
        "does not match: the topic ends before level 3",
        "does not match: level 1 is \"home\", not \"log\", as \"log/bob/c1\"", "denies it",
      ])
  }

  static let remarks: [(String, String, String)] = [
    ("topic a/b", "a", "does not match: the topic ends before level 2"),
    ("topic a/b", "a/b/c", "does not match: the topic goes on after level 2"),
    ("topic read a", "a", "says nothing about publishing"),
    (
      "topic #", "$a", "does not match: a wildcard at the front leaves topics out that begin with $"
    ),
    ("topic +/a", "b/c", "does not match: level 2 is \"c\", not \"a\""),
    ("pattern a/%u", "a/b", "needs a user name for %u"),
    ("topic a\ntopic +", "a", "matches too, but line 1 is asked before it"),
    ("topic $SYS/#", "$SYS/a", "matches, but no rule can give this topic away"),
  ]

  @Test(arguments: remarks) func `a remark names the level`(
    text: String, topic: String, expected: String
  ) throws {
    #expect(try permissions(text).explain(.publish, topic: topic).last?.text == expected)
  }

  @Test(arguments: 1...200) func `tree and remarks agree on generated questions`(
    seed: UInt64
  ) throws {
    let questions = AccessQuestions(seed: seed)
    let list = try AccessList(parsing: questions.file, file: "acl")
    for subject in questions.subjects {
      let permissions = AccessPermissions(list, subject)
      for topic in questions.topics {
        for action in [AccessAction.publish, .deliver] {
          let decision = permissions.decide(action, topic: topic)
          let matches = permissions.explain(action, topic: topic).contains(where: \.isMatch)
          switch decision.ground {
          case .rule: #expect(matches)
          case .noRule: #expect(!matches, "\(subject) \(action) \(topic)")
          default: break
          }
        }
      }
    }
  }

  @Test func `a decision allocates nothing, with ten rules or ten thousand`() throws {
    for count in [10, 10_000] {
      let lines = (0..<count).map { "topic read site/\($0)/+/temp\npattern deny x/%u/\($0)" }
      let permissions = try permissions(
        "user alice\n" + lines.joined(separator: "\n"), user: "alice")
      let topics = ["site/\(count - 1)/a/temp", "site/a/b/c", "x/alice/\(count - 1)", "$SYS/a"]
        .map { Array($0.utf8) }
      var allowed = 0
      var before = 0
      // In the first round the language's runtime makes what it makes once.
      for round in 0..<2 {
        before = round == 1 ? allocation_count() : 0
        for index in topics.indices {
          let topic = topics[index]
          if permissions.decide(.deliver, topic: topic.span).isAllowed { allowed += 1 }
        }
      }
      let allocations = allocation_count() - before
      #expect(allocations == 0)
      #expect(allowed == 2)
    }
  }
}
