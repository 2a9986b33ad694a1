// Messages from the server: topic aliases, the receiver's half of the handshakes, and the answers,
// which wait for the owner when it wants to say itself when a message is safe.

package import Basis
package import MQTTCodec

extension ClientSession {
  /// The topic of the message that ``nextEvent(now:)`` returned last.
  @_lifetime(borrow self)
  package func topic(of message: PublishView) -> Span<UInt8> {
    if message.topic.isEmpty { return aliasedTopic.span }
    return inbox.span.extracting(message.topic)
  }

  /// The payload of the message that ``nextEvent(now:)`` returned last.
  @_lifetime(borrow self)
  package func payload(of message: PublishView) -> Span<UInt8> {
    inbox.span.extracting(message.payload)
  }

  /// The message that ``nextEvent(now:)`` returned last, copied out with its properties.
  package func publish(_ message: PublishView) -> Publish {
    do throws(DecodeError) {
      var publish = try Publish(message, in: inbox.span.extracting(0..<consumed))
      if publish.topic.isEmpty {
        let topic = topic(of: message)
        publish.topic = String(decoding: (0..<topic.count).map { topic[$0] }, as: UTF8.self)
      }
      return publish
    } catch {
      preconditionFailure("a message that was valid is no longer: \(error)")
    }
  }

  /// QoS 1 and 2 messages that the owner has not acknowledged.
  package var unacknowledgedCount: Int { unanswered.count }

  /// Says that the owner is done with the `count` oldest messages above QoS 0.
  ///
  /// Only with ``ClientSettings/Acknowledging/whenTold``. What a connection that is gone brought
  /// is remembered: when the server sends it again it is answered and not shown a second time.
  package mutating func acknowledge(_ count: Int, now: Instant) {
    precondition(settings.acknowledging == .whenTold, "messages are acknowledged on arrival")
    for _ in 0..<count {
      let entry = unanswered.take()
      if entry.standing == .due && phase == .connected {
        answer(entry.packetIdentifier, entry.qos, now: now)
      }
    }
  }

  mutating func receivePublish(_ header: FixedHeader, now: Instant) throws(SessionFault)
    -> ClientEvent?
  {
    let view = try decodePublish(header)
    if view.topicAlias > 0 { try applyAlias(of: view) }
    if leavesMessages { return nil }
    guard let identifier = PacketIdentifier(rawValue: view.packetIdentifier) else {
      return .message(view)
    }
    let isNew: Bool
    var fingerprint: UInt64 = 0
    switch view.qos {
    case .atMostOnce: return .message(view)
    case .atLeastOnce:
      if settings.acknowledging == .whenTold { fingerprint = self.fingerprint(of: view) }
      isNew = try isNewQoS1(identifier, view, fingerprint, now: now)
    case .exactlyOnce: isNew = try isNewQoS2(identifier, now: now)
    }
    if !isNew { return nil }
    switch settings.acknowledging {
    case .onArrival: answer(identifier, view.qos, now: now)
    case .whenTold: unanswered.arrive(identifier, qos: view.qos, fingerprint: fingerprint)
    }
    // Before 5.0 nobody could be told of a limit: who takes few leaves the rest unacknowledged.
    if version == .v5 && unanswered.dueQoS1Count + receiver.count > settings.receiveMaximum {
      throw SessionFault(
        .receiveMaximumExceeded, "MQTT-3.3.4-9",
        "more than the \(settings.receiveMaximum) unacknowledged messages that CONNECT allowed")
    }
    return .message(view)
  }

  mutating func receivePubrel(_ header: FixedHeader, now: Instant) throws(SessionFault)
    -> ClientEvent?
  {
    let view = try decodeAcknowledgement(header)
    if unanswered.isDue(view.packetIdentifier) {
      throw SessionFault(
        .protocolError, "MQTT-4.3.3-4",
        "PUBREL for packet identifier \(view.packetIdentifier.rawValue) before its PUBREC")
    }
    let isHeld = receiver.release(view.packetIdentifier)
    if isHeld { durableChanges += 1 }
    sendAcknowledgement(
      .pubcomp, view.packetIdentifier,
      isHeld || version != .v5 ? .success : .packetIdentifierNotFound, now: now)
    return nil
  }

  /// A QoS 1 message may come again after a broken connection; the owner may have it already.
  private mutating func isNewQoS1(
    _ identifier: PacketIdentifier, _ view: PublishView, _ fingerprint: UInt64, now: Instant
  ) throws(SessionFault) -> Bool {
    if !view.isDuplicate && unanswered.isAllAnswered { return true }
    if unanswered.isDue(identifier) { throw identifierInUse(identifier) }
    if view.isDuplicate {
      if unanswered.rearm(identifier, qos: .atLeastOnce, fingerprint: fingerprint) { return false }
      if unanswered.isDoneWhileAway(identifier, fingerprint: fingerprint) {
        answer(identifier, .atLeastOnce, now: now)
        return false
      }
    }
    unanswered.supersede(identifier)
    return true
  }

  /// A number for topic and payload, by which a message is known again (FNV-1a).
  private func fingerprint(of message: PublishView) -> UInt64 {
    let prime: UInt64 = 0x100_0000_01B3
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    let topic = topic(of: message)
    for index in topic.indices { hash = (hash ^ UInt64(topic[index])) &* prime }
    let payload = payload(of: message)
    hash = (hash ^ UInt64(payload.count)) &* prime
    for index in payload.indices { hash = (hash ^ UInt64(payload[index])) &* prime }
    return hash
  }

  /// A QoS 2 message whose identifier is held is the same again. [MQTT-4.3.3-10]
  private mutating func isNewQoS2(_ identifier: PacketIdentifier, now: Instant)
    throws(SessionFault) -> Bool
  {
    switch receiver.receive(identifier) {
    case .first:
      durableChanges += 1
      return true
    case .duplicate:
      if unanswered.isDue(identifier) { return false }
      if !unanswered.rearm(identifier, qos: .exactlyOnce, fingerprint: 0) {
        answer(identifier, .exactlyOnce, now: now)
      }
      return false
    }
  }

  private func identifierInUse(_ identifier: PacketIdentifier) -> SessionFault {
    SessionFault(
      .packetIdentifierInUse, "MQTT-2.2.1-4",
      "PUBLISH with packet identifier \(identifier.rawValue), whose message is not acknowledged")
  }

  private mutating func answer(_ identifier: PacketIdentifier, _ qos: QoS, now: Instant) {
    switch qos {
    case .atMostOnce: preconditionFailure("QoS 0 has no answer")
    case .atLeastOnce: sendAcknowledgement(.puback, identifier, now: now)
    case .exactlyOnce: sendAcknowledgement(.pubrec, identifier, now: now)
    }
  }

  private func decodePublish(_ header: FixedHeader) throws(SessionFault) -> PublishView {
    do throws(DecodeError) {
      return try PublishView.decode(
        inbox.span.extracting(0..<header.packetLength), header, version: version,
        direction: .toClient)
    } catch {
      throw SessionFault(error)
    }
  }

  /// Remembers what an alias stands for, or checks that it stands for something.
  private mutating func applyAlias(of view: PublishView) throws(SessionFault) {
    if view.topicAlias > incomingAliases.maximum {
      throw SessionFault(
        .topicAliasInvalid, "MQTT-3.3.2-11",
        "topic alias \(view.topicAlias) is more than the "
          + "\(incomingAliases.maximum) that CONNECT allowed")
    }
    if view.topic.isEmpty {
      guard let topic = incomingAliases.topic(of: view.topicAlias) else {
        throw SessionFault(
          .protocolError, "3.3.2.3.4", "topic alias \(view.topicAlias) stands for no topic yet")
      }
      aliasedTopic = topic
      return
    }
    setAlias(view, in: inbox, &incomingAliases)
  }
}

private func setAlias(
  _ view: PublishView, in bytes: borrowing ByteBuffer, _ aliases: inout InboundTopicAliases
) {
  let isSet = aliases.set(view.topicAlias, to: bytes.span.extracting(view.topic))
  assert(isSet, "the alias was checked before")
}
