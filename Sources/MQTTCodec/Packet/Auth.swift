// AUTH (3.15): one step of an enhanced authentication; 5.0 only.

/// The AUTH packet (3.15).
package struct Auth: Equatable, Sendable {
  package var reasonCode: ReasonCode
  package var properties: Properties

  /// Joins the parts.
  package init(reasonCode: ReasonCode, properties: Properties = Properties()) {
    self.reasonCode = reasonCode
    self.properties = properties
  }
}
