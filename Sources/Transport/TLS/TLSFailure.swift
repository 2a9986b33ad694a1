// Why TLS did not come about. OpenSSL answers a failure with a number from one of its libraries;
// a user needs to know which check failed, what was found, what was expected and what to do. So
// each failure here is a case that carries the facts, and TLSFailure+Description.swift makes one
// paragraph of them. The facts stay comparable: a caller may ask for a key's password again, or
// count refusals by kind, without reading text.

/// A failure of TLS, with everything needed to explain it.
package struct TLSFailure: Error, Sendable, Equatable {
  /// Who is at the other end, as far as it is known.
  package enum Peer: Sendable, Equatable {
    /// There is none: a setting or a file is at fault.
    case nobody
    /// We are the client; the server goes by this name, with its address and port.
    case server(String)
    /// We are the server; the client's address and port.
    case client(String)
  }

  /// What a file was wanted for.
  package enum FileRole: Sendable, Equatable {
    case certificate, key, authorities, authorityDirectory, revocations, keyLog, localAuthority
  }

  /// The check that failed.
  package enum Check: Sendable, Equatable {
    /// A system call on a file failed; `reason` is the system's text.
    case fileUnusable(FileRole, path: String, reason: String)
    /// A file was read and holds something else.
    case fileInvalid(FileRole, path: String, reason: String)
    /// A key is encrypted and the password is missing or wrong.
    case keyPassword(path: String, isMissing: Bool)
    /// The key does not belong to the certificate.
    case keyMismatch(certificate: String, key: String)
    /// Only one of certificate and key was given, or neither where both are needed.
    case certificateAndKey(hasCertificate: Bool, hasKey: Bool)
    /// A setting has a value that cannot be.
    case setting(name: String, value: String, reason: String)

    /// The peer's certificate, or one it depends on, is no longer valid; `now` as in the facts.
    case certificateExpired(CertificateFacts, now: String)
    /// The peer's certificate, or one it depends on, is not valid before a later date.
    case certificateNotYetValid(CertificateFacts, now: String)
    /// No trusted authority signed the chain, listed from the peer's certificate upwards.
    case unknownIssuer(chain: [CertificateFacts])
    /// The certificate is signed by itself and is not among the trusted ones.
    case selfSigned(CertificateFacts)
    /// The certificate is for other names than the one wanted.
    case nameMismatch(wanted: String, CertificateFacts)
    /// The authority took the certificate back.
    case certificateRevoked(CertificateFacts)
    /// The revocation list of the authority that issued the certificate is missing or out of date;
    /// `reason` is OpenSSL's text.
    case revocationListUnusable(CertificateFacts, reason: String)
    /// Another check of the chain failed; `reason` is OpenSSL's text.
    case certificateRejected(reason: String, chain: [CertificateFacts])
    /// A certificate is demanded of the client and it sent none.
    case noClientCertificate

    /// The client's pre-shared key is not the one the server has for the identity.
    case wrongPreSharedKey
    /// The server answered with a certificate, which there is nothing to check against, instead of
    /// the pre-shared key that was offered.
    case preSharedKeyIgnored
    /// The client named no identity that the server has a pre-shared key for.
    case noKnownPreSharedKey

    /// The ends have no version of TLS in common.
    case noCommonVersion(reason: String)
    /// The ends have no cipher in common.
    case noCommonCipher
    /// The peer does not speak TLS but what the text says, such as `plain MQTT`.
    case notTLS(String)
    /// The peer ended the session and said why, by an alert (RFC 8446, 6).
    case alert(TLSAlert)
    /// The peer closed the connection before the handshake was complete.
    case closedDuringHandshake
    /// The connection broke; `reason` is the system's text.
    case connectionLost(reason: String)
    /// The peer broke the rules of TLS; `reason` is OpenSSL's text.
    case protocolViolation(reason: String)
    /// OpenSSL itself failed at something that has no better case.
    case library(call: String, reason: String)
  }

  /// The check that failed, with its facts.
  package let check: Check
  /// Who was at the other end.
  package let peer: Peer
  /// Whether our settings are words of a configuration file, and not of the command line.
  package var isInFile = false

  /// A failure of `check` against `peer`.
  package init(_ check: Check, peer: Peer = .nobody) {
    self.check = check
    self.peer = peer
  }

  /// A file that a system call failed on, with the current `errno`.
  static func unusable(_ role: FileRole, _ path: String) -> TLSFailure {
    TLSFailure(.fileUnusable(role, path: path, reason: systemErrorText()))
  }
}
