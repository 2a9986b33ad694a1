// DISCONNECT (3.14): the last packet of a connection; from the server only in 5.0.

/// The DISCONNECT packet (3.14).
package struct Disconnect: Equatable, Sendable {
  package var reasonCode: ReasonCode
  package var properties: Properties

  /// A normal disconnection unless said otherwise.
  package init(
    reasonCode: ReasonCode = .normalDisconnection, properties: Properties = Properties()
  ) {
    self.reasonCode = reasonCode
    self.properties = properties
  }
}
