// How captures come to the program: files, standard input, gzip, damaged, compressed inside, and of
// any length in little memory.

import CaptureSupport
import Foundation
import LiveSupport
import TestSupport
import Testing

@Suite struct InputTests {
  private func sample() throws -> [TestFrame] {
    var talk = Conversation()
    talk.open()
    talk.toServer(try bytes("10 { s\"MQTT\" 04 02 w60 s\"c\" }"))
    talk.toClient([0x20, 2, 0, 0])
    talk.toServer(try bytes("30 { s\"a/b\" \"hello\" }"))
    talk.toServer([0xE0, 0])
    talk.close()
    return talk.frames
  }

  private let fields = ["-T", "fields", "-e", "frame.number", "-e", "mqtt.msgtype"]
  private let wanted = "4\t1\n5\t2\n6\t3\n7\t14\n"

  private func shell(_ script: String) throws -> (status: Int32, output: String, errors: String) {
    let program = try RunningProgram(["bash", "-c", script])
    let status = try program.exitStatus(within: 120)
    return (status, program.output, program.errors)
  }

  private var command: String { ([mqttPath, "inspect-pcap"] + fields).joined(separator: " ") }

  @Test func `files in gzip and standard input are read like any other`() throws {
    let frames = try sample()
    for bytes in [pcap(frames), pcapng(frames.map { (0, $0) }, [.ethernet]), sniffer(frames)] {
      let file = try TemporaryFile(bytes)
      #expect(try shell("\(command) \(file.path)").output == wanted)
      #expect(try shell("cat \(file.path) | \(command) -").output == wanted)
      #expect(try shell("gzip -c \(file.path) | \(command) -").output == wanted)
      // Several members one after the other are one file.
      let members = "(head -c 100 \(file.path) | gzip; tail -c +101 \(file.path) | gzip)"
      #expect(
        try shell("\(members) > \(file.path).gz; \(command) \(file.path).gz").output == wanted)
      #expect(try shell("rm \(file.path).gz").status == 0)
    }
  }

  @Test func `bytes that trickle in are read as they come`() throws {
    let file = try TemporaryFile(pcap(try sample()))
    let slowly = "while IFS= read -r -n 1 -d '' c; do :; done; cat"
    #expect(try shell("(\(slowly)) < \(file.path) | cat").status == 0)
    #expect(try shell("dd if=\(file.path) bs=1 2>/dev/null | \(command) -").output == wanted)
  }

  @Test func `what precedes damage is told, and the damage with its place`() throws {
    let file = try TemporaryFile(pcap(try sample()))
    let cut = try shell("head -c -20 \(file.path) | \(command) -")
    #expect(cut.output == wanted)
    #expect(cut.status == 1)
    #expect(cut.errors.contains("the file ends within a frame"))
    let cutArchive = try shell("gzip -c \(file.path) | head -c -12 | \(command) -")
    #expect(cutArchive.status == 1)
    #expect(cutArchive.errors.contains("the compressed file ends before its end; it was cut off"))
    let damaged = try shell(
      "(gzip -c \(file.path) | head -c 60; head -c 200 /dev/zero) | \(command) -")
    #expect(damaged.status == 1)
    #expect(damaged.errors.contains("are damaged"))
    let missing = try shell("\(command) /nowhere/at.all")
    #expect(missing.status == 1)
    #expect(missing.errors.contains("/nowhere/at.all"))
    let keys = try shell("\(command) --keylog /nowhere/keys \(file.path)")
    #expect(keys.status == 1)
    #expect(keys.errors.contains("/nowhere/keys"))
  }

  @Test func `a stream of any length is read in the memory of its longest frame`() throws {
    var talk = Conversation(.rawIP)
    talk.open()
    talk.toServer(try bytes("10 { s\"MQTT\" 04 02 w60 s\"c\" }"))
    let start = talk.frames.count
    talk.segmentLength = 60_000
    let head = pcap(talk.frames, .rawIP)
    let packet = try bytes("30 { s\"t\" 78*59990 }")
    for _ in 0..<100 { talk.toServer(packet) }
    let block = Array(pcap(Array(talk.frames[start...]), .rawIP)[24...])
    let headFile = try TemporaryFile(head)
    let blockFile = try TemporaryFile(block)
    // 240 MB, most of it sent again and again; whatever is kept of it would not fit.
    let stream = "(cat \(headFile.path); for i in $(seq 40); do cat \(blockFile.path); done)"
    let result = try shell("\(stream) | (ulimit -d 120000; \(command) -) | wc -l")
    #expect(result.errors == "")
    #expect(result.output.split(separator: "\n").first.flatMap { Int($0) } ?? 0 >= 101)
  }

  @Test(arguments: [true, false])
  func `compressed WebSocket messages are decompressed`(remembers: Bool) throws {
    var talk = Conversation()
    talk.serverPort = 8080
    talk.open()
    talk.toServer(
      Array(
        ("GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
          + "Sec-WebSocket-Extensions: permessage-deflate\r\n"
          + "Sec-WebSocket-Protocol: mqtt\r\n\r\n").utf8))
    let parameters = remembers ? "" : "; client_no_context_takeover"
    talk.toClient(
      Array(
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
          + "Sec-WebSocket-Extensions: permessage-deflate\(parameters)\r\n"
          + "Sec-WebSocket-Protocol: mqtt\r\n\r\n").utf8))
    // CONNECT and two messages to a/topic, as zlib compresses them with and without memory.
    let connect: [UInt8] = [
      18, 224, 99, 96, 241, 13, 12, 9, 97, 97, 98, 176, 97, 96, 74, 54, 4, 0,
    ]
    let first: [UInt8] = [50, 144, 100, 96, 79, 212, 47, 201, 47, 200, 76, 78, 68, 3, 0, 0]
    let second: [UInt8] =
      remembers
      ? [194, 45, 149, 4, 0]
      : [50, 144, 100, 96, 79, 212, 47, 201, 47, 200, 76, 78, 68, 5, 73, 0, 0]
    for message in [connect, first, second] {
      talk.toServer([0xC2, 0x80 | UInt8(message.count), 0, 0, 0, 0] + message)
    }
    let file = try TemporaryFile(pcap(talk.frames))
    let result = try shell("\(command) -e mqtt.topic -e mqtt.len \(file.path)")
    #expect(result.output == "6\t1\t\t14\n7\t3\ta/topic\t25\n8\t3\ta/topic\t25\n")
  }
}
