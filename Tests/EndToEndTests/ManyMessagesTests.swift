// Many messages from one command, and what a subscriber makes of them: templates, tables, JSON,
// recordings, conditions, requests. The built program on both sides of a live broker.

import Foundation
import LiveSupport
import Testing

@Suite struct ManyMessagesTests {
  private let broker: LiveBroker

  init() throws { broker = try LiveBroker() }

  private func start(_ words: [String]) throws -> RunningProgram {
    try RunningProgram([mqttPath, words[0], "-p", "\(broker.port)"] + words.dropFirst())
  }

  /// A subscriber that the broker knows already.
  private func subscribe(_ words: [String]) throws -> RunningProgram {
    let program = try start(["sub", "-d"] + words)
    guard poll(30, { program.errors.contains("SUBACK") }) else {
      throw ProgramError("no SUBACK: \(program.errors)")
    }
    return program
  }

  /// Runs a command to its end.
  private func publish(_ words: [String], input: String = "") throws -> RunningProgram {
    let program = try start(["pub"] + words)
    program.write(input)
    program.closeInput()
    _ = try program.exitStatus()
    return program
  }

  private func lines(_ program: RunningProgram) throws -> [String] {
    #expect(try program.exitStatus() == 0)
    return program.output.split(separator: "\n").map(String.init)
  }

  @Test func `several clients publish from a template, each with its number and its count`() throws
  {
    let subscriber = try subscribe(["dev/#", "-v", "-C", "6", "-q", "1"])
    _ = try publish([
      "--clients", "3", "--repeat", "2", "--every", "10ms", "--template", "{{client}}:{{seq}}",
      "dev/{{client}}", "-q", "1",
    ])
    #expect(
      try lines(subscriber).sorted()
        == ["dev/1 1:1", "dev/1 1:2", "dev/2 2:1", "dev/2 2:2", "dev/3 3:1", "dev/3 3:2"])
  }

  @Test(arguments: ["lines", "repeated"])
  func `a stream at QoS 0 arrives whole and ends with its input`(form: String) throws {
    let numbers = (0..<20_000).map(String.init)
    let subscriber = try subscribe(["z", "-C", "\(numbers.count)"])
    let publisher =
      form == "lines"
      ? try publish(["-t", "z", "-l"], input: numbers.joined(separator: "\n") + "\n")
      : try publish(["-t", "z", "-m", "x", "--repeat", "\(numbers.count)"])
    #expect(try publisher.exitStatus() == 0)
    #expect(publisher.errors.isEmpty)
    let arrived = try lines(subscriber)
    let isWhole = arrived == (form == "lines" ? numbers : numbers.map { _ in "x" })
    #expect(isWhole, "\(arrived.count) lines arrived")
  }

  @Test func `a template goes on until a signal, which ends open handshakes first`() throws {
    let subscriber = try subscribe(["t", "-q", "2", "-C", "3"])
    let publisher = try start(["pub", "--every", "20ms", "--template", "{{seq}}", "t", "-q", "2"])
    #expect(try lines(subscriber) == ["1", "2", "3"])
    publisher.signal(SIGTERM)
    #expect(try publisher.exitStatus() == 0)
  }

  @Test func `a second signal does not wait for answers, and says how many are missing`() throws {
    let port = try freePort()
    let silent = try RunningProgram([mqttPath, "broker", "-p", "\(port)", "--memory"])
    try silent.waitForPort(port, within: 30)
    let publisher = try RunningProgram(
      [mqttPath, "pub", "-p", "\(port)", "-t", "t", "-l", "-q", "1", "-d"])
    publisher.write("answered\n")
    try publisher.waitFor("PUBACK id 1")
    try silent.standStill()
    publisher.write("never answered\n")
    try publisher.waitFor("PUBLISH id 2")
    publisher.signal(SIGINT)
    publisher.signal(SIGTERM)
    #expect(try publisher.exitStatus() == 128 + SIGINT)
    #expect(publisher.endingSignal == SIGINT)
    #expect(publisher.errors.contains("mqtt pub: interrupted; 1 message not acknowledged, "))
    silent.signal(SIGKILL)
  }

  @Test func `rows of a table go to the topics in their column`() throws {
    let folder = TestFolder()
    let file = try folder.write(
      "device;t;note;on\nd/1;21.50;a;true\n\"d/2\";7;\"b;\"\"c\"\"\nd\";x\n", to: "rows.csv")
    let subscriber = try subscribe(["#", "-v", "-C", "4"])
    let words = ["--csv", file, "--topic-column", "device"]
    _ = try publish(words)
    _ = try publish(words + ["--template", "{{column t}}/{{column on}}"])
    #expect(
      try lines(subscriber) == [
        #"d/1 {"t":21.50,"note":"a","on":true}"#, #"d/2 {"t":7,"note":"b;\"c\"\nd","on":"x"}"#,
        "d/1 21.50/true", "d/2 7/x",
      ])
    let wrong = try publish(["--csv", file, "--topic-column", "devise"])
    #expect(try wrong.exitStatus() == 1)
    #expect(
      wrong.errors.contains("\(file):1:1: there is no column devise; the columns are device, ")
    )
  }

  @Test func `lines without a topic on the command line begin with theirs`() throws {
    let subscriber = try subscribe(["#", "-F", "%t|%p", "-C", "4"])
    _ = try publish(["-l"], input: "a/b 1 2\nc 3\n")
    _ = try publish(["-l", "--topic-separator", "=>"], input: "a b=>x=>y\nd\n")
    #expect(try lines(subscriber) == ["a/b|1 2", "c|3", "a b|x=>y", "d|"])
  }

  @Test func `lines of JSON are messages, and a wrong one says where after those before it`() throws
  {
    let subscriber = try subscribe(["#", "-F", "%t %q %r %C %p", "-C", "2", "-q", "2"])
    let publisher = try publish(
      ["--jsonl", "-t", "usual"],
      input: #"{"topic":"j","payload":{"a":1.50},"qos":2,"properties":{"content-type":"x/y"}}"#
        + "\n" + #"{"payload":"2"}"# + "\n" + #"{"payload":"3","qos":4}"# + "\n")
    #expect(try lines(subscriber) == [#"j 2 0 x/y {"a":1.50}"#, "usual 0 0  2"])
    #expect(try publisher.exitStatus() == 1)
    #expect(
      publisher.errors == """
        mqtt pub: standard input:3:22: "qos": expected 0, 1 or 2
          {"payload":"3","qos":4}
                               ^

        """)
  }

  @Test func `a recording replays the same bytes, properties and order`() throws {
    let folder = TestFolder()
    let first = folder.path("1")
    let second = folder.path("2")
    let recorder = try subscribe(["#", "--record", first, "-C", "4", "-q", "2"])
    _ = try publish([
      "a", "text \u{1F600}\n\"", "-q", "2", "-D", "publish", "user-property", "k", "v",
    ])
    _ = try publish(["-f", "/bin/true", "-t", "b", "-q", "1"])
    _ = try publish(["c", "-n", "-D", "publish", "correlation-data", "hex:00ff"])
    _ = try publish(["d", "kept", "-r", "-q", "1", "-D", "publish", "content-type", "t"])
    #expect(try recorder.exitStatus() == 0)
    // A torn last line, as a crash leaves it, is gone before the next one is added.
    let torn = try Data(contentsOf: URL(filePath: first)) + Data(#"{"time":"2026"#.utf8)
    try torn.write(to: URL(filePath: second))
    let again = try subscribe([
      "#", "--retain-handling", "never", "--record", second, "-C", "4", "-q", "2",
    ])
    _ = try publish(["--replay", first, "--max"])
    #expect(try again.exitStatus() == 0)
    let untimed = { (path: String) throws -> [Substring] in
      try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        .map { $0.dropFirst(43) }
    }
    let recorded = try untimed(first)
    #expect(recorded.count == 4)
    #expect(recorded[3].contains(#""qos":1,"retain":true,"payload":"kept""#))
    #expect(try untimed(second) == recorded + recorded)
  }

  @Test func `a recording keeps its time, or a multiple of it`() throws {
    let line = { (second: Int, text: String) in
      #"{"time":"2026-01-01T00:00:0\#(second)Z","topic":"t","payload":"\#(text)"}"# + "\n"
    }
    let subscriber = try subscribe(["t", "-F", "%U", "-C", "2"])
    _ = try publish(["--replay", "-", "--speed", "4"], input: line(0, "a") + line(2, "b"))
    let times = try lines(subscriber).compactMap(Double.init)
    #expect(times.count == 2)
    // The publisher may be late and never early; a stamp is taken on this side.
    #expect(times[1] - times[0] > 0.3)
  }

  @Test func `a condition ends the wait, silence too, and repetitions are passed over`() throws {
    let until = try subscribe(["#", "--until", "$.t > 30", "--json"])
    let changes = try subscribe(["#", "--changes", "--where", "topic ~ \"c/#\"", "-C", "3", "-v"])
    _ = try publish(["-l"], input: "c/1 1\nc/1 1\nc/2 1\nc/1 2\n")
    _ = try publish(["a", #"{"t":30}"#])
    _ = try publish(["a", #"{"t":31}"#])
    let printed = try lines(until)
    #expect(printed.count == 6)
    #expect(printed.last?.hasSuffix(#""payload":"{\"t\":31}"}"#) == true)
    #expect(try lines(changes) == ["c/1 1", "c/2 1", "c/1 2"])
    #expect(try start(["sub", "nothing", "--idle", "0.2"]).exitStatus() == 0)
    let wrong = try start(["sub", "a", "--until", "qos = 2"])
    #expect(try wrong.exitStatus() == 2)
    #expect(wrong.errors.contains("\n  qos = 2\n      ^\n"))
  }

  @Test func `a table of topics is plain where there is no terminal`() throws {
    let table = try subscribe(["#", "--top", "-C", "3"])
    _ = try publish(["-l"], input: "a 1\nb 2\na 3\n")
    let shown = try lines(table)
    #expect(shown.count == 4)
    #expect(shown[1].hasPrefix("a  ") && shown[1].hasSuffix("  3"))
    #expect(shown[3] == "3 messages on 2 topics")
    #expect(!table.output.contains("\u{1B}"))
  }

  @Test(arguments: ["5", "311"]) func `a request waits for its reply`(_ version: String) throws {
    let responder = try subscribe(["device/get", "-F", "%R|%D|%p", "-C", "1", "-V", version])
    let asker = try start([
      "pub", "--wait-reply", "-V", version, "-q", "1", "-W", "30", "device/get", "temperature",
      "-d",
      "-i", "asker",
    ])
    let parts = try lines(responder)[0].split(separator: "|", omittingEmptySubsequences: false)
    #expect(parts[2] == "temperature")
    if version == "5" {
      #expect(parts[0] == "reply/asker")
      // Another request's reply is not this one's.
      _ = try publish(["reply/asker", "no", "-D", "publish", "correlation-data", "other"])
      _ = try publish([
        "reply/asker", "21.5", "-D", "publish", "correlation-data", String(parts[1]),
      ])
    } else {
      _ = try publish(["device/get/reply", "21.5"])
    }
    #expect(try lines(asker) == ["21.5"])
  }

  @Test func `a request without a reply ends with 27`() throws {
    let asker = try publish(["--wait-reply", "-W", "0.3", "-e", "r", "nobody", "hello"])
    #expect(try asker.exitStatus() == 27)
    #expect(asker.errors.hasSuffix("mqtt pub: no reply to r in time\n"))
  }
}
