// The gate: who gets in, and what those who are in may do.
//
//   policies   what each listener asks of its clients
//   places     how many connections there are, in all, by listener and by address
//   logins     those who have not said who they are, and passwords that are being checked
//   access     what the lists say, and what they said before
//
// What it promises: each connection that has a place is counted once wherever it counts; a decision
// is remembered only for the reading of the lists that it was made from.

import AccessControl
import Basis

/// What the gate knows about rights.
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
  /// The denial that was told last, as long as the next one may be of the same kind.
  var denied: DeniedTopics?

  init(decisionLimit: Int) { decisions = DecisionCache(limit: decisionLimit) }
}

/// Messages of several topics that one rule keeps from one client.
struct DeniedTopics {
  var client: ClientAccess
  var place: String
  /// Topics beside the first, which was told.
  var moreCount = 0
}

/// Policies, places, logins and rights.
struct Gate: ~Copyable {
  private let anchor = Anchor()
  /// What each listener asks of its clients, by index. (Broker+Policies)
  var policies: [ListenerPolicy]
  /// Connections that have a place, all together and by listener. (Broker+Places)
  private(set) var placeCount = 0
  private(set) var listenerCounts: [Int] = []
  /// Whether it was said that there is no place.
  var isFull = false
  /// Those who are not in yet. (Broker+Login)
  var logins = Logins()
  /// What clients may do. (Broker+Authorize)
  var access: AccessState
  /// Whether there are access lists at all.
  private(set) var isControlled = false
  /// What each listener is called, by index; empty when it has no name.
  private var listenerNames: [String] = []
  /// Whoever connected last, for sessions to share.
  private var latestSubject = SessionSubject.unknown

  init(_ configuration: BrokerConfiguration) {
    policies = configuration.listenerPolicies
    access = AccessState(decisionLimit: configuration.decisionCacheLimit)
  }

  /// What a listener asks of its clients.
  func policy(ofListener listener: UInt16) -> ListenerPolicy {
    Int(listener) < policies.count ? policies[Int(listener)] : ListenerPolicy()
  }

  /// Stands for "no listener is known".
  static let noListener = UInt16.max

  /// The listener of a name; ``noListener`` when there is none.
  func listener(named name: String) -> UInt16 {
    if name.isEmpty { return Self.noListener }
    return listenerNames.firstIndex(of: name).map { UInt16($0) } ?? Self.noListener
  }

  /// The number that a listener has now; ``noListener`` when there is none of its name any more.
  func listenerNow(_ listener: UInt16, _ name: String) -> UInt16 {
    // A listener that went may have come again under another number.
    let nameNow = Int(listener) < listenerNames.count ? listenerNames[Int(listener)] : ""
    return listener != Self.noListener && nameNow == name ? listener : self.listener(named: name)
  }

  // MARK: Places

  /// Connections that have a place at a listener.
  func placeCount(ofListener listener: Int) -> Int {
    listener < listenerCounts.count ? listenerCounts[listener] : 0
  }

  /// Whether some limit is reached for a new connection.
  ///
  /// Inlined, for the configuration would be copied to be lent.
  @inline(__always) func isCrowded(
    listener: Int, _ address: PeerAddress, _ configuration: BrokerConfiguration
  ) -> Bool {
    if placeCount >= configuration.connectionLimit
      || logins.unidentifiedCount >= configuration.unidentifiedConnectionLimit
    {
      return true
    }
    let limit = configuration.connectionsPerAddressLimit
    if limit > 0, address != .none, let entry = logins.perAddress[address], entry.count >= limit {
      return true
    }
    guard let limit = configuration.terms(ofListener: UInt16(listener)).connectionLimit else {
      return false
    }
    return placeCount(ofListener: listener) >= limit
  }

  /// Gives a connection of a listener a place that is there.
  mutating func takePlace(listener: Int) {
    while listenerCounts.count <= listener { listenerCounts.append(0) }
    placeCount += 1
    listenerCounts[listener] += 1
    isFull = false
  }

  /// A connection of a listener is closed or gone.
  mutating func leavePlace(listener: Int) {
    placeCount -= 1
    listenerCounts[listener] -= 1
  }

  /// A connection does not count against its address any more.
  mutating func departed(from address: PeerAddress) {
    guard let entry = logins.perAddress[address] else { return }
    logins.perAddress[address] = entry.count > 1 ? (entry.count - 1, false) : nil
  }

  // MARK: Rights

  /// Looks which lists there are; what was decided by others is forgotten.
  mutating func readAccess(_ configuration: BrokerConfiguration) {
    listenerNames = configuration.listenerTerms.map(\.name)
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
  }

  /// The subject of a client that connects; one object for those who are alike and come in a row.
  mutating func subject(
    userName: String?, listener: UInt16, listenerName: String
  ) -> SessionSubject {
    if !latestSubject.isSame(userName, listener, listenerName) {
      latestSubject = SessionSubject(
        userName: userName, listener: listener, listenerName: listenerName)
    }
    return latestSubject
  }

  /// The number by which the cache of decisions knows another client.
  mutating func nextClientNumber() -> UInt64 {
    access.clients += 1
    return access.clients
  }
}
