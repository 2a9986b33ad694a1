// What is found to be wrong, each thing in a capture that shows nothing else.

import Capture
import CaptureSupport
import MQTTCodec
import Testing

struct FindingTests {
  @Test func `orderly traffic of all levels of QoS on both legs has no findings`() throws {
    var network = TestNetwork()
    let hears = network.connect("hears", .v5)
    try network.subscribe(hears, "a/#")
    let says = network.connect("says", .v5)
    try network.handshake(says, "a/0", .atMostOnce, fromClient: true)
    network.down(hears, try publish("a/0"))
    for (number, qos) in [QoS.atLeastOnce, .exactlyOnce].enumerated() {
      let id = UInt16(number + 1)
      try network.handshake(says, "a/\(id)", qos, id: id, fromClient: true)
      try network.handshake(hears, "a/\(id)", qos, id: id, fromClient: false)
    }
    network.wait(60)
    network.up(says, .disconnect(Disconnect()))
    network.close(says)
    network.up(hears, .disconnect(Disconnect()))
    network.close(hears)
    let watch = network.watched()
    #expect(watch.findings.isEmpty)
    #expect(watch.delivery.count == 3)
    #expect(watch.atLeastOnce.count == 2)
    #expect(watch.exactlyOnce.count == 2)
  }

  @Test(arguments: [
    (QoS.atLeastOnce, 0, "PUBACK", "MQTT-4.3.2-4"), (.exactlyOnce, 0, "PUBREC", "MQTT-4.3.3-8"),
    (.exactlyOnce, 1, "PUBREL", "MQTT-4.3.3-4"), (.exactlyOnce, 2, "PUBCOMP", "MQTT-4.3.3-11"),
  ])
  func `message that is never completed, after any step`(
    _ qos: QoS, _ steps: Int, _ missing: String, _ clause: String
  ) throws {
    var network = TestNetwork()
    let client = network.connect("c")
    network.up(client, try publish("a", "x", qos, id: 5))
    if steps > 0 { network.down(client, .pubrec(try answer(5))) }
    if steps > 1 { network.up(client, .pubrel(try answer(5))) }
    network.wait(20)
    network.up(client, .pingreq)
    network.down(client, .pingresp)
    let frames = steps == 0 ? "frame 6" : "frames 6, \(6 + steps)"
    #expect(
      network.findings() == [
        "error \(frames) c: PUBLISH id 5 QoS \(qos.rawValue) \"a\" was never completed: no \(missing), "
          + "although the connection lasted 20.0 s more [\(clause)]"
      ])
  }

  @Test func `message that the end of the capture leaves open is a note`() throws {
    var network = TestNetwork()
    let client = network.connect("c")
    network.up(client, try publish("a", "x", .atLeastOnce))
    #expect(
      network.findings() == [
        "note frame 6 c: PUBLISH id 1 QoS 1 \"a\" was never completed: no PUBACK, when the capture "
          + "ended 0.0 s later [MQTT-4.3.2-4]"
      ])
  }

  @Test func `message that is completed on the next connection of the session is completed`()
    throws
  {
    var network = TestNetwork()
    let first = network.connect("c", cleanStart: false)
    network.up(first, try publish("a", "x", .atLeastOnce, id: 3))
    network.close(first)
    network.wait(10)
    let second = network.connect("c", cleanStart: false, present: true)
    network.up(second, try publish("a", "x", .atLeastOnce, id: 3, dup: true))
    network.down(second, .puback(try answer(3)))
    #expect(network.findings().isEmpty)
  }

  @Test func `session that is gone takes its messages with it`() throws {
    var network = TestNetwork()
    let first = network.connect("c", cleanStart: false)
    network.up(first, try publish("a", "x", .atLeastOnce, id: 3))
    network.close(first)
    _ = network.connect("c", cleanStart: false, present: false)
    #expect(
      network.findings() == [
        "warning frame 6 c: PUBLISH id 3 QoS 1 \"a\" was never completed: no PUBACK, when the "
          + "connection ended 0.0 s later; the server has no session any more [MQTT-4.3.2-4]"
      ])
  }

  @Test func `packet identifier that is still in use`() throws {
    var network = TestNetwork()
    let client = network.connect("c")
    network.up(client, try publish("a", "x", .atLeastOnce, id: 3))
    network.up(client, try publish("b", "y", .atLeastOnce, id: 3))
    network.down(client, .puback(try answer(3)))
    #expect(
      network.findings() == [
        "error frames 6, 7 c: PUBLISH id 3 uses a packet identifier that is still in use "
          + "[MQTT-2.2.1-3]"
      ])
  }

  @Test func `message sent again without DUP, and in MQTT 5 on the same connection`() throws {
    var network = TestNetwork()
    let client = network.connect("c", .v5)
    network.up(client, try publish("a", "x", .atLeastOnce, id: 3))
    network.up(client, try publish("a", "x", .atLeastOnce, id: 3))
    network.down(client, .puback(try answer(3)))
    #expect(
      network.findings() == [
        "error frames 6, 7 c: PUBLISH id 3 is sent again without the DUP flag [MQTT-3.3.1-1]",
        "error frames 6, 7 c: PUBLISH id 3 is sent again on the same connection [MQTT-4.4.0-1]",
      ])
  }

  @Test func `DUP on a message that was not sent before`() throws {
    var network = TestNetwork()
    let client = network.connect("c")
    network.up(client, try publish("a", "x", .atLeastOnce, id: 3, dup: true))
    network.down(client, .puback(try answer(3)))
    #expect(
      network.findings() == [
        "error frame 6 c: PUBLISH id 3 \"a\" has the DUP flag, but was not sent before "
          + "[MQTT-3.3.1-3]"
      ])
  }

  @Test func `message sent again after its acknowledgement is a duplicate by meaning`() throws {
    var network = TestNetwork()
    let client = network.connect("c")
    network.up(client, try publish("a", "x", .atLeastOnce, id: 3))
    network.down(client, .puback(try answer(3)))
    network.up(client, try publish("a", "x", .atLeastOnce, id: 3, dup: true))
    network.down(client, .puback(try answer(3)))
    #expect(
      network.findings() == [
        "warning frame 8 c: PUBLISH id 3 \"a\" is sent again after it was acknowledged: a duplicate "
          + "by meaning [4.3.2]"
      ])
  }

  @Test func `message delivered more often than it was published`() throws {
    var network = TestNetwork()
    let client = network.connect("c")
    try network.subscribe(client, "a")
    network.up(client, try publish("a"))
    network.down(client, try publish("a"))
    network.down(client, try publish("a"))
    #expect(
      network.findings() == [
        "warning frames 8, 10 c: \"a\" is delivered more often than it was published [3.3.4]"
      ])
  }

  @Test func `two subscriptions that match may both bring a message`() throws {
    var network = TestNetwork()
    let client = network.connect("c")
    try network.subscribe(client, "a")
    try network.subscribe(client, "#")
    network.up(client, try publish("a"))
    network.down(client, try publish("a"))
    network.down(client, try publish("a"))
    #expect(network.findings().isEmpty)
  }

  @Test func `PUBREL without PUBREC`() throws {
    var network = TestNetwork()
    let client = network.connect("c")
    network.up(client, try publish("a", "x", .exactlyOnce, id: 3))
    network.up(client, .pubrel(try answer(3)))
    network.down(client, .pubcomp(try answer(3)))
    network.up(client, .pubrel(try answer(4)))
    network.down(client, .pubcomp(try answer(4)))
    #expect(
      network.findings() == [
        "error frames 6, 7 c: PUBREL id 3 is sent without a PUBREC before it [MQTT-4.3.3-4]",
        "error frame 9 c: PUBREL id 4 is sent without a PUBREC before it [MQTT-4.3.3-4]",
        "warning frame 10 c: PUBCOMP id 4 acknowledges nothing that is under way [4.3]",
      ])
  }

  @Test func `answer that is none to a message of this QoS`() throws {
    var network = TestNetwork()
    let client = network.connect("c")
    network.up(client, try publish("a", "x", .exactlyOnce, id: 3))
    network.down(client, .puback(try answer(3)))
    network.down(client, .pubrec(try answer(3)))
    network.up(client, .pubrel(try answer(3)))
    network.down(client, .pubcomp(try answer(3)))
    #expect(
      network.findings() == [
        "error frames 6, 7 c: PUBACK id 3 answers a PUBLISH of QoS 2, which waits for PUBREC "
          + "[MQTT-4.3.3-8]"
      ])
  }

  @Test func `more messages under way than the receive maximum, in both directions`() throws {
    var network = TestNetwork()
    let terms = [Property(.receiveMaximum, .twoByteInteger(2))]
    let client = network.connect("c", .v5, wishes: terms, terms: terms)
    for id in UInt16(1)...3 { network.up(client, try publish("a", "\(id)", .atLeastOnce, id: id)) }
    for id in UInt16(1)...3 { network.down(client, .puback(try answer(id))) }
    for id in UInt16(1)...3 {
      network.down(client, try publish("b", "\(id)", .atLeastOnce, id: id))
    }
    for id in UInt16(1)...3 { network.up(client, .puback(try answer(id))) }
    #expect(
      network.findings() == [
        "error frame 8 c: 3 messages are unacknowledged, the receive maximum is 2 [MQTT-3.3.4-7]",
        "error frame 14 c: 3 messages are unacknowledged, the receive maximum is 2 [MQTT-3.3.4-9]",
      ])
  }

  @Test func `topic alias beyond the maximum, and one that was never given a topic`() throws {
    var network = TestNetwork()
    let client = network.connect(
      "c", .v5, terms: [Property(.topicAliasMaximum, .twoByteInteger(5))])
    network.up(client, try publish("a", properties: [Property(.topicAlias, .twoByteInteger(6))]))
    network.up(client, try publish("", properties: [Property(.topicAlias, .twoByteInteger(4))]))
    #expect(
      network.findings() == [
        "error frame 6 c: topic alias 6, the topic alias maximum is 5 [MQTT-3.3.2-9]",
        "error frame 7 c: topic alias 4 was never given a topic [3.3.2.3.4]",
      ])
  }

  @Test func `packet larger than its receiver allows`() throws {
    var network = TestNetwork()
    let terms = [Property(.maximumPacketSize, .fourByteInteger(20))]
    let client = network.connect("c", .v5, wishes: terms, terms: terms)
    network.up(client, try publish("a", String(repeating: "x", count: 20)))
    network.down(client, try publish("b", String(repeating: "x", count: 20)))
    #expect(
      network.findings() == [
        "error frame 6 c: PUBLISH of 26 bytes, the maximum packet size is 20 [MQTT-3.2.2-15]",
        "error frame 7 c: PUBLISH of 26 bytes, the maximum packet size is 20 [MQTT-3.1.2-24]",
      ])
  }

  @Test func `QoS and RETAIN that the server has ruled out`() throws {
    var network = TestNetwork()
    let client = network.connect(
      "c", .v5, terms: [Property(.maximumQoS, .byte(0)), Property(.retainAvailable, .byte(0))])
    network.up(client, try publish("a", "x", .atLeastOnce, retain: true))
    network.down(client, .puback(try answer(1)))
    #expect(
      network.findings() == [
        "error frame 6 c: PUBLISH at QoS 1, the maximum QoS is 0 [MQTT-3.2.2-11]",
        "error frame 6 c: PUBLISH with RETAIN, which the server has said it does not support "
          + "[MQTT-3.2.2-14]",
      ])
  }

  @Test func `silence beyond keep alive, and beyond what the server may bear`() throws {
    var network = TestNetwork()
    let client = network.connect("c", keepAlive: 10)
    network.wait(12)
    network.up(client, .pingreq)
    network.down(client, .pingresp)
    network.wait(20)
    network.up(client, .pingreq)
    network.down(client, .pingresp)
    #expect(
      network.findings() == [
        "warning frames 4, 6 c: the client was silent for 12.0 s, keep alive is 10 s "
          + "[MQTT-3.1.2-20]",
        "error frames 6, 8 c: the client was silent for 20.0 s, keep alive is 10 s, and the server "
          + "did not close the connection [MQTT-3.1.2-22]",
      ])
  }

  @Test func `PINGRESP that is late, and one that never comes`() throws {
    var network = TestNetwork()
    let client = network.connect("c")
    network.up(client, .pingreq)
    network.wait(7)
    network.down(client, .pingresp)
    network.up(client, .pingreq)
    network.wait(9)
    network.close(client)
    #expect(
      network.findings() == [
        "warning frames 6, 7 c: PINGRESP comes 7.0 s after PINGREQ [MQTT-3.12.4-1]",
        "error frame 8 c: PINGREQ was not answered within 9.0 s [MQTT-3.12.4-1]",
      ])
  }

  @Test func `session that is taken over, and a connection that lives on`() throws {
    var network = TestNetwork()
    let first = network.connect("c", cleanStart: false)
    _ = network.connect("c", cleanStart: false, present: true)
    network.wait(8)
    network.up(first, .pingreq)
    #expect(
      network.findings() == [
        "warning frames 4, 9 c: stream 1 takes over the session of stream 0, which is open "
          + "[MQTT-3.1.4-3]",
        "error frames 10, 11 c: PINGREQ on a connection whose session stream 1 has taken over "
          + "[MQTT-3.1.4-3]",
      ])
  }

  @Test func `many connections of one client are one storm`() throws {
    var network = TestNetwork()
    for _ in 0..<7 {
      network.close(network.connect("c"))
      network.wait(1)
    }
    #expect(
      network.findings() == [
        "warning frames 4, 12, 20, 28, 36 c: 5 CONNECT packets within 10 s [3.1]"
      ])
  }

  @Test func `refusals of everything that can be refused`() throws {
    var network = TestNetwork()
    _ = network.connect("bad", .v5, reason: .notAuthorized)
    let client = network.connect("c", .v5)
    network.up(client, try publish("a", "x", .atLeastOnce))
    network.down(client, .puback(try answer(1, .notAuthorized)))
    network.up(
      client,
      .subscribe(
        Subscribe(
          packetIdentifier: try identifier(2), subscriptions: [Subscription(filter: "a")])))
    network.down(
      client,
      .suback(
        Suback(
          packetIdentifier: try identifier(2), reasonCodes: [.notAuthorized],
          properties: Properties([Property(.reasonString, .string("no"))]))))
    network.down(client, .disconnect(Disconnect(reasonCode: .quotaExceeded)))
    #expect(
      network.findings() == [
        "warning frames 4, 5 bad: the connection is refused: 0x87 Not authorized [3.2.2.2]",
        "warning frame 12 c: PUBACK id 1 refuses the message: 0x87 Not authorized [3.4.2.1]",
        "warning frames 13, 14 c: the subscription to \"a\" is refused: 0x87 Not authorized, \"no\" "
          + "[3.9.3]",
        "warning frame 15 c: the server disconnects: 0x97 Quota exceeded [3.14.2.1]",
      ])
  }

  @Test func `malformed packets and text that is no UTF-8`() throws {
    var network = TestNetwork()
    let client = network.connect("c")
    network.raw(client, [0x30, 5, 0, 2, 0x61, 0xFF, 0x78])
    network.raw(client, [0x82, 4, 0, 1, 0, 9])
    let findings = network.findings()
    #expect(findings.count == 2)
    #expect(findings[0].hasPrefix("error frame 6 c: PUBLISH byte 5: "))
    #expect(findings[0].hasSuffix("[MQTT-1.5.4-1]"))
    #expect(findings[1].hasPrefix("error frame 7 c: SUBSCRIBE byte "))
  }

  @Test func `subscription that never got its SUBACK, and UNSUBSCRIBE without UNSUBACK`() throws {
    var network = TestNetwork()
    let client = network.connect("c")
    network.up(
      client,
      .subscribe(
        Subscribe(
          packetIdentifier: try identifier(2),
          subscriptions: [Subscription(filter: "a"), Subscription(filter: "b/#")])))
    network.up(
      client, .unsubscribe(Unsubscribe(packetIdentifier: try identifier(3), filters: ["c"])))
    network.wait(9)
    network.close(client)
    #expect(
      network.findings() == [
        "error frame 6 c: the subscription to \"a\", \"b/#\" never got its SUBACK [MQTT-3.8.4-1]",
        "error frame 7 c: UNSUBSCRIBE never got its UNSUBACK [MQTT-3.10.4-4]",
      ])
  }

  @Test func `message that a subscriber never got`() throws {
    var network = TestNetwork()
    let hears = network.connect("hears")
    try network.subscribe(hears, "a/+", .atLeastOnce)
    let says = network.connect("says")
    try network.handshake(says, "a/b", .atLeastOnce, id: 1, fromClient: true)
    network.up(says, try publish("a/c"))
    network.wait(8)
    network.up(hears, .pingreq)
    network.down(hears, .pingresp)
    #expect(
      network.findings() == [
        "error frame 13 says: \"a/b\" was published and never delivered to hears, which is "
          + "subscribed to it at QoS 1 and was connected for 8.0 s more [4.5]",
        "warning frame 15 says: \"a/c\" was published and never delivered to hears, which is "
          + "subscribed to it at QoS 0 and was connected for 8.0 s more [4.3.1]",
      ])
  }

  @Test func `message that one member of a group has got is delivered`() throws {
    var network = TestNetwork()
    let one = network.connect("one", .v5)
    try network.subscribe(one, "$share/g/a")
    let two = network.connect("two", .v5)
    try network.subscribe(two, "$share/g/a")
    let says = network.connect("says", .v5)
    network.up(says, try publish("a"))
    network.down(two, try publish("a"))
    network.wait(8)
    network.up(says, .pingreq)
    network.down(says, .pingresp)
    #expect(network.findings().isEmpty)
  }

  @Test func `first packet that is no CONNECT, a second CONNECT, and packets after DISCONNECT`()
    throws
  {
    var network = TestNetwork()
    let other = network.open()
    network.raw(other, [0xC0, 0])
    network.raw(other, [0xD0, 0], isToServer: false)
    let client = network.connect("c")
    network.up(client, .connect(Connect(version: .v311, clientIdentifier: "c")))
    network.up(client, .disconnect(Disconnect()))
    network.up(client, .pingreq)
    #expect(
      network.findings() == [
        "error frame 4 10.0.0.1:40000: the first packet is PINGREQ and not CONNECT [MQTT-3.1.0-1]",
        "error frames 9, 11 c: a second CONNECT on the same connection [MQTT-3.1.0-2]",
        "error frames 12, 13 c: PINGREQ after DISCONNECT [MQTT-3.14.4-1]",
      ])
  }

  @Test func `what the capture lacks proves nothing`() throws {
    var network = TestNetwork()
    let client = network.connect("c")
    network.up(client, try publish("a", "x", .atLeastOnce, id: 1))
    network.down(client, .puback(try answer(1)))
    network.up(client, .pingreq)
    network.down(client, .pingresp)
    network.wait(20)
    network.up(client, .pingreq)
    network.down(client, .pingresp)
    var frames = network.frames
    frames.remove(at: 6)
    let findings = network.findings(frames)
    #expect(findings.count == 1)
    #expect(findings[0].hasPrefix("note "))
    #expect(findings[0].contains("bytes of the connection are missing from the capture"))
  }

  @Test func `findings beyond the limit are counted`() throws {
    var network = TestNetwork()
    let client = network.connect("c")
    var bytes: [UInt8] = []
    for _ in 0..<ProtocolWatch.findingLimit + 5 { bytes += [0x40, 2, 0, 9] }
    network.raw(client, bytes, isToServer: false)
    let watch = network.watched()
    #expect(watch.findings.count == ProtocolWatch.findingLimit)
    #expect(watch.omittedCount == 5)
  }

  @Test func `equal messages belong together in their order`() throws {
    var network = TestNetwork()
    let hears = network.connect("hears")
    try network.subscribe(hears, "a")
    let says = network.connect("says")
    for _ in 0..<2 { network.up(says, try publish("a")) }
    network.wait(2)
    for _ in 0..<2 { network.down(hears, try publish("a")) }
    let orderly = network.watched()
    #expect(orderly.findings.isEmpty)
    #expect(orderly.delivery.count == 2)
    network.down(hears, try publish("a"))
    #expect(
      network.findings() == [
        "warning frames 14, 17 hears: \"a\" is delivered more often than it was published [3.3.4]"
      ])
  }

  @Test func `subscriber at another port may be another broker's, and misses nothing`() throws {
    var network = TestNetwork()
    let elsewhere = network.connect("elsewhere", port: 1884)
    try network.subscribe(elsewhere, "a/#", .atLeastOnce)
    let says = network.connect("says")
    network.up(says, try publish("a/1"))
    // A bridge brings it over, and both brokers deliver what they have.
    let bridge = network.connect("bridge", port: 1884)
    network.up(bridge, try publish("a/1"))
    network.down(elsewhere, try publish("a/1"))
    network.wait(20)
    network.up(says, .pingreq)
    network.down(says, .pingresp)
    let watch = network.watched()
    #expect(watch.findings.isEmpty)
    #expect(watch.delivery.count == 1)
  }

  @Test func `names and topics with control characters stay on one line`() throws {
    var network = TestNetwork()
    let client = network.connect("c\u{1B}[2J")
    network.up(client, try publish("a\n\u{9B}", "x", .atLeastOnce))
    #expect(
      network.findings() == [
        "note frame 6 c\\u{1b}[2J: PUBLISH id 1 QoS 1 \"a\\n\\u{9b}\" was never completed: "
          + "no PUBACK, when the capture ended 0.0 s later [MQTT-4.3.2-4]"
      ])
  }

  @Test func `long topic is shown by its beginning`() throws {
    var network = TestNetwork()
    let client = network.connect("c")
    network.up(client, try publish(String(repeating: "ü", count: 1000), "x", .atLeastOnce))
    let shown = String(repeating: "ü", count: 100)
    #expect(network.findings().first?.contains(" \"\(shown)...\" was never completed") == true)
  }

  @Test func `filters of an unanswered SUBSCRIBE are named up to three`() throws {
    var network = TestNetwork()
    let client = network.connect("c")
    network.up(
      client,
      .subscribe(
        Subscribe(
          packetIdentifier: try identifier(1),
          subscriptions: ["a", "b", "c", "d", "e"].map { Subscription(filter: $0) })))
    #expect(
      network.findings() == [
        "note frame 6 c: the subscription to \"a\", \"b\", \"c\" and 2 more never got its SUBACK "
          + "[MQTT-3.8.4-1]"
      ])
  }

  @Test func `receive maximum counts what this connection has under way`() throws {
    var network = TestNetwork()
    let first = network.connect("c", .v5, cleanStart: false)
    for id in 1...5 { network.up(first, try publish("a\(id)", "x", .atLeastOnce, id: UInt16(id))) }
    network.close(first)
    let second = network.connect(
      "c", .v5, cleanStart: false, present: true,
      terms: [Property(.receiveMaximum, .twoByteInteger(2))])
    for id in 1...2 {
      network.up(second, try publish("a\(id)", "x", .atLeastOnce, id: UInt16(id), dup: true))
    }
    #expect(!network.findings().contains { $0.contains("receive maximum") })
    network.up(second, try publish("a3", "x", .atLeastOnce, id: 3, dup: true))
    #expect(
      network.findings().contains {
        $0.contains("3 messages are unacknowledged, the receive maximum is 2")
      })
  }
}
