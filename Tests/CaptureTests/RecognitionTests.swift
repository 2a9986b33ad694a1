// MQTT on any port, from its first bytes or from the middle, and which version it is.

import Capture
import CaptureSupport
import MQTTCodec
import TestSupport
import Testing

@Suite struct RecognitionTests {
  @Test func `MQTT is recognised on any port`() throws {
    var start = Conversation()
    start.serverPort = 33_333
    #expect(dissected(pcap(try Sample.conversation(start).frames)).contents == Sample.lines)
  }

  @Test func `a server on a port above the client's is still the server`() throws {
    var start = Conversation()
    start.clientPort = 2000
    start.serverPort = 50_000
    // Without the handshake of TCP only CONNECT tells who is who.
    let frames = Array(try Sample.conversation(start).frames[3...])
    let recording = dissected(pcap(frames))
    #expect(recording.contents == Sample.lines)
    #expect(recording.facts[0]?.server.port == 50_000)
  }

  @Test func `a capture that begins in the middle is read from its first packet on`() throws {
    var start = Conversation()
    start.serverPort = 33_333
    let frames = Array(try Sample.conversation(start).frames[5...])
    #expect(dissected(pcap(frames)).contents == Array(Sample.lines[2...]))
  }

  @Test func `other protocols are not taken for MQTT`() throws {
    let texts = [
      "SSH-2.0-OpenSSH_9.2p1\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "EHLO example.org\r\n",
      "0123456789abcdef", "\u{10}\u{02}no", "30\u{0}\u{0}\u{0}",
    ]
    for text in texts {
      for hasBeginning in [true, false] {
        var talk = Conversation()
        talk.serverPort = 22
        talk.open()
        talk.toServer(Array(text.utf8))
        talk.toClient(Array("HTTP/1.1 200 OK\r\n\r\n".utf8))
        talk.toServer(Array(text.utf8))
        let frames = hasBeginning ? talk.frames : Array(talk.frames[3...])
        #expect(dissected(pcap(frames)).lines == [], "\(text) \(hasBeginning)")
      }
    }
  }

  @Test func `the version of CONNECT is believed`() throws {
    let facts = dissected(pcap(try Sample.conversation().frames)).facts[0]
    #expect(facts?.version == .v311)
    #expect(facts?.evidence == .connect(frame: 4))
    #expect(facts?.clientIdentifier == "c1")
    #expect(facts?.hasBeginning == true)
  }

  @Test func `without CONNECT a packet that only 5-0 has tells the version`() throws {
    var talk = Conversation()
    talk.toClient(try bytes("30 { s\"a/b\" { 01 01 } \"text\" }"))
    talk.toClient(try bytes("90 { w1 { } 01 }"))
    talk.toServer(try bytes("e0 { 00 { 11 l5 } }"))
    let recording = dissected(pcap(talk.frames))
    #expect(recording.facts[0]?.version == .v5)
    #expect(
      recording.contents.first
        == "#0 < PUBLISH topic=\"a/b\" payload='text' {Payload Format Indicator=1}")
    #expect(recording.facts[0]?.evidence == .onlyReading(.disconnect, frame: 3))
  }

  @Test func `without CONNECT a packet that only 3-1-1 has tells the version`() throws {
    var talk = Conversation()
    talk.toServer(try bytes("82 { w1 s\"a/#\" 01 }"))
    talk.toClient([0x90, 3, 0, 1, 1])
    let recording = dissected(pcap(talk.frames))
    #expect(recording.facts[0]?.version == .v311)
    #expect(recording.facts[0]?.evidence == .onlyReading(.subscribe, frame: 1))
  }

  @Test func `an identifier that the server assigns names the client`() throws {
    var talk = Conversation()
    talk.open()
    talk.toServer(try Sample.connect5(""))
    talk.toClient(try bytes("20 { 00 00 { 12 s\"made-up\" } }"))
    #expect(dissected(pcap(talk.frames)).facts[0]?.clientIdentifier == "made-up")
  }

  @Test func `a topic alias is resolved`() throws {
    var talk = Conversation()
    talk.open()
    talk.toServer(try Sample.connect5())
    talk.toServer(try bytes("30 { s\"long/topic\" { 23 w3 } \"1\" }"))
    talk.toServer(try bytes("30 { s\"\" { 23 w3 } \"2\" }"))
    let packets = dissected(pcap(talk.frames)).packets
    #expect(packets.last?.aliasedTopic == "long/topic")
  }

  @Test func `a malformed packet is told with its fault and the next one is read`() throws {
    var talk = Conversation()
    talk.open()
    talk.toServer(try Sample.connect())
    talk.toServer(try bytes("36 { s\"t\" w1 \"x\" }"))
    talk.toServer(try Sample.publish("t", "one") + Sample.publish("t", "two"))
    let contents = dissected(pcap(talk.frames)).contents
    #expect(contents[1] == "#0 > MALFORMED PUBLISH byte 0: the QoS is 3 [MQTT-3.3.1-4]")
    #expect(contents.last == "#0 > PUBLISH topic=\"t\" payload='two'")
  }
}
