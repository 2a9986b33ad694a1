// Capture files of every form, read in pieces of every size, and what is said of damaged ones.

import Capture
import CaptureSupport
import MQTTCodec
import TestSupport
import Testing

@Suite struct FileTests {
  @Test(arguments: [
    PcapForm(), PcapForm(isBigEndian: true), PcapForm(isNanoseconds: true),
    PcapForm(isBigEndian: true, isNanoseconds: true), PcapForm(isPatched: true),
    PcapForm(isBigEndian: true, isPatched: true),
  ])
  func `every form of pcap is read`(form: PcapForm) throws {
    let file = pcap(try Sample.conversation().frames, .ethernet, form)
    #expect(dissected(file).contents == Sample.lines)
  }

  @Test(arguments: [1, 3, 16, 17, 100, 65_536])
  func `pieces of any size make the same packets`(pieceLength: Int) throws {
    let frames = try Sample.conversation().frames
    let plain = pcap(frames)
    let blocks = pcapng(frames.map { (0, $0) }, [.ethernet])
    #expect(dissected(plain, pieceLength: pieceLength).contents == Sample.lines)
    #expect(dissected(blocks, pieceLength: pieceLength).contents == Sample.lines)
    #expect(dissected(sniffer(frames), pieceLength: pieceLength).contents == Sample.lines)
  }

  @Test(arguments: [false, true])
  func `interfaces of a pcapng file have links of their own`(isBigEndian: Bool) throws {
    let wire = try Sample.conversation(Conversation(.vlan)).frames
    let cooked = try Sample.conversation(Conversation(.linuxCooked)).frames
    let frames = zip(wire, cooked).enumerated().map { index, pair in
      index.isMultiple(of: 2) ? (0, pair.0) : (1, pair.1)
    }
    let file = pcapng(frames, [.vlan, .linuxCooked], isBigEndian: isBigEndian)
    #expect(dissected(file).contents == Sample.lines)
  }

  @Test func `times are kept to the nanosecond`() throws {
    var frames = try Sample.conversation().frames
    for index in frames.indices { frames[index].timeNanoseconds += Int64(index) * 7 + 123 }
    let wanted = frames[3].timeNanoseconds
    let files = [
      pcap(frames, .ethernet, PcapForm(isNanoseconds: true)),
      pcapng(frames.map { (0, $0) }, [.ethernet]),
    ]
    for file in files {
      let packet = try #require(dissected(file).packets.first)
      #expect(packet.stamp.frame == 4)
      #expect(packet.stamp.timeNanoseconds == wanted)
      #expect(packet.stamp.elapsedNanoseconds == wanted - frames[0].timeNanoseconds)
      #expect(packet.stamp.deltaNanoseconds == wanted - frames[2].timeNanoseconds)
    }
  }

  @Test func `a stamp tells what link and TCP say of the frame`() throws {
    let talk = try Sample.conversation()
    let packets = dissected(pcap(talk.frames)).packets
    let stamp = try #require(packets.first).stamp
    #expect(stamp.hardwareSource == 0x0200_0000_0002)
    #expect(stamp.hardwareDestination == 0x0200_0000_0001)
    #expect(stamp.length == talk.frames[3].bytes.count)
    #expect(stamp.payloadLength == 16)
    #expect(stamp.sequence == 1)
    #expect(stamp.acknowledged == 1)
    #expect(stamp.flags == 0x18)
    let answer = packets[3].stamp
    #expect(answer.sequence == 5)
    #expect(answer.acknowledged == 31)
  }

  @Test func `several sections of a pcapng file have interfaces of their own`() throws {
    let frames = try Sample.conversation().frames
    let half = frames.count / 2
    let file =
      pcapng(frames[..<half].map { (0, $0) }, [.ethernet])
      + pcapng(frames[half...].map { (0, $0) }, [.ethernet], isBigEndian: true)
    #expect(dissected(file).contents == Sample.lines)
  }

  // MARK: Damage

  private func fault(_ file: [UInt8]) -> String? {
    dissected(file).lines.last.map { String($0.dropFirst("FAULT ".count)) }
  }

  @Test func `an empty file is said to be empty`() {
    #expect(fault([]) == "byte 0: the file is empty")
  }

  @Test func `a file of another kind is named by its first bytes`() {
    #expect(
      fault(Array("%PDF-1.7".utf8))
        == "byte 0: it begins with 25 50 44 46, which is no pcap, pcapng or Sniffer capture, nor one "
        + "of them in gzip")
  }

  @Test func `what precedes the end of a file that was cut off is read`() throws {
    let file = pcap(try Sample.conversation().frames)
    let recording = dissected(Array(file.dropLast(10)))
    #expect(Array(recording.contents.dropLast()) == Sample.lines)
    #expect(
      recording.lines.last
        == "FAULT byte \(file.count - 70): the file ends within a frame: 60 bytes of it are there; it "
        + "was cut off")
  }

  @Test func `a frame longer than is believed ends the reading`() throws {
    var file = pcap(try Sample.conversation().frames)
    for index in 32..<36 { file[index] = 0x7F }
    #expect(
      fault(file)
        == "byte 32: a frame of 2139062143 bytes, more than the 268435456 that are believed")
  }

  @Test func `a block whose two lengths differ ends the reading`() throws {
    var file = pcapng(try Sample.conversation().frames.map { (0, $0) }, [.ethernet])
    file[24] = 32
    #expect(
      fault(file)
        == "byte 24: the block's length is 28 at its beginning and 32 at its end")
  }

  @Test func `a frame of an interface that was not described ends the reading`() throws {
    let file = pcapng(try Sample.conversation().frames.map { (1, $0) }, [.ethernet])
    #expect(
      fault(file)?.hasSuffix("a frame of interface 1, where 1 interfaces are described") == true)
  }
}
