// What the lists say to a client, and what they said before: a decision is made once for each client,
// action and topic, until the lists are read again.

import AccessControl
import Basis

extension Gate {
  /// What the lists say.
  enum Verdict {
    case allowed
    /// With what decided it, where that has not been said yet.
    case denied((permissions: AccessPermissions, decision: AccessDecision)?)
  }

  /// Gives a client the rights of the present reading of the lists.
  @inline(__always) func refresh(_ client: ClientAccess) {
    if client.generation != access.generation { readRights(of: client) }
  }

  private func readRights(of client: ClientAccess) {
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

  /// Decides about a topic, for a restricted client that is up to date, and remembers it.
  mutating func decide(
    _ action: AccessAction, _ client: ClientAccess, _ topic: Span<UInt8>, _ topicHash: UInt64
  ) -> Verdict {
    let question = question(action, client)
    let known = access.decisions.find(question, topic: topic, topicHash: topicHash)
    if let known { return known ? .allowed : .denied(nil) }
    guard let (permissions, decision) = client.decide(action, topic) else { return .allowed }
    access.decisions.keep(
      question, topic: topic, topicHash: topicHash, isAllowed: decision.isAllowed)
    return decision.isAllowed ? .allowed : .denied((permissions, decision))
  }

  /// Whether a client may be sent messages of a topic; nothing is remembered or said.
  func mayHave(_ client: ClientAccess, _ topic: Span<UInt8>, _ topicHash: UInt64) -> Bool {
    refresh(client)
    guard client.isRestricted else { return true }
    let known = access.decisions.find(
      question(.deliver, client), topic: topic, topicHash: topicHash)
    if let known { return known }
    return client.decide(.deliver, topic)?.decision.isAllowed ?? true
  }

  // MARK: Invariants

  /// Traps when something that this part promises does not hold.
  package func checkInvariants() {
    precondition(listenerCounts.reduce(0, +) == placeCount, "places are miscounted by listener")
    precondition(listenerCounts.allSatisfy { $0 >= 0 }, "a listener with less than no places")
    precondition(
      logins.unidentifiedCount >= 0 && logins.unidentifiedCount <= placeCount,
      "more clients without a name than there are clients")
    precondition(logins.waitingCount >= 0, "logins are miscounted")
    precondition(
      logins.perAddress.values.allSatisfy { $0.count > 0 }, "an address without connections")
  }
}
