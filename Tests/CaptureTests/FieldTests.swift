// Fields by Wireshark's names, held against tshark: every field of MQTT, frame, IP and TCP, on
// packets of all types and versions made by chance, on malformed ones, and on captures of others.

import Basis
import Capture
import CaptureSupport
import Foundation
import LiveSupport
import MQTTCodec
import TestSupport
import Testing

struct FieldTests {
  /// Fields whose values tshark gives under other circumstances only.
  private static let otherwise: Set<CaptureField> = [.messageText, .willMessageText]
  private static let fields = CaptureField.allCases.filter { !otherwise.contains($0) }

  /// Lines as `-T fields` has them.
  private func lines(_ file: [UInt8]) -> [String] {
    var recording = LineRecording(columns: FieldColumns(Self.fields, showsSecrets: true))
    dissect(file, into: &recording)
    recording.end()
    return recording.lines
  }

  private func tsharkLines(_ file: [UInt8]) throws -> [String] {
    let folder = TestFolder()
    let path = try folder.write(bytes: file, to: "capture")
    var words = ["tshark", "-n", "-r", path, "-Y", "mqtt", "-T", "fields"]
    for field in Self.fields { words += ["-e", field.name] }
    let result = try run(words, environment: ["TZ": "UTC"], within: 120)
    #expect(result.status == 0, "\(result.errors)")
    return result.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      .dropLast()
  }

  private func compare(_ file: [UInt8]) throws {
    let (ours, theirs) = (lines(file), try tsharkLines(file))
    #expect(!theirs.isEmpty)
    #expect(ours.count == theirs.count)
    for (our, their) in zip(ours, theirs) where our != their {
      let pairs = zip(
        our.split(separator: "\t", omittingEmptySubsequences: false),
        their.split(separator: "\t", omittingEmptySubsequences: false))
      for (field, pair) in zip(Self.fields, pairs)
      where pair.0 != (field == .propertyLength ? decoded(pair.1) : String(pair.1)) {
        Issue.record("\(field.name): \(pair.0), tshark has \(pair.1), in: \(their.prefix(40))")
      }
    }
  }

  /// tshark shows the two bytes of a longer property length as one big-endian number.
  private func decoded(_ values: Substring) -> String {
    let numbers = values.split(separator: ",").compactMap { Int($0) }
    return numbers.map { String($0 < 128 ? $0 : $0 >> 8 & 0x7F | ($0 & 0xFF) << 7) }
      .joined(separator: ",")
  }

  @Test(arguments: ProtocolVersion.allCases, [UInt64(1), 2])
  func `packets of all types have the fields that tshark shows`(
    _ version: ProtocolVersion, _ seed: UInt64
  ) throws {
    var packets = RandomPackets(seed: seed, version: version)
    var talk = Conversation(seed == 1 ? .ethernet : .vlan)
    talk.isVersion6 = seed == 2
    talk.segmentLength = 60_000
    talk.open()
    var buffer = ByteBuffer()
    Packet.connect(Connect(version: version, clientIdentifier: "c")).encode(
      into: &buffer, version: version)
    talk.toServer(buffer.bytes)
    for number in 0..<300 {
      buffer.clear()
      let isToServer = number % 2 == 0
      // Several packets in a frame.
      for _ in 0...number % 3 {
        let packet = packets.next(isToServer ? .toServer : .toClient)
        if packet.type != .connect { packet.encode(into: &buffer, version: version) }
      }
      if isToServer { talk.toServer(buffer.bytes) } else { talk.toClient(buffer.bytes) }
    }
    for _ in 0..<20 {
      guard case .connect(let connect) = packets.next(.toServer) else { continue }
      buffer.clear()
      Packet.connect(connect).encode(into: &buffer, version: version)
      talk.toServer(buffer.bytes)
    }
    try compare(pcap(talk.frames, talk.link))
  }

  @Test func `malformed packets and odd text have the fields that tshark shows`() throws {
    var talk = Conversation()
    talk.open()
    talk.toServer(try Sample.connect())
    talk.toClient(Sample.connack)
    for byte in UInt8(1)..<0x20 { talk.toServer([0x30, 6, 0, 3, 0x61, byte, 0x7A, 0x78]) }
    for text: [UInt8] in [
      [0xFF, 0xFE], [0xE2, 0x82], [0xE2, 0x82, 0x78], [0xF0, 0x9F, 0x98], [0xC0, 0x80],
      [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80], [0x61, 0, 0x62],
    ] {
      talk.toServer([0x30, UInt8(text.count + 3), 0, UInt8(text.count)] + text + [0x78])
    }
    talk.toServer([0x32, 4, 0, 1, 0x61, 0])
    talk.toServer([0x82, 5, 0, 1, 0, 9, 0x61])
    talk.toServer([0x82, 5, 0, 1, 0, 0, 1])
    talk.toClient([0x90, 4, 0, 1, 1, 0x80])
    try compare(pcap(talk.frames))
  }

  @Test(arguments: [
    "mqtt_packets.pcapng", "mqtt_packets_RedHat61_tcpdump.pcap", "mqtt_packets_tcpdump.pcap",
    "ndpi-mqtt.pcap",
  ])
  func `captures of others have the fields that tshark shows`(_ name: String) throws {
    let path = checkoutFolder + "/Tests/Captures/" + name
    try compare(Array(try Data(contentsOf: URL(filePath: path))))
  }

  @Test func `every field of MQTT that tshark knows is known`() throws {
    let result = try run(["tshark", "-G", "fields"], within: 120)
    let names = result.output.split(separator: "\n").compactMap { line -> String? in
      let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
      return parts[0] == "F" && parts[2].hasPrefix("mqtt.") ? String(parts[2]) : nil
    }
    #expect(names.count > 70)
    #expect(names.filter { CaptureField.named($0) == nil }.isEmpty)
  }

  @Test func `text of payloads, hidden passwords and hidden payloads`() throws {
    var talk = Conversation()
    talk.open()
    talk.toServer(try bytes("10 { s\"MQTT\" 04 c2 w60 s\"c\" s\"ann\" s\"secret\" }"))
    talk.toClient(Sample.connack)
    talk.toServer(try Sample.publish("a", "hello"))
    func shown(_ showsSecrets: Bool, _ showsPayload: Bool) -> [String] {
      var recording = LineRecording(
        columns: FieldColumns(
          [.userName, .password, .messageText, .message], showsSecrets: showsSecrets,
          showsPayload: showsPayload))
      var reader = CaptureFile()
      var dissector = Dissector()
      reader.append(pcap(talk.frames).span)
      while let frame = try? reader.next() {
        dissector.dissect(frame, reader.bytes(of: frame), into: &recording)
      }
      recording.end()
      return recording.lines
    }
    #expect(shown(false, true) == ["ann\t***\t\t", "\t\t\t", "\t\thello\t68656c6c6f"])
    #expect(shown(true, false) == ["ann\tsecret\t\t", "\t\t\t", "\t\t\t"])
  }
}

/// A line for each frame.
private struct LineRecording: PacketReceiver {
  var columns: FieldColumns
  private var frame = 0
  private(set) var lines: [String] = []

  init(columns: FieldColumns) { self.columns = columns }

  mutating func receive(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, on connection: ConnectionFacts
  ) {
    if case .incomplete = packet.content { return }
    if packet.stamp.frame != frame {
      end()
      frame = packet.stamp.frame
      columns.addFrame(packet.stamp, packet.direction, connection)
    }
    columns.addPacket(packet, bytes, connection)
  }

  mutating func end() {
    if frame == 0 { return }
    let values = (0..<columns.count).map { String(decoding: columns.value(at: $0), as: UTF8.self) }
    lines.append(values.joined(separator: "\t"))
    columns.clear()
    frame = 0
  }

  mutating func receive(
    _ event: ConnectionEvent, _ stamp: FrameStamp, on connection: ConnectionFacts
  ) {}
}
