// `mqtt sub --sqlite`, `mqtt pub --outbox` and their like in Redis as users run them: what becomes of
// a message, what is said when something is in the way, and rounds of killing.

import Foundation
import LiveSupport
import Testing

@Suite struct SidecarTests {
  private func words(_ command: String, _ broker: LiveBroker) -> [String] {
    [mqttPath, command, "-p", "\(broker.port)"]
  }

  /// A subscriber that is subscribed and stores.
  private func store(
    _ broker: LiveBroker, _ folder: TestFolder, _ options: [String]
  ) throws -> RunningProgram {
    let program = try RunningProgram(
      words("sub", broker) + ["--sqlite", folder.path + "/r.db"] + options)
    try folder.expect("r.db", "SELECT count(*) FROM mqtt_session WHERE subscriptions <> ''", "1")
    return program
  }

  private func publish(_ broker: LiveBroker, _ arguments: [String], input: String = "") throws {
    let result = try run(words("pub", broker) + ["-q", "2"] + arguments, input: input)
    #expect(result.status == 0, "\(result.errors)")
  }

  @Test(arguments: ["5", "311"])
  func `a message becomes one row, its JSON typed columns`(version: String) throws {
    let broker = try LiveBroker()
    let folder = TestFolder()
    let columns = "t=$.temperature,n INTEGER=$.n,deep=$.list[1],on=$.on,all=$.list"
    let subscriber = try store(
      broker, folder, ["a/#", "--table", "odd \"name\"", "--columns", columns, "-V", version])
    let json = #"{"temperature": 21.5, "n": 7, "list": [1, "zwei"], "on": true}"#
    try publish(broker, ["a/1", json, "-r", "-V", version])
    try publish(broker, ["a/2", "no JSON", "-q", "1", "-V", version])
    let table = #""odd ""name""""#
    try folder.expect(
      "r.db", "SELECT id, topic, qos, retain, t, n, deep, [on], [all] FROM \(table)",
      "1|a/1|2|0|21.5|7|zwei|1|[1, \"zwei\"]\n2|a/2|1|0|||||")
    #expect(
      try folder.ask("r.db", "SELECT typeof(t), typeof(n), typeof(payload) FROM \(table)")
        == "real|integer|text\nnull|null|text")
    #expect(
      try folder.ask("r.db", "SELECT count(*) FROM \(table) WHERE received_at > datetime('now')")
        == "2")
    subscriber.signal(SIGTERM)
    #expect(try subscriber.exitStatus() == 0)
  }

  @Test func `numbers of a payload keep their digits in columns`() throws {
    let broker = try LiveBroker()
    let folder = TestFolder()
    let columns =
      "i INTEGER=$.i,least=$.list[-1],d TEXT=$.d,w VARCHAR=$.i,r REAL=$.d,part TEXT=$.list"
    let subscriber = try store(broker, folder, ["a", "--columns", columns])
    let json = #"{"i": 9007199254740993, "d": 21.50, "list": [1.10, -9223372036854775808]}"#
    try publish(broker, ["a", json])
    try publish(broker, ["a", #"{"i": 9223372036854775808, "d": 1e2}"#])
    try folder.expect(
      "r.db", "SELECT i, least, d, w, r, part FROM messages",
      """
      9007199254740993|-9223372036854775808|21.50|9007199254740993|21.5|[1.10, -9223372036854775808]
      9.22337203685478e+18||1e2|9223372036854775808|100.0|
      """)
    #expect(
      try folder.ask("r.db", "SELECT typeof(i), typeof(least), typeof(d) FROM messages LIMIT 1")
        == "integer|integer|text")
    #expect(subscriber.isRunning)
  }

  @Test func `a PUBREC is shown when it has left, after the commit`() throws {
    let broker = try LiveBroker()
    let folder = TestFolder()
    let subscriber = try store(broker, folder, ["a", "-d"])
    let writer = try RunningProgram(["sqlite3", "-interactive", folder.path + "/r.db"])
    writer.write("BEGIN IMMEDIATE;\nSELECT 'has it';\n")
    try writer.waitFor("has it")
    try publish(broker, ["a", "1"])
    try subscriber.waitFor("trying again")
    #expect(subscriber.errors.contains("\u{2190} PUBLISH id 1 QoS 2"))
    #expect(!subscriber.errors.contains("PUBREC"))
    writer.write("COMMIT;\n")
    try subscriber.waitFor("delivered exactly once")
    let line = try #require(
      subscriber.errors.split(separator: "\n").first { $0.hasSuffix("delivered exactly once") })
    let wait = try #require(line.firstMatch(of: /PUBREC (\d+)\.\d\d ms/)).output.1
    // The user hears of another writer after forty attempts, the first eight a millisecond apart.
    #expect(try #require(Int(wait)) >= 40, "\(line)")
  }

  @Test func `bytes that are no text become a blob, properties become JSON`() throws {
    let broker = try LiveBroker()
    let folder = TestFolder()
    let subscriber = try store(broker, folder, ["a"])
    let file = folder.path + "/payload"
    try Data([0xFF, 0x00, 0x01]).write(to: URL(filePath: file))
    try publish(
      broker,
      [
        "-t", "a", "-f", file, "-D", "publish", "content-type", "x/y", "-D", "publish",
        "user-property", "k", "v",
      ])
    try folder.expect(
      "r.db", "SELECT typeof(payload), hex(payload), properties FROM messages",
      #"blob|FF0001|{"content-type":"x/y","user-properties":[["k","v"]]}"#)
    #expect(subscriber.isRunning)
  }

  @Test func `what was published while the subscriber was dead is stored by the next one`() throws {
    let broker = try LiveBroker()
    let folder = TestFolder()
    let first = try store(broker, folder, ["a"])
    first.signal(SIGKILL)
    #expect(try first.exitStatus() == 128 + SIGKILL)
    try publish(broker, ["-t", "a", "-l"], input: (1...50).map { "\($0)\n" }.joined())
    let second = try store(broker, folder, ["a"])
    try folder.expect(
      "r.db", "SELECT count(*), max(payload + 0), max(id) FROM messages", "50|50|50")
    #expect(second.isRunning)
  }

  @Test func `a filter that is no longer asked for is unsubscribed, a retained message comes once`()
    throws
  {
    let broker = try LiveBroker()
    let folder = TestFolder()
    try publish(broker, ["keep/1", "retained", "-r"])
    let first = try store(broker, folder, ["keep/#", "-t", "drop"])
    try folder.expect("r.db", "SELECT count(*) FROM messages", "1")
    first.signal(SIGTERM)
    #expect(try first.exitStatus() == 0)
    let second = try store(broker, folder, ["keep/#"])
    try folder.expect("r.db", "SELECT subscriptions FROM mqtt_session", "18 keep/#")
    try publish(broker, ["drop", "nobody wants this"])
    try publish(broker, ["keep/2", "last"])
    try folder.expect("r.db", "SELECT group_concat(payload) FROM messages", "retained,last")
    #expect(second.isRunning)
  }

  @Test func `a table that does not fit is told with every difference`() throws {
    let folder = TestFolder()
    _ = try folder.ask("r.db", "CREATE TABLE t(topic, payload, qos, note NOT NULL)")
    let result = try run([
      mqttPath, "sub", "-p", "1", "a", "--sqlite", folder.path + "/r.db", "--table", "t",
      "--columns", "x REAL=$.x",
    ])
    #expect(result.status == 1)
    #expect(
      result.errors == """
        mqtt sub: \(folder.path)/r.db: table t: it does not fit (it has no column received_at, \
        retain, properties, x (ALTER TABLE ... ADD COLUMN "received_at" TEXT; ALTER TABLE ... ADD \
        COLUMN "retain" INTEGER; ALTER TABLE ... ADD COLUMN "properties" TEXT; ALTER TABLE ... ADD \
        COLUMN "x" REAL), and nothing would be stored in its column note, which is NOT NULL and \
        has no default; change it, or name another one with --table)

        """)
  }

  @Test func `a file that is no database is left alone, and told`() throws {
    let folder = TestFolder()
    let file = folder.path + "/notes.txt"
    let text = "This is no database, and it is longer than the head of one would have to be.\n"
    try (text + text).write(toFile: file, atomically: true, encoding: .utf8)
    let result = try run([mqttPath, "sub", "-p", "1", "a", "--sqlite", file])
    #expect(result.status == 1)
    #expect(result.errors == "mqtt sub: \(file): open: it failed (it is not a SQLite database)\n")
    #expect(try String(contentsOfFile: file, encoding: .utf8) == text + text)
  }

  @Test func `a table of the user's that fits is used, with what else it has`() throws {
    let broker = try LiveBroker()
    let folder = TestFolder()
    _ = try folder.ask(
      "r.db",
      """
      CREATE TABLE t(n INTEGER PRIMARY KEY, received_at, Topic, payload, qos, retain, properties,
        note TEXT NOT NULL DEFAULT 'fresh', twice AS (payload * 2))
      """)
    let subscriber = try store(broker, folder, ["a", "--table", "t"])
    try publish(broker, ["a", "21"])
    try folder.expect("r.db", "SELECT n, topic, note, twice FROM t", "1|a|fresh|42")
    #expect(subscriber.isRunning)
  }

  @Test func `a row that the user's table refuses stops the subscriber, and loses nothing`() throws
  {
    let broker = try LiveBroker()
    let folder = TestFolder()
    _ = try folder.ask(
      "r.db",
      """
      CREATE TABLE t(received_at, topic, payload CHECK (length(payload) < 5), qos, retain, properties)
      """)
    let subscriber = try store(broker, folder, ["a", "--table", "t"])
    try publish(broker, ["a", "too long"])
    #expect(try subscriber.exitStatus() == 1)
    #expect(
      subscriber.errors == """
        mqtt sub: \(folder.path)/r.db: add a row to t: it does not fit (CHECK constraint failed: \
        length(payload) < 5)

        """)
    _ = try folder.ask(
      "r.db",
      """
      DROP TABLE t;
      CREATE TABLE t(received_at, topic, payload, qos, retain, properties);
      """)
    let next = try store(broker, folder, ["a", "--table", "t"])
    try folder.expect("r.db", "SELECT payload FROM t", "too long")
    #expect(next.isRunning)
  }

  @Test func `a second process for the same table is turned away and told who has it`() throws {
    let broker = try LiveBroker()
    let folder = TestFolder()
    let first = try store(broker, folder, ["a"])
    let file = folder.path + "/r.db"
    let second = try run(words("sub", broker) + ["a", "--sqlite", file])
    #expect(second.status == 1)
    #expect(
      second.errors == """
        mqtt sub: \(file): open: process \(first.identifier) uses it (it is another mqtt sub \
        messages; stop that one, or give this one another --table)

        """)
    let other = try run(
      words("sub", broker) + ["a", "--sqlite", file, "--table", "other", "-E"])
    #expect(other.status == 0)
    let stranger = try run(
      words("sub", broker) + ["a", "--sqlite", file, "--table", "other", "-i", "stranger"])
    #expect(stranger.errors.contains("belongs to the client identifier mqtt-"))
    #expect(stranger.errors.contains("not to stranger; leave out -i"))
  }

  @Test func `while another program writes nothing is acknowledged, and then stored once`() throws {
    let broker = try LiveBroker()
    let folder = TestFolder()
    let subscriber = try store(broker, folder, ["a"])
    let writer = try RunningProgram(["sqlite3", "-interactive", folder.path + "/r.db"])
    writer.write("BEGIN IMMEDIATE;\nSELECT 'has it';\n")
    try writer.waitFor("has it")
    try publish(broker, ["a", "1"])
    try subscriber.waitFor("nothing is acknowledged meanwhile, trying again")
    #expect(try folder.ask("r.db", "SELECT count(*) FROM messages") == "0")
    writer.write("COMMIT;\n")
    try folder.expect("r.db", "SELECT count(*) FROM messages", "1")
    try subscriber.waitFor("written again")
  }

  @Test func `on a full disk nothing is acknowledged, and the next process loses nothing`() throws {
    let broker = try LiveBroker()
    let folder = TestFolder()
    let file = folder.path + "/r.db"
    // A limit of file size is a disk that is full for this process alone.
    let full = try RunningProgram(
      [
        "sh", "-c", "trap '' XFSZ; ulimit -f 200; exec \"$@\"", "sh",
      ] + words("sub", broker) + ["a", "--sqlite", file])
    try folder.expect("r.db", "SELECT count(*) FROM mqtt_session WHERE subscriptions <> ''", "1")
    let lines = (1...400).map { "\($0) \(String(repeating: "x", count: 1000))\n" }.joined()
    try publish(broker, ["-t", "a", "-l"], input: lines)
    try full.waitFor("no space is left")
    full.signal(SIGKILL)
    #expect(try full.exitStatus() == 128 + SIGKILL)
    let next = try store(broker, folder, ["a"])
    try folder.expect(
      "r.db", "SELECT count(*), count(DISTINCT payload), max(payload + 0) FROM messages",
      "400|400|400")
    #expect(next.isRunning)
  }

  @Test(arguments: ["5", "311"])
  func `rows of an outbox come in order, marked as sent`(version: String) throws {
    let broker = try LiveBroker()
    let folder = TestFolder()
    let receiver = try store(broker, folder, ["c/#", "-V", version])
    let publisher = try RunningProgram(
      words("pub", broker) + ["--outbox", folder.path + "/app.db", "--create-table"]
        + ["-V", version])
    try folder.expect("app.db", "SELECT count(*) FROM sqlite_master WHERE name = 'outbox'", "1")
    _ = try folder.ask(
      "app.db",
      """
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
      INSERT INTO outbox(topic, payload, qos) SELECT 'c/' || (i % 3), i, 1 + i % 2 FROM n
      """)
    try folder.expect("app.db", "SELECT count(*) FROM outbox WHERE sent_at IS NULL", "0")
    try folder.expect("r.db", "SELECT count(*) FROM messages", "2500")
    #expect(
      try folder.ask("r.db", "SELECT count(*) FROM messages WHERE id <> payload + 0") == "0")
    publisher.signal(SIGTERM)
    #expect(try publisher.exitStatus() == 0)
    #expect(receiver.isRunning)
  }

  @Test func `a row that cannot be sent becomes a dead letter and holds up no other`() throws {
    let folder = TestFolder()
    let access = folder.path + "/acl"
    try "topic readwrite allowed/#\n".write(toFile: access, atomically: true, encoding: .utf8)
    let broker = try LiveBroker(["--acl", access])
    let file = folder.path + "/app.db"
    let make = ["--outbox", file, "--create-table", "--until-empty"]
    #expect(try run(words("pub", broker) + make).status == 0)
    _ = try folder.ask(
      "app.db",
      """
      INSERT INTO outbox(topic, payload, qos, properties) VALUES
        ('allowed/#', '', 2, NULL), ('forbidden', '', 2, NULL), ('allowed/1', '', 5, NULL),
        ('allowed/2', '', 2, '{"content-typ": "x"}'), (x'ff', '', 2, NULL),
        ('allowed/3', 'fine', 2, '{"content-type": "x"}')
      """)
    let result = try run(words("pub", broker) + ["--outbox", file, "--until-empty"])
    #expect(result.status == 0)
    #expect(result.errors.contains("message 1 of pub outbox is not sent: "))
    #expect(
      try folder.ask("app.db", "SELECT id, sent_at IS NOT NULL, error FROM outbox") == """
        1|0|"allowed/#" is not a topic name: it holds a wildcard
        2|0|the broker refused it: Not authorized (0x87)
        3|0|its qos is neither 0, 1 nor 2
        4|0|its properties: "content-typ" is not a property of a message; the nearest one is \
        "content-type" at byte 2
        5|0|its topic is not a text in UTF-8
        6|1|
        """)
    _ = try folder.ask(
      "app.db", "UPDATE outbox SET error = NULL, topic = 'allowed/2' WHERE id = 2")
    #expect(try run(words("pub", broker) + ["--outbox", file, "--until-empty"]).status == 0)
    #expect(try folder.ask("app.db", "SELECT sent_at IS NOT NULL FROM outbox WHERE id = 2") == "1")
  }

  @Test func `an outbox that is not there, or lacks a column, is told what to do`() throws {
    let folder = TestFolder()
    let file = folder.path + "/app.db"
    let absent = try run([mqttPath, "pub", "-p", "1", "--outbox", file])
    #expect(absent.status == 1)
    #expect(absent.errors.contains("it cannot be opened (No such file or directory)"))
    #expect(!FileManager.default.fileExists(atPath: file))
    _ = try folder.ask("app.db", "CREATE TABLE other(id)")
    let missing = try run([mqttPath, "pub", "-p", "1", "--outbox", file])
    #expect(missing.status == 1)
    #expect(missing.errors.contains("there is no such table; --create-table makes it"))
    _ = try folder.ask("app.db", "CREATE TABLE outbox(id INTEGER PRIMARY KEY, topic, payload)")
    let different = try run([mqttPath, "pub", "-p", "1", "--outbox", file])
    #expect(
      different.errors.contains(
        "it has no column qos, retain, properties, sent_at, attempts, error"))
  }

  @Test func `an outbox that shall be emptied and is interrupted says that it is not`() throws {
    let folder = TestFolder()
    let file = folder.path + "/app.db"
    let place = ["--outbox", file, "--create-table"]
    let port = ["-p", "\(try freePort())"]
    let publisher = try RunningProgram([mqttPath, "pub"] + port + place + ["--until-empty"])
    try publisher.waitFor("trying again")
    publisher.signal(SIGTERM)
    _ = try publisher.exitStatus()
    #expect(publisher.endingSignal == SIGTERM)
    #expect(publisher.errors.contains("mqtt pub: interrupted; pub outbox was not looked through"))
    let timed = try run([mqttPath, "pub"] + port + place + ["--until-empty", "-W", "0.3"])
    #expect(timed.status == 27)
    #expect(timed.errors.contains("mqtt pub: timed out; pub outbox was not looked through"))
    let endless = try RunningProgram([mqttPath, "pub"] + port + place)
    try endless.waitFor("trying again")
    endless.signal(SIGTERM)
    #expect(try endless.exitStatus() == 0)
  }

  @Test func `sidecars start before their broker and wait for it`() throws {
    let folder = TestFolder()
    let port = try freePort()
    let subscriber = try RunningProgram([
      mqttPath, "sub", "-p", "\(port)", "a", "--sqlite", folder.path + "/r.db",
    ])
    try subscriber.waitFor("trying again")
    let broker = try RunningProgram([mqttPath, "broker", "-p", "\(port)", "--memory"])
    try folder.expect("r.db", "SELECT count(*) FROM mqtt_session WHERE subscriptions <> ''", "1")
    #expect(broker.isRunning)
  }

  @Test(arguments: ["sub", "pub"])
  func `sidecars start before Redis and wait for it`(command: String) throws {
    let folder = TestFolder()
    let port = try freePort()
    let place = ["--redis", "redis://127.0.0.1:\(port)", "--list", "k"]
    let sidecar = try RunningProgram(
      [mqttPath, command, "-p", "1"] + (command == "sub" ? ["a"] : []) + place)
    try sidecar.waitFor(
      "redis at 127.0.0.1:\(port): connect: it cannot be reached (Connection refused); trying again"
    )
    let server = try RunningProgram([
      "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--dir",
      folder.path,
    ])
    let name = poll(30) {
      let result = try? run([
        "redis-cli", "-p", "\(port)", "HGET", "k:\(command)-session", "process",
      ])
      return result?.output == "\(sidecar.identifier)\n"
    }
    #expect(name, "\(sidecar.errors)")
    #expect(server.isRunning)
  }

  @Test func `nothing is lost or doubled in rounds of killing sidecars and broker`() throws {
    try runSidecars("rounds.py", ["--rounds", "6", "--rows", "100"])
  }

  @Test func `nothing is lost or doubled between two lists of Redis in rounds of killing`() throws {
    try runSidecars("redis_rounds.py", ["--rounds", "6", "--rows", "100"])
  }

  @Test func `a FastAPI application and its sidecars lose nothing while they are killed`() throws {
    try runSidecars("story.py", [])
  }

  @Test func `a list of Redis gives its messages, and keeps those that nobody takes`() throws {
    let broker = try LiveBroker()
    let folder = TestFolder()
    let port = try freePort()
    let server = try RunningProgram([
      "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--dir",
      folder.path,
    ])
    let redis = { (words: [String]) throws -> String in
      try run(["redis-cli", "-p", "\(port)"] + words).output
        .trimmingCharacters(in: .newlines)
    }
    #expect(poll(20) { (try? redis(["PING"])) == "PONG" })
    let place = ["--redis", "redis://127.0.0.1:\(port)/0", "--list"]
    let subscriber = try RunningProgram(words("sub", broker) + ["c/#"] + place + ["in"])
    #expect(poll(20) { (try? redis(["HGET", "in:sub-session", "subscriptions"])) == "18 c/#" })
    let first = #"{"topic": "c/1", "payload": {"n": 1}}"#
    let second = #"{"topic": "c/2", "payload": "x", "qos": 1, "retain": true}"#
    _ = try redis(["RPUSH", "out", first, "no message", second])
    let result = try run(words("pub", broker) + place + ["out", "--until-empty"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(poll(20) { (try? redis(["LLEN", "in"])) == "2" })
    #expect(try redis(["LINDEX", "in", "0"]).contains(#""payload":"{\"n\": 1}""#))
    #expect(try redis(["LINDEX", "in", "1"]).contains(#""topic":"c/2","qos":1"#))
    #expect(
      try redis(["LRANGE", "out:dead", "0", "-1"])
        == #"{"error":"byte 1: expected JSON here","element":"no message"}"#)
    #expect(try redis(["EXISTS", "out", "out:processing", "out:underway"]) == "0")
    let twin = try run(words("sub", broker) + ["c/#"] + place + ["in"])
    #expect(twin.errors.contains("process \(subscriber.identifier) uses it"))
    #expect(server.isRunning)
  }

  /// Runs a program of Tests/Sidecars to its verdict.
  private func runSidecars(_ script: String, _ arguments: [String]) throws {
    let program = "\(checkoutFolder)/Tests/Sidecars/\(script)"
    try runPython(path: program, ["--program", mqttPath] + arguments, within: 600)
  }
}
