// What cannot go out at once: the message is kept, once for all who wait for it, and each session's
// queue holds a delivery of it until window and outbox have room. What was sent on an earlier
// connection and not acknowledged goes first, in its order.

import Basis
import MQTTCodec
import MQTTSession

extension Broker {
  /// The queue is not emptied into an outbox beyond this size.
  static let outboxRefillLimit = 256 << 10

  /// The kept copy of a message, made when it is needed first.
  mutating func stored(_ message: inout RoutedMessage) -> Slot<Message> {
    if let stored = message.stored, mail.messages.contains(stored) { return stored.index }
    var bytes = ByteBuffer(exactCapacity: message.byteCount)
    bytes.append(message.topic)
    bytes.append(message.properties)
    bytes.append(message.payload)
    var kept = Message(
      bytes: bytes, topicLength: Int32(message.topic.count),
      propertiesLength: Int32(message.properties.count), qos: message.terms.qos,
      isRetained: message.terms.isRetained, expiresAt: expiry(of: message) ?? Message.never)
    kept.record = message.record
    let stored = mail.insert(kept)
    message.stored = stored
    if message.record != 0 { joinTails(stored.index) }
    return stored.index
  }

  /// When a message expires; nil is never.
  func expiry(of message: borrowing RoutedMessage) -> Instant? {
    message.terms.expirySeconds.map { now.advanced(bySeconds: Int($0)) }
  }

  /// Keeps a message for one session.
  mutating func keep(_ message: inout RoutedMessage, _ terms: DeliveryTerms) -> Slot<Delivery> {
    let stored = stored(&message)
    return mail.insert(Delivery(message: stored, terms: terms))
  }

  /// Puts a delivery at the end of a session's queue; false when it is only in the store then.
  @discardableResult
  mutating func enqueue(_ delivery: Slot<Delivery>, for session: Slot<Session>) -> Bool {
    if goesToTail(session, mail.deliveries[delivery].terms.qos) {
      moveToTail(delivery, of: session)
      return false
    }
    let message = mail.deliveries[delivery].message
    sessions[session].queue.append(delivery)
    sessions[session].queue.byteCount += mail.messages[message].bytes.count
    // Nothing newer at QoS 0 overtakes it. [MQTT-4.6.0-6]
    if mail.deliveries[delivery].terms.qos == .atMostOnce {
      sessions[session].replayCount = UInt32(sessions[session].queue.count)
    }
    sweep(session, at: mail.messages[message].expiresAt)
    if sessions[session].record != 0 {
      recordQueued(delivery, for: session)
      _ = waitsForStore(delivery, session)
    }
    return true
  }

  /// Whether the session's queue takes another message; counts and says so when not.
  mutating func hasRoom(_ session: Slot<Session>, bytes: Int) -> Bool {
    let byteLimit = configuration.queueByteLimit
    if sessions[session].limitedCount < configuration.queueMessageLimit
      && (byteLimit == 0 || sessions[session].waitingByteCount + bytes <= byteLimit)
    {
      return true
    }
    dropForFullQueue(session)
    return false
  }

  /// Sends what waits for a session, in order, as far as window and outbox allow.
  mutating func pump(_ session: Slot<Session>) {
    guard let connection = sessions[session].connection else { return }
    while connections[connection].outputCount < Self.outboxRefillLimit {
      guard let entry = sessions[session].sender.nextResend() else { break }
      resend(entry, session, connection)
    }
    if sessions[session].sender.isResending { return }
    while let delivery = sessions[session].queue.first,
      connections[connection].outputCount < Self.outboxRefillLimit,
      mail.deliveries[delivery].terms.qos == .atMostOnce || hasWindow(session)
    {
      if waitsForStore(delivery, session) { return }
      _ = sessions[session].queue.removeFirst()
      let message = mail.deliveries[delivery].message
      sessions[session].queue.byteCount -= mail.messages[message].bytes.count
      if sessions[session].replayCount > 0 { sessions[session].replayCount -= 1 }
      if mail.deliveries[delivery].isReplay { sessions[session].replayedCount -= 1 }
      if mail.messages[message].isExpired(now: now) {
        status.counters.messagesExpired += 1
        dropDelivery(delivery)
      } else if isWithheld(message, session, connection) {
        withhold(delivery, of: session)
      } else {
        sendKept(delivery, session, connection)
      }
    }
    if sessions[session].tail != nil {
      refill(session)
    } else if sessions[session].queue.isEmpty && sessions[session].droppedInEpisode > 0 {
      endEpisode(session, connection)
    }
  }

  private mutating func sendKept(
    _ delivery: Slot<Delivery>, _ session: Slot<Session>, _ connection: Slot<Connection>
  ) {
    let qos = mail.deliveries[delivery].terms.qos
    var attempt = attempt(on: connection)
    let size = mail.size(of: delivery, attempt)
    if size > Int(connections[connection].packetSizeLimit) {
      dropTooLarge(session, connection)
      return dropDelivery(delivery)
    }
    if qos == .atMostOnce {
      transmit(delivery, attempt, size: size, on: connection)
      return dropDelivery(delivery)
    }
    let isKept = isKeptInFlight(session) || mail.deliveries[delivery].terms.group != nil
    let identifier = sessions[session].sender.send(isKept ? delivery : nil, qos: qos)
    if sessions[session].record != 0 { recordAssigned(delivery, identifier, of: session) }
    attempt.identifier = identifier.rawValue
    // "Might be" a repetition is what DUP says, and what a start from a store knows. [MQTT-3.3.1-1]
    let position = mail.deliveries[delivery].position
    attempt.isDuplicate =
      qos == .atLeastOnce && position > 0 && position <= sessions[session].lastMaybeSent
    transmit(delivery, attempt, size: size, on: connection)
    if !isKept { dropDelivery(delivery) }
  }

  /// PUBLISH with DUP, or PUBREL, as the handshake stood. [MQTT-4.4.0-1] [MQTT-3.3.1-1]
  private mutating func resend(
    _ entry: SenderFlow.Entry, _ session: Slot<Session>, _ connection: Slot<Connection>
  ) {
    if entry.stage == .awaitingPubcomp {
      return acknowledge(.pubrel, entry.packetIdentifier, .success, on: connection)
    }
    guard let delivery = entry.delivery else {
      preconditionFailure("what may be sent again is kept")
    }
    // Its rights may have changed since the first attempt.
    if isWithheld(mail.deliveries[delivery].message, session, connection) {
      return withhold(delivery, entry, of: session)
    }
    // The new connection may take less than the one before. [MQTT-3.1.2-24] [MQTT-3.1.2-25]
    var attempt = attempt(on: connection)
    let size = mail.size(of: delivery, attempt)
    if size > Int(connections[connection].packetSizeLimit) {
      dropTooLarge(session, connection)
      return endResend(delivery, entry, session)
    }
    attempt.identifier = entry.packetIdentifier.rawValue
    attempt.isDuplicate = true
    transmit(delivery, attempt, size: size, on: connection)
  }

  /// A message that was under way is not sent again, as if the client had refused it.
  private mutating func endResend(
    _ delivery: Slot<Delivery>, _ entry: SenderFlow.Entry, _ session: Slot<Session>
  ) {
    let type = entry.stage == .awaitingPuback ? PacketType.puback : .pubrec
    _ = sessions[session].sender.receive(
      type, entry.packetIdentifier, reasonCode: .packetTooLarge)
    dropDelivery(delivery)
  }

  /// What an attempt to send a kept message on a connection begins with.
  private func attempt(on connection: Slot<Connection>) -> PublishAttempt {
    PublishAttempt(
      version: connections[connection].version, hiddenCount: mountPoint(of: connection).count,
      now: now)
  }

  /// Sends a kept message, whose PUBLISH without an alias has `size` bytes.
  private mutating func transmit(
    _ delivery: Slot<Delivery>, _ given: PublishAttempt, size: Int, on connection: Slot<Connection>
  ) {
    var attempt = given
    let message = mail.deliveries[delivery].message
    let topic = mail.messages[message].topic
    attempt.alias = outboundAlias(
      for: mail.messages[message].bytes.span.extracting(topic.dropFirst(attempt.hiddenCount)),
      size: size, on: connection)
    prepareOutbox(connection)
    mail.append(delivery, attempt, to: &connections[connection].outbox)
    status.countSent(mail.messages[message].payload.count)
    if configuration.logsPackets {
      let note = PublishNote(
        mail.deliveries[delivery].terms, identifier: attempt.identifier,
        isDuplicate: attempt.isDuplicate, byteCount: mail.messages[message].payload.count)
      notePublish(note, topic: mail.topic(of: message).span, on: connection)
    }
    enlist(connection)
  }

  /// The shell took the output of a session's connection: there is room for what waits.
  mutating func outputTaken(_ session: Slot<Session>, _ connection: Slot<Connection>) {
    if connections[connection].isDropping {
      connections[connection].isDropping = false
      endEpisode(session, connection)
    }
    if !sessions[session].nothingWaits || sessions[session].sender.isResending { pump(session) }
  }
}
