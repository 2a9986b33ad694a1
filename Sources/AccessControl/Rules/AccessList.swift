// All rules of a file, compiled. A list never changes: a file that is read again makes a new one.
//
//   AccessFile, DynamicSecurity -> AccessList -> AccessPermissions (one client) -> AccessDecision
//
// Rules stand in blocks, and each client has its blocks in the order in which they are asked; the
// first rule of the first block that matches and has a say decides. In an ACL file these are the
// client's own block and the one for everyone, and in each the rules that deny come first, wherever
// they stand; so a user's own rule, allowing or denying, is stronger than any `pattern`.

import MQTTCodec

/// Rules in the order in which they are asked, and compiled.
struct RuleBlock: Sendable {
  /// Rank to number in `AccessList.rules`.
  var rules: [Int] = []
  var tree = RuleTree()
  /// Ranks of rules with a placeholder that does not fill its level.
  var partial: [Int] = []
  /// Ranks of all rules with a placeholder.
  var placeholders: [Int] = []
}

/// What the rules of one file are, for decisions.
package final class AccessList: Sendable {
  /// The file's name, as locations give it.
  package let file: String
  /// In the order of the file.
  package let rules: [AccessRule]
  /// The users that the file names, in its order.
  package let users: [[UInt8]]
  let blocks: [RuleBlock]
  let blocksOfUser: [[UInt8]: [Int]]
  let blocksOfAnonymous: [Int]
  let blocksOfOthers: [Int]
  /// The block of `pattern` lines, which clients with a wildcard in a name may not use.
  let everyone: Int?

  /// Compiles the rules of an ACL file.
  package init(_ source: AccessFile) {
    file = source.name
    rules = source.rules
    users = source.users.map(\.name)
    var builder = BlockBuilder(source.rules)
    // Denying rules are asked first, in both kinds of lists.
    let order =
      source.rules.indices.filter { !source.rules[$0].denies.isEmpty }
      + source.rules.indices.filter { source.rules[$0].denies.isEmpty }
    var blockOf: [RuleScope: Int] = [:]
    for number in order {
      let scope = source.rules[number].scope
      let block = blockOf[scope] ?? builder.addBlock()
      blockOf[scope] = block
      builder.add(number, to: block)
    }
    let everyone = blockOf[.everyone]
    let shared = everyone.map { [$0] } ?? []
    self.everyone = everyone
    blocksOfOthers = shared
    blocksOfAnonymous = (blockOf[.anonymous].map { [$0] } ?? []) + shared
    var own: [[UInt8]: [Int]] = [:]
    for user in source.users {
      own[user.name] = (blockOf[.user(user.name)].map { [$0] } ?? []) + shared
    }
    blocksOfUser = own
    blocks = builder.blocks
  }

  /// Reads and compiles an ACL file; see ``AccessFile/init(parsing:name:allowsExtensions:)``.
  package convenience init(
    parsing bytes: [UInt8], file: String, allowsExtensions: Bool = false
  ) throws(AccessFileErrors) {
    self.init(try AccessFile(parsing: bytes, name: file, allowsExtensions: allowsExtensions))
  }

  /// Decides once; a broker keeps the ``AccessPermissions`` of each client instead.
  package func decide(
    _ action: AccessAction, topic: Span<UInt8>, subject: AccessSubject
  ) -> AccessDecision {
    AccessPermissions(self, subject).decide(action, topic: topic)
  }

  /// What holds for `action` where no rule matches.
  func isAllowedByDefault(_ action: AccessAction) -> Bool {
    action == .subscribe || action == .unsubscribe
  }

  /// Where the rule stands that decided; nil when none did.
  package func location(of decision: AccessDecision) -> RuleLocation? {
    guard case .rule(let number) = decision.ground else { return nil }
    return RuleLocation(file: file, line: rules[number].line)
  }
}

/// Makes blocks out of rules.
struct BlockBuilder {
  let rules: [AccessRule]
  private(set) var blocks: [RuleBlock] = []

  init(_ rules: [AccessRule]) { self.rules = rules }

  mutating func addBlock() -> Int {
    blocks.append(RuleBlock())
    return blocks.count - 1
  }

  /// Adds a rule behind those that the block has.
  mutating func add(_ number: Int, to block: Int) {
    let rule = rules[number]
    let rank = blocks[block].rules.count
    blocks[block].rules.append(number)
    if rule.isLiteral { return }
    let shape = FilterShape(rule.filter, takesPlaceholders: rule.takesPlaceholders)
    if rule.hasPlaceholder { blocks[block].placeholders.append(rank) }
    if rule.takesPlaceholders, shape.levels.contains(where: \.holdsPlaceholder) {
      blocks[block].partial.append(rank)
    } else {
      blocks[block].tree.add(shape, rank: rank, actions: rule.actions)
    }
  }
}

extension FilterLevel {
  /// Whether it is a literal that holds %c or %u.
  var holdsPlaceholder: Bool {
    guard case .literal(let bytes) = self else { return false }
    return zip(bytes, bytes.dropFirst()).contains {
      $0 == .percent && ($1 == UInt8(ascii: "c") || $1 == UInt8(ascii: "u"))
    }
  }
}
