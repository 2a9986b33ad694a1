// What is doubtful in a dynamic-security file.

import MQTTCodec

extension AccessLint {
  /// Everything that is doubtful, in the order of the lines.
  static func findings(_ source: DynamicSecurity) -> [AccessFileError] {
    var findings: [AccessFileError] = []
    func find(_ line: Int, _ column: Int, _ problem: String, _ fix: String) {
      findings.append(
        AccessFileError(file: source.name, line: line, column: column, problem: problem, fix: fix))
    }
    for role in source.roles {
      let isUsed = (source.clients.flatMap(\.roles) + source.groups.flatMap(\.roles))
        .contains { $0.name == role.name }
      if !isUsed {
        find(
          role.line, 1, "nobody has the role \(shown(role.name))",
          "give it to somebody or remove it")
      }
      findUnreached(role, source, find)
    }
    for client in source.clients {
      if client.roles.isEmpty, client.groups.isEmpty {
        find(
          client.line, 1, "the client \(shown(client.userName)) has neither role nor group",
          "give it one: it has nothing but the default access")
      }
      if client.password == nil, !client.isDisabled {
        find(
          client.line, 1, "the client \(shown(client.userName)) has no password",
          "set one: it cannot log in")
      }
    }
    for rule in source.rules where rule.filter == [.hash] && !rule.allows.isEmpty {
      find(
        rule.line, rule.column, "\"\(rule.text)\" grants every topic that does not begin with $",
        "name the topics that are needed, or leave it when this is an administrator")
    }
    return findings.enumerated().sorted {
      ($0.element.line, $0.offset) < ($1.element.line, $1.offset)
    }.map(\.element)
  }

  /// Rules of which others of their role take everything.
  private static func findUnreached(
    _ role: DynamicSecurity.Role, _ source: DynamicSecurity,
    _ find: (Int, Int, String, String) -> Void
  ) {
    for (place, number) in role.rules.enumerated() {
      let rule = source.rules[number]
      if rule.isLiteral, rule.actions == .subscribe, holdsWildcard(rule), !role.allowsWildcards {
        find(
          rule.line, rule.column,
          "\"\(rule.text)\" is never reached: the role allows no filters with wildcards",
          "set allowwildcardsubs of the role, or remove the rule")
        continue
      }
      let others = role.rules.enumerated().filter { $0.offset != place }
      let stronger = others.first { other in
        let (other, isEarlier) = (source.rules[other.element], other.offset < place)
        return other.actions == rule.actions && takesAll(other, of: rule, isEarlier: isEarlier)
      }
      guard let stronger = stronger.map({ source.rules[$0.element] }) else { continue }
      if stronger.isLiteral, !rule.isLiteral {
        find(
          rule.line, rule.column,
          "\"\(rule.text)\" is never reached: line \(stronger.line) is about the same filter and is "
            + "asked first, as all rules are that take filters as they are", "remove one of the two"
        )
      } else {
        find(
          rule.line, rule.column,
          "\"\(rule.text)\" is never reached: line \(stronger.line) has the higher "
            + "priority and matches all of it", "raise its priority or remove it")
      }
    }
  }

  /// Whether `other`, before `rule` in their role or behind it, leaves it nothing to decide: rules
  /// that take filters as they are come first wherever they stand.
  private static func takesAll(
    _ other: AccessRule, of rule: AccessRule, isEarlier: Bool
  ) -> Bool {
    if other.isLiteral {
      let isOneFilter = rule.isLiteral || !holdsWildcard(rule) && !rule.hasPlaceholder
      return isOneFilter && other.filter == rule.filter && (isEarlier || !rule.isLiteral)
    }
    return !rule.isLiteral && isEarlier && other.shape.contains(rule.shape)
  }

  private static func holdsWildcard(_ rule: AccessRule) -> Bool {
    rule.filter.contains(.plus) || rule.filter.contains(.hash)
  }
}
