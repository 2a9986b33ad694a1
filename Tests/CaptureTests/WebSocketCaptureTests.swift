// MQTT over WebSocket: masks, fragments, packets across frames, gaps, captures without a handshake.

import Capture
import CaptureSupport
import MQTTCodec
import TestSupport
import Testing

@Suite struct WebSocketCaptureTests {
  static let request = Array(
    ("GET /mqtt?x=1 HTTP/1.1\r\nHost: broker:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
      + "Sec-WebSocket-Protocol: mqtt\r\n\r\n").utf8)

  static let answer = Array(
    ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n")
      .utf8)

  /// A frame, masked when a client sends it.
  static func frame(
    _ payload: [UInt8], first: UInt8 = 0x82, fromClient: Bool
  ) -> [UInt8] {
    var bytes: [UInt8] = [first]
    let mask: UInt8 = fromClient ? 0x80 : 0
    if payload.count < 126 {
      bytes.append(mask | UInt8(payload.count))
    } else {
      bytes += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
    }
    if !fromClient { return bytes + payload }
    let key: [UInt8] = [0xA1, 0xB2, 0xC3, 0xD4]
    return bytes + key + payload.enumerated().map { $1 ^ key[$0 & 3] }
  }

  /// The sample's packets in frames of at most `length` bytes, whatever the packets' borders are.
  private func conversation(frameLength: Int, segmentLength: Int = 1460) throws -> Conversation {
    var talk = Conversation()
    talk.serverPort = 8080
    talk.open()
    talk.segmentLength = segmentLength
    talk.toServer(Self.request)
    talk.toClient(Self.answer)
    func framed(_ bytes: [UInt8], _ fromClient: Bool) -> [UInt8] {
      var rest = bytes[...]
      var result: [UInt8] = []
      while !rest.isEmpty {
        result += Self.frame(Array(rest.prefix(frameLength)), fromClient: fromClient)
        rest = rest.dropFirst(frameLength)
      }
      return result
    }
    talk.toServer(framed(try Sample.connect(), true))
    talk.toClient(framed(Sample.connack, false))
    talk.toServer(framed(try bytes("82 { w1 s\"a/#\" 01 s\"b\" 00 }"), true))
    talk.toClient(framed([0x90, 4, 0, 1, 1, 0], false))
    talk.toServer(
      framed(try Sample.publish("a/b", id: 7, "hello") + Sample.publish("c", "x"), true))
    talk.toClient(framed(Sample.puback(7) + (try Sample.publish("a/b", id: 1, "hello")), false))
    talk.toServer(framed(Sample.puback(1), true))
    talk.toServer(framed(try bytes("a2 { w2 s\"a/#\" }"), true))
    talk.toClient(framed([0xB0, 2, 0, 2], false))
    talk.toServer(framed(Sample.disconnect, true))
    return talk
  }

  @Test(arguments: [1, 2, 5, 100], [1, 7, 1460])
  func `packets are read out of frames of any size`(frameLength: Int, segmentLength: Int) throws {
    let talk = try conversation(frameLength: frameLength, segmentLength: segmentLength)
    let recording = dissected(pcap(talk.frames))
    #expect(recording.contents == Sample.lines)
    let facts = recording.facts[0]?.webSocket
    #expect(facts?.path == "/mqtt?x=1")
    #expect(facts?.host == "broker:8080")
    #expect(facts?.subprotocol == "mqtt")
    #expect(recording.events.contains { $0.hasSuffix("webSocket(Capture.WebSocketEvent.opened)") })
  }

  @Test func `messages in fragments with pings in between are put together`() throws {
    var talk = Conversation()
    talk.open()
    talk.toServer(Self.request)
    talk.toClient(Self.answer)
    let connect = try Sample.connect()
    talk.toServer(
      Self.frame(Array(connect[..<5]), first: 0x02, fromClient: true)
        + Self.frame([1, 2], first: 0x89, fromClient: true)
        + Self.frame(Array(connect[5...]), first: 0x80, fromClient: true))
    talk.toClient(Self.frame([0x03, 0xE8] + Array("bye".utf8), first: 0x88, fromClient: false))
    let recording = dissected(pcap(talk.frames))
    #expect(recording.contents == [Sample.lines[0]])
    #expect(
      recording.events.suffix(2).map {
        $0.split(separator: " ").dropFirst(2).joined(separator: " ")
      }
        == [
          "webSocket(Capture.WebSocketEvent.ping(MQTTCodec.Direction.toServer))",
          "webSocket(Capture.WebSocketEvent.closing(MQTTCodec.Direction.toClient, code: 1000, "
            + "reason: \"bye\"))",
        ])
  }

  @Test func `a refused handshake is told by its status`() throws {
    var talk = Conversation()
    talk.open()
    talk.toServer(Self.request)
    talk.toClient(Array("HTTP/1.1 404 Not Found\r\n\r\n".utf8))
    let events = dissected(pcap(talk.frames)).events
    #expect(events.last == "5 #0 webSocket(Capture.WebSocketEvent.refused(\"404 Not Found\"))")
  }

  @Test func `frames are read where the handshake is not in the capture`() throws {
    let frames = try conversation(frameLength: 100).frames
    #expect(dissected(pcap(Array(frames[7...]))).contents == Array(Sample.lines[2...]))
  }

  @Test func `a lost frame costs its packets only`() throws {
    var talk = try conversation(frameLength: 100)
    for number in 0..<6 {
      talk.toServer(Self.frame(try Sample.publish("t", "message \(number)"), fromClient: true))
    }
    talk.toClient(Self.frame(Sample.pingresp, fromClient: false))
    var frames = talk.frames
    frames.remove(at: frames.count - 6)
    let messages = dissected(pcap(frames)).contents.filter { $0.contains("message") }
    #expect(
      messages
        == [0, 2, 3, 4, 5].map { "#0 > PUBLISH topic=\"t\" payload='message \($0)'" })
  }

  @Test func `a gap inside of a frame is a gap inside of its packet`() throws {
    var talk = try conversation(frameLength: 4000)
    talk.segmentLength = 100
    let start = talk.frames.count
    talk.toServer(
      Self.frame(try Sample.publish("t", String(repeating: "x", count: 1000)), fromClient: true))
    talk.toServer(Self.frame(try Sample.publish("t", "after"), fromClient: true))
    talk.toClient(Self.frame(Sample.pingresp, fromClient: false))
    var frames = talk.frames
    frames.remove(at: start + 3)
    let contents = dissected(pcap(frames)).contents
    #expect(contents.contains("#0 > PUBLISH topic=\"t\" payload='after'"))
    #expect(contents.contains { $0.hasPrefix("#0 > INCOMPLETE PUBLISH") })
  }

  @Test func `text frames are told as a fault and read all the same [MQTT-6.0.0-1]`() throws {
    var talk = Conversation()
    talk.open()
    talk.toServer(Self.request)
    talk.toClient(Self.answer)
    talk.toServer(Self.frame(try Sample.connect(), first: 0x81, fromClient: true))
    let recording = dissected(pcap(talk.frames))
    #expect(recording.contents == [Sample.lines[0]])
    #expect(recording.events.last?.contains("a WebSocket text frame") == true)
  }

  @Test func `a client's frame without a mask ends the reading of its direction`() throws {
    var talk = Conversation()
    talk.open()
    talk.toServer(Self.request)
    talk.toClient(Self.answer)
    talk.toServer(Self.frame(try Sample.connect(), fromClient: false))
    talk.toServer(Self.frame(try Sample.connect(), fromClient: true))
    let recording = dissected(pcap(talk.frames))
    #expect(recording.lines == [])
    #expect(recording.events.last?.contains("of a client without a mask") == true)
  }
}
