// Routing: from a topic name to those who want it, and nothing of what they then get.
//
//   find        the line in which the match of a topic is remembered
//   makeMatch   else it is taken from what was matched ahead, or made from the tree
//   exchange    lends out the targets of either, to be walked without a copy
//
// What it promises: a remembered match is found only while neither the subscriptions nor anybody's
// rights have changed since (`epoch`); each subscription stands in its node's list or its group,
// and in the table, exactly once; a topic that never comes again is not remembered.

import Basis

/// The tree of subscriptions, and the matches that were made from it.
struct Router: ~Copyable {
  private let anchor = Anchor()
  var subscriptions: SubscriptionTree
  var cache = MatchCache()
  /// The match that was made last, for a topic that is not remembered.
  var match = Match()
  /// Mixed into the hashes of topics, so that nobody can choose some that collide.
  let topicSeed: UInt64
  private var marks = MatchMarks()
  private var ahead = MatchAhead()

  init(topicSeed: UInt64, treeSeed: UInt64) {
    self.topicSeed = topicSeed
    subscriptions = SubscriptionTree(seed: treeSeed)
  }

  /// The hash by which a topic is remembered, here and by the gate.
  @inline(__always) func hash(_ topic: Span<UInt8>) -> UInt64 { Basis.hash(topic, seed: topicSeed) }

  /// Makes the match of a topic that is not remembered; it stands in `match` then.
  @inline(__always) mutating func makeMatch(_ topic: Span<UInt8>, hash: UInt64) {
    if !ahead.take(topic, hash: hash, epoch: subscriptions.epoch, into: &match) {
      subscriptions.match(topic, into: &match, marks: &marks)
    }
  }

  /// Remembers the match at hand, if its topic has come often enough.
  @inline(__always) mutating func rememberMatch(
    _ topic: Span<UInt8>, hash: UInt64, epoch: UInt32
  ) {
    if cache.isWorthKeeping(hash: hash) { cache.keep(topic, hash: hash, epoch: epoch, match) }
  }

  // MARK: The match at hand, remembered in `line` or made just now

  /// Swaps its targets.
  @inline(__always) mutating func exchange(
    _ targets: inout [Target], _ line: Slot<MatchCache.Line>?
  ) {
    if let line {
      cache.exchange(&targets, of: line)
    } else {
      swap(&targets, &match.targets)
    }
  }

  /// A copy of its targets.
  func targets(_ line: Slot<MatchCache.Line>?) -> [Target] {
    if let line { return cache.lines[line].match.targets }
    return match.targets
  }

  /// The subscription identifiers of one of its targets. [MQTT-3.3.4-3]
  @inline(__always) func identifiers(
    of target: Target, _ line: Slot<MatchCache.Line>?
  ) -> [UInt32] {
    if target.identifiers == 0 { return [] }
    if let line { return cache.lines[line].match.identifiers(of: target) }
    return match.identifiers(of: target)
  }

  /// Whether a shared group wants the message too.
  @inline(__always) func hasGroups(_ line: Slot<MatchCache.Line>?) -> Bool {
    if let line { return !cache.lines[line].match.groups.isEmpty }
    return !match.groups.isEmpty
  }

  /// The shared groups that want the message.
  func groups(_ line: Slot<MatchCache.Line>?) -> [Slot<SharedGroup>] {
    if let line { return cache.lines[line].match.groups }
    return match.groups
  }

  // MARK: Matching ahead

  /// Whether there are so many subscriptions that it pays to match the next topics together.
  var paysToLookAhead: Bool { subscriptions.count >= MatchAhead.worthwhileCount }
  /// Whether no more topics are taken to be matched ahead.
  var isAheadFull: Bool { ahead.isFull }

  /// Forgets what was matched ahead.
  mutating func beginAhead() { ahead.begin() }

  /// Adds the topic of one of the next messages, unless it is remembered.
  mutating func addAhead(_ topic: Span<UInt8>, epoch: UInt32) {
    let hash = hash(topic)
    if cache.find(topic, hash: hash, epoch: epoch) == nil { ahead.add(topic, hash: hash) }
  }

  /// Matches all topics that were added.
  mutating func matchAhead() { ahead.match(subscriptions, marks: &marks) }

  // MARK: Invariants

  /// Traps when something that this part promises does not hold.
  package func checkInvariants() {
    subscriptions.checkInvariants()
    cache.checkInvariants()
  }
}
