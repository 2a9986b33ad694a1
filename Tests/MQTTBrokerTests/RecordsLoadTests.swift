// Sessions, subscriptions, wills, expiry and groups over a crash, and what is made of a store that
// is not whole.

import Basis
import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

struct RecordsLoadTests {
  @Test func `an acknowledged subscription survives with its options, a removed one does not`() {
    let store = RecordsStore()
    let peer = store.client("s")
    peer.subscribe("a/+", .atLeastOnce, retainAsPublished: true, identifier: 9)
    peer.subscribe("b")
    peer.send(.unsubscribe(Unsubscribe(packetIdentifier: id(2), filters: ["b"])))
    store.commit()
    store.crash()
    let again = store.client("s")
    let publisher = store.passer("p")
    publisher.publish("b", "no", .atLeastOnce, identifier: 1)
    publisher.publish("a/x", "yes", .exactlyOnce, retain: true, identifier: 2)
    let messages = store.messages(of: again)
    #expect(messages.map(text) == ["yes"])
    #expect(messages.first?.qos == .atLeastOnce)
    #expect(messages.first?.isRetained == true)
    #expect(messages.first?.properties.number(.subscriptionIdentifier) == 9)
  }

  @Test func `a retained message survives at QoS 0 too, and a removed one does not`() {
    let store = RecordsStore()
    let publisher = store.passer("p")
    publisher.publish("a", "old", retain: true)
    publisher.publish("a", "new", retain: true)
    publisher.publish("b", "gone", retain: true)
    store.commit()
    publisher.publish("b", "", retain: true)
    store.commit()
    store.crash()
    let reader = store.passer("r")
    reader.subscribe("#")
    #expect(reader.pending.count == 1)
    guard case .publish(let publish) = reader.pending.first else { return }
    #expect(text(publish) == "new")
    #expect(publish.isRetained)
  }

  @Test func `what the server says of itself under $SYS is not recorded`() {
    let store = RecordsStore()
    store.passer("s").subscribe("$SYS/#")
    #expect(store.world.broker.takeRecords() == nil)
  }

  private func will(delaySeconds: UInt32) -> Will {
    Will(
      topic: "w", payload: Array("bye".utf8), qos: .atLeastOnce,
      properties: Properties([Property(.willDelayInterval, .fourByteInteger(delaySeconds))]))
  }

  @Test func `the will of a connection that the crash cut is published after its delay`() {
    let store = RecordsStore()
    _ = store.client("c", will: will(delaySeconds: 10))
    store.crash(seconds: 1000)
    let watcher = store.passer("w")
    watcher.subscribe("w")
    store.world.wait(seconds: 9)
    #expect(watcher.messages().isEmpty)
    store.world.wait(seconds: 1)
    #expect(watcher.messages().map(text) == ["bye"])
  }

  @Test func `a will that was published before the crash is not published again`() {
    let store = RecordsStore()
    _ = store.client("c", will: will(delaySeconds: 10))
    store.crash()
    store.world.wait(seconds: 10)
    store.absent("s", "w")
    store.crash(seconds: 50)
    #expect(store.messages(of: store.client("s")).isEmpty)
  }

  @Test func `a will whose delay began before the crash is published when it was due`() {
    let store = RecordsStore()
    let client = store.client("c", will: will(delaySeconds: 30))
    client.cut()
    store.commit()
    store.crash(seconds: 20)
    let watcher = store.passer("w")
    watcher.subscribe("w")
    store.world.wait(seconds: 9)
    #expect(watcher.messages().isEmpty)
    store.world.wait(seconds: 1)
    #expect(watcher.messages().map(text) == ["bye"])
  }

  @Test func `two crashes in a row do not begin the delay anew`() {
    let store = RecordsStore()
    _ = store.client("c", will: will(delaySeconds: 30))
    store.crash()
    store.commit()
    store.crash(seconds: 20)
    let watcher = store.passer("w")
    watcher.subscribe("w")
    store.world.wait(seconds: 10)
    #expect(watcher.messages().map(text) == ["bye"])
  }

  @Test func `a will without delay reaches a lasting session that is not back yet`() {
    let store = RecordsStore()
    store.absent("s", "w")
    _ = store.client("c", will: will(delaySeconds: 0))
    store.crash()
    #expect(store.messages(of: store.client("s")).map(text) == ["bye"])
  }

  @Test func `no will is published after an orderly end, nor when the client is back in time`() {
    let store = RecordsStore()
    store.client("o", will: will(delaySeconds: 10)).send(.disconnect(Disconnect()))
    _ = store.client("b", will: will(delaySeconds: 10))
    store.commit()
    store.crash()
    _ = store.client("b")
    let watcher = store.passer("w")
    watcher.subscribe("w")
    store.world.wait(seconds: 50)
    #expect(watcher.messages().isEmpty)
  }

  @Test(arguments: [(89, true), (101, false)])
  func `a session's expiry goes on while the engine is away`(seconds: Int, isThere: Bool) {
    let store = RecordsStore()
    store.absent("s", "a")
    store.crash(seconds: seconds)
    let peer = store.client("s")
    guard case .connack(let connack) = peer.read().first else {
      Issue.record("no CONNACK")
      return
    }
    #expect(connack.isSessionPresent == isThere)
  }

  @Test func `a message's expiry goes on while the engine is away [MQTT-3.3.2-6]`() {
    let store = RecordsStore()
    store.absent("s", "a")
    let publisher = store.passer("p")
    for (number, seconds) in [UInt32(20), 80].enumerated() {
      publisher.publish(
        "a", "\(seconds)", .atLeastOnce, identifier: UInt16(number + 1),
        [Property(.messageExpiryInterval, .fourByteInteger(seconds))])
    }
    store.commit()
    store.crash(seconds: 30)
    let messages = store.messages(of: store.client("s"))
    #expect(messages.map(text) == ["80"])
    #expect(messages.first?.properties.number(.messageExpiryInterval) == 50)
  }

  @Test func `the properties of a message survive`() {
    let store = RecordsStore()
    store.absent("s", "a")
    let properties = [
      Property(.contentType, .string("text")), Property(.userProperty, .stringPair("k", "v")),
    ]
    store.passer("p").publish("a", "x", .atLeastOnce, properties)
    store.commit()
    store.crash()
    let messages = store.messages(of: store.client("s"))
    #expect(messages.first?.properties == Properties(properties))
  }

  @Test func `a clean start and an expiry of zero leave nothing to a crash`() {
    for properties in [lasting, []] {
      let store = RecordsStore()
      store.absent("s", "a")
      store.passer("p").publish("a", "x", .atLeastOnce)
      store.commit()
      _ = store.client("s", cleanStart: !properties.isEmpty, properties)
      store.crash()
      let packets = store.client("s").read()
      guard case .connack(let connack) = packets.first else {
        Issue.record("no CONNACK")
        return
      }
      #expect(connack.isSessionPresent == !properties.isEmpty)
      #expect(packets.count == 1)
    }
  }

  @Test func `a group's message goes to another member when its session ends after a crash`() {
    let store = RecordsStore()
    store.absent("one", "$share/g/a", .atLeastOnce)
    store.passer("p").publish("a", "x", .atLeastOnce)
    let two = store.client("two")
    two.subscribe("$share/g/a", .atLeastOnce)
    store.commit()
    store.crash()
    let again = store.client("two")
    #expect(store.messages(of: again).isEmpty)
    _ = store.client("one", cleanStart: true)
    #expect(store.messages(of: again).map(text) == ["x"])
  }

  @Test func `a group's message that was handed over stays handed over`() {
    let store = RecordsStore()
    let one = store.client("one")
    one.subscribe("$share/g/a", .atLeastOnce)
    store.commit()
    _ = one.read()
    store.passer("p").publish("a", "x", .atLeastOnce)
    #expect(one.read().count == 1)
    let two = store.client("two")
    two.subscribe("$share/g/a", .atLeastOnce)
    one.cut()
    store.commit()
    store.crash()
    #expect(store.messages(of: store.client("one")).isEmpty)
    #expect(store.messages(of: store.client("two")).map(text) == ["x"])
  }

  @Test func `a server that stops in order loses nothing and publishes no will`() {
    let store = RecordsStore()
    let peer = store.client("s", will: will(delaySeconds: 60))
    peer.subscribe("a")
    store.passer("p").publish("a", "x", .exactlyOnce)
    store.world.broker.shutDown(now: store.world.now)
    store.commit()
    #expect(peer.isClosed)
    store.crash(seconds: 10)
    let again = store.client("s")
    #expect(store.messages(of: again).map(text) == ["x"])
  }

  @Test func `loading what was loaded changes nothing`() {
    let store = RecordsStore()
    store.absent("s", "a")
    store.passer("p").publish("a", "x", .exactlyOnce, retain: true)
    store.commit()
    store.crash()
    #expect(store.world.broker.takeRecords() == nil)
    store.crash()
    #expect(store.messages(of: store.client("s")).map(text) == ["x"])
  }

  @Test func `what was loaded is ended in the records when it is acknowledged`() {
    let store = RecordsStore()
    store.absent("other", "b")
    store.absent("s", "a")
    store.passer("p").publish("a", "x", .atLeastOnce)
    store.commit()
    let entries = store.committed.flatMap(\.records).compactMap { record in
      if case .enqueue(let entry) = record { entry } else { nil }
    }
    store.crash()
    let before = store.committed.count
    #expect(store.messages(of: store.client("s")).map(text) == ["x"])
    let ended = store.committed.dropFirst(before).flatMap(\.records)
    for entry in entries {
      #expect(ended.contains(.complete(entry.session, position: entry.position, identifier: 0)))
      #expect(ended.contains(.drop(entry.message)))
    }
    #expect(entries.count == 1)
  }

  @Test(arguments: [(0, 0), (0.9, 0.9), (0.1, 0.9), (0.9, 0.1)])
  func `an expiry never grows over a restart, whenever in a second that is [MQTT-3.3.2-6]`(
    first: Double, second: Double
  ) {
    for seconds: UInt32 in [1, 60] {
      let configuration = RecordsStore().world.broker.configuration
      var now = Instant(nanoseconds: 5)
      func engine(_ part: Double) -> Broker {
        Broker(
          configuration, randomSeed: 1, now: now, wallClockSeconds: 1_700_000_000,
          wallClockNanoseconds: Int64(part * 1e9))
      }
      var before = engine(first)
      before.load([Record](), now: now)
      let connection = before.open(reactor: 0, listener: 0, peer: "p", now: now)
      guard let connection else { return }
      var bytes = ByteBuffer()
      Packet.connect(Connect(version: .v5, clientIdentifier: "p"))
        .encode(into: &bytes, version: .v5)
      Packet.publish(
        Publish(
          topic: "t", payload: [1], isRetained: true,
          properties: Properties([
            Property(.messageExpiryInterval, .fourByteInteger(seconds))
          ]))
      ).encode(into: &bytes, version: .v5)
      let sent = bytes.bytes
      before.receive(sent.span, on: connection, now: now)
      let records = before.takeRecords()?.records ?? []
      // The second engine starts as much later as its clock says.
      now = now.advanced(byNanoseconds: Int64(max(0, second - first) * 1e9))
      var after = engine(second)
      after.load(records, now: now)
      let world = World()
      world.now = now
      world.broker = after
      let reader = Peer(world, "r")
      reader.subscribe("t")
      let left = reader.pending.compactMap(publication).map {
        $0.properties.number(.messageExpiryInterval) ?? 0
      }
      #expect(left.allSatisfy { $0 <= seconds && $0 + 1 >= seconds })
      #expect(left.count == 1 || seconds == 1)
    }
  }

  @Test func `what has lost its message or its session is left out, counted and forgotten`() {
    let store = RecordsStore()
    store.absent("s", "a")
    store.passer("p").publish("a", "x", .atLeastOnce, retain: true)
    store.commit()
    let whole = store.committed.flatMap(\.records)
    let damaged = whole.filter { if case .store = $0 { false } else { true } }
    var broker = Broker(
      store.world.broker.configuration, randomSeed: 9, now: store.world.now,
      wallClockSeconds: 1_700_000_000)
    let loaded = broker.load(damaged, now: store.world.now)
    #expect(loaded.sessions == 1)
    #expect(loaded.subscriptions == 1)
    #expect(loaded.orphans == 2)
    let repairs = broker.takeRecords()?.records ?? []
    var again = Broker(
      store.world.broker.configuration, randomSeed: 9, now: store.world.now,
      wallClockSeconds: 1_700_000_000)
    #expect(again.load(damaged + repairs, now: store.world.now).orphans == 0)
    #expect(
      broker.takeLog().contains { $0.description.contains("2 entries without use are left out") })
  }
}
