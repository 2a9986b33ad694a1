// What has to last of a client session for a new process to take it up where a dead one left it:
// the QoS 2 messages that were taken and not released, and the handshakes of our own messages.
// [MQTT-4.1.0-1]
//
// The owner stores this state together with whatever the packets are about, and lets bytes leave
// only when the state that they speak of is stored. Then no crash can make a message arrive twice
// or not at all:
//
//   PUBREC   says: the message is stored.   So its identifier is stored with it, before.
//   PUBCOMP  says: its identifier is free.  So that it is no longer held is stored before, or the
//                                           next message with it would be taken for a duplicate.
//   PUBLISH  names an identifier.           So whose it is is stored before, or the message would
//                                           go out under another one as well.
//   PUBREL   says: PUBREC has come.         So that is stored before, or the message would be sent
//                                           again when the server no longer knows it.
//
// `durableChanges` tells whether the state has changed since it was stored.

import Basis
package import MQTTCodec

/// The part of a client session that outlives its process.
package struct ClientSessionState: Equatable, Sendable {
  /// A QoS 1 or 2 message of ours whose handshake is open.
  package struct Handshake: Equatable, Sendable {
    package var packetIdentifier: PacketIdentifier
    /// The owner's number for the message.
    package var token: UInt64
    /// Whether PUBREC has come: PUBREL is sent again, and the message never.
    package var isReleased: Bool

    /// Joins the parts.
    package init(_ packetIdentifier: PacketIdentifier, token: UInt64, isReleased: Bool) {
      self.packetIdentifier = packetIdentifier
      self.token = token
      self.isReleased = isReleased
    }
  }

  /// Identifiers of QoS 2 messages that were taken and not released, rising.
  package var received: [PacketIdentifier]
  /// Open handshakes, the oldest first.
  package var handshakes: [Handshake]

  /// Joins the parts.
  package init(received: [PacketIdentifier] = [], handshakes: [Handshake] = []) {
    self.received = received
    self.handshakes = handshakes
  }
}

extension ClientSession {
  /// The state to store now, when the owner stores the `taken` oldest messages above QoS 0 that it
  /// has not acknowledged together with it.
  ///
  /// Those after them are left out: the server will send
  /// them again.
  package func state(taking taken: Int = 0) -> ClientSessionState {
    precondition(taken <= unanswered.count, "stored more messages than were received")
    var received = receiver.identifiers
    let left = unanswered.identifiers(after: taken)
    if !left.isEmpty { received.removeAll { left.contains($0) } }
    return ClientSessionState(received: received, handshakes: openHandshakes())
  }

  private func openHandshakes() -> [ClientSessionState.Handshake] {
    var handshakes: [ClientSessionState.Handshake] = []
    for entry in sender.unfinished {
      handshakes.append(
        ClientSessionState.Handshake(
          entry.packetIdentifier, token: stored[Slot(entry.message)].token,
          isReleased: entry.stage == .awaitingPubcomp))
    }
    return handshakes
  }

  /// Takes up what another process left; before the first connection.
  ///
  /// `message` gives each message that is not released again, as it was first published, or nil
  /// when it is gone: its handshake is then brought to its end without it, so that the server does
  /// not take the next message with that identifier for it.
  package mutating func restore(
    _ state: ClientSessionState, message: (ClientSessionState.Handshake) -> Publish?
  ) {
    precondition(phase == .idle && !hasBeenConnected, "a session is restored before it begins")
    for identifier in state.received { _ = receiver.receive(identifier) }
    for handshake in state.handshakes {
      let publish = handshake.isReleased ? nil : message(handshake)
      let qos = publish?.qos ?? .exactlyOnce
      let index = stored.insert(
        StoredMessage(
          packet: ByteBuffer(), identifierOffset: 0, qos: qos, token: handshake.token)
      ).index
      if let publish { unencoded.append((index, handshake.packetIdentifier, publish)) }
      let stage: SenderFlow.Stage =
        publish == nil
        ? .awaitingPubcomp : qos == .atLeastOnce ? .awaitingPuback : .awaitingPubrec
      sender.restore(index.number, handshake.packetIdentifier, stage: stage)
    }
  }

  /// Encodes restored messages, now that the version is agreed.
  mutating func encodeRestored() {
    for (index, identifier, publish) in unencoded {
      let body = MessageForm(publish, alias: nil, version: version).plain
      var packet = ByteBuffer(minimumCapacity: body.bytes.count + publish.payload.count + 5)
      let flags = publish.qos.rawValue << 1 | (publish.isRetained ? 1 : 0)
      packet.append(PacketType.publish.rawValue << 4 | flags)
      packet.append(variableByteInteger: body.bytes.count + publish.payload.count)
      let place = packet.count + (body.identifierOffset ?? 0)
      packet.append(body.bytes.span)
      packet.append(publish.payload.span)
      packet[place] = UInt8(identifier.rawValue >> 8)
      packet[place + 1] = UInt8(truncatingIfNeeded: identifier.rawValue)
      stored[index].packet = packet
      stored[index].identifierOffset = place
    }
    unencoded = []
  }
}
