// SUBSCRIBE and SUBACK (3.8, 3.9).

/// When retained messages are sent at subscribe time (3.8.3.1).
package enum RetainHandling: UInt8, Sendable, CaseIterable {
  case always = 0
  case ifNew = 1
  case never = 2
}

/// The subscription options byte (3.8.3.1); before 5.0 only `qos` exists.
package struct SubscriptionOptions: Equatable, Sendable {
  package var qos: QoS
  package var noLocal: Bool
  package var retainAsPublished: Bool
  package var retainHandling: RetainHandling

  /// What 3.1.1 means by a subscription at `qos`.
  package init(
    qos: QoS = .atMostOnce, noLocal: Bool = false, retainAsPublished: Bool = false,
    retainHandling: RetainHandling = .always
  ) {
    self.qos = qos
    self.noLocal = noLocal
    self.retainAsPublished = retainAsPublished
    self.retainHandling = retainHandling
  }
}

/// A filter and how it is to be served.
package struct Subscription: Equatable, Sendable {
  package var filter: String
  package var options: SubscriptionOptions

  /// Joins filter and options.
  package init(filter: String, options: SubscriptionOptions = SubscriptionOptions()) {
    self.filter = filter
    self.options = options
  }
}

/// The SUBSCRIBE packet (3.8); at least one subscription. [MQTT-3.8.3-2]
package struct Subscribe: Equatable, Sendable {
  package var packetIdentifier: PacketIdentifier
  package var subscriptions: [Subscription]
  package var properties: Properties

  /// Joins the parts.
  package init(
    packetIdentifier: PacketIdentifier, subscriptions: [Subscription],
    properties: Properties = Properties()
  ) {
    self.packetIdentifier = packetIdentifier
    self.subscriptions = subscriptions
    self.properties = properties
  }
}

/// The SUBACK packet (3.9): one reason code a subscription, in order.
package struct Suback: Equatable, Sendable {
  package var packetIdentifier: PacketIdentifier
  /// Before 5.0 every failure is 0x80 on the wire. [MQTT-3.9.3-2]
  package var reasonCodes: [ReasonCode]
  package var properties: Properties

  /// Joins the parts.
  package init(
    packetIdentifier: PacketIdentifier, reasonCodes: [ReasonCode],
    properties: Properties = Properties()
  ) {
    self.packetIdentifier = packetIdentifier
    self.reasonCodes = reasonCodes
    self.properties = properties
  }
}
