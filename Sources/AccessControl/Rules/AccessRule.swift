// One rule, whether a line of an ACL file or an element of a dynamic-security file made it.

/// To whom a rule speaks.
package enum RuleScope: Hashable, Sendable {
  /// Clients without a user name.
  case anonymous
  /// The clients of this user.
  case user([UInt8])
  /// All clients: `pattern` lines.
  case everyone
  /// The clients that have this role of a dynamic-security file.
  case role([UInt8])
}

/// A filter and what it means for each action.
package struct AccessRule: Equatable, Sendable {
  package var scope: RuleScope
  /// As written, placeholders included.
  package var filter: [UInt8]
  /// What a match of the filter allows.
  package var allows: AccessActions
  /// What a match of the filter denies.
  package var denies: AccessActions
  /// Whether the filter is taken byte for byte, wildcards included: `subscribeLiteral`.
  package var isLiteral = false
  /// Whether %c and %u stand for the client's identifier and user name.
  package var takesPlaceholders: Bool
  /// Counted from 1.
  package var line: Int
  /// Where the filter begins in its line, counted in bytes from 1.
  package var column: Int
  /// The rule in the words of its file.
  package var text: String

  /// The actions that the rule has a say in.
  package var actions: AccessActions { allows.union(denies) }

  /// Whether the filter holds %c or %u and they mean something.
  package var hasPlaceholder: Bool {
    takesPlaceholders && (holds(UInt8(ascii: "c")) || holds(UInt8(ascii: "u")))
  }

  /// Whether the filter holds %u, so that clients without a user name are never matched.
  package var hasUserPlaceholder: Bool { takesPlaceholders && holds(UInt8(ascii: "u")) }

  private func holds(_ letter: UInt8) -> Bool {
    zip(filter, filter.dropFirst()).contains { $0 == UInt8(ascii: "%") && $1 == letter }
  }
}
