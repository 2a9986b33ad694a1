// What cannot go out at once: the message is kept, once for all who wait for it, and each session's
// queue holds a delivery of it until window and outbox have room. What was sent on an earlier
// connection and not acknowledged goes first, in its order.

import MQTTCodec
import MQTTSession

extension Broker {
  /// The queue is not emptied into an outbox beyond this size.
  static let outboxRefillLimit = 256 << 10

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

  mutating func keep(
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
    let size = sizeOfKept(delivery, connection)
    if size > Int(connections[connection].packetSizeLimit) {
      dropTooLarge(session, connection)
      return dropDelivery(delivery)
    }
    if qos == .atMostOnce {
      transmitKept(delivery, size: size, on: connection, identifier: 0, isDuplicate: false)
      return dropDelivery(delivery)
    }
    let isKept = isKeptInFlight(session) || deliveries[delivery].group != nil
    let identifier = sessions[session].sender.send(isKept ? delivery : Self.unkept, qos: qos)
    if sessions[session].record != 0 { recordAssigned(delivery, identifier, of: session) }
    // "Might be" a repetition is what DUP says, and what a start from a store knows. [MQTT-3.3.1-1]
    let position = deliveries[delivery].position
    let isDuplicate =
      qos == .atLeastOnce && position > 0 && position <= sessions[session].lastMaybeSent
    transmitKept(
      delivery, size: size, on: connection, identifier: identifier.rawValue,
      isDuplicate: isDuplicate)
    if !isKept { dropDelivery(delivery) }
  }

  /// PUBLISH with DUP, or PUBREL, as the handshake stood. [MQTT-4.4.0-1] [MQTT-3.3.1-1]
  private mutating func resend(_ entry: SenderFlow.Entry, _ session: UInt32, _ connection: UInt32) {
    if entry.stage == .awaitingPubcomp {
      return acknowledge(.pubrel, entry.packetIdentifier, .success, on: connection)
    }
    // The new connection may take less than the one before. [MQTT-3.1.2-24] [MQTT-3.1.2-25]
    let size = sizeOfKept(entry.message, connection)
    if size > Int(connections[connection].packetSizeLimit) {
      dropTooLarge(session, connection)
      return endResend(entry, session, .packetTooLarge)
    }
    // Its rights may have changed since the first attempt.
    if isControlled && !mayReceive(session, message: deliveries[entry.message].message) {
      return endResend(entry, session, .notAuthorized)
    }
    transmitKept(
      entry.message, size: size, on: connection, identifier: entry.packetIdentifier.rawValue,
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
    if isOutside(messages[message].bytes.span.extracting(messages[message].topic), connection) {
      return .max
    }
    return messages[message].encodedSize(
      version: connections[connection].version, deliveries[delivery],
      skipping: mountPoint(of: connection).count, now: now)
  }

  private mutating func transmitKept(
    _ delivery: UInt32, size: Int, on connection: UInt32, identifier: UInt16, isDuplicate: Bool
  ) {
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

  /// The shell took the output of a session's connection: there is room for what waits.
  mutating func outputTaken(_ session: UInt32, _ connection: UInt32) {
    if connections[connection].isDropping {
      connections[connection].isDropping = false
      endEpisode(session, connection)
    }
    if !sessions[session].nothingWaits || sessions[session].sender.isResending { pump(session) }
  }
}
