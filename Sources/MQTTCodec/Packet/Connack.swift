// CONNACK (3.2): the server's answer to CONNECT.

/// The CONNACK packet (3.2).
///
/// The return codes of 3.1.1 are held as the reason codes of 5.0 that mean the same: 1 is 0x84,
/// 2 is 0x85, 3 is 0x88, 4 is 0x86, 5 is 0x87.
package struct Connack: Equatable, Sendable {
  package var isSessionPresent: Bool
  package var reasonCode: ReasonCode
  package var properties: Properties

  /// An answer; properties are left out before 5.0.
  package init(
    isSessionPresent: Bool = false, reasonCode: ReasonCode = .success,
    properties: Properties = Properties()
  ) {
    self.isSessionPresent = isSessionPresent
    self.reasonCode = reasonCode
    self.properties = properties
  }
}
