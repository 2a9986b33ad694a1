// Messages across connections: from the publisher's PUBLISH to that of each subscriber. A message is
// known again by its topic and payload, and equal ones in the order in which they came.
//
// Whatever listens at another port may be another broker, fed by a bridge: who is subscribed there is
// known to have got a message, and never missed.

import Basis
import MQTTCodec
import Text

extension ProtocolWatch {
  /// A publisher's message comes to the broker.
  mutating func enter(
    _ topic: Span<UInt8>, _ topicSignature: UInt64, _ signature: UInt64, _ view: PublishView,
    _ now: Waiting, _ connection: WatchedConnection
  ) {
    let targets: [DeliveryTarget]
    if let known = deliveries.targets(of: topicSignature) {
      targets = known
    } else {
      targets = findTargets(topic)
      deliveries.keep(targets, for: topicSignature)
    }
    if targets.isEmpty { return }
    var receivers: [Publication.Receiver] = []
    let server = sessions[connection.session].server
    for target in targets where !(target.noLocal && target.session == connection.session) {
      receivers.append(
        Publication.Receiver(
          session: target.session, stream: sessions[target.session].stream,
          qos: min(target.qos, view.qos), expected: target.count, group: target.group,
          isAtSamePort: sessions[target.session].server == server))
    }
    if receivers.isEmpty { return }
    while deliveries.isFull, let oldest = deliveries.removeFirst() {
      settle(oldest, isEnd: false)
    }
    deliveries.append(
      Publication(
        signature: signature, topic: Self.excerpt(topic), at: now,
        stream: connection.stream, client: connection.name, receivers: receivers))
  }

  /// The connected sessions that are subscribed to a topic, by their numbers.
  private func findTargets(_ topic: Span<UInt8>) -> [DeliveryTarget] {
    var found: [DeliveryTarget] = []
    for (index, names) in subscribers.matches(topic) where sessions[index].isConnected {
      var own: DeliveryTarget?
      for name in names {
        guard let subscribed = sessions[index].subscriptions[name.exact] else { continue }
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
    _ signature: UInt64, _ view: PublishView, _ isRepeated: Bool, _ now: Waiting,
    _ connection: WatchedConnection
  ) -> Pairing? {
    if isRepeated {
      let flow = sessions[connection.session][.toClient, view.packetIdentifier]
      return flow?.origin.map { now.answer(to: $0) }
    }
    switch deliveries.deliver(signature, to: connection.session) {
    case .unknown: return nil
    case .published(let at, let isFirst):
      let pairing = now.answer(to: at)
      if isFirst { delivery.add(now.time - at.time) }
      if view.qos != .atMostOnce {
        sessions[connection.session][.toClient, view.packetIdentifier]?.origin = at
      }
      return pairing
    case .surplus(let topic, let at):
      if view.isRetained || view.isDuplicate || connection.lacksBytes { return nil }
      tell(
        view.qos == .exactlyOnce ? .deliveredTooOftenExactlyOnce : .deliveredTooOften,
        connection.evidence(now, after: at.frame),
        "\(topic.quoted) is delivered more often than it was published")
      return nil
    }
  }

  // MARK: Ends

  mutating func settleAll() {
    while let publication = deliveries.removeFirst() { settle(publication, isEnd: true) }
  }

  /// Tells who should have got a message and did not; before the end of the capture only of those
  /// who have had time enough.
  private mutating func settle(_ publication: Publication, isEnd: Bool) {
    if publication.isRefused { return }
    // One member of each group answers for all; those that were served, or told of, are done.
    var doneGroups: Set<ExactText> = []
    for receiver in publication.receivers where receiver.delivered > 0 {
      if let group = receiver.group { doneGroups.insert(group.exact) }
    }
    for receiver in publication.receivers where receiver.delivered == 0 {
      if let group = receiver.group, !doneGroups.insert(group.exact).inserted { continue }
      if receiver.isAtSamePort { tellUndelivered(publication, receiver, isEnd: isEnd) }
    }
  }

  private mutating func tellUndelivered(
    _ publication: Publication, _ receiver: Publication.Receiver, isEnd: Bool
  ) {
    guard let connection = connections[receiver.stream], !connection.lacksBytes else { return }
    let end = connection.isOpen ? lastTime : connection.lastTime
    let waited = end - publication.at.time
    let isLate = waited >= Self.patienceNanoseconds
    if waited < 0 || (!isLate && (!connection.isOpen || !isEnd)) { return }
    let evidence = Evidence(
      frames: [publication.at.frame], timeNanoseconds: publication.at.time,
      client: publication.client, stream: publication.stream)
    tell(
      receiver.qos == .atMostOnce ? .undeliveredAtMostOnce : .undelivered, evidence,
      "\(publication.topic.quoted) was published and never delivered to "
        + "\(sessions[receiver.session].name), which is subscribed to it at QoS "
        + "\(receiver.qos.rawValue) and was connected for \(Self.seconds(waited)) more",
      as: isLate ? nil : .note)
  }
}
