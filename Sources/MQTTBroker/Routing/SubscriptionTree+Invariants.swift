// What must always hold of the trees; for tests and debug builds, because it walks over everything.

import Basis

extension SubscriptionTree {
  /// Traps when the lists, the table and the counts do not agree.
  func checkInvariants() {
    tree.checkInvariants()
    var members = 0
    var all = 0
    for index in subscriptions.slots where subscriptions.isOccupied(index) {
      let subscription = subscriptions[index]
      if let group = subscription.group {
        members += 1
        precondition(groups.isOccupied(group), "a member of a group that is gone")
        precondition(groups[group].members.contains(index), "a member its group does not know")
      } else {
        precondition(
          isLinked(index, at: subscription.node), "a subscription beside its node's list")
      }
      if case .session(let session) = subscription.subscriber {
        all += 1
        precondition(
          find(session: session, node: subscription.node, group: subscription.group) == index,
          "a subscription that its table does not find")
      }
    }
    precondition(all == count, "subscriptions are miscounted")
    precondition(members == sharedCount, "members of groups are miscounted")
    for group in groups.slots where groups.isOccupied(group) {
      precondition(!groups[group].members.isEmpty, "a group without members")
      precondition(groups[group].turn <= groups[group].members.count, "a turn beyond the members")
      precondition(groups[group].entry != nil, "a group without its entry at the node")
    }
  }

  private func isLinked(_ index: Slot<Subscription>, at node: Slot<Node>) -> Bool {
    var next = tree[node]
    while let entry = next {
      if entry == index { return true }
      next = subscriptions[entry].nextAtNode
    }
    return false
  }
}

extension TopicTree where Value: ~Copyable {
  /// Traps when the lists of children and the table do not agree, or a node is there for nothing.
  func checkInvariants() {
    for node in nodes.slots where nodes.isOccupied(node) {
      guard let parent = nodes[node].parent else {
        precondition(node == Self.root, "a node without a parent")
        continue
      }
      precondition(
        nodes[node].value != nil || nodes[node].firstChild != nil, "a node that nothing hangs on")
      precondition(nodes.isOccupied(parent), "a parent that is gone")
      precondition(isInTable(node, below: parent), "a node that its table does not find")
      if let previous = nodes[node].previousSibling {
        precondition(nodes[previous].nextSibling == node, "siblings that disagree")
      } else {
        precondition(
          nodes[parent].firstChild == node, "a first child that its parent does not know")
      }
    }
  }
}

extension MatchCache {
  /// Traps when a line stands in no set, or in another than its hash says.
  func checkInvariants() {
    for line in lines.slots where lines.isOccupied(line) {
      precondition(isIndexed(line), "a remembered match that is never found")
    }
  }
}
