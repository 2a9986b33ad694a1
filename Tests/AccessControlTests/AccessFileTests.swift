// The grammar of ACL files, as mosquitto 2.0.11 reads it, and what is said about mistakes.

import AccessControl
import Testing

/// The rules of a text, one a line: who, what, filter.
private func rules(_ text: String, extensions: Bool = false) throws -> [String] {
  let file = try AccessFile(
    parsing: Array(text.utf8), name: "acl", allowsExtensions: extensions)
  return file.rules.map { rule in
    let scope =
      switch rule.scope {
      case .anonymous: "anonymous"
      case .user(let name): String(decoding: name, as: UTF8.self)
      case .everyone: "everyone"
      case .role: "role"
      }
    return "\(rule.line):\(rule.column) \(scope): \(rule.text)"
  }
}

/// What is said about a text that is wrong, a line for each mistake.
private func errors(_ bytes: [UInt8], extensions: Bool = false) -> [String] {
  do throws(AccessFileErrors) {
    _ = try AccessFile(parsing: bytes, name: "acl", allowsExtensions: extensions)
    return []
  } catch {
    return error.errors.map(\.description)
  }
}

private func errors(_ text: String, extensions: Bool = false) -> [String] {
  errors(Array(text.utf8), extensions: extensions)
}

private func notices(_ bytes: [UInt8]) throws -> [String] {
  try AccessFile(parsing: bytes, name: "acl").notices.map(\.description)
}

struct AccessFileTests {
  @Test func `rules belong to the user line before them, and patterns to everyone`() throws {
    let text = """
      # anonymous
      topic read a
      user alice
      topic write b
      pattern c/%u
      topic deny d
      user bob

      topic e
      user alice
      topic readwrite f
      """
    #expect(
      try rules(text) == [
        "2:12 anonymous: topic read a", "4:13 alice: topic write b",
        "5:9 everyone: pattern c/%u", "6:12 alice: topic deny d", "9:7 bob: topic e",
        "11:17 alice: topic readwrite f",
      ])
  }

  static let taken: [(String, [String])] = [
    ("", []),
    ("\n\r\n   \n\t\n#topic a", []),
    ("  topic   read   a b \t\r\n", ["1:18 anonymous: topic read a b"]),
    ("topic read", ["1:7 anonymous: topic read"]),
    ("topic \ta", ["1:7 anonymous: topic \ta"]),
    ("topic read\ta", ["1:7 anonymous: topic read\ta"]),
    ("topic read \ta", ["1:13 anonymous: topic read a"]),
    ("user  a b \ntopic c", ["2:7 a b: topic c"]),
    ("topic %u/%c", ["1:7 anonymous: topic %u/%c"]),
    (
      "topic " + String(repeating: "/", count: 200),
      ["1:7 anonymous: topic " + String(repeating: "/", count: 200)]
    ),
  ]

  @Test(arguments: taken) func `blanks part words, and only they`(
    text: String, expected: [String]
  ) throws {
    #expect(try rules(text) == expected)
  }

  static let mistakes: [(String, String)] = [
    (
      "topic reed a",
      "acl:1:7: \"reed\" is not an access word, and expected is read, write, readwrite or deny; "
        + "the nearest is \"read\""
    ),
    (
      "topic two words",
      "acl:1:7: \"two\" is not an access word, and expected is read, write, readwrite or deny; "
        + "if blanks belong to the topic, write: topic readwrite two ..."
    ),
    (
      "topic a # note",
      "acl:1:7: \"a\" is not an access word, and expected is read, write, readwrite or deny; "
        + "put the comment on a line of its own: after a filter there is none"
    ),
    (
      "pattern subscribe a",
      "acl:1:9: \"subscribe\" is not an access word of mosquitto; turn the extended access words "
        + "on, or write read, write, readwrite or deny"
    ),
    (
      "topic", "acl:1:1: expected a topic filter after \"topic\"; write: topic read sensor/#"
    ),
    (
      "  user ",
      "acl:1:3: expected a user name after \"user\"; write: user NAME; rules for clients without a "
        + "name stand before the first user line"
    ),
    (
      "\ttopic a",
      "acl:1:1: a tab stands in \"\\ttopic\", and expected is a blank: a tab parts no words; replace "
        + "the tab by a blank"
    ),
    (
      "topic\tread a",
      "acl:1:6: a tab stands in \"topic\\tread\", and expected is a blank: a tab parts no words; "
        + "replace the tab by a blank"
    ),
    (
      "Topics a",
      "acl:1:1: \"Topics\" is not a keyword, and expected is user, topic or pattern; the nearest is "
        + "\"topic\""
    ),
    (
      "read a",
      "acl:1:1: \"read\" is not a keyword, and expected is user, topic or pattern; write \"topic\" "
        + "before \"read\""
    ),
    (
      "alice:secret",
      "acl:1:1: \"alice:secret\" is not a keyword, and expected is user, topic or pattern; begin a "
        + "comment with #"
    ),
    (
      "   # note",
      "acl:1:4: a comment begins at the first column, and before this # stand blanks; remove the "
        + "blanks"
    ),
    (
      "\u{FEFF}topic a",
      "acl:1:1: the file begins with a byte order mark, and expected is user, topic or pattern; "
        + "save the file as UTF-8 without one"
    ),
    (
      "topic a/#/b",
      "acl:1:9: # is not the last level of \"a/#/b\", alone in it; let each # and + fill a level, "
        + "and # the last one"
    ),
    (
      "topic read a # b",
      "acl:1:14: # is not the last level of \"a # b\", alone in it; let each # and + fill a level, "
        + "and # the last one"
    ),
    (
      "topic a#",
      "acl:1:8: # is not the last level of \"a#\", alone in it; let each # and + fill a level, "
        + "and # the last one"
    ),
    (
      "topic read a/+b",
      "acl:1:14: + is not alone in its level of \"a/+b\"; let each # and + fill a level, and # the "
        + "last one"
    ),
    (
      "topic a\u{0}b",
      "acl:1:8: the line holds a byte of value 0, and expected is text; remove it; mosquitto would "
        + "not see what follows it"
    ),
    (
      "topic " + String(repeating: "/", count: 201),
      "acl:1:207: the filter has more than 200 slashes; end it with # at a higher level"
    ),
    (
      "topic " + String(repeating: "x", count: 65_536),
      "acl:1:65542: the filter has 65536 bytes, and expected are at most 65535; no topic is longer, "
        + "so remove the rule"
    ),
  ]

  @Test(arguments: mistakes) func `a mistake is told with its place and what to write`(
    text: String, expected: String
  ) {
    #expect(errors(text) == [expected])
  }

  @Test func `all mistakes are told at once, in the order of their lines`() {
    let text = "topic a+\nuser bob\ntopic a\n\ntopik b\npattern"
    #expect(
      errors(text).map { $0.prefix { $0 != " " } } == ["acl:1:8:", "acl:5:1:", "acl:6:1:"])
  }

  @Test func `bytes at random are mistakes in each of their lines and nothing worse`() {
    let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ ($0 >> 8) &* 13) }
    let lines = bytes.split(separator: 0x0A).count
    #expect((1...lines).contains(errors(bytes).count))
    #expect(errors(bytes).allSatisfy { $0.utf8.count < 500 })
  }

  @Test func `the extended access words are words when they are turned on`() throws {
    let text = "topic subscribe a/#\ntopic readdeny b\npattern writedeny %c"
    #expect(
      try rules(text, extensions: true) == [
        "1:17 anonymous: topic subscribe a/#", "2:16 anonymous: topic readdeny b",
        "3:19 everyone: pattern writedeny %c",
      ])
    #expect(errors(text).count == 3)
  }

  static let doubtful: [([UInt8], [String])] = [
    (
      Array("topic a\r\ntopic b\r\n".utf8),
      ["acl:1:8: lines end with CR LF; save the file with LF alone; the CR is ignored"]
    ),
    (
      Array("topic write".utf8),
      [
        "acl:1:7: \"write\" stands alone, so it is a topic and no access word; write the topic "
          + "after it, or remove the line"
      ]
    ),
    (
      Array("topic read\ta".utf8),
      [
        "acl:1:11: the filter \"read\\ta\" holds a tab, which is a part of it; replace the tab by a "
          + "blank"
      ]
    ),
    (
      Array("user a+b".utf8),
      [
        "acl:1:7: the user name \"a+b\" holds + or #; choose another: with patterns in the file "
          + "such users are denied everything else"
      ]
    ),
    (
      Array("user b".utf8) + [0xFC] + Array("ro\ntopic caf".utf8) + [0xE9],
      [
        "acl:1:6: the user name \"b\u{FFFD}ro\" is not UTF-8; save the file as UTF-8: as it is, no "
          + "client can have it",
        "acl:2:7: the filter \"caf\u{FFFD}\" is not UTF-8; save the file as UTF-8: as it is, no "
          + "topic matches it",
      ]
    ),
    (Array("# caf".utf8) + [0xE9], []),
  ]

  @Test(arguments: doubtful)
  func `what mosquitto takes is taken, with a notice when it is doubtful`(
    bytes: [UInt8], expected: [String]
  ) throws {
    #expect(try notices(bytes) == expected)
  }

  @Test func `ten thousand lines without an end are read once`() throws {
    let text = String(repeating: "topic read a/b/c\n", count: 10_000) + "topic read last"
    #expect(try rules(text).count == 10_001)
  }
}
