// Captures written by an enemy: every kind of file with bytes changed, cut and put in at random, and
// streams made to fill memory. Nothing may crash, and nothing may grow without bound.

import Capture
import CaptureSupport
import MQTTCodec
import TestSupport
import Testing

@Suite struct HostileTests {
  /// Files of every form, with everything in them.
  private func seeds() throws -> [[UInt8]] {
    var six = Conversation(.radiotap)
    six.isVersion6 = true
    six.segmentLength = 7
    six.firstExtension = 0
    six.extensionHeaders = [6, 0, 1, 4, 0, 0, 0, 0]
    var fragmented = try Sample.conversation(Conversation(.linuxCooked2))
    fragmented.toServer(try Sample.publish("a", String(repeating: "f", count: 80)), fragmentsOf: 24)
    var socket = Conversation()
    socket.open()
    socket.toServer(WebSocketCaptureTests.request)
    socket.toClient(WebSocketCaptureTests.answer)
    socket.toServer(WebSocketCaptureTests.frame(try Sample.connect5(), fromClient: true))
    socket.toClient(WebSocketCaptureTests.frame(Sample.connack5, fromClient: false))
    var secured = Conversation()
    secured.open()
    secured.toServer(TLSCaptureTests.clientHello)
    secured.toClient(TLSCaptureTests.serverHello)
    secured.toServer([0x17, 3, 3, 0, 20] + [UInt8](repeating: 9, count: 20))
    let plain = try Sample.conversation().frames
    return [
      pcap(plain), pcap(plain, .ethernet, PcapForm(isBigEndian: true, isPatched: true)),
      pcapng(plain.map { (0, $0) }, [.ethernet], keyLog: Array("CLIENT_RANDOM 00 11\n".utf8)),
      sniffer(plain), pcap(try Sample.conversation(six).frames, .radiotap),
      pcap(fragmented.frames, .linuxCooked2), pcap(socket.frames),
      pcapng(secured.frames.map { (0, $0) }, [.ethernet]),
    ]
  }

  @Test(arguments: 0..<8)
  func `no change of a capture crashes the reader`(index: Int) throws {
    let seed = try seeds()[index]
    var chance = Chance(seed: UInt64(index))
    for _ in 0..<150 {
      var file = seed
      for _ in 0...chance.below(6) { Self.damage(&file, &chance) }
      // What is told does not matter; that it ends does.
      let recording = dissected(file, pieceLength: 1 + chance.below(3000), services: NoServices())
      #expect(recording.lines.count < 10_000)
    }
  }

  private static func damage(_ file: inout [UInt8], _ chance: inout Chance) {
    if file.isEmpty { return }
    let place = chance.below(file.count)
    switch chance.below(6) {
    case 0: file[place] = UInt8(chance.below(256))
    case 1: file[place] ^= 1 << UInt8(chance.below(8))
    case 2: file[place] = [0, 0xFF, 0x7F, 0x80][chance.below(4)]
    case 3: file.removeSubrange(place..<min(file.count, place + 1 + chance.below(8)))
    case 4:
      file.insert(
        contentsOf: (0..<chance.below(8)).map { _ in UInt8(chance.below(256)) }, at: place)
    default: file.removeLast(file.count - place)
    }
  }

  @Test func `random bytes on a connection crash nothing`() {
    var chance = Chance(seed: 7)
    for _ in 0..<300 {
      var talk = Conversation()
      if chance.happens(onceIn: 2) { talk.open() }
      for _ in 0..<10 {
        // Bytes that look like the beginnings of packets, records and frames more often than not.
        let favourites: [UInt8] = [0x10, 0x16, 0x17, 0x30, 0x82, 0x03, 0x00, 0x7F, 0x80, 0xFF]
        let bytes = (0..<chance.below(60)).map { _ in
          chance.happens(onceIn: 2) ? favourites[chance.below(10)] : UInt8(chance.below(256))
        }
        if chance.happens(onceIn: 2) { talk.toServer(bytes) } else { talk.toClient(bytes) }
      }
      _ = dissected(pcap(talk.frames), services: NoServices())
    }
  }

  @Test func `connections that keep bytes share one bound`() throws {
    var limits = DissectorLimits()
    limits.keptBytes = 1 << 20
    var recording = PacketRecording()
    var dissector = Dissector(limits: limits)
    // Each connection begins a long packet and sends a part of it.
    let part = [UInt8](repeating: 0x61, count: 30_000)
    var number = 0
    for port in 0..<20 {
      var talk = Conversation(.rawIP)
      talk.clientPort = 30_000 + port
      talk.segmentLength = 30_000
      talk.open()
      talk.toServer(try Sample.connect("c\(port)"))
      talk.toServer([0x30, 0x80, 0x80, 0x80, 0x07, 0, 1, 0x74])
      for _ in 0..<3 { talk.toServer(part) }
      for frame in talk.frames {
        number += 1
        dissector.dissect(rawFrame(frame, number), frame.bytes.span, into: &recording)
        #expect(dissector.keptByteCount <= limits.keptBytes)
      }
    }
    #expect(dissector.keptByteCount > limits.keptBytes / 2)
    #expect(recording.lines.contains { $0.contains("INCOMPLETE PUBLISH") })
  }

  @Test func `segments that wait for one that never comes share the same bound`() throws {
    var limits = DissectorLimits()
    limits.keptBytes = 1 << 20
    var recording = PacketRecording()
    var dissector = Dissector(limits: limits)
    var talk = Conversation(.rawIP)
    talk.segmentLength = 30_000
    talk.open()
    talk.toServer(try Sample.connect())
    let start = talk.frames.count
    talk.toServer(Sample.pingreq)
    talk.toServer([UInt8](repeating: 0x61, count: 3 << 20))
    for (number, frame) in talk.frames.enumerated() where number != start {
      dissector.dissect(rawFrame(frame, number), frame.bytes.span, into: &recording)
      #expect(dissector.keptByteCount <= limits.keptBytes)
    }
  }

  @Test func `connections that are silent for longest make room for new ones`() throws {
    var limits = DissectorLimits()
    limits.connections = 100
    var recording = PacketRecording()
    var dissector = Dissector(limits: limits)
    for number in 0..<1000 {
      var talk = Conversation(.rawIP)
      talk.clientPort = 1024 + number
      talk.open()
      talk.toServer(try Sample.connect("c\(number)"))
      for frame in talk.frames {
        dissector.dissect(rawFrame(frame, number), frame.bytes.span, into: &recording)
      }
    }
    #expect(recording.lines.count == 1000)
    #expect(recording.lines.last?.contains("#999 >") == true)
    #expect(dissector.connectionCount == 1000)
    #expect(dissector.followedConnectionCount == 100)
  }

  @Test func `times as far apart as a file can make them overflow nothing`() throws {
    var network = TestNetwork()
    let hears = network.connect("hears", .v5, keepAlive: 10)
    try network.subscribe(hears, "a")
    let says = network.connect("says", .v5, keepAlive: 10)
    try network.handshake(says, "a", .exactlyOnce, fromClient: true)
    try network.handshake(hears, "a", .exactlyOnce, fromClient: false)
    network.up(says, .pingreq)
    network.down(says, .pingresp)
    network.up(says, try publish("a", "y", .atLeastOnce, id: 9))
    let extremes: [Int64] = [.min, .min / 4, -1, 0, .max / 2, .max / 2 + 1, .max]
    for first in extremes {
      for second in extremes {
        var frames = network.frames
        for index in frames.indices {
          frames[index].timeNanoseconds = index % 2 == 0 ? first : second
        }
        let watch = watched(pcapng(frames.map { (0, $0) }, [.ethernet]))
        #expect(watch.exactlyOnce.count == 2)
      }
    }
  }

  @Test func `the longest latency there is has a percentile`() {
    var table = LatencyTable()
    table.add(.max)
    #expect(table.percentile(0.5) == .max)
  }

  @Test(arguments: [TestLink.ppp, .ethernet, .wireless, .radiotap, .linuxCooked2, .loopback])
  func `no beginning of a frame is read beyond its end`(link: TestLink) {
    let beginnings: [[UInt8]] = [
      [0xFF, 0x03, 0x0F, 0x00], [0x0F, 0x00, 0x08, 0x00], [0xFF, 0x03, 0x00, 0x21],
      [0x21, 0x45], [0x00, 0x00, 0xFF, 0xFF],
    ]
    let frames = beginnings.flatMap { beginning in
      (0...beginning.count).map {
        TestFrame(timeNanoseconds: 0, bytes: Array(beginning.prefix($0)))
      }
    }
    #expect(dissected(pcap(frames, link)).lines.isEmpty)
  }

  @Test func `topics of aliases share the bound of what is kept`() throws {
    var limits = DissectorLimits()
    limits.keptBytes = 1 << 18
    var recording = PacketRecording()
    var dissector = Dissector(limits: limits)
    var talk = Conversation(.rawIP)
    talk.segmentLength = 30_000
    talk.open()
    talk.toServer(try Sample.connect5())
    let topic = String(repeating: "t", count: 20_000)
    for alias in 1...50 {
      talk.toServer(try bytes("30 { s\"\(topic)\(alias)\" { 23 w\(alias) } }"))
    }
    for (number, frame) in talk.frames.enumerated() {
      dissector.dissect(rawFrame(frame, number), frame.bytes.span, into: &recording)
      #expect(dissector.keptByteCount <= limits.keptBytes)
    }
    #expect(dissector.keptByteCount > limits.keptBytes / 8)
  }

  @Test func `what a piece costs beside its bytes counts`() {
    var limits = DissectorLimits()
    limits.keptBytes = 1 << 16
    var recording = PacketRecording()
    var dissector = Dissector(limits: limits)
    var number = 0
    // Each connection says a byte that may begin anything.
    for port in 0..<1000 {
      var talk = Conversation(.rawIP)
      talk.clientPort = 10_000 + port
      talk.open()
      talk.toServer([0x10])
      for frame in talk.frames {
        number += 1
        dissector.dissect(rawFrame(frame, number), frame.bytes.span, into: &recording)
      }
      #expect(dissector.keptByteCount <= limits.keptBytes)
    }
    #expect(dissector.keptByteCount > 1000)
  }

  @Test(arguments: [(500, true), (2000, false)])
  func `head that trickles in is given up after so many pieces`(pieces: Int, isRead: Bool) throws {
    var talk = Conversation()
    talk.serverPort = 80
    talk.open()
    let request = WebSocketCaptureTests.request
    let path = Array("GET /".utf8)
    for byte in path + [UInt8](repeating: 0x61, count: pieces) { talk.toServer([byte]) }
    talk.toServer(Array(request[path.count...]))
    talk.toClient(WebSocketCaptureTests.answer)
    talk.toServer(WebSocketCaptureTests.frame(try Sample.connect(), fromClient: true))
    #expect(dissected(pcap(talk.frames)).lines.count == (isRead ? 1 : 0))
  }

  private func rawFrame(_ frame: TestFrame, _ number: Int) -> Frame {
    Frame(
      number: number + 1, timeNanoseconds: frame.timeNanoseconds, link: .rawIP,
      originalLength: frame.originalLength, capturedLength: frame.bytes.count)
  }
}

/// Services that never succeed.
struct NoServices: CaptureServices {
  func hmac(_ hash: HashFunction, key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    [UInt8](repeating: 0, count: 48)
  }

  func open(
    _ cipher: BulkCipher, key: [UInt8], nonce: [UInt8], additionalData: [UInt8], _ sealed: [UInt8]
  ) -> [UInt8]? { nil }

  func decryptBlocks(
    _ cipher: BulkCipher, key: [UInt8], initializationVector: [UInt8], _ blocks: [UInt8]
  ) -> [UInt8]? { nil }

  func alertName(_ number: Int) -> String { "alert \(number)" }

  func makeInflater() -> (any Inflater)? { nil }
}
