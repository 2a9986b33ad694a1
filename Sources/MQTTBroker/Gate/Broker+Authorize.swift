// May this client publish this, or have it? Asked at PUBLISH and for wills, when a topic is matched
// to its subscribers, when a message leaves a queue, and for retained messages, whose publisher is
// asked about as well. Without access lists each of these is one look at `isControlled`.
//
// A fan-out does not ask for each of its deliveries: those who may not have a topic are left out of
// its remembered match (Broker+Route), which is made anew when somebody's rights may have changed.

import AccessControl
import Basis
import MQTTSession
import Text

extension Broker {
  /// Looks which lists there are, and gives every session its rights.
  mutating func readAccess() {
    gate.readAccess(configuration)
    if !gate.isControlled { return }
    for session in sessions.slots where sessions.isOccupied(session) {
      _ = clientAccess(of: session)
    }
  }

  /// Says who a session belongs to now.
  mutating func setSubject(
    _ session: Slot<Session>, userName: String?, on connection: Slot<Connection>
  ) {
    let listener = connections[connection].listener
    let name = configuration.terms(ofListener: listener).name
    if !sessions[session].subject.isSame(userName, listener, name) {
      sessions[session].subject = gate.subject(
        userName: userName, listener: listener, listenerName: name)
      sessions[session].access = nil
      if gate.isControlled && sessions[session].subscriptionCount > 0 { gate.access.epoch &+= 1 }
      withholdFlight(of: session, on: connection)
      queueWithheld(of: session)
    }
    if gate.isControlled { _ = clientAccess(of: session) }
  }

  /// A session as the lists see it.
  mutating func clientAccess(of session: Slot<Session>) -> ClientAccess {
    if let known = sessions[session].access { return known }
    let fresh = ClientAccess(
      AccessSubject(
        clientIdentifier: sessions[session].clientIdentifier,
        userName: sessions[session].userName),
      listener: sessions[session].listener, listenerName: sessions[session].listenerName,
      number: gate.nextClientNumber())
    sessions[session].access = fresh
    return fresh
  }

  /// Who had something retained before the server was started, as the lists see that client.
  mutating func clientAccess(of source: SourceRecord) -> ClientAccess {
    let name = source.listener ?? ""
    return ClientAccess(
      AccessSubject(clientIdentifier: source.clientIdentifier, userName: source.userName),
      listener: gate.listener(named: name), listenerName: name, number: gate.nextClientNumber())
  }

  /// Whether a session may publish to a topic.
  mutating func mayPublish(_ session: Slot<Session>, _ topic: Span<UInt8>) -> Bool {
    isAllowed(.publish, clientAccess(of: session), topic, routing.hash(topic))
  }

  /// Whether a session may be sent messages of a topic.
  mutating func mayReceive(_ session: Slot<Session>, _ topic: Span<UInt8>, _ topicHash: UInt64)
    -> Bool
  {
    isAllowed(.deliver, clientAccess(of: session), topic, topicHash)
  }

  /// Whether a kept message may be sent to a session.
  mutating func mayReceive(_ session: Slot<Session>, message: Slot<Message>) -> Bool {
    let topic = mail.topic(of: message)
    return mayReceive(session, topic.span, routing.hash(topic.span))
  }

  /// Whether a retained message may be replayed to a session.
  mutating func mayReplay(_ message: Slot<Message>, to session: Slot<Session>) -> Bool {
    let topic = mail.topic(of: message)
    let topicHash = routing.hash(topic.span)
    if !mayReceive(session, topic.span, topicHash) { return false }
    guard configuration.checksRetainSource, let source = mail.messages[message].source else {
      return true
    }
    return isAllowed(.publish, source, topic.span, topicHash)
  }

  /// Leaves those out of `match` who may not have the topic, and looks at the members of its groups.
  mutating func restrictMatch(_ topic: Span<UInt8>, _ topicHash: UInt64) {
    var kept = 0
    for position in routing.match.targets.indices {
      let target = routing.match.targets[position]
      if !mayReceive(target.session, topic, topicHash) { continue }
      routing.match.targets[kept] = target
      kept += 1
    }
    routing.match.targets.removeLast(routing.match.targets.count - kept)
  }

  /// Decides about all members of a group, so that choosing one of them finds the decisions made.
  mutating func authorizeMembers(
    of group: Slot<SharedGroup>, _ topic: Span<UInt8>, _ topicHash: UInt64
  ) {
    for offset in 0..<routing.subscriptions.groups[group].members.count {
      let member = routing.subscriptions.groups[group].members[offset]
      _ = mayReceive(routing.subscriptions.subscriptions[member].session, topic, topicHash)
    }
  }

  /// The same as ``mayReceive(_:_:_:)`` for a walk that changes nothing.
  func mayHave(_ session: Slot<Session>, _ topic: Span<UInt8>) -> Bool {
    guard let client = sessions[session].access else { return true }
    return gate.mayHave(client, topic, routing.hash(topic))
  }

  private mutating func isAllowed(
    _ action: AccessAction, _ client: ClientAccess, _ topic: Span<UInt8>, _ topicHash: UInt64
  ) -> Bool {
    gate.refresh(client)
    if !client.isRestricted { return true }
    switch gate.decide(action, client, topic, topicHash) {
    case .allowed: return true
    case .denied(let news):
      status.counters.accessDenied += 1
      if let news {
        if action == .deliver, repeatsDenial(client, news.decision, news.permissions) {
          return false
        }
        noteDenial(
          action, client, news.permissions, news.decision,
          String(decoding: array(topic), as: UTF8.self))
      }
      return false
    }
  }

  /// Whether a session may ask for the messages of a filter, or ask for them no longer.
  mutating func maySubscribe(
    _ action: AccessAction, _ session: Slot<Session>, _ filter: [UInt8]
  ) -> Bool {
    let client = clientAccess(of: session)
    gate.refresh(client)
    guard let permissions = client.permissions.first else { return true }
    var decision = permissions.decide(action, topic: filter.span)
    if decision.isAllowed, action == .subscribe, client.checksSubscriptions {
      decision = permissions.mayEverReceive(filter: String(decoding: filter, as: UTF8.self))
    }
    if decision.isAllowed { return true }
    status.counters.accessDenied += 1
    noteDenial(action, client, permissions, decision, String(decoding: filter, as: UTF8.self))
    return false
  }

  /// Whether the same rule has just kept a message of another topic from a client: all that is
  /// retained below a filter is counted, and not told topic by topic.
  private mutating func repeatsDenial(
    _ client: ClientAccess, _ decision: AccessDecision, _ permissions: AccessPermissions
  ) -> Bool {
    let place = Self.place(of: decision, permissions.list)
    if let denied = gate.access.denied, denied.client.number == client.number,
      denied.place == place
    {
      gate.access.denied?.moreCount += 1
      return true
    }
    noteMoreDenials()
    gate.access.denied = DeniedTopics(client: client, place: place)
    return false
  }

  /// Says how many more topics were denied since the line that told of the first one.
  mutating func noteMoreDenials() {
    guard let denied = gate.access.denied else { return }
    gate.access.denied = nil
    if denied.moreCount == 0 { return }
    note(
      .notice,
      "access denied: \(Self.identity(of: denied.client)) action=receive "
        + "topics=\(denied.moreCount) more rule=\(denied.place)")
  }

  private static func identity(of client: ClientAccess) -> String {
    "client=\(quoted(client.subject.clientIdentifier)) "
      + "user=\(client.subject.userName.map(quoted) ?? "-")"
  }

  /// Says once for each client and topic, until the lists are read again, what was denied and why.
  private mutating func noteDenial(
    _ action: AccessAction, _ client: ClientAccess, _ permissions: AccessPermissions,
    _ decision: AccessDecision, _ topic: String
  ) {
    let verb =
      switch action {
      case .publish: "publish"
      case .deliver: "receive"
      case .subscribe: "subscribe"
      case .unsubscribe: "unsubscribe"
      }
    note(
      .notice,
      "access denied: \(Self.identity(of: client)) action=\(verb) "
        + "topic=\(Self.quoted(topic)) rule=\(Self.place(of: decision, permissions.list))")
  }

  private static func place(of decision: AccessDecision, _ list: AccessList) -> String {
    if let location = list.location(of: decision) { return location.description }
    return "\(list.file) (\(list.reason(for: decision)))"
  }
}
