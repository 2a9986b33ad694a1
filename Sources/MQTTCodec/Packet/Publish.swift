// PUBLISH (3.3): an application message on its way, in two forms. ``Publish`` owns its parts and
// serves clients and tests; ``PublishView`` is a set of offsets into the bytes that were read and
// costs no heap allocation.

/// The PUBLISH packet (3.3) as a value.
package struct Publish: Equatable, Sendable {
  package var topic: String
  package var payload: [UInt8]
  package var qos: QoS
  package var isRetained: Bool
  package var isDuplicate: Bool
  /// Present exactly when `qos` is above 0. [MQTT-2.2.1-2]
  package var packetIdentifier: PacketIdentifier?
  package var properties: Properties

  /// A message; flags are off unless they are given.
  package init(
    topic: String, payload: [UInt8], qos: QoS = .atMostOnce, isRetained: Bool = false,
    isDuplicate: Bool = false, packetIdentifier: PacketIdentifier? = nil,
    properties: Properties = Properties()
  ) {
    self.topic = topic
    self.payload = payload
    self.qos = qos
    self.isRetained = isRetained
    self.isDuplicate = isDuplicate
    self.packetIdentifier = packetIdentifier
    self.properties = properties
  }
}

/// A PUBLISH as offsets into the bytes that held it; valid as long as those bytes stay put.
///
/// All ranges count from the packet's first byte.
package struct PublishView: Equatable, Sendable {
  package var qos: QoS
  package var isRetained: Bool
  package var isDuplicate: Bool
  /// Zero exactly when `qos` is 0.
  package var packetIdentifier: UInt16
  /// The topic name, valid UTF-8 without wildcards; empty when a topic alias stands for it.
  package var topic: Range<Int>
  /// The properties without their length; empty before 5.0.
  package var properties: Range<Int>
  package var payload: Range<Int>
  /// Topic Alias (3.3.2.3.4); zero when absent (zero on the wire is an error).
  package var topicAlias: UInt16
  /// Message Expiry Interval (3.3.2.3.3).
  package var messageExpiryIntervalSeconds: UInt32?
  /// Whether `properties` holds something that goes on to subscribers unaltered: anything but
  /// Topic Alias, Message Expiry Interval and Subscription Identifier.
  package var hasForwardedProperties: Bool

  /// Joins the parts.
  @inlinable package init(
    qos: QoS, isRetained: Bool, isDuplicate: Bool, packetIdentifier: UInt16, topic: Range<Int>,
    properties: Range<Int>, payload: Range<Int>, topicAlias: UInt16,
    messageExpiryIntervalSeconds: UInt32?, hasForwardedProperties: Bool
  ) {
    self.qos = qos
    self.isRetained = isRetained
    self.isDuplicate = isDuplicate
    self.packetIdentifier = packetIdentifier
    self.topic = topic
    self.properties = properties
    self.payload = payload
    self.topicAlias = topicAlias
    self.messageExpiryIntervalSeconds = messageExpiryIntervalSeconds
    self.hasForwardedProperties = hasForwardedProperties
  }
}
