// The longer texts of TLSFailure+Description.swift: those that weigh the facts before they advise.

extension TLSFailure {
  func keyPasswordText(_ path: String, isMissing: Bool) -> String {
    isMissing
      ? "TLS: the key file \(path) is encrypted and no password was given. Give its password, or "
        + "store the key without one: openssl pkey -in \(path) -out plain.key"
      : "TLS: the key file \(path) cannot be decrypted: the password is wrong."
  }

  func certificateAndKeyText(hasCertificate: Bool, hasKey: Bool) -> String {
    if hasCertificate == hasKey {
      return "TLS: a server needs a certificate and its key: give --cert and --key, or neither "
        + "to have both made by the local authority."
    }
    let (given, missing) = hasCertificate ? ("--cert", "--key") : ("--key", "--cert")
    return "TLS: \(given) was given without \(missing): a certificate and its key go together."
  }

  func expiredText(_ facts: CertificateFacts, now: String) -> String {
    "TLS: the certificate of \(subject) has expired: \(facts.summary) was valid until "
      + "\(facts.notAfter), and it is \(now) now. The \(peerRole) needs a new certificate"
      + (isServer ? "; --insecure connects without checking it." : ".")
  }

  func notYetValidText(_ facts: CertificateFacts, now: String) -> String {
    "TLS: the certificate of \(subject) is not valid yet: \(facts.summary) is valid from "
      + "\(facts.notBefore), and it is \(now) now. Check the clocks of both hosts."
  }

  func unknownIssuerText(_ chain: [CertificateFacts], authorities: String) -> String {
    let issuer = chain.last?.issuer ?? "nobody"
    let remedy =
      isServer
      ? "Give that authority's certificate with --cafile (or --capath); --insecure connects "
        + "without checking anything."
      : "Put that authority's certificate into the file that \(authorities) names, or give the client "
        + "a certificate of an authority in it."
    return "TLS: the certificate of \(subject) was issued by an authority that is not trusted "
      + "here: \(listed(chain)). Nothing trusted is named \(issuer), or it did not sign this. \(remedy)"
  }

  func selfSignedText(_ facts: CertificateFacts, authorities: String) -> String {
    let remedy =
      isServer
      ? "If it is the right one, get its file from the server and give it with --cafile; "
        + "--insecure connects without checking anything."
      : "To accept it, put it into the file that \(authorities) names."
    return "TLS: the certificate of \(subject) is signed by itself and not among the trusted "
      + "ones: \(facts.summary). \(remedy)"
  }

  func nameMismatchText(wanted: String, _ facts: CertificateFacts) -> String {
    let names = facts.names.isEmpty ? "no name" : facts.names.joined(separator: ", ")
    return "TLS: the certificate of \(subject) is for other names: wanted is \(wanted), offered "
      + "are: \(names) (\(facts.summary)). Connect with one of these names (-h), or have a "
      + "certificate made that carries \(wanted); --insecure connects without checking it."
  }

  func noCommonVersionText(_ reason: String, option: String) -> String {
    "TLS: \(subject) and this \(ownRole) have no version of TLS in common (\(reason)). This "
      + "\(ownRole) speaks TLS 1.2 and 1.3 as far as \(option) lets it: name a lower \(option), "
      + "or bring the \(peerRole) up to date."
  }

  func notTLSText(_ found: String) -> String {
    if isServer {
      return "TLS: \(subject) does not speak TLS on this port: it answered with \(found). Use the "
        + "server's TLS port (8883 by custom), or connect without --tls, --cafile and the like."
    }
    return "TLS: \(subject) does not speak TLS: it sent \(found) to a TLS port. Start the client "
      + "with TLS (--tls or --cafile), or let it use a plain port (1883 by custom)."
  }

  var closedText: String {
    if isServer {
      return "TLS: \(subject) closed the connection during the handshake without saying why. A "
        + "port for plain MQTT (1883 by custom) does that; TLS is usually on 8883. The server's "
        + "log may tell more."
    }
    return "TLS: \(subject) closed the connection during the handshake without saying why. A "
      + "client that does not trust this server's certificate may do that: give it the "
      + "authority's file (--cafile). So does a port scan."
  }

  /// What an alert of the peer means for our side.
  func advice(on alert: TLSAlert) -> String {
    isServer ? serverAdvice(on: alert) : clientAdvice(on: alert)
  }

  private func serverAdvice(on alert: TLSAlert) -> String {
    switch alert {
    case .certificateRequired:
      "it demands a certificate from the client. Give one with --cert and --key."
    case .handshakeFailure:
      "it accepts nothing that was offered. It may demand a client's certificate (--cert and "
        + "--key), other ciphers (--ciphers) or a pre-shared key (--psk and --psk-identity)."
    case .protocolVersion:
      "it does not speak the versions of TLS that were offered. Try another --tls-version."
    case .unknownAuthority:
      "it does not know the authority that issued this client's certificate, or has no revocation "
        + "list (CRL) of that authority. Use a certificate (--cert) of an authority the server "
        + "trusts; if this is one, the server needs that list."
    case .certificateExpired:
      "by the server's clock this client's certificate (--cert) has expired, or else the server's "
        + "revocation list (CRL), which has to be renewed there."
    case .certificateRevoked:
      "the authority has revoked this client's certificate (--cert) by the server's revocation list "
        + "(CRL). Have a new certificate issued and give it with --cert and --key."
    case .badCertificate, .certificateUnknown, .unsupportedCertificate:
      "it does not accept this client's certificate (--cert); its log tells why."
    case .unknownPSKIdentity:
      "it does not know the identity given with --psk-identity."
    case .decryptError, .badRecordMAC, .illegalParameter:
      "what this client sent did not fit its key; with a pre-shared key: --psk is not the key "
        + "the server has for this --psk-identity."
    case .noApplicationProtocol:
      "it knows none of the protocols named with --tls-alpn."
    default:
      "the server's log may tell more."
    }
  }

  private func clientAdvice(on alert: TLSAlert) -> String {
    switch alert {
    case .unknownAuthority, .certificateUnknown, .badCertificate:
      "it does not accept this server's certificate. The client needs the authority's file "
        + "(--cafile), and must connect by a name or address that the certificate carries."
    case .certificateRevoked:
      "by the client's revocation list (CRL) this server's certificate has been revoked. Have a new "
        + "one issued by the authority."
    case .certificateExpired:
      "this server's certificate has expired by the client's clock."
    case .handshakeFailure, .protocolVersion:
      "it accepts no version or cipher that this server offers."
    case .decryptError, .badRecordMAC, .illegalParameter, .unknownPSKIdentity:
      "its pre-shared key or its certificate's key does not fit."
    default:
      "its own log may tell more."
    }
  }

  /// Whether the server is at the other end.
  private var isServer: Bool {
    switch peer {
    case .server: true
    case .client, .nobody: false
    }
  }

  /// A chain in one line, from the peer's certificate upwards.
  func listed(_ chain: [CertificateFacts]) -> String {
    if chain.isEmpty { return "no certificate at all" }
    return chain.map(\.summary).joined(separator: " <- ")
  }
}
