// How connections and sessions end: DISCONNECT, a lost connection, and a session that goes with what
// belongs to it. (3.14, 4.1)

package import Basis
import MQTTCodec
import MQTTSession

extension Broker {
  /// Takes a DISCONNECT.
  mutating func disconnected(_ disconnect: Disconnect, on index: Slot<Connection>) throws(Violation)
  {
    let session = session(of: index)
    if let expiry = disconnect.properties.number(.sessionExpiryInterval) {
      if sessions[session].expirySeconds == 0 && expiry > 0 {
        throw Violation(
          .protocolError,
          "DISCONNECT asks for a Session Expiry Interval, but CONNECT had none [MQTT-3.14.2-2]")
      }
      sessions[session].expirySeconds = min(
        expiry, configuration.sessionExpiryLimitSeconds ?? .max)
    }
    // [MQTT-3.14.4-3]: only 0x00 takes the will away.
    let isOrderly = disconnect.reasonCode == .normalDisconnection
    leave(
      index, cause: isOrderly ? "disconnected" : "disconnected, \(disconnect.reasonCode.name)",
      isOrderly: isOrderly)
    close(index)
  }

  /// Parts a connection from its session.
  ///
  /// The connection itself is closed or released by the caller. `isOrderly` drops the will;
  /// a fault that comes again and again is not told each time.
  mutating func leave(
    _ index: Slot<Connection>, cause: String, isOrderly: Bool, isFault: Bool = false
  ) {
    guard let session = connections[index].session else {
      if connections[index].stage != .closed && notesConnections {
        noteUnconnected(connections[index].peer, cause, isFault: isFault)
      }
      return
    }
    connections[index].session = nil
    sessions[session].connection = nil
    sessions[session].sender.interrupt()
    status.counters.connectedClients -= 1
    if notesConnections {
      noteLeft(sessions[session].clientIdentifier, cause, isFault: isFault)
    }
    if isOrderly && sessions[session].will != nil {
      sessions[session].will = nil
      recordWill(session)
    }
    if sessions[session].expirySeconds == 0 { return removeSession(session) }
    if sessions[session].record != 0 { recordSession(session, leftAt: now) }
    handOver(session)
    let identifier = sessions.identifier(at: session)
    if sessions[session].expirySeconds != .max {
      sessions[session].expiresAt = now.advanced(
        bySeconds: Int(sessions[session].expirySeconds))
      deadlines.insert(.sessionExpiry(identifier), at: sessions[session].expiresAt)
    } else {
      sessions[session].expiresAt = Message.never
    }
    guard let will = sessions[session].will else { return }
    if will.content.delaySeconds == 0 { return publishWill(of: session) }
    let due = now.advanced(bySeconds: Int(will.content.delaySeconds))
    will.dueAt = due
    deadlines.insert(.will(identifier), at: due)
  }

  /// Ends a session and all that belongs to it. [MQTT-3.1.2-23]
  mutating func removeSession(_ session: Slot<Session>) {
    // A will that waits for its delay goes out when the session ends. [MQTT-3.1.3-9]
    publishWill(of: session)
    recordRemoval(session)
    let left = unfinished(of: session)
    var first = sessions[session].firstSubscription
    routing.subscriptions.removeAll(firstOfSession: &first)
    sessions[session].firstSubscription = first
    sessions[session].sender.removeAll()
    sessions[session].queue = DeliveryQueue()
    sessionsByIdentifier[sessions[session].clientIdentifier.exact] = nil
    if sessions[session].droppedInEpisode > 0 {
      note(
        .warning,
        "\(sessions[session].clientIdentifier): \(sessions[session].droppedInEpisode) messages "
          + "for it were dropped before its session ended")
    }
    sessions.remove(session)
    for delivery in left { giveToGroup(delivery, except: nil) }
  }

  /// Deliveries that a session leaves behind; those in flight at QoS 2 stay with it. [MQTT-4.8.2-5]
  private mutating func unfinished(of session: Slot<Session>) -> [Slot<Delivery>] {
    var left: [Slot<Delivery>] = []
    for entry in sessions[session].sender.unfinished {
      guard let delivery = entry.delivery else { continue }
      if entry.stage != .awaitingPuback { mail.deliveries[delivery].terms.group = nil }
      left.append(delivery)
    }
    left += sessions[session].queue.all
    left += sessions[session].withheld?.deliveries ?? []
    return left
  }

  /// Ends all connections, as a server that stops does.
  ///
  /// Sessions stay as they are, and wills are not published: the clients may be back in time. With
  /// records, a connection is closed only after the last batch is durable.
  package mutating func shutDown(now: Instant) {
    clock.now = now
    isShuttingDown = true
    for index in connections.slots where connections.isOccupied(index) {
      if connections[index].stage == .connected && connections[index].version == .v5 {
        send(.disconnect(Disconnect(reasonCode: .serverShuttingDown)), on: index)
      }
      if let session = connections[index].session {
        connections[index].session = nil
        sessions[session].connection = nil
        sessions[session].sender.interrupt()
        if sessions[session].record != 0 { recordSession(session, leftAt: now) }
      }
      close(index)
    }
  }
}
