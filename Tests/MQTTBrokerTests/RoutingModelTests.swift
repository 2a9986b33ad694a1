// The routing tables against a model that is slow and obvious: a list of filters for each client,
// asked one by one. Random clients subscribe, leave and publish; each message has to reach exactly
// those that the model names, once each, at the right quality, with the right identifiers.
//
// Topics and filters come from small pools, so that the same topic is published again and again
// while its subscribers change: a remembered match that is stale would show at once.

import MQTTBroker
import MQTTCodec
import MQTTSession
import TestSupport
import Testing

struct RoutingModelTests {
  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func `messages reach exactly those whose filters match [MQTT-3.3.4-2] [MQTT-3.3.4-3]`(
    seed: UInt64
  ) {
    var run = ModelRun(seed: seed)
    for _ in 0..<500 { run.step() }
    run.leaveAll()
    #expect(run.deliveryCount > 300)
    #expect(run.world.status("subscriptions/count") == "0")
    #expect(run.world.status("shared_subscriptions/count") == "0")
  }

  @Test func `levels of every length are told apart wherever they stand`() {
    let world = World()
    let peer = Peer(world, "s")
    let levels = (0...20).map { String(repeating: "x", count: $0) }
    // They differ in their last byte too.
    let names = levels + levels.dropFirst().map { $0.dropLast() + "y" }
    let topics = names.flatMap { name in
      ["\(name)/b", "a/\(name)", "a/\(name)/b", "long enough/\(name)", "\(name)/long enough"]
    }
    for topic in topics { peer.subscribe(topic, .atMostOnce) }
    for topic in topics { peer.publish(topic, topic) }
    #expect(peer.messages().map(\.topic) == topics)
    for topic in topics.reversed() {
      peer.unsubscribe(topic)
      peer.publish(topic, "nobody wants it")
    }
    #expect(peer.messages().isEmpty)
  }

  @Test func `levels that are made to look alike stay apart`() throws {
    let world = World()
    let peer = Peer(world, "s")
    let (left, right) = try #require(lookAlikes())
    #expect(left != right && left.utf8.count == right.utf8.count)
    peer.subscribe("a/\(left)", .atMostOnce)
    peer.publish("a/\(right)", "wrong", retain: true)
    peer.publish("a/\(left)", "right", retain: true)
    #expect(peer.messages().map(text) == ["right"])
    peer.subscribe("a/\(right)", .atMostOnce)
    #expect(peer.pending.compactMap(publication).map(text) == ["wrong"])
    peer.unsubscribe("a/\(left)")
    peer.publish("a/\(left)", "wrong")
    peer.publish("a/\(right)", "right")
    #expect(peer.messages().map(text) == ["right"])
  }

  /// Two levels of 18 bytes for which the packed words of the topic tree are equal: the last bytes
  /// are folded into the first word, and the first word of the other level makes up for them.
  private func lookAlikes() -> (String, String)? {
    let factor: UInt64 = 0x9E37_79B9_7F4A_7C15
    var inverse = factor
    for _ in 0..<6 { inverse = inverse &* (2 &- factor &* inverse) }
    var chance = Chance(seed: 1)
    for _ in 0..<200_000 {
      let first = (0..<8).map { _ in 0x30 + UInt8(chance.below(79)) }
      let tails = (0..<2).map { _ in (0..<2).map { _ in 0x30 + UInt8(chance.below(79)) } }
      var word = first.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      for byte in tails[0] { word = (word &* factor) ^ UInt64(byte) }
      for byte in tails[1].reversed() { word = (word ^ UInt64(byte)) &* inverse }
      let other = (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) }
      let isText = other.allSatisfy { (0x30..<0x7F).contains($0) }
      if !isText || other == first { continue }
      let middle = Array("12345678".utf8)
      return (
        String(decoding: first + middle + tails[0], as: UTF8.self),
        String(decoding: other + middle + tails[1], as: UTF8.self)
      )
    }
    return nil
  }
}

/// How one client wants what a filter matches.
private struct Wish: Equatable {
  var qos: QoS
  var identifier: UInt32
}

/// What a client got, as far as the model says something about it.
private struct Receipt: Equatable {
  var topic: String
  var payload: String
  var qos: QoS
  var identifiers: [UInt32]
  var isRetained: Bool
}

private struct ModelRun {
  let world = World { $0.inFlightLimit = 1000 }
  private var chance: Chance
  private let publisher: Peer
  private var peers: [Peer] = []
  /// For each client its filters, shared ones with their prefix.
  private var wishes: [[String: Wish]] = []
  private var retained: [String: (payload: String, qos: QoS)] = [:]
  private var topics: [String] = []
  private var filters: [String] = []
  private var published = 0
  private(set) var deliveryCount = 0

  init(seed: UInt64) {
    chance = Chance(seed: seed)
    publisher = Peer(world, "publisher")
    for number in 0..<6 {
      peers.append(Self.connect(world, number))
      wishes.append([:])
    }
    topics = (0..<16).map { _ in topic() }
    filters = (0..<24).map { _ in filter() }
  }

  private static func connect(_ world: World, _ number: Int) -> Peer {
    Peer(world, "client-\(number)", number % 3 == 2 ? .v311 : .v5)
  }

  // MARK: Topics and filters

  private static let levels = [
    "", "a", "b", "$data", "sensor-building", "sensor-building1", "sensor-building12",
    "sensor-building-north-floor-room-number1", "sensor-building-north-floor-room-number2",
  ]

  private mutating func topic() -> String {
    let count = 1 + chance.below(4)
    let topic = (0..<count).map { _ in Self.levels[chance.below(Self.levels.count)] }
      .joined(separator: "/")
    return topic.isEmpty ? "a" : topic
  }

  /// Most filters are topics with some levels replaced, so that most match something.
  private mutating func filter() -> String {
    var levels = topics[chance.below(topics.count)].split(
      separator: "/", omittingEmptySubsequences: false
    ).map(String.init)
    for position in levels.indices where chance.happens(onceIn: 3) { levels[position] = "+" }
    if chance.happens(onceIn: 3) {
      levels = Array(levels.prefix(chance.below(levels.count + 1))) + ["#"]
    }
    let filter = levels.joined(separator: "/")
    return chance.happens(onceIn: 3) ? "$share/g\(chance.below(2))/\(filter)" : filter
  }

  // MARK: Steps

  mutating func step() {
    switch chance.below(20) {
    case 0..<6: subscribe()
    case 6..<10: unsubscribe()
    case 10: reconnect()
    case _: publish()
    }
  }

  private mutating func subscribe() {
    let who = chance.below(peers.count)
    let filter = filters[chance.below(filters.count)]
    let qos = QoS(rawValue: UInt8(chance.below(3))) ?? .atMostOnce
    let identifier =
      peers[who].version == .v5 && chance.happens(onceIn: 2) ? UInt32(1 + chance.below(300_000)) : 0
    let reasons = peers[who].subscribe(
      filter, qos, identifier: identifier == 0 ? nil : identifier)
    #expect(reasons == [ReasonCode(rawValue: qos.rawValue)])
    wishes[who][filter] = Wish(qos: qos, identifier: identifier)
    let replayed = peers[who].pending.compactMap(publication)
    peers[who].pending = []
    for message in replayed where message.qos == .atLeastOnce {
      peers[who].answer(.puback, message.packetIdentifier?.rawValue ?? 1)
    }
    for message in replayed where message.qos == .exactlyOnce {
      peers[who].answer(.pubrec, message.packetIdentifier?.rawValue ?? 1)
    }
    #expect(peers[who].messages().isEmpty)
    var expected: [Receipt] = []
    for (topic, message) in retained
    where !filter.hasPrefix("$share")
      && Topic.matches(filter: filter.utf8.span, name: topic.utf8.span)
    {
      expected.append(
        Receipt(
          topic: topic, payload: message.payload, qos: min(qos, message.qos),
          identifiers: identifier == 0 ? [] : [identifier], isRetained: true))
    }
    #expect(
      replayed.map(receipt).sorted { $0.topic < $1.topic }
        == expected.sorted { $0.topic < $1.topic })
  }

  private mutating func unsubscribe() {
    let who = chance.below(peers.count)
    let known = wishes[who].keys.sorted()
    let filter =
      known.isEmpty || chance.happens(onceIn: 5)
      ? filters[chance.below(filters.count)] : known[chance.below(known.count)]
    peers[who].unsubscribe(filter)
    wishes[who][filter] = nil
    #expect(peers[who].messages().isEmpty)
  }

  private mutating func reconnect() {
    let who = chance.below(peers.count)
    if chance.happens(onceIn: 2) { peers[who].cut() }
    peers[who] = Self.connect(world, who)
    wishes[who] = [:]
  }

  mutating func leaveAll() {
    for who in peers.indices {
      for filter in wishes[who].keys.sorted() { peers[who].unsubscribe(filter) }
    }
  }

  private mutating func publish() {
    let topic = topics[chance.below(topics.count)]
    let qos = QoS(rawValue: UInt8(chance.below(3))) ?? .atMostOnce
    let isRetained = chance.happens(onceIn: 4)
    published += 1
    let payload = isRetained && chance.happens(onceIn: 4) ? "" : "\(published)"
    publisher.publish(topic, payload, qos, retain: isRetained)
    if qos == .exactlyOnce { publisher.answer(.pubrel, 1) }
    #expect(publisher.read().count == Int(qos.rawValue))
    if isRetained { retained[topic] = payload.isEmpty ? nil : (payload, qos) }
    var received = peers.map { $0.messages().map(receipt) }
    deliveryCount += received.map(\.count).reduce(0, +)
    var groups: [String: [(who: Int, receipt: Receipt)]] = [:]
    for who in peers.indices {
      var own: [Wish] = []
      for (filter, wish) in wishes[who] {
        let shared = Topic.shared(filter)
        let inner = shared?.filter ?? filter
        if !Topic.matches(filter: inner.utf8.span, name: topic.utf8.span) { continue }
        if shared == nil {
          own.append(wish)
        } else {
          let mine = expectation(topic, payload, qos, [wish])
          groups[filter, default: []].append((who, mine))
        }
      }
      if own.isEmpty { continue }
      let expected = expectation(topic, payload, qos, own)
      guard let position = received[who].firstIndex(of: expected) else {
        Issue.record("client-\(who) should have got \(expected), it got \(received[who])")
        continue
      }
      received[who].remove(at: position)
    }
    #expect(
      canAssign(groups.keys.sorted().map { groups[$0] ?? [] }, received),
      "\(topic): groups \(groups), left over \(received)")
  }

  private func expectation(_ topic: String, _ payload: String, _ qos: QoS, _ wishes: [Wish])
    -> Receipt
  {
    Receipt(
      topic: topic, payload: payload, qos: min(qos, wishes.map(\.qos).max() ?? .atMostOnce),
      identifiers: wishes.map(\.identifier).filter { $0 != 0 }.sorted(), isRetained: false)
  }

  /// Whether each group can be given one message of one of its members so that none is left.
  private func canAssign(
    _ groups: [[(who: Int, receipt: Receipt)]], _ received: [[Receipt]]
  ) -> Bool {
    guard let group = groups.first else { return received.allSatisfy(\.isEmpty) }
    for member in group {
      guard let position = received[member.who].firstIndex(of: member.receipt) else { continue }
      var rest = received
      rest[member.who].remove(at: position)
      if canAssign(Array(groups.dropFirst()), rest) { return true }
    }
    return false
  }

  private func receipt(_ message: Publish) -> Receipt {
    let identifiers = message.properties.list.compactMap { property -> UInt32? in
      if case .variableByteInteger(let number) = property.value,
        property.identifier == .subscriptionIdentifier
      {
        number
      } else {
        nil
      }
    }
    return Receipt(
      topic: message.topic, payload: text(message), qos: message.qos,
      identifiers: identifiers.sorted(), isRetained: message.isRetained)
  }
}
