// Rules by the levels of their filters, so that a topic meets only those that can match it: with
// 10,000 rules a decision costs what it costs with 10. The walk allocates nothing, compares every
// literal level once, and is bounded by the number of nodes at the depth of the topic.
//
// A rule is known by its rank, its place in the order in which its block is tried; the answer is
// the lowest rank that matches and has a say in the action. A filter that ends in # ends at the
// node of the level before it, as an open one, because it matches that level itself (4.7.1.2); so
// "#" alone is "+/#" here. %c and %u that fill a level are edges of their own.

import Basis

/// Who walks the tree, in bytes.
struct SubjectNames: Sendable {
  var client: [UInt8]
  /// Nil for an empty name too, which mosquitto takes for none.
  var user: [UInt8]?
  /// Whether a name spans levels, so that %c and %u cannot be compared level by level.
  var spansLevels: Bool

  init(_ subject: AccessSubject) {
    client = Array(subject.clientIdentifier.utf8)
    user = subject.userName.flatMap { $0.isEmpty ? nil : Array($0.utf8) }
    spansLevels = client.contains(.slash) || user?.contains(.slash) == true
  }
}

/// Compiled rules of one block.
struct RuleTree: Sendable {
  /// No rule.
  static let none = Int32.max

  /// The lowest ranks of the rules that end at a node.
  private struct Ranks {
    var publish = none
    var deliver = none

    mutating func add(_ rank: Int32, _ actions: AccessActions) {
      if actions.contains(.publish) { publish = min(publish, rank) }
      if actions.contains(.deliver) { deliver = min(deliver, rank) }
    }

    func lowest(_ action: AccessAction) -> Int32 { action == .publish ? publish : deliver }
  }

  private struct Node {
    /// Child of `+`, of `%c`, of `%u`; -1 is none.
    var any: Int32 = -1
    var client: Int32 = -1
    var user: Int32 = -1
    var hasLiterals = false
    /// Of filters that end here.
    var exact = Ranks()
    /// Of filters that go on with #.
    var open = Ranks()
  }

  /// From `parent` to `child` by the bytes of a literal level; a free place has no child.
  private struct Edge {
    var parent: Int32 = -1
    var child: Int32 = -1
    var start: Int32 = 0
    var count: Int32 = 0
  }

  private var nodes = [Node()]
  /// Open addressing, a power of two of places, at most half of them taken.
  private var edges = [Edge](repeating: Edge(), count: 8)
  private var edgeCount = 0
  /// The literal levels, one after the other.
  private var bytes: [UInt8] = []

  /// Adds a rule whose placeholders, if there are any, fill their levels.
  mutating func add(_ shape: FilterShape, rank: Int, actions: AccessActions) {
    var node = 0
    for level in shape.levels {
      switch level {
      case .any: node = child(node, \.any)
      case .client: node = child(node, \.client)
      case .user: node = child(node, \.user)
      case .literal(let literal): node = child(node, literal)
      case .prefix: preconditionFailure("a prefix is no level of a rule")
      }
    }
    if shape.isOpen {
      nodes[node].open.add(Int32(rank), actions)
    } else {
      nodes[node].exact.add(Int32(rank), actions)
    }
  }

  private mutating func child(_ node: Int, _ edge: WritableKeyPath<Node, Int32>) -> Int {
    if nodes[node][keyPath: edge] < 0 {
      nodes[node][keyPath: edge] = Int32(nodes.count)
      nodes.append(Node())
    }
    return Int(nodes[node][keyPath: edge])
  }

  private mutating func child(_ node: Int, _ literal: [UInt8]) -> Int {
    let place = place(node, literal.span)
    if edges[place].child >= 0 { return Int(edges[place].child) }
    let child = nodes.count
    nodes.append(Node())
    nodes[node].hasLiterals = true
    edges[place] = Edge(
      parent: Int32(node), child: Int32(child), start: Int32(bytes.count),
      count: Int32(literal.count))
    bytes += literal
    edgeCount += 1
    if edgeCount * 2 > edges.count { grow() }
    return child
  }

  private mutating func grow() {
    let old = edges
    edges = [Edge](repeating: Edge(), count: old.count * 2)
    let all = bytes
    for edge in old where edge.child >= 0 {
      let literal = all.span.extracting(Int(edge.start)..<Int(edge.start + edge.count))
      edges[place(Int(edge.parent), literal)] = edge
    }
  }

  /// Where the edge from `node` by `literal` is, or would be.
  private func place(_ node: Int, _ literal: Span<UInt8>) -> Int {
    var place = Int(truncatingIfNeeded: hash(literal, seed: UInt64(node))) & (edges.count - 1)
    while edges[place].child >= 0 {
      let edge = edges[place]
      if Int(edge.parent) == node,
        areEqual(
          bytes.span.extracting(Int(edge.start)..<Int(edge.start + edge.count)), literal)
      {
        break
      }
      place = (place + 1) & (edges.count - 1)
    }
    return place
  }

  /// The lowest rank of the rules that match `topic` and have a say in `action`.
  func lowestRank(_ action: AccessAction, _ topic: Span<UInt8>, _ names: SubjectNames) -> Int32 {
    walk(0, 0, action, topic, names)
  }

  private func walk(
    _ index: Int, _ start: Int, _ action: AccessAction, _ topic: Span<UInt8>,
    _ names: SubjectNames
  ) -> Int32 {
    let node = nodes[index]
    var lowest = node.open.lowest(action)
    if start > topic.count { return min(lowest, node.exact.lowest(action)) }
    var end = start
    while end < topic.count, topic[end] != .slash { end += 1 }
    let level = topic.extracting(start..<end)
    if node.hasLiterals {
      let child = edges[place(index, level)].child
      if child >= 0 { lowest = min(lowest, walk(Int(child), end + 1, action, topic, names)) }
    }
    // A wildcard at the front does not match topics that begin with $ (4.7.2).
    if node.any >= 0, start > 0 || topic[0] != .dollar {
      lowest = min(lowest, walk(Int(node.any), end + 1, action, topic, names))
    }
    if names.spansLevels { return lowest }
    if node.client >= 0, areEqual(names.client.span, level) {
      lowest = min(lowest, walk(Int(node.client), end + 1, action, topic, names))
    }
    if node.user >= 0, let user = names.user, areEqual(user.span, level) {
      lowest = min(lowest, walk(Int(node.user), end + 1, action, topic, names))
    }
    return lowest
  }
}
