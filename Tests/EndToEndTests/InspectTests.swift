// `mqtt inspect-pcap` as users run it: captures in files, words, and what comes out.

import CaptureSupport
import Foundation
import LiveSupport
import MQTTCodec
import Testing

/// A folder with a capture.
private final class CaptureFolder {
  private let folder = TestFolder()
  let capture: String

  init(_ network: TestNetwork) throws {
    capture = try folder.write(bytes: pcap(network.frames), to: "capture.pcap")
  }

  func path(_ name: String) -> String { folder.path(name) }

  /// What `mqtt inspect-pcap` says of the capture, and its exit status.
  func inspect(_ words: String...) throws -> (output: String, errors: String, status: Int32) {
    let result = try run([mqttPath, "inspect-pcap", capture] + words, within: 60)
    return (result.output, result.errors, result.status)
  }
}

struct InspectTests {
  /// A message of QoS 2 from `says` to `hears`, with its handshakes on both legs.
  private static func delivery() throws -> TestNetwork {
    var network = TestNetwork()
    let hears = network.connect("hears", .v5)
    try network.subscribe(hears, "a/#")
    let says = network.connect("says", .v5)
    try network.handshake(
      says, "a/b", .exactlyOnce, id: 9, payload: #"{"t": 21.5}"#, fromClient: true)
    try network.handshake(
      hears, "a/b", .exactlyOnce, id: 1, payload: #"{"t": 21.5}"#, fromClient: false)
    return network
  }

  @Test func `line has the client, the arrow, the packet, the payload and the time since`() throws {
    let lines = try CaptureFolder(Self.delivery()).inspect("--where", "frame >= 13 && id < 9")
    #expect(
      lines.output == """
            17     0.016000 hears                ← PUBLISH id 1 QoS 2 "a/b" 11 bytes: {"t": 21.5} \
        (4.000 ms after frame 13)
            18     0.017000 hears                → PUBREC id 1 (1.000 ms after frame 17)
            19     0.018000 hears                ← PUBREL id 1 (1.000 ms after frame 18)
            20     0.019000 hears                → PUBCOMP id 1 (1.000 ms after frame 19)

        """)
    let hidden = try CaptureFolder(Self.delivery()).inspect("--no-payload", "--type", "publish")
    #expect(!hidden.output.contains("21.5"))
  }

  @Test func `object of --json names every field and property`() throws {
    var network = TestNetwork()
    let client = network.connect("c", .v5)
    network.up(
      client,
      try publish(
        "a", "hi", .atLeastOnce, id: 3,
        properties: [
          Property(.contentType, .string("text")), Property(.userProperty, .stringPair("k", "v")),
        ]))
    network.down(client, .puback(try answer(3, .noMatchingSubscribers)))
    let result = try CaptureFolder(network).inspect("--json", "--where", "id == 3")
    #expect(
      result.output == """
        {"frame":6,"time":"2023-11-14T22:13:20.006000000Z","elapsed_seconds":0.005000000,"stream":0,\
        "client":"c","direction":"to-server","source":"10.0.0.1:40000",\
        "destination":"10.0.0.200:1883","type":"PUBLISH","size_bytes":24,"version":"5.0","topic":"a",\
        "qos":1,"retain":false,"dup":false,"id":3,"payload_bytes":2,"payload":"hi",\
        "properties":{"content-type":"text","user-properties":[["k","v"]]}}
        {"frame":7,"time":"2023-11-14T22:13:20.007000000Z","elapsed_seconds":0.006000000,"stream":0,\
        "client":"c","direction":"to-client","source":"10.0.0.200:1883",\
        "destination":"10.0.0.1:40000","type":"PUBACK","size_bytes":5,"version":"5.0","id":3,"reason":16,\
        "reason_name":"No matching subscribers","answers_frame":6,"latency_ms":1.000000}

        """)
  }

  @Test func `password is shown only when asked for`() throws {
    var network = TestNetwork()
    let client = network.open()
    let connect = Connect(
      version: .v311, clientIdentifier: "c", userName: "ann", password: Array("secret".utf8))
    network.up(client, .connect(connect))
    let folder = try CaptureFolder(network)
    for words in [[], ["--json"], ["--stats"], ["--ladder"], ["--follow", "c"]] {
      let plain = try run([mqttPath, "inspect-pcap", folder.capture] + words)
      #expect(!plain.output.contains("secret"))
    }
    #expect(try folder.inspect("--show-secrets").output.contains("password secret"))
    #expect(try folder.inspect("--show-secrets", "-j").output.contains(#""password":"secret""#))
  }

  @Test func `output that cannot be written is an error`() throws {
    let folder = try CaptureFolder(Self.delivery())
    for (target, reason) in [("> /dev/full", "No space left"), (">&-", "Bad file descriptor")] {
      let script = "\(mqttPath) inspect-pcap \(folder.capture) \(target)"
      let result = try run(["bash", "-c", script])
      #expect(result.status == 1)
      #expect(result.errors.hasPrefix("mqtt inspect-pcap: write standard output: \(reason)"))
    }
  }

  @Test func `file that cannot be read does not keep others from being read`() throws {
    let folder = try CaptureFolder(Self.delivery())
    let result = try run([
      mqttPath, "inspect-pcap", "/nonexistent", "/", folder.capture, "--type", "connect",
    ])
    #expect(result.status == 1)
    #expect(result.output.split(separator: "\n").count == 2)
    #expect(
      result.errors == """
        mqtt inspect-pcap: open /nonexistent: No such file or directory
        mqtt inspect-pcap: read /: Is a directory

        """)
  }

  @Test func `capture of which nothing is shown is remarked upon`() throws {
    let folder = try CaptureFolder(Self.delivery())
    let nobody = try folder.inspect("--client", "nobody")
    #expect(nobody.status == 0)
    #expect(
      nobody.errors
        == "mqtt inspect-pcap: \(folder.capture): of 14 packets of MQTT none was asked for\n")
    let silent = try CaptureFolder(TestNetwork()).inspect("--check")
    #expect(
      silent.output == "0 errors, 0 warnings, 0 notes; nothing could be checked: no packet of MQTT "
        + "was found\n")
    #expect(silent.errors.hasSuffix(": no packet of MQTT was found in it\n"))
  }

  @Test func `client that calls itself a broker stands in the ladder by itself`() throws {
    var network = TestNetwork()
    let client = network.connect("broker 10.0.0.2:1883")
    network.up(client, .pingreq)
    let lines = try CaptureFolder(network).inspect("--ladder").output.split(separator: "\n")
    #expect(lines[0].split(separator: "broker").count == 3)
    #expect(lines.last?.contains("├─ PINGREQ ─") == true)
  }

  @Test func `findings decide the exit status`() throws {
    var network = try Self.delivery()
    let clean = try CaptureFolder(network).inspect("--check")
    #expect(clean.output == "0 errors, 0 warnings, 0 notes\n")
    #expect(clean.status == 0)
    let client = network.connect("bad")
    network.up(client, .pubrel(try answer(5)))
    let folder = try CaptureFolder(network)
    let found = try folder.inspect("--check")
    #expect(
      found.output == """
        error frame 26 bad: PUBREL id 5 is sent without a PUBREC before it [MQTT-4.3.3-4]
        1 error, 0 warnings, 0 notes

        """)
    #expect(found.status == 1)
    let object = try folder.inspect("--check", "--json")
    #expect(
      object.output == """
        {"severity":"error","finding":"pubrel-without-pubrec","frames":[26],\
        "time":"2023-11-14T22:13:20.026000000Z","client":"bad","stream":2,\
        "clause":"MQTT-4.3.3-4","text":"PUBREL id 5 is sent without a PUBREC before it"}

        """)
    #expect(object.status == 1)
    #expect(try folder.inspect("--check", "--client", "says").status == 0)
    #expect(try folder.inspect().status == 0)
  }

  @Test func `ladder shows the four steps of QoS 2 on both legs`() throws {
    let ladder = try CaptureFolder(Self.delivery()).inspect("--ladder", "--since", "0.012")
    let arrows = ladder.output.split(separator: "\n").dropFirst().map { $0.dropFirst(21) }
    #expect(ladder.output.split(separator: "\n")[0].contains("says"))
    #expect(
      arrows == [
        "├─ PUBLISH id 9 QoS 2 \"a/b\" 11 bytes ──▶│                                       │",
        "│◀ PUBREC id 9 ─────────────────────────┤                                       │",
        "├─ PUBREL id 9 ────────────────────────▶│                                       │",
        "│◀ PUBCOMP id 9 ────────────────────────┤                                       │",
        "│                                       ├─ PUBLISH id 1 QoS 2 \"a/b\" 11 bytes ──▶│",
        "│                                       │◀ PUBREC id 1 ─────────────────────────┤",
        "│                                       ├─ PUBREL id 1 ────────────────────────▶│",
        "│                                       │◀ PUBCOMP id 1 ────────────────────────┤",
      ])
  }

  @Test func `conversation of a client reads from its first to its last packet`() throws {
    let talk = try CaptureFolder(Self.delivery()).inspect("--follow", "says")
    #expect(
      talk.output == """
        says, 10.0.0.1:40001 to 10.0.0.200:1883, MQTT 5.0, stream 1
            0.010000  says: CONNECT MQTT 5.0 client "says" clean start keep alive 0 s
            0.011000  broker: CONNACK Success (1.000 ms after frame 11)
            0.012000  says: PUBLISH id 9 QoS 2 "a/b" 11 bytes
                        {
                        \t"t":\t21.5
                        }
            0.013000  broker: PUBREC id 9 (1.000 ms after frame 13)
            0.014000  says: PUBREL id 9 (1.000 ms after frame 14)
            0.015000  broker: PUBCOMP id 9 (1.000 ms after frame 15)

        """)
  }

  @Test func `statistics as JSON have every count under a name`() throws {
    let text = try CaptureFolder(Self.delivery()).inspect("--stats", "--json").output
    #expect(
      text == """
        {"packets":14,"bytes":132,"malformed":0,"connections":2,"seconds":0.016,"types":\
        {"CONNECT":2,"CONNACK":2,"PUBLISH":2,"PUBREC":2,"PUBREL":2,"PUBCOMP":2,"SUBSCRIBE":1,\
        "SUBACK":1},"published":{"messages":1,"per_second":62.5,"payload_bytes":11,\
        "qos":[0,0,1]},"delivered":{"messages":1,"per_second":62.5,"payload_bytes":11,\
        "qos":[0,0,1]},"clients":[{"client":"hears","version":"5.0","connections":1,"packets":8,\
        "bytes":75,"published":0,"received":1},{"client":"says","version":"5.0","connections":1,\
        "packets":6,"bytes":57,"published":1,"received":0}],"topics":[{"topic":"a/b",\
        "published":1,"delivered":1,"smallest_bytes":11,"mean_bytes":11,"largest_bytes":11}],"latencies":[\
        {"latency":"PUBLISH to PUBCOMP","count":2,"least_ms":3,"median_ms":3,"p99_ms":3,\
        "most_ms":3},{"latency":"publisher to subscriber","count":1,"least_ms":4,"median_ms":4,\
        "p99_ms":4,"most_ms":4},{"latency":"CONNECT to CONNACK","count":2,"least_ms":1,\
        "median_ms":1,"p99_ms":1,"most_ms":1},{"latency":"SUBSCRIBE to SUBACK","count":1,\
        "least_ms":1,"median_ms":1,"p99_ms":1,"most_ms":1}]}

        """)
  }

  @Test func `statistics count clients, topics and latencies`() throws {
    let text = try CaptureFolder(Self.delivery()).inspect("--stats").output
    #expect(
      text == """
        14 packets, 132 bytes, 2 clients, 2 connections, 0.016 s
        CONNECT 2, CONNACK 2, PUBLISH 2, PUBREC 2, PUBREL 2, PUBCOMP 2, SUBSCRIBE 1, SUBACK 1
        published: 1 message, 62.5 a second, 11 bytes of payload, QoS 0: 0 (0 %), QoS 1: 0 (0 %), \
        QoS 2: 1 (100 %)
        delivered: 1 message, 62.5 a second, 11 bytes of payload, QoS 0: 0 (0 %), QoS 1: 0 (0 %), \
        QoS 2: 1 (100 %)

        client                   version  connections   packets       bytes  published  received
        hears                    5.0                1         8          75          0         1
        says                     5.0                1         6          57          1         0

        topic                     published  delivered  smallest      mean   largest
        a/b                               1          1        11      11.0        11

        latency                       count         least        median          99 %          most
        PUBLISH to PUBCOMP                2      3.000 ms      3.000 ms      3.000 ms      3.000 ms
        publisher to subscriber           1      4.000 ms      4.000 ms      4.000 ms      4.000 ms
        CONNECT to CONNACK                2      1.000 ms      1.000 ms      1.000 ms      1.000 ms
        SUBSCRIBE to SUBACK               1      1.000 ms      1.000 ms      1.000 ms      1.000 ms

        """)
  }

  @Test func `page draws every packet, zooms in a browser and runs nothing of the capture`() throws
  {
    var network = try Self.delivery()
    let client = network.connect("<script>document.title='broken'</script>")
    network.up(client, try publish("\"><img src=x onerror=alert(1)>", "</title><b>"))
    let folder = try CaptureFolder(network)
    let page = folder.path("ladder.html")
    #expect(try folder.inspect("--html", page).status == 0)
    func dump(_ fragment: String) throws -> String {
      try run(
        [
          "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
          "--user-data-dir=" + folder.path("profile"), "file://" + page + fragment,
        ], environment: ["TMPDIR": folder.path("")], within: 120
      ).output
    }
    let whole = try dump("")
    #expect(whole.contains("data-steps=\"17\""))
    #expect(whole.components(separatedBy: "class=\"step ").count == 18)
    #expect(whole.contains("<title>MQTT ladder</title>"))
    #expect(!whole.contains("<img"))
    // In full size: as many units as the window has pixels, and half of them at twice the size.
    func width(_ page: String) throws -> Int {
      let view = try #require(page.firstMatch(of: #/viewBox="0 0 ([0-9]+) /#))
      return try #require(Int(view.1))
    }
    let full = try width(whole)
    #expect((500..<1590).contains(full))
    #expect(try abs(width(dump("#zoom=2")) * 2 - full) <= 1)
    #expect(whole.contains("<g class=\"ends\" transform=\"translate(0 0)\">"))
  }

  @Test func `exported messages are published again by --replay`() throws {
    var network = TestNetwork()
    let client = network.connect("c", .v5)
    network.up(
      client,
      try publish(
        "a/b", "first", .atLeastOnce, id: 1, properties: [Property(.contentType, .string("x"))]))
    network.down(client, .puback(try answer(1)))
    network.up(client, try publish("a/c", "second"))
    let folder = try CaptureFolder(network)
    let file = folder.path("messages.jsonl")
    #expect(
      try folder.inspect("--export-messages", file).errors == "2 messages written to \(file)\n")
    let broker = try LiveBroker()
    let subscriber = try RunningProgram([
      mqttPath, "sub", "-p", "\(broker.port)", "-t", "a/#", "-q", "1", "-C", "2", "-V", "5", "-d",
      "-F", "%t %p %C",
    ])
    try subscriber.waitFor("SUBACK")
    let replay = try run([mqttPath, "pub", "-p", "\(broker.port)", "-V", "5", "--replay", file])
    #expect(replay.status == 0, "\(replay.errors)")
    #expect(try subscriber.exitStatus() == 0)
    #expect(subscriber.output.contains("a/b first x\n"))
    #expect(subscriber.output.contains("a/c second \n"))
  }

  @Test func `suggested rules deny nothing of their own capture, and fewer rules do`() throws {
    let folder = try CaptureFolder(Self.delivery())
    let rules = try run([mqttPath, "acl-check", "suggest", "--capture", folder.capture])
    #expect(
      rules.output == """
        # clients without a user name
        topic write a/b
        topic read a/#

        """)
    func replay(_ text: String) throws -> (status: Int32, output: String, errors: String) {
      let file = folder.path("acl.conf")
      try text.write(toFile: file, atomically: true, encoding: .utf8)
      return try run(
        [mqttPath, "acl-check", "--acl", file, "replay", "--capture", folder.capture])
    }
    let own = try replay(rules.output)
    #expect(own.output == "3 different accesses, 0 denied\n")
    #expect(own.status == 0)
    let fewer = try replay("topic read a/#\n")
    #expect(
      fewer.output == """
        DENY: - client=says publish a/b, once, first in frame 13: no rule matches
        3 different accesses, 1 denied

        """)
    #expect(fewer.status == 1)
  }

  @Test(arguments: ["mqtt_packets.pcapng", "mqtt_packets_Windows.cap", "ndpi-mqtt.pcap"])
  func `suggested rules deny nothing of captures of others`(_ name: String) throws {
    let capture = checkoutFolder + "/Tests/Captures/" + name
    let rules = try run([mqttPath, "acl-check", "suggest", "--capture", capture])
    #expect(rules.status == 0)
    let replay = try run([
      "bash", "-c", "\"$0\" acl-check --acl <(printf %s \"$2\") replay --capture \"$1\"", mqttPath,
      capture, rules.output,
    ])
    #expect(replay.status == 0, "\(replay.output)\(replay.errors)")
    #expect(replay.output.hasSuffix(", 0 denied\n"))
  }

  @Test(arguments: [
    ["-E", "header=y", "-E", "separator=;", "-E", "quote=d"],
    ["-E", "occurrence=f", "-E", "separator=/s"], ["-E", "occurrence=l", "-E", "aggregator=/s"],
    ["-E", "aggregator=|", "-E", "quote=s"], ["-Y", "mqtt.msgtype == 3 && mqtt.qos == 0"],
  ])
  func `fields are written as tshark writes them`(_ words: [String]) throws {
    let capture = checkoutFolder + "/Tests/Captures/mqtt_packets.pcapng"
    let names = ["frame.number", "mqtt.msgtype", "mqtt.topic", "ip.addr", "mqtt.msg"]
    var rest = ["-r", capture, "-n", "-T", "fields"] + names.flatMap { ["-e", $0] } + words
    if !words.contains("-Y") { rest += ["-Y", "mqtt"] }
    let theirs = try run(["tshark"] + rest, within: 120)
    let ours = try run([mqttPath, "inspect-pcap"] + rest)
    #expect(ours.output == theirs.output)
    #expect(ours.output.count > 50)
  }

  @Test func `fault in a condition is shown at its place`() throws {
    let result = try run([
      mqttPath, "inspect-pcap", "-Y", "type == pubish && qos == 2", "capture.pcap",
    ])
    #expect(result.status == 2)
    #expect(
      result.errors.contains(
        """
        pubish is no type; the nearest is publish
          type == pubish && qos == 2
                  ^
        """))
  }

  /// All names of members within a JSON text, but for those of properties, which are the standard's.
  private static func names(_ text: String) throws -> Set<String> {
    func names(_ value: Any) -> Set<String> {
      if let elements = value as? [Any] { return Set(elements.flatMap(names)) }
      guard let members = value as? [String: Any] else { return [] }
      return Set(members.keys).union(
        members.filter { $0.key != "properties" && $0.key != "types" }.values.flatMap(names))
    }
    return Set(
      try text.split(separator: "\n").flatMap {
        names(try JSONSerialization.jsonObject(with: Data($0.utf8)))
      })
  }

  @Test(arguments: [["--json"], ["--stats", "--json"], ["--check", "--json"]])
  func `every name in JSON is in snake case`(options: [String]) throws {
    let capture = checkoutFolder + "/Tests/Captures/mqtt_packets.pcapng"
    let text = try run([mqttPath, "inspect-pcap", capture] + options).output
    let names = try Self.names(text)
    #expect(names.count > 5)
    for name in names { #expect(name.wholeMatch(of: /[a-z0-9]+(_[a-z0-9]+)*/) != nil, "\(name)") }
  }
}
