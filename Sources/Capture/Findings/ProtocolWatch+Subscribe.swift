// Subscriptions (3.8 to 3.11): what was asked for and what was granted.

import Basis
import MQTTCodec
import Text

extension ProtocolWatch {
  /// A SUBSCRIBE waits for its SUBACK.
  mutating func expectAnswer(
    to request: Subscribe, _ now: Waiting, _ connection: inout WatchedConnection
  ) {
    let awaited = AwaitedAnswer(
      request: request, since: now, filterCount: request.subscriptions.count)
    expectAnswer(awaited, request.packetIdentifier, &connection.subscribes)
  }

  /// An UNSUBSCRIBE waits for its UNSUBACK.
  mutating func expectAnswer(
    to request: Unsubscribe, _ now: Waiting, _ connection: inout WatchedConnection
  ) {
    let awaited = AwaitedAnswer(request: request, since: now, filterCount: request.filters.count)
    expectAnswer(awaited, request.packetIdentifier, &connection.unsubscribes)
  }

  /// An earlier request with the same identifier waits no more.
  private mutating func expectAnswer<Request: Sendable>(
    _ awaited: AwaitedAnswer<Request>, _ identifier: PacketIdentifier,
    _ requests: inout [UInt16: AwaitedAnswer<Request>]
  ) {
    requestedFilterCount -= requests.removeValue(forKey: identifier.rawValue)?.filterCount ?? 0
    if !hasRoom(requests.count, awaited.filterCount) { return }
    requestedFilterCount += awaited.filterCount
    requests[identifier.rawValue] = awaited
  }

  /// Whether one more request may wait.
  private mutating func hasRoom(_ requests: Int, _ filters: Int) -> Bool {
    if requests < Self.requestLimit, requestedFilterCount + filters <= Self.requestedFilterLimit {
      return true
    }
    remark(
      "more than \(Self.requestLimit) SUBSCRIBE or UNSUBSCRIBE packets of a connection wait for their "
        + "answer, or \(Self.requestedFilterLimit) filters in all: later ones are not followed")
    return false
  }

  mutating func suback(
    _ suback: Suback, _ now: Waiting, _ connection: inout WatchedConnection
  ) -> Pairing? {
    let identifier = suback.packetIdentifier.rawValue
    guard let awaited = connection.subscribes.removeValue(forKey: identifier) else {
      return tellUnasked(
        .subackUnasked, "SUBACK id \(identifier) answers no SUBSCRIBE", now, connection)
    }
    requestedFilterCount -= awaited.filterCount
    let (request, since) = (awaited.request, awaited.since)
    let codes = suback.reasonCodes
    if codes.count != request.subscriptions.count {
      tell(
        .subackOfWrongLength, connection.evidence(now, after: since.frame),
        "SUBACK id \(identifier) has \(codes.count) reason codes for "
          + "\(request.subscriptions.count) topic filters")
    }
    for (subscription, code) in zip(request.subscriptions, codes) {
      let filter = subscription.filter
      if code.isFailure {
        tell(
          .subscriptionRefused, connection.evidence(now, after: since.frame),
          "the subscription to \(filter.quoted) is refused: \(code.hexadecimal) "
            + code.name(in: .suback) + Self.reasonString(suback.properties))
        continue
      }
      add(subscription, QoS(rawValue: code.rawValue) ?? .atMostOnce, to: connection.session)
    }
    deliveries.forgetTargets()
    subscribe.add(now.time - since.time)
    return now.answer(to: since)
  }

  mutating func unsuback(
    _ unsuback: Unsuback, _ now: Waiting, _ connection: inout WatchedConnection
  ) -> Pairing? {
    let identifier = unsuback.packetIdentifier.rawValue
    guard let awaited = connection.unsubscribes.removeValue(forKey: identifier) else {
      return tellUnasked(
        .unsubackUnasked, "UNSUBACK id \(identifier) answers no UNSUBSCRIBE", now, connection)
    }
    requestedFilterCount -= awaited.filterCount
    let (request, since) = (awaited.request, awaited.since)
    for filter in request.filters {
      unsubscribe(connection.session, filter)
    }
    deliveries.forgetTargets()
    return now.answer(to: since)
  }

  /// An answer to a request that was not made, unless it may only not have been seen.
  private mutating func tellUnasked(
    _ kind: FindingKind, _ text: String, _ now: Waiting, _ connection: WatchedConnection
  ) -> Pairing? {
    if connection.hasBeginning, !connection.lacksBytes {
      tell(kind, connection.evidence(now), text)
    }
    return nil
  }

  // MARK: What is subscribed to

  private mutating func add(_ subscription: Subscription, _ granted: QoS, to session: Int) {
    let filter = subscription.filter
    let isNew = sessions[session].subscriptions[filter.exact] == nil
    let shared = Topic.shared(filter)
    let plain = shared?.filter ?? filter
    if isNew,
      subscriptionCount >= Self.subscriptionLimit
        || !subscribers.add(plain, of: session, as: filter)
    {
      return remark(
        "more than \(Self.subscriptionLimit) subscriptions, or too many different ones: later ones "
          + "count for none")
    }
    if isNew { subscriptionCount += 1 }
    sessions[session].subscriptions[filter.exact] = WatchedSession.Subscribed(
      options: subscription.options, granted: granted,
      group: shared.map { "\($0.group)/\($0.filter)" }, filter: plain)
  }

  private mutating func unsubscribe(_ session: Int, _ filter: String) {
    let removed = sessions[session].subscriptions.removeValue(forKey: filter.exact)
    guard let known = removed else { return }
    subscribers.remove(known.filter, of: session, as: filter)
    subscriptionCount -= 1
  }

  /// A session ends, and all of its subscriptions.
  mutating func unsubscribeAll(_ session: Int) {
    for (filter, known) in sessions[session].subscriptions {
      subscribers.remove(known.filter, of: session, as: filter.text)
    }
    subscriptionCount -= sessions[session].subscriptions.count
    sessions[session].subscriptions = [:]
    deliveries.forgetTargets()
  }
}
