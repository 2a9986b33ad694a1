// Whose a session is, what somebody else is told who names its client identifier, and what becomes
// of messages that a session's client may not have.

import AccessControl
import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

private let lastingSession = [Property(.sessionExpiryInterval, .fourByteInteger(1000))]

/// Listeners with these policies; each has its number for a name.
private func listeners(
  _ policies: [ListenerPolicy], _ owner: ClientIdentifierOwner = .user
) -> (inout BrokerConfiguration) -> Void {
  { configuration in
    configuration.listenerPolicies = policies
    configuration.listenerTerms = policies.indices.map {
      var terms = ListenerTerms()
      terms.name = "\($0)"
      return terms
    }
    configuration.clientIdentifierOwner = owner
  }
}

private func policy(
  users: PasswordFile? = nil, access: AccessList? = nil, _ identity: ClientIdentity = .packet
) -> ListenerPolicy {
  var policy = ListenerPolicy()
  policy.passwords = users
  policy.access = access
  policy.identity = identity
  return policy
}

extension World {
  /// The answer to a CONNECT for a session that lasts.
  fileprivate func connect(
    _ identifier: String, _ user: String?, listener: Int = 0, clean: Bool = false,
    _ version: ProtocolVersion = .v5, facts: PeerFacts = PeerFacts()
  ) -> (peer: Peer, connack: Connack?) {
    let peer = Peer(silent: self, version, facts: facts, listener: listener)
    peer.login(
      identifier, user, user == nil ? nil : "right", cleanStart: clean,
      version == .v5 ? lastingSession : [])
    checkPasswords()
    if case .connack(let connack) = peer.read(keeping: true).first { return (peer, connack) }
    return (peer, nil)
  }
}

extension Peer {
  /// The next packets; all but the first are kept for later.
  fileprivate func read(keeping: Bool) -> [Packet] {
    let packets = read()
    pending = Array(packets.dropFirst())
    return packets
  }

  /// The payloads that came with the last CONNACK and since.
  fileprivate func all() -> [String] {
    let early = pending.compactMap(publication)
    pending = []
    for publish in early {
      guard let identifier = publish.packetIdentifier?.rawValue else { continue }
      answer(publish.qos == .atLeastOnce ? .puback : .pubrec, identifier)
    }
    return early.map(text) + messages().map(text)
  }
}

@Suite struct OwnerTests {
  /// A session "gw" of admin's with a message that waits.
  private func world(_ configure: (inout BrokerConfiguration) -> Void = { _ in }) -> World {
    let world = World(configure)
    let admin = world.connect("gw", "admin").peer
    admin.subscribe("a", .atLeastOnce)
    admin.cut()
    Peer(world, "p").publish("a", "admin's", .atLeastOnce)
    return world
  }

  @Test(arguments: ["sensor", nil], [true, false])
  func `another user's session is refused with 0x85, and nothing of it changes`(
    user: String?, clean: Bool
  ) {
    let world = world()
    let (thief, connack) = world.connect("gw", user, clean: clean)
    #expect(connack?.reasonCode == .clientIdentifierNotValid)
    #expect(connack?.isSessionPresent == false)
    #expect(thief.isClosed)
    #expect(
      world.hasLogged(
        #"client="gw" user=\#(user.map { "\"\($0)\"" } ?? "-") reason="the client identifier is "#
          + #"that of user \"admin\", see --client-id-owner""#))
    let (admin, answer) = world.connect("gw", "admin")
    #expect(answer?.isSessionPresent == true)
    #expect(admin.all() == ["admin's"])
  }

  @Test(arguments: [ProtocolVersion.v31, .v311])
  func `before 5.0 that is return code 2`(version: ProtocolVersion) {
    let world = world()
    let (_, connack) = world.connect("gw", "sensor", version)
    #expect(connack?.reasonCode.connackReturnCode == 2)
  }

  @Test(arguments: [true, false])
  func `a connected client is not thrown out by another user`(lasts: Bool) {
    let world = World()
    let admin = Peer(silent: world)
    admin.login("gw", "admin", nil, lasts ? lastingSession : [])
    _ = admin.read()
    #expect(world.connect("gw", "sensor", clean: true).connack?.reasonCode.isFailure == true)
    #expect(admin.isServed)
    #expect(world.connect("gw", "admin").connack?.reasonCode == .success)
    #expect(!admin.isServed)
  }

  @Test func `an identifier is free for everybody when its session is over`() {
    let world = world()
    world.wait(seconds: 1001)
    #expect(world.connect("gw", "sensor").connack?.reasonCode == .success)
  }

  @Test func `names are the same when their bytes are`() {
    let world = World()
    world.connect("gw", "\u{E9}").peer.cut()
    #expect(world.connect("gw", "e\u{301}").connack?.reasonCode.isFailure == true)
  }

  // MARK: Listeners

  @Test func `a name that is only believed is not one that was proven by a password`() {
    let users = passwords("admin")
    let world = World(listeners([policy(users: users), policy()]))
    world.connect("gw", "admin", listener: 0).peer.cut()
    #expect(world.connect("gw", "admin", listener: 1).connack?.reasonCode.isFailure == true)
    #expect(world.connect("gw", "admin", listener: 0).connack?.isSessionPresent == true)
  }

  @Test func `a name of another password file is another user`() {
    let world = World(
      listeners([
        policy(users: passwords("admin")), policy(users: passwords("admin", salt: "b3RoZXI=")),
        policy(users: passwords("admin", "more")),
      ]))
    world.connect("gw", "admin", listener: 0).peer.cut()
    #expect(world.connect("gw", "admin", listener: 1).connack?.reasonCode.isFailure == true)
    #expect(world.connect("gw", "admin", listener: 2).connack?.isSessionPresent == true)
  }

  @Test func `the name of a certificate is as good as one with a password`() {
    let world = World(
      listeners([policy(users: passwords("admin")), policy(.tlsIdentity), policy()]))
    var facts = PeerFacts()
    facts.certificateCommonName = "admin"
    world.connect("gw", "admin", listener: 0).peer.cut()
    #expect(
      world.connect("gw", nil, listener: 1, facts: facts).connack?.isSessionPresent == true)
    facts.certificateCommonName = "sensor"
    #expect(
      world.connect("gw", nil, listener: 1, facts: facts).connack?.reasonCode.isFailure == true)
    #expect(world.connect("gw", "admin", listener: 2).connack?.reasonCode.isFailure == true)
  }

  @Test func `clients without a name are the same where the rules are`() {
    let (first, second) = (rules("topic #\n"), rules("topic read #\n"))
    let world = World(
      listeners([policy(access: first), policy(access: first), policy(access: second)]))
    world.connect("gw", nil, listener: 0).peer.cut()
    #expect(world.connect("gw", nil, listener: 2).connack?.reasonCode.isFailure == true)
    #expect(world.connect("gw", nil, listener: 1).connack?.isSessionPresent == true)
  }

  // MARK: Restarts

  @Test func `a session is its user's after a restart, and after one that lost the listener`() {
    let store = RecordsStore(listeners([policy()]))
    store.world.connect("gw", "admin").peer.cut()
    store.commit()
    store.crash()
    #expect(store.world.connect("gw", "sensor").connack?.reasonCode.isFailure == true)
    var configuration = store.world.broker.configuration
    configuration.listenerTerms[0].name = "elsewhere"
    store.world.broker.reconfigure(configuration, now: store.world.now)
    store.crash()
    #expect(store.world.connect("gw", "sensor").connack?.reasonCode.isFailure == true)
    let admin = store.world.connect("gw", "admin").peer
    store.commit()
    #expect(admin.connackAnswer()?.isSessionPresent == true)
  }

  @Test func `a session of nobody known is that of the first who comes for it`() {
    let store = RecordsStore()
    var record = SessionRecord(
      number: 1, clientIdentifier: "gw", userName: nil, expirySeconds: .max)
    record.isUnclaimed = true
    store.world.broker.load([.saveSession(record)], now: store.world.now)
    let first = store.world.connect("gw", "ann").peer
    store.commit()
    #expect(first.connackAnswer()?.isSessionPresent == true)
    #expect(store.world.hasLogged(#"from now on it is that of user "ann""#))
    #expect(store.world.connect("gw", "bob").connack?.reasonCode.isFailure == true)
  }

  // MARK: Any

  @Test(arguments: [true, false])
  func `with any a session goes to whoever names it, and the log says so each time`(clean: Bool) {
    let world = world { $0.clientIdentifierOwner = .anybody }
    let (sensor, connack) = world.connect("gw", "sensor", clean: clean)
    #expect(connack?.isSessionPresent == !clean)
    #expect(sensor.all() == (clean ? [] : ["admin's"]))
    #expect(
      world.hasLogged(
        #"gw: its session goes from user "admin" to user "sensor" at 127.0.0.1:1"#
          + (clean ? " and is made anew" : "") + "; --client-id-owner user would refuse that"))
    sensor.cut()
    _ = world.connect("gw", nil)
    #expect(world.logCount("its session goes from") == 2)
    _ = world.connect("gw", nil)
    #expect(world.logCount("its session goes from") == 2)
  }
}

extension Peer {
  fileprivate func connackAnswer() -> Connack? {
    if case .connack(let connack) = read(keeping: true).first { connack } else { nil }
  }
}

@Suite struct WithheldTests {
  private static let text = "topic read $SYS/#\nuser admin\ntopic #\nuser sensor\ntopic s/#\n"

  /// A session "gw" that belongs to admin, subscribes to everything, and has what `publish` sends
  /// while nobody is there.
  private func world(
    _ change: (inout BrokerConfiguration) -> Void = { _ in }
  ) -> (World, publisher: Peer) {
    let world = World(rules: Self.text) {
      $0.clientIdentifierOwner = .anybody
      change(&$0)
    }
    let admin = world.connect("gw", "admin").peer
    admin.subscribe("#", .exactlyOnce)
    admin.cut()
    return (world, Peer(world, user: "admin", "p"))
  }

  @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
  func `what a newcomer may not have waits for one that may, and holds nothing up`(qos: QoS) {
    let (world, publisher) = world()
    for (number, topic) in ["a", "s/1", "b", "s/2", "a"].enumerated() {
      publisher.publish(topic, "\(topic) \(number)", qos, identifier: UInt16(number + 1))
      if qos == .exactlyOnce { publisher.answer(.pubrel, UInt16(number + 1)) }
    }
    let sensor = world.connect("gw", "sensor").peer
    #expect(sensor.all() == ["s/1 1", "s/2 3"])
    publisher.publish("s/3", "s/3 new", .atLeastOnce, identifier: 9)
    #expect(sensor.all() == ["s/3 new"])
    sensor.cut()
    #expect(world.connect("gw", "sensor").peer.all() == [])
    let admin = world.connect("gw", "admin").peer
    #expect(admin.all() == ["a 0", "b 2", "a 4"])
    admin.cut()
    #expect(world.connect("gw", "admin").peer.all() == [])
  }

  @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
  func `what was under way to one client cannot be acknowledged away by another`(qos: QoS) {
    let (world, publisher) = world()
    let admin = world.connect("gw", "admin").peer
    publisher.publish("a", "admin's", qos)
    #expect(admin.unacknowledged().count == 1)
    admin.cut()
    let sensor = Peer(silent: world)
    sensor.login("gw", "sensor", nil, cleanStart: false, lastingSession)
    sensor.answer(qos == .atLeastOnce ? .puback : .pubrec, 1)
    #expect(sensor.messages().isEmpty)
    sensor.cut()
    #expect(world.connect("gw", "admin").peer.all() == ["admin's"])
  }

  @Test func `rights that come back bring what was put aside, to who is connected`() {
    let (world, publisher) = world()
    publisher.publish("a", "1", .atLeastOnce)
    let sensor = world.connect("gw", "sensor").peer
    #expect(sensor.all() == [])
    world.readAgain(rules: "user sensor\ntopic #\nuser admin\ntopic #\n")
    #expect(sensor.all() == ["1"])
  }

  @Test func `what is put aside expires in its time`() {
    let (world, publisher) = world()
    publisher.publish(
      "a", "1", .atLeastOnce, [Property(.messageExpiryInterval, .fourByteInteger(10))])
    world.connect("gw", "sensor").peer.cut()
    world.wait(seconds: 60)
    #expect(world.status("limits/dropped/expired") == "1")
    #expect(world.connect("gw", "admin").peer.all() == [])
  }

  @Test func `a clean start ends what was put aside with the session`() {
    let (world, publisher) = world()
    publisher.publish("a", "1", .atLeastOnce)
    world.connect("gw", "sensor").peer.cut()
    world.connect("gw", "sensor", clean: true).peer.cut()
    #expect(world.connect("gw", "admin").peer.all() == [])
  }

  @Test func `what is put aside outlives a crash, whoever was there last`() {
    let list = rules(Self.text)
    let store = RecordsStore(listeners([policy(access: list)], .anybody))
    func connect(_ user: String) -> Peer {
      let peer = store.world.connect("gw", user).peer
      store.commit()
      return peer
    }
    let admin = connect("admin")
    admin.subscribe("#", .exactlyOnce)
    store.commit()
    admin.cut()
    let publisher = Peer(silent: store.world)
    publisher.login("p", "admin", nil, [])
    for number in 1...3 {
      publisher.publish("a", "\(number)", .exactlyOnce, identifier: UInt16(number))
    }
    store.commit()
    for _ in 0..<2 {
      let sensor = connect("sensor")
      #expect(sensor.all() == [])
      sensor.cut()
      store.commit()
      store.crash()
    }
    let again = connect("admin")
    var texts = again.all()
    store.commit()
    texts += again.all()
    #expect(texts == ["1", "2", "3"])
  }

  @Test func `what lies outside a newcomer's mount point waits as well`() {
    let world = World {
      listeners([policy(), policy()], .anybody)(&$0)
      $0.listenerTerms[1].mountPoint = "home/"
    }
    let outside = world.connect("gw", nil, listener: 0).peer
    outside.subscribe("#", .atLeastOnce)
    outside.cut()
    let publisher = Peer(world, "p")
    publisher.publish("a", "1", .atLeastOnce, identifier: 1)
    publisher.publish("home/a", "2", .atLeastOnce, identifier: 2)
    let inside = world.connect("gw", nil, listener: 1).peer
    #expect(inside.all() == ["2"])
    inside.cut()
    #expect(world.connect("gw", nil, listener: 0).peer.all() == ["1"])
  }
}
