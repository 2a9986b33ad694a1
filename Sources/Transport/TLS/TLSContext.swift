// One side's settings made ready: an SSL_CTX with its certificates, authorities and protocols. A
// context is made once per listener or client and shared by all its sessions on all threads:
// OpenSSL counts references to it atomically and nothing here changes it after it was made. A
// server that is to use renewed files makes a new context; sessions under way keep the old one.
//
// The kernel's TLS is switched on where host and cipher have it; nothing here depends on it.

import COpenSSL
import Glibc

/// Ready settings of TLS that sessions are made from.
///
/// Sessions hold their context, so it lives as long as the last of them.
package final class TLSContext: @unchecked Sendable {
  // Sendable although it holds a pointer: `handle` is set up before the initialiser returns, and
  // afterwards only passed to SSL_new, which is safe on any thread.

  /// The `SSL_CTX`, owned.
  let handle: OpaquePointer
  /// The name a client looks for unless a session is given another.
  let serverName: String?
  /// Whether a client compares the certificate's names with that name.
  let checksServerName: Bool
  /// Where session secrets are logged to.
  let keyLogs: [KeyLog]
  /// Why the file of `SSLKEYLOGFILE` is not among them, if it is not.
  package let unusedKeyLog: TLSFailure?
  /// The application protocols, preferred first.
  let alpnNames: [[UInt8]]
  /// A client's pre-shared key.
  let pskIdentity: String?
  let pskKey: [UInt8]
  /// Whether a client trusts no certificate at all, but its pre-shared key.
  let takesPreSharedKeysOnly: Bool
  /// A server's way to find the key of an identity.
  let pskLookup: (@Sendable (String) -> [UInt8]?)?
  /// Whether the settings are words of a configuration file.
  let isInFile: Bool

  /// Makes the context of a listener: reads its files and checks that they fit together.
  ///
  /// - Throws: what is wrong with a file or a setting; nothing is deferred to the first handshake.
  package static func server(_ settings: TLSServerSettings) throws(TLSFailure) -> TLSContext {
    try TLSContext(settings)
  }

  /// Makes the context of a client: reads its files and checks that they fit together.
  ///
  /// - Throws: what is wrong with a file or a setting; nothing is deferred to the first handshake.
  package static func client(_ settings: TLSClientSettings) throws(TLSFailure) -> TLSContext {
    try TLSContext(settings)
  }

  private init(_ settings: TLSServerSettings) throws(TLSFailure) {
    alpnNames = try Self.names(of: settings.alpn)
    (keyLogs, unusedKeyLog) = try KeyLog.opened(explicit: settings.keyLogFile)
    serverName = nil
    checksServerName = false
    pskIdentity = nil
    pskKey = []
    takesPreSharedKeysOnly = false
    pskLookup = settings.pskLookup
    isInFile = settings.isInFile
    handle = try Self.empty(TLS_server_method())
    // From here on a throw runs deinit, which frees the handle.
    try setVersions(settings.minimumVersion, nil)
    try setCiphers(settings.ciphers, settings.ciphersuites)
    if settings.certificateFile != nil || settings.keyFile != nil || settings.pskLookup == nil {
      guard let certificate = settings.certificateFile, let key = settings.keyFile else {
        throw TLSFailure(
          .certificateAndKey(
            hasCertificate: settings.certificateFile != nil, hasKey: settings.keyFile != nil))
      }
      try useCertificate(certificate, key: key, password: settings.keyPassword)
    }
    if let file = settings.authorityFile { try trust(file: file) }
    if let directory = settings.authorityDirectory { try trust(directory: directory) }
    try verifyClients(settings)
    // One ticket suffices for the one connection a client resumes; the cache would keep a session
    // in memory for each client that ever came, and tickets need none.
    SSL_CTX_set_num_tickets(handle, 1)
    COpenSSL_disable_session_cache(handle)
    installCallbacks()
    if settings.pskLookup != nil { installServerPSK(hint: settings.pskHint) }
    if !alpnNames.isEmpty { installServerALPN() }
  }

  private init(_ settings: TLSClientSettings) throws(TLSFailure) {
    alpnNames = try Self.names(of: settings.alpn)
    (keyLogs, unusedKeyLog) = try KeyLog.opened(explicit: settings.keyLogFile)
    serverName = settings.serverName
    checksServerName = settings.checksServerName && !settings.isInsecure
    pskKey = try Self.pskKey(settings)
    pskIdentity = settings.pskIdentity
    takesPreSharedKeysOnly =
      settings.pskIdentity != nil && !settings.namesAuthorities && !settings.isInsecure
    isInFile = false
    pskLookup = nil
    handle = try Self.empty(TLS_client_method())
    try setVersions(settings.minimumVersion, settings.maximumVersion)
    if takesPreSharedKeysOnly {
      // A server that has a certificate too would prefer it, and there is nothing to check it
      // with. In TLS 1.3 a key like this one goes with SHA-256 suites only (RFC 8446, 4.2.11).
      try setCiphers(
        settings.ciphers ?? "PSK:!eNULL",
        settings.ciphersuites ?? "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256")
    } else {
      try setCiphers(settings.ciphers, settings.ciphersuites)
    }
    if settings.certificateFile != nil || settings.keyFile != nil {
      guard let certificate = settings.certificateFile, let key = settings.keyFile else {
        throw TLSFailure(
          .certificateAndKey(
            hasCertificate: settings.certificateFile != nil, hasKey: settings.keyFile != nil))
      }
      try useCertificate(certificate, key: key, password: settings.keyPassword)
    }
    if let file = settings.authorityFile { try trust(file: file) }
    if let directory = settings.authorityDirectory { try trust(directory: directory) }
    if settings.usesSystemAuthorities { SSL_CTX_set_default_verify_paths(handle) }
    if !takesPreSharedKeysOnly {
      for file in settings.additionalAuthorityFiles { try trust(file: file) }
    }
    // A certificate that the user names is trusted even if it is not a root.
    COpenSSL_allow_partial_chains(handle)
    SSL_CTX_set_verify(handle, settings.isInsecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nil)
    COpenSSL_disable_session_cache(handle)
    installCallbacks()
    if pskIdentity != nil { installClientPSK() }
    if !alpnNames.isEmpty {
      let wire = alpnNames.flatMap { [UInt8($0.count)] + $0 }
      SSL_CTX_set_alpn_protos(handle, wire, UInt32(wire.count))
    }
  }

  deinit {
    SSL_CTX_free(handle)
  }

  private static func empty(_ method: OpaquePointer?) throws(TLSFailure) -> OpaquePointer {
    ERR_clear_error()
    guard let handle = SSL_CTX_new(method) else {
      throw TLSFailure(.library(call: "SSL_CTX_new", reason: OpenSSLError.takeText()))
    }
    COpenSSL_set_modes(handle)
    COpenSSL_set_options(handle)
    return handle
  }

  private func setVersions(
    _ minimum: TLSVersion, _ maximum: TLSVersion?
  ) throws(TLSFailure) {
    if let maximum, maximum < minimum {
      throw TLSFailure(
        .setting(
          name: "the highest TLS version", value: maximum.option,
          reason: "it is below the lowest one, \(minimum.option)"))
    }
    guard COpenSSL_set_min_version(handle, minimum.rawValue) == 1,
      COpenSSL_set_max_version(handle, maximum?.rawValue ?? 0) == 1
    else {
      throw TLSFailure(
        .setting(
          name: "the TLS version", value: minimum.option, reason: OpenSSLError.takeText()))
    }
  }

  private func setCiphers(_ ciphers: String?, _ suites: String?) throws(TLSFailure) {
    ERR_clear_error()
    if let ciphers, SSL_CTX_set_cipher_list(handle, ciphers) != 1 {
      throw TLSFailure(
        .setting(
          name: "the cipher list", value: ciphers,
          reason: "OpenSSL knows no such cipher for TLS 1.2 (\(OpenSSLError.takeText())); "
            + "`openssl ciphers -v` lists them"))
    }
    if let suites, SSL_CTX_set_ciphersuites(handle, suites) != 1 {
      throw TLSFailure(
        .setting(
          name: "the list of cipher suites", value: suites,
          reason: "OpenSSL knows no such suite for TLS 1.3 (\(OpenSSLError.takeText())); "
            + "`openssl ciphers -v -tls1_3 -s` lists them"))
    }
  }

  /// Which certificates clients must or may show, and who may have signed them.
  private func verifyClients(_ settings: TLSServerSettings) throws(TLSFailure) {
    if let file = settings.revocationListFile {
      try Self.checkReadable(file, .revocations)
      if COpenSSL_use_revocations(handle, file) != 1 {
        throw TLSFailure(
          .fileInvalid(.revocations, path: file, reason: OpenSSLError.takeText()))
      }
    }
    let hasAuthorities = settings.authorityFile != nil || settings.authorityDirectory != nil
    if settings.requiresClientCertificate && !hasAuthorities {
      throw TLSFailure(
        .setting(
          name: "--require-cert", value: "true",
          reason: "there is nothing to check clients' certificates against: name their "
            + "authorities with --cafile or --capath"))
    }
    // A client that resumes a session must come back to the same kind of listener.
    let name: StaticString = "mqtt"
    SSL_CTX_set_session_id_context(handle, name.utf8Start, UInt32(name.utf8CodeUnitCount))
    guard hasAuthorities else { return }
    let required = settings.requiresClientCertificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0
    SSL_CTX_set_verify(handle, SSL_VERIFY_PEER | required, nil)
    if !settings.checksClientCertificateDates { COpenSSL_ignore_dates(handle) }
    if let file = settings.authorityFile {
      // The client is told whose certificates are welcome; the list becomes the context's own.
      SSL_CTX_set_client_CA_list(handle, SSL_load_client_CA_file(file))
    }
  }
}
