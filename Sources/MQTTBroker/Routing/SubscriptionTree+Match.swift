// From a topic name to those who want it. The result is a flat list that is walked once per
// message and remembered per topic, so a busy topic is matched once and then only looked up.
//
// A session whose filters overlap stands in the list once, at the highest QoS of them, with the
// identifiers of all of them [MQTT-3.3.4-2] [MQTT-3.3.4-3] [MQTT-3.3.4-4]; or, where that is
// configured, once for each of them, which the standard allows as well (3.3.4).

import Basis
import MQTTCodec

/// One session that wants a message.
struct Target {
  var session: Slot<Session>
  /// Zero, one identifier, or `Match.manyIdentifiers` and an index of `Match.identifierLists`.
  var identifiers: UInt32
  var flags: SubscriberFlags
}

/// All who want one topic.
struct Match {
  /// Set in `Target.identifiers` when there are several; identifiers have 28 bits. (1.5.5)
  static let manyIdentifiers: UInt32 = 0x8000_0000

  var targets: [Target] = []
  /// Shared groups; one member of each gets the message.
  var groups: [Slot<SharedGroup>] = []
  var identifierLists: [[UInt32]] = []

  /// The identifiers of a target.
  func identifiers(of target: Target) -> [UInt32] {
    if target.identifiers == 0 { return [] }
    if target.identifiers & Self.manyIdentifiers == 0 { return [target.identifiers] }
    return identifierLists[Int(target.identifiers & ~Self.manyIdentifiers)]
  }

  mutating func removeAll() {
    if !targets.isEmpty { targets.removeAll(keepingCapacity: true) }
    if !groups.isEmpty { groups.removeAll(keepingCapacity: true) }
    if !identifierLists.isEmpty { identifierLists.removeAll(keepingCapacity: true) }
  }
}

/// What a match needs while it is being made, kept for its memory: where each session stands in it,
/// found by comparing stamps, and the nodes that the walk has reached.
struct MatchMarks {
  private var marks: [(stamp: UInt32, position: UInt32)] = []
  private var stamp: UInt32 = 0
  /// The nodes of the level at hand and of the next one; empty between matches.
  var nodes: [Slot<SubscriptionTree.Node>] = []
  var nextNodes: [Slot<SubscriptionTree.Node>] = []

  mutating func begin() {
    stamp &+= 1
    if stamp == 0 {
      marks.removeAll()
      stamp = 1
    }
  }

  /// The position of `session` in this match; nil, and `position` from now on, when it is new.
  mutating func position(of session: Slot<Session>, orSet position: Int) -> Int? {
    let place = session.position
    while marks.count <= place { marks.append((0, 0)) }
    if marks[place].stamp == stamp { return Int(marks[place].position) }
    marks[place] = (stamp, UInt32(position))
    return nil
  }
}

extension SubscriptionTree {
  /// Fills `match` with all who want `topic`.
  ///
  /// The tree is walked level by level and not branch by branch: the nodes of one level do not
  /// depend on each other, so the processor waits for them together.
  func match(_ topic: Span<UInt8>, into match: inout Match, marks: inout MatchMarks) {
    match.removeAll()
    marks.begin()
    // Wildcards at the first level do not reach topics that begin with `$`. [MQTT-4.7.2-1]
    var skipsWildcards = topic.count > 0 && topic[0] == 0x24
    var nodes: [Slot<Node>] = []
    var next: [Slot<Node>] = []
    swap(&nodes, &marks.nodes)
    swap(&next, &marks.nextNodes)
    nodes.append(TopicTree<Subscription>.root)
    var start = 0
    while start <= topic.count && !nodes.isEmpty {
      let level = TopicLevel(topic, from: start)
      for node in nodes {
        if let exact = tree.child(of: node, level, topic) { next.append(exact) }
        if skipsWildcards { continue }
        if let plus = tree.nodes[node].plus { next.append(plus) }
        // `sport/#` also matches `sport`: the hash child counts before and at the end. (4.7.1.2)
        if let hash = tree.nodes[node].hash { collect(hash, into: &match, marks: &marks) }
      }
      skipsWildcards = false
      swap(&nodes, &next)
      next.removeAll(keepingCapacity: true)
      start = level.range.upperBound + 1
    }
    for node in nodes {
      if let hash = tree.nodes[node].hash { collect(hash, into: &match, marks: &marks) }
      collect(node, into: &match, marks: &marks)
    }
    nodes.removeAll(keepingCapacity: true)
    swap(&nodes, &marks.nodes)
    swap(&next, &marks.nextNodes)
  }

  /// Has the first subscription at a node brought into the cache.
  @inline(__always) func prefetch(at node: Slot<Node>) { subscriptions.prefetch(tree[node]) }

  /// Adds the subscriptions at a node to a match.
  func collect(_ node: Slot<Node>, into match: inout Match, marks: inout MatchMarks) {
    var next = tree[node]
    while let entry = next {
      let found = subscriptions[entry]
      next = found.nextAtNode
      switch found.subscriber {
      case .group(let group): match.groups.append(group)
      case .session(let session):
        if !keepsOverlaps,
          let position = marks.position(of: session, orSet: match.targets.count)
        {
          merge(found, into: &match, at: position)
        } else {
          match.targets.append(
            Target(session: session, identifiers: found.identifier, flags: found.flags))
        }
      }
    }
  }

  private func merge(_ found: Subscription, into match: inout Match, at position: Int) {
    let before = match.targets[position]
    var flags = SubscriberFlags(rawValue: max(before.flags.qos, found.flags.qos).rawValue)
    if before.flags.contains(.noLocal) && found.flags.contains(.noLocal) { flags.insert(.noLocal) }
    if before.flags.contains(.retainAsPublished) || found.flags.contains(.retainAsPublished) {
      flags.insert(.retainAsPublished)
    }
    match.targets[position].flags = flags
    if found.identifier == 0 { return }
    if before.identifiers == 0 {
      match.targets[position].identifiers = found.identifier
    } else if before.identifiers & Match.manyIdentifiers == 0 {
      match.targets[position].identifiers =
        Match.manyIdentifiers | UInt32(match.identifierLists.count)
      match.identifierLists.append([before.identifiers, found.identifier])
    } else {
      match.identifierLists[Int(before.identifiers & ~Match.manyIdentifiers)]
        .append(found.identifier)
    }
  }
}
