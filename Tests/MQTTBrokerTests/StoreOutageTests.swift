// While the store cannot commit: what goes on, what is refused and how, what waits, and that
// nothing is promised that a crash could take back.

import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

struct StoreOutageTests {
  /// A store that fails from now on; lasting "s" is there and subscribes to "s/#", "o" is offline
  /// and subscribes to "o".
  private func failing(_ version: ProtocolVersion = .v5) -> (RecordsStore, subscriber: Peer) {
    let store = RecordsStore { $0.queuesQoS0 = true }
    store.absent("o", "o")
    let subscriber = store.client("s")
    subscriber.subscribe("s/#")
    store.commit()
    _ = subscriber.read()
    return (store, subscriber)
  }

  private func reasons(_ packets: [Packet]) -> [ReasonCode] {
    packets.flatMap { packet -> [ReasonCode] in
      switch packet {
      case .connack(let connack): [connack.reasonCode]
      case .puback(let ack), .pubrec(let ack), .pubrel(let ack), .pubcomp(let ack):
        [ack.reasonCode]
      case .suback(let suback): suback.reasonCodes
      case .unsuback(let unsuback): unsuback.reasonCodes
      case .disconnect(let disconnect): [disconnect.reasonCode]
      case .connect, .publish, .subscribe, .unsubscribe, .pingreq, .pingresp, .auth: []
      }
    }
  }

  // MARK: What is said

  @Test func `a client before 5.0 that gets no answer is named in the log, once`() {
    let (store, _) = failing()
    let publisher = Peer(store.world, "old", .v311)
    store.fail()
    publisher.publish("o", "1", .atLeastOnce, identifier: 1)
    publisher.publish("o", "2", .exactlyOnce, identifier: 2)
    #expect(publisher.read().isEmpty)
    #expect(
      store.world.logCount(
        "old: its PUBLISH at QoS 1 to \"o\" is not answered while the store fails, for MQTT 3.1.1 "
          + "has no answer that says no") == 1)
    #expect(store.world.logCount("is not answered while the store fails") == 1)
    let other = Peer(store.world, "new")
    other.publish("o", "1", .atLeastOnce)
    #expect(reasons(other.read()) == [.quotaExceeded])
    #expect(store.world.logCount("is not answered while the store fails") == 1)
  }

  @Test func `the status topics say that the store fails, and how much was refused`() {
    let (store, _) = failing()
    let watcher = Peer(store.world, "w")
    watcher.subscribe("$SYS/broker/store/failing", .atMostOnce)
    watcher.subscribe("$SYS/broker/limits/refused/store", .atMostOnce)
    _ = watcher.messages()
    store.fail()
    #expect(watcher.messages().map(text) == ["1"])
    Peer(store.world, "p").publish("o", "1", .atLeastOnce)
    store.world.broker.storeRecovered(now: store.world.now)
    #expect(watcher.messages().map(text).sorted() == ["0", "1"])
  }

  // MARK: What goes on

  @Test(arguments: QoS.allCases)
  func `sessions that end with their connection do not notice an outage`(qos: QoS) {
    let (store, _) = failing()
    store.fail()
    let reader = store.passer("r")
    #expect(reader.subscribe("a", qos).first?.isFailure == false)
    let publisher = store.passer("p")
    publisher.publish("a", "x", qos)
    let answers = publisher.read()
    #expect(answers.count == (qos == .atMostOnce ? 0 : 1))
    #expect(!reasons(answers).contains { $0.isFailure })
    if qos == .exactlyOnce {
      publisher.pubrel(1)
      #expect(types(publisher.read()) == [.pubcomp])
    }
    #expect(reader.messages().map(text) == ["x"])
  }

  @Test func `QoS 0 reaches lasting sessions in an outage, online and offline`() {
    let (store, subscriber) = failing()
    store.fail()
    let publisher = store.passer("p")
    publisher.publish("s/1", "x")
    publisher.publish("o", "y")
    #expect(subscriber.messages().map(text) == ["x"])
    store.recover()
    #expect(store.messages(of: store.client("o")).map(text) == ["y"])
  }

  @Test func `PINGRESP and new messages at QoS 0 pass by a PUBREL that waits`() {
    let (store, subscriber) = failing()
    let publisher = store.passer("p")
    publisher.publish("s/1", "x", .exactlyOnce)
    store.commit()
    #expect(types(subscriber.read()) == [.publish])
    store.fail()
    subscriber.send(.pubrec(Acknowledgement(packetIdentifier: id(1))))
    subscriber.send(.pingreq)
    publisher.publish("s/1", "y")
    #expect(types(subscriber.read()) == [.pingresp, .publish])
    store.recover()
    #expect(subscriber.read().isEmpty)
    store.commit()
    #expect(types(subscriber.read()) == [.pubrel])
  }

  @Test func `a PUBREC that comes twice in an outage gets one PUBREL after it`() {
    let (store, subscriber) = failing()
    store.passer("p").publish("s/1", "x", .exactlyOnce)
    store.commit()
    _ = subscriber.read()
    store.fail()
    for _ in 0..<2 { subscriber.send(.pubrec(Acknowledgement(packetIdentifier: id(1)))) }
    #expect(subscriber.read().isEmpty)
    store.recover()
    store.commit()
    #expect(types(subscriber.read()) == [.pubrel])
  }

  @Test func `PUBCOMP to a lasting publisher waits for the end of an outage [MQTT-4.3.3-12]`() {
    let (store, _) = failing()
    let publisher = store.client("p")
    publisher.publish("nobody", "x", .exactlyOnce, identifier: 3)
    store.commit()
    #expect(types(publisher.read()) == [.connack, .pubrec])
    store.fail()
    publisher.pubrel(3)
    publisher.pubrel(3)
    #expect(publisher.read().isEmpty)
    store.recover()
    #expect(publisher.read().isEmpty)
    store.commit()
    #expect(types(publisher.read()) == [.pubcomp])
  }

  @Test func `what a lasting subscriber acknowledges in an outage does not come again`() {
    let (store, subscriber) = failing()
    store.passer("p").publish("s/1", "x", .atLeastOnce)
    store.commit()
    #expect(types(subscriber.read()) == [.publish])
    store.fail()
    subscriber.send(.puback(Acknowledgement(packetIdentifier: id(1))))
    store.recover()
    store.commit()
    store.crash()
    #expect(store.messages(of: store.client("s")).isEmpty)
  }

  // MARK: What is refused

  @Test(arguments: ["s/1", "o"], [QoS.atLeastOnce, .exactlyOnce])
  func `PUBLISH for a lasting session is refused with 0x97 and has no effect`(
    topic: String, qos: QoS
  ) {
    let (store, subscriber) = failing()
    store.fail()
    let clean = store.passer("c")
    clean.subscribe("#")
    let publisher = store.passer("p")
    publisher.publish(topic, "x", qos)
    let answers = publisher.read()
    #expect(types(answers) == [qos == .atLeastOnce ? .puback : .pubrec])
    #expect(reasons(answers) == [.quotaExceeded])
    #expect(clean.messages().isEmpty)
    store.recover()
    #expect(store.messages(of: subscriber).isEmpty)
    #expect(store.messages(of: store.client("o")).isEmpty)
    publisher.publish(topic, "y", qos)
    store.commit()
    #expect(reasons(publisher.read()) == [.success])
  }

  @Test func `QoS 2 from a lasting session is refused, and its identifier is not held`() {
    let (store, _) = failing()
    let publisher = store.client("p")
    _ = publisher.read()
    store.fail()
    let reader = store.passer("r")
    reader.subscribe("a")
    publisher.publish("a", "x", .exactlyOnce, identifier: 3)
    #expect(reasons(publisher.read()) == [.quotaExceeded])
    store.recover()
    publisher.publish("a", "y", .exactlyOnce, identifier: 3)
    #expect(reader.messages().map(text) == ["y"])
  }

  @Test func `PUBLISH before 5.0 is not answered, and sent again after the outage`() {
    let (store, subscriber) = failing()
    store.fail()
    let publisher = Peer(store.world, "p", .v311)
    publisher.publish("s/1", "x", .atLeastOnce)
    publisher.publish("a", "y", .atLeastOnce, identifier: 2)
    #expect(types(publisher.read()) == [.puback])
    #expect(subscriber.messages().isEmpty)
    #expect(!publisher.isClosed)
    store.recover()
    #expect(publisher.isClosed)
    #expect(store.world.hasLogged("p left: the store is back, and it has requests to send again"))
  }

  @Test func `a topic that was left unanswered stays so until the outage ends [MQTT-4.6.0-5]`() {
    let (store, _) = failing()
    let leaving = store.client("l", [Property(.sessionExpiryInterval, .fourByteInteger(5))])
    leaving.subscribe("a")
    store.commit()
    store.fail()
    leaving.cut()
    let reader = store.passer("r")
    reader.subscribe("a")
    let publisher = Peer(store.world, "p", .v311)
    publisher.publish("a", "1", .atLeastOnce)
    store.world.wait(seconds: 6)
    publisher.publish("a", "2", .atLeastOnce, identifier: 2)
    #expect(publisher.read().isEmpty)
    #expect(reader.messages().isEmpty)
  }

  @Test(arguments: ["x", ""])
  func `a retained PUBLISH above QoS 0 is refused, and the topic keeps what it has`(
    payload: String
  ) {
    let (store, _) = failing()
    let publisher = store.passer("p")
    publisher.publish("a", "before", .atLeastOnce, retain: true)
    store.commit()
    _ = publisher.read()
    store.fail()
    publisher.publish("a", payload, .atLeastOnce, retain: true)
    #expect(reasons(publisher.read()) == [.quotaExceeded])
    let reader = store.passer("r")
    reader.subscribe("a")
    let kept = (reader.pending + reader.read()).compactMap { packet -> String? in
      if case .publish(let publish) = packet { text(publish) } else { nil }
    }
    #expect(kept == ["before"])
  }

  @Test func `a retained PUBLISH at QoS 0 takes effect, and is on disk after the outage`() {
    let (store, _) = failing()
    store.fail()
    let publisher = store.passer("p")
    publisher.publish("a", "x", retain: true)
    publisher.publish("b", "y", retain: true)
    publisher.publish("b", "", retain: true)
    #expect(retained(store) == ["x"])
    store.recover()
    store.commit()
    store.crash()
    #expect(retained(store) == ["x"])
  }

  private func retained(_ store: RecordsStore) -> [String] {
    let reader = store.passer("reader")
    reader.subscribe("+")
    return (reader.pending + reader.read()).compactMap { packet in
      if case .publish(let publish) = packet { text(publish) } else { nil }
    }
  }

  @Test(arguments: [(ProtocolVersion.v5, ReasonCode.quotaExceeded), (.v311, .serverUnavailable)])
  func `CONNECT of a session that lasts is refused`(version: ProtocolVersion, reason: ReasonCode) {
    let (store, _) = failing()
    store.fail()
    let peer = connecting(store, "n", version, cleanStart: false)
    #expect(reasons(peer.read()) == [reason])
    #expect(peer.isClosed)
  }

  @Test func `CONNECT with a clean start is refused where it would end a session that lasts`() {
    let (store, subscriber) = failing()
    store.fail()
    let peer = connecting(store, "s", .v311, cleanStart: true)
    #expect(reasons(peer.read()) == [.serverUnavailable])
    #expect(!subscriber.isClosed)
    store.passer("p").publish("s/1", "x")
    #expect(subscriber.messages().map(text) == ["x"])
  }

  private func connecting(
    _ store: RecordsStore, _ identifier: String, _ version: ProtocolVersion, cleanStart: Bool
  ) -> Peer {
    let peer = Peer(silent: store.world, version)
    peer.send(
      .connect(
        Connect(
          version: version, clientIdentifier: identifier, cleanStart: cleanStart,
          properties: version == .v5 && !cleanStart ? Properties(lasting) : Properties())))
    return peer
  }

  @Test func `SUBSCRIBE and UNSUBSCRIBE of a lasting session are refused and change nothing`() {
    let (store, subscriber) = failing()
    store.fail()
    #expect(subscriber.subscribe("a") == [.quotaExceeded])
    subscriber.send(.unsubscribe(Unsubscribe(packetIdentifier: id(2), filters: ["s/#", "b"])))
    #expect(
      reasons(subscriber.read()) == [.implementationSpecificError, .implementationSpecificError])
    let publisher = store.passer("p")
    publisher.publish("a", "x")
    publisher.publish("s/1", "y")
    #expect(subscriber.messages().map(text) == ["y"])
  }

  @Test func `before 5.0 SUBSCRIBE is refused with 0x80, UNSUBSCRIBE is not answered`() {
    let store = RecordsStore()
    let peer = connecting(store, "s", .v311, cleanStart: false)
    store.commit()
    _ = peer.read()
    store.fail()
    #expect(peer.subscribe("a") == [.unspecifiedError])
    peer.send(.unsubscribe(Unsubscribe(packetIdentifier: id(2), filters: ["a"])))
    peer.send(.unsubscribe(Unsubscribe(packetIdentifier: id(3), filters: ["b"])))
    #expect(peer.read().isEmpty)
    store.recover()
    #expect(peer.isClosed)
  }

  // MARK: What waited when it began

  @Test(arguments: [ProtocolVersion.v5, .v311])
  func `a connection whose answer waits is closed without it, and what it sent is kept`(
    version: ProtocolVersion
  ) {
    let (store, _) = failing()
    let publisher = Peer(store.world, "p", version)
    publisher.publish("o", "x", .atLeastOnce)
    store.take()
    store.fail()
    let last = publisher.read()
    #expect(types(last) == (version == .v5 ? [.disconnect] : []))
    #expect(reasons(last) == (version == .v5 ? [.quotaExceeded] : []))
    #expect(publisher.isClosed)
    store.recover()
    store.commit()
    store.crash()
    #expect(store.messages(of: store.client("o")).map(text) == ["x"])
  }

  @Test func `a CONNACK that waits becomes a refusal, and no will is published`() {
    let (store, _) = failing()
    let reader = store.passer("r")
    reader.subscribe("w")
    let peer = Peer(silent: store.world)
    peer.send(
      .connect(
        Connect(
          version: .v5, clientIdentifier: "n", cleanStart: false,
          will: Will(topic: "w", payload: []),
          properties: Properties(lasting))))
    store.fail()
    let packets = peer.read()
    #expect(types(packets) == [.connack])
    #expect(reasons(packets) == [.quotaExceeded])
    #expect(reader.messages().isEmpty)
  }

  @Test func `what was sent before the answer that waits still arrives`() {
    let (store, _) = failing()
    let peer = store.passer("p")
    peer.publish("nobody", "x", .atLeastOnce, identifier: 1)
    peer.publish("o", "x", .atLeastOnce, identifier: 2)
    store.fail()
    #expect(types(peer.read()) == [.puback, .disconnect])
  }

  @Test func `a QoS 2 message from before an outage is delivered once after it`() {
    let (store, subscriber) = failing()
    let publisher = store.client("p")
    _ = publisher.read()
    publisher.publish("s/1", "x", .exactlyOnce, identifier: 7)
    store.take()
    store.fail()
    #expect(publisher.isClosed && subscriber.isClosed)
    store.recover()
    let again = store.client("p")
    again.send(
      .publish(
        Publish(
          topic: "s/1", payload: Array("x".utf8), qos: .exactlyOnce, isDuplicate: true,
          packetIdentifier: id(7))))
    store.commit()
    #expect(types(again.read()) == [.connack, .pubrec])
    #expect(store.messages(of: store.client("s")).map(text) == ["x"])
  }

  @Test func `a will at QoS 2 for a lasting session waits for the end, what follows goes on`() {
    let (store, subscriber) = failing()
    let dying = Peer(
      store.world, "d", will: Will(topic: "s/w", payload: Array("w".utf8), qos: .exactlyOnce))
    store.fail()
    dying.cut()
    store.passer("p").publish("s/1", "x")
    #expect(subscriber.messages().map(text) == ["x"])
    store.recover()
    #expect(store.messages(of: subscriber).map(text) == ["w"])
  }

  @Test func `a will at QoS 2 that waited is sent although nothing comes after it`() {
    let (store, subscriber) = failing()
    let dying = Peer(
      store.world, "d", will: Will(topic: "s/w", payload: Array("w".utf8), qos: .exactlyOnce))
    store.fail()
    dying.cut()
    store.recover()
    store.commit()
    #expect(types(subscriber.read()) == [.publish])
  }

  @Test func `connections without all their answers are closed at once when an outage ends`() {
    let store = RecordsStore()
    var peers: [Peer] = []
    for name in ["1", "2"] {
      let peer = Peer(silent: store.world, .v311)
      peer.send(
        .connect(
          Connect(
            version: .v311, clientIdentifier: name, cleanStart: false,
            will: Will(topic: "w/\(name)", payload: [1], qos: .exactlyOnce))))
      peer.subscribe("w/+")
      store.commit()
      _ = peer.read()
      peers.append(peer)
    }
    store.fail()
    for peer in peers { peer.publish("w/x", "x", .exactlyOnce) }
    store.recover()
    #expect(peers.allSatisfy { $0.isClosed })
  }

  // MARK: The log, and bounds

  @Test func `an outage is one line at its beginning and one at its end`() {
    let (store, subscriber) = failing()
    store.world.log = []
    store.fail()
    store.fail()
    let publisher = store.passer("p")
    for _ in 0..<3 { publisher.publish("s/1", "x", .atLeastOnce) }
    _ = subscriber.subscribe("a")
    store.world.wait(seconds: 12.5)
    store.recover()
    store.recover()
    #expect(
      store.world.log.filter { $0.level <= .notice }.map(\.description) == [
        "the store failed: disk full, free some space; until it is back, what must outlive a crash "
          + "is refused, QoS 0 and sessions that end with their connection are served",
        "the store is back after 12.5 s; 4 requests were refused",
      ])
  }

  @Test func `a batch that is durable ends an outage`() {
    let (store, _) = failing()
    let publisher = store.passer("p")
    publisher.publish("o", "x", .atLeastOnce)
    store.take()
    store.fail()
    store.finishOne()
    #expect(store.world.hasLogged("the store is back after 0.0 s; 0 requests were refused"))
  }

  @Test func `a broker that stops in an outage gives out its last batch`() {
    let (store, subscriber) = failing()
    store.fail()
    subscriber.cut()
    #expect(store.world.broker.takeRecords() == nil)
    store.world.broker.shutDown(now: store.world.now)
    #expect(store.world.broker.takeRecords() != nil)
  }

  @Test func `what is retained and replaced again and again in an outage does not pile up`() {
    let (store, _) = failing()
    store.fail()
    let publisher = store.passer("p")
    for number in 0..<60_000 {
      publisher.publish("a", number % 3 == 0 ? "" : "\(number)", retain: true)
    }
    store.recover()
    store.take()
    #expect(store.writing.flatMap(\.records).count < 20_000)
    #expect(retained(store) == ["59999"])
    store.finishOne()
    store.crash()
    #expect(retained(store) == ["59999"])
  }

  @Test func `without records there is no outage`() {
    let world = World()
    world.broker.storeFailed("disk full", now: world.now)
    world.settle()
    #expect(!world.hasLogged("the store failed"))
  }
}

extension RecordsStore {
  /// The store fails; what was taken stays owed.
  func fail() {
    world.broker.storeFailed("disk full, free some space", now: world.now)
    world.settle()
  }

  /// It is back, and writes what it owes.
  func recover() {
    while !writing.isEmpty { finishOne() }
    world.broker.storeRecovered(now: world.now)
    world.settle()
  }
}
