// What happens in one run, drawn from a seed: who the clients are, how the broker is set up, and a
// list of actions. An action carries its own random words and means something in whatever state it
// finds, so any of them can be left out, which is how a failing run is shrunk.

import MQTTCodec
import TestSupport

/// The topics of all runs.
///
/// Retained messages only go to `r/`, shared filters only reach `s/`.
enum Places {
  static let topics = [
    "t/0", "t/1", "t/0/x", "r/0", "r/1", "s/0", "s/1", "w/0", "w/1", "w/2", "w/3", "w/4",
  ]
  static let firstRetained = 3
  static let firstShared = 5
  static let firstWill = 7
  static let filters = [
    "#", "t/0", "t/+", "t/#", "+/0/x", "r/+", "r/0", "w/#", "t/1", "r/#", "$share/g/s/#",
    "$share/g/s/0", "$share/h/s/+",
  ]
  static let firstSharedFilter = 10

  /// Whether a filter reaches a topic, by the letters of section 4.7.
  static let matches: [[Bool]] = filters.map { filter in topics.map { reaches(filter, $0) } }

  private static func reaches(_ filter: String, _ topic: String) -> Bool {
    var levels = filter.split(separator: "/", omittingEmptySubsequences: false)
    if levels.first == "$share" { levels.removeFirst(2) }
    let names = topic.split(separator: "/", omittingEmptySubsequences: false)
    for (position, level) in levels.enumerated() {
      if level == "#" { return true }
      if position >= names.count || (level != "+" && level != names[position]) { return false }
    }
    return levels.count == names.count
  }
}

/// One thing that happens.
package struct Action: Sendable {
  enum Kind: UInt8, CaseIterable, Sendable {
    case connect, work, answer, disconnect, replaceClient
    case deliverUp, deliverDown, flow, stall
    case take, write, tell, commit, page
    case wait, cut, crash, fail, recover, stop
  }

  var kind: Kind
  var a: UInt32
  var b: UInt32
  var c: UInt32
}

/// How a client of a run behaves.
struct ClientPlan: Sendable {
  var version = ProtocolVersion.v5
  var cleanStart = false
  /// Session Expiry Interval; `.max` is never, zero ends with the connection.
  var expirySeconds = UInt32.max
  var hasWill = false
  var willQoS = QoS.exactlyOnce
  var willDelaySeconds: UInt32 = 0
  var isWillRetained = false
  var receiveMaximum: UInt16 = 100
  var sendWindow: UInt16 = 10
  var topicAliases: UInt16 = 0
  var acknowledgesLater = false
  var keepAliveSeconds: UInt16 = 0
}

/// One run.
package struct Scenario: Sendable {
  package let seed: UInt64
  package var actions: [Action] = []
  var plans: [ClientPlan] = []
  var keepsRecords = true
  var queuesQoS0 = false
  var inFlightLimit: UInt16 = 100
  /// The broker's Receive Maximum, one for each start of it, over and over.
  var receiveMaxima: [UInt16] = [1000]
  /// Messages of a queue that are kept in memory, when there is a store for the others.
  var queueWindow = 1000
  /// Messages that may wait for one client; nil is the broker's own bound.
  var queueLimit: Int?
  /// Whether the broker has just one place for each client.
  var isCrowded = false
  var sharedQoS = QoS.exactlyOnce
  /// Whether there are access lists, which allow everything: what they are asked then must change
  /// nothing.
  var hasAccessLists: Bool { seed % 4 == 3 }
  /// Whether everybody joins one group as soon as there is a session.
  var isShared = false

  /// The run that belongs to `seed`.
  package init(seed: UInt64) {
    self.seed = seed
    var chance = Chance(seed: seed)
    keepsRecords = !chance.happens(onceIn: 8)
    queuesQoS0 = chance.happens(onceIn: 2)
    inFlightLimit = chance.happens(onceIn: 2) ? 100 : UInt16(1 + chance.below(4))
    if chance.happens(onceIn: 3) {
      receiveMaxima = (0..<3).map { _ in UInt16(1 + chance.below(4)) }
    }
    if chance.happens(onceIn: 2) { queueWindow = 1 + chance.below(3) }
    queueLimit = chance.happens(onceIn: 8) ? 1 + chance.below(4) : nil
    sharedQoS = QoS(rawValue: UInt8(chance.below(3))) ?? .exactlyOnce
    isShared = chance.happens(onceIn: 4)
    isCrowded = chance.happens(onceIn: 4)
    plans = [ClientPlan()]
    for _ in 0...(1 + chance.below(3)) { plans.append(ClientPlan(&chance)) }
    let weights = Self.weights(&chance)
    let total = weights.reduce(0) { $0 + $1.1 }
    for client in 0..<plans.count {
      actions.append(Action(kind: .connect, a: UInt32(client), b: 0, c: 0))
    }
    // Most runs begin with everybody in place.
    if !chance.happens(onceIn: 5) {
      for kind in [Action.Kind.flow, .commit, .flow, .flow, .commit, .flow] {
        actions.append(Action(kind: kind, a: 0, b: 0, c: 0))
      }
    }
    for _ in 0..<(20 + chance.below(80)) {
      var left = chance.below(total)
      for (kind, weight) in weights {
        left -= weight
        if left >= 0 { continue }
        let words = chance.next()
        actions.append(
          Action(
            kind: kind, a: UInt32(truncatingIfNeeded: words),
            b: UInt32(truncatingIfNeeded: words >> 32),
            c: UInt32(truncatingIfNeeded: chance.next())))
        break
      }
    }
  }

  /// How often each kind of action comes; some runs have no faults of some sorts.
  private static func weights(_ chance: inout Chance) -> [(Action.Kind, Int)] {
    let cuts = chance.below(3)
    let crashes = chance.below(3)
    let fails = chance.below(4) / 2
    return [
      (.connect, 60), (.work, 330), (.answer, 40), (.disconnect, 15), (.replaceClient, 8),
      (.deliverUp, 90), (.deliverDown, 90), (.flow, 90), (.stall, 15), (.take, 70), (.write, 60),
      (.tell, 50), (.commit, 60), (.page, 60), (.wait, 40), (.cut, cuts * 30),
      (.crash, crashes * 25),
      (.fail, fails * 15), (.recover, fails * 12), (.stop, crashes * 2),
    ]
  }
}

extension ClientPlan {
  /// A client like many.
  init(_ chance: inout Chance) {
    version = chance.happens(onceIn: 3) ? .v311 : .v5
    let lasts = !chance.happens(onceIn: 3)
    cleanStart = version == .v5 ? chance.happens(onceIn: 2) : !lasts
    expirySeconds = !lasts ? 0 : chance.happens(onceIn: 2) ? .max : UInt32(1 + chance.below(20))
    if version == .v311 && lasts { expirySeconds = .max }
    hasWill = chance.happens(onceIn: 2)
    willQoS = QoS(rawValue: UInt8(chance.below(3))) ?? .atMostOnce
    willDelaySeconds = chance.happens(onceIn: 2) || version != .v5 ? 0 : UInt32(chance.below(12))
    isWillRetained = chance.happens(onceIn: 4)
    receiveMaximum = chance.happens(onceIn: 2) ? 100 : UInt16(1 + chance.below(3))
    sendWindow = chance.happens(onceIn: 2) ? 10 : UInt16(1 + chance.below(3))
    topicAliases = chance.happens(onceIn: 2) ? 0 : UInt16(1 + chance.below(3))
    acknowledgesLater = chance.happens(onceIn: 3)
    keepAliveSeconds = chance.happens(onceIn: 3) ? UInt16(1 + chance.below(4)) : 0
    // Topic aliases are nothing to older versions. CONNACK of 3.1 does not tell of a session, so its
    // clients here have none that lasts.
    if version == .v311 && topicAliases > 0 && !lasts { version = .v31 }
  }
}
