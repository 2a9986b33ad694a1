// Who may do what: the engine asks the access list where messages come in and go out. What the
// rules themselves mean is AccessControl's; here it is when they are asked and what follows.

import AccessControl
import AllocationCount
import Basis
import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

/// The rules in `text`.
func rules(_ text: String) -> AccessList {
  do { return try AccessList(parsing: Array(text.utf8), file: "acl") } catch {
    preconditionFailure("\(error)")
  }
}

extension World {
  /// A world with these rules, where every user name is believed.
  convenience init(
    rules text: String, _ configure: (inout BrokerConfiguration) -> Void = { _ in }
  ) {
    self.init(policy: { $0.access = rules(text) }, configure)
  }

  /// Other rules, while clients are connected.
  func readAgain(rules text: String?) {
    var policy = ListenerPolicy()
    policy.access = text.map { rules($0) }
    broker.setPolicies([policy], now: now)
    settle()
  }

  var denials: [String] {
    log.map(\.description).filter { $0.hasPrefix("access denied: ") }
  }
}

extension Peer {
  /// A connected client of a user.
  convenience init(
    _ world: World, user: String?, _ identifier: String, _ version: ProtocolVersion = .v5,
    cleanStart: Bool = true, will: Will? = nil, properties: [Property] = []
  ) {
    self.init(silent: world, version)
    login(identifier, user, nil, cleanStart: cleanStart, will: will, properties)
    #expect(connackReason() == .success)
  }

  /// The payloads that came.
  func texts() -> [String] { messages().map(text) }
}

@Suite struct PublishAccessTests {
  private let world = World(
    rules: """
      topic read #
      user ann
      topic write ann/#
      topic deny ann/secret
      """)

  @Test func `a message at QoS 0 that may not be published is dropped`() {
    let subscriber = Peer(world, user: nil, "s")
    subscriber.subscribe("#")
    let ann = Peer(world, user: "ann", "a")
    ann.publish("bob/x", "no")
    ann.publish("ann/x", "yes")
    #expect(subscriber.texts() == ["yes"])
    #expect(!ann.isClosed)
  }

  @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
  func `above QoS 0 a client of 5_0 is told that it is not authorized`(qos: QoS) {
    let ann = Peer(world, user: "ann", "a")
    ann.publish("ann/secret", "no", qos)
    let answer = Acknowledgement(packetIdentifier: id(1), reasonCode: .notAuthorized)
    #expect(ann.read() == [qos == .atLeastOnce ? .puback(answer) : .pubrec(answer)])
  }

  @Test func `the identifier of a denied QoS 2 message is free again [MQTT-4.3.3-9]`() {
    let subscriber = Peer(world, user: nil, "s")
    subscriber.subscribe("#")
    let ann = Peer(world, user: "ann", "a")
    ann.publish("ann/secret", "no", .exactlyOnce, identifier: 5)
    ann.publish("ann/x", "yes", .exactlyOnce, identifier: 5)
    #expect(subscriber.texts() == ["yes"])
  }

  @Test func `a client of 3_1_1 is answered as if nothing were wrong`() {
    let subscriber = Peer(world, user: nil, "s")
    subscriber.subscribe("#")
    let ann = Peer(world, user: "ann", "a", .v311)
    ann.publish("ann/secret", "no", .atLeastOnce)
    #expect(ann.read() == [.puback(Acknowledgement(packetIdentifier: id(1)))])
    #expect(subscriber.texts().isEmpty)
  }

  @Test func `a message that may not be published is not retained either`() {
    let ann = Peer(world, user: "ann", "a")
    ann.publish("ann/secret", "no", retain: true)
    let subscriber = Peer(world, user: nil, "s")
    subscriber.subscribe("#")
    #expect(subscriber.texts().isEmpty)
    #expect(subscriber.pending.isEmpty)
  }

  @Test func `a denial is logged once with client, user, topic and the rule that decided`() {
    let ann = Peer(world, user: "ann", "a")
    for _ in 0..<3 { ann.publish("ann/secret", "no") }
    ann.publish("bob/x", "no")
    #expect(
      world.denials == [
        #"access denied: client="a" user="ann" action=publish topic="ann/secret" rule=acl:4"#,
        #"access denied: client="a" user="ann" action=publish topic="bob/x" rule=acl (no rule matches)"#,
      ])
    #expect(world.log.first { $0.description.hasPrefix("access denied") }?.level == .notice)
  }

  @Test func `all that is retained and may not be had is one line with a count`() {
    let ann = Peer(world, user: "ann", "a")
    for number in 0..<20 { ann.publish("ann/\(number)", "x", retain: true) }
    world.log = []
    let stranger = Peer(world, user: "bob", "b")
    stranger.subscribe("ann/#")
    #expect(stranger.texts().isEmpty)
    let denials = world.denials
    #expect(denials.count == 2, "\(denials)")
    #expect(denials.first?.contains(#"user="bob" action=receive topic="ann/"#) == true)
    #expect(denials.last?.contains(#"user="bob" action=receive topics=19 more rule="#) == true)
  }

  @Test func `a will is published with its client's rights`() {
    let subscriber = Peer(world, user: nil, "s")
    subscriber.subscribe("#")
    for topic in ["ann/secret", "ann/last"] {
      Peer(
        world, user: "ann", "a", will: Will(topic: topic, payload: Array(topic.utf8))
      ).cut()
    }
    #expect(subscriber.texts() == ["ann/last"])
  }

  @Test func `rules that are read again hold for the next message`() {
    let subscriber = Peer(world, user: nil, "s")
    subscriber.subscribe("#")
    let ann = Peer(world, user: "ann", "a")
    ann.publish("ann/x", "1")
    world.readAgain(rules: "topic read #")
    ann.publish("ann/x", "2")
    world.readAgain(rules: nil)
    ann.publish("ann/secret", "3")
    #expect(subscriber.texts() == ["1", "3"])
  }
}

@Suite struct DeliveryAccessTests {
  private let world = World(
    rules: """
      topic read public/#
      user ann
      topic readwrite #
      user bob
      topic read bob/#
      """)

  @Test func `each subscriber gets what it may have, again and again`() {
    let ann = Peer(world, user: "ann", "a")
    let bob = Peer(world, user: "bob", "b")
    let nobody = Peer(world, user: nil, "n")
    for peer in [ann, bob, nobody] { peer.subscribe("#") }
    for round in 0..<4 {
      for topic in ["public/x", "bob/x", "ann/x"] { ann.publish(topic, "\(topic) \(round)") }
    }
    #expect(ann.texts().count == 12)
    #expect(bob.texts() == (0..<4).map { "bob/x \($0)" })
    #expect(nobody.texts() == (0..<4).map { "public/x \($0)" })
    #expect(world.denials.count == 4)
  }

  @Test func `a message that waited is not sent to who has lost the right to it`() {
    let properties = [Property(.sessionExpiryInterval, .fourByteInteger(100))]
    let ann = Peer(world, user: "ann", "a")
    let bob = Peer(world, user: "bob", "b", properties: properties)
    bob.subscribe("bob/#")
    bob.cut()
    ann.publish("bob/x", "1", .atLeastOnce)
    ann.publish("bob/y", "2", .atLeastOnce)
    world.readAgain(rules: "user ann\ntopic #\nuser bob\ntopic read bob/y\n")
    let again = Peer(silent: world)
    again.login("b", "bob", nil, cleanStart: false, properties)
    #expect(again.texts() == ["2"])
  }

  @Test func `a message under way is not sent again to who has lost the right to it`() {
    let properties = [Property(.sessionExpiryInterval, .fourByteInteger(100))]
    let ann = Peer(world, user: "ann", "a")
    let bob = Peer(world, user: "bob", "b", properties: properties)
    bob.subscribe("bob/#")
    ann.publish("bob/x", "1", .atLeastOnce)
    #expect(bob.read().count == 1)
    bob.cut()
    world.readAgain(rules: "user ann\ntopic #\n")
    let again = Peer(silent: world)
    again.login("b", "bob", nil, cleanStart: false, properties)
    #expect(again.texts().isEmpty)
  }

  @Test func `another user of the same session has its own rights`() {
    var configuration = BrokerConfiguration()
    configuration.clientIdentifierOwner = .anybody
    configuration.listenerPolicies = world.broker.configuration.listenerPolicies
    world.broker.reconfigure(configuration, now: world.now)
    let properties = [Property(.sessionExpiryInterval, .fourByteInteger(100))]
    let ann = Peer(world, user: "ann", "a")
    let bob = Peer(world, user: "bob", "shared", properties: properties)
    bob.subscribe("#")
    for _ in 0..<3 { ann.publish("bob/x", "bob's") }
    #expect(bob.texts().count == 3)
    let nobody = Peer(world, user: nil, "shared", cleanStart: false, properties: properties)
    ann.publish("bob/x", "bob's")
    ann.publish("public/x", "all's")
    #expect(nobody.texts() == ["all's"])
  }

  @Test func `a shared group gives a message to a member that may have it`() {
    let ann = Peer(world, user: "ann", "a")
    let bob = Peer(world, user: "bob", "b")
    let nobody = Peer(world, user: nil, "n")
    bob.subscribe("$share/g/#")
    nobody.subscribe("$share/g/#")
    for round in 0..<4 { ann.publish("bob/x", "\(round)") }
    #expect(bob.texts() == ["0", "1", "2", "3"])
    #expect(nobody.texts().isEmpty)
  }

  @Test func `a shared group none of whose members may have a message loses it`() {
    let ann = Peer(world, user: "ann", "a")
    let nobody = Peer(world, user: nil, "n")
    nobody.subscribe("$share/g/#", .atLeastOnce)
    ann.publish("bob/x", "no", .atLeastOnce)
    #expect(nobody.texts().isEmpty)
  }

  @Test func `a member that goes keeps what no other member may have`() {
    let properties = [Property(.sessionExpiryInterval, .fourByteInteger(100))]
    let ann = Peer(world, user: "ann", "a", properties: properties)
    let nobody = Peer(world, user: nil, "n", properties: properties)
    for peer in [ann, nobody] { peer.subscribe("$share/g/#", .atLeastOnce) }
    let publisher = Peer(world, user: "ann", "p")
    publisher.publish("bob/x", "ann's", .atLeastOnce)
    #expect(ann.unacknowledged().count == 1)
    ann.cut()
    let again = Peer(silent: world)
    again.login("a", "ann", nil, cleanStart: false, properties)
    #expect(again.texts() == ["ann's"])
    #expect(nobody.texts().isEmpty)
  }

  @Test func `what the server says of itself is given to who may read it`() {
    let world = World(rules: "user ann\ntopic read $SYS/#\n") { $0.statusIntervalSeconds = 1 }
    let ann = Peer(world, user: "ann", "a")
    let bob = Peer(world, user: "bob", "b")
    for peer in [ann, bob] { peer.subscribe("$SYS/broker/version") }
    #expect(ann.pending.count + ann.texts().count > 0)
    #expect(bob.pending.count + bob.texts().count == 0)
  }
}

@Suite struct SubscribeAccessTests {
  private func world(isChecked: Bool) -> World {
    World(policy: {
      $0.access = rules("user ann\ntopic read room/+/light\ntopic write all/#\n")
      $0.checksSubscriptions = isChecked
    })
  }

  @Test(arguments: [ProtocolVersion.v311, .v5])
  func `where that is checked, a filter that can bring nothing is refused`(
    version: ProtocolVersion
  ) {
    let world = world(isChecked: true)
    let ann = Peer(world, user: "ann", "a", version)
    let refusal = version == .v5 ? ReasonCode.notAuthorized : .unspecifiedError
    #expect(ann.subscribe("all/#") == [refusal])
    #expect(ann.subscribe("$share/g/all/#") == [refusal])
    #expect(ann.subscribe("room/1/#", .atMostOnce) == [.grantedQoS0])
    #expect(ann.subscribe("#", .atMostOnce) == [.grantedQoS0])
    #expect(world.denials.count == 2)
    #expect(world.hasLogged(#"user="ann" action=subscribe topic="all/#" rule=acl"#))
  }

  @Test func `otherwise anybody may ask for anything, as with mosquitto`() {
    let ann = Peer(world(isChecked: false), user: "ann", "a")
    #expect(ann.subscribe("all/#", .atMostOnce) == [.grantedQoS0])
  }
}

@Suite struct RetainAccessTests {
  private let all = "user ann\ntopic readwrite #\nuser bob\ntopic read #\n"

  @Test func `a retained message is replayed to who may have it`() {
    let world = World(rules: "topic read public/#\nuser ann\ntopic #\n")
    let ann = Peer(world, user: "ann", "a")
    ann.publish("public/x", "all's", retain: true)
    ann.publish("ann/x", "ann's", retain: true)
    let nobody = Peer(world, user: nil, "n")
    nobody.subscribe("#")
    let got = nobody.pending.compactMap { packet -> String? in
      if case .publish(let publish) = packet { return text(publish) }
      return nil
    }
    #expect(got == ["all's"])
  }

  @Test(arguments: [true, false])
  func `a retained message counts only while its publisher may publish it, if that is checked`(
    isChecked: Bool
  ) {
    let world = World(rules: all) { $0.checksRetainSource = isChecked }
    let ann = Peer(world, user: "ann", "a")
    ann.publish("t", "ann's", retain: true)
    ann.cut()
    world.readAgain(rules: "user ann\ntopic read #\nuser bob\ntopic read #\n")
    let bob = Peer(world, user: "bob", "b")
    bob.subscribe("t")
    #expect(bob.pending.count == (isChecked ? 0 : 1))
  }

  @Test func `rules that come later know who published before them`() {
    let world = World()
    let ann = Peer(world, user: "ann", "a")
    ann.publish("t", "ann's", retain: true)
    world.readAgain(rules: "user ann\ntopic read #\nuser bob\ntopic read #\n")
    let bob = Peer(world, user: "bob", "b")
    bob.subscribe("t")
    #expect(bob.pending.isEmpty)
  }
}

@Suite struct DecisionCostTests {
  @Test(arguments: [10, 10_000], [1, 20])
  func `a decision that was made before allocates nothing, however many rules there are`(
    ruleCount: Int, subscriberCount: Int
  ) {
    let lines = (0..<ruleCount).map { "topic readwrite room/\($0)/+" }.joined(separator: "\n")
    let world = World(rules: lines)
    let subscribers = (0..<subscriberCount).map { number -> Peer in
      let peer = Peer(world, user: nil, "s\(number)")
      peer.subscribe("room/7/+", .atMostOnce)
      return peer
    }
    let publisher = Peer(world, user: nil, "p")
    var buffer = ByteBuffer()
    Packet.publish(Publish(topic: "room/7/x", payload: [1])).encode(into: &buffer, version: .v5)
    let message = buffer.bytes
    func turn() {
      world.broker.receive(message.span, on: publisher.connection, now: world.now)
      while let connection = world.broker.nextOutput(reactor: 0) {
        var output = world.broker.takeOutput(of: connection)
        world.broker.recycle(output.own.take())
      }
      world.broker.settleOutput()
    }
    for _ in 0..<10 { turn() }
    let before = allocation_count()
    for _ in 0..<20 { turn() }
    #expect(allocation_count() - before == 0)
    #expect(subscribers.count == subscriberCount)
  }

  @Test func `only so many decisions are remembered, and forgotten ones are made again`() {
    let world = World(rules: "topic readwrite t/+\ntopic deny t/secret\n") {
      $0.decisionCacheLimit = 3
    }
    let subscriber = Peer(world, user: nil, "s")
    subscriber.subscribe("t/+")
    let publisher = Peer(world, user: nil, "p")
    for _ in 0..<3 {
      for number in 0..<10 { publisher.publish("t/\(number)", "\(number)") }
      publisher.publish("t/secret", "no")
    }
    #expect(subscriber.texts().count == 30)
    // Each time it had been forgotten.
    #expect(world.denials.count == 3)
  }
}
