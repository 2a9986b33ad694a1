// The command line of `mqtt acl-check`.

import Commands
import Testing

private func options(_ line: String) throws -> AccessCheckOptions {
  guard case .run(let options, _) = try AccessCheckOptions.parse(words(line)) else {
    throw NotRun()
  }
  return options
}

struct AccessCheckOptionsTests {
  static let tasks: [(String, AccessCheckTask)] = [
    ("publish a", .question(AccessQuestion(.publish, "a"))),
    ("receive a/b", .question(AccessQuestion(.receive, "a/b"))),
    ("subscribe a/#", .question(AccessQuestion(.subscribe, "a/#"))),
    ("ask", .questions(file: nil)), ("ask -", .questions(file: nil)),
    ("ask q.txt", .questions(file: "q.txt")), ("test c.txt", .test(file: "c.txt")),
    ("list", .list), ("who publish a", .who(AccessQuestion(.publish, "a"))), ("lint", .lint),
  ]

  @Test(arguments: tasks) func `the first plain argument says what to find out`(
    line: String, task: AccessCheckTask
  ) throws {
    let options = try options("--acl x \(line)")
    #expect(options.task == task)
    #expect(options.rulesFile == "x")
  }

  @Test func `options may stand anywhere, with the letters of the clients`() throws {
    var expected = AccessCheckOptions()
    expected.task = .question(AccessQuestion(.publish, "t"))
    expected.rulesFile = "a"
    expected.userName = "u"
    expected.clientIdentifier = "i"
    expected.passwordFile = "p"
    expected.explains = true
    expected.writesJSON = true
    expected.allowsExtensions = true
    let line = "publish --acl a -u u -i i t --passwords p --explain --json --acl-extensions"
    #expect(try options(line) == expected)
    #expect(try options("diff a b").task == .diff(old: "a", new: "b"))
  }

  static let wrong: [(String, String)] = [
    (
      "--acl a",
      "mqtt acl-check: expected what to find out: publish, receive, subscribe, unsubscribe, ask, "
        + "test, list, who, diff, lint, replay or suggest, for example: mqtt acl-check --acl acl.conf "
        + "--user alice publish home/door"
    ),
    (
      "publish t",
      "mqtt acl-check publish: expected --acl FILE, for example: mqtt acl-check --acl acl.conf "
        + "publish t"
    ),
    ("--acl a publsh t", "publsh: is not something to find out; the nearest is publish"),
    (
      "--acl a publish",
      "publish: expected one topic after it; quote one that holds blanks, for example: mqtt "
        + "acl-check --acl acl.conf --user alice publish home/door"
    ),
    (
      "--acl a who write t",
      "write: expected publish, receive, subscribe or unsubscribe, for example: mqtt acl-check "
        + "--acl acl.conf who publish home/door"
    ),
    (
      "--acl a diff b c",
      "--acl: is not for diff, which takes both files as arguments, for example: mqtt acl-check "
        + "diff old.conf new.conf"
    ),
    (
      "--acl a test",
      "test: expected one file of expectations after it, for example: mqtt acl-check --acl "
        + "acl.conf test cases.txt"
    ),
    (
      "--acl a lint --user b",
      "--user: means nothing to lint; it is for publish, receive, "
        + "subscribe, unsubscribe and list"
    ),
    ("--acl a list --coverage", "--coverage: means nothing to list; it is for test"),
    ("--acl a --explian publish t", "--explian: is not an option; the nearest one is --explain"),
  ]

  @Test(arguments: wrong) func `what cannot be meant is refused with an example`(
    line: String, expected: String
  ) {
    #expect(errorText(.aclCheck, line) == expected)
  }

  @Test(arguments: ["publish a/#", "subscribe a#"]) func `a topic is checked`(line: String) {
    #expect(errorText(.aclCheck, "--acl a \(line)").hasPrefix(line + ": "))
  }
}
