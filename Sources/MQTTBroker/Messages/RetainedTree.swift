// The last retained message of each topic (3.3.1.3), found by topic and by filter.

import Basis

/// Topics and the index of the message that each retains.
struct RetainedTree: ~Copyable {
  private(set) var tree: TopicTree
  private(set) var count = 0
  static let nothing = UInt32.max

  init(seed: UInt64) { tree = TopicTree(seed: seed) }

  /// Retains `message` for `topic` and gives back the one that was there before.
  mutating func set(_ topic: Span<UInt8>, _ message: UInt32) -> UInt32 {
    let node = tree.insert(topic)
    let before = tree[node]
    tree[node] = message
    if before == Self.nothing { count += 1 }
    return before
  }

  /// Forgets the message of `topic` and gives it back.
  mutating func remove(_ topic: Span<UInt8>) -> UInt32 {
    let node = tree.find(topic)
    if node == TopicTree.nothing { return Self.nothing }
    let before = tree[node]
    if before == Self.nothing { return before }
    tree[node] = Self.nothing
    tree.prune(node)
    count -= 1
    return before
  }

  /// Whether a message is retained for `topic`.
  func contains(_ topic: Span<UInt8>) -> Bool {
    let node = tree.find(topic)
    return node != TopicTree.nothing && tree[node] != Self.nothing
  }

  /// Appends the messages of all topics that `filter` matches.
  func match(_ filter: Span<UInt8>, into messages: inout [UInt32]) {
    descend(from: TopicTree.root, filter, at: 0, into: &messages)
  }

  private func descend(
    from node: UInt32, _ filter: Span<UInt8>, at start: Int, into messages: inout [UInt32]
  ) {
    if start > filter.count {
      collect(node, into: &messages)
      return
    }
    let level = TopicLevel(filter, from: start)
    let next = level.range.upperBound + 1
    if level.isHash {
      // The parent itself counts too (4.7.1.2), and everything below it.
      if node != TopicTree.root { collect(node, into: &messages) }
      collectAll(below: node, into: &messages)
    } else if level.isPlus {
      var child = tree.nodes[node].firstChild
      while child != TopicTree.nothing {
        if !(node == TopicTree.root && isSystem(child)) {
          descend(from: child, filter, at: next, into: &messages)
        }
        child = tree.nodes[child].nextSibling
      }
    } else {
      let child = tree.child(of: node, level, filter)
      if child != TopicTree.nothing { descend(from: child, filter, at: next, into: &messages) }
    }
  }

  private func collect(_ node: UInt32, into messages: inout [UInt32]) {
    if tree[node] != Self.nothing { messages.append(tree[node]) }
  }

  private func collectAll(below node: UInt32, into messages: inout [UInt32]) {
    var child = tree.nodes[node].firstChild
    while child != TopicTree.nothing {
      // `#` does not reach topics that begin with `$`. [MQTT-4.7.2-1]
      if !(node == TopicTree.root && isSystem(child)) {
        collect(child, into: &messages)
        collectAll(below: child, into: &messages)
      }
      child = tree.nodes[child].nextSibling
    }
  }

  private func isSystem(_ node: UInt32) -> Bool {
    let length = tree.nodes[node].length
    if length == 0 || length > 16 { return length > 16 && tree.topic(of: node).first == 0x24 }
    return UInt8(truncatingIfNeeded: tree.nodes[node].first) == 0x24
  }
}
