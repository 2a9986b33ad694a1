// What a session knows of its peer: who it is, what was agreed, and, when something failed, why.

import CLinux
import COpenSSL

extension TLSSession {
  /// Version and cipher, such as `TLSv1.3 TLS_AES_256_GCM_SHA384`; empty before the handshake.
  package var summary: String {
    guard let handle, let cipher = SSL_get_current_cipher(handle) else { return "" }
    return String(cString: SSL_get_version(handle)) + " "
      + String(cString: SSL_CIPHER_get_name(cipher))
  }

  /// The common name in the peer's certificate, checked if the settings ask for a check; nil
  /// without a certificate or a common name.
  package var peerCommonName: String? {
    guard let handle, let certificate = SSL_get0_peer_certificate(handle) else { return nil }
    return CertificateFacts.commonName(of: certificate)
  }

  /// The distinguished name in the peer's certificate, nil without one.
  package var peerSubject: String? {
    peerCertificate?.subject
  }

  /// The distinguished name in the peer's certificate as RFC 2253 writes it, nil without one.
  package var peerSubjectRFC2253: String? {
    guard let handle, let certificate = SSL_get0_peer_certificate(handle) else { return nil }
    return CertificateFacts.text(of: X509_get_subject_name(certificate), isRFC2253: true)
  }

  /// The facts of the peer's certificate, nil without one.
  package var peerCertificate: CertificateFacts? {
    guard let handle, let certificate = SSL_get0_peer_certificate(handle) else { return nil }
    return CertificateFacts(certificate)
  }

  /// On a server, the identity of the pre-shared key in use; nil without one.
  package var pskIdentity: String? {
    guard let handle, SSL_is_init_finished(handle) == 1 else { return nil }
    if let identity = SSL_get_psk_identity(handle) { return String(cString: identity) }
    var start: UnsafeMutableRawPointer?
    var count = 0
    guard let session = SSL_get_session(handle),
      SSL_SESSION_get0_ticket_appdata(session, &start, &count) == 1, let start, count > 0
    else { return nil }
    return String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
  }

  /// The application protocol that was agreed on, nil without one.
  package var applicationProtocol: String? {
    guard let handle else { return nil }
    var start: UnsafePointer<UInt8>?
    var count: UInt32 = 0
    SSL_get0_alpn_selected(handle, &start, &count)
    guard let start, count > 0 else { return nil }
    return String(decoding: UnsafeBufferPointer(start: start, count: Int(count)), as: UTF8.self)
  }

  /// The peer as a failure names it; looked up only when something is to be explained.
  var peer: TLSFailure.Peer {
    let address = peerAddress() ?? ""
    if isServer { return .client(address) }
    guard let serverName else { return .server(address) }
    if address.isEmpty { return .server(serverName) }
    let isNamed = address.hasPrefix(serverName + ":") || address.hasPrefix("[\(serverName)]:")
    return .server(isNamed ? address : "\(serverName) (\(address))")
  }

  /// Address and port at the other end of the socket, nil when it has none.
  private func peerAddress() -> String? {
    var address = linux_address_empty()
    guard linux_peer_address(descriptor, &address) == 0 else { return nil }
    let found = SocketAddress(address)
    return found.port == nil ? nil : found.description
  }

  /// Says which check a failed call of OpenSSL stands for.
  func explain(_ error: OpenSSLError, on handle: OpaquePointer) -> TLSFailure {
    if let alert = error.alert { return TLSFailure(.alert(alert), peer: peer) }
    guard error.library == ERR_LIB_SSL else {
      return TLSFailure(.protocolViolation(reason: error.text), peer: peer)
    }
    switch error.reason {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return TLSFailure(verificationFailure(handle), peer: peer)
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return TLSFailure(.noClientCertificate, peer: peer)
    case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_NO_PROTOCOLS_AVAILABLE, SSL_R_VERSION_TOO_LOW,
      SSL_R_VERSION_TOO_HIGH, SSL_R_WRONG_SSL_VERSION:
      return TLSFailure(.noCommonVersion(reason: error.text), peer: peer)
    case SSL_R_PSK_IDENTITY_NOT_FOUND:
      return TLSFailure(.noKnownPreSharedKey, peer: peer)
    case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_CIPHERS_AVAILABLE, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
      // Without a certificate a pre-shared key was the only way.
      let isKeyMissing = isServer && SSL_get_certificate(handle) == nil
      return TLSFailure(isKeyMissing ? .noKnownPreSharedKey : .noCommonCipher, peer: peer)
    case SSL_R_BINDER_DOES_NOT_VERIFY:
      return TLSFailure(.wrongPreSharedKey, peer: peer)
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC
    where isServer && SSL_is_init_finished(handle) == 0 && SSL_get_psk_identity(handle) != nil:
      return TLSFailure(.wrongPreSharedKey, peer: peer)
    case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST:
      return TLSFailure(.notTLS("something that is not TLS"), peer: peer)
    default:
      return TLSFailure(.protocolViolation(reason: error.text), peer: peer)
    }
  }

  /// Which check of the peer's certificates failed.
  private func verificationFailure(_ handle: OpaquePointer) -> TLSFailure.Check {
    if context.takesPreSharedKeysOnly { return .preSharedKeyIgnored }
    let code = Int32(SSL_get_verify_result(handle))
    let chain = verifiedChain(handle)
    let reason = String(cString: X509_verify_cert_error_string(Int(code)))
    guard let leaf = chain.first.map({ CertificateFacts($0) }) else {
      return .certificateRejected(reason: reason, chain: [])
    }
    switch code {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      let expired = chain.first { X509_cmp_current_time(X509_get0_notAfter($0)) < 0 }
      return .certificateExpired(expired.map { CertificateFacts($0) } ?? leaf, now: utcNowText())
    case X509_V_ERR_CERT_NOT_YET_VALID:
      let early = chain.first { X509_cmp_current_time(X509_get0_notBefore($0)) > 0 }
      return .certificateNotYetValid(early.map { CertificateFacts($0) } ?? leaf, now: utcNowText())
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return .selfSigned(leaf)
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
      X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
      X509_V_ERR_CERT_UNTRUSTED:
      return .unknownIssuer(chain: chain.map { CertificateFacts($0) })
    case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
      return .nameMismatch(wanted: serverName ?? "", leaf)
    case X509_V_ERR_CERT_REVOKED:
      return .certificateRevoked(leaf)
    case X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_CRL_HAS_EXPIRED, X509_V_ERR_CRL_NOT_YET_VALID:
      return .revocationListUnusable(leaf, reason: reason)
    default:
      return .certificateRejected(reason: reason, chain: chain.map { CertificateFacts($0) })
    }
  }

  /// The chain as far as it was built, from the peer's certificate upwards; OpenSSL keeps it.
  private func verifiedChain(_ handle: OpaquePointer) -> [OpaquePointer] {
    let chain = SSL_get0_verified_chain(handle) ?? SSL_get_peer_cert_chain(handle)
    return (0..<COpenSSL_chain_count(chain)).compactMap { COpenSSL_chain_at(chain, $0) }
  }
}
