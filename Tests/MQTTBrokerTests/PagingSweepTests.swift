// What happens to queues in the store besides being read: clients that come and go while a page is
// under way, sessions that end, expiry, shared groups, pages that cannot be read, and crashes
// between any two steps of all that.

import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

struct PagingSweepTests {
  private func expiry(_ seconds: UInt32) -> [Property] {
    [Property(.messageExpiryInterval, .fourByteInteger(seconds))]
  }

  // MARK: While a page is under way

  @Test func `a client that leaves and returns while a page is under way misses nothing`() {
    let store = pagingStore()
    store.absent("s", "a")
    store.publish("a", 1...20)
    var delivered: [String] = []
    var rounds = 0
    while delivered.count < 20 && rounds < 50 {
      rounds += 1
      let reader = store.client("s")
      for message in reader.unacknowledged() where !message.isDuplicate {
        delivered.append(text(message))
      }
      // What was in flight is sent again under the identifier that it had.
      for identifier in UInt16(1)...40 { reader.answer(.puback, identifier) }
      for message in reader.unacknowledged() { delivered.append(text(message)) }
      store.take()
      reader.cut()
      if rounds % 3 == 0 { store.publish("a", 20 + rounds...20 + rounds) }
    }
    #expect(delivered.prefix(20).elementsEqual(numbers(1...20)))
  }

  @Test func `a session that is taken over while a page is under way is served by that page`() {
    let store = pagingStore(inFlight: 100)
    store.absent("s", "a")
    store.publish("a", 1...9)
    let first = store.world
    let peer = Peer(silent: first)
    peer.send(
      .connect(
        Connect(
          version: .v5, clientIdentifier: "s", cleanStart: false, properties: Properties(lasting))))
    store.take()
    let second = Peer(silent: first)
    second.send(
      .connect(
        Connect(
          version: .v5, clientIdentifier: "s", cleanStart: false, properties: Properties(lasting))))
    #expect(store.messages(of: second).map(text) == numbers(1...9))
  }

  @Test(arguments: 0..<6)
  func `a clean start while a page is under way leaves no old message`(steps: Int) {
    let store = pagingStore()
    store.absent("s", "a")
    store.publish("a", 1...9)
    let peer = Peer(silent: store.world)
    peer.send(
      .connect(
        Connect(
          version: .v5, clientIdentifier: "s", cleanStart: false, properties: Properties(lasting))))
    for _ in 0..<steps { if store.writing.isEmpty { store.take() } else { store.finishOne() } }
    let clean = store.client("s", cleanStart: true)
    clean.subscribe("a")
    store.publish("a", 10...15)
    #expect(store.messages(of: clean).map(text) == numbers(10...15))
    #expect(store.holdsNoMessage)
  }

  @Test func `a page that cannot be read is asked for again`() {
    let store = pagingStore()
    store.absent("s", "a")
    store.publish("a", 1...9)
    let reader = store.client("s")
    store.isUnreadable = true
    #expect(store.messages(of: reader).map(text) == numbers(1...3))
    store.world.wait(seconds: 1)
    store.commit()
    store.isUnreadable = false
    store.world.wait(seconds: 1)
    #expect(store.messages(of: reader).map(text) == numbers(4...9))
  }

  @Test func `a session that ends with its connection now is still served to the end`() {
    let store = pagingStore()
    store.absent("s", "a")
    store.publish("a", 1...9)
    let reader = store.client("s", [])
    #expect(store.messages(of: reader).map(text) == numbers(1...9))
    reader.cut()
    store.commit()
    #expect(store.holdsNoMessage)
    store.crash()
    guard case .connack(let connack) = store.client("s").read().first else {
      Issue.record("no CONNACK")
      return
    }
    #expect(!connack.isSessionPresent)
  }

  @Test func `a crash ends a session that was to end with its connection`() {
    let store = pagingStore()
    store.absent("s", "a")
    store.publish("a", 1...9)
    _ = store.client("s", [])
    store.crash()
    store.commit()
    #expect(store.holdsNoMessage)
    guard case .connack(let connack) = store.client("s").read().first else {
      Issue.record("no CONNACK")
      return
    }
    #expect(!connack.isSessionPresent)
  }

  // MARK: The end of a session

  @Test func `a session that expires takes its tail with it, in slices`() {
    let store = pagingStore(window: 100, inFlight: 100)
    store.absent("s", "a")
    store.publish("a", 1...1400)
    let before = store.committed.count
    store.world.wait(seconds: 101)
    store.commit()
    #expect(store.holdsNoMessage)
    let slices = store.committed.dropFirst(before).map(\.records.count)
    #expect(slices.allSatisfy { $0 <= 1002 })
    #expect(slices.count >= 3)
    #expect(store.world.broker.wantsPage == false)
  }

  @Test(arguments: 0..<12)
  func `a crash in the middle of a removal leaves what the next start removes`(steps: Int) {
    let store = pagingStore(window: 100, inFlight: 100)
    store.absent("s", "a")
    store.absent("other", "a")
    store.publish("a", 1...1200)
    _ = store.client("s", cleanStart: true)
    for _ in 0..<steps { if store.writing.isEmpty { store.take() } else { store.finishOne() } }
    store.crash()
    let again = store.client("s")
    #expect(store.messages(of: again).isEmpty)
    #expect(store.messages(of: store.client("other")).map(text) == numbers(1...1200))
    #expect(store.holdsNoMessage)
  }

  @Test func `many sessions that end at once are removed one after the other`() {
    let store = pagingStore()
    for name in 1...20 { store.absent("\(name)", "a") }
    store.publish("a", 1...50)
    store.world.wait(seconds: 101)
    store.commit()
    #expect(store.holdsNoMessage)
  }

  @Test func `sessions with long queues that expire at once do not go in one tick`() {
    let store = pagingStore(window: 1000)
    for name in 1...8 { store.absent("\(name)", "a") }
    store.publish("a", 1...1000)
    store.world.wait(seconds: 101)
    let left = store.world.status("clients/total").flatMap { Int($0) } ?? 0
    #expect((2...8).contains(left))
    // Nobody meets a session whose time is over.
    for name in 1...8 {
      guard case .connack(let connack) = store.client("\(name)").read().first else { continue }
      #expect(!connack.isSessionPresent)
    }
    store.world.wait(seconds: 0.01)
    store.commit()
    #expect(store.holdsNoMessage)
  }

  // MARK: Expiry

  @Test func `a message that expired in the tail is not delivered [MQTT-3.3.2-5]`() {
    let store = pagingStore()
    store.absent("s", "a")
    store.publish("a", 1...5)
    store.publish("a", 6...9, .atLeastOnce, expiry(5))
    store.publish("a", 10...12)
    store.world.wait(seconds: 6)
    #expect(store.messages(of: store.client("s")).map(text) == numbers(1...5) + numbers(10...12))
    #expect(store.holdsNoMessage)
  }

  @Test(arguments: [false, true])
  func `expired messages go in the background, and nothing else`(restarts: Bool) {
    let store = pagingStore { $0.queueMessageLimit = 20 }
    store.absent("s", "a")
    store.publish("a", 1...1, .atLeastOnce, expiry(5))
    store.publish("a", 2...5)
    store.publish("a", 6...15, .atLeastOnce, expiry(5))
    store.publish("a", 16...18, .atLeastOnce, expiry(80))
    if restarts { store.crash() }
    store.world.wait(seconds: 40)
    store.commit()
    #expect(store.world.status("limits/dropped/expired") == "11")
    // There is room again.
    store.publish("a", 19...22)
    store.world.wait(seconds: 55)
    store.commit()
    #expect(store.messages(of: store.client("s")).map(text) == numbers(2...5) + numbers(19...22))
    #expect(store.holdsNoMessage)
  }

  @Test func `a queue in which everything has expired leaves nothing behind`() {
    let store = pagingStore()
    store.absent("s", "a")
    store.publish("a", 1...9, .atLeastOnce, expiry(5))
    store.world.wait(seconds: 40)
    store.commit()
    #expect(store.holdsNoMessage)
    store.publish("a", 10...14)
    #expect(store.messages(of: store.client("s")).map(text) == numbers(10...14))
  }

  @Test func `a client that returns during the search for expired messages gets all others`() {
    for steps in 0..<5 {
      let store = pagingStore(window: 100, inFlight: 100)
      store.absent("s", "a")
      store.publish("a", 1...700)
      store.publish("a", 701...705, .atLeastOnce, expiry(5))
      store.publish("a", 706...709)
      store.world.wait(seconds: 40)
      for _ in 0..<steps { if store.writing.isEmpty { store.take() } else { store.finishOne() } }
      let messages = store.messages(of: store.client("s")).map(text)
      #expect(messages == numbers(1...700) + numbers(706...709))
      #expect(store.holdsNoMessage)
    }
  }

  // MARK: Shared groups

  @Test func `what waits in a tail goes to another member when a member leaves`() {
    let store = pagingStore()
    let one = store.client("one")
    one.subscribe("$share/g/a", .atLeastOnce)
    one.subscribe("b", .atLeastOnce)
    store.commit()
    _ = one.read()
    store.publish("a", 1...6)
    store.publish("b", 7...9)
    let two = store.client("two")
    two.subscribe("$share/g/a", .atLeastOnce)
    store.commit()
    one.cut()
    #expect(store.messages(of: two).map(text) == numbers(1...6))
    store.crash()
    #expect(store.messages(of: store.client("one")).map(text) == numbers(7...9))
    #expect(store.messages(of: store.client("two")).isEmpty)
    #expect(store.holdsNoMessage)
  }

  @Test(arguments: [false, true])
  func `what waits in a tail goes to another member when a session ends`(crashes: Bool) {
    let store = pagingStore()
    store.absent("one", "$share/g/a", .atLeastOnce)
    store.publish("a", 1...6)
    store.absent("two", "$share/g/a", .atLeastOnce)
    _ = store.client("one", cleanStart: true)
    if crashes { store.crash() }
    store.commit()
    #expect(Set(store.messages(of: store.client("two")).map(text)) == Set(numbers(1...6)))
    #expect(store.holdsNoMessage)
  }

  @Test func `a session's tail is its own when the group has no other member`() {
    let store = pagingStore()
    store.absent("one", "$share/g/a", .atLeastOnce)
    store.publish("a", 1...6)
    store.client("one").cut()
    #expect(store.messages(of: store.client("one")).map(text) == numbers(1...6))
  }

  // MARK: Damage

  @Test func `messages that the store has lost are counted and do not hold up the others`() {
    let store = pagingStore()
    store.absent("s", "a")
    store.publish("a", 1...9)
    store.lose { record in
      if case .store(let message) = record { [4, 5].contains(message.number) } else { false }
    }
    #expect(store.messages(of: store.client("s")).count == 7)
    #expect(store.world.logCount("messages of its queue are not in the store any more") > 0)
  }

  @Test func `entries that the store has lost are not waited for`() {
    let store = pagingStore()
    store.absent("s", "a")
    store.publish("a", 1...9)
    store.lose { record in
      if case .enqueue(let entry) = record { entry.position > 5 } else { false }
    }
    let reader = store.client("s")
    #expect(store.messages(of: reader).map(text) == numbers(1...5))
    store.publish("a", 10...15)
    #expect(store.messages(of: reader).map(text) == numbers(10...15))
  }
}
