// One client as the access lists see it: its names, and what its listener's list says to them. The
// session has one while there are lists, and so have the messages that it had retained, because
// they may be asked about long after it has gone.

import AccessControl

/// Who asks, and by which rules.
final class ClientAccess {
  let subject: AccessSubject
  /// The listener whose list counts.
  let listener: UInt16
  /// Tells it from all others in the cache of decisions.
  let number: UInt64
  /// The reading of the lists that `permissions` are made from; zero before the first.
  private(set) var generation: UInt32 = 0
  /// Nil when there is no list.
  private(set) var permissions: AccessPermissions?
  /// Whether there is a list.
  private(set) var isRestricted = false

  /// Whether a subscription is refused of which nothing could ever be delivered.
  private(set) var checksSubscriptions = false

  init(_ subject: AccessSubject, listener: UInt16, number: UInt64) {
    self.subject = subject
    self.listener = listener
    self.number = number
  }

  /// Takes the rules of another reading.
  func refresh(_ list: AccessList?, checksSubscriptions: Bool, _ generation: UInt32) {
    self.checksSubscriptions = checksSubscriptions
    self.generation = generation
    permissions = list.map { AccessPermissions($0, subject) }
    isRestricted = list != nil
  }
}
