// Topics as a tree of levels, in flat arrays. Subscriptions and retained messages both hang on
// such a tree: a node carries the slot of one of them, or none.
//
// A child is found through one hash table for the whole tree, keyed by (parent, level), so a node
// costs 52 bytes and some eight in the table, however many children its parent has. A level of up
// to 16 bytes, as nearly all are, stands in the node as two words and is compared as such.
//
// Invariants: a node without a value and without children does not exist (the root apart); the
// children of a node form a doubly linked list, the newest first.

import Basis

/// A tree of topic levels with the slot of a `Value` at some nodes.
struct TopicTree<Value: ~Copyable>: ~Copyable {
  /// The root's slot.
  static var root: Slot<Node> { Slot(0) }

  struct Node {
    var first: UInt64
    var second: UInt64
    /// Nil for the root only.
    @Compact var parent: Slot<Node>?
    @Compact var firstChild: Slot<Node>? = nil
    @Compact var nextSibling: Slot<Node>? = nil
    @Compact var previousSibling: Slot<Node>? = nil
    /// Children named `+` and `#`, which matching asks for at every level.
    @Compact var plus: Slot<Node>? = nil
    @Compact var hash: Slot<Node>? = nil
    /// What hangs on it.
    @Compact var value: Slot<Value>? = nil
    /// The bytes of a level longer than 16.
    @Compact var long: Slot<ByteBuffer>? = nil
    var length: UInt16
    /// Whether there are several children.
    var hasManyChildren = false
  }

  private(set) var nodes = SlotTable<Node>()
  private var longLevels = SlotTable<ByteBuffer>()
  /// Nodes by parent and level.
  private var table = IndexTable<Node>()
  /// Mixed into every hash, so that nobody can choose topics that collide.
  private let seed: UInt64

  init(seed: UInt64) {
    self.seed = seed
    _ = nodes.insert(Node(first: 0, second: 0, parent: nil, length: 0))
  }

  /// Nodes besides the root.
  var count: Int { nodes.count - 1 }

  /// The node of `topic`, made when it is not there.
  ///
  /// Levels are counted by the caller.
  mutating func insert(_ topic: Span<UInt8>) -> Slot<Node> {
    var node = Self.root
    var start = 0
    while start <= topic.count {
      let level = TopicLevel(topic, from: start)
      node = child(of: node, level, topic) ?? add(level, topic, to: node)
      start = level.range.upperBound + 1
    }
    return node
  }

  /// The node of `topic`; nil when it is not there.
  func find(_ topic: Span<UInt8>) -> Slot<Node>? {
    var node = Self.root
    var start = 0
    while start <= topic.count {
      let level = TopicLevel(topic, from: start)
      guard let child = child(of: node, level, topic) else { return nil }
      node = child
      start = level.range.upperBound + 1
    }
    return node
  }

  /// What hangs on `node`.
  subscript(node: Slot<Node>) -> Slot<Value>? {
    @inline(__always) get { nodes[node].value }
    @inline(__always) set { nodes[node].value = newValue }
  }

  /// Removes `node` and its ancestors as far as nothing hangs on them.
  mutating func prune(_ node: Slot<Node>) {
    var node = node
    while let parent = nodes[node].parent, nodes[node].value == nil, nodes[node].firstChild == nil {
      unlink(node, from: parent)
      node = parent
    }
  }

  /// The child of `parent` that is called as `level` of `topic`; nil when there is none.
  @inline(__always) func child(
    of parent: Slot<Node>, _ level: TopicLevel, _ topic: Span<UInt8>
  ) -> Slot<Node>? {
    var search = beginSearch(below: parent, level, topic)
    goOn(&search)
    return end(search, below: parent, level, topic)
  }

  @inline(__always) private func hash(
    _ parent: Slot<Node>, _ level: TopicLevel, _ topic: Span<UInt8>
  ) -> UInt32 {
    let word = level.isLong ? folded(topic.extracting(level.range)) : level.first
    return hash(parent, word, level.second, level.length)
  }

  /// A search for a child in three steps, between which the processor fetches what the next one
  /// reads, so that many searches wait together.
  struct ChildSearch {
    fileprivate var hash: UInt32
    /// Whether it is searched in the table, or is `candidate` when it is there at all.
    fileprivate var isInTable: Bool
    @Compact fileprivate var candidate: Slot<Node>?

    fileprivate init(hash: UInt32, isInTable: Bool, candidate: Slot<Node>?) {
      self.hash = hash
      self.isInTable = isInTable
      self.candidate = candidate
    }

    /// A search that finds nothing.
    static var none: ChildSearch { ChildSearch(hash: 0, isInTable: false, candidate: nil) }
  }

  /// The first step: where to look.
  @inline(__always) func beginSearch(
    below parent: Slot<Node>, _ level: TopicLevel, _ topic: Span<UInt8>
  ) -> ChildSearch {
    // Most nodes below the first levels have one child, often made right after them: looking at
    // it spares the table.
    let first = nodes[parent].firstChild
    if first == nil || !nodes[parent].hasManyChildren {
      nodes.prefetch(first)
      return ChildSearch(hash: 0, isInTable: false, candidate: first)
    }
    let hash = hash(parent, level, topic)
    table.prefetch(hash)
    return ChildSearch(hash: hash, isInTable: true, candidate: nil)
  }

  /// The second step: what node it will be, if any.
  @inline(__always) func goOn(_ search: inout ChildSearch) {
    if !search.isInTable { return }
    search.candidate = table.first(search.hash)
    nodes.prefetch(search.candidate)
  }

  /// The third step: the child; nil when there is none.
  @inline(__always) func end(
    _ search: ChildSearch, below parent: Slot<Node>, _ level: TopicLevel, _ topic: Span<UInt8>
  ) -> Slot<Node>? {
    guard let candidate = search.candidate else { return nil }
    if matches(candidate, parent, level, topic) { return candidate }
    if !search.isInTable { return nil }
    // Another level has the same hash.
    return table.find(search.hash) { matches($0, parent, level, topic) }
  }

  /// The full topic of a node, for people and for records.
  func topic(of node: Slot<Node>) -> [UInt8] {
    var path: [Slot<Node>] = []
    var node = node
    while let parent = nodes[node].parent {
      path.append(node)
      node = parent
    }
    var bytes: [UInt8] = []
    for (position, node) in path.reversed().enumerated() {
      if position > 0 { bytes.append(0x2F) }
      appendLevel(of: node, to: &bytes)
    }
    return bytes
  }

  private func appendLevel(of node: Slot<Node>, to bytes: inout [UInt8]) {
    if let long = nodes[node].long {
      bytes.append(contentsOf: longLevels[long].bytes)
      return
    }
    for offset in 0..<Int(nodes[node].length) {
      let word = offset < 8 ? nodes[node].first : nodes[node].second
      bytes.append(UInt8(truncatingIfNeeded: word >> UInt64((offset & 7) * 8)))
    }
  }

  @inline(__always) private func matches(
    _ candidate: Slot<Node>, _ parent: Slot<Node>, _ level: TopicLevel, _ topic: Span<UInt8>
  ) -> Bool {
    let node = nodes[candidate]
    if node.first != level.first || node.second != level.second || node.parent != parent
      || Int(node.length) != level.length
    {
      return false
    }
    guard let long = node.long else { return true }
    let bytes = longLevels[long].span
    for offset in bytes.indices where bytes[offset] != topic[level.range.lowerBound + offset] {
      return false
    }
    return true
  }

  @inline(__always) private func hash(
    _ parent: Slot<Node>, _ first: UInt64, _ second: UInt64, _ length: Int
  ) -> UInt32 {
    // Two rounds of multiply and fold: what comes in cannot be inverted without the seed.
    let left = (first ^ seed) &+ UInt64(parent.number)
    let right = second ^ (seed &* 0xA24B_AED4_963E_E407) ^ UInt64(length) << 56
    let product = left.multipliedFullWidth(by: right | 1)
    let mixed = product.high ^ product.low ^ second
    let again = (mixed ^ left).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return UInt32(truncatingIfNeeded: again.high ^ again.low)
  }

  private func hash(of node: Slot<Node>, below parent: Slot<Node>) -> UInt32 {
    let word: UInt64
    if let long = nodes[node].long {
      word = folded(longLevels[long].span)
    } else {
      word = nodes[node].first
    }
    return hash(parent, word, nodes[node].second, Int(nodes[node].length))
  }

  /// What stands for the first word of a level longer than 16 bytes in its hash.
  ///
  /// The word in the node is folded without the seed, so levels for which it is equal can be made.
  private func folded(_ level: Span<UInt8>) -> UInt64 { Basis.hash(level, seed: seed) }

  private mutating func add(
    _ level: TopicLevel, _ topic: Span<UInt8>, to parent: Slot<Node>
  ) -> Slot<Node> {
    var node = Node(
      first: level.first, second: level.second, parent: parent, length: UInt16(level.length))
    if level.isLong {
      var bytes = ByteBuffer(exactCapacity: level.length)
      bytes.append(topic.extracting(level.range))
      node.long = longLevels.insert(bytes).index
    }
    let sibling = nodes[parent].firstChild
    node.nextSibling = sibling
    let index = nodes.insert(node).index
    if let sibling { nodes[sibling].previousSibling = index }
    nodes[parent].firstChild = index
    nodes[parent].hasManyChildren = sibling != nil
    if level.isPlus { nodes[parent].plus = index }
    if level.isHash { nodes[parent].hash = index }
    table.insert(index, hash: hash(of: index, below: parent))
    return index
  }

  /// Whether the table finds a node under its level.
  func isInTable(_ node: Slot<Node>, below parent: Slot<Node>) -> Bool {
    table.find(hash(of: node, below: parent)) { $0 == node } != nil
  }

  private mutating func unlink(_ node: Slot<Node>, from parent: Slot<Node>) {
    let gone = nodes[node]
    if let previous = gone.previousSibling {
      nodes[previous].nextSibling = gone.nextSibling
    } else {
      nodes[parent].firstChild = gone.nextSibling
    }
    if let next = gone.nextSibling { nodes[next].previousSibling = gone.previousSibling }
    if let first = nodes[parent].firstChild {
      nodes[parent].hasManyChildren = nodes[first].nextSibling != nil
    } else {
      nodes[parent].hasManyChildren = false
    }
    if nodes[parent].plus == node { nodes[parent].plus = nil }
    if nodes[parent].hash == node { nodes[parent].hash = nil }
    table.remove(node, hash: hash(of: node, below: parent))
    if let long = gone.long { longLevels.remove(long) }
    nodes.remove(node)
  }
}
