// Certificates and keys as owned values, and the making of the two kinds that a local authority
// needs: its own certificate and a server's (RFC 5280). Keys are ECDSA on P-256, which every
// client of TLS 1.2 knows and which is cheap to sign with.

import COpenSSL
import Glibc

/// A private key, freed with its last owner.
struct PrivateKey: ~Copyable {
  let handle: OpaquePointer

  /// Takes over an `EVP_PKEY`.
  init(owning handle: OpaquePointer) {
    self.handle = handle
  }

  deinit {
    EVP_PKEY_free(handle)
  }

  /// A new key on the curve P-256.
  static func generate() throws(TLSFailure) -> PrivateKey {
    ERR_clear_error()
    return PrivateKey(owning: try made(COpenSSL_make_p256_key(), "EVP_EC_gen"))
  }

  /// The key in PEM form, unencrypted.
  func pem() throws(TLSFailure) -> [UInt8] {
    try pemBytes { PEM_write_bio_PrivateKey($0, handle, nil, nil, 0, nil, nil) }
  }
}

/// An X.509 certificate, freed with its last owner.
struct Certificate: ~Copyable {
  let handle: OpaquePointer

  /// Takes over an `X509`.
  init(owning handle: OpaquePointer) {
    self.handle = handle
  }

  deinit {
    X509_free(handle)
  }

  /// A certificate that may sign servers' certificates and nothing else.
  static func authority(
    named name: String, key: borrowing PrivateKey
  ) throws(TLSFailure) -> Certificate {
    let certificate = try blank(
      named: name, key: key, seconds: LocalAuthority.authoritySeconds)
    X509_set_issuer_name(certificate.handle, X509_get_subject_name(certificate.handle))
    try certificate.add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
    try certificate.add(NID_key_usage, "critical,keyCertSign,cRLSign")
    try certificate.add(NID_subject_key_identifier, "hash")
    try certificate.sign(with: key)
    return certificate
  }

  /// A server's certificate for `names`, with its own `key`, signed by `authority`.
  static func server(
    for names: CertificateNames, key: borrowing PrivateKey, authority: borrowing Certificate,
    authorityKey: borrowing PrivateKey
  ) throws(TLSFailure) -> Certificate {
    let name = names.names.first ?? names.addresses.first ?? ""
    let certificate = try blank(
      named: String(name.prefix(64)), key: key, seconds: LocalAuthority.certificateSeconds)
    X509_set_issuer_name(certificate.handle, X509_get_subject_name(authority.handle))
    try certificate.add(NID_basic_constraints, "critical,CA:FALSE")
    try certificate.add(NID_key_usage, "critical,digitalSignature")
    try certificate.add(NID_ext_key_usage, "serverAuth")
    try certificate.add(NID_subject_key_identifier, "hash")
    try certificate.add(NID_authority_key_identifier, "keyid:always", issuer: authority.handle)
    try certificate.add(NID_subject_alt_name, names.extensionText)
    try certificate.sign(with: authorityKey)
    return certificate
  }

  /// The certificate in PEM form.
  func pem() throws(TLSFailure) -> [UInt8] {
    try pemBytes { PEM_write_bio_X509($0, handle) }
  }

  /// Whether it is valid now and for so many seconds to come.
  func isValid(forSeconds seconds: Int) -> Bool {
    var later = time(nil) + seconds
    return X509_cmp_current_time(X509_get0_notBefore(handle)) < 0
      && X509_cmp_time(X509_get0_notAfter(handle), &later) > 0
  }

  /// Whether `key` is the key in it.
  func belongs(to key: borrowing PrivateKey) -> Bool {
    defer { ERR_clear_error() }
    return X509_check_private_key(handle, key.handle) == 1
  }

  /// Whether the owner of `authority` signed it.
  func isSigned(by authority: borrowing Certificate) -> Bool {
    defer { ERR_clear_error() }
    return X509_verify(handle, X509_get0_pubkey(authority.handle)) == 1
  }

  /// A certificate with a random serial number, valid from an hour ago.
  ///
  /// So a client whose clock is a little behind accepts it at once.
  private static func blank(
    named name: String, key: borrowing PrivateKey, seconds: Int
  ) throws(TLSFailure) -> Certificate {
    ERR_clear_error()
    let certificate = Certificate(owning: try made(X509_new(), "X509_new"))
    let handle = certificate.handle
    X509_set_version(handle, Int(X509_VERSION_3))
    var serial = [UInt8](repeating: 0, count: 16)
    guard RAND_bytes(&serial, 16) == 1 else { throw failed("RAND_bytes") }
    // Positive and never zero (RFC 5280, 4.1.2.2).
    serial[0] = serial[0] & 0x7F | 0x40
    let number = BN_bin2bn(serial, 16, nil)
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(handle))
    BN_free(number)
    X509_gmtime_adj(X509_getm_notBefore(handle), -3_600)
    X509_gmtime_adj(X509_getm_notAfter(handle), seconds)
    guard X509_set_pubkey(handle, key.handle) == 1 else { throw failed("X509_set_pubkey") }
    let subject = X509_get_subject_name(handle)
    let added = X509_NAME_add_entry_by_NID(
      subject, NID_commonName, MBSTRING_FLAG, Array(name.utf8), Int32(name.utf8.count), -1, 0)
    guard added == 1 else { throw failed("X509_NAME_add_entry_by_NID") }
    return certificate
  }

  private func add(
    _ kind: Int32, _ value: String, issuer: OpaquePointer? = nil
  ) throws(TLSFailure) {
    var context = X509V3_CTX()
    X509V3_set_ctx(&context, issuer ?? handle, handle, nil, nil, 0)
    guard let made = X509V3_EXT_conf_nid(nil, &context, kind, value) else {
      throw failed("X509V3_EXT_conf_nid(\(value))")
    }
    defer { X509_EXTENSION_free(made) }
    guard X509_add_ext(handle, made, -1) == 1 else { throw failed("X509_add_ext") }
  }

  private func sign(with key: borrowing PrivateKey) throws(TLSFailure) {
    guard X509_sign(handle, key.handle, EVP_sha256()) > 0 else { throw failed("X509_sign") }
  }
}

private func failed(_ call: String) -> TLSFailure {
  TLSFailure(.library(call: call, reason: OpenSSLError.takeText()))
}

private func made(_ handle: OpaquePointer?, _ call: String) throws(TLSFailure) -> OpaquePointer {
  guard let handle else { throw failed(call) }
  return handle
}

/// What `write` puts into a memory file of OpenSSL.
private func pemBytes(
  _ write: (OpaquePointer) -> Int32
) throws(TLSFailure) -> [UInt8] {
  ERR_clear_error()
  let memory = try made(BIO_new(BIO_s_mem()), "BIO_new")
  defer { BIO_free(memory) }
  guard write(memory) == 1 else { throw failed("PEM_write_bio") }
  var start: UnsafeMutablePointer<CChar>?
  let count = COpenSSL_memory(memory, &start)
  return Array(UnsafeRawBufferPointer(start: start, count: count))
}
