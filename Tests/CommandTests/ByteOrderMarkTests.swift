// Files that a program has begun with a byte-order mark: every command reads over it, but for rules
// that mosquitto would not read, where it is named.

import LiveSupport
import Testing

@Suite struct ByteOrderMarkTests {
  private let folder = TestFolder()
  private static let mark = "\u{FEFF}"

  private func marked(_ text: String, _ name: String) throws -> String {
    try folder.write(Self.mark + text, to: name)
  }

  private func mqtt(
    _ words: [String], input: String = ""
  ) throws -> (status: Int32, output: String, errors: String) {
    try run([mqttPath] + words, input: input)
  }

  @Test func `the first user of a password file gets in, and is changed in place`() throws {
    let plain = folder.path("plain")
    for (user, create) in [("ann", ["-c"]), ("bob", [])] {
      let words = ["broker", "passwd", "-H", "sha512"] + create + ["-b", plain, user, "secret"]
      #expect(try mqtt(words).status == 0)
    }
    let passwords = try marked(folder.text("plain"), "passwords")
    let broker = try LiveBroker(["--quiet", "--passwords", passwords])
    func status(_ user: String, _ password: String) throws -> Int32 {
      let words = ["pub", "-p", "\(broker.port)", "-u", user, "-P", password, "a", "b", "-q", "1"]
      return try mqtt(words).status
    }
    #expect(try status("ann", "secret") == 0)
    #expect(try status("bob", "secret") == 0)
    #expect(try status("ann", "wrong") == 135)
    #expect(try mqtt(["broker", "passwd", passwords, "ann"], input: "other\n").status == 0)
    #expect(folder.text("passwords").hasPrefix(Self.mark + "ann:$7$"))
    #expect(folder.text("passwords").split(separator: "\n").count == 2)
    #expect(try mqtt(["broker", "passwd", "-D", passwords, "ann"]).status == 0)
    #expect(folder.text("passwords").hasPrefix(Self.mark + "bob:"))
  }

  @Test func `a configuration begins with its first option`() throws {
    let file = try marked("listener 18830 127.0.0.1\nallow_anonymous true\n", "conf")
    let result = try mqtt(["broker", "-c", file, "--test-config"])
    #expect(result.status == 0, "\(result.errors)")
  }

  @Test func `questions and cases of acl-check begin with their first word`() throws {
    let rules = try folder.write("user ann\ntopic readwrite a\n", to: "acl")
    let dynamic = try marked("{\"defaultACLAccess\": {\"publishClientSend\": true}}", "json")
    let questions = try marked("ann publish a\n", "questions")
    let cases = try marked("ann publish a allow\n", "cases")
    #expect(try mqtt(["acl-check", "--acl", rules, "ask", questions]).status == 0)
    #expect(try mqtt(["acl-check", "--acl", rules, "test", cases]).status == 0)
    #expect(try mqtt(["acl-check", "--acl", dynamic, "publish", "a"]).status == 0)
    let markedRules = try marked("user ann\ntopic readwrite a\n", "marked")
    let refused = try mqtt(["acl-check", "--acl", markedRules, "--user", "ann", "publish", "a"])
    #expect(refused.status == 2)
    #expect(refused.errors.hasPrefix("\(markedRules):1:1: the file begins with a byte order mark"))
  }

  @Test func `options and a password begin with their first byte`() throws {
    let passwords = folder.path("passwords")
    #expect(try mqtt(["broker", "passwd", "-c", "-b", passwords, "ann", "secret"]).status == 0)
    let broker = try LiveBroker(["--quiet", "--passwords", passwords])
    let options = try marked("-p \(broker.port)\n-u ann\n", "options")
    let password = try marked("secret\n", "password")
    let words = ["pub", "-o", options, "--pw-file", password, "a", "b", "-q", "1"]
    #expect(try mqtt(words).status == 0)
  }

  /// Options of pub, what it reads, and the message that it sends: a topic, a blank, a payload.
  static let lines: [([String], String, String)] = [
    (["--jsonl"], "{\"topic\": \"t\", \"payload\": \"5\"}\n", "t 5"),
    (
      ["--replay", "-"],
      "{\"time\": \"2026-01-01T00:00:00Z\", \"topic\": \"t\", \"payload\": \"5\", \"qos\": 1}\n",
      "t 5"
    ),
    (["-l"], "t 5\n", "t 5"),
    (["--csv", "-", "--topic-column", "name"], "name,value\nt,5\n", "t {\"value\":5}"),
    (["--csv", "-", "--no-header", "--topic-column", "1"], "t,5\n", "t {\"2\":5}"),
    // Without topics the lines are bytes, and the mark is three of them.
    (["-t", "t", "-l"], "5\n", "t \u{FEFF}5"),
  ]

  @Test(arguments: lines) func `the first line of messages begins with its first character`(
    options: [String], input: String, message: String
  ) throws {
    let broker = try LiveBroker(["--quiet"])
    let place = ["-p", "\(broker.port)"]
    let collects = ["sub"] + place + ["-q", "1", "-c", "-i", "collector", "t"]
    #expect(try mqtt(collects + ["-E"]).status == 0)
    let result = try mqtt(["pub"] + place + options + ["-q", "1"], input: Self.mark + input)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try mqtt(collects + ["-v", "-C", "1", "-W", "20"]).output == message + "\n")
  }

  @Test func `a payload is JSON behind the mark`() throws {
    let broker = try LiveBroker(["--quiet"])
    let place = ["-p", "\(broker.port)"]
    let payload = Self.mark + "{\"a\": 1}"
    #expect(try mqtt(["pub"] + place + ["t", payload, "-r", "-q", "1"]).status == 0)
    let result = try mqtt(
      ["sub"] + place + ["t", "-C", "1", "-W", "20", "-F", "%J", "--where", "$.a == 1"])
    #expect(result.output.hasSuffix("\"payload\":{\"a\":1}}\n"))
  }
}
