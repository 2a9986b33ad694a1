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

  @Test func `an alert in clear is told after the other side has begun to encrypt`() {
    let version12 =
      [3, 3] + [UInt8](repeating: 8, count: 32) + [0, 0xC0, 0x2F, 0]
    let recording = talk {
      $0.toServer(Self.clientHello)
      $0.toClient(Self.record(22, Self.message(2, version12)))
      $0.toServer(Self.record(20, [1]) + Self.record(22, [UInt8](repeating: 1, count: 40)))
      $0.toClient(Self.record(21, [2, 48]))
    }
    #expect(recording.events.contains { $0.contains("hidden") })
    #expect(recording.events.last?.contains("alert 48") == true)
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

  @Test func `TLS before 1.2 cannot be decrypted, and a finding says so`() {
    var old = Self.serverHello
    // The version of the message, in the place of what the extension says.
    old.removeLast(8)
    old[4] -= 8
    old[8] -= 8
    old[9] = 3
    old[10] = 2
    var talk = Conversation()
    talk.serverPort = 8883
    talk.open()
    talk.toServer(Self.clientHello)
    talk.toClient(old)
    talk.toClient(Self.record(20, [1]))
    talk.toClient(Self.record(23, [UInt8](repeating: 9, count: 40)))
    let file = pcap(talk.frames)
    #expect(
      dissected(file, services: NoServices()).facts[0]?.tls?.obstacle
        == "TLS 1.1 cannot be decrypted, only TLS 1.2 and 1.3 can")
    #expect(
      watched(file).findings.map(\.description) == [
        "note frame 7 10.0.0.1:40000: what is in TLS stays hidden: decryption is not available "
          + "[5.4.5]"
      ])
  }

  @Test func `TLS of other services makes no finding`() {
    var talk = Conversation()
    talk.serverPort = 443
    talk.open()
    talk.toServer(Self.record(22, Self.message(1, [3, 3] + [UInt8](repeating: 7, count: 38))))
    talk.toClient(Self.serverHello)
    talk.toClient(Self.record(23, [UInt8](repeating: 9, count: 40)))
    #expect(watched(pcap(talk.frames)).findings.isEmpty)
  }

  @Test func `early data is passed over, and what follows it is decrypted`() throws {
    var hello = Array(Self.clientHello.dropFirst(9))
    // The extension early_data behind the others.
    let start = hello.count - (Int(hello[41]) << 8 | Int(hello[42]))
    #expect(start == 43)
    let extensions = Array(hello[43...]) + [0, 42, 0, 0]
    hello = Array(hello[..<41]) + Self.vector(extensions)
    func sealed(_ type: UInt8, _ content: [UInt8]) -> [UInt8] {
      Self.record(23, [OpensMarked.mark] + content + [type] + [UInt8](repeating: 0, count: 16))
    }
    var talk = Conversation()
    talk.serverPort = 8883
    talk.open()
    talk.toServer(Self.record(22, Self.message(1, hello)))
    talk.toServer(Self.record(23, [UInt8](repeating: 9, count: 40)))
    talk.toClient(Self.serverHello)
    talk.toServer(Self.record(23, [UInt8](repeating: 9, count: 50)))
    talk.toServer(sealed(22, Self.message(20, [])))
    talk.toServer(sealed(23, try Sample.connect("late")))
    let random = String(repeating: "07", count: 32)
    let secret = String(repeating: "ab", count: 32)
    let labels = ["CLIENT_HANDSHAKE", "SERVER_HANDSHAKE"].map { $0 + "_TRAFFIC_SECRET" }
    let keyLog = (labels + ["CLIENT_TRAFFIC_SECRET_0"])
      .map { "\($0) \(random) \(secret)\n" }.joined()
    let recording = dissected(
      pcap(talk.frames), services: OpensMarked(), keyLog: Array(keyLog.utf8))
    #expect(recording.contents == ["#0 > CONNECT 3.1.1 clean keepalive=60 id=\"late\""])
    #expect(recording.events.count { $0.contains("earlyData") } == 1)
  }
}

/// Services to which everything is plain that begins with a mark.
private struct OpensMarked: CaptureServices {
  static let mark: UInt8 = 0xAA

  func hmac(_ hash: HashFunction, key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    [UInt8](repeating: 0, count: 48)
  }

  func open(
    _ cipher: BulkCipher, key: [UInt8], nonce: [UInt8], additionalData: [UInt8], _ sealed: [UInt8]
  ) -> [UInt8]? {
    sealed.first == Self.mark ? Array(sealed.dropFirst().dropLast(cipher.tagLength)) : nil
  }

  func decryptBlocks(
    _ cipher: BulkCipher, key: [UInt8], initializationVector: [UInt8], _ blocks: [UInt8]
  ) -> [UInt8]? { nil }

  func alertName(_ number: Int) -> String { "alert \(number)" }

  func makeInflater() -> (any Inflater)? { nil }
}
