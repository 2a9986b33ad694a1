// Topics that begin with $, which no wildcard at the front of a filter matches, as regions: those
// that rules can give away, and those that no default does.

extension FilterShape {
  /// Every topic that does not begin with $.
  static let ordinary = FilterShape(levels: [.any], isOpen: true)
  /// Every other topic.
  static let withDollar = reserved("$")

  /// Every topic that begins with `prefix`.
  fileprivate static func reserved(_ prefix: String) -> FilterShape {
    FilterShape(levels: [.prefix(Array(prefix.utf8))], isOpen: true)
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

  /// What holds for messages that no rule decides about, in the order in which it is asked.
  static func defaults(
    _ action: AccessAction, _ list: AccessList
  ) -> [AccessPermissions.OrderedRule] {
    let everything = AccessPermissions.OrderedRule.everything(
      isAllowed: list.isAllowedByDefault(action))
    if !list.isAllowedByDefault(action) { return everything }
    var closed = [FilterShape.reserved("$share"), .reserved("$CONTROL")]
    if action == .publish { closed.append(.reserved("$SYS")) }
    let bridges = action == .publish ? [bridgeStates] : []
    return bridges.map { .init(rule: nil, shape: $0, isAllowed: true) }
      + closed.map { .init(rule: nil, shape: $0, isAllowed: false) } + everything
  }

  /// The same for filters that are asked for.
  static func requestDefaults(
    _ action: AccessAction, _ list: AccessList
  ) -> [AccessPermissions.OrderedRule] {
    let everything = AccessPermissions.OrderedRule.everything(
      isAllowed: list.isAllowedByDefault(action))
    let control = AccessPermissions.OrderedRule(
      rule: nil, shape: .reserved("$CONTROL"), isAllowed: false)
    return list.restrictsRequests ? [control] + everything : everything
  }
}
