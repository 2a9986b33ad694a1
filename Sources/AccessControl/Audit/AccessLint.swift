// What is allowed in a file but hardly meant: rules that never decide, grants of everything,
// patterns that are none, users that cannot log in. Each finding has its place and what to do.

import Basis
import MQTTCodec

/// The reader of a file that asks whether it says what it means.
package struct AccessLint {
  private let list: AccessList
  private let source: AccessFile
  private var findings: [AccessFileError]

  /// Everything that is doubtful in a file, in the order of its lines.
  ///
  /// - Parameter passwords: the users of a password file with its name; nil when there is none.
  package static func findings(
    _ source: AccessFile, passwords: (file: String, users: [(name: String, line: Int)])? = nil
  ) -> [AccessFileError] {
    var lint = AccessLint(source)
    for rule in source.rules { lint.judge(rule) }
    lint.findRedundant()
    lint.findPowerlessDenials()
    lint.findEmptyUsers()
    if let passwords { lint.compare(passwords.file, passwords.users) }
    // Those of the password file stand behind those of the list.
    return lint.findings.enumerated().sorted { left, right in
      let isOther = [left, right].map { $0.element.file != source.name }
      if isOther[0] != isOther[1] { return isOther[1] }
      if left.element.line != right.element.line { return left.element.line < right.element.line }
      if left.element.column != right.element.column {
        return left.element.column < right.element.column
      }
      return left.offset < right.offset
    }.map(\.element)
  }

  /// Everything that is doubtful in a file of either kind.
  package static func findings(
    reading bytes: [UInt8], file: String, allowsExtensions: Bool,
    passwords: (file: String, users: [(name: String, line: Int)])?
  ) throws(AccessFileErrors) -> [AccessFileError] {
    if DynamicSecurity.isLikely(bytes) {
      return findings(try DynamicSecurity(parsing: bytes, name: file))
    }
    let source = try AccessFile(parsing: bytes, name: file, allowsExtensions: allowsExtensions)
    return findings(source, passwords: passwords)
  }

  private init(_ source: AccessFile) {
    self.source = source
    list = AccessList(source)
    findings = source.notices
  }

  private mutating func find(_ rule: AccessRule, _ problem: String, _ fix: String) {
    findings.append(
      AccessFileError(
        file: source.name, line: rule.line, column: rule.column, problem: problem, fix: fix))
  }

  /// What one rule says by itself.
  private mutating func judge(_ rule: AccessRule) {
    let filter = shown(rule.filter)
    let shape = FilterShape(rule.filter)
    if shape.isOpen, shape.levels == [.any], !rule.allows.isEmpty {
      find(
        rule, "\(filter) grants every topic that does not begin with $",
        "name the topics that are needed, or leave it when this is an administrator")
    }
    let holdsPlaceholder = shape.levels.contains(where: \.holdsPlaceholder)
    if rule.scope == .everyone {
      if !holdsPlaceholder {
        find(
          rule, "the pattern \(filter) holds neither %c nor %u, so it is for every client alike",
          "put %c or %u in, or write a topic rule for each user who needs it")
      } else if rule.shape.levels.contains(
        where: \.holdsPlaceholder)
      {
        find(
          rule,
          "a placeholder of \(filter) does not fill its level: mosquitto before 2.1 puts the "
            + "name in, later ones do not", "give the placeholder a level of its own")
      }
    } else if holdsPlaceholder {
      find(
        rule, "%c and %u are ordinary characters in a topic rule, and \(filter) holds one",
        "write pattern instead of topic")
    }
    if case .literal(let first)? = shape.levels.first, rule.allows.contains(.publish),
      AccessPermissions.isClosed(shape, first)
    {
      find(
        rule, "nobody can be allowed to publish to \(filter): these topics are the broker's own",
        "write read instead, or remove the rule")
    }
  }

  /// Rules that never decide anything, because others match whatever they match.
  private mutating func findRedundant() {
    for block in list.blocks {
      for action in AccessAction.allCases {
        findRedundant(block, AccessActions(action))
      }
    }
  }

  private mutating func findRedundant(_ block: RuleBlock, _ action: AccessActions) {
    let numbers = block.rules.filter { list.rules[$0].actions.contains(action) }
    var index = ShapeIndex()
    var shapes: [Int: FilterShape] = [:]
    for number in numbers {
      let rule = list.rules[number]
      let shape = rule.shape
      shapes[number] = shape
      index.add(shape, number: number)
    }
    for number in numbers {
      let rule = list.rules[number]
      guard let shape = shapes[number], action == firstAction(of: rule) else { continue }
      let others = index.containing(shape).filter { other in
        guard other != number, let wide = shapes[other] else { return false }
        // Of two alike the later line is the one too many.
        return wide != shape || other < number || !list.rules[other].denies.isEmpty
      }.sorted()
      let covering = others.first { covers(list.rules[$0], rule) }
      guard let covering else { continue }
      let line = list.rules[covering].line
      if rule.allows.isEmpty == list.rules[covering].allows.isEmpty {
        find(
          rule,
          "\"\(rule.text)\" adds nothing: line \(line) has \(shown(list.rules[covering].filter)) already",
          "remove one of the two")
      } else {
        find(
          rule,
          "\"\(rule.text)\" is never reached: line \(line) denies all of it first, because "
            + "denials are asked before grants",
          "narrow the denial of line \(line), or remove this rule")
      }
    }
  }

  private func firstAction(of rule: AccessRule) -> AccessActions? {
    AccessAction.allCases.map { AccessActions($0) }.first { rule.actions.contains($0) }
  }

  /// Whether `wide`, whose filter contains that of `narrow`, leaves it nothing to decide.
  private func covers(_ wide: AccessRule, _ narrow: AccessRule) -> Bool {
    if narrow.allows.isEmpty { return wide.denies.isSuperset(of: narrow.denies) }
    return wide.actions.isSuperset(of: narrow.allows)
      && (wide.denies.isEmpty || wide.denies.isSuperset(of: narrow.allows))
  }

  /// Denials for everyone that a user's own grant comes before.
  private mutating func findPowerlessDenials() {
    let denials = source.rules.filter { $0.scope == .everyone && $0.allows.isEmpty }
    for denial in denials where !denial.hasPlaceholder {
      let shape = FilterShape(denial.filter)
      let grant = source.rules.first { rule in
        rule.scope != .everyone && !rule.allows.intersection(denial.denies).isEmpty
          && FilterShape(rule.filter).intersection(shape) != nil
      }
      guard let grant else { continue }
      let who =
        switch grant.scope {
        case .user(let name): "the user \(shown(name))"
        case .anonymous, .everyone, .role: "clients without a user name"
        }
      find(
        denial,
        "\"\(denial.text)\" does not bind \(who): line \(grant.line) is asked before any "
          + "pattern", "repeat the denial as a topic rule of that user")
    }
  }

  /// Users with a line and no rule.
  private mutating func findEmptyUsers() {
    let withRules = Set(source.rules.map(\.scope))
    for user in source.users where !withRules.contains(.user(user.name)) {
      findings.append(
        AccessFileError(
          file: source.name, line: user.line, column: user.column,
          problem: "the user \(shown(user.name)) has no rule of its own",
          fix: "add topic rules below it, or remove the line: patterns hold without it"))
    }
  }

  private mutating func compare(_ file: String, _ users: [(name: String, line: Int)]) {
    let known = Set(users.map(\.name.exact))
    for user in source.users where !known.contains(String(decoding: user.name, as: UTF8.self).exact)
    {
      findings.append(
        AccessFileError(
          file: source.name, line: user.line, column: user.column,
          problem: "the user \(shown(user.name)) has no entry in \(file)",
          fix: "add one, or remove the user: nobody can log in with that name"))
    }
    let named = Set(source.users.map { String(decoding: $0.name, as: UTF8.self).exact })
    let hasPatterns = source.rules.contains { $0.scope == .everyone }
    for user in users where !named.contains(user.name.exact) {
      findings.append(
        AccessFileError(
          file: file, line: user.line, column: 1,
          problem: "the user \(shown(Array(user.name.utf8))) has no user line in \(source.name)",
          fix: hasPatterns
            ? "add one if patterns are not all it may do" : "add one: without it all is denied"))
    }
  }
}

extension AccessPermissions {
  /// Whether no rule can allow publishing to topics of `shape`, whose first level is `first`.
  static func isClosed(_ shape: FilterShape, _ first: [UInt8]) -> Bool {
    first.first == .dollar && ReservedTopic.open(shape, to: .publish).isEmpty
  }
}
