// One client as the access lists see it: its names, and what its listener's list says to them. The
// session has one while there are lists, and so have the messages that it had retained, because
// they may be asked about long after it has gone.
//
// Of a client that came before the last start it may not be known which listener it came through.
// Then nothing may leak and nothing may be lost: it may publish what every list lets it publish, and
// what any list lets it have is kept for it, because it is asked again when it is there to take it.

import AccessControl

/// Who asks, and by which rules.
final class ClientAccess {
  let subject: AccessSubject
  /// The listener whose list counts.
  let listener: UInt16
  /// What that is called; empty when it has no name.
  let listenerName: String
  /// Tells it from all others in the cache of decisions.
  let number: UInt64
  /// The reading of the lists that `permissions` are made from; zero before the first.
  private(set) var generation: UInt32 = 0
  /// What each list says that may count; one where the listener is known and has one.
  private(set) var permissions: [AccessPermissions] = []
  /// Whether there may be no list that counts.
  private(set) var hasOpenListener = true
  /// Whether there is a list.
  private(set) var isRestricted = false

  /// Whether a subscription is refused of which nothing could ever be delivered.
  private(set) var checksSubscriptions = false

  init(_ subject: AccessSubject, listener: UInt16, listenerName: String, number: UInt64) {
    self.subject = subject
    self.listener = listener
    self.listenerName = listenerName
    self.number = number
  }

  /// Takes the rules of another reading.
  func refresh(
    _ lists: [AccessList], hasOpenListener: Bool, checksSubscriptions: Bool, _ generation: UInt32
  ) {
    self.checksSubscriptions = checksSubscriptions
    self.hasOpenListener = hasOpenListener
    self.generation = generation
    permissions = lists.map { AccessPermissions($0, subject) }
    isRestricted = !lists.isEmpty
  }

  /// The decision about a topic, and the list that made it; nil when none has to be asked.
  func decide(_ action: AccessAction, _ topic: Span<UInt8>) -> (
    permissions: AccessPermissions, decision: AccessDecision
  )? {
    // Who asks for one list is content with its answer; of several, the first one counts that ends
    // the question.
    let ends = action != .publish
    if ends && hasOpenListener { return nil }
    var last: (permissions: AccessPermissions, decision: AccessDecision)?
    for candidate in permissions {
      let decision = candidate.decide(action, topic: topic)
      last = (candidate, decision)
      if decision.isAllowed == ends { break }
    }
    return last
  }
}
