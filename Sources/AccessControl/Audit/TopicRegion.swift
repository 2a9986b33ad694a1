// What a client may do, as sets of topics. The rules that it meets, in the order in which they are
// asked, part all topics into regions: where a rule decides, and what is left to the default. Each
// region is one filter without others, and about such a set every question can be answered exactly
// and with an example; see FilterShape+Algebra.swift.

/// The topics of one filter that none of some others matches.
package struct TopicRegion: Equatable, Sendable {
  package var shape: FilterShape
  package var outside: [FilterShape]
  /// The number of the rule in the list's `rules`; nil for what no rule decides.
  package var rule: Int?
  /// Nil in a region of topics; else the region is one of filters that may be asked for.
  package var requests: RequestKind?

  /// A topic of the region, or a filter; nil when it is empty.
  package var example: String? {
    guard let requests else { return shape.example(outside: outside) }
    return requests.example(shape, outside: outside)
  }

  /// The topics that are in both.
  package func intersection(_ other: TopicRegion) -> TopicRegion? {
    guard let shape = shape.intersection(other.shape) else { return nil }
    let outside = (outside + other.outside).filter { shape.intersection($0) != nil }
    return TopicRegion(shape: shape, outside: outside, rule: rule, requests: requests)
  }

  /// A filter of the region as it is written.
  package func text(_ shape: FilterShape) -> String { requests?.text(shape) ?? shape.text }

  /// `home/#, except home/safe/#`, the exceptions that lie in others left out.
  package var text: String {
    let relevant = outside.compactMap { shape.intersection($0) }
    var kept: [FilterShape] = []
    for (index, shape) in relevant.enumerated() {
      let isCovered = relevant.enumerated().contains { other, candidate in
        other != index && candidate.contains(shape) && (!shape.contains(candidate) || other < index)
      }
      if !isCovered { kept.append(shape) }
    }
    if kept.isEmpty { return text(shape) }
    return text(shape) + ", except " + kept.map(text).joined(separator: " and ")
  }
}

extension AccessPermissions {
  /// The regions in which a message may be published or delivered, or in which it may not.
  ///
  /// Those of the default come last. What may be asked for is in ``requestRegions(_:_:allowed:)``.
  package func regions(_ action: AccessAction, allowed: Bool) -> [TopicRegion] {
    regions(messageRules(action), nil, allowed: allowed)
  }

  /// The regions of messages, or of filters of one kind.
  func regions(
    _ action: AccessAction, _ kind: RequestKind?, allowed: Bool
  ) -> [TopicRegion] {
    kind.map { requestRegions(action, $0, allowed: allowed) } ?? regions(action, allowed: allowed)
  }

  /// The regions of the rules that allow, or deny, in the order in which they are asked.
  func regions(
    _ rules: [OrderedRule], _ requests: RequestKind?, allowed: Bool
  ) -> [TopicRegion] {
    var result: [TopicRegion] = []
    for (index, entry) in rules.enumerated() where entry.isAllowed == allowed {
      let outside = rules[..<index].filter {
        $0.isAllowed != allowed && entry.shape.intersection($0.shape) != nil
      }
      let region = TopicRegion(
        shape: entry.shape, outside: outside.map(\.shape), rule: entry.rule, requests: requests)
      // A filter without wildcards in its own levels holds no request with +.
      let isClear = outside.isEmpty && requests != .singleLevelWildcards
      if isClear || region.example != nil { result.append(region) }
    }
    return result
  }

  /// The rules about messages and what holds where none of them matches: together about every topic.
  private func messageRules(_ action: AccessAction) -> [OrderedRule] {
    if isUnknown { return OrderedRule.everything(isAllowed: false) }
    return ordered(action) + ReservedTopic.defaults(action, list)
  }

  /// A rule as the client meets it.
  struct OrderedRule {
    /// Nil for what no rule decides.
    var rule: Int?
    var shape: FilterShape
    var isAllowed: Bool

    var ground: DecisionGround { rule.map { .rule($0) } ?? .noRule }

    /// Two that speak about all topics: no wildcard matches those that begin with $.
    static func everything(isAllowed: Bool) -> [OrderedRule] {
      [FilterShape.ordinary, .withDollar].map {
        OrderedRule(rule: nil, shape: $0, isAllowed: isAllowed)
      }
    }
  }

  /// The rules that have a say in `action`, in the order in which they are asked.
  func ordered(_ action: AccessAction) -> [OrderedRule] {
    var result: [OrderedRule] = []
    for block in blocks {
      if block == list.everyone, holdsWildcard { break }
      for number in list.blocks[block].rules {
        let rule = list.rules[number]
        guard rule.actions.contains(AccessActions(action)), !rule.isLiteral,
          let filter = rule.filter(for: names)
        else { continue }
        let isAllowed = rule.allows.contains(AccessActions(action))
        for shape in ReservedTopic.open(FilterShape(filter), to: action) {
          result.append(OrderedRule(rule: number, shape: shape, isAllowed: isAllowed))
        }
      }
    }
    return result
  }
}

/// How much of a filter can be delivered to a client.
package struct Deliverability: Equatable, Sendable {
  package enum Extent: String, Sendable {
    case fully
    case partly
    case never
  }

  package var extent: Extent
  /// What is delivered, each as `filter, except others`, with the rule that allows it.
  package var parts: [TopicRegion]
  /// A topic of the filter that is not delivered.
  package var undelivered: String?
}

extension AccessPermissions {
  /// Whether anything that `filter` asks for could ever be delivered.
  package func mayEverReceive(filter: String) -> AccessDecision {
    if isUnknown { return AccessDecision(isAllowed: false, ground: .unknownUser) }
    let wish = FilterShape(Self.withoutShare(Array(filter.utf8)))
    let rules = messageRules(.deliver)
    for (index, entry) in rules.enumerated() where entry.isAllowed {
      guard let part = entry.shape.intersection(wish) else { continue }
      if part.example(outside: rules[..<index].filter { !$0.isAllowed }.map(\.shape)) != nil {
        return AccessDecision(isAllowed: true, ground: entry.ground)
      }
    }
    return AccessDecision(isAllowed: false, ground: .neverDelivered)
  }

  /// How much of what `filter` asks for can be delivered.
  package func deliverability(of filter: [UInt8]) -> Deliverability {
    let wish = TopicRegion(
      shape: FilterShape(AccessPermissions.withoutShare(filter)), outside: [], rule: nil)
    var parts: [TopicRegion] = []
    for region in regions(.deliver, allowed: true) {
      guard var part = region.intersection(wish), part.example != nil else { continue }
      part.rule = region.rule
      let isKnown = parts.contains { $0.outside == part.outside && $0.shape.contains(part.shape) }
      if !isKnown { parts.append(part) }
    }
    if parts.isEmpty { return Deliverability(extent: .never, parts: [], undelivered: nil) }
    for region in regions(.deliver, allowed: false) {
      guard let hole = region.intersection(wish)?.example else { continue }
      return Deliverability(extent: .partly, parts: parts, undelivered: hole)
    }
    return Deliverability(extent: .fully, parts: parts, undelivered: nil)
  }

  /// `filter` without `$share/group/`.
  static func withoutShare(_ filter: [UInt8]) -> [UInt8] {
    guard filter.starts(with: "$share/".utf8) else { return filter }
    let group = filter.dropFirst("$share/".utf8.count)
    guard let slash = group.firstIndex(of: .slash) else { return filter }
    return Array(group[(slash + 1)...])
  }
}
