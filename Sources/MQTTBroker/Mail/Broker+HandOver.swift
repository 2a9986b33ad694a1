// What a member of a shared group was given and did not use up goes to another member (4.8.2), when
// the member is gone.

import Basis
import MQTTCodec
import MQTTSession

extension Broker {
  /// Gives what a group's member was sent and did not acknowledge to another one (4.8.2), when the
  /// member is gone and its session stays.
  mutating func handOver(_ session: Slot<Session>) {
    for entry in sessions[session].sender.unfinished where entry.stage == .awaitingPuback {
      guard let delivery = entry.delivery, hasOtherMember(delivery, than: session) else { continue }
      _ = sessions[session].sender.receive(.puback, entry.packetIdentifier, reasonCode: .success)
      giveToGroup(delivery, except: session)
    }
    if sessions[session].tail?.mayHaveGroups == true && routing.subscriptions.groups.count > 0 {
      sweepTail(of: session, handsOver: true)
    }
    if sessions[session].queue.isEmpty { return }
    var kept = DeliveryQueue()
    for delivery in sessions[session].queue.all {
      if hasOtherMember(delivery, than: session) {
        giveToGroup(delivery, except: session)
      } else {
        kept.append(delivery)
        kept.byteCount += mail.byteCount(of: delivery)
      }
    }
    sessions[session].queue = kept
    sessions[session].replayCount = min(sessions[session].replayCount, UInt32(kept.count))
  }

  /// Whether a delivery came from a group that has another member that may take it over.
  func hasOtherMember(_ delivery: Slot<Delivery>, than session: Slot<Session>) -> Bool {
    guard let group = mail.deliveries[delivery].terms.group,
      routing.subscriptions.groups.contains(group)
    else {
      return false
    }
    let topic = gate.isControlled ? mail.topic(of: delivery) : []
    return hasOtherMember(of: group, than: session, topic: topic.span)
  }

  /// Whether a group has another member that is online and may take over what `session` has; only
  /// then it is taken away from there.
  func hasOtherMember(
    of group: SlotIdentifier<SharedGroup>, than session: Slot<Session>, topic: Span<UInt8>
  ) -> Bool {
    for member in routing.subscriptions.groups[group.index].members {
      let other = routing.subscriptions.subscriptions[member].session
      if other != session && sessions[other].isOnline && keepsAsSafely(other, as: session)
        && (!gate.isControlled || mayHave(other, topic))
      {
        return true
      }
    }
    return false
  }

  /// Whether what is in the store for one session would be so for another: a message that outlives
  /// a crash does not go to a session that does not.
  func keepsAsSafely(_ other: Slot<Session>, as session: Slot<Session>) -> Bool {
    sessions[session].record == 0 || sessions[other].record != 0
  }

  /// Gives a kept delivery to another member of its group, or drops it when there is none.
  mutating func giveToGroup(_ delivery: Slot<Delivery>, except session: Slot<Session>?) {
    recordEnd(of: delivery)
    let topic = gate.isControlled ? mail.topic(of: delivery) : []
    guard let group = mail.deliveries[delivery].terms.group,
      routing.subscriptions.groups.contains(group),
      let member = chooseMember(of: group.index, topic: topic.span, except: session)
    else { return dropDelivery(delivery) }
    let subscription = routing.subscriptions.subscriptions[member]
    let message = mail.deliveries[delivery].message
    let qos = min(mail.messages[message].qos, subscription.flags.qos)
    if qos == .atMostOnce && !sessions[subscription.session].isOnline && !configuration.queuesQoS0 {
      return dropDelivery(delivery)
    }
    if !hasRoom(subscription.session, bytes: mail.messages[message].bytes.count) {
      return dropDelivery(delivery)
    }
    mail.deliveries[delivery].terms.qos = qos
    mail.deliveries[delivery].terms.isRetained =
      mail.messages[message].isRetained && subscription.flags.contains(.retainAsPublished)
    mail.deliveries[delivery].terms.subscriptionIdentifiers =
      subscription.identifier == 0 ? [] : [subscription.identifier]
    enqueue(delivery, for: subscription.session)
    pump(subscription.session)
  }
}
