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

/// What the engine knows about rights.
struct AccessState: ~Copyable {
  /// Counts the readings of the lists, from one.
  var generation: UInt32 = 1
  /// Changes when remembered matches may hold somebody who has lost a right, or lack somebody.
  var epoch: UInt32 = 0
  /// The clients that there were.
  var clients: UInt64 = 0
  /// The lists of all listeners, each once, for clients of whom the listener is not known.
  var lists: [AccessList] = []
  /// Whether there is a listener without a list.
  var hasOpenListener = false
  var decisions: DecisionCache

  init(decisionLimit: Int) { decisions = DecisionCache(limit: decisionLimit) }
}

extension Broker {
  /// Stands for "no listener is known".
  static let noListener = UInt16.max

  /// Looks which lists there are, and gives every session its rights.
  mutating func readAccess() {
    isControlled = policies.contains { $0.access != nil }
    access.generation &+= 1
    access.epoch &+= 1
    access.decisions = DecisionCache(limit: configuration.decisionCacheLimit)
    access.lists = []
    access.hasOpenListener = false
    for policy in policies where !policy.isClosed {
      if let list = policy.access {
        if !access.lists.contains(where: { $0 === list }) { access.lists.append(list) }
      } else {
        access.hasOpenListener = true
      }
    }
    if !isControlled { return }
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
      if !latestSubject.isSame(userName, listener, name) {
        latestSubject = SessionSubject(
          userName: userName, listener: listener, listenerName: name)
      }
      sessions[session].subject = latestSubject
      sessions[session].access = nil
      if isControlled && sessions[session].subscriptionCount > 0 { access.epoch &+= 1 }
      withholdFlight(of: session, on: connection)
      queueWithheld(of: session)
    }
    if isControlled { _ = clientAccess(of: session) }
  }

  /// A session as the lists see it.
  mutating func clientAccess(of session: Slot<Session>) -> ClientAccess {
    if let known = sessions[session].access { return known }
    access.clients += 1
    let fresh = ClientAccess(
      AccessSubject(
        clientIdentifier: sessions[session].clientIdentifier,
        userName: sessions[session].userName),
      listener: sessions[session].listener, listenerName: sessions[session].listenerName,
      number: access.clients)
    sessions[session].access = fresh
    return fresh
  }

  /// Who had something retained before the server was started, as the lists see him.
  mutating func clientAccess(of source: SourceRecord) -> ClientAccess {
    access.clients += 1
    let name = source.listener ?? ""
    return ClientAccess(
      AccessSubject(clientIdentifier: source.clientIdentifier, userName: source.userName),
      listener: listener(named: name), listenerName: name, number: access.clients)
  }

  /// The listener of a name; ``noListener`` when there is none.
  func listener(named name: String) -> UInt16 {
    if name.isEmpty { return Self.noListener }
    let index = configuration.listenerTerms.firstIndex { $0.name == name }
    return index.map { UInt16($0) } ?? Self.noListener
  }

  /// Whether a session may publish to a topic.
  mutating func mayPublish(_ session: Slot<Session>, _ topic: Span<UInt8>) -> Bool {
    isAllowed(.publish, clientAccess(of: session), topic, hash(topic, seed: topicSeed))
  }

  /// Whether a session may be sent messages of a topic.
  mutating func mayReceive(_ session: Slot<Session>, _ topic: Span<UInt8>, _ topicHash: UInt64)
    -> Bool
  {
    isAllowed(.deliver, clientAccess(of: session), topic, topicHash)
  }

  /// Whether a kept message may be sent to a session.
  mutating func mayReceive(_ session: Slot<Session>, message: Slot<Message>) -> Bool {
    let topic = array(messages[message].bytes.span.extracting(messages[message].topic))
    return mayReceive(session, topic.span, hash(topic.span, seed: topicSeed))
  }

  /// Whether a retained message may be replayed to a session.
  mutating func mayReplay(_ message: Slot<Message>, to session: Slot<Session>) -> Bool {
    let topic = array(messages[message].bytes.span.extracting(messages[message].topic))
    let topicHash = hash(topic.span, seed: topicSeed)
    if !mayReceive(session, topic.span, topicHash) { return false }
    guard configuration.checksRetainSource, let source = messages[message].source else {
      return true
    }
    return isAllowed(.publish, source, topic.span, topicHash)
  }

  /// Leaves those out of `match` who may not have the topic, and looks at the members of its groups.
  mutating func restrictMatch(_ topic: Span<UInt8>, _ topicHash: UInt64) {
    var kept = 0
    for position in match.targets.indices {
      let target = match.targets[position]
      if !mayReceive(target.session, topic, topicHash) { continue }
      match.targets[kept] = target
      kept += 1
    }
    match.targets.removeLast(match.targets.count - kept)
  }

  /// Decides about all members of a group, so that choosing one of them finds the decisions made.
  mutating func authorizeMembers(
    of group: Slot<SharedGroup>, _ topic: Span<UInt8>, _ topicHash: UInt64
  ) {
    for offset in 0..<subscriptions.groups[group].members.count {
      let member = subscriptions.groups[group].members[offset]
      _ = mayReceive(subscriptions.subscriptions[member].session, topic, topicHash)
    }
  }

  /// The same as ``mayReceive(_:_:_:)`` for a walk that changes nothing.
  func mayHave(_ session: Slot<Session>, _ topic: Span<UInt8>) -> Bool {
    guard let client = sessions[session].access else { return true }
    refresh(client)
    guard client.isRestricted else { return true }
    let known = access.decisions.find(
      question(.deliver, client), topic: topic, topicHash: hash(topic, seed: topicSeed))
    if let known { return known }
    return client.decide(.deliver, topic)?.decision.isAllowed ?? true
  }

  private func refresh(_ client: ClientAccess) {
    if client.generation == access.generation { return }
    let listener = listenerNow(client.listener, client.listenerName)
    if listener == Self.noListener {
      return client.refresh(
        access.lists, hasOpenListener: access.hasOpenListener, checksSubscriptions: false,
        access.generation)
    }
    let policy = policy(ofListener: listener)
    client.refresh(
      policy.access.map { [$0] } ?? [], hasOpenListener: policy.access == nil,
      checksSubscriptions: policy.checksSubscriptions, access.generation)
  }

  private func question(_ action: AccessAction, _ client: ClientAccess) -> DecisionCache.Question {
    DecisionCache.Question(
      client: client.number, generation: client.generation, isPublish: action == .publish)
  }

  private mutating func isAllowed(
    _ action: AccessAction, _ client: ClientAccess, _ topic: Span<UInt8>, _ topicHash: UInt64
  ) -> Bool {
    refresh(client)
    if !client.isRestricted { return true }
    let question = question(action, client)
    let known = access.decisions.find(question, topic: topic, topicHash: topicHash)
    if let known {
      if !known { counters.accessDenied += 1 }
      return known
    }
    guard let (permissions, decision) = client.decide(action, topic) else { return true }
    access.decisions.keep(
      question, topic: topic, topicHash: topicHash, isAllowed: decision.isAllowed)
    if !decision.isAllowed {
      counters.accessDenied += 1
      noteDenial(
        action, client, permissions, decision, String(decoding: array(topic), as: UTF8.self))
    }
    return decision.isAllowed
  }

  /// Whether a session may ask for the messages of a filter, or ask for them no longer.
  mutating func maySubscribe(
    _ action: AccessAction, _ session: Slot<Session>, _ filter: [UInt8]
  ) -> Bool {
    let client = clientAccess(of: session)
    refresh(client)
    guard let permissions = client.permissions.first else { return true }
    var decision = permissions.decide(action, topic: filter.span)
    if decision.isAllowed, action == .subscribe, client.checksSubscriptions {
      decision = permissions.mayEverReceive(filter: String(decoding: filter, as: UTF8.self))
    }
    if decision.isAllowed { return true }
    counters.accessDenied += 1
    noteDenial(action, client, permissions, decision, String(decoding: filter, as: UTF8.self))
    return false
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
      "access denied: client=\(Self.quoted(client.subject.clientIdentifier)) "
        + "user=\(client.subject.userName.map(Self.quoted) ?? "-") action=\(verb) "
        + "topic=\(Self.quoted(topic)) rule=\(Self.place(of: decision, permissions.list))")
  }

  private static func place(of decision: AccessDecision, _ list: AccessList) -> String {
    if let location = list.location(of: decision) { return location.description }
    return "\(list.file) (\(list.reason(for: decision)))"
  }
}
