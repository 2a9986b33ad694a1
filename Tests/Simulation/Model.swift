// The broker as the standard describes it, without bytes, windows, queues or a disk: what a packet
// that was processed means, in the fewest words. It is fed with what the engine was fed with. What
// it says is exact, for time passes in whole seconds, and for a crash it goes back to the copy of
// itself that was made when the last committed batch was taken.
//
// It never says when something is sent; it says what each session has to get in the end, and the
// ledger compares.

import MQTTCodec

/// A message that was published or announced as a will.
struct MessageFacts {
  /// The one who published it: a client between two replacements.
  var publisher: Int
  var topic: Int
  var qos: QoS
  var isRetained = false
  var expirySeconds: UInt32?
  var isWill = false
  /// Whether the publisher's handshake ended well.
  var isAcknowledged = false
}

/// One copy that a session is to get.
struct Expectation {
  var message: Int
  var qos: QoS
  var isRetained: Bool
  var identifiers: [UInt32]
  /// Whether it has to come; else it may.
  var mustCome: Bool
  /// When the copy was made, in the count of all that was processed.
  var serial: Int
  /// Whether it is what a topic retains, for a new subscription.
  var isReplay = false
  /// When the session was left, if it was offline.
  var leftSerial: Int?
}

/// One copy that a shared group is to get.
struct GroupExpectation {
  var message: Int
  var qos: QoS
  var members: [Int]
  var mustCome: Bool
  /// Whether every member has a session that outlives a crash.
  var lasts: Bool
  var serial: Int
}

struct ModelSubscription: Equatable {
  var qos: QoS
  var noLocal: Bool
  var retainAsPublished: Bool
  var identifier: UInt32
}

struct ModelSession {
  let serial: Int
  let client: Int
  var expirySeconds: UInt32
  var link: Int?
  var subscriptions: [ModelSubscription?] = Array(repeating: nil, count: Places.filters.count)
  var held: [UInt16] = []
  var will: Int?
  var willDelaySeconds: UInt32 = 0
  var willDue: Int?
  var endsAt: Int?
  /// When it was left last.
  var leftSerial = 0
  var expectations: [Expectation] = []
}

struct RetainedMessage {
  var message: Int
  var expiresAt: Int?
}

/// All that a broker knows.
struct Model {
  /// By client.
  var sessions: [ModelSession?]
  /// By topic.
  var retained: [RetainedMessage?] = Array(repeating: nil, count: Places.topics.count)
  /// When each topic's retained message was last set or removed.
  var retainedSerials = Array(repeating: 0, count: Places.topics.count)
  var groups: [GroupExpectation] = []
  /// Events until this state.
  var serial = 0

  init(clients: Int) { sessions = Array(repeating: nil, count: clients) }
}

/// What a copy may look like that was made at any time, crashes or not.
protocol ModelWitness: AnyObject {
  var messages: [MessageFacts] { get }
  var isLimited: Bool { get }
  var queuesQoS0: Bool { get }
  func issued(_ expectation: Expectation, to session: Int)
}

extension Model {
  /// Routes a message. (3.3.4)
  mutating func publish(_ number: Int, by session: Int?, now: Int, _ witness: some ModelWitness) {
    let facts = witness.messages[number]
    if facts.isRetained { retain(number, facts, now: now) }
    for client in sessions.indices {
      guard let target = sessions[client] else { continue }
      var match: ModelSubscription?
      var identifiers: [UInt32] = []
      for filter in 0..<Places.firstSharedFilter where Places.matches[filter][facts.topic] {
        guard let found = target.subscriptions[filter] else { continue }
        match = match.map { $0.merged(with: found) } ?? found
        if found.identifier != 0 { identifiers.append(found.identifier) }
      }
      guard let match, !(match.noLocal && target.serial == session) else { continue }
      let qos = min(facts.qos, match.qos)
      if qos == .atMostOnce && target.link == nil && !witness.queuesQoS0 { continue }
      let isSure = facts.expirySeconds == nil && !witness.isLimited
      expect(
        Expectation(
          message: number, qos: qos, isRetained: facts.isRetained && match.retainAsPublished,
          identifiers: identifiers.sorted(),
          mustCome: isSure && (qos != .atMostOnce || target.link != nil), serial: serial,
          leftSerial: target.link == nil ? target.leftSerial : nil),
        by: client, witness)
    }
    for filter in Places.firstSharedFilter..<Places.filters.count
    where Places.matches[filter][facts.topic] {
      shareOut(number, facts, filter, witness)
    }
  }

  private mutating func shareOut(
    _ number: Int, _ facts: MessageFacts, _ filter: Int, _ witness: some ModelWitness
  ) {
    let members = sessions.compactMap { $0 }.filter { $0.subscriptions[filter] != nil }
    guard let subscription = members.first?.subscriptions[filter] else { return }
    let qos = min(facts.qos, subscription.qos)
    groups.append(
      GroupExpectation(
        message: number, qos: qos, members: members.map(\.serial),
        mustCome: qos != .atMostOnce && facts.expirySeconds == nil && !witness.isLimited,
        lasts: members.allSatisfy { $0.expirySeconds > 0 }, serial: serial))
    for member in members {
      let identifier = member.subscriptions[filter]?.identifier ?? 0
      witness.issued(
        Expectation(
          message: number, qos: qos,
          isRetained: facts.isRetained
            && member.subscriptions[filter]?.retainAsPublished == true,
          identifiers: identifier == 0 ? [] : [identifier], mustCome: false, serial: serial),
        to: member.serial)
    }
  }

  private mutating func retain(_ number: Int, _ facts: MessageFacts, now: Int) {
    retained[facts.topic] = RetainedMessage(
      message: number, expiresAt: facts.expirySeconds.map { now + Int($0) })
    retainedSerials[facts.topic] = serial
  }

  mutating func unretain(_ topic: Int) {
    retained[topic] = nil
    retainedSerials[topic] = serial
  }

  private mutating func expect(
    _ expectation: Expectation, by client: Int, _ witness: some ModelWitness
  ) {
    guard let session = sessions[client]?.serial else { return }
    sessions[client]?.expectations.append(expectation)
    witness.issued(expectation, to: session)
  }

  /// Takes a subscription, and sends what is retained. (3.8.4)
  mutating func subscribe(
    _ client: Int, _ filter: Int, _ subscription: ModelSubscription,
    _ handling: RetainHandling, now: Int, _ witness: some ModelWitness
  ) {
    let isNew = sessions[client]?.subscriptions[filter] == nil
    sessions[client]?.subscriptions[filter] = subscription
    if filter >= Places.firstSharedFilter || handling == .never || handling == .ifNew && !isNew {
      return
    }
    for topic in retained.indices where Places.matches[filter][topic] {
      guard let kept = retained[topic] else { continue }
      if let end = kept.expiresAt, end <= now { continue }
      let qos = min(witness.messages[kept.message].qos, subscription.qos)
      expect(
        Expectation(
          message: kept.message, qos: qos, isRetained: true,
          identifiers: subscription.identifier == 0 ? [] : [subscription.identifier],
          mustCome: !witness.isLimited && kept.expiresAt == nil, serial: serial, isReplay: true),
        by: client, witness)
    }
  }

  mutating func unsubscribe(_ client: Int, _ filter: Int) {
    sessions[client]?.subscriptions[filter] = nil
    if filter >= Places.firstSharedFilter { loosenGroups(of: client) }
  }

  /// Nobody need get what a member had that is no member any more. (4.8.2)
  private mutating func loosenGroups(of client: Int) {
    guard let serial = sessions[client]?.serial else { return }
    for position in groups.indices where groups[position].members.contains(serial) {
      groups[position].mustCome = false
    }
  }

  /// Parts a session from its connection. (3.1.2.5, 3.1.2.11.2)
  mutating func leave(_ client: Int, isOrderly: Bool, now: Int, _ witness: some ModelWitness) {
    guard var session = sessions[client] else { return }
    session.link = nil
    session.leftSerial = serial
    for position in session.expectations.indices
    where session.expectations[position].qos == .atMostOnce {
      session.expectations[position].mustCome = false
    }
    if isOrderly { session.will = nil }
    session.endsAt = session.expirySeconds == .max ? nil : now + Int(session.expirySeconds)
    if session.will != nil { session.willDue = now + Int(session.willDelaySeconds) }
    sessions[client] = session
    if session.expirySeconds == 0 { return end(client, now: now, witness) }
    if session.willDue == now { publishWill(client, now: now, witness) }
  }

  /// Ends a session, its will before it. [MQTT-3.1.3-9]
  mutating func end(_ client: Int, now: Int, _ witness: some ModelWitness) {
    publishWill(client, now: now, witness)
    loosenGroups(of: client)
    sessions[client] = nil
  }

  private mutating func publishWill(_ client: Int, now: Int, _ witness: some ModelWitness) {
    guard let session = sessions[client], let will = session.will else { return }
    sessions[client]?.will = nil
    sessions[client]?.willDue = nil
    serial += 1
    publish(will, by: session.serial, now: now, witness)
  }

  /// Does what is due, the earliest first.
  mutating func advance(to now: Int, _ witness: some ModelWitness) {
    while true {
      var first: (time: Int, client: Int, isWill: Bool)?
      for session in sessions.compactMap({ $0 }) where session.link == nil {
        if let due = session.willDue, due <= now, due < first?.time ?? .max {
          first = (due, session.client, true)
        }
        if let end = session.endsAt, end <= now, end < first?.time ?? .max {
          first = (end, session.client, false)
        }
      }
      guard let first else { break }
      serial += 1
      if first.isWill {
        publishWill(first.client, now: first.time, witness)
      } else {
        end(first.client, now: first.time, witness)
      }
    }
    for topic in retained.indices {
      if let end = retained[topic]?.expiresAt, end <= now { retained[topic] = nil }
    }
  }

  /// What is left after a crash of the state that was on disk: those who were there are gone now.
  mutating func restart(now: Int, _ witness: some ModelWitness) {
    for client in sessions.indices {
      guard let session = sessions[client] else { continue }
      if session.expirySeconds == 0 {
        loosenGroups(of: client)
        sessions[client] = nil
        continue
      }
      for position in session.expectations.indices
      where session.expectations[position].qos == .atMostOnce {
        sessions[client]?.expectations[position].mustCome = false
      }
      if session.link == nil { continue }
      sessions[client]?.link = nil
      sessions[client]?.leftSerial = serial
      sessions[client]?.endsAt =
        session.expirySeconds == .max ? nil : now + Int(session.expirySeconds)
      if session.will != nil {
        sessions[client]?.willDue = now + Int(session.willDelaySeconds)
      }
    }
  }
}

extension ModelSubscription {
  func merged(with other: ModelSubscription) -> ModelSubscription {
    ModelSubscription(
      qos: max(qos, other.qos), noLocal: noLocal && other.noLocal,
      retainAsPublished: retainAsPublished || other.retainAsPublished, identifier: 0)
  }
}
