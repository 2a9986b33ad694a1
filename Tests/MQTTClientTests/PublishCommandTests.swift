// `mqtt pub` against a broker by script: what it sends, when it returns, and what its exit status
// and its words say.

import Foundation
import LiveSupport
import MQTTCodec
import Testing

@Suite struct PublishCommandTests {
  @Test func `QoS 0 is CONNECT, then PUBLISH and DISCONNECT in one write`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      let bytes = try peer.receive()
      #expect(bytes == [0x30, 8, 0, 3, 0x61, 0x2F, 0x62, 0, 0x68, 0x69, 0xE0, 0])
    }
    let result = try CommandProcess.run(["pub", "-p", "\(broker.port)", "a/b", "hi"])
    #expect(broker.wait() == [])
    #expect(result.status == 0)
    #expect(result.said == "")
  }

  @Test func `it returns only after the whole handshake of QoS 2 [MQTT-4.3.3-5]`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      let publish = try peer.readPublish()
      #expect(publish.qos == .exactlyOnce)
      try peer.send(.pubrec(try acknowledgement(1)))
      try peer.expect(.pubrel(try acknowledgement(1)))
      if !peer.isSilent(milliseconds: 200) { throw ScriptFault("it did not wait for PUBCOMP") }
      try peer.send(.pubcomp(try acknowledgement(1)))
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run(["pub", "-p", "\(broker.port)", "t", "m", "-q", "2"])
    #expect(broker.wait() == [])
    #expect(result.status == 0)
  }

  struct Refusal: Sendable {
    var version: String
    var code: ReasonCode
    var status: Int32
    var words: String
  }

  static let refusals: [Refusal] = [
    Refusal(version: "5", code: .notAuthorized, status: 135, words: "Not authorized (0x87)"),
    Refusal(version: "5", code: .serverBusy, status: 137, words: "Server busy (0x89)"),
    Refusal(version: "311", code: .notAuthorized, status: 5, words: "Not authorized (0x87)"),
    Refusal(
      version: "311", code: .badUserNameOrPassword, status: 4,
      words: "Bad User Name or Password (0x86)"),
    Refusal(version: "31", code: .serverUnavailable, status: 3, words: "Server unavailable (0x88)"),
  ]

  @Test(arguments: refusals)
  func `a refused connection is its reason in status and words`(_ refusal: Refusal) throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept(Connack(reasonCode: refusal.code))
    }
    let result = try CommandProcess.run([
      "pub", "-p", "\(broker.port)", "t", "m", "-V", refusal.version,
    ])
    #expect(broker.wait() == [])
    #expect(result.status == refusal.status)
    let expected =
      "mqtt pub: localhost:\(broker.port) refused the connection: \(refusal.words)\n"
    #expect(result.said.lowercased() == expected.lowercased())
  }

  @Test(arguments: [1, 2])
  func `a refused message is its reason in status and words`(_ qos: Int) throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      _ = try peer.readPublish()
      var refusal = try acknowledgement(1, .notAuthorized)
      refusal.properties = Properties([Property(.reasonString, .string("read only"))])
      try peer.send(qos == 1 ? .puback(refusal) : .pubrec(refusal))
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run(["pub", "-p", "\(broker.port)", "t", "m", "-q", "\(qos)"])
    #expect(broker.wait() == [])
    #expect(result.status == 135)
    #expect(
      result.said
        == "mqtt pub: the broker refused the message to t: Not authorized (0x87): read only\n")
  }

  @Test func `no broker there is said with host, port, reason and a hint`() throws {
    let result = try CommandProcess.run(["pub", "-h", "127.0.0.1", "-p", "1", "t", "m"])
    #expect(result.status == 1)
    #expect(
      result.said == "mqtt pub: cannot connect to 127.0.0.1:1: Connection refused; "
        + "is a broker running there?\n")
  }

  @Test(arguments: ["5", "311"])
  func `a peer that closes without CONNACK is said, with TLS as a guess`(_ version: String) throws {
    let broker = try ScriptedBroker { peer, _ in _ = try peer.receive() }
    let result = try CommandProcess.run(["pub", "-p", "\(broker.port)", "t", "m", "-V", version])
    #expect(broker.wait() == [])
    #expect(result.status == 1)
    #expect(
      result.said == "mqtt pub: localhost:\(broker.port) closed the connection without answering "
        + "CONNECT; is it an MQTT broker, and does this port want TLS (--tls)?\n")
  }

  static let otherProtocols: [([UInt8], String)] = [
    ([0x15, 3, 3, 0, 2, 2, 70], "TLS on this port: connect with --tls"),
    (
      Array("HTTP/1.1 400 Bad Request".utf8),
      "does not speak MQTT on this port: it sent plain HTTP."
    ),
  ]

  @Test(arguments: otherProtocols)
  func `a peer that speaks something else is said`(_ bytes: [UInt8], _ words: String) throws {
    let broker = try ScriptedBroker { peer, _ in
      _ = try peer.receive()
      try peer.send(bytes: bytes)
      _ = try peer.receive()
    }
    let result = try CommandProcess.run(["pub", "-p", "\(broker.port)", "t", "m"])
    #expect(broker.wait() == [])
    #expect(result.status == 1)
    #expect(result.said.hasPrefix("mqtt pub: the server localhost:\(broker.port) "))
    #expect(result.said.contains(words))
  }

  @Test func `--quiet says nothing and keeps the status`() throws {
    let result = try CommandProcess.run(["pub", "--quiet", "-p", "1", "t", "m"])
    #expect(result.status == 1)
    #expect(result.said == "")
  }

  @Test func `a broker that only knows 3.1.1 gets 3.1.1`() throws {
    let broker = try ScriptedBroker(connections: 2) { peer, number in
      if number == 0 {
        guard case .connect? = try peer.read() else { throw ScriptFault("no CONNECT") }
        try peer.send(bytes: [0x20, 2, 0, 1])
      } else {
        let connect = try peer.accept()
        #expect(connect.version == .v311)
        #expect(connect.clientIdentifier.utf8.count == 23)
        let message = try peer.readPublish()
        #expect(message.payload == Array("m".utf8))
        try peer.expectFarewell()
      }
    }
    let result = try CommandProcess.run(["pub", "-p", "\(broker.port)", "t", "m"])
    #expect(broker.wait() == [])
    #expect(result.status == 0)
    #expect(result.said == "")
  }

  @Test func `a handshake broken off is resumed with DUP in the same session [MQTT-4.4.0-1]`()
    throws
  {
    let broker = try ScriptedBroker(connections: 2) { peer, number in
      let assigned = Properties([Property(.assignedClientIdentifier, .string("mine"))])
      let connect = try peer.accept(
        number == 0 ? Connack(properties: assigned) : Connack(isSessionPresent: true))
      let message = try peer.readPublish()
      #expect(message.isDuplicate == (number == 1))
      #expect(connect.cleanStart == (number == 0))
      #expect(connect.clientIdentifier == (number == 0 ? "" : "mine"))
      if number == 0 { return }
      try peer.send(.puback(try acknowledgement(1)))
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run(["pub", "-p", "\(broker.port)", "t", "m", "-q", "1"])
    #expect(broker.wait() == [])
    #expect(result.status == 0)
    #expect(result.said.contains("is lost: peer closed the connection; trying again in 0."))
    #expect(result.said.contains("connected to localhost:\(broker.port) again\n"))
  }

  @Test func `what the broker does not take is refused before it is sent`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept(Connack(properties: Properties([Property(.maximumQoS, .byte(0))])))
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run(["pub", "-p", "\(broker.port)", "t", "m", "-q", "1"])
    #expect(broker.wait() == [])
    #expect(result.status == 155)
    #expect(result.said == "mqtt pub: QoS 1 is more than the QoS 0 that the broker takes\n")
  }

  @Test func `a server that says DISCONNECT gives its reason as status`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      _ = try peer.readPublish()
      try peer.send(.disconnect(Disconnect(reasonCode: .administrativeAction)))
    }
    let result = try CommandProcess.run(["pub", "-p", "\(broker.port)", "t", "m", "-q", "1"])
    #expect(broker.wait() == [])
    #expect(result.status == 152)
    #expect(result.said.contains("disconnected: Administrative action (0x98)"))
  }

  @Test func `-l sends each line, empty ones and the last without its end included`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      for line in ["one", "", "drei \u{00FC}", "last"] {
        #expect(try peer.readPublish().payload == Array(line.utf8))
      }
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run(
      ["pub", "-p", "\(broker.port)", "-t", "t", "-l"], input: "one\n\ndrei \u{00FC}\nlast")
    #expect(broker.wait() == [])
    #expect(result.status == 0)
  }

  @Test func `-l keeps no more than -M messages in flight [MQTT-4.9.0-2]`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      var received = 0
      while received < 20 {
        for _ in 0..<min(3, 20 - received) {
          _ = try peer.readPublish()
          received += 1
        }
        if !peer.isSilent(milliseconds: 30) { throw ScriptFault("more than three in flight") }
        for id in max(1, received - 2)...received where id > (received - 1) / 3 * 3 {
          try peer.send(.puback(try acknowledgement(UInt16(id))))
        }
      }
      try peer.expectFarewell()
    }
    let lines = (1...20).map { "\($0)\n" }.joined()
    let result = try CommandProcess.run(
      ["pub", "-p", "\(broker.port)", "-t", "t", "-l", "-q", "1", "-M", "3"], input: lines)
    #expect(broker.wait() == [])
    #expect(result.status == 0)
  }

  @Test func `-l loses and doubles nothing when the connection breaks [MQTT-4.4.0-1]`() throws {
    let broker = try ScriptedBroker(connections: 2) { peer, number in
      try peer.accept(Connack(isSessionPresent: number == 1))
      if number == 0 {
        for id in 1...5 {
          _ = try peer.readPublish()
          if id <= 2 { try peer.send(.puback(try acknowledgement(UInt16(id)))) }
        }
        return
      }
      for id in 3...30 {
        let message = try peer.readPublish()
        #expect(message.payload == Array("\(id)".utf8))
        #expect(message.packetIdentifier?.rawValue == UInt16(id))
        try peer.send(.puback(try acknowledgement(UInt16(id))))
      }
      try peer.expectFarewell()
    }
    let lines = (1...30).map { "\($0)\n" }.joined()
    let result = try CommandProcess.run(
      ["pub", "-p", "\(broker.port)", "-i", "me", "-t", "t", "-l", "-q", "1", "-M", "10"],
      input: lines)
    #expect(broker.wait() == [])
    #expect(result.status == 0)
  }

  @Test func `--repeat sends so many and --repeat-delay waits between them`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      for id in 1...3 {
        #expect(try peer.readPublish().payload == Array("x".utf8))
        try peer.send(.puback(try acknowledgement(UInt16(id))))
        if id < 3 && !peer.isSilent(milliseconds: 50) { throw ScriptFault("it did not wait") }
      }
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run([
      "pub", "-p", "\(broker.port)", "t", "x", "-q", "1", "--repeat", "3", "--repeat-delay", "0.15",
    ])
    #expect(broker.wait() == [])
    #expect(result.status == 0)
  }

  @Test func `a message goes to every topic that is named`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      #expect(try peer.readPublish().topic == "a")
      #expect(try peer.readPublish().topic == "b")
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run([
      "pub", "-p", "\(broker.port)", "-t", "a", "-t", "b", "-m", "x",
    ])
    #expect(broker.wait() == [])
    #expect(result.status == 0)
  }

  @Test func `CONNECT carries user, password of a file, will and keep alive`() throws {
    let folder = TestFolder()
    let file = try folder.write("geheim\nrest\n", to: "password")
    let broker = try ScriptedBroker { peer, _ in
      let connect = try peer.accept()
      #expect(connect.userName == "uwe")
      #expect(connect.password == Array("geheim".utf8))
      #expect(
        connect.will
          == Will(topic: "w", payload: Array("gone".utf8), qos: .atLeastOnce, isRetained: true))
      #expect(connect.keepAliveSeconds == 7)
      #expect(connect.clientIdentifier == "me")
      _ = try peer.readPublish()
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run([
      "pub", "-p", "\(broker.port)", "-u", "uwe", "--pw-file", file, "-i", "me", "-k", "7",
      "--will-topic", "w", "--will-payload", "gone", "--will-qos", "1", "--will-retain", "t", "m",
    ])
    #expect(broker.wait() == [])
    #expect(result.said == "")
    #expect(result.status == 0)
  }

  @Test func `a large file arrives whole at a slow broker`() throws {
    let size = 6_000_000
    let folder = TestFolder()
    let file = try folder.write(
      bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }, to: "large")
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      // Longer than a closing connection would wait for its last bytes.
      Thread.sleep(forTimeInterval: 2.5)
      let message = try peer.readPublish()
      #expect(message.payload.count == size)
      #expect(message.payload[4_000_001] == UInt8(truncatingIfNeeded: 4_000_001 &* 31))
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run(["pub", "-p", "\(broker.port)", "-t", "t", "-f", file])
    #expect(broker.wait() == [])
    #expect(result.status == 0)
  }

  @Test func `a file that is not there is said before anything is sent`() throws {
    let result = try CommandProcess.run(["pub", "-p", "1", "-t", "t", "-f", "/nonexistent/x"])
    #expect(result.status == 1)
    #expect(
      result.said == "mqtt pub: cannot read /nonexistent/x: No such file or directory\n")
  }

  static let nothing: [[String]] = [["-s"], ["-f", "/dev/null"], ["-s", "--repeat", "2"]]

  @Test(arguments: nothing)
  func `an input without bytes does not remove a retained message`(_ words: [String]) throws {
    let result = try CommandProcess.run(["pub", "-p", "1", "t", "-r"] + words)
    #expect(result.status == 1)
    let name = words[0] == "-f" ? "/dev/null" : "standard input"
    #expect(
      result.said == "mqtt pub: \(name) is empty, and with -r a message without bytes removes the "
        + "retained one; to do that, say -n\n")
  }

  @Test(arguments: [["-n"], ["-m", ""], ["-l"]])
  func `an empty message that is asked for removes a retained one`(_ words: [String]) throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      let publish = try peer.readPublish()
      #expect(publish.isRetained && publish.payload.isEmpty)
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run(
      ["pub", "-p", "\(broker.port)", "-t", "t", "-r"] + words, input: "\n")
    #expect(broker.wait() == [])
    #expect(result.status == 0)
  }

  @Test func `an input without an end is read no further than a packet could go`() throws {
    let command = try CommandProcess(["pub", "-p", "1", "t", "-f", "/dev/zero"])
    let result = try command.wait()
    #expect(result.status == 1)
    #expect(
      result.said
        == "mqtt pub: cannot read /dev/zero: it has more than the 268435455 bytes that an "
        + "MQTT packet can carry\n")
  }

  @Test func `-d shows every packet of the handshake with times`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      _ = try peer.readPublish()
      try peer.send(.puback(try acknowledgement(1)))
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run([
      "pub", "-d", "-p", "\(broker.port)", "-V", "311", "-i", "x", "t", "m", "-q", "1",
    ])
    #expect(broker.wait() == [])
    let lines = result.said.split(separator: "\n")
    let texts = lines.map { $0.dropFirst(13).replacing(/[0-9]+\.[0-9]{2} ms/, with: "· ms") }
    #expect(
      texts == [
        "→ CONNECT MQTT 3.1.1 client \"x\" clean start keep alive 60 s",
        "← CONNACK Success", "→ PUBLISH id 1 QoS 1 \"t\" 1 byte", "← PUBACK id 1",
        "id 1: PUBLISH -> PUBACK · ms, delivered at least once", "→ DISCONNECT",
      ])
    for line in lines {
      // 12:00:00.123 and a blank.
      let shape = line.utf8.prefix(13).map { (48...57).contains($0) ? UInt8(ascii: "9") : $0 }
      #expect(String(decoding: shape, as: UTF8.self) == "99:99:99.999 ")
    }
  }
}
