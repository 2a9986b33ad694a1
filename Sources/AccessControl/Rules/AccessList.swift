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
  /// Ranks of all rules with a placeholder that may stand anywhere.
  var placeholders: [Int] = []
  /// Whether the clients of this role may subscribe to filters with wildcards.
  var allowsWildcards = true
}

extension AccessList: Equatable {
  /// Lists are the same when one reading of a file has made them.
  package static func == (left: AccessList, right: AccessList) -> Bool { left === right }
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
  /// Of users that are not named; nil when they may do nothing.
  let blocksOfOthers: [Int]?
  /// The block of `pattern` lines, which clients with a wildcard in a name may not use.
  let everyone: Int?
  /// What is allowed where no rule matches.
  let allowedByDefault: AccessActions
  /// Whether subscribing needs a rule, as in dynamic-security files.
  let restrictsRequests: Bool

  init(
    file: String, rules: [AccessRule], users: [[UInt8]], blocks: [RuleBlock],
    blocksOfUser: [[UInt8]: [Int]], blocksOfAnonymous: [Int], blocksOfOthers: [Int]?,
    everyone: Int?, allowedByDefault: AccessActions, restrictsRequests: Bool
  ) {
    self.file = file
    self.rules = rules
    self.users = users
    self.blocks = blocks
    self.blocksOfUser = blocksOfUser
    self.blocksOfAnonymous = blocksOfAnonymous
    self.blocksOfOthers = blocksOfOthers
    self.everyone = everyone
    self.allowedByDefault = allowedByDefault
    self.restrictsRequests = restrictsRequests
  }

  /// Decides once; a broker keeps the ``AccessPermissions`` of each client instead.
  package func decide(
    _ action: AccessAction, topic: Span<UInt8>, subject: AccessSubject
  ) -> AccessDecision {
    AccessPermissions(self, subject).decide(action, topic: topic)
  }

  /// What holds for `action` where no rule matches.
  func isAllowedByDefault(_ action: AccessAction) -> Bool {
    allowedByDefault.contains(AccessActions(action))
  }

  /// Where the rule stands that decided; nil when none did.
  package func location(of decision: AccessDecision) -> RuleLocation? {
    guard case .rule(let number) = decision.ground else { return nil }
    return RuleLocation(file: file, line: rules[number].line)
  }

  /// What a decision rests on, in words: the rule as it is written, or why there is none.
  package func reason(for decision: AccessDecision) -> String {
    switch decision.ground {
    case .rule(let number): rules[number].text
    case .noRule: decision.isAllowed ? "no rule matches; the default allows it" : "no rule matches"
    case .unsafeName: "a client with + or # in a name may not use patterns"
    case .reservedTopic: "no rule can give this topic away"
    case .unknownUser: "the file has no such user, or has it disabled"
    case .unrestricted: "subscribing is open to all"
    case .neverDelivered: "nothing of it may be received"
    case .notCovered: "no subscribe rule covers all of it"
    case .wildcard: "a role of the client allows no filters with wildcards"
    }
  }
}

/// Makes blocks out of rules.
struct BlockBuilder {
  let rules: [AccessRule]
  private(set) var blocks: [RuleBlock] = []

  init(_ rules: [AccessRule]) { self.rules = rules }

  mutating func addBlock(allowsWildcards: Bool = true) -> Int {
    blocks.append(RuleBlock(allowsWildcards: allowsWildcards))
    return blocks.count - 1
  }

  /// Adds a rule behind those that the block has.
  mutating func add(_ number: Int, to block: Int) {
    let rule = rules[number]
    let rank = blocks[block].rules.count
    blocks[block].rules.append(number)
    if rule.isLiteral { return }
    let shape = rule.shape
    let mayBePartial = rule.placeholders == .anywhere
    if mayBePartial, rule.hasPlaceholder { blocks[block].placeholders.append(rank) }
    if mayBePartial, shape.levels.contains(where: \.holdsPlaceholder) {
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
