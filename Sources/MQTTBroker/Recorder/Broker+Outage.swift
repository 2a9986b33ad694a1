// What is served while the store cannot commit: a full or broken disk, until it is back.
//
// Batches that were taken stay owed: the shell commits them, in order, before anything newer. So
// nothing that was recorded is lost by an outage, unless a crash ends it. What the outage must not
// do is to keep clients waiting behind an answer that may be hours away, or to promise something.
//
//   in an outage                                              v5             3.1, 3.1.1
//   a connection with output that waits for a batch           DISCONNECT     closed
//     (before its CONNACK: CONNACK)                           0x97           (3)
//   PUBLISH above QoS 0 that would be recorded: no effect     0x97           no answer
//   CONNECT of a session that lasts, or that replaces one     0x97           return code 3
//   SUBSCRIBE of a session that lasts                         0x97           0x80
//   UNSUBSCRIBE of a session that lasts                       0x83           no answer
//   QoS 2 to, and PUBREL of both sides of, a lasting session  wait for the end, other output goes on
//   QoS 0, and QoS 1 and 2 between sessions that end with their connection: as ever
//
// `$SYS/broker/store/failing` is 1 meanwhile, and `limits/refused/store` counts what was refused. A
// client before 5.0 cannot be told: the log says who waits. A 3.x client sends again only on a new
// connection, so the connections that got no answer are closed when the outage is over, and until
// then a topic of theirs that was once left unanswered stays so: a later message would overtake the
// earlier one. [MQTT-4.6.0-5]
//
// That there is an outage is known to the recorder alone. Nothing is tried to find out whether it
// would need the store: a request is asked what it would record, a PUBLISH its plan. (Broker+Route)
//
// Retained messages at QoS 0 and wills promise nothing at once: they take effect and are recorded,
// in the batch that is open. It grows only with what the engine itself holds: whatever begins and
// ends, or is replaced, within it is taken out. (Journal)

package import Basis
import MQTTCodec
import MQTTSession

/// The time in which the store cannot commit.
struct StoreOutage {
  /// PUBREL or PUBCOMP that leaves when the store is back.
  struct Answer: Hashable {
    var connection: ConnectionID
    var type: PacketType
    var identifier: PacketIdentifier
  }

  let since: Instant
  var refusedCount = 0
  var answers: [Answer] = []
  var knownAnswers: Set<Answer> = []
  /// Sessions with a QoS 2 message that may not be sent.
  var waiting: [SlotIdentifier<Session>] = []
  var knownWaiting: Set<SlotIdentifier<Session>> = []
  /// Connections before 5.0 that did not get all their answers.
  var unanswered: [ConnectionID] = []
  var knownUnanswered: Set<ConnectionID> = []
  /// The topics of such a connection; empty in place of too many: then all of them.
  var unansweredTopics: [ConnectionID: Set<[UInt8]>] = [:]

  /// Topics of one connection up to which they are told apart.
  static let topicLimit = 1000
}

extension Broker {
  /// The store could not commit what it was given, and what comes will wait.
  ///
  /// For the shell, once or more often until the store is back. It still owes all batches that it
  /// has taken, and commits them in order; the next ``durable(_:now:)`` ends the outage, or
  /// ``storeRecovered(now:)`` when nothing is owed. `reason` is for the log: what failed, and what
  /// to do about it.
  package mutating func storeFailed(_ reason: String, now: Instant) {
    clock.now = now
    if recorder.isFailing || !configuration.keepsRecords { return }
    recorder.outage = StoreOutage(since: now)
    let count = closeHeld()
    note(
      .error,
      "the store failed: \(reason); until it is back, what must outlive a crash is refused, QoS 0 "
        + "and sessions that end with their connection are served"
        + (count == 0 ? "" : "; \(count) connections that waited for it are closed"))
    if routing.subscriptions.hasSystemFilters { refreshStatus() }
  }

  /// The store works again and owes nothing.
  package mutating func storeRecovered(now: Instant) {
    clock.now = now
    if !recorder.isFailing { return }
    for connection in recorder.outage?.unanswered ?? [] { endUnanswered(connection) }
    guard let ended = recorder.outage else { return }
    recorder.outage = nil
    let milliseconds = now.nanoseconds(since: ended.since) / 1_000_000
    note(
      .notice,
      "the store is back after \(milliseconds / 1000).\(milliseconds / 100 % 10) s; "
        + "\(ended.refusedCount) requests were refused")
    for answer in ended.answers
    where connections.contains(answer.connection)
      && connections[answer.connection.index].stage == .connected
    {
      // What the answer is about stands in the open batch, if anywhere.
      if recorder.journal.isOpen { hold(answer.connection.index) }
      acknowledge(answer.type, answer.identifier, .success, on: answer.connection.index)
    }
    for session in ended.waiting where sessions.contains(session) { pump(session.index) }
    if routing.subscriptions.hasSystemFilters { refreshStatus() }
  }

  // MARK: The beginning

  /// Closes what waits for a batch, without what waits; returns how many.
  private mutating func closeHeld() -> Int {
    let waiting = recorder.held
    recorder.held = []
    var count = 0
    for (connection, _) in waiting where connections.contains(connection) {
      let index = connection.index
      guard let first = connections[index].holds.first else { continue }
      let firstType = connections[index].outbox[first.offset] >> 4
      let waitsForConnack = firstType == PacketType.connack.rawValue
      connections[index].outbox.truncate(to: first.offset)
      connections[index].holds = []
      if connections[index].stage == .closed {
        reactors[Int(connections[index].reactor)].closes.append(connection)
        continue
      }
      count += 1
      if waitsForConnack {
        send(.connack(Connack(reasonCode: .quotaExceeded)), on: index)
      } else if connections[index].version == .v5 {
        send(.disconnect(Disconnect(reasonCode: .quotaExceeded)), on: index)
      }
      // A client that was never let in has no will either. [MQTT-3.1.2-7]
      leave(index, cause: "the store failed", isOrderly: waitsForConnack)
      close(index)
    }
    return count
  }

  // MARK: Refusals

  /// Whether what the store has of a session may not change now.
  @inline(__always) func isFrozen(_ session: Slot<Session>) -> Bool {
    recorder.isFailing && sessions[session].record != 0
  }

  /// Whether a CONNECT may not be taken now: it would change what is recorded.
  func mustRefuse(_ connect: Connect, identifier: String) -> Bool {
    if !recorder.isFailing { return false }
    var connack = Connack()
    if sessionExpirySeconds(connect, &connack) > 0 { return true }
    guard let existing = sessionsByIdentifier[identifier.exact] else { return false }
    return sessions[existing].record != 0
  }

  private mutating func countRefusal() {
    recorder.outage?.refusedCount += 1
    status.counters.storeRefused += 1
  }

  /// Refuses a CONNECT; nothing has changed.
  mutating func refuseConnect(_ index: Slot<Connection>) {
    countRefusal()
    send(.connack(Connack(reasonCode: .quotaExceeded)), on: index)
    close(index)
  }

  /// Whether a PUBLISH above QoS 0 may not be taken now: something of it would be recorded.
  @inline(__always) mutating func mustRefuse(
    _ view: PublishView, _ identifier: PacketIdentifier, topic: Span<UInt8>,
    on index: Slot<Connection>
  ) -> Bool {
    recorder.isFailing && needsStore(view, identifier, topic: topic, on: index)
  }

  private mutating func needsStore(
    _ view: PublishView, _ identifier: PacketIdentifier, topic: Span<UInt8>,
    on index: Slot<Connection>
  ) -> Bool {
    let session = session(of: index)
    if view.qos == .exactlyOnce {
      // What was taken already is only answered again.
      if sessions[session].receiver.contains(identifier) { return false }
      if sessions[session].record != 0 && !Self.isSystem(topic) { return true }
    }
    if Self.isSystem(topic) { return false }
    if view.isRetained && (!view.payload.isEmpty || retained.contains(topic)) { return true }
    if connections[index].version != .v5,
      let topics = recorder.outage?.unansweredTopics[connections.identifier(at: index)],
      topics.isEmpty || topics.contains(array(topic))
    {
      return true
    }
    let terms = PublicationTerms(qos: view.qos, isRetained: view.isRetained, publisher: session)
    return mustRecord(plan(for: topic), terms, topic: topic)
  }

  /// Refuses a PUBLISH above QoS 0; nothing has changed.
  mutating func refusePublish(
    _ qos: QoS, _ identifier: PacketIdentifier, topic: Span<UInt8>, on index: Slot<Connection>
  ) {
    countRefusal()
    if connections[index].version == .v5 {
      return acknowledge(
        qos == .atLeastOnce ? .puback : .pubrec, identifier, .quotaExceeded, on: index)
    }
    let name = String(decoding: array(topic), as: UTF8.self)
    leaveUnanswered(index, "PUBLISH at QoS \(qos.rawValue) to \"\(name)\"")
    let connection = connections.identifier(at: index)
    let known = recorder.outage?.unansweredTopics[connection]
    if known?.isEmpty == true { return }
    if let known, known.count >= StoreOutage.topicLimit {
      recorder.outage?.unansweredTopics[connection] = []
    } else {
      recorder.outage?.unansweredTopics[connection, default: []].insert(array(topic))
    }
  }

  /// Answers a SUBSCRIBE of a lasting session.
  mutating func refuse(_ subscribe: Subscribe, on index: Slot<Connection>) {
    countRefusal()
    send(
      .suback(
        Suback(
          packetIdentifier: subscribe.packetIdentifier,
          reasonCodes: subscribe.subscriptions.map { _ in .quotaExceeded })), on: index)
  }

  /// Answers an UNSUBSCRIBE of a lasting session, where there is an answer that says no.
  mutating func refuse(_ unsubscribe: Unsubscribe, on index: Slot<Connection>) {
    countRefusal()
    if connections[index].version != .v5 { return leaveUnanswered(index, "UNSUBSCRIBE") }
    send(
      .unsuback(
        Unsuback(
          packetIdentifier: unsubscribe.packetIdentifier,
          reasonCodes: unsubscribe.filters.map { _ in .implementationSpecificError })), on: index)
  }

  /// Leaves a client without an answer, and says the first time who waits for what.
  private mutating func leaveUnanswered(_ index: Slot<Connection>, _ request: String) {
    let connection = connections.identifier(at: index)
    if recorder.outage?.knownUnanswered.insert(connection).inserted != true { return }
    recorder.outage?.unanswered.append(connection)
    note(
      .warning,
      "\(name(of: index)): its \(request) is not answered while the store fails, for "
        + "\(Self.name(of: connections[index].version)) has no answer that says no; it is closed "
        + "when the store is back, and can send it again")
  }

  private mutating func endUnanswered(_ connection: ConnectionID) {
    if !connections.contains(connection) || connections[connection.index].stage != .connected {
      return
    }
    leave(
      connection.index, cause: "the store is back, and it has requests to send again",
      isOrderly: false)
    close(connection.index)
  }

  // MARK: What waits

  /// Keeps PUBREL or PUBCOMP back without keeping back what comes after it.
  mutating func postpone(
    _ type: PacketType, _ identifier: PacketIdentifier, on index: Slot<Connection>
  ) {
    let answer = StoreOutage.Answer(
      connection: connections.identifier(at: index), type: type, identifier: identifier)
    if recorder.outage?.knownAnswers.insert(answer).inserted == true {
      recorder.outage?.answers.append(answer)
    }
  }

  /// Whether a delivery may not be sent before the store is back; its session is then served.
  @inline(__always) mutating func waitsForStore(
    _ delivery: Slot<Delivery>, _ session: Slot<Session>
  ) -> Bool {
    recorder.isFailing && awaitStore(delivery, session)
  }

  private mutating func awaitStore(_ delivery: Slot<Delivery>, _ session: Slot<Session>) -> Bool {
    if mail.deliveries[delivery].terms.qos != .exactlyOnce || !isFrozen(session) { return false }
    let slot = sessions.identifier(at: session)
    if recorder.outage?.knownWaiting.insert(slot).inserted == true {
      recorder.outage?.waiting.append(slot)
    }
    return true
  }
}
