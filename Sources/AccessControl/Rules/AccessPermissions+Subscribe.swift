// Whether a client may ask for the messages of a filter. mosquitto's ACL files have no say in that:
// everything may be asked for, and what may not be read is not delivered. With the extended access
// words a file has a say as soon as one `subscribe` rule speaks to the client: then a filter must lie
// within one of these, and in none that denies.

import Text

extension AccessPermissions {
  func decide(request action: AccessAction, filter: [UInt8]) -> AccessDecision {
    if isUnknown { return AccessDecision(isAllowed: false, ground: .unknownUser) }
    if list.restrictsRequests { return decide(restricted: action, filter: filter) }
    let wish = FilterShape(Self.withoutShare(filter))
    let rules = ordered(action)
    guard rules.contains(where: \.isAllowed) else {
      return AccessDecision(isAllowed: true, ground: .unrestricted)
    }
    for entry in rules where entry.shape.contains(wish) {
      return AccessDecision(isAllowed: entry.isAllowed, ground: entry.ground)
    }
    return AccessDecision(isAllowed: false, ground: .notCovered)
  }

  /// The same where subscribing needs a rule: role by role, first the filter taken as it is, then
  /// filters that cover it.
  private func decide(restricted action: AccessAction, filter: [UInt8]) -> AccessDecision {
    let holdsWildcard = filter.contains { $0 == .plus || $0 == .hash }
    for block in blocks {
      if action == .subscribe, holdsWildcard, !list.blocks[block].allowsWildcards {
        return AccessDecision(isAllowed: false, ground: .wildcard)
      }
      let numbers = list.blocks[block].rules.filter {
        list.rules[$0].actions.contains(AccessActions(action))
      }
      let literal = numbers.first { list.rules[$0].isLiteral && list.rules[$0].filter == filter }
      let found =
        literal
        ?? numbers.first { number in
          let rule = list.rules[number]
          return !rule.isLiteral
            && rule.filter(for: names).map { Self.covers($0, filter) } ?? false
        }
      if let found {
        let isAllowed = list.rules[found].allows.contains(AccessActions(action))
        return AccessDecision(isAllowed: isAllowed, ground: .rule(found))
      }
    }
    let isControl = filter.first == .dollar && ReservedTopic.isControl(filter.span)
    return AccessDecision(
      isAllowed: list.isAllowedByDefault(action) && !isControl, ground: .noRule)
  }

  /// Whether the filter of a rule covers a filter that is asked for, level by level.
  ///
  /// `+` covers all but #, and # covers everything, the level above included. "+/#" is "#" in
  /// another spelling.
  private static func covers(_ pattern: [UInt8], _ filter: [UInt8]) -> Bool {
    if (pattern.first == .dollar) != (filter.first == .dollar) { return false }
    let levels = pattern.split(separator: .slash, omittingEmptySubsequences: false)
    let wished = filter.split(separator: .slash, omittingEmptySubsequences: false)
    if wished == [[.hash]], levels == [[.plus], [.hash]] { return true }
    for (index, level) in levels.enumerated() {
      if level == [.hash] { return true }
      guard index < wished.count else { return false }
      if level == [.plus] ? wished[index] == [.hash] : level != wished[index] { return false }
    }
    return wished.count == levels.count
  }
}
