// What each session was to get and what it got, over all crashes, and the comparison.

import MQTTCodec
import MQTTSession

/// A promise that was broken.
package struct Verdict: Error, Equatable, Sendable, CustomStringConvertible {
  /// Which promise, in a word or two; shrinking keeps it.
  package let kind: String
  package let description: String

  init(_ kind: String, _ explanation: String) {
    self.kind = kind
    description = "\(kind): \(explanation)"
  }
}

/// What one session was to get and got.
struct SessionLedger {
  struct Copy {
    var message: Int
    var qos: QoS
    var isRetained: Bool
  }

  let client: Int
  var issued: [Expectation] = []
  var observed: [Copy] = []
  /// Whether its connection ever ended.
  var wasInterrupted = false
  /// QoS 1 and 2 messages that left the broker and are not acknowledged.
  var outstanding: [(identifier: UInt16, message: Int)] = []

  func wanted(_ message: Int) -> Bool { issued.contains { $0.message == message } }

  func observedCount(_ message: Int, _ qos: QoS) -> Int {
    var count = 0
    for copy in observed where copy.message == message && copy.qos == qos { count += 1 }
    return count
  }
}

/// Something that a crash took back; wrong if it was acknowledged.
struct Undone {
  enum Matter {
    case delivery(session: Int, message: Int)
    case share(message: Int)
    case retained(topic: Int, message: Int, serial: Int)
    case request(serial: Int)
  }
  var matter: Matter
}

extension Simulation {
  /// A copy came out at a client.
  func observe(
    _ message: Int, _ qos: QoS, isRetained: Bool, _ identifiers: [UInt32], in session: Int
  ) throws(Verdict) {
    let facts = messages[message]
    let isShared = facts.topic >= Places.firstShared && facts.topic < Places.firstWill
    let known = ledgers[session].issued.filter { $0.message == message }
    let name = describe(message)
    // A member that came later may get what another one has left.
    if isShared && known.isEmpty && ledgers.contains(where: { $0.wanted(message) }) {
      return record(message, qos, isRetained: isRetained, in: session)
    }
    if known.isEmpty {
      throw Verdict("unexpected", "\(name) came to session \(session), which did not want it")
    }
    if !known.contains(where: { $0.qos == qos }) {
      throw Verdict("QoS", "\(name) came at QoS \(qos.rawValue) to session \(session)")
    }
    if !known.contains(where: { $0.isRetained == isRetained && $0.qos == qos }) {
      throw Verdict("retain flag", "\(name) came to session \(session) with RETAIN \(isRetained)")
    }
    if !isShared && !known.contains(where: { $0.identifiers == identifiers }) {
      throw Verdict(
        "subscription identifiers",
        "\(name) came to session \(session) with \(identifiers), not \(known[0].identifiers)")
    }
    if !isShared && !isRetained { try checkOrder(message, qos, known, in: session) }
    record(message, qos, isRetained: isRetained, in: session)
    if qos != .atLeastOnce && !isShared {
      let count = ledgers[session].observedCount(message, qos)
      let bound = known.count { $0.qos == qos }
      if count > bound {
        throw Verdict(
          "doubled", "\(name) came \(count) times at QoS \(qos.rawValue) to session \(session)")
      }
    }
  }

  private func record(_ message: Int, _ qos: QoS, isRetained: Bool, in session: Int) {
    ledgers[session].observed.append(
      SessionLedger.Copy(message: message, qos: qos, isRetained: isRetained))
  }

  /// Checks that no message of the same publisher, topic and QoS has overtaken one that was there
  /// before it. [MQTT-4.6.0-5]
  private func checkOrder(
    _ message: Int, _ qos: QoS, _ known: [Expectation], in session: Int
  ) throws(Verdict) {
    let facts = messages[message]
    let ledger = ledgers[session]
    if facts.isWill || ledger.observed.contains(where: { $0.message == message }) { return }
    guard let arrival = known.first(where: { $0.qos == qos })?.serial else { return }
    // The first copy may have been dropped, and this be of the message that was sent again.
    let mayBeDropped = qos == .atMostOnce || facts.expirySeconds != nil || isLimited
    if mayBeDropped && known.count > 1 { return }
    for copy in ledger.observed
    where copy.message > message && copy.qos == qos && !copy.isRetained {
      let other = messages[copy.message]
      if other.publisher == facts.publisher && other.topic == facts.topic && other.qos == facts.qos
        && !other.isWill,
        let otherArrival = ledger.issued.first(where: {
          $0.message == copy.message && $0.qos == qos
        })?
        .serial,
        otherArrival > arrival
      {
        throw Verdict(
          "order",
          "\(describe(message)) came to session \(session) after \(describe(copy.message))")
      }
    }
  }

  /// Checks that everyone has got what it had to get, now that all is quiet.
  func judge() throws(Verdict) {
    for session in model.sessions {
      if let session { try judge(session) }
    }
    if let limit = scenario.queueLimit {
      for session in ledgers.indices { try judgeQueue(of: session, limit: limit) }
    }
    for group in model.groups { try judge(group) }
    for undone in undone { try judge(undone) }
    for client in clients where client.session.unpublishedCount > 0 {
      throw Verdict(
        "stuck", "client \(client.index) has \(client.session.unpublishedCount) open handshakes")
    }
  }

  private func judge(_ session: ModelSession) throws(Verdict) {
    let ledger = ledgers[session.serial]
    for expectation in session.expectations {
      let message = expectation.message
      let qos = expectation.qos
      let all = session.expectations.filter { $0.message == message && $0.qos == qos }
      let wanted = all.count { $0.mustCome }
      let found = ledger.observedCount(message, qos)
      if found < wanted {
        throw Verdict(
          "lost",
          "\(describe(message)) came \(found) times at QoS \(qos.rawValue) to session "
            + "\(session.serial) of client \(session.client), not \(wanted) times")
      }
      let isExact = qos == .exactlyOnce || qos == .atLeastOnce && !ledger.wasInterrupted
      if isExact && found > all.count {
        throw Verdict(
          "doubled",
          "\(describe(message)) came \(found) times at QoS \(qos.rawValue) to session "
            + "\(session.serial) of client \(session.client), not \(all.count) times")
      }
    }
  }

  /// Checks that no more came than may wait, of what came up while the session was offline.
  private func judgeQueue(of session: Int, limit: Int) throws(Verdict) {
    let ledger = ledgers[session]
    var counts: [Int: Int] = [:]
    for copy in ledger.issued {
      guard let left = copy.leftSerial, !copy.isReplay,
        ledger.issued.count(where: { $0.message == copy.message }) == 1,
        ledger.observed.contains(where: { $0.message == copy.message })
      else { continue }
      counts[left, default: 0] += 1
    }
    if let count = counts.values.max(), count > limit {
      throw Verdict(
        "limit", "session \(session) got \(count) messages that had waited, \(limit) may wait")
    }
  }

  private func judge(_ group: GroupExpectation) throws(Verdict) {
    let all = model.groups.filter { $0.message == group.message && $0.qos == group.qos }
    let wanted = all.count { $0.mustCome }
    var found = 0
    for ledger in ledgers where ledger.client != 0 {
      found += ledger.observedCount(group.message, group.qos)
    }
    if found < wanted {
      throw Verdict(
        "lost", "\(describe(group.message)) came \(found) times to its groups, not \(wanted) times")
    }
    let bound = all.count + lostShares.count { $0 == group.message }
    if group.qos == .exactlyOnce && found > bound {
      throw Verdict(
        "doubled",
        "\(describe(group.message)) came \(found) times to its groups, not \(bound) times")
    }
  }

  private func judge(_ undone: Undone) throws(Verdict) {
    switch undone.matter {
    case .delivery(let serial, let message):
      guard messages[message].isAcknowledged,
        let session = model.sessions.first(where: { $0?.serial == serial }) ?? nil,
        !session.expectations.contains(where: { $0.message == message }),
        !ledgers[serial].observed.contains(where: { $0.message == message })
      else { return }
      throw Verdict(
        "acknowledged and lost", "\(describe(message)), for session \(serial), in a crash")
    case .share(let message):
      let isKnown =
        model.groups.contains { $0.message == message }
        || ledgers.contains { ledger in
          ledger.client != 0 && ledger.observed.contains { $0.message == message }
        }
      if messages[message].isAcknowledged && !isKnown {
        throw Verdict("acknowledged and lost", "\(describe(message)), for a group, in a crash")
      }
    case .retained(let topic, let message, let serial):
      if messages[message].isAcknowledged && model.retainedSerials[topic] < serial {
        throw Verdict(
          "acknowledged and lost", "\(describe(message)), retained, in a crash")
      }
    case .request(let serial):
      if let name = acknowledgedRequests[serial] {
        throw Verdict("acknowledged and lost", "\(name), in a crash")
      }
    }
  }

  func describe(_ message: Int) -> String {
    let facts = messages[message]
    return "\(facts.isWill ? "will" : "message") \(message) (\"\(Places.topics[facts.topic])\", "
      + "QoS \(facts.qos.rawValue)\(facts.isRetained ? ", retain" : "")"
      + (facts.expirySeconds.map { ", expires after \($0) s" } ?? "") + ")"
  }
}
