// `mqtt inspect-pcap` where a capture does not tell everything: clients without names of their own,
// packets that are cut, connections that stay hidden, other protocols on the ports of MQTT.

import CaptureSupport
import Foundation
import LiveSupport
import MQTTCodec
import Testing

struct InspectEdgeTests {
  private func inspect(
    _ frames: [TestFrame], _ words: String...
  ) throws -> (output: String, errors: String, status: Int32) {
    let folder = TestFolder()
    let capture = try folder.write(bytes: pcap(frames), to: "capture.pcap")
    let result = try run([mqttPath, "inspect-pcap", capture] + words, within: 60)
    return (result.output, result.errors, result.status)
  }

  /// Clients without an identifier; in MQTT 5 the broker gives them one.
  private static func nameless(_ version: ProtocolVersion) -> TestNetwork {
    var network = TestNetwork()
    for number in 1...4 {
      let terms =
        version == .v5
        ? [Property(.assignedClientIdentifier, .string("auto-\(number)"))] : []
      let client = network.connect("", version, terms: terms)
      network.up(client, .pingreq)
      network.down(client, .pingresp)
    }
    return network
  }

  @Test(arguments: [ProtocolVersion.v311, .v5])
  func `client without an identifier of its own is one client`(_ version: ProtocolVersion) throws {
    let frames = Self.nameless(version).frames
    let statistics = try inspect(frames, "--stats")
    #expect(statistics.output.contains("4 clients"), "\(statistics.output)")
    let names = (1...4).map { version == .v5 ? "auto-\($0)" : "(10.0.0.1:\(39_999 + $0))" }
    let ladder = try inspect(frames, "--ladder")
    let head = ladder.output.split(separator: "\n")[0]
    for name in names { #expect(head.contains(name), "\(head)") }
    #expect(head.split(separator: " ").count == 2 + 4 + 2, "\(head)")
    #expect(ladder.output.contains("├─ CONNECT"))
    let folder = TestFolder()
    _ = try inspect(frames, "--html", folder.path("page"))
    let page = String(decoding: folder.bytes("page"), as: UTF8.self)
    #expect(page.components(separatedBy: "class=\"end\"").count == 1 + 5)
  }

  @Test func `client that comes back with the name it was given is one client`() throws {
    var network = TestNetwork()
    _ = network.connect(
      "", .v5, terms: [Property(.assignedClientIdentifier, .string("auto-1"))])
    _ = network.connect("other", .v5)
    _ = network.connect("auto-1", .v5)
    _ = network.connect(
      "", .v5, terms: [Property(.assignedClientIdentifier, .string("auto-1"))])
    #expect(try inspect(network.frames, "--stats").output.contains("2 clients"))
    let lines = try inspect(network.frames, "--ladder").output.split(separator: "\n")
    #expect(
      lines[0].split(separator: " ").dropFirst(2) == [
        "auto-1", "broker", "10.0.0.200:1883", "other",
      ])
    // All packets of the client begin or end at its column.
    let own = [1, 2, 5, 6, 7, 8].map { String(lines[$0].dropFirst(21)) }
    #expect(own.allSatisfy { $0.hasPrefix("├") || $0.hasPrefix("│◀") }, "\(own)")
  }

  @Test func `client without an identifier is named by its address in findings`() throws {
    var network = TestNetwork()
    let client = network.connect("")
    try network.subscribe(client, "a")
    network.up(client, try publish("a"))
    network.wait(20)
    network.up(client, .pingreq)
    network.down(client, .pingresp)
    let found = try inspect(network.frames, "--check")
    #expect(found.output.contains(" 10.0.0.1:40000"), "\(found.output)")
    #expect(!found.output.contains("to ,"), "\(found.output)")
  }

  @Test func `message that was sent before CONNACK is followed [MQTT-3.1.4-5]`() throws {
    for cleanStart in [true, false] {
      var network = TestNetwork()
      let client = network.open()
      network.up(
        client,
        .connect(Connect(version: .v311, clientIdentifier: "c", cleanStart: cleanStart)))
      network.up(client, try publish("a", "x", .exactlyOnce, id: 1))
      network.up(client, try publish("b", "x", .atLeastOnce, id: 2))
      network.down(client, .connack(Connack(isSessionPresent: false, reasonCode: .success)))
      network.down(client, .pubrec(try answer(1)))
      network.down(client, .puback(try answer(2)))
      network.up(client, .pubrel(try answer(1)))
      network.down(client, .pubcomp(try answer(1)))
      let found = try inspect(network.frames, "--check")
      #expect(found.output == "0 errors, 0 warnings, 0 notes\n")
      let statistics = try inspect(network.frames, "--stats")
      #expect(statistics.output.contains("PUBLISH to PUBCOMP"), "\(statistics.output)")
      #expect(statistics.output.contains("PUBLISH to PUBACK"), "\(statistics.output)")
    }
  }

  static let texts = [
    "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "POST /x HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /index.html HTTP/1.0\r\n\r\n", "OPTIONS * HTTP/1.1\r\n\r\n", "SSH-2.0-OpenSSH_9.6\r\n",
    "EHLO there\r\n",
  ]

  @Test(arguments: texts, [1883, 8883]) func `text of another protocol is no MQTT`(
    _ text: String, _ port: Int
  ) throws {
    var network = TestNetwork()
    for _ in 0..<8 {
      let client = network.open(port: port)
      network.raw(client, Array(text.utf8))
      network.raw(client, Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), isToServer: false)
      network.close(client)
    }
    let found = try inspect(network.frames, "--check")
    #expect(found.output.hasSuffix("; nothing could be checked: no packet of MQTT was found\n"))
    #expect(found.errors.hasSuffix(": no packet of MQTT was found in it\n"))
    #expect(try inspect(network.frames, "--stats").output.contains("0 clients"))
  }

  /// A connection of TLS 1.2 whose secrets nobody has.
  private static func hidden(_ network: inout TestNetwork, port: Int) {
    let client = network.open(port: port)
    func record(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
      [type, 3, 3, UInt8(body.count >> 8), UInt8(body.count & 0xFF)] + body
    }
    let random = [UInt8](repeating: 7, count: 32)
    let hello: [UInt8] = [3, 3] + random + [0, 0, 2, 0xC0, 0x2F, 1, 0]
    network.raw(client, record(22, [1, 0, 0, UInt8(hello.count)] + hello))
    let answer: [UInt8] = [3, 3] + random + [0, 0xC0, 0x2F, 0]
    network.raw(
      client, record(22, [2, 0, 0, UInt8(answer.count)] + answer), isToServer: false)
    network.raw(client, record(20, [1]) + record(22, [UInt8](repeating: 9, count: 40)))
    network.raw(
      client, record(20, [1]) + record(22, [UInt8](repeating: 9, count: 40)), isToServer: false)
    network.raw(client, record(23, [UInt8](repeating: 9, count: 60)))
  }

  @Test(arguments: [8883, 20_000]) func `what stays hidden was not checked`(_ port: Int) throws {
    var network = TestNetwork()
    Self.hidden(&network, port: port)
    Self.hidden(&network, port: port)
    let hidden = try inspect(network.frames, "--check")
    #expect(
      hidden.output.hasSuffix(
        "; nothing could be checked: what is in 2 connections of TLS stays hidden\n"),
      "\(hidden.output)")
    #expect(
      hidden.errors.hasSuffix(
        "no packet of MQTT could be read in it: 2 connections of TLS stay hidden; --keylog names a "
          + "file with the secrets\n"), "\(hidden.errors)")
    #expect(hidden.status == 1)
    let client = network.connect("c")
    network.up(client, .pingreq)
    network.down(client, .pingresp)
    let partly = try inspect(network.frames, "--check")
    #expect(partly.output.hasSuffix("; not checked: 2 connections of TLS, hidden\n"))
    #expect(partly.status == 0)
  }

  @Test func `a PUBLISH that the snap length cut has the fields that are there`() throws {
    var network = TestNetwork()
    let client = network.connect("c")
    network.up(client, try publish("room/temp", "21.5 degrees", .atLeastOnce, id: 7))
    network.up(client, try publish("b"))
    var frames = network.frames
    // Ethernet, IP and TCP headers are 54 bytes, the packet's are 15 with its topic and identifier.
    frames[5] = frames[5].cut(to: 54 + 15 + 4)
    let fields = ["frame.number", "mqtt.msgtype", "mqtt.topic", "mqtt.msgid", "mqtt.len"]
    let words = ["-T", "fields"] + fields.flatMap { ["-e", $0] }
    let folder = TestFolder()
    let capture = try folder.write(bytes: pcap(frames), to: "capture.pcap")
    let lines = try run([mqttPath, "inspect-pcap", capture] + words).output.split(separator: "\n")
    #expect(lines.contains("6\t3\troom/temp\t7\t25"), "\(lines)")
    #expect(lines.contains("7\t3\tb\t\t4"), "\(lines)")
    let text = try inspect(frames)
    #expect(
      text.output.contains(
        "→ PUBLISH id 7 QoS 1 \"room/temp\", of which the capture lacks 8 bytes"),
      "\(text.output)")
    #expect(
      try inspect(frames, "--json").output.contains(
        #""id":7,"qos":1,"topic":"room/temp","missing_bytes":8"#))
  }

  /// What is told of the packet of a frame that keeps `count` bytes of it.
  private func told(
    _ packet: Packet, _ version: ProtocolVersion = .v5, cutTo count: Int, _ words: String...
  ) throws -> String {
    var network = TestNetwork()
    let client = network.connect("c", version)
    if packet.type == .connack { network.down(client, packet) } else { network.up(client, packet) }
    var frames = network.frames
    frames[5] = frames[5].cut(to: 54 + count)
    let folder = TestFolder()
    let capture = try folder.write(bytes: pcap(frames), to: "capture.pcap")
    let output = try run([mqttPath, "inspect-pcap", capture] + words, within: 60).output
    return output.split(separator: "\n").first { $0.contains("lacks") || $0.contains("missing_b") }
      .map(String.init) ?? output
  }

  @Test func `flags and whole properties of a cut PUBLISH are told, in words and in JSON`() throws {
    var message = Publish(topic: "t", payload: Array("0123456789".utf8), qos: .exactlyOnce)
    message.packetIdentifier = PacketIdentifier(rawValue: 9)
    message.isRetained = true
    message.isDuplicate = true
    message.properties = Properties([
      Property(.contentType, .string("text")), Property(.responseTopic, .string("answers")),
    ])
    // Fixed header 2, topic 3, identifier 2, length 1, content type 7, response topic 10.
    let flags = "PUBLISH id 9 QoS 2 dup retain \"t\""
    #expect(try told(.publish(message), cutTo: 7).contains("\(flags), of which"))
    #expect(try told(.publish(message), cutTo: 14).contains("\(flags), of which"))
    #expect(
      try told(.publish(message), cutTo: 16).contains("\(flags) (content-type \"text\"), of which"))
    #expect(
      try told(.publish(message), cutTo: 28).contains(
        "\(flags) (content-type \"text\") (response-topic \"answers\"), of which"))
    let object = try told(.publish(message), cutTo: 16, "--json")
    #expect(
      object.contains(
        #""id":9,"qos":2,"dup":true,"retain":true,"topic":"t","properties":{"content-type":"text"}"#
      ),
      "\(object)")
    #expect(try told(.publish(message), cutTo: 4).contains("PUBLISH QoS 2 dup retain, of which"))
  }

  @Test func `what is there of other cut packets is told`() throws {
    let filters = ["a/+", "b"].map { Subscription(filter: $0) }
    let subscribe = Packet.subscribe(
      Subscribe(
        packetIdentifier: try #require(PacketIdentifier(rawValue: 5)), subscriptions: filters))
    #expect(try told(subscribe, cutTo: 11).contains("SUBSCRIBE id 5 \"a/+\", of which"))
    #expect(
      try told(subscribe, cutTo: 11, "--json").contains(#""id":5,"filters":["a/+"],"missing"#))
    let connect = Packet.connect(
      Connect(version: .v311, clientIdentifier: "dev", keepAliveSeconds: 30, userName: "ann"))
    #expect(
      try told(connect, .v311, cutTo: 18).contains(
        "CONNECT client \"dev\" clean start keep alive 30 s, of which"))
    let connack = Packet.connack(
      Connack(
        reasonCode: .notAuthorized, properties: Properties([Property(.reasonString, .string("no"))])
      ))
    #expect(try told(connack, cutTo: 6).contains("CONNACK 0x87 Not authorized, of which"))
  }

  @Test func `a check says how many packets were cut and could not be checked`() throws {
    var network = TestNetwork()
    let client = network.connect("c")
    network.up(client, try publish("room/temp", "21.5 degrees"))
    var frames = network.frames
    frames[5] = frames[5].cut(to: 54 + 8)
    let partly = try inspect(frames, "--check")
    #expect(partly.output.hasSuffix("; not checked: 1 packet that is cut\n"), "\(partly.output)")
    #expect(
      try inspect(frames, "--check", "--json").errors.contains(
        "1 packet that is cut could not be checked"))
    // Nothing of the last one is there.
    network.up(client, try publish("room/temp", "21.5 degrees"))
    let last = network.frames.count - 1
    frames = network.frames
    for place in 5...last { frames[place] = frames[place].cut(to: place == 5 ? 54 + 8 : 54) }
    let more = try inspect(frames, "--check")
    #expect(more.output.contains("; not checked: "), "\(more.output)")
    for place in 0..<frames.count { frames[place] = frames[place].cut(to: 54) }
    let nothing = try inspect(frames, "--check")
    #expect(nothing.output.hasSuffix("; nothing could be checked: no packet of MQTT was found\n"))
  }

  @Test func `the ladder fills the terminal, and its wide characters count two`() throws {
    var network = TestNetwork()
    let client = network.connect("温度センサー-1")
    network.up(
      client,
      try publish("工場/一階/ライン/" + String(repeating: "長い/", count: 8) + "温度", "x"))
    let folder = TestFolder()
    let capture = try folder.write(bytes: pcap(network.frames), to: "capture.pcap")
    for columns in [80, 120] {
      let script =
        "stty cols \(columns); exec \(mqttPath) inspect-pcap \(capture) --ladder"
      let result = try run(["script", "-qec", script, "/dev/null"], within: 60)
      let lines = result.output.split(whereSeparator: \.isNewline).map(String.init)
      let arrow = try #require(lines.first { $0.contains("PUBLISH") })
      #expect(arrow.contains("度\""), "\(arrow)")
      // Counted here by hand: what is not ASCII and no line of the drawing is wide.
      let width = arrow.reduce(0) { sum, character in
        let isDrawn = "├─▶│◀┤…".contains(character)
        return sum + (character.isASCII || isDrawn ? 1 : 2)
      }
      #expect(width <= columns, "\(arrow)")
      #expect(width > columns - 30, "\(arrow)")
      #expect(lines[0].contains("温度センサー-1"))
    }
  }

  @Test(arguments: [(2, false), (4, true), (12, true)])
  func `rows of a ladder stay within the terminal, and what is cut is told`(
    clientCount: Int, isCut: Bool
  ) throws {
    var network = TestNetwork()
    for number in 1...clientCount { network.up(network.connect("client-\(number)"), .pingreq) }
    let folder = TestFolder()
    let capture = try folder.write(bytes: pcap(network.frames), to: "capture.pcap")
    let errors = folder.path("errors")
    let script = "stty cols 80; exec \(mqttPath) inspect-pcap \(capture) --ladder 2>\(errors)"
    let result = try run(["script", "-qec", script, "/dev/null"], within: 60)
    let rows = result.output.split(whereSeparator: \.isNewline)
    #expect(rows.count > clientCount * 3)
    #expect(rows.allSatisfy { $0.count <= 80 }, "\(result.output)")
    let told = String(decoding: folder.bytes("errors"), as: UTF8.self)
    #expect(told.contains("the terminal has 80") == isCut, "\(told)")
    #expect(told.split(separator: "\n").count == (isCut ? 1 : 0), "\(told)")
  }
}
