// What must be on disk before what is sent: each row of the promise, and that nothing else waits.

import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

struct RecordsHoldTests {
  @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
  func `the answer to a PUBLISH for a lasting session waits for its batch`(qos: QoS) {
    let store = RecordsStore()
    store.absent("s", "a")
    let publisher = store.passer("p")
    publisher.publish("a", "x", qos)
    #expect(publisher.read().isEmpty)
    store.take()
    #expect(publisher.read().isEmpty)
    store.finishOne()
    #expect(types(publisher.read()) == [qos == .atLeastOnce ? .puback : .pubrec])
  }

  @Test func `the answer to a retained PUBLISH, and to its removal, waits for its batch`() {
    let store = RecordsStore()
    let publisher = store.passer("p")
    publisher.publish("a", "x", .atLeastOnce, retain: true)
    #expect(publisher.read().isEmpty)
    store.commit()
    #expect(types(publisher.read()) == [.puback])
    publisher.publish("a", "", .atLeastOnce, retain: true)
    #expect(publisher.read().isEmpty)
    store.commit()
    #expect(types(publisher.read()) == [.puback])
  }

  @Test func `PUBREC and PUBCOMP to a lasting publisher wait for its packet identifier`() {
    let store = RecordsStore()
    let publisher = store.client("p")
    _ = publisher.read()
    publisher.publish("nobody", "x", .exactlyOnce, identifier: 7)
    #expect(publisher.read().isEmpty)
    store.commit()
    #expect(types(publisher.read()) == [.pubrec])
    publisher.pubrel(7)
    #expect(publisher.read().isEmpty)
    store.commit()
    #expect(types(publisher.read()) == [.pubcomp])
  }

  @Test func `a QoS 2 PUBLISH to a lasting subscriber waits for its packet identifier`() {
    let store = RecordsStore()
    let subscriber = store.client("s")
    subscriber.subscribe("a")
    store.commit()
    _ = subscriber.read()
    store.passer("p").publish("a", "x", .exactlyOnce)
    #expect(subscriber.read().isEmpty)
    store.commit()
    #expect(types(subscriber.read()) == [.publish])
  }

  @Test func `a QoS 1 PUBLISH to a lasting subscriber waits for nothing`() {
    let store = RecordsStore()
    let subscriber = store.client("s")
    subscriber.subscribe("a")
    store.commit()
    _ = subscriber.read()
    store.passer("p").publish("a", "x", .atLeastOnce)
    #expect(types(subscriber.read()) == [.publish])
  }

  @Test func `PUBREL to a lasting subscriber waits for its stage`() {
    let store = RecordsStore()
    let subscriber = store.client("s")
    subscriber.subscribe("a")
    store.passer("p").publish("a", "x", .exactlyOnce)
    store.commit()
    _ = subscriber.read()
    subscriber.send(.pubrec(Acknowledgement(packetIdentifier: id(1))))
    #expect(subscriber.read().isEmpty)
    store.commit()
    #expect(types(subscriber.read()) == [.pubrel])
  }

  @Test func `CONNACK, SUBACK and UNSUBACK of a lasting session wait, in their order`() {
    let store = RecordsStore()
    let peer = Peer(silent: store.world)
    peer.send(
      .connect(
        Connect(
          version: .v5, clientIdentifier: "s", cleanStart: false,
          properties: Properties(lasting))))
    #expect(peer.read().isEmpty)
    peer.subscribe("a")
    store.take()
    peer.send(.unsubscribe(Unsubscribe(packetIdentifier: id(2), filters: ["a"])))
    store.take()
    #expect(peer.read().isEmpty)
    store.finishOne()
    #expect(types(peer.read()) == [.connack, .suback])
    store.finishOne()
    #expect(types(peer.read()) == [.unsuback])
  }

  @Test func `nothing comes before a CONNACK that waits [MQTT-3.2.0-1]`() {
    let store = RecordsStore()
    store.absent("s", "a")
    let peer = Peer(silent: store.world)
    peer.send(
      .connect(
        Connect(
          version: .v5, clientIdentifier: "s", cleanStart: false,
          properties: Properties(lasting))))
    store.passer("p").publish("a", "x")
    #expect(peer.read().isEmpty)
    store.commit()
    #expect(types(peer.read()) == [.connack, .publish])
  }

  @Test func `CONNACK of a clean start waits until the old session is gone`() {
    let store = RecordsStore()
    store.absent("s", "a")
    let peer = Peer(silent: store.world)
    peer.send(.connect(Connect(version: .v5, clientIdentifier: "s", cleanStart: true)))
    #expect(peer.read().isEmpty)
    store.commit()
    #expect(types(peer.read()) == [.connack])
  }

  @Test(arguments: QoS.allCases)
  func `sessions that end with their connection need no store`(qos: QoS) {
    let store = RecordsStore()
    let subscriber = store.passer("s")
    #expect(subscriber.subscribe("a") == [.grantedQoS2])
    let publisher = store.passer("p")
    publisher.publish("a", "x", qos)
    #expect(publisher.read().count == (qos == .atMostOnce ? 0 : 1))
    if qos == .exactlyOnce {
      publisher.pubrel(1)
      #expect(types(publisher.read()) == [.pubcomp])
    }
    #expect(subscriber.messages().map(text) == ["x"])
    subscriber.cut()
    publisher.cut()
    #expect(store.world.broker.takeRecords() == nil)
  }

  @Test func `QoS 0 for a lasting session needs no store`() {
    let store = RecordsStore { $0.queuesQoS0 = true }
    store.absent("s", "a")
    store.passer("p").publish("a", "x")
    #expect(store.world.broker.takeRecords() == nil)
  }

  @Test func `without records nothing is recorded and nothing waits`() {
    let store = RecordsStore { $0.keepsRecords = false }
    let peer = store.client("s")
    peer.subscribe("a")
    peer.publish("a", "x", .exactlyOnce, retain: true)
    #expect(types(peer.read()) == [.publish, .pubrec])
    #expect(store.world.broker.takeRecords() == nil)
  }

  @Test func `acknowledgements of one connection never overtake each other [MQTT-4.6.0-2]`() {
    let store = RecordsStore()
    store.absent("s", "a")
    let publisher = store.passer("p")
    publisher.publish("a", "x", .atLeastOnce, identifier: 1)
    publisher.publish("nobody", "x", .atLeastOnce, identifier: 2)
    publisher.publish("a", "x", .exactlyOnce, identifier: 3)
    store.take()
    publisher.publish("nobody", "x", .atLeastOnce, identifier: 4)
    publisher.publish("a", "x", .atLeastOnce, identifier: 5)
    store.take()
    #expect(publisher.read().isEmpty)
    store.finishOne()
    // 4 needs nothing itself, so it goes right behind 3.
    #expect(identifiers(publisher.read()) == [1, 2, 3, 4])
    store.finishOne()
    #expect(identifiers(publisher.read()) == [5])
  }

  @Test func `an acknowledgement that needs no store does not wait for another client's`() {
    let store = RecordsStore()
    store.absent("s", "a")
    let waiting = store.passer("w")
    waiting.publish("a", "x", .atLeastOnce)
    let other = store.passer("o")
    other.publish("nobody", "x", .atLeastOnce)
    #expect(types(other.read()) == [.puback])
    #expect(waiting.read().isEmpty)
  }

  @Test func `a QoS 1 message that is acknowledged before its batch is taken is never written`() {
    let store = RecordsStore()
    let subscriber = store.client("s")
    subscriber.subscribe("a")
    store.commit()
    _ = subscriber.read()
    let publisher = store.passer("p")
    publisher.publish("a", "x", .atLeastOnce)
    #expect(subscriber.messages().map(text) == ["x"])
    #expect(store.world.broker.takeRecords() == nil)
    #expect(types(publisher.read()) == [.puback])
  }

  @Test func `what waits for a batch that came to nothing still waits for the one before`() {
    let store = RecordsStore()
    store.absent("t", "t")
    let subscriber = store.client("s")
    subscriber.subscribe("a")
    store.commit()
    _ = subscriber.read()
    let publisher = store.passer("p")
    publisher.publish("t", "x", .atLeastOnce, identifier: 1)
    store.take()
    publisher.publish("a", "x", .atLeastOnce, identifier: 2)
    _ = subscriber.messages()
    #expect(!store.take())
    #expect(publisher.read().isEmpty)
    store.finishOne()
    #expect(identifiers(publisher.read()) == [1, 2])
  }

  @Test func `a message that is retained is written although its subscriber has it`() {
    let store = RecordsStore()
    let subscriber = store.client("s")
    subscriber.subscribe("a")
    store.commit()
    _ = subscriber.read()
    store.passer("p").publish("a", "x", .atLeastOnce, retain: true)
    _ = subscriber.messages()
    store.take()
    let kinds = store.writing.flatMap(\.records)
    #expect(kinds.count == 2)
    guard case .store(let message) = kinds.first, case .retain(_, let number, _) = kinds.last else {
      Issue.record("not store and retain: \(kinds)")
      return
    }
    #expect(number == message.number)
  }

  @Test func `a message is written once for all who wait for it`() {
    let store = RecordsStore()
    for name in ["1", "2", "3"] { store.absent(name, "a") }
    store.passer("p").publish("a", "x", .atLeastOnce)
    store.take()
    let kinds = store.writing.flatMap(\.records)
    #expect(kinds.count == 4)
    #expect(kinds.filter { if case .store = $0 { true } else { false } }.count == 1)
  }

  @Test func `a connection is closed after what it waits for has gone out`() {
    let store = RecordsStore()
    store.absent("s", "a")
    let publisher = store.passer("p")
    publisher.publish("a", "x", .atLeastOnce)
    publisher.send(.disconnect(Disconnect()))
    #expect(!publisher.isClosed)
    store.commit()
    #expect(publisher.isClosed)
    #expect(types(publisher.read()) == [.puback])
  }

  @Test func `a connection that fails while its answer waits leaves nothing behind`() {
    let store = RecordsStore()
    store.absent("s", "a")
    let publisher = store.passer("p")
    publisher.publish("a", "x", .atLeastOnce)
    publisher.cut()
    let next = Peer(silent: store.world)
    store.commit()
    #expect(next.read().isEmpty)
  }
}

struct RecordsHandOverTests {
  @Test func `what outlives a crash is not handed to a group's member that does not`() {
    let store = RecordsStore()
    let member = store.client("s")
    member.subscribe("$share/g/a", .atLeastOnce)
    store.commit()
    _ = member.read()
    let publisher = store.passer("p")
    publisher.publish("a", "x", .atLeastOnce)
    store.commit()
    #expect(types(publisher.read()) == [.puback])
    let passer = store.passer("c")
    passer.subscribe("$share/g/a", .atLeastOnce)
    member.cut()
    store.commit()
    #expect(passer.messages().isEmpty)
    store.crash()
    #expect(store.messages(of: store.client("s")).map(text) == ["x"])
  }

  @Test func `what a group's member leaves goes to another one that outlives a crash too`() {
    let store = RecordsStore()
    let first = store.client("1")
    first.subscribe("$share/g/a", .atLeastOnce)
    store.commit()
    _ = first.read()
    store.passer("p").publish("a", "x", .atLeastOnce)
    let passer = store.passer("c")
    passer.subscribe("$share/g/a", .atLeastOnce)
    let second = store.client("2")
    second.subscribe("$share/g/a", .atLeastOnce)
    store.commit()
    first.cut()
    #expect(passer.messages().isEmpty)
    #expect(store.messages(of: second).map(text) == ["x"])
  }
}

private func identifiers(_ packets: [Packet]) -> [UInt16] {
  packets.compactMap {
    switch $0 {
    case .puback(let ack), .pubrec(let ack), .pubrel(let ack), .pubcomp(let ack):
      ack.packetIdentifier.rawValue
    case .connect, .connack, .publish, .subscribe, .suback, .unsubscribe, .unsuback, .pingreq,
      .pingresp, .disconnect, .auth:
      nil
    }
  }
}
