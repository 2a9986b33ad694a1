// What filters have in common, and what one has that others do not. The topics of two filters that
// both match are those of one filter again. Whether a topic exists that one filter matches and many
// others do not is decided by a single walk: at a wildcard, a level that none of the others names is
// at least as good as any that one of them does, so that only the length has to be tried. Prefixes
// are those of ReservedTopic, so that one more digit always leads out of the longer of two.

extension FilterShape {
  /// The filter of the topics that both match; nil when there are none.
  package func intersection(_ other: FilterShape) -> FilterShape? {
    if !isOpen, levels.count < other.levels.count { return nil }
    if !other.isOpen, other.levels.count < levels.count { return nil }
    var result = self
    for (index, level) in other.levels.enumerated() {
      if index == levels.count {
        result.levels.append(contentsOf: other.levels[index...])
        break
      }
      guard let common = Self.common(levels[index], level, isFirst: index == 0) else { return nil }
      result.levels[index] = common
    }
    result.isOpen = isOpen && other.isOpen
    return result
  }

  private static func common(
    _ left: FilterLevel, _ right: FilterLevel, isFirst: Bool
  ) -> FilterLevel? {
    if left == right { return left }
    if left == .any { return isFirst && right.beginsWithDollar ? nil : right }
    if right == .any { return isFirst && left.beginsWithDollar ? nil : left }
    switch (left, right) {
    case (.prefix(let prefix), .literal(let level)), (.prefix(let prefix), .prefix(let level)):
      if level.starts(with: prefix) { return right }
    default: break
    }
    switch (right, left) {
    case (.prefix(let prefix), .literal(let level)), (.prefix(let prefix), .prefix(let level)):
      return level.starts(with: prefix) ? left : nil
    default: return nil
    }
  }

  /// Whether every topic that `other` matches is matched by this filter too.
  package func contains(_ other: FilterShape) -> Bool {
    other.example(outside: [self]) == nil
  }

  /// A topic that this filter matches and none of `others` does, the shortest; nil when there is
  /// none.
  package func example(outside others: [FilterShape]) -> String? {
    // Of what the others match, only what is common with this filter counts.
    var alive = others.compactMap { intersection($0) }
    var topic: [[UInt8]] = []
    while true {
      let depth = topic.count
      if depth > 0 {
        if alive.contains(where: { $0.isOpen && $0.levels.count <= depth }) { return nil }
        let isMatched = depth == levels.count || (isOpen && depth > levels.count)
        if isMatched, !alive.contains(where: { $0.levels.count == depth }) {
          return Self.text(topic)
        }
      }
      if depth >= levels.count, !isOpen { return nil }
      let level = depth < levels.count ? levels[depth] : .any
      alive.removeAll { $0.levels.count <= depth && !$0.isOpen }
      let next: [UInt8]
      if case .literal(let literal) = level {
        next = literal
      } else {
        next = Self.unnamed(
          level, alive.compactMap { depth < $0.levels.count ? $0.levels[depth] : nil })
      }
      alive.removeAll { $0.excludes(next, at: depth) }
      topic.append(next)
    }
  }

  /// Whether no topic with `level` at `depth` is matched.
  private func excludes(_ level: [UInt8], at depth: Int) -> Bool {
    guard depth < levels.count else { return false }
    return switch levels[depth] {
    case .literal(let literal): literal != level
    case .prefix(let prefix): !level.starts(with: prefix)
    case .any, .client, .user: false
    }
  }

  /// A level of `kind` that none of `levels` names.
  private static func unnamed(_ kind: FilterLevel, _ levels: [FilterLevel]) -> [UInt8] {
    var front: [UInt8] = []
    if case .prefix(let prefix) = kind { front = prefix }
    var number = 0
    while true {
      let name = front + Array((number == 0 ? "x" : "x\(number)").utf8)
      let isNamed = levels.contains { level in
        switch level {
        case .literal(let literal): literal == name
        // What begins as all levels of the kind do cannot be avoided.
        case .prefix(let prefix): prefix.count > front.count && name.starts(with: prefix)
        case .any, .client, .user: false
        }
      }
      if !isNamed { return name }
      number += 1
    }
  }

  private static func text(_ topic: [[UInt8]]) -> String {
    String(decoding: Array(topic.joined(separator: [.slash])), as: UTF8.self)
  }

  /// The filter as it is written; `$+` is a level that begins with $, which no filter has.
  package var text: String {
    if isOpen, levels == [.any] { return "#" }
    let parts = levels.map(\.text) + (isOpen ? ["#"] : [])
    return parts.joined(separator: "/")
  }
}

extension FilterLevel {
  /// Whether it is a literal that no wildcard at the front of a filter matches.
  var beginsWithDollar: Bool {
    switch self {
    case .literal(let bytes), .prefix(let bytes): bytes.first == .dollar
    case .any, .client, .user: false
    }
  }

  fileprivate var text: String {
    switch self {
    case .literal(let bytes): String(decoding: bytes, as: UTF8.self)
    case .any: "+"
    case .client: "%c"
    case .user: "%u"
    case .prefix(let bytes): String(decoding: bytes, as: UTF8.self) + "+"
    }
  }
}
