// Matches of the messages that come next. With many subscriptions a match is mostly waiting for
// memory: four reads that depend on each other, none of them in a cache. One read from a socket
// brings many messages under load, and their matches do not depend on each other; so the topics of
// the next few are walked through the tree together, and the processor waits for them all at once.
//
// What was matched ahead is only a saving: a message whose topic is not found here, or whose
// subscriptions have changed meanwhile, is matched when its turn comes. (Broker+Route)

import MQTTCodec

/// A few topics and their matches, in the order in which their messages come.
struct MatchAhead: ~Copyable {
  /// Topics that are walked together.
  static let limit = 8
  /// Subscriptions from which on it is worth the while: fewer of them stay in the caches.
  static let worthwhileCount = 4096

  private struct Line {
    var hash: UInt64 = 0
    var topic: Range<Int> = 0..<0
    /// The level at hand, and where it starts in the topic; behind its end when all were taken.
    var level = TopicLevel()
    var start = 0
    var isAtEnd: Bool { start > topic.count }
  }

  /// A node that the walk for one line has reached.
  private struct Step {
    var line: Int
    var node: UInt32
  }

  private var topics = ByteBuffer()
  private var lines: [Line] = []
  private var matches: [Match] = []
  /// The line whose turn is next.
  private var next = 0
  private var epoch: UInt32 = 0
  private var steps: [Step] = []
  private var nextSteps: [Step] = []
  /// Nodes whose subscriptions belong to a line.
  private var ends: [Step] = []
  private var entries: [UInt32] = []
  /// What was read only to have it in the cache, so that the reading is not left out.
  private(set) var touched: UInt32 = 0

  init() {}

  var isFull: Bool { lines.count == Self.limit }
  var isEmpty: Bool { lines.isEmpty }

  /// Forgets all topics.
  mutating func begin() {
    topics.clear()
    lines.removeAll(keepingCapacity: true)
    next = 0
  }

  /// Adds a topic that is to be matched.
  mutating func add(_ topic: Span<UInt8>, hash: UInt64) {
    let start = topics.count
    topics.append(topic)
    lines.append(Line(hash: hash, topic: start..<topics.count))
  }

  /// Moves the match of `topic` to `match`, if it is here and the subscriptions are still those of
  /// `epoch`.
  mutating func take(
    _ topic: Span<UInt8>, hash: UInt64, epoch: UInt32, into match: inout Match
  ) -> Bool {
    if next >= lines.count || self.epoch != epoch { return false }
    for line in next..<lines.count where lines[line].hash == hash {
      if !areEqual(topics.span.extracting(lines[line].topic), topic) { continue }
      swap(&match, &matches[line])
      next = line + 1
      return true
    }
    return false
  }

  /// Matches all topics that were added.
  mutating func match(_ tree: borrowing SubscriptionTree, marks: inout MatchMarks) {
    epoch = tree.epoch
    while matches.count < lines.count { matches.append(Match()) }
    steps.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    for line in lines.indices { steps.append(Step(line: line, node: TopicTree.root)) }
    while !steps.isEmpty {
      readLevels()
      touchChildren(tree.tree)
      for step in steps { take(step, tree.tree) }
      for line in lines.indices { lines[line].start = lines[line].level.range.upperBound + 1 }
      swap(&steps, &nextSteps)
      nextSteps.removeAll(keepingCapacity: true)
    }
    touch(tree)
    for line in lines.indices {
      matches[line].removeAll()
      marks.begin()
      for end in ends where end.line == line {
        tree.collect(end.node, into: &matches[line], marks: &marks)
      }
    }
  }

  private mutating func readLevels() {
    for line in lines.indices where !lines[line].isAtEnd {
      let level = TopicLevel(
        topics.span.extracting(lines[line].topic), from: lines[line].start)
      lines[line].level = level
    }
  }

  /// The same step as in `SubscriptionTree.match`.
  @inline(__always) private mutating func take(_ step: Step, _ tree: borrowing TopicTree) {
    let line = lines[step.line]
    let hash = tree.nodes[step.node].hash
    // It matches its parent too. (4.7.1.2)
    let isAtRoot = step.node == TopicTree.root
    let isSystem = isAtRoot && !line.topic.isEmpty && topics[line.topic.lowerBound] == 0x24
    // Wildcards at the first level do not reach topics that begin with `$`. [MQTT-4.7.2-1]
    if hash != TopicTree.nothing && !isSystem { ends.append(Step(line: step.line, node: hash)) }
    if line.isAtEnd { return ends.append(step) }
    let exact = tree.child(
      of: step.node, line.level, topics.span.extracting(line.topic))
    if exact != TopicTree.nothing { nextSteps.append(Step(line: step.line, node: exact)) }
    let plus = tree.nodes[step.node].plus
    if plus != TopicTree.nothing && !isSystem {
      nextSteps.append(Step(line: step.line, node: plus))
    }
  }

  /// Brings what `child` reads into the cache, for all steps at once.
  private mutating func touchChildren(_ tree: borrowing TopicTree) {
    entries.removeAll(keepingCapacity: true)
    for step in steps {
      let first = tree.nodes[step.node].firstChild
      if first != TopicTree.nothing { touched ^= tree.nodes[first].nextSibling }
    }
    for step in steps {
      entries.append(tree.candidate(of: step.node, lines[step.line].level))
    }
    for entry in entries where entry != TopicTree.nothing {
      touched ^= tree.nodes[entry].parent
    }
  }

  /// Brings what `collect` reads into the cache, for all lines at once.
  private mutating func touch(_ tree: borrowing SubscriptionTree) {
    entries.removeAll(keepingCapacity: true)
    for end in ends { entries.append(tree.tree[end.node]) }
    for entry in entries where entry != SubscriptionTree.nothing {
      touched ^= tree.subscriptions[entry].session
    }
  }
}
