// From a message to one subscriber: now, later (Broker+Queue), or not at all (Broker+Drop).
//
//   QoS 0    to a connection that keeps up: bytes into its outbox; otherwise dropped and counted
//   QoS 1/2  within the window: a packet identifier and bytes into the outbox;
//            beyond it, or without a connection: into the session's queue, up to its limit
//
// The message is lent as `inout` all the way down: to borrow it from there, the compiler copies it.
//
// A session that ends with its connection never needs a message again that was sent, so only its
// identifier is kept. A session that lasts, or a shared group, keeps the message until it is
// acknowledged.

import Basis
import MQTTCodec
import MQTTSession

extension Broker {
  /// Delivers a message to one session.
  @inline(__always) mutating func deliver(
    _ message: inout RoutedMessage, to target: Target, _ identifiers: [UInt32],
    group: SlotIdentifier<SharedGroup>? = nil
  ) {
    let session = target.session
    let connection = sessions[session].connection
    if let connection, isOutside(message.topic, connection) { return }
    let terms = DeliveryTerms(
      qos: qos(of: message.terms, for: target.flags),
      isRetained: message.terms.isRetained && target.flags.contains(.retainAsPublished),
      subscriptionIdentifiers: identifiers, group: group)
    if terms.qos == .atMostOnce {
      if let connection, sessions[session].replayCount == 0 {
        if connections[connection].outputCount < configuration.outboxByteLimit {
          transmit(&message, terms, identifier: 0, on: connection)
        } else {
          dropForSlowness(session, connection)
        }
        return
      }
      if connection == nil && !configuration.queuesQoS0 { return }
    } else if let connection, sessions[session].nothingWaits, hasWindow(session),
      connections[connection].outputCount < configuration.outboxByteLimit,
      !(terms.qos == .exactlyOnce && isFrozen(session))
    {
      if !fits(&message, terms, connection) { return dropTooLarge(session, connection) }
      var kept: Slot<Delivery>?
      if isKeptInFlight(session) || group != nil {
        let delivery = keep(&message, terms)
        if sessions[session].record != 0 { recordSent(delivery, to: session) }
        kept = delivery
      }
      let identifier = sessions[session].sender.send(kept, qos: terms.qos)
      transmit(&message, terms, identifier: identifier.rawValue, on: connection)
      return
    }
    if !hasRoom(session, bytes: message.byteCount) { return }
    if goesToTail(session, terms.qos) { return appendToTail(of: session, &message, terms) }
    enqueue(keep(&message, terms), for: session)
  }

  /// The QoS at which a message goes to a subscriber: the lower one of the two. [MQTT-3.8.4-8]
  @inline(__always) func qos(of message: PublicationTerms, for flags: SubscriberFlags) -> QoS {
    configuration.upgradesQoS ? flags.qos : min(message.qos, flags.qos)
  }

  /// Whether messages that were sent are kept until they are acknowledged: to send them again, or
  /// to know their length.
  @inline(__always) func isKeptInFlight(_ session: Slot<Session>) -> Bool {
    sessions[session].keepsSent || configuration.inFlightByteLimit > 0
  }

  /// Whether another message may be under way to a session.
  @inline(__always) func hasWindow(_ session: Slot<Session>) -> Bool {
    sessions[session].sender.canSend
      && (configuration.inFlightByteLimit == 0
        || inFlightBytes(session) < configuration.inFlightByteLimit)
  }

  private func inFlightBytes(_ session: Slot<Session>) -> Int {
    var bytes = 0
    for entry in sessions[session].sender.unfinished {
      if let delivery = entry.delivery {
        bytes += mail.messages[mail.deliveries[delivery].message].payload.count
      }
    }
    return bytes
  }

  /// Appends a message to an outbox. [MQTT-3.3.1-9]
  @inline(__always) private mutating func transmit(
    _ message: inout RoutedMessage, _ terms: DeliveryTerms, identifier: UInt16,
    on connection: Slot<Connection>
  ) {
    let isV5 = connections[connection].version == .v5
    if isV5 && (!terms.subscriptionIdentifiers.isEmpty || connections[connection].extras != nil)
      || connections[connection].isMounted
    {
      return transmitApart(&message, terms, identifier: identifier, on: connection)
    }
    if message.isShared && terms.qos == .atMostOnce && !terms.isRetained
      && share(&message, on: connection)
    {
      return finishTransmit(&message, terms, identifier: identifier, on: connection)
    }
    let kind = RoutedMessage.Kind(isV5: isV5, hasIdentifier: identifier != 0)
    let form = message.form(kind, &spares)
    if form.count > Int(connections[connection].packetSizeLimit) {
      return dropTooLarge(session(of: connection), connection)
    }
    prepareOutbox(connection)
    let start = connections[connection].outbox.count
    spares.makeRoom(for: Int(form.count), in: &connections[connection].outbox)
    if form.isPassed {
      connections[connection].outbox.append(message.packet)
    } else {
      connections[connection].outbox.append(form.range, of: message.bytes)
    }
    connections[connection].outbox[start] =
      0x30 | terms.qos.rawValue << 1 | (terms.isRetained ? 1 : 0)
    if identifier != 0 {
      let offset = start + Int(form.identifierOffset)
      connections[connection].outbox[offset] = UInt8(identifier >> 8)
      connections[connection].outbox[offset + 1] = UInt8(truncatingIfNeeded: identifier)
    }
    finishTransmit(&message, terms, identifier: identifier, on: connection)
  }

  /// The same for a 5.0 client with aliases or subscription identifiers, or for one below a mount
  /// point, encoded for it alone.
  private mutating func transmitApart(
    _ message: inout RoutedMessage, _ terms: DeliveryTerms, identifier: UInt16,
    on connection: Slot<Connection>
  ) {
    var form = publishForm(of: &message, terms, on: connection)
    let size = form.encodedSize
    // [MQTT-3.1.2-24]
    if size > Int(connections[connection].packetSizeLimit) {
      return dropTooLarge(session(of: connection), connection)
    }
    form.packetIdentifier = identifier
    let alias = outboundAlias(for: form.topic, size: size, on: connection)
    form.topicAlias = alias.number
    if alias.isKnown { form.topic = form.topic.extracting(0..<0) }
    prepareOutbox(connection)
    form.encode(into: &connections[connection].outbox)
    finishTransmit(&message, terms, identifier: identifier, on: connection)
  }

  /// What takes a message to a connection, without packet identifier and alias.
  @_lifetime(copy message)
  private func publishForm(
    of message: inout RoutedMessage, _ terms: DeliveryTerms, on connection: Slot<Connection>
  ) -> PublishForm {
    var form = message.publishForm(connections[connection].version, terms.qos)
    form.topic = form.topic.extracting(droppingFirst: mountPoint(of: connection).count)
    form.isRetained = terms.isRetained
    form.subscriptionIdentifiers = terms.subscriptionIdentifiers
    return form
  }

  @inline(__always) private mutating func finishTransmit(
    _ message: inout RoutedMessage, _ terms: DeliveryTerms, identifier: UInt16,
    on connection: Slot<Connection>
  ) {
    status.countSent(message.payload.count)
    if configuration.logsPackets {
      let note = PublishNote(
        terms, identifier: identifier, isDuplicate: false, byteCount: message.payload.count)
      notePublish(note, topic: message.topic, on: connection)
    }
    enlist(connection)
  }

  /// The alias that stands for a topic on a connection, zero when none does, and whether the
  /// client knows it already, so that the topic itself can be left out.
  func outboundAlias(for topic: Span<UInt8>, size: Int, on connection: Slot<Connection>)
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

  /// Whether a client takes a packet of that length. [MQTT-3.1.2-24]
  @inline(__always) private func fits(
    _ message: inout RoutedMessage, _ terms: DeliveryTerms, _ connection: Slot<Connection>
  ) -> Bool {
    let limit = Int(connections[connection].packetSizeLimit)
    // Fixed header, lengths, identifier, expiry and subscription identifiers take less than this.
    let bound = message.byteCount + 32 + terms.subscriptionIdentifiers.count * 5
    return bound <= limit || isExactlyWithin(limit, &message, terms, connection)
  }

  @inline(never) private func isExactlyWithin(
    _ limit: Int, _ message: inout RoutedMessage, _ terms: DeliveryTerms,
    _ connection: Slot<Connection>
  ) -> Bool {
    publishForm(of: &message, terms, on: connection).encodedSize <= limit
  }
}
