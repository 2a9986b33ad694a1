// Queues that are longer than their window: what is only in the store comes back in order, once, and
// counts like everything else.

import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

/// A store and an engine that keeps `window` messages of each queue in memory.
func pagingStore(
  window: Int = 2, inFlight: UInt16 = 1, _ change: (inout BrokerConfiguration) -> Void = { _ in }
) -> RecordsStore {
  RecordsStore {
    $0.queueWindowMessageLimit = window
    $0.inFlightLimit = inFlight
    change(&$0)
  }
}

extension RecordsStore {
  /// Publishes messages with the numbers in `range` as payload.
  func publish(
    _ topic: String, _ range: ClosedRange<Int>, _ qos: QoS = .atLeastOnce,
    _ properties: [Property] = []
  ) {
    let publisher = passer("publisher")
    for number in range {
      publisher.publish(topic, "\(number)", qos, identifier: UInt16(number), properties)
    }
    commit()
    publisher.send(.disconnect(Disconnect()))
  }

  var messagesInMemory: Int { world.broker.messagesInMemory }

  /// Whether nothing of any message is left on disk.
  var holdsNoMessage: Bool {
    var stored: Set<UInt64> = []
    var places: Set<UInt64> = []
    for record in committed.flatMap(\.records) {
      if case .store(let message) = record { stored.insert(message.number) }
      if case .drop(let message) = record { stored.remove(message) }
      if case .enqueue(let entry) = record { places.insert(entry.position) }
      if case .complete(_, let position, _) = record { places.remove(position) }
    }
    return stored.isEmpty && places.isEmpty
  }
}

func numbers(_ range: ClosedRange<Int>) -> [String] { range.map { "\($0)" } }

struct PagingTests {
  @Test(arguments: [QoS.atLeastOnce, .exactlyOnce], [false, true])
  func `a queue longer than its window arrives whole and in order [MQTT-4.6.0-6]`(
    qos: QoS, restarts: Bool
  ) {
    let store = pagingStore()
    store.absent("s", "a")
    store.publish("a", 1...30, qos)
    if restarts { store.crash() }
    #expect(store.messages(of: store.client("s")).map(text) == numbers(1...30))
    #expect(store.holdsNoMessage)
  }

  @Test func `nothing beyond the window is kept in memory`() {
    let store = pagingStore(window: 3)
    store.absent("s", "a")
    store.publish("a", 1...30)
    #expect(store.messagesInMemory == 3)
    store.crash()
    #expect(store.messagesInMemory == 3)
  }

  @Test func `what is published while a tail exists comes behind it`() {
    let store = pagingStore()
    store.absent("s", "a")
    store.publish("a", 1...6)
    let reader = store.client("s")
    // One is in flight, and the window has room again: the rest is on disk or on its way.
    #expect(reader.read().compactMap(publication).map(text) == ["1"])
    reader.answer(.puback, 1)
    store.publish("a", 7...9)
    var messages = reader.unacknowledged()
    for message in messages { reader.answer(.puback, message.packetIdentifier?.rawValue ?? 0) }
    messages += store.messages(of: reader)
    #expect(messages.map(text) == numbers(2...9))
  }

  @Test func `messages at QoS 0 wait in memory and are not lost behind a tail`() {
    let store = pagingStore { $0.queuesQoS0 = true }
    store.absent("s", "a")
    store.publish("a", 1...5)
    store.publish("a", 6...8, .atMostOnce)
    let messages = store.messages(of: store.client("s"))
    #expect(messages.filter { $0.qos == .atLeastOnce }.map(text) == numbers(1...5))
    #expect(messages.filter { $0.qos == .atMostOnce }.map(text) == numbers(6...8))
  }

  @Test(arguments: [false, true])
  func `max-queued-messages counts what is in the store`(restarts: Bool) {
    let store = pagingStore { $0.queueMessageLimit = 10 }
    store.absent("s", "a")
    store.publish("a", 1...9)
    if restarts { store.crash() }
    store.publish("a", 10...20)
    #expect(store.world.hasLogged("its queue is full (10 messages, 21 bytes"))
    #expect(store.messages(of: store.client("s")).map(text) == numbers(1...10))
  }

  @Test(arguments: [false, true])
  func `max-queued-bytes counts what is in the store`(restarts: Bool) {
    let store = pagingStore { $0.queueByteLimit = 11 }
    store.absent("s", "a")
    store.publish("a", 1...4)
    if restarts { store.crash() }
    store.publish("a", 5...9)
    #expect(store.messages(of: store.client("s")).map(text) == numbers(1...5))
  }

  @Test func `a window is bounded in bytes too, and takes at least one message`() {
    let store = pagingStore(window: 100) { $0.queueWindowByteLimit = 1 }
    store.absent("s", "a")
    store.publish("a", 1...9)
    #expect(store.messagesInMemory == 1)
    #expect(store.messages(of: store.client("s")).map(text) == numbers(1...9))
  }

  @Test func `subscription identifiers, properties and RETAIN come back from the store`() {
    let store = pagingStore()
    let peer = store.client("s")
    peer.subscribe("a", .exactlyOnce, retainAsPublished: true, identifier: 5)
    peer.subscribe("+", .exactlyOnce, retainAsPublished: true, identifier: 7)
    peer.cut()
    store.commit()
    store.publish("a", 1...4)
    store.passer("p").publish(
      "a", "last", .exactlyOnce, retain: true,
      [Property(.contentType, .string("text"))])
    store.commit()
    let last = store.messages(of: store.client("s")).last
    #expect(last.map(text) == "last")
    #expect(last?.qos == .exactlyOnce)
    #expect(last?.isRetained == true)
    #expect(last?.properties.string(.contentType) == "text")
    let identifiers = last?.properties.list.filter { $0.identifier == .subscriptionIdentifier }
    #expect(identifiers?.count == 2)
  }

  @Test func `a message in several tails is stored once and dropped with the last of them`() {
    let store = pagingStore()
    for name in ["1", "2", "3"] { store.absent(name, "a") }
    store.publish("a", 1...8)
    #expect(store.messages(of: store.client("1")).map(text) == numbers(1...8))
    #expect(store.messages(of: store.client("2")).map(text) == numbers(1...8))
    #expect(!store.holdsNoMessage)
    store.crash()
    #expect(store.messages(of: store.client("3")).map(text) == numbers(1...8))
    #expect(store.holdsNoMessage)
    #expect(store.messagesInMemory == 0)
  }

  @Test func `a message that 300 tails need is dropped with the last of them`() {
    let store = pagingStore(window: 1)
    for name in 1...300 { store.absent("\(name)", "a") }
    store.publish("a", 1...3)
    for name in 1...299 {
      #expect(store.messages(of: store.client("\(name)")).count == 3)
    }
    #expect(!store.holdsNoMessage)
    #expect(store.messages(of: store.client("300")).map(text) == numbers(1...3))
    #expect(store.holdsNoMessage)
  }

  @Test func `a retained message that a tail needs stays retained after the tail is read`() {
    let store = pagingStore()
    store.absent("s", "#")
    store.publish("a", 1...4)
    let publisher = store.passer("p")
    publisher.publish("r", "kept", .atLeastOnce, retain: true)
    store.commit()
    store.crash()
    #expect(store.messages(of: store.client("s")).map(text) == numbers(1...4) + ["kept"])
    store.crash()
    let reader = store.passer("r")
    reader.subscribe("r")
    #expect(reader.pending.compactMap(publication).map(text) == ["kept"])
  }

  @Test func `a retained message that is replaced is still delivered from the tail`() {
    let store = pagingStore()
    store.absent("s", "r")
    store.publish("r", 1...3)
    let publisher = store.passer("p")
    publisher.publish("r", "old", .atLeastOnce, retain: true)
    publisher.publish("r", "new", .atLeastOnce, retain: true)
    store.commit()
    #expect(store.messages(of: store.client("s")).map(text) == numbers(1...3) + ["old", "new"])
  }

  @Test func `retained messages for a new subscription go through the store when they are many`() {
    let store = pagingStore { $0.queueMessageLimit = 5 }
    let publisher = store.passer("p")
    for number in 1...20 {
      publisher.publish("r/\(number)", "\(number)", .atLeastOnce, retain: true)
    }
    store.commit()
    let reader = store.client("s")
    reader.subscribe("r/#", .atLeastOnce)
    store.commit()
    reader.cut()
    // They do not count against the limit of the queue.
    store.publish("r/x", 21...25)
    store.publish("r/x", 26...27)
    let messages = store.messages(of: store.client("s"))
    #expect(Set(messages.map(text)) == Set(numbers(1...25)))
    #expect(messages.suffix(5).map(text) == numbers(21...25))
  }

  @Test func `a will goes to the end of a tail`() {
    let store = pagingStore()
    store.absent("s", "a")
    store.publish("a", 1...5)
    let peer = store.client(
      "w", will: Will(topic: "a", payload: Array("will".utf8), qos: .exactlyOnce))
    peer.cut()
    store.commit()
    #expect(store.messages(of: store.client("s")).map(text) == numbers(1...5) + ["will"])
  }

  @Test func `the status topics count messages that are only in the store`() {
    let store = pagingStore()
    store.absent("s", "a")
    store.absent("t", "a")
    func stored() -> Int? {
      store.world.status("store/messages/count").flatMap { Int($0) }
    }
    // What the server says of itself is retained, and there after it was asked for once.
    _ = stored()
    store.world.wait(seconds: 10)
    let before = stored() ?? 0
    store.publish("a", 1...9)
    #expect(stored() == before + 9)
    store.world.wait(seconds: 10)
    #expect(store.messages(of: store.client("s")).count == 9)
    #expect(stored() == before + 9)
    store.world.wait(seconds: 10)
    #expect(store.messages(of: store.client("t")).count == 9)
    #expect(stored() == before)
  }

  @Test func `without records a queue of any length is in memory`() {
    let store = pagingStore { $0.keepsRecords = false }
    store.absent("s", "a")
    store.publish("a", 1...9)
    #expect(store.world.broker.wantsPage == false)
    #expect(store.client("s").messages().map(text) == numbers(1...9))
  }
}
