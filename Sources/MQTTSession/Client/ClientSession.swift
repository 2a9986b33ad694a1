// A client's side of one MQTT session, over as many connections as it takes. Pure: bytes and the
// time go in, bytes and events come out. The owner has the socket and the clock and calls
//
//   open(now)           a connection stands                    -> CONNECT is in the output
//   receive(bytes, now) it brought bytes
//   nextEvent(now)      until nil: what those bytes mean
//   publish, subscribe, acknowledge, ...                       -> packets are in the output
//   takeOutput()        bytes for the connection
//   nextDeadline, advance(to: now)                             -> PINGREQ, or the end
//   connectionEnded()   the connection is gone
//
//                  open                 CONNACK 0
//      idle/ended -----> awaitingConnack --------> connected
//          ^                | CONNACK > 0            | DISCONNECT either way, a fault,
//          |                | time, fault, end       | silence, end
//          +----------------+------------------------+
//
// A packet of the server that may not come in the phase is a `SessionFault`: it is answered with
// DISCONNECT and its reason where the version has that, and the connection ends. [MQTT-4.13.1-1]
//
//   phase            may come                                       else
//   awaitingConnack  CONNACK, AUTH (5.0, asked for)                 fault [MQTT-3.2.0-1]
//   connected        PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBACK    fault
//                    UNSUBACK PINGRESP, DISCONNECT and AUTH (5.0)
//   idle, ended      nothing is read
//
// What survives a connection: the messages whose handshake is open (`sender`, `stored`), the
// QoS 2 identifiers received (`receiver`), the messages that wait for the owner (`unanswered`).
//
// Invariants:
//  1. every open handshake of `sender` has its message in `stored`, and no other is stored
//     but those in `backlog`;
//  2. `consumed` bytes at the front of `inbox` belong to the event given out last.

package import Basis
package import MQTTCodec

/// One client session, its connection of the moment included.
package struct ClientSession: ~Copyable {
  /// Where the connection of the moment stands.
  package enum Phase: Equatable, Sendable, CaseIterable {
    case idle
    case awaitingConnack
    case connected
    case ended
  }

  package let settings: ClientSettings
  package internal(set) var phase = Phase.idle
  /// The version that is offered or was agreed.
  package internal(set) var version: ProtocolVersion
  /// What CONNECT carries; an identifier that the server assigned takes the place of an empty one.
  package internal(set) var clientIdentifier: String
  /// What the last CONNACK allowed.
  package internal(set) var limits = ServerLimits()
  /// Keep alive of the connection, the server's own wish included.
  package internal(set) var keepAliveSeconds: UInt16
  /// Whether CONNACK ever let us in.
  package internal(set) var hasBeenConnected = false
  /// PUBACK, PUBREC and PUBCOMP that have come.
  package internal(set) var acknowledgementCount: UInt64 = 0
  /// QoS 2 messages that the server had confirmed by PUBREC and whose session it then lost: whether
  /// it has passed them on, nobody knows (4.3.3).
  package internal(set) var forgottenCount = 0
  /// QoS 2 messages that were sent anew after the server had lost the session, in which they may
  /// have arrived before.
  package internal(set) var repeatedCount = 0
  /// Whether messages are left with the server from here on: neither given out nor acknowledged, so
  /// that a session which is kept brings them again.
  package var leavesMessages = false
  /// Whether the owner has stopped reading: silence then says nothing about the server.
  package var isReadingPaused = false

  var inbox = ByteBuffer()
  var consumed = 0
  var outbox = ByteBuffer()
  var events: [ClientEvent] = []
  var eventsStart = 0
  var traces: [PacketTrace] = []

  var sender: SenderFlow
  var stored = SlotTable<StoredMessage>()
  /// Messages of a lost session that have to be sent anew, the oldest at `backlogStart`.
  var backlog: [Slot<StoredMessage>] = []
  var backlogStart = 0
  var aliases = OutgoingAliases()
  /// Restored messages that wait for the version of the next connection.
  var unencoded: [(index: Slot<StoredMessage>, identifier: PacketIdentifier, message: Publish)] = []
  /// Tokens of QoS 2 messages whose PUBREC has come, if the owner wants to know.
  var releasedTokens: [UInt64] = []
  /// How often something has changed that ``state(taking:)`` tells.
  package internal(set) var durableChanges: UInt64 = 0

  var receiver = ReceiverFlow()
  var unanswered = UnansweredMessages()
  var incomingAliases: InboundTopicAliases
  /// The topic of the message given out last, when an alias stood for it.
  var aliasedTopic: [UInt8] = []
  var requests: [Request] = []

  var isCleanStartOffered = false
  var connackDeadline = Instant.start
  var lastSent = Instant.start
  var lastReceived = Instant.start
  var pingSent: Instant?
  /// QoS 0 messages of the connection, and how many of them stand in front of the last PINGREQ
  /// or of one that was answered.
  var unansweredSent = 0
  var unansweredBeforePing = 0
  var unansweredRead = 0

  /// A session that has never been connected.
  package init(_ settings: ClientSettings) {
    self.settings = settings
    switch settings.versions {
    case .only(let version): self.version = version
    case .automatic: version = .v5
    }
    clientIdentifier = settings.clientIdentifier
    keepAliveSeconds = settings.keepAliveSeconds
    sender = SenderFlow(windowLimit: max(1, settings.sendWindow))
    incomingAliases = InboundTopicAliases(maximum: settings.incomingTopicAliasMaximum)
  }

  /// Bytes that wait for the connection.
  package var outputCount: Int { outbox.count }

  /// Hands over the bytes for the connection.
  package mutating func takeOutput() -> ByteBuffer { outbox.take() }

  /// Gives an empty buffer for the output to come, if it has none; its memory is used again.
  package mutating func lendOutput(_ buffer: consuming ByteBuffer) {
    if outbox.capacity == 0 { outbox = buffer }
  }

  /// Hands over the tokens of the QoS 2 messages whose PUBREC has come since the last call; only
  /// with ``ClientSettings/reportsReleases``.
  package mutating func takeReleasedTokens() -> [UInt64] {
    defer { releasedTokens.removeAll(keepingCapacity: true) }
    return releasedTokens
  }

  /// Takes bytes that the connection brought; what they mean comes out of ``nextEvent(now:)``.
  package mutating func receive(_ bytes: Span<UInt8>, now: Instant) {
    precondition(phase != .idle, "bytes of a connection that was not opened")
    if phase == .ended { return }
    lastReceived = now
    inbox.append(bytes)
  }

  /// The next thing that happened, or nil when more bytes are needed.
  package mutating func nextEvent(now: Instant) -> ClientEvent? {
    if consumed > 0 {
      inbox.consume(consumed)
      consumed = 0
    }
    while true {
      if let event = takeEvent() { return event }
      switch phase {
      case .idle, .ended: return nil
      case .awaitingConnack, .connected: break
      }
      do throws(SessionFault) {
        guard let header = try nextHeader() else { return nil }
        if settings.tracesPackets { traceReceived(header) }
        if let event = try receive(header, now: now) {
          // A message stays readable until the next call; an end has cleared the inbox.
          if phase == .connected || phase == .awaitingConnack { consumed = header.packetLength }
          return event
        }
        if phase == .connected || phase == .awaitingConnack { inbox.consume(header.packetLength) }
      } catch {
        fail(error, now: now)
      }
    }
  }

  private mutating func takeEvent() -> ClientEvent? {
    if events.isEmpty { return nil }
    defer {
      eventsStart += 1
      if eventsStart == events.count {
        events.removeAll(keepingCapacity: true)
        eventsStart = 0
      }
    }
    return events[eventsStart]
  }

  /// The header of the first packet in the inbox, once the whole packet is there.
  private mutating func nextHeader() throws(SessionFault) -> FixedHeader? {
    do throws(DecodeError) {
      let header = try FixedHeader.read(
        inbox.span, at: 0, packetSizeLimit: settings.packetSizeLimit)
      guard let header else { return nil }
      if inbox.count < header.packetLength {
        inbox.reserve(header.packetLength - inbox.count)
        return nil
      }
      return header
    } catch {
      throw SessionFault(error)
    }
  }

  /// Takes one packet by phase and type.
  private mutating func receive(_ header: FixedHeader, now: Instant) throws(SessionFault)
    -> ClientEvent?
  {
    switch (phase, header.type) {
    case (.connected, .publish): return try receivePublish(header, now: now)
    case (.connected, .puback), (.connected, .pubrec), (.connected, .pubcomp):
      return try receiveAcknowledgement(header, now: now)
    case (.connected, .pubrel): return try receivePubrel(header, now: now)
    case (.connected, .suback), (.connected, .unsuback):
      return try receiveRequestAnswer(header)
    case (.connected, .pingresp):
      _ = try decode(header)
      pingSent = nil
      unansweredRead = unansweredBeforePing
      return .pingAnswered
    case (.connected, .disconnect): return try receiveDisconnect(header)
    case (.connected, .auth), (.awaitingConnack, .auth): return try receiveAuth(header)
    case (.awaitingConnack, .connack): return try receiveConnack(header, now: now)
    case (.connected, .connack):
      throw SessionFault(.protocolError, "MQTT-3.2.0-2", "a second CONNACK on one connection")
    case (.connected, .connect), (.connected, .subscribe), (.connected, .unsubscribe),
      (.connected, .pingreq):
      throw SessionFault(
        .protocolError, "2.1.2", "\(header.type.name) is never sent by a server")
    case (.awaitingConnack, _):
      throw SessionFault(
        .protocolError, "MQTT-3.2.0-1", "\(header.type.name) before CONNACK")
    case (.idle, _), (.ended, _):
      preconditionFailure("nothing is read without a connection")
    }
  }

  /// Decodes the first packet of the inbox as a value.
  func decode(_ header: FixedHeader) throws(SessionFault) -> Packet {
    try decode(header, version: version)
  }

  /// The same for a version other than the agreed one.
  func decode(_ header: FixedHeader, version: ProtocolVersion) throws(SessionFault) -> Packet {
    do throws(DecodeError) {
      return try Packet.decode(
        inbox.span.extracting(0..<header.packetLength), header, version: version,
        direction: .toClient)
    } catch {
      throw SessionFault(error)
    }
  }

  /// Appends a packet to the output.
  mutating func send(_ packet: Packet, now: Instant) {
    let start = outbox.count
    packet.encode(into: &outbox, version: version)
    sent(from: start, now: now)
  }

  /// Notes that the output from `start` on is a packet sent at `now`.
  mutating func sent(from start: Int, now: Instant) {
    lastSent = now
    if settings.tracesPackets { traceSent(from: start) }
  }

  /// Answers a fault of the server and ends the connection. [MQTT-4.13.1-1]
  mutating func fail(_ fault: SessionFault, now: Instant) {
    if version == .v5 { send(.disconnect(Disconnect(reasonCode: fault.reasonCode)), now: now) }
    end(.fault(fault))
  }

  /// Ends the connection of the moment; the session itself stays.
  mutating func end(_ ending: ClientEnding) {
    phase = .ended
    inbox = ByteBuffer()
    consumed = 0
    pingSent = nil
    requests = []
    sender.interrupt()
    unanswered.interrupt()
    incomingAliases = InboundTopicAliases(maximum: settings.incomingTopicAliasMaximum)
    aliases.connectionEnded()
    events.append(.ended(ending))
  }
}
