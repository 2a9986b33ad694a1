// Which packets are chosen, and what conditions can ask of a packet.

import Capture
import CaptureSupport
import MQTTCodec
import Testing

struct SelectionTests {
  private struct Choosing: PacketReceiver {
    var selection = PacketSelection()
    var frames: [Int] = []

    mutating func receive(
      _ packet: CapturedPacket, _ bytes: Span<UInt8>, on connection: ConnectionFacts
    ) {
      if selection.selects(packet, bytes, connection) { frames.append(packet.stamp.frame) }
    }

    mutating func receive(
      _ event: ConnectionEvent, _ stamp: FrameStamp, on connection: ConnectionFacts
    ) {}
  }

  /// Frames 4 and 5 begin c1; 6 and 7 subscribe; 8 to 11 are a message; 15, 16 begin c2.
  private static func network() throws -> TestNetwork {
    var network = TestNetwork()
    let first = network.connect("c1", .v5)
    try network.subscribe(first, "a/#", .atLeastOnce)
    try network.handshake(
      first, "a/b", .exactlyOnce, id: 7, payload: #"{"t":31.5,"u":"C"}"#, fromClient: true)
    network.wait(10)
    let second = network.connect("c2")
    network.up(second, try publish("c", "plain", retain: true))
    return network
  }

  private func frames(_ change: (inout PacketSelection) throws -> Void) throws -> [Int] {
    var choosing = Choosing()
    try change(&choosing.selection)
    var reader = CaptureFile()
    var dissector = Dissector()
    let file = pcap(try Self.network().frames, .ethernet, PcapForm(isNanoseconds: true))
    reader.append(file.span)
    while let frame = try reader.next() {
      dissector.dissect(frame, reader.bytes(of: frame), into: &choosing)
    }
    return choosing.frames
  }

  @Test func `everything is chosen unless something is asked for`() throws {
    #expect(try frames { _ in } == [4, 5, 6, 7, 8, 9, 10, 11, 15, 16, 17])
  }

  @Test func `topics choose messages and what subscribes to them`() throws {
    #expect(try frames { $0.topics = ["a/+"] } == [6, 8])
    #expect(try frames { $0.topics = ["a/#"] } == [6, 8])
    #expect(try frames { $0.topics = ["c", "a/b"] } == [6, 8, 17])
  }

  @Test func `client, type, stream and time choose, and all must hold`() throws {
    #expect(try frames { $0.clients = ["c2"] } == [15, 16, 17])
    #expect(try frames { $0.types = [.connect, .pubrel] } == [4, 10, 15])
    #expect(try frames { $0.stream = 1 } == [15, 16, 17])
    #expect(try frames { $0.since = .elapsed(9_000_000_000) } == [15, 16, 17])
    #expect(try frames { $0.until = .elapsed(5_000_000) } == [4, 5])
    #expect(try frames { $0.until = .unix(1_700_000_000_000_000_000) } == [])
    #expect(
      try frames {
        $0.clients = ["c1"]
        $0.types = [.connect]
      } == [4])
  }

  @Test(arguments: [
    ("type == publish", [8, 17]), ("client == c2", [15, 16, 17]), ("qos == 2", [8]),
    ("type == publish && qos == 2 && topic ~ \"a/#\" && payload contains \"31\"", [8]),
    ("$.t > 30 and $.u == C", [8]), ("id == 7", [8, 9, 10, 11]), ("retain", [17]),
    ("type == connect && version == \"5.0\"", [4]), ("direction == to-client", [5, 7, 9, 11, 16]),
    ("stream == 1 && size > 10", [15]), ("time > 9", [15, 16, 17]), ("reason == 1", [7]),
    ("frame >= 16", [16, 17]), ("mqtt.msgtype == 3", [8, 17]), ("mqtt.topic contains \"b\"", [8]),
    ("tcp.srcport == 1883 && mqtt", [5, 7, 9, 11, 16]), ("mqtt.hdrflags == 0x31", [17]),
    ("malformed", []), ("!(type == publish)", [4, 5, 6, 7, 9, 10, 11, 15, 16]),
    ("source contains \"10.0.0.1\" && type == pubrel", [10]), ("mqtt.clientid == \"c1\"", [4]),
  ])
  func `condition chooses packets`(_ text: String, _ expected: [Int]) throws {
    let condition = try Expression(parsing: text, fields: ExpressionField.packet)
    #expect(try frames { $0.condition = condition } == expected)
  }
}
