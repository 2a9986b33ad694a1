// From bytes to packets, for any split of the bytes. Whole packets are handled where they were
// read; only an incomplete one is copied, and only until it is complete.
//
// A peer's fault is thrown as a `Violation` wherever it is found and caught here, in one place,
// which answers as the peer's version demands, says in the log what was wrong, and closes.

package import Basis
import MQTTCodec
import MQTTSession

/// A peer did what it must not do.
struct Violation: Error {
  var reasonCode: ReasonCode
  /// What was wrong, with the statement, for the log.
  var explanation: String

  init(_ reasonCode: ReasonCode, _ explanation: String) {
    self.reasonCode = reasonCode
    self.explanation = explanation
  }

  init(_ error: DecodeError) {
    reasonCode = error.reasonCode
    explanation = error.description
  }
}

extension Broker {
  /// Bytes of acknowledgements that may wait for a connection beyond its messages.
  static let answerByteLimit = 1 << 20

  /// Takes bytes that came on a connection, in any split.
  package mutating func receive(_ bytes: Span<UInt8>, on connection: ConnectionID, now: Instant) {
    clock.now = now
    if !connections.contains(connection) { return }
    status.counters.bytesReceived += UInt64(bytes.count)
    take(bytes, on: connection.index)
  }

  /// Reads what a connection sent while it waited.
  mutating func readOn(_ index: Slot<Connection>) {
    if connections[index].inbox.isEmpty || connections[index].stage == .closed { return }
    let waiting = connections[index].inbox.take()
    take(waiting.span, on: index)
  }

  private mutating func take(_ bytes: Span<UInt8>, on index: Slot<Connection>) {
    connections[index].lastReceived = now
    // Who asks and never reads the answers would grow them without bound: acknowledgements cannot
    // be dropped as messages at QoS 0 are.
    if connections[index].outputCount > configuration.outboxByteLimit + Self.answerByteLimit {
      if connections[index].stage == .closed { return }
      status.counters.closedOutboxFull += 1
      leave(
        index,
        cause: "\(connections[index].outputCount) bytes wait for it and it does not read "
          + "(max-outbox-bytes \(configuration.outboxByteLimit))", isOrderly: false)
      return close(index)
    }
    if connections[index].isWaiting { return connections[index].inbox.append(bytes) }
    do throws(Violation) {
      var start = 0
      if !connections[index].inbox.isEmpty { start = try completePacket(bytes, on: index) }
      var seen = 0
      while start < bytes.count && connections[index].isReading {
        if start >= seen && routing.paysToLookAhead {
          seen = lookAhead(bytes, from: start, on: index)
        }
        guard let header = try fixedHeader(bytes, at: start, on: index),
          header.packetLength <= bytes.count - start
        else { break }
        let packet = bytes.extracting(start..<start + header.packetLength)
        try handle(packet, header, on: index)
        start += header.packetLength
      }
      if connections[index].isWaiting {
        connections[index].inbox.append(bytes.extracting(droppingFirst: start))
      } else if start < bytes.count && connections[index].stage != .closed {
        // A length that was only announced may be wrong, but not paid for with memory.
        _ = try fixedHeader(bytes, at: start, on: index)
        connections[index].inbox.append(bytes.extracting(droppingFirst: start))
      }
    } catch {
      refuse(index, error)
    }
  }

  /// Matches the topics of the next messages in `bytes` together; returns where they end.
  private mutating func lookAhead(_ bytes: Span<UInt8>, from start: Int, on index: Slot<Connection>)
    -> Int
  {
    routing.beginAhead()
    if connections[index].stage != .connected { return start }
    let epoch = routing.subscriptions.epoch &+ gate.access.epoch
    var start = start
    while !routing.isAheadFull, let header = try? fixedHeader(bytes, at: start, on: index),
      header.packetLength <= bytes.count - start
    {
      let body = bytes.extracting(start + header.headerLength..<start + header.packetLength)
      start += header.packetLength
      if header.type != .publish || body.count < 2 { continue }
      let length = Int(body[0]) << 8 | Int(body[1])
      if length == 0 || length > body.count - 2 { continue }
      routing.addAhead(body.extracting(2..<2 + length), epoch: epoch)
    }
    routing.matchAhead()
    return start
  }

  /// Adds to the incomplete packet just what it lacks; returns how many bytes that took.
  private mutating func completePacket(_ bytes: Span<UInt8>, on index: Slot<Connection>)
    throws(Violation)
    -> Int
  {
    var taken = 0
    while taken < bytes.count {
      let header = try fixedHeader(connections[index].inbox.span, at: 0, on: index)
      let missing = header.map { $0.packetLength - connections[index].inbox.count } ?? 1
      let part = min(missing, bytes.count - taken)
      connections[index].inbox.append(bytes.extracting(taken..<taken + part))
      taken += part
      guard let header, part == missing else { continue }
      return try handleInbox(header, on: index) ? taken : bytes.count
    }
    // The header may just have become complete with nothing after it, as PINGREQ's does.
    let header = try fixedHeader(connections[index].inbox.span, at: 0, on: index)
    if let header, header.packetLength == connections[index].inbox.count {
      _ = try handleInbox(header, on: index)
    }
    return taken
  }

  /// Handles the packet in the inbox; false when the connection is closed after it.
  private mutating func handleInbox(_ header: FixedHeader, on index: Slot<Connection>)
    throws(Violation)
    -> Bool
  {
    let packet = connections[index].inbox.take()
    try handle(packet.span, header, on: index)
    return connections[index].stage != .closed
  }

  private func fixedHeader(_ bytes: Span<UInt8>, at start: Int, on index: Slot<Connection>)
    throws(Violation) -> FixedHeader?
  {
    var limit = configuration.packetSizeLimit
    if connections[index].stage != .connected {
      limit = min(limit, configuration.connectPacketSizeLimit)
    }
    do throws(DecodeError) {
      return try FixedHeader.read(
        bytes, at: start, packetSizeLimit: limit,
        version: connections[index].version)
    } catch {
      throw Violation(error)
    }
  }

  private mutating func handle(
    _ packet: Span<UInt8>, _ header: FixedHeader, on index: Slot<Connection>
  ) throws(Violation) {
    status.counters.messagesReceived += 1
    let version = connections[index].version
    if connections[index].stage != .connected {
      if connections[index].stage == .closed { return }
      if header.type == .connect, connections[index].stage == .awaitingConnect {
        // A refusal has the form that the client understands, however wrong its CONNECT is.
        connections[index].version = Connect.announcedVersion(packet, header) ?? .v311
      }
      return try handleUnconnected(try decoded(packet, header, version), on: index)
    }
    switch header.type {
    case .publish:
      let view: PublishView
      do throws(DecodeError) {
        view = try PublishView.decode(packet, header, version: version, direction: .toServer)
      } catch {
        throw Violation(error)
      }
      try received(view, packet, on: index)
    case .puback, .pubrec, .pubrel, .pubcomp:
      let view: AcknowledgementView
      do throws(DecodeError) {
        view = try AcknowledgementView.decode(packet, header, version: version)
      } catch {
        throw Violation(error)
      }
      if configuration.logsPackets { notePacket(received: header.type, view, on: index) }
      try acknowledged(header.type, view, on: index)
    case .connect, .connack, .subscribe, .suback, .unsubscribe, .unsuback, .pingreq, .pingresp,
      .disconnect, .auth:
      try handleConnected(try decoded(packet, header, version), on: index)
    }
  }

  private func decoded(_ packet: Span<UInt8>, _ header: FixedHeader, _ version: ProtocolVersion)
    throws(Violation) -> Packet
  {
    do throws(DecodeError) {
      return try Packet.decode(packet, header, version: version, direction: .toServer)
    } catch {
      throw Violation(error)
    }
  }

  private mutating func handleConnected(_ packet: Packet, on index: Slot<Connection>)
    throws(Violation)
  {
    if configuration.logsPackets { notePacket(received: packet, on: index) }
    switch packet {
    case .subscribe(let subscribe): try subscribed(subscribe, on: index)
    case .unsubscribe(let unsubscribe): try unsubscribed(unsubscribe, on: index)
    case .pingreq: send(.pingresp, on: index)  // [MQTT-3.12.4-1]
    case .disconnect(let disconnect): try disconnected(disconnect, on: index)
    case .auth(let auth): try authenticated(auth, on: index)
    case .connect:
      throw Violation(.protocolError, "a second CONNECT on one connection [MQTT-3.1.0-2]")
    case .connack, .publish, .puback, .pubrec, .pubrel, .pubcomp, .suback, .unsuback, .pingresp:
      throw Violation(.protocolError, "a packet that only a server may send")
    }
  }

  /// Nothing but CONNECT, and AUTH after it, is taken before CONNACK. [MQTT-3.1.0-1]
  private mutating func handleUnconnected(_ packet: Packet, on index: Slot<Connection>)
    throws(Violation)
  {
    switch (connections[index].stage, packet) {
    case (.awaitingConnect, .connect(let connect)):
      if configuration.logsPackets { notePacket(received: packet, on: index) }
      try connected(connect, on: index)
    case (.authenticating, .auth(let auth)):
      if configuration.logsPackets { notePacket(received: packet, on: index) }
      try continueAuthentication(auth, on: index)
    case (.authenticating, .disconnect):
      leave(index, cause: "disconnected during authentication", isOrderly: true)
      close(index)
    case (.awaitingConnect, _), (.authenticating, _), (.awaitingCheck, _), (.awaitingOthers, _),
      (.connected, _), (.closed, _):
      throw Violation(.protocolError, "the first packet was not CONNECT [MQTT-3.1.0-1]")
    }
  }

  /// Answers a peer's fault and closes; the one place where that is done.
  mutating func refuse(_ index: Slot<Connection>, _ violation: Violation) {
    status.counters.protocolErrors += 1
    let version = connections[index].version
    switch connections[index].stage {
    case .awaitingConnect, .authenticating, .awaitingCheck, .awaitingOthers:
      // Before 5.0 few refusals have a return code; other faults just close the connection.
      // [MQTT-3.1.4-1] [MQTT311-3.1.2-2]
      if version == .v5 || violation.reasonCode.connackReturnCode != nil {
        send(.connack(Connack(reasonCode: violation.reasonCode)), on: index)
      }
    case .connected:
      if version == .v5 {
        send(.disconnect(Disconnect(reasonCode: violation.reasonCode)), on: index)
      }
    case .closed:
      return
    }
    leave(index, cause: violation.explanation, isOrderly: false, isFault: true)
    close(index)
  }
}
