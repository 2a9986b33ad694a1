// PUBACK, PUBREC, PUBREL and PUBCOMP (3.4 to 3.7): four packets of one shape. Which of the four
// it is stands in the `Packet` case, not here.

/// The body that the four acknowledgements share.
package struct Acknowledgement: Equatable, Sendable {
  package var packetIdentifier: PacketIdentifier
  /// ``ReasonCode/success`` when it was left out, and always before 5.0.
  package var reasonCode: ReasonCode
  package var properties: Properties

  /// An acknowledgement of success unless said otherwise.
  package init(
    packetIdentifier: PacketIdentifier, reasonCode: ReasonCode = .success,
    properties: Properties = Properties()
  ) {
    self.packetIdentifier = packetIdentifier
    self.reasonCode = reasonCode
    self.properties = properties
  }
}

/// An acknowledgement without its properties; decoding it allocates nothing.
package struct AcknowledgementView: Equatable, Sendable {
  package var packetIdentifier: PacketIdentifier
  package var reasonCode: ReasonCode

  /// Joins the parts.
  @inlinable package init(packetIdentifier: PacketIdentifier, reasonCode: ReasonCode) {
    self.packetIdentifier = packetIdentifier
    self.reasonCode = reasonCode
  }
}
