// From a message to one subscriber: now, later (Broker+Queue), or not at all (Broker+Drop).
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
  @inline(__always) func isKeptInFlight(_ session: UInt32) -> Bool {
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
      bytes += messages[deliveries[entry.message].message].payload.count
    }
    return bytes
  }

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
  func outboundAlias(for topic: Span<UInt8>, size: Int, on connection: UInt32)
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

  @inline(__always) mutating func countSent(_ payloadBytes: Int) {
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
}
