// The words of a failure: what was found, what was expected, what to do. One paragraph each, made
// to be read in a terminal by someone who has never seen OpenSSL's error codes. Flags are named as
// `mqtt` spells them on the side that is at fault. Longer texts stand in TLSFailure+Advice.swift.

extension TLSFailure {
  /// The same as ``description``, where the setting is a word of a configuration file.
  package var descriptionForFile: String { text(isInFile: true) }

  /// The setting of a configuration file and its value that this is about.
  package var setting: (word: String, value: String)? {
    switch check {
    case .fileUnusable(let role, let path, _), .fileInvalid(let role, let path, _):
      (role.option(isInFile: true), path)
    case .keyPassword(let path, _): (FileRole.key.option(isInFile: true), path)
    case .keyMismatch(_, let key): (FileRole.key.option(isInFile: true), key)
    default: nil
    }
  }
}

extension TLSFailure: CustomStringConvertible {
  /// One paragraph: what failed, on what, and what to do about it.
  package var description: String { text(isInFile: isInFile) }

  private func text(isInFile: Bool) -> String {
    switch check {
    case .fileUnusable(let role, let path, let reason):
      "TLS: the \(role.words) \(path) cannot be used: \(reason). \(role.advice(isInFile: isInFile))"
    case .fileInvalid(let role, let path, let reason):
      "TLS: the \(role.words) \(path) is of no use: \(reason). \(role.advice(isInFile: isInFile))"
    case .keyPassword(let path, let isMissing):
      keyPasswordText(path, isMissing: isMissing)
    case .keyMismatch(let certificate, let key):
      "TLS: the key in \(key) does not belong to the certificate in \(certificate). Both must "
        + "come from the same request; in a file with a chain the own certificate stands first."
    case .certificateAndKey(let hasCertificate, let hasKey):
      certificateAndKeyText(hasCertificate: hasCertificate, hasKey: hasKey)
    case .setting(let name, let value, let reason):
      "TLS: \(name) \"\(value)\" cannot be: \(reason)."
    case .certificateExpired(let facts, let now):
      expiredText(facts, now: now)
    case .certificateNotYetValid(let facts, let now):
      notYetValidText(facts, now: now)
    case .unknownIssuer(let chain):
      unknownIssuerText(chain, authorities: FileRole.authorities.option(isInFile: isInFile))
    case .selfSigned(let facts):
      selfSignedText(facts, authorities: FileRole.authorities.option(isInFile: isInFile))
    case .nameMismatch(let wanted, let facts):
      nameMismatchText(wanted: wanted, facts)
    case .certificateRevoked(let facts):
      "TLS: the certificate of \(subject) was revoked by its authority: \(facts.summary). The "
        + "\(peerRole) needs a new one."
    case .revocationListUnusable(let facts, let reason):
      "TLS: whether the certificate of \(subject) was revoked cannot be told: \(facts.summary). There "
        + "is no valid revocation list of \(facts.issuer) here (\(reason)): put a current one into "
        + "the file of \(FileRole.revocations.option(isInFile: isInFile))."
    case .certificateRejected(let reason, let chain):
      "TLS: the certificate of \(subject) was rejected: \(reason). Its chain: \(listed(chain))."
    case .noClientCertificate:
      "TLS: \(subject) sent no certificate, and this server demands one. Start the client with "
        + "--cert and --key, with a certificate signed by an authority in the server's "
        + "\(FileRole.authorities.option(isInFile: isInFile))."
    case .wrongPreSharedKey:
      "TLS: the pre-shared key of \(subject) is not the one this server has for its identity. Compare "
        + "the client's --psk with the server's entry for its --psk-identity."
    case .preSharedKeyIgnored:
      "TLS: \(subject) answered with a certificate and not with the key of --psk: it takes no "
        + "pre-shared keys, or does not know this --psk-identity. To accept certificates as well, "
        + "name their authority with --cafile."
    case .noKnownPreSharedKey:
      "TLS: \(subject) named no identity that this server has a pre-shared key for. Start the "
        + "client with --psk-identity and --psk as the server's file of keys has them."
    case .noCommonVersion(let reason):
      noCommonVersionText(reason, option: isInFile ? "tls_version" : "--tls-version")
    case .noCommonCipher:
      "TLS: \(subject) and this \(ownRole) have no cipher in common. Leave "
        + "\(isInFile ? "ciphers" : "--ciphers") away, or "
        + "name one that both have (`openssl ciphers -v` lists them); where one side has only "
        + "pre-shared keys the other needs --psk and --psk-identity."
    case .notTLS(let found):
      notTLSText(found)
    case .alert(let alert):
      "TLS: \(subject) ended the session with the alert \(alert.name) (\(alert.number)): "
        + advice(on: alert)
    case .closedDuringHandshake:
      closedText
    case .connectionLost(let reason):
      "TLS: the connection to \(subject) was lost: \(reason)."
    case .protocolViolation(let reason):
      "TLS: \(subject) broke the rules of TLS: \(reason)."
    case .library(let call, let reason):
      "TLS: OpenSSL's \(call) failed: \(reason)."
    }
  }

  /// The peer as the subject of a sentence.
  var subject: String {
    switch peer {
    case .nobody: "the peer"
    case .server(let name): name.isEmpty ? "the server" : "the server \(name)"
    case .client(let name): name.isEmpty ? "the client" : "the client \(name)"
    }
  }

  /// What the peer is.
  var peerRole: String {
    switch peer {
    case .nobody: "peer"
    case .server: "server"
    case .client: "client"
    }
  }

  /// What we are.
  var ownRole: String {
    switch peer {
    case .nobody: "side"
    case .server: "client"
    case .client: "server"
    }
  }
}

extension TLSFailure.FileRole {
  /// The role as a noun with what it is.
  var words: String {
    switch self {
    case .certificate: "certificate file"
    case .key: "key file"
    case .authorities: "authority file"
    case .authorityDirectory: "authority directory"
    case .revocations: "revocation list"
    case .keyLog: "key log"
    case .localAuthority: "local authority's"
    }
  }

  /// What names the file: a flag, or a word of mosquitto.conf.
  func option(isInFile: Bool) -> String {
    switch self {
    case .certificate: isInFile ? "certfile" : "--cert"
    case .key: isInFile ? "keyfile" : "--key"
    case .authorities: isInFile ? "cafile" : "--cafile"
    case .authorityDirectory: isInFile ? "capath" : "--capath"
    case .revocations: isInFile ? "crlfile" : "--crl"
    case .keyLog, .localAuthority: "--tls-keylog"
    }
  }

  /// What belongs into the file.
  func advice(isInFile: Bool) -> String {
    let option = option(isInFile: isInFile)
    return switch self {
    case .certificate:
      "\(option) takes a PEM file with the own certificate, followed by its intermediates."
    case .key:
      "\(option) takes a PEM file with the private key, readable by the user this program runs as."
    case .authorities:
      "\(option) takes a PEM file with the certificates of the authorities to trust."
    case .authorityDirectory:
      "\(option) takes a directory of such files after `openssl rehash`."
    case .revocations:
      "A revocation list is a PEM file that the authority signed, such as `openssl ca -gencrl` "
        + "makes."
    case .keyLog:
      "\(option) and SSLKEYLOGFILE take a file that this user may write."
    case .localAuthority:
      "Remove the directory's files to have a new authority made, or give --cert and --key."
    }
  }
}
