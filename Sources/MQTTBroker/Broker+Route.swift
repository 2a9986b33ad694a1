// From a topic to its subscribers: who wants this message, and which member of each shared group.

import Basis
import MQTTSession

extension Broker {
  /// Sends a message to all who want it; false when there was nobody.
  mutating func route(_ message: inout RoutedMessage) -> Bool {
    let topic = message.topic
    // Both only rise, so that their sum changes with either.
    let epoch = subscriptions.epoch &+ access.epoch
    var line = cache.findAgain(topic, epoch: epoch)
    let hash =
      if let line { cache.lines[line].hash } else { Basis.hash(topic, seed: topicSeed) }
    if line == nil { line = cache.find(topic, hash: hash, epoch: epoch) }
    if line == nil {
      if !ahead.take(topic, hash: hash, epoch: subscriptions.epoch, into: &match) {
        subscriptions.match(topic, into: &match, marks: &marks)
      }
      if isControlled { restrictMatch(topic, hash) }
      if cache.isWorthKeeping(hash: hash) { cache.keep(topic, hash: hash, epoch: epoch, match) }
    }
    // The list that is walked is lent out and given back: a copy would cost a retain and a release,
    // and these wait until all that was written before has left the processor.
    var targets: [Target] = []
    exchange(&targets, line)
    message.isShared = targets.count >= SharedOutput.worthwhileCount
    for position in targets.indices {
      let target = targets[position]
      // [MQTT-3.8.3-3]
      if target.flags.contains(.noLocal) && target.session == message.terms.publisher { continue }
      var identifiers: [UInt32] = []
      if target.identifiers != 0 {
        identifiers =
          if let line {
            cache.lines[line].match.identifiers(of: target)
          } else { match.identifiers(of: target) }
      }
      deliver(&message, to: target, identifiers)
    }
    let isWanted = !targets.isEmpty
    message.isShared = false
    exchange(&targets, line)
    let hasNoGroups =
      if let line { cache.lines[line].match.groups.isEmpty } else { match.groups.isEmpty }
    if hasNoGroups { return isWanted }
    let groups = if let line { cache.lines[line].match.groups } else { match.groups }
    for position in groups.indices {
      let group = groups[position]
      if isControlled { authorizeMembers(of: group, topic, hash) }
      guard let member = chooseMember(of: group, topic: topic) else { continue }
      let subscription = subscriptions.subscriptions[member]
      let target = Target(
        session: subscription.session, identifiers: subscription.identifier,
        flags: subscription.flags)
      deliver(
        &message, to: target, subscription.identifier == 0 ? [] : [subscription.identifier],
        group: subscriptions.groups.identifier(at: group))
    }
    return true
  }

  /// Swaps the targets of the match at hand, remembered in `line` or not.
  @inline(__always) private mutating func exchange(
    _ targets: inout [Target], _ line: Slot<MatchCache.Line>?
  ) {
    if let line {
      cache.exchange(&targets, of: line)
    } else {
      swap(&targets, &match.targets)
    }
  }

  /// The member of a group whose turn it is (4.8.2): the next one that is online and has room, or
  /// else the next one that is online, or else the next one.
  ///
  /// Members that may not have the topic are passed over.
  mutating func chooseMember(
    of group: Slot<SharedGroup>, topic: Span<UInt8>, except session: Slot<Session>? = nil
  ) -> Slot<SubscriptionTree.Subscription>? {
    guard let offset = memberAhead(of: group, topic: topic, except: session) else { return nil }
    return subscriptions.takeTurn(of: group, ahead: offset)
  }

  /// How far ahead that member is.
  func memberAhead(
    of group: Slot<SharedGroup>, topic: Span<UInt8>, except session: Slot<Session>? = nil
  ) -> Int? {
    var free: Int?
    var online: Int?
    var any: Int?
    for offset in 0..<subscriptions.groups[group].members.count {
      let member = subscriptions.member(of: group, ahead: offset)
      let candidate = subscriptions.subscriptions[member].session
      if candidate == session || (isControlled && !mayHave(candidate, topic)) { continue }
      if let session, !keepsAsSafely(candidate, as: session) { continue }
      if sessions[candidate].isOnline {
        if sessions[candidate].nothingWaits && hasWindow(candidate) {
          free = offset
          break
        }
        if online == nil { online = offset }
      }
      if any == nil { any = offset }
    }
    return free ?? online ?? any
  }
}
