// Writing down what must last, at the places where it happens. Only sessions with a record number
// come here, and a session has one exactly when it outlives its connection and records are kept;
// retained messages and what waits for such a session get numbers when they are first needed.
// Everything else passes by with one look at a number that is zero.

import AccessControl
import Basis
import MQTTCodec
import MQTTSession

extension Broker {
  // MARK: Sessions and wills

  /// Records what CONNECT made of a session, and holds back its CONNACK. (3.1.2.4)
  mutating func recordConnect(_ session: Slot<Session>) {
    // A queue in the store can only be read to its end while the session is there.
    if !sessions[session].lasts && sessions[session].tail == nil { return recordRemoval(session) }
    if sessions[session].record == 0 { sessions[session].record = recorder.journal.takeSession() }
    recordSession(session, leftAt: nil)
    recordWill(session)
  }

  /// Records a session's values.
  mutating func recordSession(_ session: Slot<Session>, leftAt: Instant?) {
    var record = SessionRecord(
      number: sessions[session].record, clientIdentifier: sessions[session].clientIdentifier,
      userName: sessions[session].userName, expirySeconds: sessions[session].expirySeconds)
    record.listener = sessions[session].listenerName.nonEmpty
    record.isUnclaimed = sessions[session].subject.isUnclaimed
    record.leftAtUnixSeconds = leftAt.map { clock.unixSecondsRoundedUp(at: $0) }
    recorder.journal.append(.saveSession(record))
  }

  /// Records the will that a session has now, or that it has none.
  mutating func recordWill(_ session: Slot<Session>) {
    if sessions[session].record == 0 { return }
    recorder.journal.append(.setWill(sessions[session].record, sessions[session].will?.content))
  }

  /// Records that a session ends, or that it does not outlive its connection any more.
  mutating func recordRemoval(_ session: Slot<Session>) {
    let number = sessions[session].record
    if number == 0 { return }
    for entry in sessions[session].sender.unfinished {
      if let delivery = entry.delivery { recordEnd(of: delivery) }
    }
    for delivery in sessions[session].queue.all { recordEnd(of: delivery) }
    for delivery in sessions[session].withheld?.deliveries ?? [] { recordEnd(of: delivery) }
    recorder.journal.append(.removeSession(number))
    removeTail(of: session)
    sessions[session].record = 0
  }

  /// Records a subscription as it is now.
  mutating func recordSubscription(
    _ subscription: Subscription, identifier: UInt32, session: Slot<Session>
  ) {
    recorder.journal.append(
      .subscribe(
        sessions[session].record,
        SubscriptionRecord(
          filter: Array(subscription.filter.utf8), options: subscription.options,
          identifier: identifier)))
  }

  // MARK: Messages on their way

  /// Records a message once, however many wait for it.
  mutating func recordMessage(_ message: Slot<Message>) -> UInt64 {
    if mail.messages[message].record != 0 { return mail.messages[message].record }
    let number = recorder.journal.takeMessage()
    let expiresAt = mail.messages[message].expiresAt
    mail.setRecord(message, number)
    var record = MessageRecord(
      number: number, topicLength: Int(mail.messages[message].topicLength),
      propertiesLength: Int(mail.messages[message].propertiesLength),
      bytes: array(mail.messages[message].bytes.span), qos: mail.messages[message].qos,
      isRetained: mail.messages[message].isRetained)
    if expiresAt != Message.never { record.expiresAtUnixSeconds = clock.unixSeconds(at: expiresAt) }
    recorder.journal.append(.store(record))
    return number
  }

  /// Records a message without keeping it.
  mutating func recordRouted(_ message: borrowing RoutedMessage) -> UInt64 {
    let number = recorder.journal.takeMessage()
    let topic = message.topic
    let properties = message.properties
    let payload = message.payload
    let bytes = [UInt8](capacity: message.byteCount) { output in
      for index in topic.indices { output.append(topic[index]) }
      for index in properties.indices { output.append(properties[index]) }
      for index in payload.indices { output.append(payload[index]) }
    }
    var record = MessageRecord(
      number: number, topicLength: topic.count, propertiesLength: properties.count,
      bytes: bytes, qos: message.terms.qos, isRetained: message.terms.isRetained)
    record.expiresAtUnixSeconds = expiry(of: message).map { clock.unixSeconds(at: $0) }
    recorder.journal.append(.store(record))
    return number
  }

  /// Records that a delivery waits for a lasting session.
  ///
  /// QoS 0 promises nothing and is left out.
  mutating func recordQueued(_ delivery: Slot<Delivery>, for session: Slot<Session>) {
    let kept = mail.deliveries[delivery]
    if !isRecorded(session, kept.terms.qos) { return }
    let message = recordMessage(kept.message)
    mail.deliveries[delivery].position = recordEntry(
      of: session, message: message, byteCount: mail.messages[kept.message].bytes.count, kept.terms)
    mail.deliveries[delivery].owner = session
  }

  /// Records that a message, which was recorded, waits for a lasting session; at which position.
  mutating func recordEntry(
    of session: Slot<Session>, message: UInt64, byteCount: Int, _ terms: DeliveryTerms
  ) -> UInt64 {
    let position = recorder.journal.takePosition()
    var record = QueueRecord(
      session: sessions[session].record, position: position, message: message,
      byteCount: byteCount, qos: terms.qos, isRetained: terms.isRetained)
    record.subscriptionIdentifiers = terms.subscriptionIdentifiers
    if let slot = terms.group, routing.subscriptions.groups.contains(slot) {
      record.group = routing.subscriptions.filter(
        of: routing.subscriptions.groups[slot.index].members[0])
    }
    recorder.journal.append(.enqueue(record))
    return position
  }

  /// Records the identifier that a QoS 2 delivery goes out with, and holds back its PUBLISH.
  mutating func recordAssigned(
    _ delivery: Slot<Delivery>, _ identifier: PacketIdentifier, of session: Slot<Session>
  ) {
    if mail.deliveries[delivery].terms.qos != .exactlyOnce { return }
    mail.deliveries[delivery].packetIdentifier = identifier.rawValue
    recorder.journal.append(
      .assign(
        sessions[session].record, identifier: identifier.rawValue,
        position: mail.deliveries[delivery].position))
    if let connection = sessions[session].connection { hold(connection) }
  }

  /// Records a delivery that goes out at once, under the identifier whose turn it is.
  mutating func recordSent(_ delivery: Slot<Delivery>, to session: Slot<Session>) {
    recordQueued(delivery, for: session)
    if let identifier = sessions[session].sender.nextIdentifier {
      recordAssigned(delivery, identifier, of: session)
    }
  }

  /// Records PUBREC of a subscriber, and holds back PUBREL.
  mutating func recordReleased(_ delivery: Slot<Delivery>, of session: Slot<Session>) {
    if mail.deliveries[delivery].position == 0 { return }
    recorder.journal.append(
      .release(
        sessions[session].record, identifier: mail.deliveries[delivery].packetIdentifier,
        position: mail.deliveries[delivery].position))
    holdAnswer(to: session)
  }

  /// Records that a delivery is over for the session that it was recorded for, if it was.
  mutating func recordEnd(of delivery: Slot<Delivery>) {
    if mail.deliveries[delivery].position == 0 { return }
    recordEnd(of: mail.deliveries[delivery])
    mail.deliveries[delivery].position = 0
    mail.deliveries[delivery].packetIdentifier = 0
  }

  /// The same for a delivery that was just taken out.
  mutating func recordEnd(of gone: Delivery) {
    guard let owner = gone.owner else { return }
    recorder.journal.append(
      .complete(
        sessions[owner].record, position: gone.position, identifier: gone.packetIdentifier))
  }

  // MARK: Messages that came

  /// Records the identifier of a QoS 2 message from a client whose session lasts.
  mutating func recordReceived(_ identifier: PacketIdentifier, from session: Slot<Session>) {
    if sessions[session].record == 0 || !sessions[session].receiver.contains(identifier) { return }
    recorder.journal.append(
      .received(sessions[session].record, identifier: identifier.rawValue))
  }

  /// Records PUBREL of a publisher, and holds back PUBCOMP.
  mutating func recordForgotten(_ identifier: PacketIdentifier, from session: Slot<Session>) {
    recorder.journal.append(.forget(sessions[session].record, identifier: identifier.rawValue))
    holdAnswer(to: session)
  }

  // MARK: Retained messages

  /// Records what a topic retains now.
  ///
  /// `$SYS` is made anew after every start.
  mutating func recordRetained(_ topic: Span<UInt8>, _ message: Slot<Message>) {
    if Self.isSystem(topic) { return }
    let number = recordMessage(message)
    let source = mail.messages[message].source.map {
      SourceRecord(
        clientIdentifier: $0.subject.clientIdentifier, userName: $0.subject.userName,
        listener: $0.listenerName.nonEmpty)
    }
    recorder.journal.append(.retain(topic: array(topic), message: number, source: source))
  }

  /// Records that a topic retains nothing any more.
  mutating func recordUnretained(_ topic: Span<UInt8>) {
    if Self.isSystem(topic) { return }
    recorder.journal.append(.unretain(topic: array(topic)))
  }
}

extension String {
  /// Nil instead of nothing.
  fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
