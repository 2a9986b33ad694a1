// Topics as a tree of levels, in flat arrays. Subscriptions and retained messages both hang on
// such a tree: a node carries one number, and the owner of the tree knows what it means.
//
// A child is found through one hash table for the whole tree, keyed by (parent, level), so a node
// costs 52 bytes and some eight in the table, however many children its parent has. A level of up
// to 16 bytes, as nearly all are, stands in the node as two words and is compared as such.
//
// Invariants: a node without a value and without children does not exist (the root apart); the
// children of a node form a doubly linked list, the newest first.

import MQTTCodec

/// One level of a topic, packed for hashing and comparing.
struct TopicLevel {
  var first: UInt64 = 0
  var second: UInt64 = 0
  var length: Int
  /// Where the level stands in the topic.
  var range: Range<Int>

  /// An empty level.
  init() {
    length = 0
    range = 0..<0
  }

  /// The level that starts at `start` and ends before the next `/` or at the end.
  @inline(__always) init(_ topic: Span<UInt8>, from start: Int) {
    var position = start
    let count = topic.count
    while position < count && topic[position] != 0x2F {
      let offset = position - start
      if offset < 8 {
        first |= UInt64(topic[position]) << UInt64(offset * 8)
      } else if offset < 16 {
        second |= UInt64(topic[position]) << UInt64((offset - 8) * 8)
      } else {
        // Beyond 16 bytes the words only tell most levels apart; the bytes themselves are compared.
        first = (first &* 0x9E37_79B9_7F4A_7C15) ^ UInt64(topic[position])
      }
      position += 1
    }
    length = position - start
    range = start..<position
  }

  var isPlus: Bool { length == 1 && first == 0x2B }
  var isHash: Bool { length == 1 && first == 0x23 }
  var isLong: Bool { length > 16 }
}

/// A tree of topic levels with a number at each node.
struct TopicTree: ~Copyable {
  /// What a node holds when nothing hangs on it.
  static let nothing = UInt32.max
  /// The root's index.
  static let root: UInt32 = 0

  struct Node {
    var first: UInt64
    var second: UInt64
    var parent: UInt32
    var firstChild = TopicTree.nothing
    var nextSibling = TopicTree.nothing
    var previousSibling = TopicTree.nothing
    /// Children named `+` and `#`, which matching asks for at every level.
    var plus = TopicTree.nothing
    var hash = TopicTree.nothing
    /// The owner's number.
    var value = TopicTree.nothing
    /// Index of the bytes of a level longer than 16, or `nothing`.
    var long = TopicTree.nothing
    var length: UInt16
  }

  private(set) var nodes = SlotTable<Node>()
  private var longLevels = SlotTable<ByteBuffer>()
  /// Nodes by parent and level.
  private var table = IndexTable()
  /// Mixed into every hash, so that nobody can choose topics that collide.
  private let seed: UInt64

  init(seed: UInt64) {
    self.seed = seed
    _ = nodes.insert(Node(first: 0, second: 0, parent: Self.nothing, length: 0))
  }

  /// Nodes besides the root.
  var count: Int { nodes.count - 1 }

  /// The node of `topic`, made when it is not there.
  ///
  /// Levels are counted by the caller.
  mutating func insert(_ topic: Span<UInt8>) -> UInt32 {
    var node = Self.root
    var start = 0
    while start <= topic.count {
      let level = TopicLevel(topic, from: start)
      let found = child(of: node, level, topic)
      node = found == Self.nothing ? add(level, topic, to: node) : found
      start = level.range.upperBound + 1
    }
    return node
  }

  /// The node of `topic`, or `nothing`.
  func find(_ topic: Span<UInt8>) -> UInt32 {
    var node = Self.root
    var start = 0
    while start <= topic.count {
      let level = TopicLevel(topic, from: start)
      node = child(of: node, level, topic)
      if node == Self.nothing { return node }
      start = level.range.upperBound + 1
    }
    return node
  }

  /// The owner's number at `node`.
  subscript(node: UInt32) -> UInt32 {
    get { nodes[node].value }
    set { nodes[node].value = newValue }
  }

  /// Removes `node` and its ancestors as far as nothing hangs on them.
  mutating func prune(_ node: UInt32) {
    var node = node
    while node != Self.root && nodes[node].value == Self.nothing
      && nodes[node].firstChild == Self.nothing
    {
      let parent = nodes[node].parent
      unlink(node)
      node = parent
    }
  }

  /// The child of `parent` that is called as `level` of `topic`, or `nothing`.
  @inline(__always) func child(of parent: UInt32, _ level: TopicLevel, _ topic: Span<UInt8>)
    -> UInt32
  {
    // Most nodes below the first levels have one child, often made right after them: looking at
    // it spares the table. Where there are more, the newest one is a good guess and in the cache.
    let first = nodes[parent].firstChild
    if first == Self.nothing || matches(first, parent, level, topic) { return first }
    if nodes[first].nextSibling == Self.nothing { return Self.nothing }
    let word = level.isLong ? folded(topic.extracting(level.range)) : level.first
    return table.find(hash(parent, word, level.second, level.length)) { candidate in
      matches(candidate, parent, level, topic)
    }
  }

  /// Where `child` looks in its table, or `nothing` when it need not look there.
  @inline(__always) func candidate(of parent: UInt32, _ level: TopicLevel) -> UInt32 {
    let first = nodes[parent].firstChild
    if first == Self.nothing || nodes[first].nextSibling == Self.nothing || level.isLong {
      return Self.nothing
    }
    return table.first(hash(parent, level.first, level.second, level.length))
  }

  /// The full topic of a node, for people and for records.
  func topic(of node: UInt32) -> [UInt8] {
    var path: [UInt32] = []
    var node = node
    while node != Self.root {
      path.append(node)
      node = nodes[node].parent
    }
    var bytes: [UInt8] = []
    for (position, node) in path.reversed().enumerated() {
      if position > 0 { bytes.append(0x2F) }
      appendLevel(of: node, to: &bytes)
    }
    return bytes
  }

  private func appendLevel(of node: UInt32, to bytes: inout [UInt8]) {
    if nodes[node].long != Self.nothing {
      bytes.append(contentsOf: longLevels[nodes[node].long].bytes)
      return
    }
    for offset in 0..<Int(nodes[node].length) {
      let word = offset < 8 ? nodes[node].first : nodes[node].second
      bytes.append(UInt8(truncatingIfNeeded: word >> UInt64((offset & 7) * 8)))
    }
  }

  @inline(__always) private func matches(
    _ candidate: UInt32, _ parent: UInt32, _ level: TopicLevel, _ topic: Span<UInt8>
  ) -> Bool {
    let node = nodes[candidate]
    if node.first != level.first || node.second != level.second || node.parent != parent
      || Int(node.length) != level.length
    {
      return false
    }
    if node.long == Self.nothing { return true }
    let bytes = longLevels[node.long].span
    for offset in bytes.indices where bytes[offset] != topic[level.range.lowerBound + offset] {
      return false
    }
    return true
  }

  @inline(__always) private func hash(
    _ parent: UInt32, _ first: UInt64, _ second: UInt64, _ length: Int
  ) -> UInt32 {
    // Two rounds of multiply and fold: what comes in cannot be inverted without the seed.
    let left = (first ^ seed) &+ UInt64(parent)
    let right = second ^ (seed &* 0xA24B_AED4_963E_E407) ^ UInt64(length) << 56
    let product = left.multipliedFullWidth(by: right | 1)
    let mixed = product.high ^ product.low ^ second
    let again = (mixed ^ left).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return UInt32(truncatingIfNeeded: again.high ^ again.low)
  }

  private func hash(of node: UInt32) -> UInt32 {
    let long = nodes[node].long
    let word = long == Self.nothing ? nodes[node].first : folded(longLevels[long].span)
    return hash(nodes[node].parent, word, nodes[node].second, Int(nodes[node].length))
  }

  /// What stands for the first word of a level longer than 16 bytes in its hash.
  ///
  /// The word in the node is folded without the seed, so levels for which it is equal can be made.
  private func folded(_ level: Span<UInt8>) -> UInt64 { MQTTCodec.hash(level, seed: seed) }

  private mutating func add(_ level: TopicLevel, _ topic: Span<UInt8>, to parent: UInt32) -> UInt32
  {
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
    if sibling != Self.nothing { nodes[sibling].previousSibling = index }
    nodes[parent].firstChild = index
    if level.isPlus { nodes[parent].plus = index }
    if level.isHash { nodes[parent].hash = index }
    table.insert(index, hash: hash(of: index))
    return index
  }

  private mutating func unlink(_ node: UInt32) {
    let gone = nodes[node]
    if gone.previousSibling == Self.nothing {
      nodes[gone.parent].firstChild = gone.nextSibling
    } else {
      nodes[gone.previousSibling].nextSibling = gone.nextSibling
    }
    if gone.nextSibling != Self.nothing {
      nodes[gone.nextSibling].previousSibling = gone.previousSibling
    }
    if nodes[gone.parent].plus == node { nodes[gone.parent].plus = Self.nothing }
    if nodes[gone.parent].hash == node { nodes[gone.parent].hash = Self.nothing }
    table.remove(node, hash: hash(of: node))
    if gone.long != Self.nothing { longLevels.remove(gone.long) }
    nodes.remove(node)
  }
}
