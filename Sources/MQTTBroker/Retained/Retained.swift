// The last retained message of each topic (3.3.1.3), found by topic and by filter. The messages
// themselves are in the mail; each is held for its topic as long as it stands here.
//
// What it promises: a topic has one message at most, and `count` topics have one.

import Basis

/// Topics and the slot of the message that each retains.
struct Retained: ~Copyable {
  typealias Node = TopicTree<Message>.Node

  private(set) var tree: TopicTree<Message>
  private(set) var count = 0
  /// What was found last, kept for its memory.
  private(set) var found: [Slot<Message>] = []
  /// Whether it was said that there are too many.
  var isFull = false

  init(seed: UInt64) { tree = TopicTree(seed: seed) }

  /// Retains `message` for `topic` and gives back the one that was there before.
  mutating func set(_ topic: Span<UInt8>, _ message: Slot<Message>) -> Slot<Message>? {
    let node = tree.insert(topic)
    let before = tree[node]
    tree[node] = message
    if before == nil { count += 1 }
    return before
  }

  /// Forgets the message of `topic` and gives it back.
  mutating func remove(_ topic: Span<UInt8>) -> Slot<Message>? {
    guard let node = tree.find(topic), let before = tree[node] else { return nil }
    tree[node] = nil
    tree.prune(node)
    count -= 1
    return before
  }

  /// The message that is retained for `topic`.
  func message(of topic: Span<UInt8>) -> Slot<Message>? {
    guard let node = tree.find(topic) else { return nil }
    return tree[node]
  }

  /// Whether a message is retained for `topic`.
  func contains(_ topic: Span<UInt8>) -> Bool { message(of: topic) != nil }

  /// Puts the messages of all topics that `filter` matches into `found`.
  mutating func find(_ filter: Span<UInt8>) {
    var messages: [Slot<Message>] = []
    swap(&messages, &found)
    messages.removeAll(keepingCapacity: true)
    match(filter, into: &messages)
    swap(&messages, &found)
  }

  /// Gives the memory of what was found back, if it is much.
  mutating func endFind() {
    if found.capacity > 4096 { found = [] }
  }

  /// Appends the messages of all topics that `filter` matches.
  func match(_ filter: Span<UInt8>, into messages: inout [Slot<Message>]) {
    descend(from: TopicTree<Message>.root, filter, at: 0, into: &messages)
  }

  private func descend(
    from node: Slot<Node>, _ filter: Span<UInt8>, at start: Int,
    into messages: inout [Slot<Message>]
  ) {
    if start > filter.count {
      collect(node, into: &messages)
      return
    }
    let level = TopicLevel(filter, from: start)
    let next = level.range.upperBound + 1
    if level.isHash {
      // The parent itself counts too (4.7.1.2), and everything below it.
      if node != TopicTree<Message>.root { collect(node, into: &messages) }
      collectAll(below: node, into: &messages)
    } else if level.isPlus {
      var child = tree.nodes[node].firstChild
      while let reached = child {
        if !(node == TopicTree<Message>.root && isSystem(reached)) {
          descend(from: reached, filter, at: next, into: &messages)
        }
        child = tree.nodes[reached].nextSibling
      }
    } else if let child = tree.child(of: node, level, filter) {
      descend(from: child, filter, at: next, into: &messages)
    }
  }

  /// All messages, those of topics that begin with `$` too.
  var all: [Slot<Message>] {
    tree.nodes.slots.compactMap { tree.nodes.isOccupied($0) ? tree[$0] : nil }
  }

  /// Traps when something that this part promises does not hold.
  package func checkInvariants() {
    tree.checkInvariants()
    precondition(all.count == count, "retained messages are miscounted")
  }

  private func collect(_ node: Slot<Node>, into messages: inout [Slot<Message>]) {
    if let message = tree[node] { messages.append(message) }
  }

  private func collectAll(below node: Slot<Node>, into messages: inout [Slot<Message>]) {
    var child = tree.nodes[node].firstChild
    while let reached = child {
      // `#` does not reach topics that begin with `$`. [MQTT-4.7.2-1]
      if !(node == TopicTree<Message>.root && isSystem(reached)) {
        collect(reached, into: &messages)
        collectAll(below: reached, into: &messages)
      }
      child = tree.nodes[reached].nextSibling
    }
  }

  private func isSystem(_ node: Slot<Node>) -> Bool {
    let length = tree.nodes[node].length
    if length == 0 || length > 16 { return length > 16 && tree.topic(of: node).first == 0x24 }
    return UInt8(truncatingIfNeeded: tree.nodes[node].first) == 0x24
  }
}
