// How connections and sessions end: DISCONNECT, a lost connection, a session whose time is over,
// and the will that is published on the way. (3.14, 3.1.2.5, 4.1)

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
        note(
          .information, "\(connections[index].peer) left before it was connected: \(cause)")
      }
      return
    }
    connections[index].session = nil
    sessions[session].connection = nil
    sessions[session].sender.interrupt()
    status.counters.connectedClients -= 1
    if notesConnections, !isFault || isToldNow(sessions[session].clientIdentifier, cause) {
      note(.information, "\(sessions[session].clientIdentifier) left: \(cause)")
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

  // MARK: Shared groups

  /// Gives what a group's member was sent and did not acknowledge to another one (4.8.2), when the
  /// member is gone and its session stays.
  private mutating func handOver(_ session: Slot<Session>) {
    for entry in sessions[session].sender.unfinished where entry.stage == .awaitingPuback {
      guard let delivery = entry.delivery, hasOtherMember(delivery, than: session) else { continue }
      _ = sessions[session].sender.receive(.puback, entry.packetIdentifier, reasonCode: .success)
      giveToGroup(delivery, except: session)
    }
    if sessions[session].tail?.mayHaveGroups == true && routing.subscriptions.groups.count > 0 {
      sweepTail(of: session, handsOver: true)
    }
    if sessions[session].queue.isEmpty { return }
    var kept = DeliveryQueue()
    for delivery in sessions[session].queue.all {
      if hasOtherMember(delivery, than: session) {
        giveToGroup(delivery, except: session)
      } else {
        kept.append(delivery)
        kept.byteCount += mail.byteCount(of: delivery)
      }
    }
    sessions[session].queue = kept
    sessions[session].replayCount = min(sessions[session].replayCount, UInt32(kept.count))
  }

  /// Whether a delivery came from a group that has another member that may take it over.
  func hasOtherMember(_ delivery: Slot<Delivery>, than session: Slot<Session>) -> Bool {
    guard let group = mail.deliveries[delivery].terms.group,
      routing.subscriptions.groups.contains(group)
    else {
      return false
    }
    let topic = gate.isControlled ? mail.topic(of: delivery) : []
    return hasOtherMember(of: group, than: session, topic: topic.span)
  }

  /// Whether a group has another member that is online and may take over what `session` has; only
  /// then it is taken away from there.
  func hasOtherMember(
    of group: SlotIdentifier<SharedGroup>, than session: Slot<Session>, topic: Span<UInt8>
  ) -> Bool {
    for member in routing.subscriptions.groups[group.index].members {
      let other = routing.subscriptions.subscriptions[member].session
      if other != session && sessions[other].isOnline && keepsAsSafely(other, as: session)
        && (!gate.isControlled || mayHave(other, topic))
      {
        return true
      }
    }
    return false
  }

  /// Whether what is in the store for one session would be so for another: a message that outlives
  /// a crash does not go to a session that does not.
  func keepsAsSafely(_ other: Slot<Session>, as session: Slot<Session>) -> Bool {
    sessions[session].record == 0 || sessions[other].record != 0
  }

  /// Gives a kept delivery to another member of its group, or drops it when there is none.
  mutating func giveToGroup(_ delivery: Slot<Delivery>, except session: Slot<Session>?) {
    recordEnd(of: delivery)
    let topic = gate.isControlled ? mail.topic(of: delivery) : []
    guard let group = mail.deliveries[delivery].terms.group,
      routing.subscriptions.groups.contains(group),
      let member = chooseMember(of: group.index, topic: topic.span, except: session)
    else { return dropDelivery(delivery) }
    let subscription = routing.subscriptions.subscriptions[member]
    let message = mail.deliveries[delivery].message
    let qos = min(mail.messages[message].qos, subscription.flags.qos)
    if qos == .atMostOnce && !sessions[subscription.session].isOnline && !configuration.queuesQoS0 {
      return dropDelivery(delivery)
    }
    if !hasRoom(subscription.session, bytes: mail.messages[message].bytes.count) {
      return dropDelivery(delivery)
    }
    mail.deliveries[delivery].terms.qos = qos
    mail.deliveries[delivery].terms.isRetained =
      mail.messages[message].isRetained && subscription.flags.contains(.retainAsPublished)
    mail.deliveries[delivery].terms.subscriptionIdentifiers =
      subscription.identifier == 0 ? [] : [subscription.identifier]
    enqueue(delivery, for: subscription.session)
    pump(subscription.session)
  }

  // MARK: Wills

  /// Arms the will of a CONNECT. [MQTT-3.1.2-7]
  mutating func arm(_ will: Will?, _ session: Slot<Session>) {
    sessions[session].will = will.map { ArmedWill($0) }
  }

  /// Publishes the will of a session, once. [MQTT-3.1.2-8] [MQTT-3.1.2-10]
  mutating func publishWill(of session: Slot<Session>) {
    guard let armed = sessions[session].will else { return }
    sessions[session].will = nil
    recordWill(session)
    let will = armed.content
    let topic = will.topic
    let name = String(decoding: topic, as: UTF8.self)
    if let reason = Self.reason(againstPublishing: topic.span) {
      return note(
        .notice,
        "\(sessions[session].clientIdentifier): its will to \"\(name)\" is not published: "
          + reason)
    }
    if gate.isControlled && !mayPublish(session, topic.span) { return }
    note(
      .information,
      "\(sessions[session].clientIdentifier): its will is published to \"\(name)\"")
    let properties = will.properties
    let payload = will.payload
    let terms = PublicationTerms(
      qos: will.qos, isRetained: will.isRetained, expirySeconds: will.expirySeconds,
      publisher: session)
    distribute(terms, topic: topic.span, properties: properties.span, payload: payload.span)
  }

  // MARK: Time

  /// Expired sessions, their subscriptions and messages in memory that are removed at once, and the
  /// pause before the next ones.
  static let removalLimit = 5000
  static let removalPauseNanoseconds: Int64 = 5_000_000

  /// Does what is due, if the matter still stands.
  mutating func expire(_ due: Deadline) {
    switch due.matter {
    case .connect(let connection): connectIsDue(connection)
    case .login(let connection): loginIsDue(connection)
    case .keepAlive(let connection): checkKeepAlive(connection)
    case .sessionExpiry(let session): sessionIsDue(session)
    case .will(let session):
      if sessions.contains(session), let at = sessions[session.index].willDueAt, at <= now {
        publishWill(of: session.index)
      }
    case .status: statusIsDue()
    case .retainedExpiry(let message): sweepRetained(message)
    case .queueSweep(let session):
      if sessions.contains(session), sessions[session.index].sweepAt <= now {
        sweepQueue(of: session.index)
      }
    case .pages: recorder.paging.isPaused = false
    case .faults: faultsAreDue()
    }
  }

  /// A session without a connection has had its time.
  private mutating func sessionIsDue(_ identifier: SlotIdentifier<Session>) {
    let session = identifier.index
    if !sessions.contains(identifier) || sessions[session].isOnline
      || sessions[session].expiresAt > now
    {
      return
    }
    // Many at once, such as those of an hour ago at a start, are no reason for a stall.
    if removedInTick >= Self.removalLimit {
      let soon = now.advanced(byNanoseconds: Self.removalPauseNanoseconds)
      return deadlines.insert(.sessionExpiry(identifier), at: soon)
    }
    removedInTick += 1 + sessions[session].queue.count + Int(sessions[session].subscriptionCount)
    status.counters.sessionsExpired += 1
    note(.information, "\(sessions[session].clientIdentifier): its session expired")
    removeSession(session)
  }

  /// A client that has not got in has had its time; whoever sent what was asked for is read first.
  private mutating func connectIsDue(_ slot: ConnectionID) {
    if !connections.contains(slot) { return }
    switch connections[slot.index].stage {
    case .awaitingConnect, .authenticating:
      connections[slot.index].extras?.overdueAt = now
      readOut(slot, before: .connect)
    case .awaitingCheck: endUnconnected(slot.index, "its login took longer than")
    case .awaitingOthers, .connected, .closed: return
    }
  }

  /// The time of CONNECT is over, and nothing that would have met it lies unread.
  mutating func connectFalls(_ index: Slot<Connection>) {
    switch connections[index].stage {
    case .authenticating
    where connections[index].lastReceived >= connections[index].extras?.overdueAt ?? now:
      // An AUTH lay unread, and the next one needs time to come.
      let at = now.advanced(bySeconds: configuration.connectTimeoutSeconds)
      deadlines.insert(.connect(connections.identifier(at: index)), at: at)
    case .awaitingConnect, .authenticating: endUnconnected(index, "no CONNECT within")
    case .awaitingCheck: endUnconnected(index, "its login took longer than")
    case .awaitingOthers, .connected, .closed: return
    }
  }

  private mutating func endUnconnected(_ index: Slot<Connection>, _ cause: String) {
    leave(index, cause: "\(cause) \(configuration.connectTimeoutSeconds) s", isOrderly: false)
    close(index)
  }

  /// When a client has been silent for one and a half keep alives; never without a keep alive.
  private func keepAliveEnd(_ index: Slot<Connection>) -> Instant {
    connections[index].lastReceived.advanced(
      byNanoseconds: Int64(connections[index].keepAliveSeconds) * 1_500_000_000)
  }

  private mutating func checkKeepAlive(_ slot: ConnectionID) {
    if !connections.contains(slot) || connections[slot.index].stage != .connected { return }
    let due = keepAliveEnd(slot.index)
    if due > now { return deadlines.insert(.keepAlive(slot), at: due) }
    readOut(slot, before: .keepAlive)
  }

  /// A keep alive was over, and what the client had sent until then has been read.
  mutating func keepAliveFalls(_ index: Slot<Connection>) {
    if connections[index].stage != .connected { return }
    let due = keepAliveEnd(index)
    if due > now {
      return deadlines.insert(.keepAlive(connections.identifier(at: index)), at: due)
    }
    if connections[index].version == .v5 {
      send(.disconnect(Disconnect(reasonCode: .keepAliveTimeout)), on: index)
    }
    leave(
      index,
      cause: "nothing came for one and a half times its keep alive of "
        + "\(connections[index].keepAliveSeconds) s",
      isOrderly: false)
    close(index)
  }

  /// Ends all connections, as a server that stops does.
  ///
  /// Sessions stay as they are, and wills are not published: the clients may be back in time. With
  /// records, a connection is closed only after the last batch is durable.
  package mutating func shutDown(now: Instant) {
    self.now = now
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
