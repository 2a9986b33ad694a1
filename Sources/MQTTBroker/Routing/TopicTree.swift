// Topics as a tree of levels, in flat arrays. Subscriptions and retained messages both hang on
// such a tree: a node carries one number, and the owner of the tree knows what it means.
//
// A child is found through one hash table for the whole tree, keyed by (parent, level), so a node
// costs 52 bytes and some eight in the table, however many children its parent has. A level of up
// to 16 bytes, as nearly all are, stands in the node as two words and is compared as such.
//
// Invariants: a node without a value and without children does not exist (the root apart); the
// children of a node form a doubly linked list, the newest first.

import Basis

/// One level of a topic, packed for hashing and comparing.
struct TopicLevel {
  var first: UInt64 = 0
  var second: UInt64 = 0
  var length = 0
  /// Where the level stands in the topic.
  var range = 0..<0

  /// An empty level.
  init() {}

  /// The level that starts at `start` and ends before the next `/` or at the end.
  @inline(__always) init(_ topic: Span<UInt8>, from start: Int) {
    var position = start
    unsafe topic.withUnsafeBytes { topic in
      first = unsafe Self.word(of: topic, &position)
      if position - start == 8 { second = unsafe Self.word(of: topic, &position) }
      if position - start < 16 { return }
      // Beyond 16 bytes the words only tell most levels apart; the bytes themselves are compared.
      while position < topic.count && (unsafe topic[position]) != 0x2F {
        first = (first &* 0x9E37_79B9_7F4A_7C15) ^ UInt64(unsafe topic[position])
        position += 1
      }
    }
    length = position - start
    range = start..<position
  }

  /// Up to eight bytes of a level, behind which `position` is then.
  @unsafe @inline(__always) private static func word(
    of topic: UnsafeRawBufferPointer, _ position: inout Int
  ) -> UInt64 {
    let left = topic.count - position
    var word: UInt64 = 0
    if left >= 8 {
      word = unsafe topic.loadUnaligned(fromByteOffset: position, as: UInt64.self).littleEndian
    } else if topic.count >= 8 && left > 0 {
      // The last eight bytes of the topic, without those before the level.
      let end = unsafe topic.loadUnaligned(fromByteOffset: topic.count - 8, as: UInt64.self)
      word = end.littleEndian >> UInt64((8 - left) * 8)
    } else {
      for offset in 0..<left {
        word |= UInt64(unsafe topic[position + offset]) << UInt64(offset * 8)
      }
    }
    // A byte that is a `/` becomes zero, and the lowest zero byte is the lowest that borrows.
    let zeroed = word ^ 0x2F2F_2F2F_2F2F_2F2F
    let borrowed = (zeroed &- 0x0101_0101_0101_0101) & ~zeroed & 0x8080_8080_8080_8080
    let count = min(borrowed.trailingZeroBitCount / 8, left)
    position += count
    return count >= 8 ? word : word & ((1 << UInt64(count * 8)) &- 1)
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
    /// Whether there are several children.
    var hasManyChildren = false
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
    var search = beginSearch(below: parent, level, topic)
    goOn(&search)
    return end(search, below: parent, level, topic)
  }

  @inline(__always) private func hash(
    _ parent: UInt32, _ level: TopicLevel, _ topic: Span<UInt8>
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
    fileprivate var candidate: UInt32

    /// A search that finds nothing.
    static let none = ChildSearch(hash: 0, isInTable: false, candidate: TopicTree.nothing)
  }

  /// The first step: where to look.
  @inline(__always) func beginSearch(
    below parent: UInt32, _ level: TopicLevel, _ topic: Span<UInt8>
  ) -> ChildSearch {
    // Most nodes below the first levels have one child, often made right after them: looking at
    // it spares the table.
    let first = nodes[parent].firstChild
    if first == Self.nothing || !nodes[parent].hasManyChildren {
      nodes.prefetch(first)
      return ChildSearch(hash: 0, isInTable: false, candidate: first)
    }
    let hash = hash(parent, level, topic)
    table.prefetch(hash)
    return ChildSearch(hash: hash, isInTable: true, candidate: Self.nothing)
  }

  /// The second step: what node it will be, if any.
  @inline(__always) func goOn(_ search: inout ChildSearch) {
    if !search.isInTable { return }
    search.candidate = table.first(search.hash)
    nodes.prefetch(search.candidate)
  }

  /// The third step: the child, or `nothing`.
  @inline(__always) func end(
    _ search: ChildSearch, below parent: UInt32, _ level: TopicLevel, _ topic: Span<UInt8>
  ) -> UInt32 {
    if search.candidate == Self.nothing { return Self.nothing }
    if matches(search.candidate, parent, level, topic) { return search.candidate }
    if !search.isInTable { return Self.nothing }
    // Another level has the same hash.
    return table.find(search.hash) { matches($0, parent, level, topic) }
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
  private func folded(_ level: Span<UInt8>) -> UInt64 { Basis.hash(level, seed: seed) }

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
    nodes[parent].hasManyChildren = sibling != Self.nothing
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
    let first = nodes[gone.parent].firstChild
    nodes[gone.parent].hasManyChildren =
      first != Self.nothing && nodes[first].nextSibling != Self.nothing
    if nodes[gone.parent].plus == node { nodes[gone.parent].plus = Self.nothing }
    if nodes[gone.parent].hash == node { nodes[gone.parent].hash = Self.nothing }
    table.remove(node, hash: hash(of: node))
    if gone.long != Self.nothing { longLevels.remove(gone.long) }
    nodes.remove(node)
  }
}
