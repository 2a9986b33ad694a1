// What lint says, word by word.

import AccessControl
import Testing

private func findings(
  _ text: String, passwords: [String]? = nil
) throws -> [String] {
  let file = try AccessFile(parsing: Array(text.utf8), name: "acl")
  let users = passwords.map { names in
    (file: "pw", users: names.enumerated().map { (name: $0.element, line: $0.offset + 1) })
  }
  return AccessLint.findings(file, passwords: users).map(\.description)
}

struct LintTests {
  static let cases: [(String, [String])] = [
    ("topic read a/b\nuser u\ntopic deny a\ntopic a/#\npattern p/%u", []),
    (
      "topic #",
      [
        "acl:1:7: \"#\" grants every topic that does not begin with $; name the topics that are needed, "
          + "or leave it when this is an administrator"
      ]
    ),
    (
      "pattern read a/b",
      [
        "acl:1:14: the pattern \"a/b\" holds neither %c nor %u, so it is for every client alike; put %c "
          + "or %u in, or write a topic rule for each user who needs it"
      ]
    ),
    (
      "pattern read dev-%c/b",
      [
        "acl:1:14: a placeholder of \"dev-%c/b\" does not fill its level: mosquitto before 2.1 puts the "
          + "name in, later ones do not; give the placeholder a level of its own"
      ]
    ),
    (
      "topic read %c/b",
      [
        "acl:1:12: %c and %u are ordinary characters in a topic rule, and \"%c/b\" holds one; write "
          + "pattern instead of topic"
      ]
    ),
    (
      "topic write $SYS/a",
      [
        "acl:1:13: nobody can be allowed to publish to \"$SYS/a\": these topics are the broker's own; "
          + "write read instead, or remove the rule"
      ]
    ),
    ("topic write $SYS/broker/connection/x/state", []),
    (
      "topic read a/b\ntopic a/#",
      [
        "acl:1:12: \"topic read a/b\" adds nothing: line 2 has \"a/#\" already; remove one of the two"
      ]
    ),
    (
      "topic read a\ntopic read a",
      ["acl:2:12: \"topic read a\" adds nothing: line 1 has \"a\" already; remove one of the two"]
    ),
    ("topic write a/b\ntopic read a/#", []),
    ("topic a/b\ntopic read a/#", []),
    (
      "topic read a/b\ntopic deny a/+",
      [
        "acl:1:12: \"topic read a/b\" is never reached: line 2 denies all of it first, because denials "
          + "are asked before grants; narrow the denial of line 2, or remove this rule"
      ]
    ),
    (
      "topic deny a/b\ntopic deny a/#",
      [
        "acl:1:12: \"topic deny a/b\" adds nothing: line 2 has \"a/#\" already; remove one of the two"
      ]
    ),
    (
      "user u\ntopic a/+\nuser v\ntopic c\npattern deny a/b",
      [
        "acl:5:14: the pattern \"a/b\" holds neither %c nor %u, so it is for every client alike; put %c "
          + "or %u in, or write a topic rule for each user who needs it",
        "acl:5:14: \"pattern deny a/b\" does not bind the user \"u\": line 2 is asked before any pattern; "
          + "repeat the denial as a topic rule of that user",
      ]
    ),
    (
      "user u\nuser v\ntopic a",
      [
        "acl:1:6: the user \"u\" has no rule of its own; add topic rules below it, or remove the line: "
          + "patterns hold without it"
      ]
    ),
    (
      "topic read a\tb\r\n",
      [
        "acl:1:13: the filter \"a\\tb\" holds a tab, which is a part of it; replace the tab by a blank",
        "acl:1:15: lines end with CR LF; save the file with LF alone; the CR is ignored",
      ]
    ),
  ]

  @Test(arguments: cases) func `what is doubtful is found, and nothing else`(
    text: String, expected: [String]
  ) throws {
    #expect(try findings(text) == expected)
  }

  @Test func `users are compared with those of the password file, both ways`() throws {
    #expect(
      try findings("user a\ntopic x\nuser b\ntopic y", passwords: ["b", "c"]) == [
        "acl:1:6: the user \"a\" has no entry in pw; add one, or remove the user: nobody can log in with "
          + "that name",
        "pw:2:1: the user \"c\" has no user line in acl; add one: without it all is denied",
      ])
  }

  @Test func `ten thousand rules of one user are linted`() throws {
    let lines = (0..<10_000).map { "topic read site/\($0)/+\ntopic write site/\($0)/x" }
    let text = "user u\n" + lines.joined(separator: "\n") + "\ntopic read site/77/temp"
    #expect(
      try findings(text) == [
        "acl:20002:12: \"topic read site/77/temp\" adds nothing: line 156 has \"site/77/+\" already; "
          + "remove one of the two"
      ])
  }
}
