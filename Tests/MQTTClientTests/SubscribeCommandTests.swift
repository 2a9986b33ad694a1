// `mqtt sub` against a broker by script: what it prints, when it acknowledges, how it ends.

import Foundation
import LiveSupport
import MQTTCodec
import Testing

@Suite struct SubscribeCommandTests {
  @Test func `it subscribes to every filter and prints payloads as they come`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      let subscribe = try peer.grant()
      #expect(subscribe.subscriptions.map(\.filter) == ["a/#", "b"])
      #expect(subscribe.subscriptions.map(\.options.qos) == [.atLeastOnce, .atLeastOnce])
      try peer.publish("a/1", "one")
      try peer.publish("b", "zwei \u{00FC}")
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run([
      "sub", "-p", "\(broker.port)", "-t", "a/#", "-t", "b", "-q", "1", "-C", "2",
    ])
    #expect(broker.wait() == [])
    #expect(result.status == 0)
    #expect(result.output == "one\nzwei \u{00FC}\n")
    #expect(result.said == "")
  }

  @Test func `-v prints topics and -F its format`() throws {
    for (words, line) in [(["-v"], "t/x 21.5\n"), (["-F", "%t=%p q%q %l"], "t/x=21.5 q0 4\n")] {
      let broker = try ScriptedBroker { peer, _ in
        try peer.accept()
        try peer.grant()
        try peer.publish("t/x", "21.5")
        try peer.expectFarewell()
      }
      let result = try CommandProcess.run(
        ["sub", "-p", "\(broker.port)", "t/#", "-C", "1"] + words)
      #expect(broker.wait() == [])
      #expect(result.output == line)
    }
  }

  @Test func `a message is acknowledged when its line is written, and no later ones after -C`()
    throws
  {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      try peer.grant()
      try peer.publish("t", "1", .atLeastOnce, id: 11)
      try peer.publish("t", "2", .exactlyOnce, id: 12)
      try peer.publish("t", "3", .atLeastOnce, id: 13)
      try peer.expect(.puback(try acknowledgement(11)))
      try peer.expect(.pubrec(try acknowledgement(12)))
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run([
      "sub", "-p", "\(broker.port)", "t", "-q", "2", "-C", "2",
      "-D", "connect", "receive-maximum", "9",
    ])
    #expect(broker.wait() == [])
    #expect(result.output == "1\n2\n")
  }

  @Test func `a broker that sends more than Receive Maximum is stopped, what came is printed`()
    throws
  {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      try peer.grant()
      try peer.send(
        .publish(Publish(topic: "t", payload: Array("0".utf8))),
        .publish(
          Publish(
            topic: "t", payload: Array("1".utf8), qos: .atLeastOnce,
            packetIdentifier: try identifier(1))),
        .publish(
          Publish(
            topic: "t", payload: Array("2".utf8), qos: .atLeastOnce,
            packetIdentifier: try identifier(2))))
      try peer.expect(.disconnect(Disconnect(reasonCode: .receiveMaximumExceeded)))
    }
    let result = try CommandProcess.run([
      "sub", "-p", "\(broker.port)", "t", "-q", "1", "-D", "connect", "receive-maximum", "1",
    ])
    #expect(broker.wait() == [])
    #expect(result.status == 1)
    #expect(result.output == "0\n1\n")
  }

  @Test func `what a slow reader has not taken is not acknowledged`() throws {
    let payload = String(repeating: "x", count: 4_095)
    let held = DispatchSemaphore(value: 0)
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      try peer.grant()
      for id in 1...100 { try peer.publish("t", payload, .atLeastOnce, id: UInt16(id)) }
      // A pipe holds 64 KiB, which is sixteen of these lines.
      for id in 1...16 { try peer.expect(.puback(try acknowledgement(UInt16(id)))) }
      if !peer.isSilent(milliseconds: 300) { throw ScriptFault("acknowledged but not written") }
      held.signal()
      try peer.publish("go", "")
      for id in 17...100 { try peer.expect(.puback(try acknowledgement(UInt16(id)))) }
      try peer.expectFarewell()
    }
    let pipe = try OutputPipe()
    let command = try CommandProcess(
      ["sub", "-p", "\(broker.port)", "t", "go", "-q", "1", "-C", "101"], outputPipe: pipe)
    _ = held.wait(timeout: .now() + 20)
    let output = try pipe.readToEnd()
    #expect(broker.wait() == [])
    #expect(try command.wait().status == 0)
    #expect(output.utf8.count == 100 * 4_096)
  }

  @Test func `a reader that is gone ends it with 1, nothing acknowledged and nothing said`()
    throws
  {
    let subscribed = DispatchSemaphore(value: 0)
    let closed = DispatchSemaphore(value: 0)
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      try peer.grant()
      subscribed.signal()
      closed.wait()
      try peer.publish("t", "m", .atLeastOnce, id: 1)
      try peer.expectFarewell()
    }
    let pipe = try OutputPipe()
    let command = try CommandProcess(
      ["sub", "-p", "\(broker.port)", "t", "-q", "1"], outputPipe: pipe)
    subscribed.wait()
    pipe.closeReading()
    closed.signal()
    let result = try command.wait()
    #expect(broker.wait() == [])
    // A signal would be a number below zero.
    #expect(result.status == 1)
    #expect(result.said == "")
  }

  @Test func `-W ends with 27`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      try peer.grant()
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run(["sub", "-p", "\(broker.port)", "t", "-W", "3"])
    #expect(broker.wait() == [])
    #expect(result.status == 27)
    #expect(result.said == "mqtt sub: timed out\n")
  }

  struct Refusal: Sendable {
    var version: String
    var code: ReasonCode
    var status: Int32
    var words: String
  }

  static let refusals: [Refusal] = [
    Refusal(version: "5", code: .notAuthorized, status: 135, words: ": Not authorized (0x87)"),
    // 3.1.1 cannot say why.
    Refusal(version: "311", code: .unspecifiedError, status: 128, words: ""),
  ]

  @Test(arguments: refusals)
  func `a refused subscription is its reason in status and words`(_ refusal: Refusal) throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      try peer.grant([refusal.code])
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run([
      "sub", "-p", "\(broker.port)", "no/#", "-V", refusal.version,
    ])
    #expect(broker.wait() == [])
    #expect(result.status == refusal.status)
    #expect(
      result.said == "mqtt sub: the broker refused the subscription to no/#\(refusal.words)\n")
  }

  @Test func `one refused of two filters goes on and is told in the status at the end`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      try peer.grant([.notAuthorized, .grantedQoS0])
      try peer.publish("yes", "m")
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run([
      "sub", "-p", "\(broker.port)", "no", "yes", "-C", "1",
    ])
    #expect(broker.wait() == [])
    #expect(result.output == "m\n")
    #expect(result.status == 135)
  }

  @Test func `-E ends when all subscriptions are acknowledged`() throws {
    let broker = try ScriptedBroker { peer, _ in
      let connect = try peer.accept()
      #expect(!connect.cleanStart)
      #expect(connect.properties.number(.sessionExpiryInterval) == .max)
      try peer.grant()
      try peer.expect(.disconnect(Disconnect()))
    }
    let result = try CommandProcess.run([
      "sub", "-p", "\(broker.port)", "t", "-E", "-c", "-i", "me", "-q", "1",
    ])
    #expect(broker.wait() == [])
    #expect(result.status == 0)
  }

  @Test func `-U unsubscribes behind the subscriptions`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      try peer.grant()
      guard case .unsubscribe(let unsubscribe)? = try peer.read() else {
        throw ScriptFault("no UNSUBSCRIBE")
      }
      #expect(unsubscribe.filters == ["old/#"])
      try peer.send(
        .unsuback(
          Unsuback(packetIdentifier: unsubscribe.packetIdentifier, reasonCodes: [.success])))
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run([
      "sub", "-p", "\(broker.port)", "new", "-U", "old/#", "-E",
    ])
    #expect(broker.wait() == [])
    #expect(result.status == 0)
  }

  @Test func `--retained-only ends without any, after a round trip`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      try peer.grant()
      try peer.expect(.pingreq)
      try peer.send(.pingresp)
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run([
      "sub", "-p", "\(broker.port)", "t/#", "--retained-only",
    ])
    #expect(broker.wait() == [])
    #expect(result.status == 0)
    #expect(result.output == "")
  }

  @Test func `--retained-only ends with the first message that is not retained`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      try peer.grant()
      try peer.publish("t/1", "old", isRetained: true)
      try peer.publish("t/2", "new")
      try peer.expect(.pingreq)
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run([
      "sub", "-p", "\(broker.port)", "t/#", "--retained-only",
    ])
    #expect(broker.wait() == [])
    #expect(result.output == "old\n")
  }

  @Test func `--remove-retained removes what -T spares not, and waits for it`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      try peer.grant()
      try peer.publish("keep/1", "old", isRetained: true)
      try peer.publish("drop/1", "old", isRetained: true)
      try peer.expect(.pingreq)
      let removal = try peer.readPublish()
      #expect(removal.topic == "drop/1")
      #expect(removal.payload.isEmpty)
      #expect(removal.isRetained)
      try peer.send(.pingresp)
      try peer.expect(.pingreq)
      try peer.send(.pingresp)
      if !peer.isSilent(milliseconds: 100) { throw ScriptFault("it did not wait for PUBACK") }
      try peer.send(
        .puback(Acknowledgement(packetIdentifier: try #require(removal.packetIdentifier))))
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run([
      "sub", "-p", "\(broker.port)", "#", "-T", "keep/#", "--remove-retained", "--retained-only",
    ])
    #expect(broker.wait() == [])
    #expect(result.status == 0)
    #expect(result.output == "old\n")
  }

  @Test func `-R passes retained messages over and -T what it names`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      try peer.grant()
      try peer.publish("t/1", "retained", isRetained: true)
      try peer.publish("t/not/this", "filtered")
      try peer.publish("t/1", "fresh")
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run([
      "sub", "-p", "\(broker.port)", "t/#", "-R", "-T", "t/not/#", "-C", "1",
    ])
    #expect(broker.wait() == [])
    #expect(result.output == "fresh\n")
  }

  @Test func `what is passed over is acknowledged all the same`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      try peer.grant()
      try peer.publish("t/not", "filtered", .atLeastOnce, id: 5)
      try peer.expect(.puback(try acknowledgement(5)))
      try peer.publish("t/1", "fresh", .atLeastOnce, id: 6)
      try peer.expect(.puback(try acknowledgement(6)))
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run([
      "sub", "-p", "\(broker.port)", "t/#", "-q", "1", "-T", "t/not", "-C", "1",
    ])
    #expect(broker.wait() == [])
    #expect(result.output == "fresh\n")
  }

  @Test func `a lost connection is made again and the session resumed, nothing printed twice`()
    throws
  {
    let broker = try ScriptedBroker(connections: 2) { peer, number in
      let connect = try peer.accept(
        Connack(
          isSessionPresent: number == 1,
          properties: Properties([Property(.assignedClientIdentifier, .string("a"))])))
      #expect(connect.cleanStart == (number == 0))
      if number == 0 {
        try peer.grant()
        try peer.publish("t", "1", .exactlyOnce, id: 1)
        try peer.expect(.pubrec(try acknowledgement(1)))
      } else {
        // The PUBREC was lost; a new SUBSCRIBE would bring retained messages again.
        try peer.publish("t", "1", .exactlyOnce, id: 1, isDuplicate: true)
        try peer.expect(.pubrec(try acknowledgement(1)))
        try peer.send(.pubrel(try acknowledgement(1)))
        try peer.expect(.pubcomp(try acknowledgement(1)))
        try peer.publish("t", "2", .exactlyOnce, id: 2)
        try peer.expect(.pubrec(try acknowledgement(2)))
        try peer.expectFarewell()
      }
    }
    let result = try CommandProcess.run([
      "sub", "-p", "\(broker.port)", "t", "-q", "2", "-C", "2",
    ])
    #expect(broker.wait() == [])
    #expect(result.status == 0)
    #expect(result.output == "1\n2\n")
  }

  @Test(arguments: ["5", "311"])
  func `a broker that lost the session is asked for the subscriptions anew`(_ version: String)
    throws
  {
    let broker = try ScriptedBroker(connections: 2) { peer, number in
      try peer.accept()
      try peer.grant()
      if number == 0 { return }
      try peer.publish("t", "after")
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run([
      "sub", "-p", "\(broker.port)", "t", "-C", "1", "-V", version,
    ])
    #expect(broker.wait() == [])
    #expect(result.status == 0)
    #expect(result.output == "after\n")
  }

  @Test func `a session taken over by somebody else ends it with the reason`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      try peer.grant()
      try peer.send(.disconnect(Disconnect(reasonCode: .sessionTakenOver)))
    }
    let result = try CommandProcess.run(["sub", "-p", "\(broker.port)", "t"])
    #expect(broker.wait() == [])
    #expect(result.status == 142)
    #expect(
      result.said
        == "mqtt sub: localhost:\(broker.port) disconnected: Session taken over (0x8E)\n")
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func `a signal ends it with DISCONNECT, which keeps its will back, and 0`(
    _ signal: Int32
  ) throws {
    let subscribed = DispatchSemaphore(value: 0)
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      try peer.grant()
      subscribed.signal()
      try peer.expectFarewell()
    }
    let command = try CommandProcess(["sub", "-p", "\(broker.port)", "t"])
    subscribed.wait()
    command.program.signal(signal)
    let result = try command.wait()
    #expect(broker.wait() == [])
    #expect(result.status == 0)
  }

  @Test func `a broker that breaks the standard is told so by its statement`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      try peer.grant()
      try peer.send(.connack(Connack()))
      try peer.expect(.disconnect(Disconnect(reasonCode: .protocolError)))
    }
    let result = try CommandProcess.run(["sub", "-p", "\(broker.port)", "t"])
    #expect(broker.wait() == [])
    #expect(result.status == 1)
    #expect(
      result.said == "mqtt sub: localhost:\(broker.port) does not follow the MQTT standard: "
        + "a second CONNACK on one connection [MQTT-3.2.0-2]\n")
  }

  @Test func `-D carries properties into CONNECT and SUBSCRIBE`() throws {
    let broker = try ScriptedBroker { peer, _ in
      let connect = try peer.accept()
      #expect(connect.properties.number(.receiveMaximum) == 7)
      let subscribe = try peer.grant()
      #expect(
        subscribe.properties.list == [Property(.userProperty, .stringPair("why", "because"))])
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run([
      "sub", "-p", "\(broker.port)", "t", "-E", "-D", "connect", "receive-maximum", "7",
      "-D", "subscribe", "user-property", "why", "because",
    ])
    #expect(broker.wait() == [])
    #expect(result.status == 0)
  }
}
