// Who wants what (4.7, 4.8): filters on a topic tree, and at each node the subscriptions to it.
//
// A subscription is one slot of 36 bytes. It stands in three lists at once: that of its node, that
// of its session, and a hash table keyed by (session, node, group), so that adding, replacing,
// removing and forgetting a whole session cost the same however many there are.
//
// The members of a shared subscription (4.8.2) are a ring of their own; at the node the whole
// group stands as one entry, because a message goes to one member of it.

import Basis
import MQTTCodec

/// How a session wants the messages of a filter, in one byte.
struct SubscriberFlags: OptionSet, Equatable {
  let rawValue: UInt8

  static let noLocal = SubscriberFlags(rawValue: 0x04)
  static let retainAsPublished = SubscriberFlags(rawValue: 0x08)
  /// `session` is the index of a shared group.
  static let sharedGroup = SubscriberFlags(rawValue: 0x10)

  init(rawValue: UInt8) { self.rawValue = rawValue }

  init(_ options: SubscriptionOptions) {
    var raw = options.qos.rawValue
    if options.noLocal { raw |= 0x04 }
    if options.retainAsPublished { raw |= 0x08 }
    rawValue = raw
  }

  var qos: QoS {
    switch rawValue & 3 {
    case 0: .atMostOnce
    case 1: .atLeastOnce
    case 2, 3: .exactlyOnce
    case _: .exactlyOnce
    }
  }
}

/// All subscriptions of all sessions.
struct SubscriptionTree: ~Copyable {
  static let nothing = UInt32.max

  /// One filter of one session, or one group at one node.
  struct Subscription {
    var node: UInt32
    /// The session; or the group, when `flags` says so.
    var session: UInt32
    /// The group it is a member of, or `nothing`.
    var group: UInt32
    /// Zero is none.
    var identifier: UInt32
    var nextAtNode = SubscriptionTree.nothing
    var previousAtNode = SubscriptionTree.nothing
    var nextOfSession = SubscriptionTree.nothing
    var previousOfSession = SubscriptionTree.nothing
    var flags: SubscriberFlags
  }

  /// The members of one `$share/name/filter`.
  struct SharedGroup {
    var name: String
    var node: UInt32
    /// The entry that stands for the group at the node.
    var entry: UInt32
    /// Subscriptions of the members, in the order in which they joined.
    var members: [UInt32] = []
    /// Whose turn it is.
    var turn = 0
  }

  private(set) var tree: TopicTree
  private(set) var subscriptions = SlotTable<Subscription>()
  private(set) var groups = SlotTable<SharedGroup>()
  /// Subscriptions by session, node and group.
  private var table = IndexTable()
  private let seed: UInt64
  /// Whether a session whose filters overlap stands in a match once for each of them.
  var keepsOverlaps = false { didSet { epoch &+= 1 } }
  /// Changes with every change of the tree, so that remembered matches know that they are old.
  private(set) var epoch: UInt32 = 1
  /// Subscriptions, members of groups included, groups themselves not.
  private(set) var count = 0
  /// Members of shared groups.
  private(set) var sharedCount = 0

  init(seed: UInt64) {
    self.seed = seed
    tree = TopicTree(seed: seed)
  }

  /// Adds or replaces a subscription; `firstOfSession` is the head of the session's list.
  ///
  /// - Returns: whether it is a new one. [MQTT-3.8.4-3]
  mutating func subscribe(
    session: UInt32, filter: Span<UInt8>, group name: String?, options: SubscriptionOptions,
    identifier: UInt32, firstOfSession: inout UInt32
  ) -> Bool {
    epoch &+= 1
    let node = tree.insert(filter)
    let group = name.map { groupIndex($0, at: node) } ?? Self.nothing
    let flags = SubscriberFlags(options)
    if let existing = find(session: session, node: node, group: group) {
      subscriptions[existing].flags = flags
      subscriptions[existing].identifier = identifier
      return false
    }
    var fresh = Subscription(
      node: node, session: session, group: group, identifier: identifier, flags: flags)
    fresh.nextOfSession = firstOfSession
    let index = subscriptions.insert(fresh).index
    if firstOfSession != Self.nothing { subscriptions[firstOfSession].previousOfSession = index }
    firstOfSession = index
    if group == Self.nothing {
      linkAtNode(index)
    } else {
      groups[group].members.append(index)
      sharedCount += 1
    }
    table.insert(index, hash: hash(session, node, group))
    count += 1
    return true
  }

  /// Removes a subscription; false when there was none. [MQTT-3.10.4-1]
  mutating func unsubscribe(
    session: UInt32, filter: Span<UInt8>, group name: String?, firstOfSession: inout UInt32
  ) -> Bool {
    let node = tree.find(filter)
    if node == TopicTree.nothing { return false }
    var group = Self.nothing
    if let name {
      guard let known = existingGroup(name, at: node) else { return false }
      group = known
    }
    guard let index = find(session: session, node: node, group: group) else { return false }
    remove(index, firstOfSession: &firstOfSession)
    return true
  }

  /// Whether a session has this very subscription.
  func contains(session: UInt32, filter: Span<UInt8>, group name: String?) -> Bool {
    let node = tree.find(filter)
    if node == TopicTree.nothing { return false }
    guard let name else { return find(session: session, node: node, group: Self.nothing) != nil }
    guard let group = existingGroup(name, at: node) else { return false }
    return find(session: session, node: node, group: group) != nil
  }

  /// Removes all subscriptions of a session.
  mutating func removeAll(firstOfSession: inout UInt32) {
    while firstOfSession != Self.nothing { remove(firstOfSession, firstOfSession: &firstOfSession) }
  }

  /// The filter of a subscription as the client wrote it.
  func filter(of index: UInt32) -> [UInt8] {
    let filter = tree.topic(of: subscriptions[index].node)
    let group = subscriptions[index].group
    if group == Self.nothing { return filter }
    return Array("$share/\(groups[group].name)/".utf8) + filter
  }

  /// Hands the filters of a session, with its share where it has one, to `body`.
  func forEach(firstOfSession: UInt32, _ body: (String, QoS) -> Void) {
    var index = firstOfSession
    while index != Self.nothing {
      let subscription = subscriptions[index]
      body(String(decoding: filter(of: index), as: UTF8.self), subscription.flags.qos)
      index = subscription.nextOfSession
    }
  }

  /// The member of a group whose turn comes after `offset` others.
  func member(of group: UInt32, ahead offset: Int) -> UInt32 {
    groups[group].members[(groups[group].turn + offset) % groups[group].members.count]
  }

  /// Lets that member have its turn; the one after it is the next.
  mutating func takeTurn(of group: UInt32, ahead offset: Int) -> UInt32 {
    let place = (groups[group].turn + offset) % groups[group].members.count
    groups[group].turn = place + 1
    return groups[group].members[place]
  }

  /// Whether any filter begins with the level `$SYS`.
  var hasSystemFilters: Bool {
    let name: [UInt8] = [0x24, 0x53, 0x59, 0x53]
    return tree.child(of: TopicTree.root, TopicLevel(name.span, from: 0), name.span)
      != TopicTree.nothing
  }

  // MARK: The three lists

  private mutating func remove(_ index: UInt32, firstOfSession: inout UInt32) {
    epoch &+= 1
    count -= 1
    let gone = subscriptions[index]
    table.remove(index, hash: hash(gone.session, gone.node, gone.group))
    if gone.group == Self.nothing {
      unlinkAtNode(index)
    } else {
      leave(gone.group, index)
      sharedCount -= 1
    }
    if gone.previousOfSession == Self.nothing {
      firstOfSession = gone.nextOfSession
    } else {
      subscriptions[gone.previousOfSession].nextOfSession = gone.nextOfSession
    }
    if gone.nextOfSession != Self.nothing {
      subscriptions[gone.nextOfSession].previousOfSession = gone.previousOfSession
    }
    subscriptions.remove(index)
    tree.prune(gone.node)
  }

  private mutating func linkAtNode(_ index: UInt32) {
    let node = subscriptions[index].node
    let first = tree[node]
    subscriptions[index].nextAtNode = first
    if first != Self.nothing { subscriptions[first].previousAtNode = index }
    tree[node] = index
  }

  private mutating func unlinkAtNode(_ index: UInt32) {
    let gone = subscriptions[index]
    if gone.previousAtNode == Self.nothing {
      tree[gone.node] = gone.nextAtNode
    } else {
      subscriptions[gone.previousAtNode].nextAtNode = gone.nextAtNode
    }
    if gone.nextAtNode != Self.nothing {
      subscriptions[gone.nextAtNode].previousAtNode = gone.previousAtNode
    }
  }

  // MARK: Shared groups

  /// The group of a `$share/...` filter; nil when it has no member.
  func group(named text: [UInt8]) -> SlotIdentifier? {
    guard let shared = Topic.shared(String(decoding: text, as: UTF8.self)) else { return nil }
    let filter = Array(shared.filter.utf8)
    let node = tree.find(filter.span)
    if node == TopicTree.nothing { return nil }
    return existingGroup(shared.group, at: node).map { groups.identifier(at: $0) }
  }

  private func existingGroup(_ name: String, at node: UInt32) -> UInt32? {
    var entry = tree[node]
    while entry != Self.nothing {
      let candidate = subscriptions[entry]
      if candidate.flags.contains(.sharedGroup),
        groups[candidate.session].name.exact == name.exact
      {
        return candidate.session
      }
      entry = candidate.nextAtNode
    }
    return nil
  }

  private mutating func groupIndex(_ name: String, at node: UInt32) -> UInt32 {
    if let known = existingGroup(name, at: node) { return known }
    let group = groups.insert(SharedGroup(name: name, node: node, entry: Self.nothing)).index
    let entry = subscriptions.insert(
      Subscription(
        node: node, session: group, group: Self.nothing, identifier: 0, flags: .sharedGroup)
    ).index
    groups[group].entry = entry
    linkAtNode(entry)
    return group
  }

  private mutating func leave(_ group: UInt32, _ member: UInt32) {
    if let place = groups[group].members.firstIndex(of: member) {
      groups[group].members.remove(at: place)
      if place < groups[group].turn { groups[group].turn -= 1 }
    }
    if groups[group].members.isEmpty {
      unlinkAtNode(groups[group].entry)
      subscriptions.remove(groups[group].entry)
      groups.remove(group)
    }
  }

  // MARK: The table of (session, node, group)

  private func hash(_ session: UInt32, _ node: UInt32, _ group: UInt32) -> UInt32 {
    let left = UInt64(session) << 32 | UInt64(node)
    let product = (left ^ seed).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15 ^ UInt64(group))
    return UInt32(truncatingIfNeeded: product.high ^ product.low)
  }

  private func find(session: UInt32, node: UInt32, group: UInt32) -> UInt32? {
    let found = table.find(hash(session, node, group)) { index in
      let candidate = subscriptions[index]
      return candidate.session == session && candidate.node == node && candidate.group == group
    }
    return found == Self.nothing ? nil : found
  }
}
