// Who a TLS handshake has proved the peer to be.

/// The names of a peer.
package struct TLSIdentity: Sendable, Equatable {
  /// The common name in its certificate.
  package var commonName: String?
  /// The whole subject of its certificate, as RFC 2253 writes it.
  package var subject: String?
  /// The identity of its pre-shared key.
  package var preSharedKeyIdentity: String?

  var isEmpty: Bool { commonName == nil && subject == nil && preSharedKeyIdentity == nil }
}
