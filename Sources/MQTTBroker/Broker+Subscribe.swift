// SUBSCRIBE and UNSUBSCRIBE (3.8 to 3.11).

import AccessControl
import Basis
import MQTTCodec
import MQTTSession

extension Broker {
  /// Takes a SUBSCRIBE that is well formed.
  mutating func subscribed(_ subscribe: Subscribe, on index: Slot<Connection>) throws(Violation) {
    let session = session(of: index)
    try checkAnswer(reasonCount: subscribe.subscriptions.count, on: index)
    if isFrozen(session) { return refuse(subscribe, on: index) }
    let identifier = subscribe.properties.number(.subscriptionIdentifier) ?? 0
    let recorded = recorder.journal.appended
    var reasons: [ReasonCode] = []
    reasons.reserveCapacity(subscribe.subscriptions.count)
    var replays: [Subscription] = []
    for var subscription in subscribe.subscriptions {
      subscription.filter = mounted(subscription.filter, on: index)
      subscription.options.qos = min(subscription.options.qos, connections[index].maximumQoS)
      if connections[index].isBridge { subscription.makeBridged() }
      let (reason, isNew) = add(
        subscription, identifier: identifier, session: session, on: index)
      reasons.append(reason)
      if reason.isFailure { continue }
      if configuration.logsSubscriptions {
        note(
          .subscribe,
          "\(name(of: index)) \(subscription.options.qos.rawValue) \(subscription.filter)")
      }
      switch subscription.options.retainHandling {
      case .always: replays.append(subscription)  // [MQTT-3.3.1-9]
      case .ifNew: if isNew { replays.append(subscription) }  // [MQTT-3.3.1-10]
      case .never: break  // [MQTT-3.3.1-11]
      }
    }
    hold(index, ifAppendedSince: recorded)
    send(
      .suback(Suback(packetIdentifier: subscribe.packetIdentifier, reasonCodes: reasons)),
      on: index)  // [MQTT-3.8.4-1]
    for subscription in replays where Topic.shared(subscription.filter) == nil {
      let filter = Array(subscription.filter.utf8)
      replay(
        filter.span, to: session, options: subscription.options, identifier: identifier)
    }
    if !sessions[session].nothingWaits { pump(session) }
  }

  /// Takes an UNSUBSCRIBE that is well formed.
  mutating func unsubscribed(_ unsubscribe: Unsubscribe, on index: Slot<Connection>)
    throws(Violation)
  {
    let session = session(of: index)
    try checkAnswer(reasonCount: unsubscribe.filters.count, on: index)
    if isFrozen(session) { return refuse(unsubscribe, on: index) }
    let recorded = recorder.journal.appended
    var reasons: [ReasonCode] = []
    for filter in unsubscribe.filters {
      let text = mounted(filter, on: index)
      let shared = Topic.shared(text)
      let filter = Array((shared?.filter ?? text).utf8)
      if gate.isControlled && !maySubscribe(.unsubscribe, session, filter) {
        reasons.append(.notAuthorized)
        continue
      }
      var first = sessions[session].firstSubscription
      let wasThere = routing.subscriptions.unsubscribe(
        session: session, filter: filter.span, group: shared?.group, firstOfSession: &first)
      sessions[session].firstSubscription = first
      if wasThere {
        if configuration.logsSubscriptions { note(.unsubscribe, "\(name(of: index)) \(text)") }
        sessions[session].subscriptionCount -= 1
        sessions[session].isFullOfSubscriptions = false
        if sessions[session].record != 0 {
          recorder.journal.append(
            .unsubscribe(sessions[session].record, filter: Array(text.utf8)))
        }
      }
      reasons.append(wasThere ? .success : .noSubscriptionExisted)
    }
    hold(index, ifAppendedSince: recorded)
    send(
      .unsuback(Unsuback(packetIdentifier: unsubscribe.packetIdentifier, reasonCodes: reasons)),
      on: index)  // [MQTT-3.10.4-4] [MQTT-3.10.4-5]
  }

  /// SUBACK and UNSUBACK have a reason for each filter, and no shorter form. [MQTT-3.1.2-24]
  private func checkAnswer(reasonCount: Int, on index: Slot<Connection>) throws(Violation) {
    let limit = connections[index].packetSizeLimit
    if limit == .max { return }
    let remaining = 3 + reasonCount
    if 1 + VariableByteInteger.size(remaining) + remaining <= Int(limit) { return }
    throw Violation(
      .packetTooLarge,
      "its Maximum Packet Size of \(limit) bytes has no room for the answer to its "
        + "\(reasonCount) filters [MQTT-3.1.2-24]")
  }

  /// Adds a subscription whose filter and options the codec has found to be in order.
  private mutating func add(
    _ subscription: Subscription, identifier: UInt32, session: Slot<Session>,
    on index: Slot<Connection>
  ) -> (ReasonCode, isNew: Bool) {
    let whole = Array(subscription.filter.utf8)
    let shared = Topic.shared(subscription.filter)
    let filter = shared.map { Array($0.filter.utf8) } ?? whole
    if filter.count >= configuration.topicLevelLimit
      && Self.levelCount(filter.span) > configuration.topicLevelLimit
    {
      note(
        .notice,
        "\(name(of: index)): a filter of more than max-topic-levels "
          + "\(configuration.topicLevelLimit) levels is refused")
      return (.topicFilterInvalid, false)
    }
    if gate.isControlled && !maySubscribe(.subscribe, session, filter) {
      return (.notAuthorized, false)
    }
    if Int(sessions[session].subscriptionCount) >= configuration.subscriptionLimit
      && routing.subscriptions.subscription(of: session, filter: filter.span, group: shared?.group)
        == nil
    {
      status.counters.subscriptionsRefused += 1
      if !sessions[session].isFullOfSubscriptions {
        sessions[session].isFullOfSubscriptions = true
        note(
          .warning,
          "\(name(of: index)): filter \"\(subscription.filter)\" refused, max-subscriptions "
            + "\(configuration.subscriptionLimit) is reached")
      }
      return (.quotaExceeded, false)
    }
    if Self.isSystem(filter.span) { refreshStatus() }
    var first = sessions[session].firstSubscription
    let isNew = routing.subscriptions.subscribe(
      session: session, filter: filter.span, group: shared?.group, options: subscription.options,
      identifier: identifier, firstOfSession: &first)
    sessions[session].firstSubscription = first
    if isNew { sessions[session].subscriptionCount += 1 }
    if sessions[session].record != 0 {
      recordSubscription(subscription, identifier: identifier, session: session)
    }
    return (ReasonCode(rawValue: subscription.options.qos.rawValue), isNew)
  }
}

extension Subscription {
  /// The options that a bridge of mosquitto counts on and cannot ask for before 5.0: what it sent
  /// itself does not come back, and what is retained goes on as retained.
  fileprivate mutating func makeBridged() {
    options.noLocal = Topic.shared(filter) == nil
    options.retainAsPublished = true
  }
}
