// The same captures before our eyes and tshark's: the same packets with the same fields, frame by
// frame. Many conversations share a file, for tshark takes its time to start.

import Basis
import Capture
import CaptureSupport
import MQTTCodec
import TestSupport
import Testing

@Suite struct TsharkTests {
  /// A client that subscribes, publishes and leaves.
  private func sample(_ start: Conversation) throws -> Conversation {
    var talk = start
    talk.open()
    talk.toServer(try bytes("10 { s\"MQTT\" 04 02 w60 s\"c\" }"))
    talk.toClient([0x20, 2, 0, 0])
    talk.toServer(try bytes("82 { w1 s\"a/#\" 01 s\"b\" 00 }"))
    talk.toClient([0x90, 4, 0, 1, 1, 0])
    talk.toServer(try bytes("32 { s\"a/b\" w7 \"hello\" } 30 { s\"c\" \"x\" }"))
    talk.toClient(try bytes("40 02 w7 34 { s\"a/b\" w1 \"hello\" }"))
    talk.toServer([0x50, 2, 0, 1])
    talk.toClient([0x62, 2, 0, 1])
    talk.toServer([0x70, 2, 0, 1] + (try bytes("a2 { w2 s\"a/#\" }")))
    talk.toClient([0xB0, 2, 0, 2])
    talk.toServer([0xE0, 0])
    talk.close()
    return talk
  }

  private func compare(_ file: [UInt8], _ options: [String] = []) throws {
    let place = try TemporaryFile(file)
    let theirs = try tshark(place.path, options)
    let ours = summarized(file)
    #expect(!theirs.isEmpty)
    #expect(ours == theirs)
  }

  @Test func `packets behind every link in both versions of IP`() throws {
    var frames: [(interface: Int, frame: TestFrame)] = []
    for (interface, link) in TestLink.allCases.enumerated() {
      for isVersion6 in [false, true] {
        var start = Conversation(link)
        start.isVersion6 = isVersion6
        start.clientPort = 40_000 + 2 * interface + (isVersion6 ? 1 : 0)
        if isVersion6 {
          start.firstExtension = 0
          start.extensionHeaders = [60, 0, 1, 4, 0, 0, 0, 0] + [6, 0, 1, 4, 0, 0, 0, 0]
        }
        frames += try sample(start).frames.map { (interface, $0) }
      }
    }
    try compare(pcapng(frames, TestLink.allCases))
  }

  @Test(arguments: [
    PcapForm(), PcapForm(isBigEndian: true), PcapForm(isNanoseconds: true),
    PcapForm(isPatched: true),
  ])
  func `every form of pcap`(form: PcapForm) throws {
    try compare(pcap(try sample(Conversation()).frames, .ethernet, form))
  }

  @Test func `captures of Sniffer and several sections of pcapng`() throws {
    let frames = try sample(Conversation()).frames
    try compare(sniffer(frames))
    try compare(
      pcapng(frames[..<8].map { (0, $0) }, [.ethernet])
        + pcapng(frames[8...].map { (0, $0) }, [.ethernet], isBigEndian: true))
  }

  @Test func `segments of any length, and numbers that wrap around`() throws {
    var frames: [TestFrame] = []
    for segmentLength in 1...20 {
      var start = Conversation()
      start.clientPort = 40_000 + segmentLength
      start.segmentLength = segmentLength
      start.clientSequence = UInt32.max - UInt32(2 * segmentLength)
      frames += try sample(start).frames
    }
    try compare(pcap(frames))
  }

  @Test(arguments: [false, true])
  func `fragments of IP`(isVersion6: Bool) throws {
    var start = Conversation()
    start.isVersion6 = isVersion6
    var talk = try sample(start)
    for length in [8, 16, 24, 160] {
      talk.toServer(
        try bytes("32 { s\"long/topic\" w9 78*300 }"), fragmentsOf: length)
    }
    try compare(pcap(talk.frames))
  }

  @Test func `segments out of order and sent again`() throws {
    var chance = Chance(seed: 11)
    var frames: [TestFrame] = []
    for number in 0..<20 {
      var talk = Conversation()
      talk.clientPort = 40_000 + number
      talk.open()
      talk.toServer(try bytes("10 { s\"MQTT\" 04 02 w60 s\"c\" }"))
      talk.toClient([0x20, 2, 0, 0])
      let start = talk.frames.count
      talk.segmentLength = 5 + number
      for message in 0..<6 {
        talk.toServer(try bytes("30 { s\"t/\(message)\" 78*\(10 * message + 1) }"))
      }
      var moved = Array(talk.frames[start...])
      for index in stride(from: 0, to: moved.count - 1, by: 3) { moved.swapAt(index, index + 1) }
      moved.insert(moved[chance.below(moved.count)], at: moved.count)
      frames += talk.frames[..<start] + moved
    }
    try compare(pcap(frames), ["-o", "tcp.reassemble_out_of_order:true"])
  }

  @Test(arguments: [3, 5, 8])
  func `what tshark finds in a capture with holes, and more`(every: Int) throws {
    var frames: [TestFrame] = []
    for number in 0..<10 {
      var talk = Conversation()
      talk.clientPort = 40_000 + number
      talk.open()
      talk.toServer(try bytes("10 { s\"MQTT\" 04 02 w60 s\"c\" }"))
      talk.toClient([0x20, 2, 0, 0])
      let start = talk.frames.count
      talk.segmentLength = 20 + 7 * number
      for message in 0..<30 {
        let name = "t/\(number)/\(message)"
        talk.toServer(try bytes("30 { s\"\(name)\" 78*\(40 + message) }"))
        if message % 5 == 4 { talk.toClient([0xD0, 0]) }
      }
      for (index, frame) in talk.frames.enumerated()
      where index < start || (index - start) % every != every - 1 {
        frames.append(frame)
      }
    }
    let file = pcap(frames)
    let place = try TemporaryFile(file)
    func topics(_ summaries: [FrameSummary]) -> Set<String> {
      Set(summaries.flatMap(\.topics).filter { $0.hasPrefix("t/") })
    }
    let ours = topics(summarized(file))
    let theirs = topics(try tshark(place.path))
    #expect(theirs.subtracting(ours) == [])
    #expect(ours.count >= theirs.count)
    // Nothing is made up.
    let sent = (0..<10).flatMap { number in (0..<30).map { "t/\(number)/\($0)" } }
    #expect(ours.subtracting(sent) == [])
  }

  @Test(arguments: [ProtocolVersion.v311, .v5], [1, 2])
  func `packets made by chance, in segments made by chance`(
    version: ProtocolVersion, seed: UInt64
  ) throws {
    var chance = Chance(seed: seed)
    var packets = RandomPackets(seed: seed, version: version)
    var talk = Conversation()
    talk.open()
    let connect = Connect(version: version, clientIdentifier: "c")
    talk.toServer(encoded(.connect(connect), version))
    talk.toClient(encoded(.connack(Connack()), version))
    for _ in 0..<150 {
      let direction: Direction = chance.happens(onceIn: 2) ? .toServer : .toClient
      // tshark goes astray where a segment ends within a fixed header of more than two bytes.
      talk.segmentLength = chance.happens(onceIn: 3) ? 5 + chance.below(40) : 1460
      // Another CONNECT would be a fault, and what AUTH means tshark has its own ideas of.
      let packet = packets.next(direction)
      switch packet {
      case .connect, .connack, .auth, .disconnect: continue
      case .publish(let publish) where publish.topic.isEmpty: continue
      case .publish, .puback, .pubrec, .pubrel, .pubcomp, .subscribe, .suback, .unsubscribe,
        .unsuback, .pingreq, .pingresp:
        break
      }
      let bytes = encoded(packet, version)
      if direction == .toServer { talk.toServer(bytes) } else { talk.toClient(bytes) }
    }
    try compare(pcap(talk.frames))
  }

  private func encoded(_ packet: Packet, _ version: ProtocolVersion) -> [UInt8] {
    var buffer = ByteBuffer()
    packet.encode(into: &buffer, version: version)
    return buffer.bytes
  }
}
