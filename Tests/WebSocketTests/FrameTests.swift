// Frames: what they carry, however they are cut, and what must not be in them.

import Basis
import TestSupport
import Testing
import WebSocket

@Suite struct FrameTests {
  @Test func `payload comes out whatever the frames are [MQTT-6.0.0-2]`() {
    var server = openServer()
    let bytes =
      binary([1, 2, 3]) + binary([]) + frame(2, [4], isFinal: false)
      + frame(0, [5, 6], isFinal: false)
      + frame(0, [7])
    #expect(feed(&server, bytes).payload == [1, 2, 3, 4, 5, 6, 7])
  }

  @Test(arguments: [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
  func `a payload of any length arrives`(count: Int) {
    let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    var server = openServer()
    #expect(feed(&server, binary(payload)).payload == payload)
    var client = openClient()
    #expect(feed(&client, frame(2, payload, key: nil)).payload == payload)
  }

  @Test(arguments: [0, 1, 125, 126, 65_535, 65_536])
  func `what is sealed is one binary frame [MQTT-6.0.0-1]`(count: Int) {
    let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 13) }
    var bytes = ByteBuffer()
    bytes.append(payload.span)
    openServer().seal(&bytes, mask: 0)
    #expect(bytes.bytes == frame(2, payload, key: nil))
    var masked = ByteBuffer()
    masked.append(payload.span)
    openClient().seal(&masked, mask: 0x0403_0201)
    #expect(masked.bytes == frame(2, payload, key: [1, 2, 3, 4]))
  }

  @Test func `every split of a stream gives the same bytes`() {
    let stream =
      binary([1, 2, 3]) + frame(9, [8, 8]) + frame(2, Array(4..<140), isFinal: false)
      + frame(10, [1]) + frame(0, [9, 10])
    let whole = [1, 2, 3] + Array(UInt8(4)..<140) + [9, 10]
    for first in 0...stream.count {
      for second in [1, 2, 7, 14] {
        var server = openServer()
        let outcome = feed(&server, stream, stretches: [first, second].filter { $0 > 0 })
        #expect(outcome.payload == whole)
        #expect(outcome.pongs == frame(10, [8, 8], key: nil))
        #expect(outcome.end == nil)
      }
    }
  }

  @Test func `random streams in random stretches give what was framed`() {
    var generator = Chance(seed: 41)
    for _ in 0..<300 {
      var stream: [UInt8] = []
      var payload: [UInt8] = []
      var isInMessage = false
      for _ in 0..<Int.random(in: 1...12, using: &generator) {
        if Bool.random(using: &generator) {
          stream += frame(10, (0..<UInt8.random(in: 0...125, using: &generator)).map { $0 })
        }
        let length = [0, 1, 3, 33, 127, 300, 70_000].randomElement(using: &generator) ?? 0
        let part = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let key = (0..<4).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let isFinal = Bool.random(using: &generator)
        stream += frame(isInMessage ? 0 : 2, part, isFinal: isFinal, key: key)
        isInMessage = !isFinal
        payload += part
      }
      var stretches: [Int] = []
      while stretches.reduce(0, +) < stream.count {
        stretches.append(Int.random(in: 1...max(1, stream.count / 5), using: &generator))
      }
      var server = openServer()
      #expect(feed(&server, stream, stretches: stretches).payload == payload)
    }
  }

  @Test func `random bytes never do more than end the connection`() {
    var generator = Chance(seed: 5)
    for _ in 0..<2000 {
      let noise = (0..<Int.random(in: 1...200, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      var server = openServer()
      let outcome = feed(&server, noise, stretches: [3, 5])
      #expect(outcome.payload.count <= noise.count)
      if outcome.end != nil { #expect(feed(&server, binary([1])).payload.isEmpty) }
    }
  }

  static let faults: [(String, [UInt8], FrameFault, UInt16)] = [
    ("text", frame(1, [65]), .text, 1003),
    ("reserved bit", [0xC2, 0x80, 0, 0, 0, 0], .reservedBits, 1002),
    ("opcode 3", [0x83, 0x80, 0, 0, 0, 0], .reservedOpcode(3), 1002),
    ("opcode 11", [0x8B, 0x80, 0, 0, 0, 0], .reservedOpcode(11), 1002),
    ("no mask", frame(2, [1], key: nil), .unmasked, 1002),
    ("126 bytes in a ping", frame(9, [UInt8](repeating: 0, count: 126)), .longControlFrame, 1002),
    ("half a ping", frame(9, [1], isFinal: false), .fragmentedControlFrame, 1002),
    ("continuation first", frame(0, [1]), .lostContinuation, 1002),
    (
      "message in message", frame(2, [1], isFinal: false) + frame(2, [2]), .interruptedMessage, 1002
    ),
    ("125 in two bytes", [0x82, 0xFE, 0, 125, 0, 0, 0, 0], .length, 1002),
    (
      "65535 in eight bytes", [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0], .length, 1002
    ),
    (
      "a length of 64 bits", [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], .length, 1002
    ),
    ("close with one byte", frame(8, [3]), .shortCloseCode, 1002),
    ("close with 1005", frame(8, [3, 0xED]), .closeCode(1005), 1002),
    ("close with 999", frame(8, [3, 0xE7]), .closeCode(999), 1002),
    ("close with 5000", frame(8, [0x13, 0x88]), .closeCode(5000), 1002),
    ("close with bad UTF-8", frame(8, [3, 0xE8, 0xFF]), .closeReason, 1007),
  ]

  @Test(arguments: faults)
  func `a frame that must not be ends the connection with its code [MQTT-6.0.0-1]`(
    name: String, bytes: [UInt8], fault: FrameFault, code: UInt16
  ) {
    for split in 1...bytes.count {
      var server = openServer()
      let outcome = feed(&server, binary([7]) + bytes, stretches: [binary([7]).count, split])
      #expect(outcome.end == .fault(fault))
      #expect(outcome.payload.first == 7)
      #expect(outcome.answer == frame(8, [UInt8(code >> 8), UInt8(code & 255)], key: nil))
    }
  }

  @Test func `a client refuses masked frames and masks its own good-bye`() {
    var client = openClient()
    let outcome = feed(&client, binary([1]))
    #expect(outcome.end == .fault(.masked))
    #expect(outcome.answer == frame(8, [3, 0xEA]))
  }

  @Test func `a good-bye is answered with its own code and ends everything`() {
    var server = openServer()
    let outcome = feed(
      &server, binary([1]) + frame(8, [3, 0xE9] + Array("so long".utf8)) + binary([2]))
    #expect(outcome.payload == [1])
    #expect(outcome.end == .closed(.goingAway, reason: "so long"))
    #expect(outcome.answer == frame(8, [3, 0xE9], key: nil))
    #expect(feed(&server, binary([3])).payload.isEmpty)
  }

  @Test func `a good-bye without a code is answered as a normal one`() {
    var server = openServer()
    let outcome = feed(&server, frame(8, []))
    #expect(outcome.end == .closed(nil, reason: ""))
    #expect(outcome.answer == frame(8, [3, 0xE8], key: nil))
  }

  @Test func `of many pings in one stretch the last one is answered`() {
    var server = openServer()
    let pings = (0..<1000).flatMap { frame(9, Array("\($0)".utf8)) }
    let outcome = feed(&server, pings)
    #expect(outcome.pongs == frame(10, Array("999".utf8), key: nil))
    #expect(outcome.answer.isEmpty)
  }

  @Test func `this side ends with a good-bye, and only once`() {
    var server = openServer()
    #expect(server.close(.normal, mask: 0).bytes == frame(8, [3, 0xE8], key: nil))
    #expect(server.close(.normal, mask: 0).bytes == [])
    #expect(!server.isOpen)
    var fresh = WebSocketConnection(server: WebSocketTerms())
    #expect(fresh.close(.normal, mask: 0).bytes == [])
  }

  @Test func `ends are told in words`() {
    let words: [(WebSocketEnd, String)] = [
      (.closed(nil, reason: ""), "peer closed the WebSocket"),
      (.closed(.normal, reason: "bye"), "peer closed the WebSocket: bye"),
      (.closed(.goingAway, reason: ""), "peer closed the WebSocket (1001, going away)"),
      (
        .closed(CloseCode(rawValue: 4000), reason: "a\u{1B}b"),
        "peer closed the WebSocket (4000): a\\u{1b}b"
      ),
      (.fault(.text), "a WebSocket text frame; MQTT travels in binary ones"),
    ]
    for (end, text) in words { #expect(end.description == text) }
  }
}
