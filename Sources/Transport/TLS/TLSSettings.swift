// What the two ends of TLS may be told. These are plain values that a command line fills in; all
// checking happens where a TLSContext is made from them, so that every mistake is explained in one
// place. Lists of protocols, ciphers and files keep OpenSSL's syntax, as users of the common MQTT
// clients know it.

/// A version of TLS this program speaks; older ones are never offered.
package enum TLSVersion: Int32, Sendable, Comparable, CaseIterable {
  /// RFC 5246.
  case tls1_2 = 0x0303
  /// RFC 8446.
  case tls1_3 = 0x0304

  /// The version that `--tls-version` names: `tlsv1.2` or `tlsv1.3`, nil for anything else.
  ///
  /// Like the common MQTT clients, a caller takes the named version as the lowest one accepted.
  package init?(option: String) {
    switch option {
    case "tlsv1.2": self = .tls1_2
    case "tlsv1.3": self = .tls1_3
    default: return nil
    }
  }

  /// The version as `--tls-version` spells it.
  package var option: String {
    switch self {
    case .tls1_2: "tlsv1.2"
    case .tls1_3: "tlsv1.3"
    }
  }

  package static func < (left: TLSVersion, right: TLSVersion) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// How a listener speaks TLS.
package struct TLSServerSettings: Sendable {
  /// PEM file with the server's certificate, followed by its intermediates.
  ///
  /// Nil only together with a pre-shared key lookup.
  package var certificateFile: String?
  /// PEM file with the certificate's private key.
  package var keyFile: String?
  /// Password of an encrypted key file.
  package var keyPassword: String?
  /// PEM file with the authorities of clients' certificates; with it clients are asked for one.
  package var authorityFile: String?
  /// Directory with such authorities, prepared by `openssl rehash`.
  package var authorityDirectory: String?
  /// PEM file with revocation lists for clients' certificates.
  package var revocationListFile: String?
  /// Whether a client that has no certificate is turned away; a wrong one never passes.
  package var requiresClientCertificate = false
  /// Whether a client's certificate is refused before and after the time that it is for.
  package var checksClientCertificateDates = true
  /// The lowest version accepted.
  package var minimumVersion = TLSVersion.tls1_2
  /// Ciphers for TLS 1.2 in OpenSSL's syntax; nil for OpenSSL's own choice.
  package var ciphers: String?
  /// Cipher suites for TLS 1.3, separated by colons; nil for OpenSSL's own choice.
  package var ciphersuites: String?
  /// File that session secrets are appended to, beside the one that `SSLKEYLOGFILE` names.
  package var keyLogFile: String?
  /// Application protocols (RFC 7301) the server knows, preferred first; empty to ignore offers.
  package var alpn: [String] = []
  /// What clients that use a pre-shared key are told to choose their identity by.
  package var pskHint: String?
  /// Finds the key of an identity, nil when it is unknown; setting it allows pre-shared keys.
  ///
  /// Called during handshakes, on any thread.
  package var pskLookup: (@Sendable (_ identity: String) -> [UInt8]?)?
  /// Whether they are words of a configuration file, for what is said about them.
  package var isInFile = false

  /// Settings for a certificate and its key, all else as it comes.
  package init(certificateFile: String? = nil, keyFile: String? = nil) {
    self.certificateFile = certificateFile
    self.keyFile = keyFile
  }
}

/// How a client speaks TLS.
package struct TLSClientSettings: Sendable {
  /// PEM file with the authorities that may have signed the server's certificate.
  package var authorityFile: String?
  /// Directory with such authorities, prepared by `openssl rehash`.
  package var authorityDirectory: String?
  /// Whether the operating system's authorities are trusted too.
  package var usesSystemAuthorities = false
  /// Further files of authorities, such as the one of this account's own local authority.
  package var additionalAuthorityFiles: [String] = []
  /// PEM file with the client's certificate, followed by its intermediates.
  package var certificateFile: String?
  /// PEM file with the certificate's private key.
  package var keyFile: String?
  /// Password of an encrypted key file.
  package var keyPassword: String?
  /// Whether the server's certificate is not looked at at all: anyone may then be the server.
  package var isInsecure = false
  /// Whether the certificate must name the server.
  ///
  /// Without it any certificate of a trusted authority will do, which is what mosquitto's clients
  /// mean by `--insecure`.
  package var checksServerName = true
  /// The name or address the certificate must carry when a session is not given another.
  package var serverName: String?
  /// The lowest version accepted.
  package var minimumVersion = TLSVersion.tls1_2
  /// The highest version offered; nil for the highest there is.
  package var maximumVersion: TLSVersion?
  /// Ciphers for TLS 1.2 in OpenSSL's syntax; nil for OpenSSL's own choice.
  package var ciphers: String?
  /// Cipher suites for TLS 1.3, separated by colons; nil for OpenSSL's own choice.
  package var ciphersuites: String?
  /// Application protocols (RFC 7301) to offer, preferred first.
  package var alpn: [String] = []
  /// File that session secrets are appended to, beside the one that `SSLKEYLOGFILE` names.
  package var keyLogFile: String?
  /// The identity that goes with the pre-shared key.
  package var pskIdentity: String?
  /// The pre-shared key in hexadecimal digits without a leading `0x`.
  package var pskHexKey: String?

  /// Whether authorities were named on purpose, the additional ones left aside.
  var namesAuthorities: Bool {
    authorityFile != nil || authorityDirectory != nil || usesSystemAuthorities
  }

  /// Settings that trust nobody yet.
  package init() {}
}
