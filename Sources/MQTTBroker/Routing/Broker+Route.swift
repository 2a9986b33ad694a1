// From a topic to its subscribers: who wants this message, and which member of each shared group.

import Basis
import MQTTSession

extension Broker {
  /// Sends a message to all who want it; false when there was nobody.
  mutating func route(_ message: inout RoutedMessage) -> Bool {
    let plan = plan(for: message.topic)
    return perform(plan, &message)
  }

  /// Finds out who wants the messages of a topic, and may have them.
  @inline(__always) mutating func plan(for topic: Span<UInt8>) -> RoutePlan {
    // Both only rise, so that their sum changes with either.
    let epoch = routing.subscriptions.epoch &+ gate.access.epoch
    var line = routing.cache.findAgain(topic, epoch: epoch)
    let hash = if let line { routing.cache.lines[line].hash } else { routing.hash(topic) }
    if line == nil { line = routing.cache.find(topic, hash: hash, epoch: epoch) }
    if line == nil {
      routing.makeMatch(topic, hash: hash)
      if gate.isControlled { restrictMatch(topic, hash) }
      routing.rememberMatch(topic, hash: hash, epoch: epoch)
    }
    return RoutePlan(line: line, hash: hash)
  }

  /// Whether carrying out a plan would have something recorded.
  func mustRecord(_ plan: RoutePlan, _ terms: PublicationTerms, topic: Span<UInt8>) -> Bool {
    for target in routing.targets(plan.line)
    where isRecorded(target.session, qos(of: terms, for: target.flags))
      && !(target.flags.contains(.noLocal) && target.session == terms.publisher)
    {
      return true
    }
    for group in routing.groups(plan.line) {
      guard let offset = memberAhead(of: group, topic: topic) else { continue }
      let slot = routing.subscriptions.member(of: group, ahead: offset)
      let member = routing.subscriptions.subscriptions[slot]
      if isRecorded(member.session, qos(of: terms, for: member.flags)) { return true }
    }
    return false
  }

  /// Carries out a plan.
  @inline(__always) private mutating func perform(
    _ plan: RoutePlan, _ message: inout RoutedMessage
  ) -> Bool {
    let topic = message.topic
    let line = plan.line
    // The list that is walked is lent out and given back: a copy would cost a retain and a release,
    // and these wait until all that was written before has left the processor.
    var targets: [Target] = []
    routing.exchange(&targets, line)
    message.isShared = targets.count >= SharedOutput.worthwhileCount
    for position in targets.indices {
      let target = targets[position]
      // [MQTT-3.8.3-3]
      if target.flags.contains(.noLocal) && target.session == message.terms.publisher { continue }
      deliver(&message, to: target, routing.identifiers(of: target, line))
    }
    let isWanted = !targets.isEmpty
    message.isShared = false
    routing.exchange(&targets, line)
    if !routing.hasGroups(line) { return isWanted }
    let groups = routing.groups(line)
    for position in groups.indices {
      let group = groups[position]
      if gate.isControlled { authorizeMembers(of: group, topic, plan.hash) }
      guard let member = chooseMember(of: group, topic: topic) else { continue }
      let subscription = routing.subscriptions.subscriptions[member]
      let target = Target(
        session: subscription.session, identifiers: subscription.identifier,
        flags: subscription.flags)
      deliver(
        &message, to: target, subscription.identifier == 0 ? [] : [subscription.identifier],
        group: routing.subscriptions.groups.identifier(at: group))
    }
    return true
  }

  /// The member of a group whose turn it is (4.8.2): the next one that is online and has room, or
  /// else the next one that is online, or else the next one.
  ///
  /// Members that may not have the topic are passed over.
  mutating func chooseMember(
    of group: Slot<SharedGroup>, topic: Span<UInt8>, except session: Slot<Session>? = nil
  ) -> Slot<SubscriptionTree.Subscription>? {
    guard let offset = memberAhead(of: group, topic: topic, except: session) else { return nil }
    return routing.subscriptions.takeTurn(of: group, ahead: offset)
  }

  /// How far ahead that member is.
  func memberAhead(
    of group: Slot<SharedGroup>, topic: Span<UInt8>, except session: Slot<Session>? = nil
  ) -> Int? {
    var free: Int?
    var online: Int?
    var any: Int?
    for offset in 0..<routing.subscriptions.groups[group].members.count {
      let member = routing.subscriptions.member(of: group, ahead: offset)
      let candidate = routing.subscriptions.subscriptions[member].session
      if candidate == session || (gate.isControlled && !mayHave(candidate, topic)) { continue }
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
