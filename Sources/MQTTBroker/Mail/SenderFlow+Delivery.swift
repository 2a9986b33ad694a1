// The flows of MQTTSession know their messages by numbers of their owners. Here these are the slots of
// deliveries, and a message that is not kept once it was sent has none.

import Basis
import MQTTCodec
import MQTTSession

extension Slot where Element == Delivery {
  /// What stands for no delivery in a flow.
  fileprivate static var unkept: MessageIndex { .max }

  /// The delivery that a flow has a number for; nil when it was not kept.
  @inline(__always) init?(inFlow index: MessageIndex) {
    if index == Self.unkept { return nil }
    self.init(index)
  }
}

extension SenderFlow {
  /// Starts a handshake for a delivery, or for a message that is not kept.
  @inline(__always) mutating func send(_ delivery: Slot<Delivery>?, qos: QoS) -> PacketIdentifier {
    send(delivery?.number ?? Slot<Delivery>.unkept, qos: qos)
  }
}

extension SenderFlow.Entry {
  /// The delivery under way; nil when it was not kept.
  @inline(__always) var delivery: Slot<Delivery>? { Slot(inFlow: message) }
}
