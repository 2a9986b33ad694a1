// UNSUBSCRIBE and UNSUBACK (3.10, 3.11).

/// The UNSUBSCRIBE packet (3.10); at least one filter. [MQTT-3.10.3-2]
package struct Unsubscribe: Equatable, Sendable {
  package var packetIdentifier: PacketIdentifier
  package var filters: [String]
  package var properties: Properties

  /// Joins the parts.
  package init(
    packetIdentifier: PacketIdentifier, filters: [String], properties: Properties = Properties()
  ) {
    self.packetIdentifier = packetIdentifier
    self.filters = filters
    self.properties = properties
  }
}

/// The UNSUBACK packet (3.11); it carries reason codes only in 5.0.
package struct Unsuback: Equatable, Sendable {
  package var packetIdentifier: PacketIdentifier
  package var reasonCodes: [ReasonCode]
  package var properties: Properties

  /// Joins the parts.
  package init(
    packetIdentifier: PacketIdentifier, reasonCodes: [ReasonCode] = [],
    properties: Properties = Properties()
  ) {
    self.packetIdentifier = packetIdentifier
    self.reasonCodes = reasonCodes
    self.properties = properties
  }
}
