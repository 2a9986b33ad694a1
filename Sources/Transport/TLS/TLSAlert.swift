// The alerts of TLS: the only words the peer says about a failure of its own (RFC 8446, 6; RFC
// 5246, 7.2; RFC 4279 and RFC 7301 for single ones). The table gives each its name in the RFC.

/// An alert that ended a session.
package struct TLSAlert: Sendable, Equatable {
  /// The number on the wire.
  package let number: Int

  /// The alert with this number.
  package init(number: Int) {
    self.number = number
  }

  static let badRecordMAC = TLSAlert(number: 20)
  static let handshakeFailure = TLSAlert(number: 40)
  static let badCertificate = TLSAlert(number: 42)
  static let unsupportedCertificate = TLSAlert(number: 43)
  static let certificateRevoked = TLSAlert(number: 44)
  static let certificateExpired = TLSAlert(number: 45)
  static let certificateUnknown = TLSAlert(number: 46)
  static let illegalParameter = TLSAlert(number: 47)
  static let unknownAuthority = TLSAlert(number: 48)
  static let decryptError = TLSAlert(number: 51)
  static let protocolVersion = TLSAlert(number: 70)
  static let unknownPSKIdentity = TLSAlert(number: 115)
  static let certificateRequired = TLSAlert(number: 116)
  static let noApplicationProtocol = TLSAlert(number: 120)

  /// The name the RFCs give the alert.
  package var name: String {
    Self.names[number] ?? "alert \(number)"
  }

  private static let names: [Int: String] = [
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed",
    22: "record_overflow", 30: "decompression_failure", 40: "handshake_failure",
    41: "no_certificate", 42: "bad_certificate", 43: "unsupported_certificate",
    44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
    47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error",
    51: "decrypt_error", 60: "export_restriction", 70: "protocol_version",
    71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback",
    90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
    110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
    113: "bad_certificate_status_response", 114: "bad_certificate_hash_value",
    115: "unknown_psk_identity", 116: "certificate_required", 120: "no_application_protocol",
  ]
}
