// The beginning of a connection: CONNECT, the way back to 3.1.1 where 5.0 is not spoken, CONNACK
// and what it allows, and the taking up of what the last connection left open.

package import Basis
package import MQTTCodec

extension ClientSession {
  /// Begins a connection: CONNECT goes out first. [MQTT-3.1.0-1]
  package mutating func open(now: Instant) {
    precondition(phase == .idle || phase == .ended, "one connection at a time")
    precondition(events.isEmpty, "the last connection has events that nobody has taken")
    phase = .awaitingConnack
    outbox.clear()
    limits = ServerLimits()
    keepAliveSeconds = settings.keepAliveSeconds
    lastReceived = now
    unansweredSent = 0
    unansweredBeforePing = 0
    unansweredRead = 0
    connackDeadline = now.advanced(bySeconds: settings.connackTimeoutSeconds)
    // Once a session has begun, its later connections take it up again (3.1.2.4).
    isCleanStartOffered =
      hasBeenConnected ? !settings.sessionOutlivesConnection(version) : settings.cleanStart
    send(
      .connect(
        Connect(
          version: version, clientIdentifier: offeredIdentifier, cleanStart: isCleanStartOffered,
          keepAliveSeconds: settings.keepAliveSeconds, will: will, userName: settings.userName,
          password: settings.password,
          properties: version == .v5 ? settings.connectProperties : Properties())),
      now: now)
  }

  /// Says that the transport is gone; without a word of the server the owner hears why it ended.
  ///
  /// `isDeliberate` is when the server closed it, and nothing broke.
  package mutating func connectionEnded(isDeliberate: Bool = true) {
    switch phase {
    case .idle, .ended:
      return
    case .awaitingConnack:
      // A server that closes on a CONNECT it cannot read is an old one.
      if canFallBack && isDeliberate {
        version = .v311
        end(.olderVersionWanted)
      } else {
        end(.connectionLost)
      }
    case .connected:
      end(.connectionLost)
    }
  }

  /// Sends one step of an enhanced authentication (3.15), or starts it again with 0x19.
  package mutating func authenticate(_ step: Auth, now: Instant) {
    precondition(phase == .awaitingConnack || phase == .connected, "AUTH without a connection")
    precondition(version == .v5, "AUTH exists only in 5.0")
    send(.auth(step), now: now)
  }

  private var canFallBack: Bool {
    settings.versions == .automatic && version == .v5 && !hasBeenConnected && inbox.isEmpty
  }

  private var offeredIdentifier: String {
    if version != .v5 && clientIdentifier.isEmpty { return settings.generatedIdentifier }
    return clientIdentifier
  }

  private var will: Will? {
    guard var will = settings.will else { return nil }
    if version != .v5 { will.properties = Properties() }
    return will
  }

  mutating func receiveConnack(_ header: FixedHeader, now: Instant) throws(SessionFault)
    -> ClientEvent?
  {
    let connack = try decodeConnack(header)
    if connack.reasonCode == .success {
      try accept(connack, now: now)
      return .connected(connack)
    }
    if connack.reasonCode == .unsupportedProtocolVersion && settings.versions == .automatic
      && version == .v5
    {
      version = .v311
      end(.olderVersionWanted)
    } else {
      end(.refused(connack))
    }
    return nil
  }

  /// A server that does not know 5.0 refuses it with the CONNACK of its own version: two bytes.
  private func decodeConnack(_ header: FixedHeader) throws(SessionFault) -> Connack {
    let isOldRefusal = version == .v5 && header.remainingLength == 2 && inbox[3] != 0
    guard case .connack(let connack) = try decode(header, version: isOldRefusal ? .v311 : version)
    else { preconditionFailure("a CONNACK decodes as one") }
    return connack
  }

  private mutating func accept(_ connack: Connack, now: Instant) throws(SessionFault) {
    if connack.isSessionPresent && isCleanStartOffered {
      throw SessionFault(
        .protocolError, "MQTT-3.2.2-4", "session present although a clean start was asked for")
    }
    phase = .connected
    hasBeenConnected = true
    limits = ServerLimits(connack.properties)
    if let seconds = connack.properties.number(.serverKeepAlive) {
      keepAliveSeconds = UInt16(clamping: seconds)  // [MQTT-3.1.2-21]
    }
    if let assigned = connack.properties.string(.assignedClientIdentifier) {
      clientIdentifier = assigned
    } else {
      clientIdentifier = offeredIdentifier
    }
    sender.windowLimit = max(1, min(settings.sendWindow, limits.receiveMaximum))
    aliases.limit = Int(min(settings.topicAliasLimit, limits.topicAliasMaximum))
    encodeRestored()
    if !connack.isSessionPresent { startAnew() }
    sendOpenHandshakes(now: now)
  }

  /// The server has forgotten the session: so do we, but for what is not yet published.
  /// [MQTT-3.2.2-5]
  private mutating func startAnew() {
    durableChanges += 1
    receiver.removeAll()
    unanswered.forgetInterrupted()
    let open = sender.unfinished
    sender.removeAll()
    // What was sent before goes first again. [MQTT-4.6.0-1]
    var again: [Slot<StoredMessage>] = []
    for entry in open {
      if entry.stage == .awaitingPubcomp {
        // PUBREC said that the message is the server's, which may have passed it on by now: sending it
        // again would double it.
        forgottenCount += 1
        complete(
          Slot(entry.message), with: Acknowledgement(packetIdentifier: entry.packetIdentifier))
      } else {
        if stored[Slot(entry.message)].qos == .exactlyOnce { repeatedCount += 1 }
        again.append(Slot(entry.message))
      }
    }
    backlog = again + backlog[backlogStart...]
    backlogStart = 0
  }
}
