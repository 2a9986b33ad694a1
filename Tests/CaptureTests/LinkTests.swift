// From the frame to TCP: links, IP in both versions, extension headers, fragments.

import Capture
import CaptureSupport
import MQTTCodec
import TestSupport
import Testing

@Suite struct LinkTests {
  @Test(arguments: TestLink.allCases, [false, true])
  func `packets are found behind every link`(link: TestLink, isVersion6: Bool) throws {
    var start = Conversation(link)
    start.isVersion6 = isVersion6
    let talk = try Sample.conversation(start)
    #expect(dissected(pcap(talk.frames, link)).contents == Sample.lines)
  }

  @Test func `extension headers of IPv6 are passed over`() throws {
    var start = Conversation()
    start.isVersion6 = true
    start.firstExtension = 0
    // Hop-by-hop options, routing, destination options, each eight bytes; then TCP.
    start.extensionHeaders =
      [43, 0, 1, 4, 0, 0, 0, 0] + [60, 0, 0, 0, 0, 0, 0, 0] + [6, 0, 1, 4, 0, 0, 0, 0]
    #expect(dissected(pcap(try Sample.conversation(start).frames)).contents == Sample.lines)
  }

  @Test func `endpoints are told by address and port`() throws {
    var start = Conversation()
    let plain = dissected(pcap(try Sample.conversation(start).frames)).facts[0]
    #expect(plain.map { "\($0.client) \($0.server)" } == "10.0.0.1:40000 10.0.0.200:1883")
    start.isVersion6 = true
    let six = dissected(pcap(try Sample.conversation(start).frames)).facts[0]
    #expect(six.map { "\($0.client) \($0.server)" } == "[2001:db8::1]:40000 [2001:db8::c8]:1883")
  }

  @Test(arguments: [0, 1, 2])
  func `fragments are put together in any order`(rotation: Int) throws {
    var talk = Conversation()
    talk.open()
    talk.toServer(try Sample.connect())
    let count = talk.frames.count
    talk.toServer(
      try Sample.publish("a/b", String(repeating: "x", count: 100)), fragmentsOf: 48)
    let fragments = Array(talk.frames[count...])
    #expect(fragments.count == 3)
    let turned = fragments[rotation...] + fragments[..<rotation]
    let lines = dissected(pcap(Array(talk.frames[..<count]) + turned)).contents
    #expect(lines.count == 2)
    #expect(lines.last?.hasPrefix("#0 > PUBLISH topic=\"a/b\" payload='xxxx") == true)
  }

  @Test func `a fragment that never comes leaves a gap and not a wrong packet`() throws {
    var talk = Conversation()
    talk.open()
    talk.toServer(try Sample.connect())
    let count = talk.frames.count
    talk.toServer(
      try Sample.publish("a/b", String(repeating: "x", count: 100)), fragmentsOf: 48)
    var frames = talk.frames
    frames.remove(at: count + 1)
    #expect(dissected(pcap(frames)).contents.count == 1)
  }

  @Test func `padding behind a short packet is not taken for content`() throws {
    var talk = Conversation()
    talk.open()
    talk.toServer(try Sample.connect())
    talk.toClient(Sample.connack)
    talk.toServer(Sample.pingreq)
    talk.toClient(Sample.pingresp)
    let frames = talk.frames.map { frame in
      var frame = frame
      frame.bytes += [UInt8](repeating: 0, count: max(0, 60 - frame.bytes.count))
      frame.originalLength = frame.bytes.count
      return frame
    }
    let contents = dissected(pcap(frames)).contents.dropFirst()
    #expect(contents == ["#0 < CONNACK 0x00", "#0 > PINGREQ", "#0 < PINGRESP"])
  }
}
