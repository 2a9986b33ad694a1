// What stands in the tree of subscriptions: how a session wants the messages of a filter, and the
// groups of shared subscriptions (4.8.2).

import Basis
import MQTTCodec

/// How a session wants the messages of a filter, in one byte.
struct SubscriberFlags: OptionSet, Equatable {
  let rawValue: UInt8

  static let noLocal = SubscriberFlags(rawValue: 0x04)
  static let retainAsPublished = SubscriberFlags(rawValue: 0x08)
  /// It stands for a shared group, and not for a session.
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

/// The members of one `$share/name/filter`.
struct SharedGroup {
  let name: String
  /// The entry that stands for the group at its node.
  @Compact var entry: Slot<SubscriptionTree.Subscription>? = nil
  /// Subscriptions of the members, in the order in which they joined.
  var members: [Slot<SubscriptionTree.Subscription>] = []
  /// Whose turn it is.
  var turn = 0

  init(name: String) { self.name = name }
}

extension SubscriptionTree {
  /// Who stands at a node.
  enum Subscriber {
    case session(Slot<Session>)
    /// One member of it gets the message.
    case group(Slot<SharedGroup>)
  }

  /// One filter of one session, or one group at one node.
  struct Subscription {
    let node: Slot<Node>
    /// That of a session or of a group; which of them, `flags` says.
    private let owner: UInt32
    /// The group it is a member of.
    @Compact var group: Slot<SharedGroup>? = nil
    /// Zero is none.
    var identifier: UInt32 = 0
    @Compact var nextAtNode: Slot<Subscription>? = nil
    @Compact var previousAtNode: Slot<Subscription>? = nil
    @Compact var nextOfSession: Slot<Subscription>? = nil
    @Compact var previousOfSession: Slot<Subscription>? = nil
    var flags: SubscriberFlags

    init(node: Slot<Node>, session: Slot<Session>, flags: SubscriberFlags) {
      self.node = node
      owner = session.number
      self.flags = flags
    }

    init(node: Slot<Node>, standsFor group: Slot<SharedGroup>) {
      self.node = node
      owner = group.number
      flags = .sharedGroup
    }

    @inline(__always) var subscriber: Subscriber {
      flags.contains(.sharedGroup) ? .group(Slot(owner)) : .session(Slot(owner))
    }

    /// The session, of one that does not stand for a group.
    @inline(__always) var session: Slot<Session> {
      assert(!flags.contains(.sharedGroup), "a group is no session")
      return Slot(owner)
    }
  }
}
