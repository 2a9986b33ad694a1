// The built program against brokers that run: counts have to be exact, whatever the speed of the
// machine, and every way of ending has its status.

import Bench
import Foundation
import LiveSupport
import Testing

/// Runs of `mqtt bench`.
struct LiveBenchTests {
  /// The status of a run, what it said, and its report.
  private func bench(
    _ words: [String], port: UInt16? = nil, within seconds: Double = 120
  ) throws -> (status: Int32, output: String, errors: String, runs: [RunResult]) {
    let folder = TestFolder()
    let place = port.map { ["-h", "127.0.0.1", "-p", "\($0)"] } ?? []
    let result = try run(
      [mqttPath, "bench"] + words + place + ["--json", folder.path("report")], within: seconds)
    let runs = (try? BenchReport(reading: folder.bytes("report")))?.runs ?? []
    return (result.status, result.output, result.errors, runs)
  }

  @Test(arguments: [
    (["pubsub:3x4", "-C", "300"], 300, 1200), (["fanout:1x7", "-C", "101", "-q", "1"], 101, 707),
    (["fanin:9x1", "-C", "500", "-q", "2"], 500, 500),
    (["pairs:6", "-C", "300", "-q", "1", "--sub-qos", "0", "-V", "311"], 300, 300),
    (["pairs:3", "-C", "90", "-q", "2", "--threads", "2", "-M", "3"], 90, 90),
    (["shared:4x3", "-C", "200", "-q", "1"], 200, 200),
    (["pairs:5", "-C", "200", "--rate", "2000", "-q", "1"], 200, 200),
    (["rr:3", "-C", "60", "-q", "1"], 60, 60), (["rr:2", "-C", "50", "-q", "2"], 50, 50),
    (["retained:150"], 150, 150), (["offline:150", "-q", "2"], 150, 150),
    (
      ["pubsub:2x2", "-C", "50", "-t", "b/%i/%s", "-m", "{\"n\": %s, \"u\": \"%UNIQUE%\"}"], 50, 100
    ),
    (["pub:2", "-C", "40", "-q", "1"], 40, 0),
  ]) func `every message is counted`(_ words: [String], sent: Int, delivered: Int) throws {
    let broker = try LiveBroker()
    let result = try bench(words, port: broker.port)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    let tally = try #require(result.runs.first).tally
    #expect(tally.sent == sent)
    #expect(tally.expected == delivered)
    #expect(tally.received == delivered)
    #expect(tally.lost == 0)
    #expect(tally.duplicated == 0)
    #expect(tally.foreign == 0)
    let isAcknowledged = try #require(result.runs.first).quality.publish > 0
    #expect(tally.acknowledged == (isAcknowledged ? sent : 0))
    #expect(result.output.contains("the broker kept its promises"))
  }

  @Test func `mosquitto's subscriber, the broker and mqload count the same`() throws {
    let broker = try LiveBroker(["--sys-interval", "1"])
    let witness = try RunningProgram([
      "stdbuf", "-oL", "mosquitto_sub", "-d", "-h", "127.0.0.1", "-p", "\(broker.port)", "-t",
      "counted/#", "-q", "1", "-C", "600", "-F", "message of %l bytes",
    ])
    try witness.waitFor("Subscribed")
    let result = try bench(
      ["fanout:1x5", "-C", "600", "-q", "1", "-t", "counted/x", "-V", "311", "-s", "64"],
      port: broker.port)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    let tally = try #require(result.runs.first).tally
    #expect(try witness.exitStatus(within: 30) == 0)
    let lines = witness.output.split(separator: "\n").filter { $0 == "message of 64 bytes" }
    #expect(lines.count == 600)
    #expect(tally.sent == 600)
    // The looks at $SYS are no messages to the broker.
    var counted = ""
    let isCounted = poll(30) {
      let answer = try? run([
        "mosquitto_sub", "-h", "127.0.0.1", "-p", "\(broker.port)", "-C", "1", "-W", "5", "-t",
        "$SYS/broker/publish/messages/received",
      ])
      counted = answer?.output ?? ""
      return counted == "600\n"
    }
    #expect(isCounted, "the broker has counted \(counted)")
    try compareWithMqload(broker, tally)
  }

  /// Where the generator in C that this one took its terms from lies beside the checkout, it is a
  /// further witness.
  private func compareWithMqload(_ broker: LiveBroker, _ tally: Tally) throws {
    let source = checkoutFolder + "/../shared/tools/mqload/mqload.c"
    guard FileManager.default.fileExists(atPath: source) else { return }
    let folder = TestFolder()
    let tool = folder.path("mqload")
    let made = try run(
      ["cc", "-O1", "-o", tool, source, "-lssl", "-lcrypto", "-lpthread", "-lm"], within: 120)
    #expect(made.status == 0, "\(made.errors)")
    let theirs = try run(
      [
        tool, "pubsub", "-p", "\(broker.port)", "-P", "1", "-S", "5", "-q", "1", "-n", "600",
        "-w", "20", "-s", "64", "--json",
      ], within: 60)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(theirs.output.utf8)) as? [String: Any])
    #expect(json["sent"] as? Int == Int(tally.sent))
    #expect(json["received"] as? Int == Int(tally.received))
    #expect(json["lost"] as? Int == Int(tally.lost))
    #expect(json["dup"] as? Int == Int(tally.duplicated))
  }

  @Test func `a broker that loses what it acknowledged is found out`() throws {
    let broker = try LiveBroker(["--max-queued-messages", "10"])
    let result = try bench(["offline:200", "--drain", "1"], port: broker.port)
    #expect(result.status == 3)
    let tally = try #require(result.runs.first).tally
    #expect(tally.acknowledged == 200)
    #expect(tally.lost == tally.expected - tally.received)
    #expect(tally.lost > 100)
    #expect(
      result.output.contains("BROKEN: \(tally.lost) deliveries of acknowledged messages lost"))
  }

  @Test(arguments: ["tls", "ws", "unix"]) func `every way to a broker is measured`(
    _ way: String
  ) throws {
    let folder = TestFolder()
    let path = folder.path("s")
    var options: [String] = []
    var words: [String] = []
    let secured = try freePort()
    switch way {
    case "tls":
      options = ["--tls", "--tls-port", "\(secured)"]
      words = ["--tls", "--insecure", "-h", "127.0.0.1", "-p", "\(secured)"]
    case "ws": words = ["--ws", "-h", "127.0.0.1"]
    default:
      options = ["--unix", path]
      words = ["--unix", path]
    }
    let broker = try LiveBroker(options, speaksWebSocket: way == "ws")
    if way == "ws" { words += ["-p", "\(broker.port)"] }
    let result = try bench(["pairs:2", "-C", "50", "-q", "1"] + words)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    let run = try #require(result.runs.first)
    #expect(run.tally.received == 50)
    #expect((run.latencies[.tls] != nil) == (way != "unix"))
  }

  @Test func `connections are counted, held and made again`() throws {
    let broker = try LiveBroker()
    let storm = try bench(["conn:50"], port: broker.port)
    #expect(try #require(storm.runs.first).tally.connected == 50)
    #expect(storm.status == 0)
    let hold = try bench(
      ["conn:30:hold", "-d", "0.2", "--watch-pid", "\(broker.program.identifier)"],
      port: broker.port)
    #expect(try #require(hold.runs.first).tally.connected == 30)
    #expect(try #require(hold.runs.first?.watched).residentBytesHighest > 1_000_000)
    let churn = try bench(["conn:5:churn", "-d", "0.5"], port: broker.port)
    #expect(try #require(churn.runs.first).tally.connected > 5)
    #expect(churn.status == 0, "\(churn.output)\(churn.errors)")
  }

  @Test func `more connections than files may be open are refused with the number that can be`()
    throws
  {
    let result = try run([
      "bash", "-c", "ulimit -n 100; exec \(mqttPath) bench conn:1000 -p 1",
    ])
    #expect(result.status == 1)
    #expect(
      result.errors == """
        mqtt bench: conn:1000:storm needs 1000 connections, and the limit of open files allows 81; \
        raise it with ulimit -n, or measure less

        """)
  }

  @Test func `conditions and refusals end in their own status`() throws {
    let broker = try LiveBroker()
    let words = ["pairs:1", "-C", "20", "-q", "1"]
    let failing = try bench(
      words + ["--fail-if", "lost>0", "--fail-if", "sent==20"], port: broker.port)
    #expect(failing.status == 4)
    #expect(failing.errors.contains("mqtt bench: pairs:1: sent==20 holds: 20"))
    #expect(try bench(words + ["--fail-if", "lost>0"], port: broker.port).status == 0)
    #expect(try bench(words + ["--watch-pid", "999999999"], port: broker.port).status == 1)
  }

  @Test(arguments: [["pairs:1", "-C", "20"], []])
  func `without a broker nothing is measured`(scenario: [String]) throws {
    let port = try freePort()
    let nobody = try bench(scenario, port: port)
    #expect(nobody.status == 1)
    #expect(nobody.output == "")
    #expect(
      nobody.errors == """
        mqtt bench: cannot connect to 127.0.0.1:\(port): Connection refused; is a broker running \
        there?

        """)
  }

  @Test func `a run that is ended by hand still says what it saw`() throws {
    let broker = try LiveBroker()
    let program = try RunningProgram([
      mqttPath, "bench", "pairs:2", "-q", "1", "--rate", "100", "-d", "600", "-p",
      "\(broker.port)",
    ])
    try program.waitFor("received", within: 30)
    program.signal(SIGINT)
    #expect(try program.exitStatus(within: 30) == 128 + SIGINT)
    #expect(program.endingSignal == SIGINT)
    #expect(program.output.contains("the broker kept its promises (ended by hand)"))
  }

  @Test func `two brokers are measured in turn and compared`() throws {
    let (first, second) = (try LiveBroker(), try LiveBroker())
    let result = try bench(
      ["pairs:2", "-C", "50", "-q", "1", "--rounds", "3", "--vs", "127.0.0.1:\(second.port)"],
      port: first.port)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(result.runs.count == 6)
    let heading = "127.0.0.1:\(second.port) against 127.0.0.1:\(first.port)"
    #expect(result.output.contains(heading))
    #expect(result.output.contains("3 and 3 rounds"))
  }

  @Test func `the page of a report is drawn by a browser`() throws {
    let broker = try LiveBroker()
    let folder = TestFolder()
    let page = folder.path("report.html")
    let result = try bench(
      ["pairs:2", "fanout:1x3", "-q", "1", "--rate", "200", "-d", "3", "--html", page],
      port: broker.port)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    let browser = try run(
      [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--user-data-dir=\(folder.path("profile"))", "--dump-dom", "file://\(page)",
      ], environment: ["TMPDIR": folder.path], within: 120)
    #expect(browser.status == 0)
    // Two runs and the page on both: at least an overview and two plots of each.
    #expect(browser.output.components(separatedBy: "<svg").count > 5)
    #expect(browser.output.components(separatedBy: "<polyline").count > 6)
    #expect(browser.output.contains("Latency by percentile"))
    #expect(browser.output.contains("Rate over time"))
  }

  @Test func `the tour starts a broker and ends with one table`() throws {
    let result = try bench(["-d", "0.2", "-C", "200", "--quiet"], within: 300)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(result.runs.count == 12)
    let lines = result.output.split(separator: "\n")
    #expect(lines.first?.hasPrefix("scenario") == true)
    #expect(lines.last == "the broker kept its promises")
    #expect(result.runs.allSatisfy { $0.tally.lost == 0 })
  }

  @Test func `a probe says what the broker is and does`() throws {
    let broker = try LiveBroker()
    let result = try run(
      [mqttPath, "bench", "probe", "-h", "127.0.0.1", "-p", "\(broker.port)"], within: 120)
    #expect(result.status == 0)
    for line in [
      "MQTT 5.0", "MQTT 3.1.1", "MQTT 3.1", "QoS 2", "retained messages", "wildcard #",
      "shared subscriptions", "topic alias", "message expiry",
    ] {
      let isYes = result.output.split(separator: "\n").contains { text in
        text.hasPrefix("  \(line) ") && text.hasSuffix(" yes")
      }
      #expect(isYes, "\(line) in \(result.output)")
    }
    #expect(result.output.contains("longest topic tried"))
  }

  @Test func `a broker with a store comes through crashes, and one without is found out`() throws {
    let folder = TestFolder()
    let port = try freePort()
    func crash(_ place: String) throws -> (status: Int32, output: String, errors: String) {
      try run(
        [
          mqttPath, "bench", "crash", "-p", "\(port)", "-q", "2", "--kills", "2", "--seed", "1",
          "--quiet", "--drain", "2", "--broker-cmd", "\(mqttPath) broker -p \(port) \(place)",
        ], within: 180)
    }
    let kept = try crash("--data \(folder.path)")
    #expect(kept.status == 0, "\(kept.output)\(kept.errors)")
    #expect(kept.output.contains("killed 2 times"))
    let forgotten = try crash("--memory")
    #expect(forgotten.status == 3, "\(forgotten.output)\(forgotten.errors)")
    #expect(forgotten.output.contains("session forgotten"))
  }

  @Test func `crashes that are stopped early give no whole verdict, and end by the signal`() throws
  {
    let folder = TestFolder()
    let port = try freePort()
    let program = try RunningProgram([
      mqttPath, "bench", "crash", "-p", "\(port)", "-q", "1", "--kills", "1000", "--drain", "1",
      "--json", folder.path("report.json"), "--broker-cmd",
      "\(mqttPath) broker -p \(port) --data \(folder.path)",
    ])
    try program.waitFor("killed 1 of 1000", within: 60)
    program.signal(SIGTERM)
    #expect(try program.exitStatus(within: 120) == 128 + SIGTERM)
    #expect(program.endingSignal == SIGTERM)
    #expect(
      program.output.contains("verdict: no promise was broken so far, ended by hand after "),
      "\(program.output)")
    #expect(!program.output.contains("kept its promises"))
    #expect(folder.text("report.json").contains("\"kills_wanted\":1000"))
  }

  @Test func `a second signal ends a run of crashes at once, and its broker with it`() throws {
    let folder = TestFolder()
    let port = try freePort()
    let program = try RunningProgram([
      mqttPath, "bench", "crash", "-p", "\(port)", "-q", "1", "--kills", "1000", "--drain", "600",
      "--broker-cmd", "\(mqttPath) broker -p \(port) --data \(folder.path)",
    ])
    try program.waitFor("killed 1 of 1000", within: 60)
    program.signal(SIGTERM)
    program.signal(SIGINT)
    _ = try program.exitStatus(within: 10)
    #expect([SIGTERM, SIGINT].contains(program.endingSignal))
    #expect(poll(10) { (try? TCPConnection(port: port)) == nil })
  }

  @Test func `a signal ends the probe of a broker that answers nothing`() throws {
    let listener = try TCPListener()
    let program = try RunningProgram([mqttPath, "bench", "probe", "-p", "\(listener.port)"])
    let peer = try listener.accept()
    program.signal(SIGINT)
    _ = try program.exitStatus(within: 10)
    #expect(program.endingSignal == SIGINT)
    peer.close()
  }

  @Test func `a broker that does not know 5 is measured with 3.1.1`() throws {
    let broker = try LiveBroker()
    let relay = try OldVersionRelay(to: broker.port)
    let result = try bench(["pairs:3", "conn:4", "-C", "60", "-q", "1"], port: relay.port)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(result.runs.map(\.version) == ["3.1.1", "3.1.1"])
    #expect(result.runs.first?.tally.received == 60)
    // Found out once; then the look itself, six clients and four.
    #expect(relay.levels == [5] + Array(repeating: 4, count: 11))
    let refused = try bench(["pairs:1", "-C", "5", "-V", "5"], port: relay.port)
    #expect(refused.status == 1)
    #expect(refused.output.contains("CONNACK: Unsupported Protocol Version"))
  }

  @Test func `the report names the broker, or says that it does not tell`() throws {
    let broker = try LiveBroker()
    let named = try bench(["pub:1", "-C", "5"], port: broker.port)
    #expect(named.runs.first?.broker.hasPrefix("mqtt") == true, "\(named.runs.map(\.broker))")
    #expect(named.output.contains("  broker        \(named.runs.first?.broker ?? "?")\n"))
    let silent = try LiveBroker(["--sys-interval", "0"])
    let unnamed = try bench(["pub:1", "-C", "5"], port: silent.port)
    #expect(unnamed.runs.first?.broker == "")
    #expect(unnamed.output.contains("  broker        unknown\n"))
  }

  /// Whether the broker keeps a session of 3.1.1 under this name.
  private func hasSession(_ name: String, _ broker: LiveBroker) throws -> Bool {
    let connection = try broker.connect()
    let body: [UInt8] = [0, 4] + Array("MQTT".utf8) + [4, 0, 0, 60, 0, UInt8(name.utf8.count)]
    connection.send([0x10, UInt8(body.count + name.utf8.count)] + body + Array(name.utf8))
    guard case .bytes(let connack) = connection.receive(within: 20) else { return false }
    #expect(connack.count == 4 && connack.first == 0x20 && connack.last == 0)
    return connack.count == 4 && connack[2] == 1
  }

  @Test(arguments: ["311", "5"])
  func `a run leaves no session behind, even when it is ended by hand`(_ version: String) throws {
    let broker = try LiveBroker()
    let whole = try bench(["offline:50", "-V", version, "-i", "whole-%i"], port: broker.port)
    #expect(whole.status == 0, "\(whole.output)\(whole.errors)")
    #expect(try !hasSession("whole-2", broker))
    let broken = try RunningProgram([
      mqttPath, "bench", "offline:100M", "-V", version, "-i", "broken-%i", "-h", "127.0.0.1", "-p",
      "\(broker.port)", "--rate", "100",
    ])
    // Messages are on their way, so the subscriber has gone and left its session.
    let isUnderWay = poll(60) { broken.errors.contains("sent") }
    #expect(isUnderWay, "\(broken.errors)")
    broken.signal(SIGINT)
    _ = try broken.exitStatus(within: 60)
    #expect(broken.output.contains("offline:100000000"))
    #expect(try !hasSession("broken-2", broker))
  }

  @Test func `retained messages are removed, even when the run is ended by hand`() throws {
    let broker = try LiveBroker()
    let broken = try RunningProgram([
      mqttPath, "bench", "retained:100M", "-t", "left/%s", "--rate", "100", "-h", "127.0.0.1",
      "-p", "\(broker.port)",
    ])
    let isUnderWay = poll(60) { broken.errors.contains("sent") }
    #expect(isUnderWay, "\(broken.errors)")
    broken.signal(SIGINT)
    _ = try broken.exitStatus(within: 60)
    let place = ["-h", "127.0.0.1", "-p", "\(broker.port)"]
    let end = try run(["mosquitto_pub", "-t", "end", "-m", "end", "-r"] + place)
    #expect(end.status == 0)
    // What is left of the first filter would come before the second one's message.
    let found = try run(
      ["mosquitto_sub", "-t", "left/#", "-t", "end", "-C", "1", "-W", "20", "-F", "%t"] + place)
    #expect(found.output == "end\n")
  }
}
