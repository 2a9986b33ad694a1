// Messages to the server. QoS 0 goes straight into the output. QoS 1 and 2 are kept as encoded
// packets until their handshake no longer needs them: sending one again after a lost connection is
// then a flag and a copy, and after a lost session a new identifier as well.

package import Basis
package import MQTTCodec

extension ClientSession {
  /// A QoS 1 or 2 message whose handshake is open.
  struct StoredMessage: ~Copyable {
    /// The whole PUBLISH, without an alias; empty once PUBREC has come.
    var packet: ByteBuffer
    /// Where the packet identifier stands in `packet`.
    var identifierOffset: Int
    var qos: QoS
    /// The owner's number for the message.
    var token: UInt64
  }

  /// The form of messages with this topic, QoS, retain flag and properties.
  ///
  /// A topic alias among the properties, or one that the settings and the server allow, is sent
  /// with the topic once a connection and instead of it later.
  /// - Throws: what this server does not take, or what is no topic name.
  package mutating func form(
    topic: String, qos: QoS, isRetained: Bool = false, properties: Properties = Properties()
  ) throws(RequestFault) -> MessageForm {
    precondition(phase == .connected, "only CONNACK says what may be published")
    if let fault = Topic.faultOfName(topic.utf8.span) {
      throw RequestFault(
        .topicNameInvalid, fault.statement,
        "\"\(topic)\" is not a topic name: \(fault.explanation)")
    }
    if topic.utf8.count > UInt16.max {
      throw RequestFault(
        .topicNameInvalid, "MQTT-4.7.3-3",
        "a topic of \(topic.utf8.count) bytes is longer than the 65535 of the protocol")
    }
    if qos > limits.maximumQoS {
      throw RequestFault(
        .qosNotSupported, "MQTT-3.2.2-11",
        "QoS \(qos.rawValue) is more than the QoS \(limits.maximumQoS.rawValue) "
          + "that the broker takes")
    }
    if isRetained && !limits.isRetainAvailable {
      throw RequestFault(
        .retainNotSupported, "MQTT-3.2.2-14", "the broker does not take retained messages")
    }
    var properties = version == .v5 ? properties : Properties()
    var alias: UInt16?
    if let wanted = properties.number(.topicAlias) {
      properties.list.removeAll { $0.identifier == .topicAlias }
      alias = try checkedAlias(wanted)
    } else if version == .v5 {
      alias = aliases.take()
    }
    return MessageForm(
      Publish(topic: topic, payload: [], qos: qos, isRetained: isRetained, properties: properties),
      alias: alias, version: version)
  }

  private func checkedAlias(_ wanted: UInt32) throws(RequestFault) -> UInt16 {
    if wanted == 0 || wanted > UInt32(limits.topicAliasMaximum) {
      throw RequestFault(
        .topicAliasInvalid, wanted == 0 ? "MQTT-3.3.2-8" : "MQTT-3.3.2-9",
        "topic alias \(wanted) is not within the \(limits.topicAliasMaximum) "
          + "that the broker allows")
    }
    return UInt16(clamping: wanted)
  }

  /// Whether a QoS 1 or 2 message may be published now: the window has room and everything that
  /// an earlier connection left open is out. [MQTT-4.9.0-2]
  package var canPublish: Bool {
    phase == .connected && sender.canSend && backlogStart == backlog.count && isNextIdentifierFree
  }

  /// Messages whose handshake is open or that still have to be sent anew.
  package var unpublishedCount: Int { sender.unfinishedCount + backlog.count - backlogStart }

  /// Publishes one message.
  ///
  /// ``ClientEvent/published`` brings `token` back when its handshake is over. QoS 0 has no
  /// handshake: it needs no ``canPublish`` and gives no event.
  /// - Throws: when the packet is longer than the server takes; nothing is sent then.
  package mutating func publish(
    _ payload: Span<UInt8>, as form: MessageForm, token: UInt64, now: Instant
  ) throws(RequestFault) {
    precondition(phase == .connected, "PUBLISH without a connection")
    precondition(form.version == version, "a form of another version")
    try checkSize(form.plain.bytes.count + payload.count)
    if form.qos == .atMostOnce {
      let start = outbox.count
      encode(payload, form, body: nextBody(of: form), into: &outbox)
      unansweredSent += 1
      sent(from: start, now: now)
      return
    }
    precondition(canPublish, "PUBLISH beyond the window")
    var packet = ByteBuffer(minimumCapacity: form.plain.bytes.count + payload.count + 5)
    encode(payload, form, body: form.plain, into: &packet)
    let offset = packet.count - payload.count - form.plain.bytes.count
    let index = stored.insert(
      StoredMessage(
        packet: packet, identifierOffset: offset + (form.plain.identifierOffset ?? 0),
        qos: form.qos, token: token)
    ).index
    let identifier = stamp(index)
    let start = outbox.count
    if form.alias == nil {
      appendPacket(index, of: stored, to: &outbox)
    } else {
      var body = nextBody(of: form)
      if let place = body.identifierOffset {
        body.bytes[place] = UInt8(identifier.rawValue >> 8)
        body.bytes[place + 1] = UInt8(truncatingIfNeeded: identifier.rawValue)
      }
      encode(payload, form, body: body, into: &outbox)
    }
    sent(from: start, now: now)
  }

  /// Sends what earlier connections left open, as far as the window goes: first the handshakes of
  /// a resumed session in their order, then the messages of a lost one.
  mutating func sendOpenHandshakes(now: Instant) {
    while let entry = sender.nextResend() {
      if entry.stage == .awaitingPubcomp {
        sendAcknowledgement(.pubrel, entry.packetIdentifier, now: now)
      } else {
        stored[Slot(entry.message)].packet[0] |= 0b1000  // [MQTT-3.3.1-1]
        sendStored(Slot(entry.message), now: now)
      }
    }
    while backlogStart < backlog.count && sender.canSend && isNextIdentifierFree {
      let index = backlog[backlogStart]
      backlogStart += 1
      if let refusal = refusal(of: index) {
        guard let identifier = PacketIdentifier(rawValue: 1) else { continue }
        complete(index, with: Acknowledgement(packetIdentifier: identifier, reasonCode: refusal))
      } else {
        stored[index].packet[0] &= 0b1111_0111
        _ = stamp(index)
        sendStored(index, now: now)
      }
    }
    if backlogStart == backlog.count {
      backlog = []
      backlogStart = 0
    }
  }

  mutating func receiveAcknowledgement(_ header: FixedHeader, now: Instant) throws(SessionFault)
    -> ClientEvent?
  {
    let view = try decodeAcknowledgement(header)
    let identifier = view.packetIdentifier
    acknowledgementCount += 1
    switch sender.receive(header.type, identifier, reasonCode: view.reasonCode) {
    case .completed(let index):
      complete(Slot(index), with: try acknowledgement(view, header))
      if sender.isResending || !backlog.isEmpty { sendOpenHandshakes(now: now) }
    case .release(let index):
      durableChanges += 1
      if settings.reportsReleases { releasedTokens.append(stored[Slot(index)].token) }
      stored[Slot(index)].packet = ByteBuffer()
      sendAcknowledgement(.pubrel, identifier, now: now)
    case .releaseAgain:
      sendAcknowledgement(.pubrel, identifier, now: now)
    case .unknownIdentifier:
      // The late answer of a handshake that is over. A PUBREC still wants its PUBREL, or the
      // server would keep the identifier. [MQTT-4.3.3-4]
      if header.type == .pubrec && !view.reasonCode.isFailure {
        sendAcknowledgement(.pubrel, identifier, .packetIdentifierNotFound, now: now)
      }
    case .unexpectedPacket:
      throw SessionFault(
        .protocolError, "4.3",
        "\(header.type.name) for packet identifier \(identifier.rawValue), "
          + "whose handshake waits for another packet")
    }
    return nil
  }

  /// Forgets a stored message and tells its owner.
  mutating func complete(_ index: Slot<StoredMessage>, with answer: Acknowledgement) {
    durableChanges += 1
    let message = stored.remove(index)
    events.append(.published(token: message.token, answer))
  }

  /// Appends PUBACK, PUBREC, PUBREL or PUBCOMP to the output.
  mutating func sendAcknowledgement(
    _ type: PacketType, _ identifier: PacketIdentifier, _ reasonCode: ReasonCode = .success,
    now: Instant
  ) {
    let start = outbox.count
    AcknowledgementView(packetIdentifier: identifier, reasonCode: reasonCode)
      .encode(type, into: &outbox, version: version)
    sent(from: start, now: now)
  }

  func decodeAcknowledgement(_ header: FixedHeader) throws(SessionFault) -> AcknowledgementView {
    do throws(DecodeError) {
      return try AcknowledgementView.decode(
        inbox.span.extracting(0..<header.packetLength), header, version: version)
    } catch {
      throw SessionFault(error)
    }
  }

  /// The properties are looked at only when something failed: they say why.
  private func acknowledgement(_ view: AcknowledgementView, _ header: FixedHeader)
    throws(SessionFault) -> Acknowledgement
  {
    if view.reasonCode.isFailure {
      switch try decode(header) {
      case .puback(let full), .pubrec(let full), .pubcomp(let full): return full
      case .connect, .connack, .publish, .pubrel, .subscribe, .suback, .unsubscribe, .unsuback,
        .pingreq, .pingresp, .disconnect, .auth:
        preconditionFailure("decoded as another type than its header says")
      }
    }
    return Acknowledgement(packetIdentifier: view.packetIdentifier, reasonCode: view.reasonCode)
  }

  /// Whether the next identifier is not that of a SUBSCRIBE that still waits. [MQTT-2.2.1-3]
  private var isNextIdentifierFree: Bool {
    if requests.isEmpty { return true }
    let next = sender.nextIdentifier
    return !requests.contains { $0.packetIdentifier == next }
  }

  /// Starts the handshake of a stored message and writes its identifier into the packet.
  private mutating func stamp(_ index: Slot<StoredMessage>) -> PacketIdentifier {
    durableChanges += 1
    let identifier = sender.send(index.number, qos: stored[index].qos)
    let offset = stored[index].identifierOffset
    stored[index].packet[offset] = UInt8(identifier.rawValue >> 8)
    stored[index].packet[offset + 1] = UInt8(truncatingIfNeeded: identifier.rawValue)
    return identifier
  }

  private mutating func sendStored(_ index: Slot<StoredMessage>, now: Instant) {
    let start = outbox.count
    appendPacket(index, of: stored, to: &outbox)
    sent(from: start, now: now)
  }

  /// Why a message that was fine for the last server may not go to this one; nil when it may.
  private func refusal(of index: Slot<StoredMessage>) -> ReasonCode? {
    if stored[index].qos > limits.maximumQoS { return .qosNotSupported }
    if stored[index].packet[0] & 1 == 1 && !limits.isRetainAvailable {
      return .retainNotSupported
    }
    if let limit = limits.maximumPacketSize, stored[index].packet.count > limit {
      return .packetTooLarge
    }
    return nil
  }

  private mutating func nextBody(of form: MessageForm) -> MessageForm.Body {
    guard let alias = form.alias, alias.number <= limits.topicAliasMaximum else {
      return form.plain
    }
    return aliases.announce(alias.number, for: form.plain) ? alias.using : alias.announcing
  }

  private func checkSize(_ remainingLength: Int) throws(RequestFault) {
    if remainingLength > VariableByteInteger.maximum {
      throw RequestFault(
        .packetTooLarge, "1.5.5",
        "the message makes a packet with \(remainingLength) bytes after its header; "
          + "MQTT allows \(VariableByteInteger.maximum)")
    }
    let total = 1 + VariableByteInteger.size(remainingLength) + remainingLength
    if let limit = limits.maximumPacketSize, total > limit {
      throw RequestFault(
        .packetTooLarge, "MQTT-3.2.2-15",
        "the message makes a packet of \(total) bytes; the broker takes at most \(limit)")
    }
  }
}

/// Appends the packet of a stored message as it stands.
private func appendPacket(
  _ index: Slot<ClientSession.StoredMessage>,
  of stored: borrowing SlotTable<ClientSession.StoredMessage>,
  to buffer: inout ByteBuffer
) {
  buffer.append(stored[index].packet.span)
}

/// Appends fixed header, `body` and `payload`.
private func encode(
  _ payload: Span<UInt8>, _ form: MessageForm, body: MessageForm.Body, into buffer: inout ByteBuffer
) {
  let remainingLength = body.bytes.count + payload.count
  buffer.reserve(remainingLength + 5)
  buffer.append(form.firstByte)
  buffer.append(variableByteInteger: remainingLength)
  buffer.append(body.bytes.span)
  buffer.append(payload)
}
