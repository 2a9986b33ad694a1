// Retained messages (3.3.1.3): kept at PUBLISH, replayed at SUBSCRIBE, forgotten when they expire.

import Basis
import MQTTCodec
import MQTTSession

extension Broker {
  /// Keeps a message as the last one of its topic, or forgets that one when the payload is empty.
  /// [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-7]
  mutating func retain(_ routed: inout RoutedMessage) {
    let topic = routed.topic
    if routed.payload.isEmpty {
      if let before = retained.remove(topic) {
        if configuration.keepsRecords { recordUnretained(topic) }
        dropReference(before)
      }
      return
    }
    if !hasRoomToRetain(topic) { return refuseRetained(topic, from: routed.terms.publisher) }
    let message = stored(&routed)
    mail.hold(message)
    if let publisher = routed.terms.publisher {
      mail.setSource(message, clientAccess(of: publisher))
    }
    let before = retained.set(topic, message)
    if configuration.keepsRecords { recordRetained(topic, message) }
    if let before { dropReference(before) } else { retained.isFull = false }
    let expiresAt = mail.messages[message].expiresAt
    if expiresAt != Message.never {
      deadlines.insert(.retainedExpiry(mail.messages.identifier(at: message)), at: expiresAt)
    }
  }

  /// Whether a topic may have a retained message; what the server says of itself takes no room.
  func hasRoomToRetain(_ topic: Span<UInt8>) -> Bool {
    retained.count - status.topics.retainedCount < configuration.retainedLimit
      || Self.isSystem(topic) || retained.contains(topic)
  }

  /// Counts a message for whose topic there is no room, and says the first one.
  mutating func refuseRetained(_ topic: Span<UInt8>, from publisher: Slot<Session>?) {
    status.counters.retainedRefused += 1
    if retained.isFull { return }
    retained.isFull = true
    let name = publisher.map { "\(sessions[$0].clientIdentifier): " } ?? ""
    note(
      .warning,
      name + "max-retained-messages \(configuration.retainedLimit) is reached: "
        + "\"\(String(decoding: array(topic), as: UTF8.self))\" and other new topics are not "
        + "retained")
  }

  /// Forgets a retained message whose time is over. [MQTT-3.3.2-5]
  mutating func sweepRetained(_ slot: SlotIdentifier<Message>) {
    if !mail.messages.contains(slot) { return }
    let topic = mail.topic(of: slot.index)
    if retained.message(of: topic.span) != slot.index { return }
    _ = retained.remove(topic.span)
    if configuration.keepsRecords { recordUnretained(topic.span) }
    status.counters.messagesExpired += 1
    dropReference(slot.index)
  }

  /// Queues what is retained for a new subscription. (3.8.3.1)
  mutating func replay(
    _ filter: Span<UInt8>, to session: Slot<Session>, options: SubscriptionOptions,
    identifier: UInt32
  ) {
    retained.find(filter)
    for message in retained.found where !mail.messages[message].isExpired(now: now) {
      if gate.isControlled && !mayReplay(message, to: session) { continue }
      // One full replay always fits; repeated ones that nobody reads do not pile up.
      if sessions[session].waitingCount >= retained.count + configuration.queueMessageLimit {
        dropForFullQueue(session)
        break
      }
      let terms = DeliveryTerms(
        qos: configuration.upgradesQoS ? options.qos : min(mail.messages[message].qos, options.qos),
        isRetained: true,  // [MQTT-3.3.1-8]
        subscriptionIdentifiers: identifier == 0 ? [] : [identifier])
      var delivery = Delivery(message: message, terms: terms)
      delivery.isReplay = true
      if !enqueue(mail.insert(delivery), for: session) { continue }
      sessions[session].replayedCount += 1
      // What is queued up to here goes first, so that nothing newer overtakes it.
      sessions[session].replayCount = UInt32(sessions[session].queue.count)
    }
    retained.endFind()
  }
}
