// Matches of the messages that come next. With many subscriptions a match is mostly waiting for
// memory: four reads that depend on each other, none of them in a cache. One read from a socket
// brings many messages under load, and their matches do not depend on each other; so the topics of
// the next few are walked through the tree together, and the processor waits for them all at once.
//
// What was matched ahead is only a saving: a message whose topic is not found here, or whose
// subscriptions have changed meanwhile, is matched when its turn comes. (Broker+Route)

import Basis

/// A few topics and their matches, in the order in which their messages come.
struct MatchAhead: ~Copyable {
  typealias Node = SubscriptionTree.Node
  typealias Tree = TopicTree<SubscriptionTree.Subscription>

  /// Topics that are walked together.
  static let limit = 64
  /// Subscriptions from which on it is worth the while: fewer of them stay in the caches.
  static let worthwhileCount = 4096

  struct Line {
    var hash: UInt64
    var topic: Range<Int>
    /// The level at hand, and where it starts in the topic; behind its end when all were taken.
    var level = TopicLevel()
    var start = 0
    /// The first of its ends.
    @Compact var end: Slot<End>? = nil
    var isAtEnd: Bool { start > topic.count }
  }

  /// A node that the walk for one line has reached.
  struct Step {
    var line: Slot<Line>
    var node: Slot<Node>
    var search = Tree.ChildSearch.none
  }

  /// A node whose subscriptions belong to a line.
  struct End {
    var node: Slot<Node>
    /// The next one of the line.
    @Compact var next: Slot<End>?
  }

  private var topics = ByteBuffer()
  private var lines = WorkList<Line>()
  private var matches: [Match] = []
  /// The position of the line whose turn is next.
  private var next = 0
  private var epoch: UInt32 = 0
  private var steps = WorkList<Step>()
  private var nextSteps = WorkList<Step>()
  private var ends = WorkList<End>()

  init() {}

  var isFull: Bool { lines.count == Self.limit }

  /// Forgets all topics.
  mutating func begin() {
    topics.clear()
    lines.removeAll()
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
    for position in next..<lines.count {
      let line = Slot<Line>(UInt32(position))
      if lines[line].hash != hash
        || !areEqual(topics.span.extracting(lines[line].topic), topic)
      {
        continue
      }
      swap(&match, &matches[position])
      next = position + 1
      return true
    }
    return false
  }

  /// Matches all topics that were added.
  ///
  /// Each pass asks for the memory that the next one reads.
  mutating func match(_ tree: borrowing SubscriptionTree, marks: inout MatchMarks) {
    epoch = tree.epoch
    while matches.count < lines.count { matches.append(Match()) }
    steps.removeAll()
    ends.removeAll()
    for line in lines.slots { steps.append(Step(line: line, node: Tree.root)) }
    while !steps.isEmpty {
      for line in lines.slots where !lines[line].isAtEnd { readLevel(line) }
      for step in steps.slots { beginSearch(step, tree.tree) }
      for step in steps.slots { tree.tree.goOn(&steps[step].search) }
      for step in steps.slots { take(steps[step], tree.tree) }
      for line in lines.slots { lines[line].start = lines[line].level.range.upperBound + 1 }
      swap(&steps, &nextSteps)
      nextSteps.removeAll()
    }
    for end in ends.slots { tree.prefetch(at: ends[end].node) }
    for line in lines.slots {
      matches[line.position].removeAll()
      marks.begin()
      var next = lines[line].end
      while let end = next {
        tree.collect(ends[end].node, into: &matches[line.position], marks: &marks)
        next = ends[end].next
      }
    }
  }

  @inline(__always) private mutating func readLevel(_ line: Slot<Line>) {
    lines[line].level = TopicLevel(
      topics.span.extracting(lines[line].topic), from: lines[line].start)
  }

  @inline(__always) private mutating func beginSearch(
    _ step: Slot<Step>, _ tree: borrowing Tree
  ) {
    let line = steps[step].line
    if lines[line].isAtEnd { return }
    steps[step].search = tree.beginSearch(
      below: steps[step].node, lines[line].level, topics.span.extracting(lines[line].topic))
  }

  /// The same step as in `SubscriptionTree.match`.
  @inline(__always) private mutating func take(_ step: Step, _ tree: borrowing Tree) {
    let line = step.line
    let range = lines[line].topic
    // Wildcards at the first level do not reach topics that begin with `$`. [MQTT-4.7.2-1]
    let skipsWildcards =
      step.node == Tree.root && !range.isEmpty && topics[range.lowerBound] == 0x24
    if !skipsWildcards {
      // It matches its parent too. (4.7.1.2)
      if let hash = tree.nodes[step.node].hash {
        tree.nodes.prefetch(hash)
        append(hash, to: line)
      }
    }
    if lines[line].isAtEnd { return append(step.node, to: line) }
    let exact = tree.end(
      step.search, below: step.node, lines[line].level, topics.span.extracting(range))
    if let exact { nextSteps.append(Step(line: step.line, node: exact)) }
    if skipsWildcards { return }
    if let plus = tree.nodes[step.node].plus {
      tree.nodes.prefetch(plus)
      nextSteps.append(Step(line: step.line, node: plus))
    }
  }

  @inline(__always) private mutating func append(_ node: Slot<Node>, to line: Slot<Line>) {
    let next = lines[line].end
    lines[line].end = ends.append(End(node: node, next: next))
  }
}
