// The answer to a question of access, and what it rests on.

/// What a decision rests on.
package enum DecisionGround: Equatable, Sendable {
  /// The rule of this number in the list's `rules`.
  case rule(Int)
  /// No rule matched, so that the default holds.
  case noRule
  /// The user name or the client identifier holds + or #, and there are rules for everyone: no
  /// placeholder may become a wildcard.
  case unsafeName
  /// `$SYS` is the broker's to write, and `$share` is nobody's topic.
  case reservedTopic
  /// The file does not know the user, or has disabled it.
  case unknownUser
  /// The file has no say in this action, which is always granted.
  case unrestricted
  /// Nothing that the filter asks for can be delivered.
  case neverDelivered
  /// There are rules about subscribing, and none covers the whole filter.
  case notCovered
  /// A role of the client does not allow filters with wildcards.
  case wildcard
}

/// The answer to a question of access.
package struct AccessDecision: Equatable, Sendable {
  package var isAllowed: Bool
  package var ground: DecisionGround

  /// Joins the parts.
  package init(isAllowed: Bool, ground: DecisionGround) {
    self.isAllowed = isAllowed
    self.ground = ground
  }
}

/// Where a rule stands.
package struct RuleLocation: Hashable, Sendable, CustomStringConvertible {
  package var file: String
  package var line: Int

  package init(file: String, line: Int) {
    self.file = file
    self.line = line
  }

  /// `acl.conf:12`.
  package var description: String { "\(file):\(line)" }
}
