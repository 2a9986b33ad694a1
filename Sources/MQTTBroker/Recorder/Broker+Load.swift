// Starting from what a store holds. All clients are gone by now: a session that was online when
// the records end was cut off by the crash, so its expiry and the delay of its will begin now; one
// that had left before goes on where it was. What is overdue is done by the first `advance`.
//
// A QoS 2 message that was assigned an identifier keeps it and its stage; everything else waits
// in the session's queue again, in the order of the positions. [MQTT-4.4.0-1] Those at QoS 1 that may
// have been sent before go out with DUP. [MQTT-3.3.1-1] Of a long queue only the first window comes
// into memory. (RecordedState+Windows)

package import Basis
import MQTTCodec
import MQTTSession

extension Broker {
  /// What a load found, and what it could not use.
  package struct Loaded: Equatable, Sendable {
    package var sessions = 0
    package var subscriptions = 0
    package var retained = 0
    package var queued = 0
    /// Entries of sessions that are gone, still to be removed.
    package var leftover = 0
    /// Entries without their session or message, and messages that nobody waits for.
    package var orphans = 0
  }

  /// Takes over what `records` amount to: all that was committed, or what a store makes of it.
  ///
  /// Only with `keepsRecords`, once, and before any other call. What it changes, such as when a
  /// session was left, is in the open batch afterwards.
  @discardableResult
  package mutating func load(_ records: some Sequence<Record>, now: Instant) -> Loaded {
    load(RecordedState(records), now: now)
  }

  /// The same from a state that was put together already.
  @discardableResult
  package mutating func load(_ given: RecordedState, now: Instant) -> Loaded {
    var state = given
    if state.window == nil { state.keepWindows(configuration.queueWindow) }
    precondition(configuration.keepsRecords, "records are loaded where records are kept")
    precondition(sessions.count == 0 && mail.messages.count == 0, "loading comes first")
    clock.now = now
    recorder.journal.resume(
      session: max(state.sessions.keys.max() ?? 0, state.tails.keys.max() ?? 0) + 1,
      message: max(state.messages.keys.max() ?? 0, state.lastTailMessage) + 1,
      position: max(state.queue.keys.max() ?? 0, state.tails.values.map(\.last).max() ?? 0) + 1)
    var loaded = Loaded()
    let loadedSessions = loadSessions(state, &loaded)
    let loadedMessages = loadMessages(state)
    loadRetained(state, loadedMessages, &loaded)
    loadQueue(state, loadedSessions, loadedMessages, &loaded)
    readAccess()
    loadTails(state, loadedSessions, &loaded)
    endLoading(loadedMessages, &loaded)
    note(
      .notice,
      "loaded \(loaded.sessions) sessions with \(loaded.subscriptions) subscriptions, "
        + "\(loaded.retained) retained messages, \(loaded.queued) messages on their way"
        + (loaded.leftover == 0
          ? "" : "; \(loaded.leftover) of sessions that ended are being removed")
        + (loaded.orphans == 0 ? "" : "; \(loaded.orphans) entries without use are left out"))
    return loaded
  }

  /// Lets go of messages that nothing in memory holds.
  private mutating func endLoading(_ indices: [UInt64: Slot<Message>], _ loaded: inout Loaded) {
    for number in indices.keys.sorted() {
      guard let message = indices[number] else { continue }
      let isInTail = recorder.paging.messages.contains(number)
      if mail.messages[message].references > 0 {
        if isInTail { joinTails(message) }
        continue
      }
      _ = mail.removeUnheld(message)
      if isInTail { continue }
      loaded.orphans += 1
      recorder.journal.append(.drop(number))
    }
  }

  // MARK: Sessions

  private mutating func loadSessions(_ state: RecordedState, _ loaded: inout Loaded)
    -> [UInt64: Slot<Session>]
  {
    var indices: [UInt64: Slot<Session>] = [:]
    for number in state.sessions.keys.sorted() {
      guard let recorded = state.sessions[number] else { continue }
      let record = recorded.record
      var session = Session(
        clientIdentifier: record.clientIdentifier, expirySeconds: record.expirySeconds,
        windowLimit: configuration.inFlightLimit)
      session.record = number
      let name = record.listener ?? ""
      session.subject = SessionSubject(
        userName: record.userName, listener: gate.listener(named: name), listenerName: name,
        isUnclaimed: record.isUnclaimed)
      session.will = recorded.will.map { ArmedWill($0) }
      for raw in recorded.received.sorted() {
        if let identifier = PacketIdentifier(rawValue: raw) {
          _ = session.receiver.receive(identifier)
        }
      }
      let index = sessions.insert(session).index
      indices[number] = index
      sessionsByIdentifier[record.clientIdentifier.exact] = index
      leave(index, at: record.leftAtUnixSeconds)
      loaded.sessions += 1
      for subscription in recorded.subscriptions {
        load(subscription, of: index)
        loaded.subscriptions += 1
      }
    }
    status.counters.clientsMaximum = max(status.counters.clientsMaximum, sessions.count)
    return indices
  }

  /// Sets what is due because a session has no connection.
  private mutating func leave(_ session: Slot<Session>, at leftAtUnixSeconds: Int64?) {
    let leftAt = leftAtUnixSeconds.map { clock.instant(atUnixSeconds: $0) } ?? now
    if leftAtUnixSeconds == nil { recordSession(session, leftAt: now) }
    let identifier = sessions.identifier(at: session)
    if sessions[session].expirySeconds != .max {
      sessions[session].expiresAt = leftAt.advanced(bySeconds: Int(sessions[session].expirySeconds))
      deadlines.insert(.sessionExpiry(identifier), at: sessions[session].expiresAt)
    }
    guard let will = sessions[session].will else { return }
    let due = leftAt.advanced(bySeconds: Int(will.content.delaySeconds))
    will.dueAt = due
    deadlines.insert(.will(identifier), at: due)
  }

  private mutating func load(_ subscription: SubscriptionRecord, of session: Slot<Session>) {
    let shared = Topic.shared(String(decoding: subscription.filter, as: UTF8.self))
    let filter = shared.map { Array($0.filter.utf8) } ?? subscription.filter
    var first = sessions[session].firstSubscription
    let isNew = routing.subscriptions.subscribe(
      session: session, filter: filter.span, group: shared?.group, options: subscription.options,
      identifier: subscription.identifier, firstOfSession: &first)
    sessions[session].firstSubscription = first
    if isNew { sessions[session].subscriptionCount += 1 }
  }

  // MARK: Messages

  private mutating func loadMessages(_ state: RecordedState) -> [UInt64: Slot<Message>] {
    var indices: [UInt64: Slot<Message>] = [:]
    for number in state.messages.keys.sorted() {
      if let record = state.messages[number] { indices[number] = insert(record) }
    }
    return indices
  }

  private mutating func loadRetained(
    _ state: RecordedState, _ indices: [UInt64: Slot<Message>], _ loaded: inout Loaded
  ) {
    var sources: [SourceRecord: ClientAccess] = [:]
    for (topic, recorded) in state.retained.sorted(by: { $0.value.message < $1.value.message }) {
      guard let message = indices[recorded.message] else {
        loaded.orphans += 1
        recorder.journal.append(.unretain(topic: topic))
        continue
      }
      mail.hold(message)
      _ = retained.set(topic.span, message)
      if let source = recorded.source {
        let known = sources[source] ?? clientAccess(of: source)
        sources[source] = known
        mail.setSource(message, known)
      }
      loaded.retained += 1
      let expiresAt = mail.messages[message].expiresAt
      if expiresAt != Message.never {
        deadlines.insert(.retainedExpiry(mail.messages.identifier(at: message)), at: expiresAt)
      }
    }
  }

  private mutating func loadQueue(
    _ state: RecordedState, _ sessionIndices: [UInt64: Slot<Session>],
    _ messageIndices: [UInt64: Slot<Message>], _ loaded: inout Loaded
  ) {
    for position in state.queue.keys.sorted() {
      guard let entry = state.queue[position] else { continue }
      let record = entry.record
      guard let session = sessionIndices[record.session],
        let message = messageIndices[record.message]
      else {
        loaded.orphans += 1
        recorder.journal.append(
          .complete(record.session, position: position, identifier: entry.identifier))
        continue
      }
      var delivery = Delivery(message: message, terms: terms(of: record))
      delivery.position = position
      delivery.owner = session
      delivery.packetIdentifier = entry.identifier
      let index = mail.insert(delivery)
      if let identifier = PacketIdentifier(rawValue: entry.identifier) {
        sessions[session].sender.restore(
          index.number, identifier, stage: entry.isReleased ? .awaitingPubcomp : .awaitingPubrec)
      } else {
        // The store does not say which of them were sent at QoS 1, only how many at most.
        if sessions[session].queue.count < Int(configuration.inFlightLimit) {
          sessions[session].lastMaybeSent = position
        }
        sessions[session].queue.append(index)
        sessions[session].queue.byteCount += mail.messages[message].bytes.count
        sweep(session, at: mail.messages[message].expiresAt)
      }
      loaded.queued += 1
    }
  }

  private mutating func loadTails(
    _ state: RecordedState, _ sessionIndices: [UInt64: Slot<Session>], _ loaded: inout Loaded
  ) {
    recorder.paging.messages = state.tailMessages
    for number in state.tails.keys.sorted() {
      guard let recorded = state.tails[number] else { continue }
      let tail = QueueTail(
        session: number, after: recorded.after, last: recorded.last, count: recorded.count,
        byteCount: recorded.byteCount, mayHaveGroups: true)
      if let session = sessionIndices[number] {
        loaded.queued += tail.count
        if sessions[session].queue.count < Int(configuration.inFlightLimit) {
          sessions[session].lastMaybeSent = recorded.last
        }
        attach(tail, to: session)
        // What expires in it, and when, is not known before it was looked at.
        sweep(session, at: now)
      } else {
        loaded.leftover += tail.count
        recorder.paging.removed.append(tail)
      }
    }
  }
}
