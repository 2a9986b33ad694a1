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

/// All subscriptions of all sessions.
struct SubscriptionTree: ~Copyable {
  typealias Node = TopicTree<Subscription>.Node

  private let anchor = Anchor()

  private(set) var tree: TopicTree<Subscription>
  private(set) var subscriptions = SlotTable<Subscription>()
  private(set) var groups = SlotTable<SharedGroup>()
  /// Subscriptions by session, node and group.
  private var table = IndexTable<Subscription>()
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
    session: Slot<Session>, filter: Span<UInt8>, group name: String?,
    options: SubscriptionOptions, identifier: UInt32, firstOfSession: inout Slot<Subscription>?
  ) -> Bool {
    epoch &+= 1
    let node = tree.insert(filter)
    let group = name.map { self.group($0, at: node) }
    let flags = SubscriberFlags(options)
    if let existing = find(session: session, node: node, group: group) {
      subscriptions[existing].flags = flags
      subscriptions[existing].identifier = identifier
      return false
    }
    var fresh = Subscription(node: node, session: session, flags: flags)
    fresh.group = group
    fresh.identifier = identifier
    fresh.nextOfSession = firstOfSession
    let index = subscriptions.insert(fresh).index
    if let firstOfSession { subscriptions[firstOfSession].previousOfSession = index }
    firstOfSession = index
    if let group {
      groups[group].members.append(index)
      sharedCount += 1
    } else {
      linkAtNode(index)
    }
    table.insert(index, hash: hash(session, node, group))
    count += 1
    return true
  }

  /// Removes a subscription; false when there was none. [MQTT-3.10.4-1]
  mutating func unsubscribe(
    session: Slot<Session>, filter: Span<UInt8>, group name: String?,
    firstOfSession: inout Slot<Subscription>?
  ) -> Bool {
    guard let index = subscription(of: session, filter: filter, group: name) else { return false }
    remove(index, firstOfSession: &firstOfSession)
    return true
  }

  /// The subscription of a session to this very filter.
  func subscription(
    of session: Slot<Session>, filter: Span<UInt8>, group name: String?
  ) -> Slot<Subscription>? {
    guard let node = tree.find(filter) else { return nil }
    guard let name else { return find(session: session, node: node, group: nil) }
    guard let group = existingGroup(name, at: node) else { return nil }
    return find(session: session, node: node, group: group)
  }

  /// Removes all subscriptions of a session.
  mutating func removeAll(firstOfSession: inout Slot<Subscription>?) {
    while let first = firstOfSession { remove(first, firstOfSession: &firstOfSession) }
  }

  /// The filter of a subscription as the client wrote it.
  func filter(of index: Slot<Subscription>) -> [UInt8] {
    let filter = tree.topic(of: subscriptions[index].node)
    guard let group = subscriptions[index].group else { return filter }
    return Array("$share/\(groups[group].name)/".utf8) + filter
  }

  /// Hands the filters of a session, with its share where it has one, to `body`.
  func forEach(firstOfSession: Slot<Subscription>?, _ body: (String, QoS) -> Void) {
    var next = firstOfSession
    while let index = next {
      let subscription = subscriptions[index]
      body(String(decoding: filter(of: index), as: UTF8.self), subscription.flags.qos)
      next = subscription.nextOfSession
    }
  }

  /// The member of a group whose turn comes after `offset` others.
  func member(of group: Slot<SharedGroup>, ahead offset: Int) -> Slot<Subscription> {
    groups[group].members[(groups[group].turn + offset) % groups[group].members.count]
  }

  /// Lets that member have its turn; the one after it is the next.
  mutating func takeTurn(
    of group: Slot<SharedGroup>, ahead offset: Int
  ) -> Slot<Subscription> {
    let place = (groups[group].turn + offset) % groups[group].members.count
    groups[group].turn = place + 1
    return groups[group].members[place]
  }

  /// Whether any filter begins with the level `$SYS`.
  var hasSystemFilters: Bool {
    let name: [UInt8] = [0x24, 0x53, 0x59, 0x53]
    let root = TopicTree<Subscription>.root
    return tree.child(of: root, TopicLevel(name.span, from: 0), name.span) != nil
  }

  // MARK: The three lists

  private mutating func remove(
    _ index: Slot<Subscription>, firstOfSession: inout Slot<Subscription>?
  ) {
    epoch &+= 1
    count -= 1
    let gone = subscriptions[index]
    table.remove(index, hash: hash(gone.session, gone.node, gone.group))
    if let group = gone.group {
      leave(group, index)
      sharedCount -= 1
    } else {
      unlinkAtNode(index)
    }
    if let previous = gone.previousOfSession {
      subscriptions[previous].nextOfSession = gone.nextOfSession
    } else {
      firstOfSession = gone.nextOfSession
    }
    if let next = gone.nextOfSession {
      subscriptions[next].previousOfSession = gone.previousOfSession
    }
    subscriptions.remove(index)
    tree.prune(gone.node)
  }

  private mutating func linkAtNode(_ index: Slot<Subscription>) {
    let node = subscriptions[index].node
    let first = tree[node]
    subscriptions[index].nextAtNode = first
    if let first { subscriptions[first].previousAtNode = index }
    tree[node] = index
  }

  private mutating func unlinkAtNode(_ index: Slot<Subscription>) {
    let gone = subscriptions[index]
    if let previous = gone.previousAtNode {
      subscriptions[previous].nextAtNode = gone.nextAtNode
    } else {
      tree[gone.node] = gone.nextAtNode
    }
    if let next = gone.nextAtNode { subscriptions[next].previousAtNode = gone.previousAtNode }
  }

  // MARK: Shared groups

  /// The group of a `$share/...` filter; nil when it has no member.
  func group(named text: [UInt8]) -> SlotIdentifier<SharedGroup>? {
    guard let shared = Topic.shared(String(decoding: text, as: UTF8.self)) else { return nil }
    let filter = Array(shared.filter.utf8)
    guard let node = tree.find(filter.span) else { return nil }
    return existingGroup(shared.group, at: node).map { groups.identifier(at: $0) }
  }

  private func existingGroup(_ name: String, at node: Slot<Node>) -> Slot<SharedGroup>? {
    var next = tree[node]
    while let entry = next {
      let candidate = subscriptions[entry]
      if case .group(let group) = candidate.subscriber, groups[group].name.exact == name.exact {
        return group
      }
      next = candidate.nextAtNode
    }
    return nil
  }

  /// The group of this name at a node, made when it is not there.
  private mutating func group(_ name: String, at node: Slot<Node>) -> Slot<SharedGroup> {
    if let known = existingGroup(name, at: node) { return known }
    let group = groups.insert(SharedGroup(name: name)).index
    let entry = subscriptions.insert(Subscription(node: node, standsFor: group)).index
    groups[group].entry = entry
    linkAtNode(entry)
    return group
  }

  private mutating func leave(_ group: Slot<SharedGroup>, _ member: Slot<Subscription>) {
    if let place = groups[group].members.firstIndex(of: member) {
      groups[group].members.remove(at: place)
      if place < groups[group].turn { groups[group].turn -= 1 }
    }
    if groups[group].members.isEmpty, let entry = groups[group].entry {
      unlinkAtNode(entry)
      subscriptions.remove(entry)
      groups.remove(group)
    }
  }

  // MARK: The table of (session, node, group)

  private func hash(
    _ session: Slot<Session>, _ node: Slot<Node>, _ group: Slot<SharedGroup>?
  ) -> UInt32 {
    let left = UInt64(session.number) << 32 | UInt64(node.number)
    let right = 0x9E37_79B9_7F4A_7C15 ^ UInt64(group?.number ?? .max)
    let product = (left ^ seed).multipliedFullWidth(by: right)
    return UInt32(truncatingIfNeeded: product.high ^ product.low)
  }

  func find(
    session: Slot<Session>, node: Slot<Node>, group: Slot<SharedGroup>?
  ) -> Slot<Subscription>? {
    table.find(hash(session, node, group)) { index in
      let candidate = subscriptions[index]
      return candidate.session == session && candidate.node == node && candidate.group == group
    }
  }
}
