// Filters that may be asked for, as regions. A rule covers a filter level by level, as it matches a
// topic: + and # of a request are levels like others, but that only # covers a #. So in each of three
// kinds of requests the algebra of topics holds:
//
//   without wildcards    as topics
//   with + and no #      as topics that have a level "+"
//   ending in #          as the topics before the #, and only rules that end in # cover them
//
// "#" alone stands as the topic "#": every rule that ends in # covers it where it covers "+/#", and
// a rule that takes filters as they are tells the two apart.

/// What a filter that is asked for holds.
package enum RequestKind: CaseIterable, Sendable {
  case multiLevelWildcard
  case singleLevelWildcards
  case noWildcards

  private static let hash = FilterLevel.literal([.hash])
  private static let plus = FilterLevel.literal([.plus])

  /// The kind of a filter.
  package init(_ filter: [UInt8]) {
    self =
      filter.last == .hash
      ? .multiLevelWildcard : filter.contains(.plus) ? .singleLevelWildcards : .noWildcards
  }

  /// A filter of this kind within `shape` and none of `outside`.
  func example(_ shape: FilterShape, outside: [FilterShape]) -> String? {
    switch self {
    case .noWildcards: return shape.example(outside: outside)
    case .multiLevelWildcard:
      if shape == .ordinary {
        let all = FilterShape(levels: [Self.hash], isOpen: false)
        if all.example(outside: outside) != nil { return "#" }
      }
      return shape.example(outside: outside).map { $0 == "#" ? $0 : $0 + "/#" }
    case .singleLevelWildcards:
      // Behind the levels of all shapes one place for the + is like any other.
      let depth = ([shape] + outside).map(\.levels.count).max() ?? 0
      for place in 0..<(shape.isOpen ? depth + 1 : shape.levels.count) {
        var wished = shape
        while wished.levels.count <= place { wished.levels.append(.any) }
        guard wished.levels[place] == .any || wished.levels[place] == Self.plus else { continue }
        wished.levels[place] = Self.plus
        if let example = wished.example(outside: outside) { return example }
      }
      return nil
    }
  }

  /// A shape of this kind as it is written.
  func text(_ shape: FilterShape) -> String {
    if self != .multiLevelWildcard || shape.isOpen || shape.levels == [Self.hash] {
      return shape.text
    }
    return shape.text + "/#"
  }

  /// The requests of this kind that a rule covers, whose filter has the names put in; nil for none.
  func shape(covering filter: [UInt8]) -> FilterShape? {
    if self != .multiLevelWildcard { return FilterShape(filter) }
    guard filter.last == .hash else { return nil }
    let shape = FilterShape(filter)
    // Behind "/#" the level before the # may be the last of all here.
    return filter == [.slash, .hash] ? FilterShape(levels: [.literal([])], isOpen: true) : shape
  }

  /// The one request that is `filter`, byte for byte; nil when it is of another kind.
  func shape(of filter: [UInt8]) -> FilterShape? {
    guard RequestKind(filter) == self else { return nil }
    var levels = filter.split(separator: .slash, omittingEmptySubsequences: false).map {
      FilterLevel.literal(Array($0))
    }
    if self == .multiLevelWildcard, levels.count > 1 { levels.removeLast() }
    return FilterShape(levels: levels, isOpen: false)
  }
}

extension AccessPermissions {
  /// Whether the rules have a say in which filters the client may ask for.
  package func restricts(_ action: AccessAction) -> Bool {
    isUnknown || list.restrictsRequests || ordered(action).contains(where: \.isAllowed)
  }

  /// All filters that the client may ask for, or ask for no longer; those that are alike but for
  /// their kind once.
  package func allowedRequests(_ action: AccessAction) -> [TopicRegion] {
    var result: [TopicRegion] = []
    for kind in RequestKind.allCases {
      for region in requestRegions(action, kind, allowed: true)
      where !result.contains(where: { $0.rule == region.rule && $0.text == region.text }) {
        result.append(region)
      }
    }
    return result
  }

  /// The regions of filters that the client may ask for, or ask for no longer, or may not.
  package func requestRegions(
    _ action: AccessAction, _ kind: RequestKind, allowed: Bool
  ) -> [TopicRegion] {
    regions(requestRules(action, kind), kind, allowed: allowed)
  }

  private func requestRules(_ action: AccessAction, _ kind: RequestKind) -> [OrderedRule] {
    if isUnknown { return OrderedRule.everything(isAllowed: false) }
    if !list.restrictsRequests {
      if !restricts(action) { return OrderedRule.everything(isAllowed: true) }
      return ordered(action).filter { kind != .multiLevelWildcard || $0.shape.isOpen }
        + OrderedRule.everything(isAllowed: false)
    }
    var result: [OrderedRule] = []
    for block in blocks {
      if action == .subscribe, kind != .noWildcards, !list.blocks[block].allowsWildcards {
        return result + OrderedRule.everything(isAllowed: false)
      }
      let numbers = list.blocks[block].rules.filter {
        list.rules[$0].actions.contains(AccessActions(action))
      }
      for isLiteral in [true, false] {
        for number in numbers where list.rules[number].isLiteral == isLiteral {
          let rule = list.rules[number]
          let shape =
            isLiteral
            ? kind.shape(of: rule.filter)
            : rule.filter(for: names).flatMap { kind.shape(covering: $0) }
          guard let shape else { continue }
          result.append(
            OrderedRule(
              rule: number, shape: shape,
              isAllowed: rule.allows.contains(AccessActions(action))))
        }
      }
    }
    return result + ReservedTopic.requestDefaults(action, list)
  }
}
