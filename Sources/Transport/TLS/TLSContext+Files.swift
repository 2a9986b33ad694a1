// Reading certificates, keys and authorities into a context. OpenSSL's own answers to a bad file
// are riddles ("no start line"), so each file is opened first for the system's verdict, and what
// OpenSSL finds wrong is said in terms of the file.

import COpenSSL
import Glibc

extension TLSContext {
  /// Takes the own certificate with its chain, and its key.
  func useCertificate(
    _ certificate: String, key: String, password: String?
  ) throws(TLSFailure) {
    try Self.checkReadable(certificate, .certificate)
    try Self.checkReadable(key, .key)
    ERR_clear_error()
    if SSL_CTX_use_certificate_chain_file(handle, certificate) != 1 {
      throw Self.invalid(.certificate, certificate, "CERTIFICATE")
    }
    let privateKey = try Self.privateKey(key, password: password)
    defer { EVP_PKEY_free(privateKey) }
    if let own = SSL_CTX_get0_certificate(handle), X509_check_private_key(own, privateKey) != 1 {
      ERR_clear_error()
      throw TLSFailure(.keyMismatch(certificate: certificate, key: key))
    }
    if SSL_CTX_use_PrivateKey(handle, privateKey) != 1 {
      throw TLSFailure(.fileInvalid(.key, path: key, reason: OpenSSLError.takeText()))
    }
  }

  /// Trusts the authorities in a file.
  func trust(file: String) throws(TLSFailure) {
    try Self.checkReadable(file, .authorities)
    ERR_clear_error()
    if SSL_CTX_load_verify_file(handle, file) != 1 {
      throw Self.invalid(.authorities, file, "CERTIFICATE")
    }
  }

  /// Trusts the authorities in a directory; they are looked up by hash when needed.
  func trust(directory: String) throws(TLSFailure) {
    try Self.checkReadable(directory, .authorityDirectory)
    var facts = stat()
    if stat(directory, &facts) == 0 && facts.st_mode & S_IFMT != S_IFDIR {
      throw TLSFailure(
        .fileInvalid(.authorityDirectory, path: directory, reason: "it is not a directory"))
    }
    ERR_clear_error()
    if SSL_CTX_load_verify_dir(handle, directory) != 1 {
      throw TLSFailure(
        .fileInvalid(.authorityDirectory, path: directory, reason: OpenSSLError.takeText()))
    }
  }

  /// Reads a private key; the caller frees it with `EVP_PKEY_free`.
  static func privateKey(
    _ path: String, password: String?
  ) throws(TLSFailure) -> OpaquePointer {
    guard let file = BIO_new_file(path, "r") else { throw .unusable(.key, path) }
    defer { BIO_free(file) }
    ERR_clear_error()
    let request = PasswordRequest(password)
    let found = PEM_read_bio_PrivateKey(
      file, nil,
      { buffer, size, _, user in
        guard let user, let buffer else { return -1 }
        return Unmanaged<PasswordRequest>.fromOpaque(user).takeUnretainedValue()
          .answer(buffer, Int(size))
      }, Unmanaged.passUnretained(request).toOpaque())
    if let found { return found }
    if request.wasAsked {
      ERR_clear_error()
      throw TLSFailure(.keyPassword(path: path, isMissing: password == nil))
    }
    throw invalid(.key, path, "PRIVATE KEY")
  }

  /// Fails with the system's reason unless `path` can be read.
  static func checkReadable(_ path: String, _ role: TLSFailure.FileRole) throws(TLSFailure) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw .unusable(role, path) }
    close(descriptor)
  }

  /// What is wrong with a file in which OpenSSL did not find `expected`.
  private static func invalid(
    _ role: TLSFailure.FileRole, _ path: String, _ expected: String
  ) -> TLSFailure {
    let error = OpenSSLError.take()
    let lacksStart = error.map { $0.library == ERR_LIB_PEM && $0.reason == PEM_R_NO_START_LINE }
    let isRiddle = error.map { $0.library == ERR_LIB_OSSL_DECODER || $0.library == ERR_LIB_X509 }
    guard lacksStart == true || isRiddle == true else {
      return TLSFailure(
        .fileInvalid(role, path: path, reason: error?.text ?? "OpenSSL gave no reason"))
    }
    let blocks = blockNames(in: path)
    let found =
      blocks.isEmpty
      ? "and nothing else in PEM form either (a DER file is converted with `openssl x509 -inform "
        + "der -in \(path)`)"
      : "but \(blocks.joined(separator: ", "))"
    return TLSFailure(
      .fileInvalid(role, path: path, reason: "it holds no PEM block \(expected), \(found)"))
  }

  /// The names of the PEM blocks in a file.
  private static func blockNames(in path: String) -> [String] {
    guard let file = BIO_new_file(path, "r") else { return [] }
    defer {
      BIO_free(file)
      ERR_clear_error()
    }
    var found: [String] = []
    var name: UnsafeMutablePointer<CChar>?
    var header: UnsafeMutablePointer<CChar>?
    var data: UnsafeMutablePointer<UInt8>?
    var count = 0
    while found.count < 8, PEM_read_bio(file, &name, &header, &data, &count) == 1 {
      if let name { found.append(String(cString: name)) }
      CRYPTO_free(name, nil, 0)
      CRYPTO_free(header, nil, 0)
      CRYPTO_free(data, nil, 0)
    }
    return found
  }
}

/// The answer to OpenSSL's question for a password, which remembers that it was asked: OpenSSL
/// would otherwise ask on the terminal, and a server has none.
private final class PasswordRequest {
  private let password: String?
  private(set) var wasAsked = false

  init(_ password: String?) {
    self.password = password
  }

  /// Fills in the password; a negative count says there is none that fits.
  func answer(_ buffer: UnsafeMutablePointer<CChar>, _ size: Int) -> Int32 {
    wasAsked = true
    guard let password, password.utf8.count <= size else { return -1 }
    for (index, byte) in password.utf8.enumerated() {
      buffer[index] = CChar(bitPattern: byte)
    }
    return Int32(password.utf8.count)
  }
}
