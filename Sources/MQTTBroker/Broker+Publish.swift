// PUBLISH from a client (3.3) and PUBREL after it: the receiver's side of the three qualities.

import Basis
import MQTTCodec
import MQTTSession

extension Broker {
  /// Takes a PUBLISH that is well formed and lies in `packet`.
  mutating func received(_ view: PublishView, _ packet: Span<UInt8>, on index: Slot<Connection>)
    throws(Violation)
  {
    status.counters.publishReceived += 1
    status.counters.publishBytesReceived += UInt64(view.payload.count)
    let maximumQoS = connections[index].maximumQoS
    if view.qos > maximumQoS {
      throw Violation(
        .qosNotSupported,
        "PUBLISH at QoS \(view.qos.rawValue), the maximum is "
          + "\(maximumQoS.rawValue) [MQTT-3.2.2-11]")
    }
    if view.isRetained && !configuration.isRetainAvailable {
      throw Violation(.retainNotSupported, "a retained PUBLISH, and retain is off [MQTT-3.2.2-14]")
    }
    if view.topicAlias == 0 {
      if configuration.logsPackets {
        notePacket(received: view, topic: packet.extracting(view.topic), on: index)
      }
      if connections[index].isMounted {
        let topic = mounted(packet.extracting(view.topic), on: index)
        return try take(view, topic: topic.span, packet, on: index)
      }
      return try take(view, topic: packet.extracting(view.topic), packet, on: index)
    }
    let topic = try resolveAlias(view, packet, on: index)
    if configuration.logsPackets { notePacket(received: view, topic: topic.span, on: index) }
    try take(
      view, topic: (connections[index].isMounted ? mounted(topic.span, on: index) : topic).span,
      packet, on: index)
  }

  private mutating func resolveAlias(
    _ view: PublishView, _ packet: Span<UInt8>, on index: Slot<Connection>
  ) throws(Violation) -> [UInt8] {
    let extras = makeExtras(for: index)
    if view.topicAlias > extras.inboundAliases.maximum {
      throw Violation(
        .topicAliasInvalid,
        "topic alias \(view.topicAlias), the maximum is \(extras.inboundAliases.maximum) "
          + "[MQTT-3.3.2-9]")
    }
    if !view.topic.isEmpty {
      _ = extras.inboundAliases.set(view.topicAlias, to: packet.extracting(view.topic))
    }
    guard let topic = extras.inboundAliases.topic(of: view.topicAlias) else {
      throw Violation(
        .protocolError, "topic alias \(view.topicAlias) was never given a topic (3.3.4)")
    }
    return topic
  }

  private mutating func take(
    _ view: PublishView, topic: Span<UInt8>, _ packet: Span<UInt8>, on index: Slot<Connection>
  ) throws(Violation) {
    // A topic has at most one level more than bytes.
    if topic.count >= configuration.topicLevelLimit { try checkLevels(topic) }
    let session = session(of: index)
    let identifier = PacketIdentifier(rawValue: view.packetIdentifier)
    if let identifier, mustRefuse(view, identifier, topic: topic, on: index) {
      return refusePublish(view.qos, identifier, topic: topic, on: index)
    }
    let refusal = refusal(of: view, topic: topic, on: index)
    // A message that is refused is not one whose identifier is held. [MQTT-4.3.3-9]
    if let identifier, view.qos == .exactlyOnce,
      refusal == nil || sessions[session].receiver.contains(identifier)
    {
      if connections[index].version == .v5
        && sessions[session].receiver.count >= Int(configuration.receiveMaximum)
        && !sessions[session].receiver.contains(identifier)
        && connections[index].extras?.knowsNoReceiveMaximum != true
      {
        throw Violation(
          .receiveMaximumExceeded,
          "more than \(configuration.receiveMaximum) QoS 2 messages in flight [MQTT-3.3.4-9]")
      }
      // The same message again: answered again, delivered never again. [MQTT-4.3.3-10]
      if sessions[session].receiver.receive(identifier) == .duplicate {
        return acknowledge(.pubrec, identifier, .success, on: index)
      }
    }
    let recorded = recorder.journal.appended
    let reason = refusal ?? publish(view, topic: topic, packet, on: index)
    guard let identifier else { return }
    if configuration.keepsRecords {
      if view.qos == .exactlyOnce && !reason.isFailure {
        recordReceived(identifier, from: session)
      }
      hold(index, ifAppendedSince: recorded)
    }
    acknowledge(view.qos == .atLeastOnce ? .puback : .pubrec, identifier, reason, on: index)
  }

  /// Why a message is not taken at all, which is then said; nil for one that is.
  @inline(__always) private mutating func refusal(
    of view: PublishView, topic: Span<UInt8>, on index: Slot<Connection>
  ) -> ReasonCode? {
    if isDenied(topic, on: index) { return .notAuthorized }
    if let limit = configuration.payloadSizeLimit, view.payload.count > limit {
      note(
        .notice,
        "\(name(of: index)): a message of \(view.payload.count) bytes is dropped, "
          + "message_size_limit is \(limit)")
      return .implementationSpecificError
    }
    // QoS 0 and older clients have no answer that says no: theirs goes on without being retained.
    if view.isRetained && view.qos != .atMostOnce && connections[index].version == .v5
      && !view.payload.isEmpty && !hasRoomToRetain(topic)
    {
      refuseRetained(topic, from: connections[index].session)
      return .quotaExceeded
    }
    return nil
  }

  /// Whether a client may not publish to a topic, which is then said.
  @inline(__always) private mutating func isDenied(_ topic: Span<UInt8>, on index: Slot<Connection>)
    -> Bool
  {
    if topic.count >= 4, topic[0] == 0x24, let reason = Self.reason(againstPublishing: topic) {
      note(.notice, "\(name(of: index)): PUBLISH to \(reason)")
      return true
    }
    return gate.isControlled && !mayPublish(session(of: index), topic)
  }

  private mutating func publish(
    _ view: PublishView, topic: Span<UInt8>, _ packet: Span<UInt8>, on index: Slot<Connection>
  ) -> ReasonCode {
    let terms = PublicationTerms(
      qos: view.qos, isRetained: view.isRetained,
      expirySeconds: view.messageExpiryIntervalSeconds, publisher: session(of: index))
    let payload = packet.extracting(view.payload)
    let isWanted: Bool
    let isV5 = connections[index].version == .v5
    if isV5 && view.hasForwardedProperties {
      var forwarded = spares.take()
      view.appendForwardedProperties(from: packet, into: &forwarded)
      isWanted = distribute(terms, topic: topic, properties: forwarded.span, payload: payload)
      spares.put(forwarded)
    } else {
      var message = RoutedMessage(
        terms, topic: topic, properties: packet.extracting(0..<0), payload: payload)
      if let identifierOffset = passage(of: view, on: index) {
        message.pass(
          packet, as: RoutedMessage.Kind(isV5: isV5, hasIdentifier: view.qos != .atMostOnce),
          identifierOffset: identifierOffset)
      }
      isWanted = distribute(&message)
    }
    return isWanted ? .success : .noMatchingSubscribers
  }

  /// Where the packet identifier stands in a packet that can go on to subscribers as it is; nil when
  /// it cannot.
  ///
  /// It has a topic, no properties, and no mount point; lengths are as short as ours, or they would
  /// have been refused.
  @inline(__always) private func passage(of view: PublishView, on index: Slot<Connection>) -> Int? {
    let variableHeaderEnd =
      view.topic.upperBound + (view.qos == .atMostOnce ? 0 : 2)
      + (connections[index].version == .v5 ? 1 : 0)
    return view.payload.lowerBound == variableHeaderEnd && !view.topic.isEmpty
      && !connections[index].isMounted ? view.topic.upperBound : nil
  }

  /// Retains the message if it wants that, and routes it; false when nobody wanted it.
  mutating func distribute(_ message: inout RoutedMessage) -> Bool {
    if message.terms.isRetained { retain(&message) }
    let isWanted = route(&message)
    if message.bytes.capacity > 0 { spares.put(message.bytes.take()) }
    return isWanted
  }

  /// The same for a message that has no packet.
  @discardableResult
  mutating func distribute(
    _ terms: PublicationTerms, topic: Span<UInt8>, properties: Span<UInt8> = Span(),
    payload: Span<UInt8>
  ) -> Bool {
    var message = RoutedMessage(terms, topic: topic, properties: properties, payload: payload)
    return distribute(&message)
  }

  /// Sends one of the four acknowledgements.
  @inline(__always) mutating func acknowledge(
    _ type: PacketType, _ identifier: PacketIdentifier, _ reason: ReasonCode,
    on index: Slot<Connection>
  ) {
    let version = connections[index].version
    prepareOutbox(index)
    let view = AcknowledgementView(
      packetIdentifier: identifier, reasonCode: version == .v5 ? reason : .success)
    view.encode(type, into: &connections[index].outbox, version: version)
    status.counters.messagesSent += 1
    if configuration.logsPackets { notePacket(sent: type, view, on: index) }
    enlist(index)
  }

  private func checkLevels(_ topic: Span<UInt8>) throws(Violation) {
    if Self.levelCount(topic) > configuration.topicLevelLimit {
      throw Violation(
        .topicNameInvalid,
        "PUBLISH to a topic of more than max-topic-levels \(configuration.topicLevelLimit) levels")
    }
  }
}
