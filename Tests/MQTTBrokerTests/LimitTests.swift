// What a client is answered at each limit of its connection and its requests, what the log and
// `$SYS` say of it, and that nobody else notices. The limits of what waits for a client are in
// QueueLimitTests.

import Basis
import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

struct LimitTests {
  @Test func `connections beyond the limit are refused, and that is said once an episode`() {
    let world = World { $0.connectionLimit = 2 }
    let first = Peer(world, "first")
    let second = Peer(world, "second")
    for _ in 0..<3 { #expect(Peer(silent: world).connection == ConnectionID.none) }
    #expect(first.isServed)
    #expect(world.logCount("max-connections 2 is reached") == 1)
    second.cut()
    #expect(world.status("limits/refused/connections") == "3")
    let third = Peer(world, "third")
    #expect(Peer(silent: world).connection == ConnectionID.none)
    #expect(third.isServed)
    #expect(world.logCount("max-connections 2 is reached") == 2)
  }

  @Test(arguments: ProtocolVersion.allCases)
  func `a session beyond the limit is refused as unavailable`(version: ProtocolVersion) {
    let world = World { $0.sessionLimit = 1 }
    let first = Peer(world, "first")
    let second = Peer(world, "second", version)
    #expect(second.connack?.reasonCode == .serverUnavailable)
    #expect(second.isClosed)
    #expect(world.logCount("max-sessions 1 is reached") == 1)
    #expect(first.isServed)
    first.cut()
    #expect(world.status("limits/refused/sessions") == "1")
  }

  @Test func `a session that is there may be taken over at the limit`() {
    let world = World { $0.sessionLimit = 1 }
    let first = lastingPeer(world, "same")
    first.cut()
    #expect(lastingPeer(world, "same").connack?.isSessionPresent == true)
    #expect(Peer(world, "same").connack?.reasonCode == .success)
    #expect(world.status("clients/total") == nil)
  }

  @Test func `a packet of the limit is taken, a longer one is refused with 0x95`() {
    let world = World { $0.packetSizeLimit = 100 }
    let subscriber = Peer(world, "s")
    subscriber.subscribe("a")
    let publisher = Peer(world, "p")
    // Fixed header 2, topic 3, properties 1.
    publisher.publish("a", String(repeating: "x", count: 94))
    #expect(subscriber.messages().count == 1)
    publisher.publish("a", String(repeating: "x", count: 95))
    #expect(farewell(publisher.read()) == .packetTooLarge)
    #expect(subscriber.messages().isEmpty)
    #expect(
      world.log.contains { $0.description.hasPrefix("p left") && $0.description.contains("100") })
    #expect(world.status("limits/protocol_errors") == "1")
  }

  @Test func `a QoS 2 message beyond our Receive Maximum ends its 5.0 client only`() {
    let world = World { $0.receiveMaximum = 2 }
    let older = Peer(world, "older", .v311)
    let publisher = Peer(world, "p")
    for number in 1...3 as ClosedRange<UInt16> {
      older.publish("a", "", .exactlyOnce, identifier: number)
      publisher.publish("a", "", .exactlyOnce, identifier: number)
    }
    #expect(farewell(publisher.read()) == .receiveMaximumExceeded)
    #expect(older.read().count == 3)
    #expect(world.logCount("p left: more than 2 QoS 2 messages in flight") == 1)
    #expect(world.status("limits/protocol_errors") == "1")
  }

  @Test(arguments: ["a/b/c/d", "///"])
  func `a topic name of too many levels is refused with 0x90`(topic: String) {
    let world = World { $0.topicLevelLimit = 3 }
    let subscriber = Peer(world, "s")
    subscriber.subscribe("#")
    let publisher = Peer(world, "p")
    publisher.publish("a/b/c", "1")
    publisher.publish(topic, "2")
    #expect(farewell(publisher.read()) == .topicNameInvalid)
    #expect(subscriber.messages().map(text) == ["1"])
    #expect(world.logCount("p left: PUBLISH to a topic of more than max-topic-levels 3") == 1)
  }

  @Test(arguments: ["a/b/c/d/e", "////", "$share/g/a/b/c/d/e"])
  func `a filter of too many levels is refused with 0x8F, others beside it are not`(
    filter: String
  ) {
    let world = World { $0.topicLevelLimit = 4 }
    let peer = Peer(world, "s")
    let filters = ["a/b/c/d", filter, "$share/g/a/b/c/d"]
    peer.send(
      .subscribe(
        Subscribe(
          packetIdentifier: id(1), subscriptions: filters.map { Subscription(filter: $0) })))
    guard case .suback(let suback) = peer.read().first else {
      Issue.record("no SUBACK")
      return
    }
    #expect(suback.reasonCodes == [.grantedQoS0, .topicFilterInvalid, .grantedQoS0])
    #expect(world.logCount("s: a filter of more than max-topic-levels 4") == 1)
    #expect(world.status("subscriptions/count") == "2")
  }

  @Test(arguments: ["a/b/c/d", "///"])
  func `a will's topic of too many levels is refused with 0x90`(topic: String) {
    let world = World { $0.topicLevelLimit = 3 }
    let peer = Peer(world, "w", will: Will(topic: topic, payload: [1]))
    #expect(peer.connack?.reasonCode == .topicNameInvalid)
    #expect(world.logCount("max-topic-levels 3") == 1)
  }

  @Test(arguments: [(ProtocolVersion.v5, ReasonCode.quotaExceeded), (.v311, .unspecifiedError)])
  func `a subscription beyond the limit is refused, a known one is replaced`(
    version: ProtocolVersion, reason: ReasonCode
  ) {
    let world = World { $0.subscriptionLimit = 2 }
    let peer = Peer(world, "s", version)
    #expect(peer.subscribe("a") == [.grantedQoS2])
    #expect(peer.subscribe("$share/g/b") == [.grantedQoS2])
    #expect(peer.subscribe("c") == [reason])
    #expect(peer.subscribe("b") == [reason])
    #expect(peer.subscribe("a", .atLeastOnce) == [.grantedQoS1])
    #expect(peer.subscribe("$share/g/b", .atLeastOnce) == [.grantedQoS1])
    #expect(world.logCount("s: filter \"c\" refused, max-subscriptions 2 is reached") == 1)
    #expect(world.logCount("max-subscriptions") == 1)
    #expect(Peer(world, "other").subscribe("c") == [.grantedQoS2])
    #expect(world.status("limits/refused/subscriptions") == "2")
    peer.unsubscribe("a")
    #expect(peer.subscribe("c") == [.grantedQoS2])
    #expect(peer.subscribe("d") == [reason])
    #expect(world.logCount("max-subscriptions") == 2)
  }

  @Test func `a retained message beyond the limit is delivered and not kept`() {
    let world = World { $0.retainedLimit = 2 }
    let subscriber = Peer(world, "s")
    subscriber.subscribe("#")
    let publisher = Peer(world, "p")
    for topic in ["a", "b", "c", "d"] { publisher.publish(topic, "1", retain: true) }
    publisher.publish("a", "2", retain: true)
    #expect(subscriber.messages().count == 5)
    #expect(retained(in: world) == ["a 2", "b 1"])
    #expect(world.logCount("p: max-retained-messages 2 is reached: \"c\"") == 1)
    #expect(world.logCount("max-retained-messages") == 1)
    #expect(world.status("limits/refused/retained") == "2")
    publisher.publish("a", "", retain: true)
    publisher.publish("e", "1", retain: true)
    publisher.publish("f", "1", retain: true)
    #expect(retained(in: world) == ["b 1", "e 1"])
    #expect(world.logCount("max-retained-messages") == 2)
    #expect(publisher.isServed)
  }

  @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
  func `a client of 5.0 is told 0x97 that there is no room to retain, and nobody gets it`(
    qos: QoS
  ) {
    let world = World { $0.retainedLimit = 1 }
    let subscriber = Peer(world, "s")
    subscriber.subscribe("#", .atMostOnce)
    let publisher = Peer(world, "p")
    publisher.publish("a", "1", retain: true)
    publisher.publish("b", "1", qos, retain: true, identifier: 7)
    #expect(reasons(publisher.read()) == [.quotaExceeded])
    #expect(subscriber.messages().map(\.topic) == ["a"])
    #expect(world.status("limits/refused/retained") == "1")
    // Known topics, messages that remove one, and those that are not retained have room.
    publisher.publish("a", "2", .atLeastOnce, retain: true, identifier: 8)
    publisher.publish("b", "", .atLeastOnce, retain: true, identifier: 9)
    publisher.publish("b", "3", .atLeastOnce, identifier: 10)
    #expect(reasons(publisher.read()) == [.success, .success, .success])
    #expect(retained(in: world) == ["a 2"])
  }

  @Test func `a client before 5.0 has no answer that says so: its message goes on unretained`() {
    let world = World { $0.retainedLimit = 0 }
    let subscriber = Peer(world, "s")
    subscriber.subscribe("#", .atMostOnce)
    let publisher = Peer(world, "p", .v311)
    publisher.publish("a", "1", .atLeastOnce, retain: true)
    #expect(reasons(publisher.read()) == [.success])
    #expect(subscriber.messages().count == 1)
    #expect(world.logCount("p: max-retained-messages 0 is reached: \"a\"") == 1)
  }

  private func reasons(_ packets: [Packet]) -> [ReasonCode] {
    packets.compactMap { packet in
      switch packet {
      case .puback(let answer), .pubrec(let answer): answer.reasonCode
      case _: nil
      }
    }
  }

  @Test(arguments: [(ProtocolVersion.v5, ReasonCode.packetTooLarge), (.v311, .notAuthorized)])
  func `a will beyond message_size_limit is refused as mosquitto does`(
    version: ProtocolVersion, reason: ReasonCode
  ) {
    let world = World { $0.payloadSizeLimit = 3 }
    let peer = Peer(world, "w", version, will: Will(topic: "w", payload: [1, 2, 3, 4]))
    #expect(peer.connack?.reasonCode == reason)
    #expect(world.logCount("its will has 4 bytes, message_size_limit is 3") == 1)
    let other = Peer(world, "w", version, will: Will(topic: "w", payload: [1, 2, 3]))
    #expect(other.connack?.reasonCode == .success)
  }

  @Test(arguments: [
    (1, Int.max, "limits max-queued-messages none, max-queued-bytes 1)"),
    (0, 0, "limits max-queued-messages 0, max-queued-bytes none)"),
  ])
  func `a limit that there is not has no number in the log`(
    bytes: Int, messages: Int, text: String
  ) {
    let world = World {
      $0.queueByteLimit = bytes
      $0.queueMessageLimit = messages
    }
    let absent = Peer(world, "s", .v311, cleanStart: false)
    absent.subscribe("a")
    absent.cut()
    Peer(world, "p").publish("a", "long", .atLeastOnce)
    #expect(world.logCount(text) == 1)
  }

  @Test func `by default a topic may have far more levels than mosquitto takes`() {
    let world = World()
    let topic = [String](repeating: "a", count: 999).joined(separator: "/")
    let peer = Peer(world, "p")
    #expect(peer.subscribe("#", .atMostOnce) == [.grantedQoS0])
    #expect(peer.subscribe(topic + "/+", .atMostOnce) == [.grantedQoS0])
    peer.publish(topic + "/b", "1")
    #expect(peer.messages().map(\.topic) == [topic + "/b"])
  }

  private func retained(in world: World) -> [String] {
    let reader = Peer(world, "reader")
    reader.subscribe("#", .atMostOnce)
    let messages = reader.pending.compactMap(publication)
    reader.send(.disconnect(Disconnect()))
    return messages.map { "\($0.topic) \(text($0))" }.sorted()
  }

  @Test func `an alias above our maximum is refused with 0x94`() {
    let world = World { $0.terms.topicAliasMaximum = 2 }
    let publisher = Peer(world, "p")
    publisher.publish("a", "", .atMostOnce, [Property(.topicAlias, .twoByteInteger(2))])
    publisher.publish("a", "", .atMostOnce, [Property(.topicAlias, .twoByteInteger(3))])
    #expect(farewell(publisher.read()) == .topicAliasInvalid)
    #expect(world.logCount("p left: topic alias 3, the maximum is 2") == 1)
    #expect(world.status("limits/protocol_errors") == "1")
  }

  @Test func `we make no more aliases than we want, whatever the client allows`() {
    let world = World { $0.terms.outgoingTopicAliasMaximum = 1 }
    let subscriber = Peer(world, "s", .v5, [Property(.topicAliasMaximum, .twoByteInteger(10))])
    subscriber.subscribe("#", .atMostOnce)
    let publisher = Peer(world, "p")
    for topic in ["first", "other", "first", "other"] { publisher.publish(topic, "x") }
    let messages = subscriber.messages()
    #expect(messages.map(\.topic) == ["first", "other", "", "other"])
    #expect(messages.map { $0.properties.number(.topicAlias) } == [1, nil, 1, nil])
  }

  @Test func `above the maximum QoS nothing is granted, and a PUBLISH is refused with 0x9B`() {
    let world = World { $0.terms.maximumQoS = .atLeastOnce }
    let subscriber = Peer(world, "s")
    #expect(subscriber.subscribe("a", .exactlyOnce) == [.grantedQoS1])
    let publisher = Peer(world, "p")
    publisher.publish("a", "1", .atLeastOnce)
    publisher.publish("a", "2", .exactlyOnce)
    #expect(farewell(publisher.read()) == .qosNotSupported)
    #expect(subscriber.messages().map(text) == ["1"])
    #expect(world.logCount("p left: PUBLISH at QoS 2, the maximum is 1") == 1)
  }

  @Test func `where retain is off a retained PUBLISH is refused with 0x9A`() {
    let world = World { $0.isRetainAvailable = false }
    let publisher = Peer(world, "p")
    #expect(publisher.connack?.properties.number(.retainAvailable) == 0)
    publisher.publish("a", "1", retain: true)
    #expect(farewell(publisher.read()) == .retainNotSupported)
    #expect(world.logCount("p left: a retained PUBLISH, and retain is off") == 1)
    #expect(world.status("retained messages/count") != nil)
  }

  @Test func `a session lasts no longer than the limit, and a 5.0 client is told so`() {
    let world = World { $0.sessionExpiryLimitSeconds = 10 }
    let wanted = [Property(.sessionExpiryInterval, .fourByteInteger(1000))]
    let peer = Peer(world, "five", .v5, cleanStart: false, wanted)
    #expect(peer.connack?.properties.number(.sessionExpiryInterval) == 10)
    let modest = Peer(
      world, "modest", .v5, cleanStart: false,
      [Property(.sessionExpiryInterval, .fourByteInteger(9))])
    #expect(modest.connack?.properties.number(.sessionExpiryInterval) == nil)
    let older = Peer(world, "older", .v311, cleanStart: false)
    peer.cut()
    older.cut()
    world.wait(seconds: 9.9)
    #expect(world.status("clients/expired") == "0")
    world.wait(seconds: 0.2)
    #expect(world.status("clients/expired") == "2")
    #expect(world.logCount("older: its session expired") == 1)
    #expect(modest.isServed)
  }

  @Test func `a longer session asked for at DISCONNECT is cut to the limit, too`() {
    let world = World { $0.sessionExpiryLimitSeconds = 10 }
    let peer = Peer(
      world, "s", .v5, cleanStart: false, [Property(.sessionExpiryInterval, .fourByteInteger(5))])
    peer.send(
      .disconnect(
        Disconnect(
          properties: Properties([Property(.sessionExpiryInterval, .fourByteInteger(1000))]))))
    world.wait(seconds: 11)
    #expect(lastingPeer(world, "s").connack?.isSessionPresent == false)
  }

  @Test(arguments: [0, 61] as [UInt16])
  func `a keep alive above the limit is changed for 5.0 and refused before it`(seconds: UInt16) {
    let world = World { $0.keepAliveLimitSeconds = 60 }
    let peer = Peer(world, "five", keepAliveSeconds: seconds)
    #expect(peer.connack?.properties.number(.serverKeepAlive) == 60)
    let older = Peer(world, "older", .v311, keepAliveSeconds: seconds)
    #expect(older.connack?.reasonCode == .clientIdentifierNotValid)
    #expect(world.logCount("keep alive \(seconds) s, max-keepalive is 60 s") == 1)
    let modest = Peer(world, "modest", .v311, keepAliveSeconds: 60)
    #expect(modest.connack?.reasonCode == .success)
    world.wait(seconds: 89)
    #expect(modest.isServed)
    world.wait(seconds: 2)
    #expect(farewell(peer.read()) == .keepAliveTimeout)
    #expect(modest.isServed)
  }

  @Test func `a connection without a whole CONNECT is closed at the limit`() {
    let world = World { $0.connectTimeoutSeconds = 5 }
    let silent = Peer(silent: world)
    let half = Peer(silent: world)
    half.send(bytes: [0x10, 0x10, 0, 4])
    let peer = Peer(world, "s")
    world.wait(seconds: 4.9)
    #expect(!silent.isClosed)
    #expect(!half.isClosed)
    world.wait(seconds: 0.2)
    #expect(silent.isClosed)
    #expect(half.isClosed)
    #expect(world.logCount("127.0.0.1:1 left before it was connected: no CONNECT within 5 s") == 2)
    #expect(peer.isServed)
  }

  @Test(arguments: ProtocolVersion.allCases)
  func `where empty identifiers are not allowed they are refused`(version: ProtocolVersion) {
    let world = World { $0.terms.allowsEmptyClientIdentifier = false }
    let peer = Peer(world, "", version)
    #expect(peer.connack?.reasonCode == .clientIdentifierNotValid)
    #expect(peer.isClosed)
    #expect(world.logCount("an empty client identifier is not allowed") == 1)
    #expect(world.status("clients/total") == "1")
  }
}
