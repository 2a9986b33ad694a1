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

/// What %c and %u in a filter mean.
package enum RulePlaceholders: Sendable {
  /// Themselves.
  case none
  /// The names, wherever they stand: ACL files.
  case anywhere
  /// The names where they fill a level: dynamic-security files.
  case wholeLevels
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
  package var placeholders: RulePlaceholders
  /// Counted from 1.
  package var line: Int
  /// Where the filter begins in its line, counted in bytes from 1.
  package var column: Int
  /// The rule in the words of its file.
  package var text: String

  /// The actions that the rule has a say in.
  package var actions: AccessActions { allows.union(denies) }

  /// The filter with its placeholders.
  var shape: FilterShape { FilterShape(filter, takesPlaceholders: placeholders != .none) }

  /// Whether the filter holds %c or %u and they mean something.
  package var hasPlaceholder: Bool { holds(.client, "c") || holds(.user, "u") }

  /// Whether the filter holds %u, so that clients without a user name are never matched.
  package var hasUserPlaceholder: Bool { holds(.user, "u") }

  private func holds(_ level: FilterLevel, _ letter: Unicode.Scalar) -> Bool {
    switch placeholders {
    case .none: false
    case .anywhere:
      zip(filter, filter.dropFirst()).contains { $0 == .percent && $1 == UInt8(ascii: letter) }
    case .wholeLevels: shape.levels.contains(level)
    }
  }
}
