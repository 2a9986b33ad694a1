// TCP as captures have it: out of order, twice, overlapping, cut off, with holes. What is told is
// what the two ends have said, and where the capture lacks bytes, how many.

import Capture
import CaptureSupport
import MQTTCodec
import TestSupport
import Testing

@Suite struct ReassemblyTests {
  /// A client that publishes `count` messages, each in a segment of its own, the first in frame 6.
  private func publishing(_ count: Int, segmentLength: Int = 1460) throws -> Conversation {
    var talk = Conversation()
    talk.open()
    talk.toServer(try Sample.connect())
    talk.toClient(Sample.connack)
    talk.segmentLength = segmentLength
    for number in 0..<count { talk.toServer(try Sample.publish("t", "message \(number)")) }
    return talk
  }

  private func messages(_ recording: PacketRecording) -> [String] {
    recording.contents.compactMap { line in
      line.contains("> PUBLISH") ? String(line.split(separator: "'")[1]) : nil
    }
  }

  @Test(arguments: 1...40)
  func `segments of any length make the same packets`(segmentLength: Int) throws {
    var start = Conversation()
    start.segmentLength = segmentLength
    #expect(dissected(pcap(try Sample.conversation(start).frames)).contents == Sample.lines)
  }

  @Test func `a packet tells the frames that it spans`() throws {
    let talk = try publishing(1, segmentLength: 4)
    let packet = try #require(dissected(pcap(talk.frames)).packets.last)
    #expect(packet.firstFrame == 6)
    #expect(packet.stamp.frame == talk.frames.count)
    #expect(packet.number == 3)
  }

  @Test func `segments out of order are put in order`() throws {
    let talk = try publishing(6)
    var chance = Chance(seed: 6)
    for _ in 0..<20 {
      let frames = Array(talk.frames[..<5]) + talk.frames[5...].shuffled(using: &chance)
      #expect(messages(dissected(pcap(frames))) == (0..<6).map { "message \($0)" })
    }
  }

  @Test func `what was sent again is told once`() throws {
    let talk = try publishing(4)
    var frames = talk.frames
    frames.insert(frames[6], at: 8)
    let recording = dissected(pcap(frames))
    #expect(messages(recording) == (0..<4).map { "message \($0)" })
    #expect(recording.events.contains("9 #0 retransmitted(MQTTCodec.Direction.toServer)"))
  }

  @Test func `a segment that overlaps brings only what is new`() throws {
    var talk = try publishing(2)
    // The second message again, and a third behind it.
    let second = try Sample.publish("t", "message 1")
    talk.clientSequence &-= UInt32(second.count)
    talk.toServer(second + (try Sample.publish("t", "message 2")))
    #expect(messages(dissected(pcap(talk.frames))) == (0..<3).map { "message \($0)" })
  }

  @Test func `sequence numbers wrap around`() throws {
    var start = Conversation()
    start.clientSequence = UInt32.max - 30
    start.serverSequence = UInt32.max
    start.segmentLength = 5
    let frames = try Sample.conversation(start).frames
    #expect(dissected(pcap(frames)).contents == Sample.lines)
    // Also where they wrap in the middle of what came too early.
    var swapped = frames
    for index in stride(from: 4, to: 16, by: 2) { swapped.swapAt(index, index + 1) }
    #expect(dissected(pcap(swapped)).contents.sorted() == Sample.lines.sorted())
  }

  @Test func `a lost segment is told with its length and the next packet is found`() throws {
    var talk = try publishing(6)
    talk.toClient(Sample.pingresp)
    var frames = talk.frames
    frames.remove(at: 7)
    let recording = dissected(pcap(frames))
    #expect(messages(recording) == [0, 1, 3, 4, 5].map { "message \($0)" })
    let lost = "missing(MQTTCodec.Direction.toServer, count: 14)"
    #expect(recording.events.contains { $0.hasSuffix(lost) })
    #expect(recording.facts[0]?.missingToServer == 14)
  }

  @Test func `a gap inside of a long packet costs that packet only`() throws {
    var talk = Conversation()
    talk.open()
    talk.toServer(try Sample.connect())
    talk.segmentLength = 100
    let start = talk.frames.count
    talk.toServer(try Sample.publish("big", String(repeating: "y", count: 1000)))
    talk.toServer(try Sample.publish("t", "after"))
    talk.toClient(Sample.connack)
    var frames = talk.frames
    frames.remove(at: start + 4)
    let contents = dissected(pcap(frames)).contents
    #expect(contents.contains("#0 > INCOMPLETE PUBLISH 608"))
    #expect(contents.contains("#0 > PUBLISH topic=\"t\" payload='after'"))
    #expect(!contents.contains { $0.contains("MALFORMED") })
  }

  @Test func `a gap that ends inside of a packet is followed by the next plausible one`() throws {
    var talk = try publishing(1)
    talk.segmentLength = 10
    let start = talk.frames.count
    // Two packets over several segments; the gap swallows the border between them.
    talk.toServer(
      try Sample.publish("first", String(repeating: "0", count: 40))
        + Sample.publish("second", String(repeating: "0", count: 40)))
    for number in 1...4 { talk.toServer(try Sample.publish("t", "message \(number)")) }
    talk.toClient(Sample.pingresp)
    var frames = talk.frames
    frames.removeSubrange(start + 4..<start + 6)
    let recording = dissected(pcap(frames))
    #expect(messages(recording) == (0..<5).map { "message \($0)" })
    #expect(recording.events.contains { $0.contains("resynchronized") })
  }

  @Test func `frames cut by the snap length lose only what was cut`() throws {
    var talk = try publishing(1)
    talk.toServer(try Sample.publish("long", String(repeating: "z", count: 200)))
    talk.toServer(try Sample.publish("t", "message 1"))
    let frames = talk.frames.map { $0.cut(to: 120) }
    let recording = dissected(pcap(frames))
    #expect(messages(recording) == ["message 0", "message 1"])
    #expect(recording.contents.contains("#0 > INCOMPLETE PUBLISH 143"))
    #expect(recording.facts[0]?.missingToServer == 143)
  }

  @Test func `a packet that the capture's end cuts off is told as incomplete`() throws {
    let talk = try publishing(1, segmentLength: 6)
    let frames = Array(talk.frames.dropLast())
    #expect(dissected(pcap(frames)).contents.last == "#0 > INCOMPLETE PUBLISH 2")
  }

  @Test func `ends that are used again make a new connection`() throws {
    let first = try Sample.conversation()
    var again = Conversation()
    again.clientSequence = 900_000
    again.serverSequence = 800_000
    let second = try Sample.conversation(again)
    let recording = dissected(pcap(first.frames + second.frames))
    #expect(recording.contents.count == 2 * Sample.lines.count)
    #expect(recording.contents.last?.hasPrefix("#1 ") == true)
  }

  @Test func `bytes that were acknowledged are not waited for`() throws {
    let talk = try publishing(3)
    var frames = talk.frames
    frames.remove(at: 5)
    // The server's acknowledgement of everything shows that it did get what the capture lacks.
    var answer = talk
    answer.toClient(Sample.pingresp)
    frames.append(answer.frames[answer.frames.count - 1])
    answer.toServer(try Sample.publish("t", "later"))
    frames.append(answer.frames[answer.frames.count - 1])
    let recording = dissected(pcap(frames))
    #expect(messages(recording) == ["message 1", "message 2", "later"])
    #expect(recording.lines.contains("8 #0 < PINGRESP"))
  }
}
