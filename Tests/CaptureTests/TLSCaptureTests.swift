// What TLS says in clear, without any keys. Decryption is watched with the real thing, in
// CaptureLiveTests.

import Capture
import CaptureSupport
import MQTTCodec
import TestSupport
import Testing

@Suite struct TLSCaptureTests {
  private static func record(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
    [type, 3, 3, UInt8(body.count >> 8), UInt8(body.count & 0xFF)] + body
  }

  private static func message(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
    [type, 0, UInt8(body.count >> 8), UInt8(body.count & 0xFF)] + body
  }

  private static func vector(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
  }

  /// Asks for broker.example and offers mqtt.
  static var clientHello: [UInt8] {
    let name = Array("broker.example".utf8)
    let serverName = [0, 0] + vector(vector([0] + vector(name)))
    let protocols = [0, 16] + vector(vector([4] + Array("mqtt".utf8)))
    let body =
      [3, 3] + [UInt8](repeating: 7, count: 32) + [0] + vector([0x13, 0x01]) + [1, 0]
      + vector(serverName + protocols)
    return record(22, message(1, body))
  }

  /// Chooses TLS 1.3.
  static var serverHello: [UInt8] {
    let body =
      [3, 3] + [UInt8](repeating: 8, count: 32) + [0, 0x13, 0x01, 0]
      + vector([0, 43] + vector([3, 4]))
    return record(22, message(2, body))
  }

  private func talk(_ exchange: (inout Conversation) -> Void) -> PacketRecording {
    var talk = Conversation()
    talk.serverPort = 8883
    talk.open()
    exchange(&talk)
    return dissected(pcap(talk.frames))
  }

  @Test func `the name asked for, the protocols, version and suite are told`() {
    let recording = talk {
      $0.toServer(Self.clientHello)
      $0.toClient(Self.serverHello)
    }
    let facts = recording.facts[0]?.tls
    #expect(facts?.serverName == "broker.example")
    #expect(facts?.offeredProtocols == ["mqtt"])
    #expect(facts?.version == "TLS 1.3")
    #expect(facts?.cipherSuite == "TLS_AES_128_GCM_SHA256")
    #expect(
      recording.events.dropFirst() == [
        "4 #0 tls(Capture.TLSEvent.clientHello)", "5 #0 tls(Capture.TLSEvent.serverHello)",
      ])
  }

  @Test(arguments: 1...30)
  func `records are put together from segments of any length`(segmentLength: Int) {
    let recording = talk {
      $0.segmentLength = segmentLength
      $0.toServer(Self.clientHello)
      $0.toClient(Self.serverHello)
    }
    #expect(recording.facts[0]?.tls?.serverName == "broker.example")
    #expect(recording.facts[0]?.tls?.version == "TLS 1.3")
  }

  @Test func `a handshake message may be spread over records`() {
    let hello = Array(Self.clientHello[5...])
    let recording = talk {
      $0.toServer(
        Self.record(22, Array(hello[..<20])) + Self.record(22, Array(hello[20...])))
    }
    #expect(recording.facts[0]?.tls?.serverName == "broker.example")
  }

  @Test func `an alert is told with its level`() {
    let recording = talk {
      $0.toServer(Self.clientHello)
      $0.toClient(Self.record(21, [2, 40]))
    }
    #expect(
      recording.events.last
        == "5 #0 tls(Capture.TLSEvent.alert(MQTTCodec.Direction.toClient, isFatal: true, name: \"alert "
        + "40\"))")
  }

  @Test func `content without keys stays hidden, and why is told once`() {
    let recording = talk {
      $0.toServer(Self.clientHello)
      $0.toClient(Self.serverHello + Self.record(23, [UInt8](repeating: 1, count: 40)))
      $0.toServer(Self.record(23, [UInt8](repeating: 1, count: 40)))
    }
    #expect(recording.lines == [])
    #expect(recording.events.count { $0.contains("hidden") } == 1)
    #expect(recording.facts[0]?.tls?.obstacle == "decryption is not available")
    let withServices = dissected(
      pcap(hidden().frames), services: NoServices())
    #expect(
      withServices.facts[0]?.tls?.obstacle
        == "there are no secrets of it; a key log file brings them (--keylog)")
  }

  private func hidden() -> Conversation {
    var talk = Conversation()
    talk.open()
    talk.toServer(Self.clientHello)
    talk.toClient(Self.serverHello + Self.record(23, [UInt8](repeating: 1, count: 40)))
    return talk
  }

  @Test func `a capture that begins after the handshake says so`() {
    var talk = Conversation()
    talk.toServer(Self.record(23, [UInt8](repeating: 1, count: 40)))
    let recording = dissected(pcap(talk.frames))
    #expect(recording.facts[0]?.tls?.obstacle == "its handshake is not in the capture")
  }

  @Test func `a gap in the handshake is told`() {
    var talk = Conversation()
    talk.open()
    talk.segmentLength = 40
    talk.toServer(Self.clientHello)
    talk.toClient([0])
    var frames = talk.frames
    frames.remove(at: 4)
    let recording = dissected(pcap(frames))
    #expect(
      recording.facts[0]?.tls?.obstacle == "bytes of its handshake are missing from the capture")
  }
}
