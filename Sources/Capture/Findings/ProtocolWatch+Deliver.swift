// Messages across connections: from the publisher's PUBLISH to that of each subscriber. A message is
// known again by its topic and payload, and equal ones in the order in which they came.

import MQTTCodec

/// A message that came in, and who should get it.
struct Publication {
  struct Receiver {
    var session: Int
    var stream: Int
    /// The most that the broker may deliver: the lower of both QoS.
    var qos: QoS
    /// Subscriptions of the session that match; each may bring the message once.
    var expected: Int
    var delivered = 0
    /// The shared subscription by which it may get the message, instead of another member.
    var group: String?
  }

  var signature: UInt64
  var topic: String
  var at: Waiting
  var stream: Int
  var client: String
  var receivers: [Receiver]
  var isRefused = false
}

/// Who is subscribed to a topic.
struct DeliveryTarget {
  var session: Int
  var qos: QoS
  var count: Int
  var group: String?
  var noLocal: Bool
}

/// Messages that were published lately.
struct DeliveryTable {
  private static let matchLimit = 65_536

  /// In the order of their coming; the front is at `first`.
  var publications: [Publication?] = []
  /// The number of the first place.
  var first = 0
  /// Numbers of the publications of a signature, the oldest first.
  var numbers: [UInt64: [Int]] = [:]
  /// Who is subscribed to a topic, by its signature.
  var targets: [UInt64: [DeliveryTarget]] = [:]

  mutating func forgetMatches() {
    if !targets.isEmpty { targets.removeAll(keepingCapacity: true) }
  }

  mutating func keep(_ found: [DeliveryTarget], for topic: UInt64) {
    if targets.count >= Self.matchLimit { targets.removeAll(keepingCapacity: true) }
    targets[topic] = found
  }

  mutating func append(_ publication: Publication) {
    numbers[publication.signature, default: []].append(first + publications.count)
    publications.append(publication)
  }

  /// Takes out the oldest one.
  mutating func removeFirst() -> Publication? {
    guard !publications.isEmpty else { return nil }
    let place = head
    let publication = publications[place]
    publications[place] = nil
    head += 1
    if let publication {
      numbers[publication.signature]?.removeFirst()
      if numbers[publication.signature]?.isEmpty == true { numbers[publication.signature] = nil }
    }
    if head > 4096, head * 2 > publications.count {
      publications.removeFirst(head)
      first += head
      head = 0
    }
    return publication
  }

  private var head = 0

  var count: Int { publications.count - head }

  subscript(number: Int) -> Publication? {
    get { publications[number - first] }
    set { publications[number - first] = newValue }
  }

  /// The broker has refused the message.
  mutating func refuse(_ signature: UInt64, _ frame: Int) {
    for number in numbers[signature] ?? [] where self[number]?.at.frame == frame {
      self[number]?.isRefused = true
    }
  }
}

extension ProtocolWatch {
  /// A publisher's message comes to the broker.
  mutating func enter(
    _ topic: Span<UInt8>, _ topicSignature: UInt64, _ signature: UInt64, _ view: PublishView,
    _ now: Waiting, _ connection: WatchedConnection
  ) {
    let targets: [DeliveryTarget]
    if let known = deliveries.targets[topicSignature] {
      targets = known
    } else {
      targets = findTargets(topic)
      deliveries.keep(targets, for: topicSignature)
    }
    if targets.isEmpty { return }
    var receivers: [Publication.Receiver] = []
    for target in targets where !(target.noLocal && target.session == connection.session) {
      receivers.append(
        Publication.Receiver(
          session: target.session, stream: sessions[target.session].stream,
          qos: min(target.qos, view.qos), expected: target.count, group: target.group))
    }
    if receivers.isEmpty { return }
    if deliveries.count >= Self.publicationLimit, let oldest = deliveries.removeFirst() {
      settle(oldest)
    }
    deliveries.append(
      Publication(
        signature: signature, topic: String(validated: topic, topic.indices), at: now,
        stream: connection.stream, client: connection.name, receivers: receivers))
  }

  /// The connected sessions that are subscribed to a topic.
  private func findTargets(_ topic: Span<UInt8>) -> [DeliveryTarget] {
    var found: [DeliveryTarget] = []
    for (index, session) in sessions.enumerated() where session.isConnected {
      var own: DeliveryTarget?
      for (_, subscribed) in session.subscriptions
      where Topic.matches(filter: subscribed.filter.utf8.span, name: topic) {
        if let group = subscribed.group {
          found.append(
            DeliveryTarget(
              session: index, qos: subscribed.granted, count: 1, group: group, noLocal: false))
          continue
        }
        var target =
          own
          ?? DeliveryTarget(
            session: index, qos: subscribed.granted, count: 0, group: nil, noLocal: true)
        target.qos = max(target.qos, subscribed.granted)
        target.count += 1
        target.noLocal = target.noLocal && subscribed.options.noLocal
        own = target
      }
      if let own { found.append(own) }
    }
    return found
  }

  /// A message goes to a subscriber.
  mutating func deliver(
    _ signature: UInt64, _ topic: Span<UInt8>, _ view: PublishView, _ isRepeated: Bool,
    _ now: Waiting, _ connection: WatchedConnection
  ) -> Pairing? {
    guard let numbers = deliveries.numbers[signature] else { return nil }
    var last: Publication?
    for number in numbers {
      guard var publication = deliveries[number] else { continue }
      for place in publication.receivers.indices
      where publication.receivers[place].session == connection.session {
        last = publication
        if isRepeated {
          return Pairing(
            frame: publication.at.frame, latencyNanoseconds: now.time - publication.at.time)
        }
        let receiver = publication.receivers[place]
        if receiver.delivered >= receiver.expected { continue }
        publication.receivers[place].delivered += 1
        deliveries[number] = publication
        let latency = now.time - publication.at.time
        if receiver.delivered == 0 { delivery.add(latency) }
        return Pairing(frame: publication.at.frame, latencyNanoseconds: latency)
      }
    }
    if let last, !view.isRetained, !view.isDuplicate, !connection.lacksBytes {
      tell(
        view.qos == .exactlyOnce ? .error : .warning, .duplicate, [last.at.frame, now.frame],
        now.time, connection, view.qos == .exactlyOnce ? "4.3.3" : "3.3.4",
        "\"\(last.topic)\" is delivered more often than it was published")
    }
    return nil
  }

  // MARK: Ends

  mutating func settleAll() {
    while deliveries.count > 0 {
      if let publication = deliveries.removeFirst() { settle(publication) }
    }
  }

  /// Tells who should have got a message and did not.
  private mutating func settle(_ publication: Publication) {
    if publication.isRefused { return }
    for receiver in publication.receivers where receiver.delivered == 0 {
      if let group = receiver.group {
        let isServed = publication.receivers.contains { $0.group == group && $0.delivered > 0 }
        let isFirst = publication.receivers.first { $0.group == group }?.session == receiver.session
        if isServed || !isFirst { continue }
      }
      guard let connection = connections[receiver.stream], !connection.lacksBytes else { continue }
      let end = connection.isOpen ? lastTime : connection.lastTime
      let waited = end - publication.at.time
      if waited < 0 || (!connection.isOpen && waited < Self.patienceNanoseconds) { continue }
      let isLate = waited >= Self.patienceNanoseconds
      let severity: FindingSeverity =
        !isLate ? .note : receiver.qos == .atMostOnce ? .warning : .error
      tell(
        severity, .undelivered, [publication.at.frame], publication.at.time, publication.client,
        publication.stream, receiver.qos == .atMostOnce ? "4.3.1" : "4.5",
        "\"\(publication.topic)\" was published and never delivered to "
          + "\(sessions[receiver.session].name), which is subscribed to it at QoS "
          + "\(receiver.qos.rawValue) and was connected for \(Self.seconds(waited)) more")
    }
  }
}
