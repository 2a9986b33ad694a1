// What the log tells: who came, who left and why, the way of a message packet by packet; and what
// it never tells.

import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

struct LogTests {
  @Test(arguments: [
    (ProtocolVersion.v5, true, "MQTT 5.0, clean start"),
    (.v311, false, "MQTT 3.1.1, session kept"), (.v31, true, "MQTT 3.1, clean start"),
  ])
  func `a connect says who, from where, and what was agreed`(
    version: ProtocolVersion, cleanStart: Bool, text: String
  ) {
    let world = World()
    let will = Will(topic: "last/words", payload: [1])
    let peer = Peer(
      world, "s", version, cleanStart: cleanStart, will: will, keepAliveSeconds: 30)
    #expect(peer.connack?.reasonCode == .success)
    let expected =
      "s connected from 127.0.0.1:1: \(text), keep alive 30 s, will \"last/words\""
    #expect(world.log.map(\.description) == [expected])
    #expect(world.log.first?.level == .information)
  }

  @Test func `a resumed session is called so`() {
    let world = World()
    lastingPeer(world, "s").cut()
    _ = lastingPeer(world, "s")
    #expect(world.logCount("s connected from 127.0.0.1:1: MQTT 5.0, session kept (resumed)") == 1)
  }

  @Test(arguments: Departure.all)
  func `each way of leaving has its true reason, once`(departure: Departure) {
    let world = World {
      $0.receiveMaximum = 1
      $0.terms.topicAliasMaximum = 1
    }
    let peer = Peer(world, "s", departure.version, keepAliveSeconds: 10)
    world.log = []
    departure.leave(peer)
    world.settle()
    // What the network says afterwards is no news.
    peer.cut()
    #expect(world.log.map(\.description).filter { $0.hasPrefix("s left") } == [departure.line])
  }

  @Test func `a fault that comes again is told once, and each minute how often it came`() {
    let world = World { $0.packetSizeLimit = 100 }
    func fail(_ name: String, _ count: Int) {
      for _ in 0..<count { Peer(world, name).publish("a", String(repeating: "x", count: 200)) }
    }
    func lines() -> [String] {
      defer { world.log = [] }
      return world.log.map(\.description).filter { $0.contains(" left") }
    }
    fail("foreign", 58)
    fail("other", 1)
    let told = lines()
    #expect(told.count == 2)
    #expect(told.allSatisfy { $0.contains(" left: PUBLISH") }, "\(told)")
    let cause = told.first?.split(separator: ": ", maxSplits: 1).last ?? ""
    world.wait(seconds: 61)
    #expect(lines() == ["foreign left 57 times more in the last minute: \(cause)"])
    fail("foreign", 1)
    #expect(lines() == [])
    world.wait(seconds: 61)
    #expect(lines() == ["foreign left once more in the last minute: \(cause)"])
    world.wait(seconds: 61)
    #expect(lines() == [])
    // After a minute without it is news again.
    fail("foreign", 1)
    #expect(lines().count == 1)
  }

  @Test func `a client that comes again with its fault is not told to connect each time`() {
    let world = World { $0.packetSizeLimit = 100 }
    for _ in 0..<9 { Peer(world, "foreign").publish("a", String(repeating: "x", count: 200)) }
    func connections() -> Int { world.logCount("foreign connected") }
    // The second time tells that it comes again.
    #expect(connections() == 2)
    let last = Peer(world, "foreign")
    #expect(connections() == 2)
    last.send(.disconnect(Disconnect()))
    #expect(connections() == 3)
    #expect(world.log.last?.description == "foreign left: disconnected")
    world.log = []
    Peer(world, "foreign")
    world.wait(seconds: 61)
    #expect(connections() == 1)
    #expect(world.logCount("foreign left 8 times more in the last minute: PUBLISH") == 1)
  }

  @Test func `a fault before CONNECT is counted by the address that it comes from`() {
    let world = World()
    for address in 1...2 {
      for port in 1...5 {
        let peer = Peer(
          silent: world, facts: PeerFacts(address: PeerAddress(ipv4: UInt32(address))),
          name: "10.0.0.\(address):\(port)")
        peer.send(.pingreq)
      }
    }
    #expect(world.logCount("left before it was connected: the first packet") == 2)
    for port in 1...3 {
      world.broker.noteTurnedAway("[::1]:\(port)", "no TLS handshake", now: world.now)
    }
    world.settle()
    #expect(world.logCount("[::1]:1: turned away, no TLS handshake") == 1)
    world.log = []
    world.wait(seconds: 61)
    #expect(world.logCount("10.0.0.1 left before it was connected 4 times more in the last") == 1)
    #expect(world.logCount("10.0.0.2 left before it was connected 4 times more in the last") == 1)
    #expect(world.logCount("[::1] was turned away 2 times more in the last minute: no TLS") == 1)
  }

  struct Departure: Sendable, CustomTestStringConvertible {
    var line: String
    var version = ProtocolVersion.v5
    var leave: @Sendable (Peer) -> Void

    var testDescription: String { line }

    static let all: [Departure] = [
      Departure(line: "s left: disconnected") { $0.send(.disconnect(Disconnect())) },
      Departure(line: "s left: disconnected", version: .v311) {
        $0.send(.disconnect(Disconnect()))
      },
      Departure(line: "s left: disconnected, Disconnect with Will Message") {
        $0.send(.disconnect(Disconnect(reasonCode: .disconnectWithWillMessage)))
      },
      Departure(line: "s left: the network is down") {
        $0.world.broker.end($0.connection, cause: "the network is down", now: $0.world.now)
      },
      Departure(line: "s left: its session was taken over from 127.0.0.1:1") {
        Peer($0.world, "s")
      },
      Departure(line: "s left: nothing came for one and a half times its keep alive of 10 s") {
        $0.world.wait(seconds: 16)
      },
      Departure(line: "s left: a second CONNECT on one connection [MQTT-3.1.0-2]") {
        $0.send(.connect(Connect(version: .v5, clientIdentifier: "s")))
      },
      Departure(line: "s left: topic alias 2, the maximum is 1 [MQTT-3.3.2-9]") {
        $0.publish("a", "", .atMostOnce, [Property(.topicAlias, .twoByteInteger(2))])
      },
      Departure(line: "s left: topic alias 1 was never given a topic (3.3.4)") {
        $0.publish("", "", .atMostOnce, [Property(.topicAlias, .twoByteInteger(1))])
      },
      Departure(line: "s left: more than 1 QoS 2 messages in flight [MQTT-3.3.4-9]") {
        $0.publish("a", "", .exactlyOnce, identifier: 1)
        $0.publish("a", "", .exactlyOnce, identifier: 2)
      },
      Departure(
        line: "s left: DISCONNECT asks for a Session Expiry Interval, but CONNECT had none "
          + "[MQTT-3.14.2-2]"
      ) {
        $0.send(
          .disconnect(
            Disconnect(
              properties: Properties([Property(.sessionExpiryInterval, .fourByteInteger(1))]))))
      },
    ]
  }

  @Test func `a fault of form is named with its statement`() {
    let world = World()
    let peer = Peer(world, "s", .v311)
    peer.send(bytes: [0x62, 0x00])
    let lines = world.log.map(\.description).filter { $0.hasPrefix("s left") }
    #expect(lines.count == 1)
    #expect(lines.first?.contains("[MQTT-") == true)
    #expect(peer.isClosed)
  }

  @Test func `who leaves before CONNECT is called by address`() {
    let world = World()
    Peer(silent: world).cut()
    let wrong = Peer(silent: world)
    wrong.send(.pingreq)
    #expect(
      world.log.map(\.description) == [
        "127.0.0.1:1 left before it was connected: cut",
        "127.0.0.1:1 left before it was connected: the first packet was not CONNECT [MQTT-3.1.0-1]",
      ])
  }

  @Test func `a will is told, and one that nobody may publish is told as such`() {
    let world = World()
    Peer(world, "s", will: Will(topic: "last", payload: [1])).cut()
    Peer(world, "t", will: Will(topic: "$SYS/broker/uptime", payload: [1])).cut()
    #expect(world.logCount("s: its will is published to \"last\"") == 1)
    #expect(world.logCount("t: its will to \"$SYS/broker/uptime\" is not published") == 1)
    #expect(world.logCount("t: its will is published") == 0)
  }

  @Test func `what is refused is told with its reason`() {
    let world = World()
    let peer = Peer(world, "s")
    peer.publish("$SYS/mine", "1")
    #expect(world.logCount("s: PUBLISH to $SYS refused, only the server publishes there") == 1)
    #expect(peer.isServed)
  }

  @Test func `a request to $CONTROL is refused, which is told`() {
    let world = World()
    let peer = Peer(world, "s")
    peer.publish("$CONTROL/dynamic-security/v1", "{}")
    let line = "s: PUBLISH to \"$CONTROL/dynamic-security/v1\" refused, this broker takes no "
    #expect(world.logCount(line) == 1)
    // Others that begin with a dollar are everybody's.
    peer.publish("$CONTROLS/x", "1")
    peer.publish("$share", "1")
    #expect(world.logCount("refused") == 1)
    #expect(peer.isServed)
  }

  @Test func `packet lines show the four steps of QoS 2 on both legs`() {
    let world = World { $0.logsPackets = true }
    let subscriber = Peer(world, "s")
    subscriber.subscribe("a")
    let publisher = Peer(world, "p", .v311)
    world.log = []
    publisher.publish("a", "hello", .exactlyOnce, identifier: 7)
    #expect(subscriber.read().count == 1)
    publisher.answer(.pubrel, 7)
    subscriber.answer(.pubrec, 1)
    subscriber.answer(.pubcomp, 1)
    #expect(
      world.log.map(\.description) == [
        "p -> PUBLISH id 7 QoS 2 \"a\" 5 bytes",
        "s <- PUBLISH id 1 QoS 2 \"a\" 5 bytes",
        "p <- PUBREC id 7",
        "p -> PUBREL id 7",
        "p <- PUBCOMP id 7",
        "s -> PUBREC id 1",
        "s <- PUBREL id 1",
        "s -> PUBCOMP id 1",
      ])
    #expect(world.log.allSatisfy { $0.level == .packet })
  }

  @Test func `packet lines show flags, topics behind aliases, and repetition`() {
    let world = World { $0.logsPackets = true }
    let subscriber = lastingPeer(world, "s")
    subscriber.subscribe("long/topic", .atLeastOnce, retainAsPublished: true)
    let publisher = Peer(world, "p")
    let alias = [Property(.topicAlias, .twoByteInteger(1))]
    publisher.publish("long/topic", "", .atMostOnce, alias)
    world.log = []
    publisher.publish("", "xy", .atLeastOnce, retain: true, alias)
    subscriber.cut()
    _ = lastingPeer(world, "s")
    let lines = world.log.map(\.description)
    #expect(lines.contains("p -> PUBLISH id 1 QoS 1 retain \"long/topic\" 2 bytes"))
    #expect(lines.contains("s <- PUBLISH id 1 QoS 1 retain \"long/topic\" 2 bytes"))
    #expect(lines.contains("s <- PUBLISH id 1 QoS 1 dup retain \"long/topic\" 2 bytes"))
    #expect(lines.contains("s <- CONNACK Success, session present"))
  }

  @Test func `without packet lines a message leaves nothing in the log`() {
    let world = World()
    let peer = Peer(world, "s")
    peer.subscribe("a")
    world.log = []
    peer.publish("a", "1", .atLeastOnce)
    #expect(peer.messages().count == 1)
    #expect(world.log.isEmpty)
  }

  @Test func `no line holds a password or a payload`() {
    let world = World {
      $0.logsPackets = true
      $0.queueMessageLimit = 0
      $0.inFlightLimit = 1
    }
    let secret = Array("secret".utf8)
    for version in ProtocolVersion.allCases {
      let properties =
        version == .v5
        ? [
          Property(.authenticationData, .binary(secret)),
          Property(.userProperty, .stringPair("secret", "secret")),
        ]
        : []
      let peer = Peer(silent: world, version)
      peer.send(
        .connect(
          Connect(
            version: version, clientIdentifier: "s", will: Will(topic: "will", payload: secret),
            userName: "name", password: secret,
            properties: Properties(Array(properties.dropFirst())))))
      peer.subscribe("#")
      for qos in QoS.allCases { peer.publish("a", "secret", qos, retain: true) }
      peer.publish("a", "secret", .atLeastOnce, retain: true)
      // The same, and then malformed in all sorts of ways.
      peer.cut()
      for length in 0..<60 {
        let rogue = Peer(silent: world, version)
        var bytes = encoded(
          .connect(
            Connect(
              version: version, clientIdentifier: "r", will: Will(topic: "w", payload: secret),
              userName: "name", password: secret, properties: Properties(properties))), version)
        if length < bytes.count { bytes[length] ^= 0x11 }
        rogue.send(bytes: bytes)
        var publish = encoded(
          .publish(
            Publish(topic: "a", payload: secret, qos: .atLeastOnce, packetIdentifier: id(1))),
          version)
        if length < publish.count - secret.count { publish[length] ^= 0x11 }
        rogue.send(bytes: publish)
      }
    }
    #expect(world.log.count > 100)
    #expect(world.log.map(\.description).filter { $0.contains("secret") } == [])
  }
}
