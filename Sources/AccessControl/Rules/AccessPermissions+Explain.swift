// Why a decision is what it is: a remark for each rule of the file, in the order of the file. It
// asks every rule by itself, without the tree, so that the two can be held against each other.

import MQTTCodec

/// What one rule had to do with a decision.
package struct RuleRemark: Equatable, Sendable {
  /// The number of the rule in the list's `rules`.
  package var rule: Int
  /// Whether the rule speaks to the client and about the action, and its filter matches.
  package var isMatch: Bool
  /// Why the rule did not decide, or that it did, without a full stop.
  package var text: String
}

extension AccessPermissions {
  /// A remark for each rule on the question that ``decide(_:topic:)-(AccessAction,Span<UInt8>)``
  /// answers.
  package func explain(_ action: AccessAction, topic: String) -> [RuleRemark] {
    let bytes = Array(topic.utf8)
    let decision = decide(action, topic: bytes.span)
    let numbers = Set(blocks.flatMap { list.blocks[$0].rules })
    return list.rules.indices.map { number in
      let rule = list.rules[number]
      if decision.ground == .rule(number) {
        return RuleRemark(
          rule: number, isMatch: true, text: decision.isAllowed ? "allows it" : "denies it")
      }
      if let reason = mismatch(rule, isOwn: numbers.contains(number), action, bytes) {
        return RuleRemark(rule: number, isMatch: false, text: reason)
      }
      return RuleRemark(rule: number, isMatch: true, text: overruled(by: decision))
    }
  }

  /// Why a rule that matches does not decide.
  private func overruled(by decision: AccessDecision) -> String {
    switch decision.ground {
    case .rule(let number):
      "matches too, but line \(list.rules[number].line) is asked before it"
    case .reservedTopic: "matches, but no rule can give this topic away"
    case .unsafeName: "matches, but a client with + or # in a name may not use patterns"
    case .noRule, .unknownUser, .unrestricted, .neverDelivered, .notCovered, .wildcard:
      "matches, but is not asked"
    }
  }

  /// Why the rule has nothing to say to the question; nil when it has.
  private func mismatch(
    _ rule: AccessRule, isOwn: Bool, _ action: AccessAction, _ topic: [UInt8]
  ) -> String? {
    if !isOwn { return rule.scope.exclusion }
    if !rule.actions.contains(AccessActions(action)) {
      return "says nothing about \(action.gerund)"
    }
    guard let filter = rule.filter(for: names) else {
      return names.user == nil && rule.hasUserPlaceholder
        ? "needs a user name for %u" : "needs names without / + and # for %c and %u"
    }
    if rule.isLiteral { return "is about filters taken as they are" }
    let difference = Self.difference(filter, topic)
    if difference == nil || filter == rule.filter { return difference }
    return difference.map { "\($0), as \(shown(filter))" }
  }

  /// Where the topic leaves the filter; nil when the filter matches it.
  private static func difference(_ filter: [UInt8], _ topic: [UInt8]) -> String? {
    if Topic.matches(filter: filter.span, name: topic.span) { return nil }
    let levels = filter.split(separator: .slash, omittingEmptySubsequences: false)
    let names = topic.split(separator: .slash, omittingEmptySubsequences: false)
    if topic.first == .dollar, levels.first.map({ $0 == [.plus] || $0 == [.hash] }) ?? false {
      return "does not match: a wildcard at the front leaves topics out that begin with $"
    }
    for (index, level) in levels.enumerated() where level != [.hash] {
      if index == names.count { return "does not match: the topic ends before level \(index + 1)" }
      if level != [.plus], level != names[index] {
        return "does not match: level \(index + 1) is \(shown(names[index])), not \(shown(level))"
      }
    }
    return "does not match: the topic goes on after level \(levels.count)"
  }
}

extension RuleScope {
  /// Why a rule of this scope is not asked for a client that it does not speak to.
  fileprivate var exclusion: String {
    switch self {
    case .anonymous: "is for clients without a user name"
    case .user(let name): "is for the user \(shown(name))"
    case .everyone: "is not asked"
    case .role(let name): "is in the role \(shown(name)), which the client does not have"
    }
  }
}

extension AccessAction {
  /// As in "says nothing about publishing".
  package var gerund: String {
    switch self {
    case .publish: "publishing"
    case .deliver: "receiving"
    case .subscribe: "subscribing"
    case .unsubscribe: "unsubscribing"
    }
  }
}
