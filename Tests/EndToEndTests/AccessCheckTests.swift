// `mqtt acl-check` as users run it: files in a folder, words, and what comes out.

import Foundation
import LiveSupport
import Testing

/// A folder with files.
private final class Folder {
  private let folder = TestFolder()

  init(_ files: [String: String]) throws {
    for (name, text) in files { try folder.write(text, to: name) }
  }

  /// What `mqtt acl-check` says in the folder, its errors behind its output, and its exit status.
  func check(_ words: String..., input: String = "") throws -> (text: [String], status: Int32) {
    let result = try run(
      [mqttPath, "acl-check"] + words, input: input, workingFolder: folder.path)
    let lines = (result.output + result.errors).split(separator: "\n").map(String.init)
    return (lines, result.status)
  }
}

struct AccessCheckTests {
  private static let rules = """
    topic read news/#
    user alice
    topic home/#
    topic deny home/safe/#
    user sensor_1
    topic write sensors/temp
    pattern write log/%u/%c

    """

  private func folder(_ more: [String: String] = [:]) throws -> Folder {
    try Folder(["acl.conf": Self.rules].merging(more) { $1 })
  }

  @Test func `a request to $CONTROL that the rules allow is said to be refused by the broker`()
    throws
  {
    let files = try Folder(["acl.conf": "topic readwrite $CONTROL/#\ntopic readwrite #\n"])
    let told = "  mqtt broker itself refuses requests to $CONTROL with 0x87, whatever the rules say"
    let asked = try files.check("--acl", "acl.conf", "publish", "$CONTROL/dynamic-security/v1")
    #expect(asked.text.first?.hasPrefix("ALLOW acl.conf:1: ") == true, "\(asked.text)")
    #expect(asked.text.last == told)
    let listed = try files.check(
      "--acl", "acl.conf", "ask", input: "- publish $CONTROL/a\n- publish control/a\n")
    #expect(listed.text.count { $0 == told } == 1, "\(listed.text)")
    let object = try files.check("--acl", "acl.conf", "--json", "publish", "$CONTROL/a")
    #expect(object.text.first?.contains(#""broker":"mqtt broker itself refuses"#) == true)
    for words in [
      ["receive", "$CONTROL/a"], ["publish", "$CONTROLS/a"], ["publish", "a/$CONTROL/b"],
    ] {
      let other = try files.check("--acl", "acl.conf", words[0], words[1])
      #expect(!other.text.contains(told), "\(words)")
    }
  }

  @Test func `a question is answered with the rule that decides and the exit status`() throws {
    let folder = try folder()
    let allowed = try folder.check(
      "--acl", "acl.conf", "--user", "sensor_1", "publish", "sensors/temp")
    #expect(allowed.text == ["ALLOW acl.conf:6: topic write sensors/temp"])
    #expect(allowed.status == 0)
    let denied = try folder.check("--acl", "acl.conf", "-u", "alice", "receive", "home/safe/a")
    #expect(denied.text == ["DENY acl.conf:4: topic deny home/safe/#"])
    #expect(denied.status == 1)
    let unmatched = try folder.check("--acl", "acl.conf", "publish", "a")
    #expect(unmatched.text == ["DENY: no rule matches"])
    let named = try folder.check(
      "--acl", "acl.conf", "-u", "bob", "-i", "c1", "publish", "log/bob/c1")
    #expect(named.text == ["ALLOW acl.conf:7: pattern write log/%u/%c"])
  }

  @Test func `what cannot be read ends with status 2`() throws {
    let folder = try folder(["bad.conf": "topic a#\ntopik b\n"])
    let missing = try folder.check("--acl", "none.conf", "publish", "a")
    #expect(missing.text == ["mqtt acl-check: cannot read none.conf: No such file or directory"])
    #expect(missing.status == 2)
    let bad = try folder.check("--acl", "bad.conf", "publish", "a")
    #expect(bad.text.map { $0.prefix { $0 != " " } } == ["bad.conf:1:8:", "bad.conf:2:1:"])
    #expect(bad.status == 2)
  }

  @Test func `an explanation has a remark for each rule`() throws {
    let answer = try folder().check(
      "--acl", "acl.conf", "--user", "alice", "--explain", "publish", "home/safe")
    #expect(
      answer.text == [
        "DENY acl.conf:4: topic deny home/safe/#",
        "  acl.conf:1: topic read news/#: is for clients without a user name",
        "  acl.conf:3: topic home/#: matches too, but line 4 is asked before it",
        "  acl.conf:4: topic deny home/safe/#: denies it",
        "  acl.conf:6: topic write sensors/temp: is for the user \"sensor_1\"",
        "  acl.conf:7: pattern write log/%u/%c: does not match: level 1 is \"home\", not \"log\", "
          + "as \"log/alice/%c\"",
      ])
  }

  static let subscriptions: [(String, [String], Int32)] = [
    (
      "home/door/#",
      ["FULLY: all of home/door/# is delivered", "  home/door/# by acl.conf:3"], 0
    ),
    (
      "home/+",
      [
        "PARTLY: for example, home/safe is not delivered",
        "  home/+, except home/safe by acl.conf:3",
      ], 0
    ),
    ("home/safe/+", ["NEVER: no topic of home/safe/+ may be received"], 1),
    (
      "$share/g/home/door",
      ["FULLY: all of $share/g/home/door is delivered", "  home/door by acl.conf:3"],
      0
    ),
  ]

  @Test(arguments: subscriptions) func `a subscription is delivered fully, partly or never`(
    filter: String, expected: [String], status: Int32
  ) throws {
    let answer = try folder().check("--acl", "acl.conf", "--user", "alice", "subscribe", filter)
    #expect(answer.text == expected)
    #expect(answer.status == status)
  }

  @Test func `many questions come from the input or a file`() throws {
    let text =
      "# comment\n\nalice publish home/x\n\"sensor_1\" client=a publish \"log/sensor_1/a\"\n"
      + "- subscribe news/#\n"
    let expected = [
      "alice publish home/x: ALLOW acl.conf:3: topic home/#",
      "sensor_1 client=a publish log/sensor_1/a: ALLOW acl.conf:7: pattern write log/%u/%c",
      "- subscribe news/#: FULLY: all of news/# is delivered", "  news/# by acl.conf:1",
    ]
    let folder = try folder(["q.txt": text])
    #expect(try folder.check("--acl", "acl.conf", "ask", input: text).text == expected)
    let file = try folder.check("--acl", "acl.conf", "ask", "q.txt")
    #expect(file.text == expected)
    #expect(file.status == 0)
    let denied = try folder.check("--acl", "acl.conf", "ask", input: "- publish a\n")
    #expect(denied.text == ["- publish a: DENY: no rule matches"])
    #expect(denied.status == 1)
  }

  @Test func `mistakes in questions are told all at once`() throws {
    let text =
      "alice\nalice pulish a\nalice publish a/#\nalice publish\nalice publish a b\n\"alice\n"
      + "alice subscribe a#\n"
    let answer = try folder().check("--acl", "acl.conf", "ask", input: text)
    #expect(
      answer.text == [
        "standard input:1:6: the line ends after the user; write: USER publish TOPIC, or receive, "
          + "subscribe or unsubscribe",
        "standard input:2:7: \"pulish\" is not an action; write: USER publish TOPIC, or receive, "
          + "subscribe or unsubscribe",
        "standard input:3:15: \"a/#\" is not a topic: it holds a wildcard; write one that is",
        "standard input:4:14: the line ends after the action; write a topic after it",
        "standard input:5:17: \"b\" is one word too many; put a user or topic that holds blanks in "
          + "double quotes",
        "standard input:6:1: the quotes are not closed; end the word with a double quote",
        "standard input:7:17: \"a#\" is not a topic filter: # is not the last level, alone in it; "
          + "write one that is",
      ])
    #expect(answer.status == 2)
  }

  @Test func `expectations fail with reasons, and rules without a case are told`() throws {
    let folder = try folder([
      "good.txt": "alice publish home/x allow\nalice publish home/safe deny\n",
      "bad.txt": "alice publish home/x deny\n- receive news allow\nalice subscribe home/# fully\n",
    ])
    let good = try folder.check("--acl", "acl.conf", "test", "good.txt", "--coverage")
    #expect(
      good.text == [
        "acl.conf:1: no case exercises \"topic read news/#\"",
        "acl.conf:6: no case exercises \"topic write sensors/temp\"",
        "acl.conf:7: no case exercises \"pattern write log/%u/%c\"", "2 of 5 rules exercised",
        "2 cases, 0 failed",
      ])
    #expect(good.status == 0)
    let bad = try folder.check("--acl", "acl.conf", "test", "bad.txt")
    #expect(
      bad.text == [
        "FAIL bad.txt:1: alice publish home/x: expected deny, got ALLOW acl.conf:3: topic home/#",
        "FAIL bad.txt:3: alice subscribe home/#: expected fully, got PARTLY: for example, home/safe is "
          + "not delivered", "3 cases, 2 failed",
      ])
    #expect(bad.status == 1)
  }

  @Test func `list says all that users may do`() throws {
    let folder = try folder()
    let alice = [
      "alice:", "  publish home/#, except home/safe/# by acl.conf:3",
      "  publish log/alice/%c by acl.conf:7",
      "  receive home/#, except home/safe/# by acl.conf:3",
    ]
    #expect(try folder.check("--acl", "acl.conf", "list", "--user", "alice").text == alice)
    let all = try folder.check("--acl", "acl.conf", "list").text
    #expect(
      all == ["clients without a user name:", "  receive news/# by acl.conf:1"] + alice + [
        "sensor_1:", "  publish sensors/temp by acl.conf:6",
        "  publish log/sensor_1/%c by acl.conf:7",
        "any other user:", "  publish log/%u/%c by acl.conf:7",
      ])
  }

  @Test func `who names everyone who may, also those whose names stand in the topic`() throws {
    let folder = try folder()
    let log = try folder.check("--acl", "acl.conf", "who", "publish", "log/bob/c1")
    #expect(log.text == ["bob, as the client c1 by acl.conf:7: pattern write log/%u/%c"])
    #expect(log.status == 0)
    let nobody = try folder.check("--acl", "acl.conf", "who", "publish", "a")
    #expect(nobody.text == [])
    #expect(nobody.status == 1)
    let subscribers = try folder.check("--acl", "acl.conf", "who", "subscribe", "+/#")
    #expect(
      subscribers.text == [
        "clients without a user name: partly, but for example not x",
        "alice: partly, but for example not home/safe",
      ])
  }

  @Test func `diff compares meanings and not lines`() throws {
    let folder = try folder([
      "same.conf": """
      user sensor_1
      topic write sensors/temp
      pattern write log/%u/%c
      user alice
      topic deny home/safe
      topic deny home/safe/+/#
      topic read home
      topic write home/#
      topic read home/+/#
      """ + "\n# moved\nuser nobody\n",
      "new.conf": "user alice\ntopic home/#\nuser sensor_1\ntopic write sensors/+\n"
        + "pattern write log/%u/%c\n",
    ])
    let same = try folder.check("diff", "acl.conf", "same.conf")
    #expect(
      same.text == [
        "clients without a user name: loses receive news/# by acl.conf:1, for example news"
      ])
    #expect(same.status == 1)
    let new = try folder.check("diff", "acl.conf", "new.conf")
    #expect(
      new.text == [
        "clients without a user name: loses receive news/# by acl.conf:1, for example news",
        "alice: gains publish home/safe/# by new.conf:2, for example home/safe",
        "alice: gains receive home/safe/# by new.conf:2, for example home/safe",
        "sensor_1: gains publish sensors/+, except sensors/temp by new.conf:4, for example sensors/x",
      ])
    let none = try folder.check("diff", "acl.conf", "acl.conf")
    #expect(none.text == [])
    #expect(none.status == 0)
  }

  @Test func `lint tells what is doubtful, errors included`() throws {
    let folder = try folder([
      "doubtful.conf": "user alice\ntopic #\ntopic read a/%u\nuser bob\n",
      "bad.conf": "topic a#\n",
      "passwords": "carol:$7$101$AAAAAAAAAAAAAAAA$"
        + String(repeating: "A", count: 86) + "==\n",
    ])
    let clean = try folder.check("--acl", "acl.conf", "lint")
    #expect(clean.text == [])
    #expect(clean.status == 0)
    let doubtful = try folder.check(
      "--acl", "doubtful.conf", "--passwords", "passwords", "lint")
    #expect(
      doubtful.text.map { $0.split(separator: " ")[0] } == [
        "doubtful.conf:1:6:", "doubtful.conf:2:7:", "doubtful.conf:3:12:", "doubtful.conf:3:12:",
        "doubtful.conf:4:6:", "doubtful.conf:4:6:", "passwords:1:1:",
      ])
    #expect(doubtful.status == 1)
    let bad = try folder.check("--acl", "bad.conf", "lint")
    #expect(bad.text.count == 1)
    #expect(bad.status == 1)
  }

  @Test func `a user without a password entry is denied when the passwords are given`() throws {
    let folder = try folder(["passwords": "# nobody\n"])
    let answer = try folder.check(
      "--acl", "acl.conf", "--passwords", "passwords", "--user", "alice", "publish", "home/x")
    #expect(answer.text == ["DENY: alice has no entry in passwords and cannot log in"])
    #expect(answer.status == 1)
  }

  @Test func `answers come as JSON`() throws {
    let folder = try folder()
    let words = ["--acl", "acl.conf", "--json", "--user", "alice"]
    let question = try folder.check(
      words[0], words[1], words[2], words[3], words[4], "publish", "home/safe")
    #expect(
      question.text == [
        #"{"user":"alice","client":null,"action":"publish","topic":"home/safe","allowed":false,"#
          + #""answer":"DENY","file":"acl.conf","line":4,"reason":"topic deny home/safe/#"}"#
      ])
    let list = try folder.check("--acl", "acl.conf", "--json", "--user", "sensor_1", "list")
    #expect(
      list.text.first
        == #"{"user":"sensor_1","action":"publish","filter":"sensors/temp","except":[],"file":"#
        + #""acl.conf","line":6}"#)
  }
}
