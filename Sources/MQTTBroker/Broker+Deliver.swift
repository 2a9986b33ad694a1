// From a message to one subscriber: now, later, or not at all.
//
//   QoS 0    to a connection that keeps up: bytes into its outbox; otherwise dropped and counted
//   QoS 1/2  within the window: a packet identifier and bytes into the outbox;
//            beyond it, or without a connection: into the session's queue, up to its limit
//
// A session that ends with its connection never needs a message again that was sent, so only its
// identifier is kept. A session that lasts, or a shared group, keeps the message until it is
// acknowledged.

import MQTTCodec
import MQTTSession

extension Broker {
  /// Stands for "no kept message" in a flow.
  static let unkept = UInt32.max
  /// The queue is not emptied into an outbox beyond this size.
  static let outboxRefillLimit = 256 << 10

  /// Delivers the message of `routing` to one session.
  @inline(__always) mutating func deliver(
    to target: Target, _ identifiers: [UInt32], group: UInt32 = SubscriptionTree.nothing,
    topic: Span<UInt8>, properties: Span<UInt8>, payload: Span<UInt8>, packet: Span<UInt8>
  ) {
    let session = target.session
    let connection = sessions[session].connection
    if connection != Session.noConnection && isOutside(topic, connection) { return }
    // The lower one of the two qualities. [MQTT-3.8.4-8]
    let qos =
      configuration.upgradesQoS ? target.flags.qos : min(routing.qos, target.flags.qos)
    // [MQTT-3.3.1-12] [MQTT-3.3.1-13]
    let isRetained = routing.isRetained && target.flags.contains(.retainAsPublished)
    if qos == .atMostOnce {
      if connection != Session.noConnection && sessions[session].replayCount == 0 {
        if connections[connection].outputCount < configuration.outboxByteLimit {
          transmit(
            on: connection, qos: qos, isRetained: isRetained, identifier: 0, identifiers,
            topic: topic, properties: properties, payload: payload, packet: packet)
        } else {
          dropForSlowness(session, connection)
        }
        return
      }
      if connection == Session.noConnection && !configuration.queuesQoS0 { return }
    } else if connection != Session.noConnection && sessions[session].nothingWaits
      && hasWindow(session)
      && connections[connection].outputCount < configuration.outboxByteLimit
      && !(isStoreFailing && qos == .exactlyOnce && sessions[session].record != 0)
    {
      if !fits(connection, hasIdentifier: true, identifiers, topic, properties, payload) {
        return dropTooLarge(session, connection)
      }
      var kept = Self.unkept
      if isKeptInFlight(session) || group != SubscriptionTree.nothing {
        kept = keep(
          qos, isRetained, identifiers, group: group, topic: topic, properties: properties,
          payload: payload)
        if sessions[session].record != 0 { recordSent(kept, to: session) }
      }
      let identifier = sessions[session].sender.send(kept, qos: qos)
      transmit(
        on: connection, qos: qos, isRetained: isRetained, identifier: identifier.rawValue,
        identifiers, topic: topic, properties: properties, payload: payload, packet: packet)
      return
    }
    if !hasRoom(session, bytes: topic.count + properties.count + payload.count) { return }
    if goesToTail(session, qos) {
      return appendToTail(
        of: session, qos, isRetained, identifiers, group: group, topic: topic,
        properties: properties, payload: payload)
    }
    let kept = keep(
      qos, isRetained, identifiers, group: group, topic: topic, properties: properties,
      payload: payload)
    enqueue(kept, for: session)
  }

  /// Whether messages that were sent are kept until they are acknowledged: to send them again, or
  /// to know their length.
  @inline(__always) private func isKeptInFlight(_ session: UInt32) -> Bool {
    sessions[session].keepsSent || configuration.inFlightByteLimit > 0
  }

  /// Whether another message may be under way to a session.
  @inline(__always) func hasWindow(_ session: UInt32) -> Bool {
    sessions[session].sender.canSend
      && (configuration.inFlightByteLimit == 0
        || inFlightBytes(session) < configuration.inFlightByteLimit)
  }

  private func inFlightBytes(_ session: UInt32) -> Int {
    var bytes = 0
    for entry in sessions[session].sender.unfinished where entry.message != Self.unkept {
      bytes += messages[deliveries[entry.message].message].bytes.count
    }
    return bytes
  }

  // MARK: Now

  /// Appends the message of `routing` to an outbox. [MQTT-3.3.1-9]
  @inline(__always) private mutating func transmit(
    on connection: UInt32, qos: QoS, isRetained: Bool, identifier: UInt16, _ identifiers: [UInt32],
    topic: Span<UInt8>, properties: Span<UInt8>, payload: Span<UInt8>, packet: Span<UInt8>
  ) {
    let isV5 = connections[connection].version == .v5
    if isV5 && (!identifiers.isEmpty || connections[connection].extras != nil)
      || connections[connection].isMounted
    {
      return transmitApart(
        on: connection, qos: qos, isRetained: isRetained, identifier: identifier, identifiers,
        topic: topic, properties: properties, payload: payload)
    }
    if routing.isShared && qos == .atMostOnce && !isRetained
      && share(
        on: connection, topic: topic, properties: properties, payload: payload, packet: packet)
    {
      return finishTransmit(
        on: connection, qos: qos, isRetained: isRetained, identifier, topic, payload.count)
    }
    let kind = RoutedForms.Kind(isV5: isV5, hasIdentifier: identifier != 0)
    let form = routing.form(kind, topic: topic, properties: properties, payload: payload)
    if form.count > Int(connections[connection].packetSizeLimit) {
      return dropTooLarge(connections[connection].session, connection)
    }
    prepareOutbox(connection)
    let start = connections[connection].outbox.count
    spares.makeRoom(for: form.count, in: &connections[connection].outbox)
    if form.isPassed {
      connections[connection].outbox.append(packet)
    } else {
      connections[connection].outbox.append(form.range, of: routing.bytes)
    }
    connections[connection].outbox[start] =
      0x30 | qos.rawValue << 1 | (isRetained ? 1 : 0)
    if identifier != 0 {
      connections[connection].outbox[start + form.identifierOffset] = UInt8(identifier >> 8)
      connections[connection].outbox[start + form.identifierOffset + 1] =
        UInt8(truncatingIfNeeded: identifier)
    }
    finishTransmit(
      on: connection, qos: qos, isRetained: isRetained, identifier, topic, payload.count)
  }

  /// The same for a 5.0 client with aliases or subscription identifiers, or for one below a mount
  /// point, encoded for it alone.
  private mutating func transmitApart(
    on connection: UInt32, qos: QoS, isRetained: Bool, identifier: UInt16, _ identifiers: [UInt32],
    topic: Span<UInt8>, properties: Span<UInt8>, payload: Span<UInt8>
  ) {
    let version = connections[connection].version
    let topic = topic.extracting(droppingFirst: mountPoint(of: connection).count)
    let size = PublishForm.encodedSize(
      version: version, qos: qos, topic: topic, topicAlias: 0,
      messageExpiryIntervalSeconds: routing.expirySeconds, subscriptionIdentifiers: identifiers,
      forwardedProperties: properties, payload: payload)
    // [MQTT-3.1.2-24]
    if size > Int(connections[connection].packetSizeLimit) {
      return dropTooLarge(connections[connection].session, connection)
    }
    let alias = outboundAlias(for: topic, size: size, on: connection)
    prepareOutbox(connection)
    _ = PublishForm.encode(
      into: &connections[connection].outbox, version: version, qos: qos, isRetained: isRetained,
      isDuplicate: false, packetIdentifier: identifier,
      topic: topic.extracting(alias.isKnown ? 0..<0 : 0..<topic.count), topicAlias: alias.number,
      messageExpiryIntervalSeconds: routing.expirySeconds, subscriptionIdentifiers: identifiers,
      forwardedProperties: properties, payload: payload)
    finishTransmit(
      on: connection, qos: qos, isRetained: isRetained, identifier, topic, payload.count)
  }

  @inline(__always) private mutating func finishTransmit(
    on connection: UInt32, qos: QoS, isRetained: Bool, _ identifier: UInt16, _ topic: Span<UInt8>,
    _ payloadBytes: Int
  ) {
    countSent(payloadBytes)
    if configuration.logsPackets {
      notePublish(
        on: connection, qos: qos, isRetained: isRetained, isDuplicate: false, identifier,
        String(decoding: array(topic), as: UTF8.self), byteCount: payloadBytes)
    }
    enlist(connection)
  }

  /// The alias that stands for a topic on a connection, zero when none does, and whether the
  /// client knows it already, so that the topic itself can be left out.
  private func outboundAlias(for topic: Span<UInt8>, size: Int, on connection: UInt32)
    -> OutboundAlias
  {
    // An alias takes three bytes itself.
    if topic.count <= 3 || connections[connection].version != .v5 { return OutboundAlias() }
    guard let extras = connections[connection].extras,
      size + 3 <= Int(connections[connection].packetSizeLimit),
      let alias = extras.outboundAliases.alias(for: topic)
    else { return OutboundAlias() }
    return OutboundAlias(number: alias.alias, isKnown: !alias.isNew)
  }

  @inline(__always) private mutating func countSent(_ payloadBytes: Int) {
    counters.messagesSent += 1
    counters.publishSent += 1
    counters.publishBytesSent += UInt64(payloadBytes)
  }

  private func fits(
    _ connection: UInt32, hasIdentifier: Bool, _ identifiers: [UInt32], _ topic: Span<UInt8>,
    _ properties: Span<UInt8>, _ payload: Span<UInt8>
  ) -> Bool {
    let limit = Int(connections[connection].packetSizeLimit)
    // Fixed header, lengths, identifier, expiry and subscription identifiers take less than this.
    let bound =
      topic.count + properties.count + payload.count + 32 + identifiers.count * 5
    if bound <= limit { return true }
    return PublishForm.encodedSize(
      version: connections[connection].version, qos: hasIdentifier ? .atLeastOnce : .atMostOnce,
      topic: topic, topicAlias: 0, messageExpiryIntervalSeconds: routing.expirySeconds,
      subscriptionIdentifiers: identifiers, forwardedProperties: properties, payload: payload)
      <= limit
  }

  // MARK: Later

  /// The kept copy of the message of `routing`, made when it is needed first.
  mutating func stored(topic: Span<UInt8>, properties: Span<UInt8>, payload: Span<UInt8>)
    -> UInt32
  {
    if routing.stored != SubscriptionTree.nothing { return routing.stored }
    var bytes = ByteBuffer(exactCapacity: topic.count + properties.count + payload.count)
    bytes.append(topic)
    bytes.append(properties)
    bytes.append(payload)
    let expiresAt =
      routing.expirySeconds.map { now.advanced(bySeconds: Int($0)) } ?? Message.never
    var message = Message(
      bytes: bytes, topicLength: Int32(topic.count), propertiesLength: Int32(properties.count),
      qos: routing.qos, isRetained: routing.isRetained, expiresAt: expiresAt)
    message.record = routing.record
    routing.stored = messages.insert(message).index
    if routing.record != 0 { joinTails(routing.stored) }
    return routing.stored
  }

  private mutating func keep(
    _ qos: QoS, _ isRetained: Bool, _ identifiers: [UInt32], group: UInt32, topic: Span<UInt8>,
    properties: Span<UInt8>, payload: Span<UInt8>
  ) -> UInt32 {
    let message = stored(topic: topic, properties: properties, payload: payload)
    messages[message].references += 1
    var delivery = Delivery(message: message, qos: qos, isRetained: isRetained)
    delivery.subscriptionIdentifiers = identifiers
    delivery.group =
      group == SubscriptionTree.nothing ? nil : subscriptions.groups.identifier(at: group)
    return deliveries.insert(delivery).index
  }

  /// Puts a delivery at the end of a session's queue; false when it is only in the store then.
  @discardableResult
  mutating func enqueue(_ delivery: UInt32, for session: UInt32) -> Bool {
    if goesToTail(session, deliveries[delivery].qos) {
      moveToTail(delivery, of: session)
      return false
    }
    let message = deliveries[delivery].message
    sessions[session].queue.append(delivery)
    sessions[session].queue.byteCount += messages[message].bytes.count
    // Nothing newer at QoS 0 overtakes it. [MQTT-4.6.0-6]
    if deliveries[delivery].qos == .atMostOnce {
      sessions[session].replayCount = UInt32(sessions[session].queue.count)
    }
    sweep(session, at: messages[message].expiresAt)
    if sessions[session].record != 0 {
      recordQueued(delivery, for: session)
      if isStoreFailing { _ = waitsForStore(delivery, session) }
    }
    return true
  }

  /// Whether the session's queue takes another message; counts and says so when not.
  mutating func hasRoom(_ session: UInt32, bytes: Int) -> Bool {
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
  mutating func pump(_ session: UInt32) {
    let connection = sessions[session].connection
    if connection == Session.noConnection { return }
    while connections[connection].outputCount < Self.outboxRefillLimit {
      guard let entry = sessions[session].sender.nextResend() else { break }
      resend(entry, session, connection)
    }
    if sessions[session].sender.isResending { return }
    while let delivery = sessions[session].queue.first,
      connections[connection].outputCount < Self.outboxRefillLimit,
      deliveries[delivery].qos == .atMostOnce || hasWindow(session)
    {
      if isStoreFailing && waitsForStore(delivery, session) { return }
      _ = sessions[session].queue.removeFirst()
      let message = deliveries[delivery].message
      sessions[session].queue.byteCount -= messages[message].bytes.count
      if sessions[session].replayCount > 0 { sessions[session].replayCount -= 1 }
      if deliveries[delivery].isReplay { sessions[session].replayedCount -= 1 }
      if messages[message].isExpired(now: now) {
        counters.messagesExpired += 1
        dropDelivery(delivery)
      } else if isControlled && !mayReceive(session, message: message) {
        dropDelivery(delivery)
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

  private mutating func sendKept(_ delivery: UInt32, _ session: UInt32, _ connection: UInt32) {
    let qos = deliveries[delivery].qos
    if sizeOfKept(delivery, connection) > Int(connections[connection].packetSizeLimit) {
      dropTooLarge(session, connection)
      return dropDelivery(delivery)
    }
    if qos == .atMostOnce {
      transmitKept(delivery, on: connection, identifier: 0, isDuplicate: false)
      return dropDelivery(delivery)
    }
    let isKept = isKeptInFlight(session) || deliveries[delivery].group != nil
    let identifier = sessions[session].sender.send(isKept ? delivery : Self.unkept, qos: qos)
    if sessions[session].record != 0 { recordAssigned(delivery, identifier, of: session) }
    transmitKept(delivery, on: connection, identifier: identifier.rawValue, isDuplicate: false)
    if !isKept { dropDelivery(delivery) }
  }

  /// PUBLISH with DUP, or PUBREL, as the handshake stood. [MQTT-4.4.0-1] [MQTT-3.3.1-1]
  private mutating func resend(_ entry: SenderFlow.Entry, _ session: UInt32, _ connection: UInt32) {
    if entry.stage == .awaitingPubcomp {
      return acknowledge(.pubrel, entry.packetIdentifier, .success, on: connection)
    }
    // The new connection may take less than the one before. [MQTT-3.1.2-24] [MQTT-3.1.2-25]
    if sizeOfKept(entry.message, connection) > Int(connections[connection].packetSizeLimit) {
      dropTooLarge(session, connection)
      return endResend(entry, session, .packetTooLarge)
    }
    // Its rights may have changed since the first attempt.
    if isControlled && !mayReceive(session, message: deliveries[entry.message].message) {
      return endResend(entry, session, .notAuthorized)
    }
    transmitKept(
      entry.message, on: connection, identifier: entry.packetIdentifier.rawValue,
      isDuplicate: true)
  }

  /// A message that was under way is not sent again, as if the client had refused it.
  private mutating func endResend(
    _ entry: SenderFlow.Entry, _ session: UInt32, _ reason: ReasonCode
  ) {
    let type = entry.stage == .awaitingPuback ? PacketType.puback : .pubrec
    _ = sessions[session].sender.receive(type, entry.packetIdentifier, reasonCode: reason)
    dropDelivery(entry.message)
  }

  /// More than any limit for a message that has no name for the client.
  private func sizeOfKept(_ delivery: UInt32, _ connection: UInt32) -> Int {
    let message = deliveries[delivery].message
    if connections[connection].isMounted,
      isOutside(messages[message].bytes.span.extracting(messages[message].topic), connection)
    {
      return .max
    }
    return messages[message].encodedSize(
      version: connections[connection].version, deliveries[delivery],
      skipping: mountPoint(of: connection).count, now: now)
  }

  private mutating func transmitKept(
    _ delivery: UInt32, on connection: UInt32, identifier: UInt16, isDuplicate: Bool
  ) {
    let size = sizeOfKept(delivery, connection)
    let kept = deliveries[delivery]
    let message = kept.message
    let topic = messages[message].topic
    let skipped = mountPoint(of: connection).count
    let alias = outboundAlias(
      for: messages[message].bytes.span.extracting(topic).extracting(droppingFirst: skipped),
      size: size, on: connection)
    let version = connections[connection].version
    prepareOutbox(connection)
    Self.encode(
      kept, of: messages, to: &connections, connection, version: version, identifier: identifier,
      isDuplicate: isDuplicate, alias: alias, skipping: skipped, now: now)
    countSent(messages[message].payload.count)
    if configuration.logsPackets {
      let text = String(
        decoding: array(messages[message].bytes.span.extracting(topic)), as: UTF8.self)
      notePublish(
        on: connection, qos: kept.qos, isRetained: kept.isRetained, isDuplicate: isDuplicate,
        identifier, text, byteCount: messages[message].payload.count)
    }
    enlist(connection)
  }

  /// Both tables are parameters, so that lending one and changing the other are seen to be apart.
  private static func encode(
    _ kept: Delivery, of messages: borrowing SlotTable<Message>,
    to connections: inout SlotTable<Connection>, _ connection: UInt32, version: ProtocolVersion,
    identifier: UInt16, isDuplicate: Bool, alias: OutboundAlias, skipping: Int, now: Instant
  ) {
    messages[kept.message].encode(
      into: &connections[connection].outbox, version: version, kept, identifier: identifier,
      isDuplicate: isDuplicate, alias: alias, skipping: skipping, now: now)
  }

  // MARK: Not at all

  /// Forgets a delivery, and its message when nobody else needs it.
  mutating func dropDelivery(_ delivery: UInt32) {
    let gone = deliveries.remove(delivery)
    if gone.position != 0 { recordEnd(of: gone) }
    dropReference(gone.message)
  }

  /// One reader less; the last one takes the message with it.
  mutating func dropReference(_ message: UInt32) {
    messages[message].references -= 1
    if messages[message].references == 0 {
      let number = messages[message].record
      let isInTail = messages[message].isInTail
      if routing.stored == message {
        routing.stored = SubscriptionTree.nothing
        routing.record = isInTail ? number : 0
      }
      if isInTail {
        paging.bodies[number] = nil
      } else if number != 0 {
        journal.append(.drop(number))
      }
      messages.remove(message)
    }
  }

  mutating func countDropped(_ session: UInt32) {
    counters.publishDropped += 1
    sessions[session].droppedCount += 1
    sessions[session].droppedInEpisode += 1
  }

  mutating func dropForFullQueue(_ session: UInt32) {
    counters.droppedQueueFull += 1
    countDropped(session)
    if sessions[session].isQueueFull { return }
    sessions[session].isQueueFull = true
    note(
      .warning,
      "\(sessions[session].clientIdentifier): its queue is full "
        + "(\(sessions[session].waitingCount) messages, \(sessions[session].waitingByteCount) bytes; "
        + "limits max-queued-messages \(configuration.queueMessageLimit), "
        + "max-queued-bytes \(configuration.queueByteLimit)); messages for it are dropped")
  }

  private mutating func dropForSlowness(_ session: UInt32, _ connection: UInt32) {
    counters.droppedOutboxFull += 1
    countDropped(session)
    if !connections[connection].isDropping {
      connections[connection].isDropping = true
      note(
        .warning,
        "\(sessions[session].clientIdentifier): reads too slowly, "
          + "\(connections[connection].outputCount) bytes wait for it (limit "
          + "max-outbox-bytes \(configuration.outboxByteLimit)); QoS 0 messages for it are dropped")
    }
  }

  /// A message the client said it cannot take counts as delivered. [MQTT-3.1.2-25]
  private mutating func dropTooLarge(_ session: UInt32, _ connection: UInt32) {
    counters.droppedTooLarge += 1
    counters.publishDropped += 1
    sessions[session].droppedCount += 1
    if connections[connection].isTooSmall { return }
    connections[connection].isTooSmall = true
    note(
      .warning,
      "\(sessions[session].clientIdentifier): a message is longer than its Maximum Packet Size of "
        + "\(connections[connection].packetSizeLimit) bytes and was not sent to it; more of them "
        + "are only counted")
  }

  /// Says how much was lost, once neither queue nor outbox loses any more.
  private mutating func endEpisode(_ session: UInt32, _ connection: UInt32) {
    if sessions[session].nothingWaits { sessions[session].isQueueFull = false }
    if sessions[session].isQueueFull || connections[connection].isDropping { return }
    note(
      .warning,
      "\(sessions[session].clientIdentifier): \(sessions[session].droppedInEpisode) messages for "
        + "it were dropped; it keeps up again")
    sessions[session].droppedInEpisode = 0
  }

  /// The shell took the output of a session's connection: there is room for what waits.
  mutating func outputTaken(_ session: UInt32, _ connection: UInt32) {
    if connections[connection].isDropping {
      connections[connection].isDropping = false
      endEpisode(session, connection)
    }
    if !sessions[session].nothingWaits || sessions[session].sender.isResending { pump(session) }
  }
}
