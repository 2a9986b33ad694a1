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

  /// A topic of the region; nil when it is empty.
  package var example: String? { shape.example(outside: outside) }

  /// The topics that are in both.
  package func intersection(_ other: TopicRegion) -> TopicRegion? {
    guard let shape = shape.intersection(other.shape) else { return nil }
    let outside = (outside + other.outside).filter { shape.intersection($0) != nil }
    return TopicRegion(shape: shape, outside: outside, rule: rule)
  }

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
    if kept.isEmpty { return shape.text }
    return shape.text + ", except " + kept.map(\.text).joined(separator: " and ")
  }
}

/// Everything that exists, but for topics that begin with $.
private let everything = FilterShape(levels: [.any], isOpen: true)

extension AccessPermissions {
  /// The regions in which `action` is allowed, or in which it is denied.
  ///
  /// Those of the default come last. Topics that begin with $ are in none of them unless a rule
  /// names them.
  package func regions(_ action: AccessAction, allowed: Bool) -> [TopicRegion] {
    if isUnknown {
      return allowed ? [] : [TopicRegion(shape: everything, outside: [], rule: nil)]
    }
    let rules = ordered(action)
    var result: [TopicRegion] = []
    for (index, entry) in rules.enumerated() where entry.isAllowed == allowed {
      var outside: [FilterShape] = []
      for other in rules[..<index] where other.isAllowed != allowed {
        if entry.shape.intersection(other.shape) != nil { outside.append(other.shape) }
      }
      let region = TopicRegion(shape: entry.shape, outside: outside, rule: entry.rule)
      if !outside.isEmpty, region.example == nil { continue }
      result.append(region)
    }
    if list.isAllowedByDefault(action) == allowed {
      let outside = rules.filter { $0.isAllowed != allowed }.map(\.shape)
      result.append(TopicRegion(shape: everything, outside: outside, rule: nil))
    }
    return result
  }

  /// A rule as the client meets it.
  struct OrderedRule {
    var rule: Int
    var shape: FilterShape
    var isAllowed: Bool
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

extension ReservedTopic {
  private static let bridgeStates = FilterShape(Array("$SYS/broker/connection/+/state".utf8))

  /// The part of a filter that rules can give away.
  static func open(_ shape: FilterShape, to action: AccessAction) -> [FilterShape] {
    guard case .literal(let first)? = shape.levels.first, first.first == .dollar else {
      return [shape]
    }
    if first.starts(with: "$share".utf8) { return [] }
    if action == .publish, first.starts(with: "$SYS".utf8) {
      return shape.intersection(bridgeStates).map { [$0] } ?? []
    }
    return [shape]
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
    let rules = ordered(.deliver)
    for (index, entry) in rules.enumerated() where entry.isAllowed {
      guard let part = entry.shape.intersection(wish) else { continue }
      if part.example(outside: rules[..<index].filter { !$0.isAllowed }.map(\.shape)) != nil {
        return AccessDecision(isAllowed: true, ground: .rule(entry.rule))
      }
    }
    if list.isAllowedByDefault(.deliver), let part = wish.intersection(everything),
      part.example(outside: rules.filter { !$0.isAllowed }.map(\.shape)) != nil
    {
      return AccessDecision(isAllowed: true, ground: .noRule)
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
