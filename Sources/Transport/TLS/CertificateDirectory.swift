// The directory of a local authority: entered by its owner only, locked while it is worked on,
// and each file in it complete or absent.

import CLinux
import COpenSSL
import Glibc

/// A directory of certificates and keys, locked as long as this value lives.
struct CertificateDirectory: ~Copyable {
  private let directory: String
  private let descriptor: Int32

  /// Opens `directory` and waits until no other process works on it.
  ///
  /// It and its parents are made with mode 0700 if they are missing.
  init(_ directory: String) throws(TLSFailure) {
    self.directory = directory
    descriptor = try Self.locked(directory)
  }

  deinit {
    close(descriptor)
  }

  func path(_ name: String) -> String { directory + "/" + name }

  func paths(isAuthorityNew: Bool, isCertificateNew: Bool) -> LocalCertificates {
    LocalCertificates(
      authorityFile: path("ca.crt"), certificateFile: path("server.crt"),
      keyFile: path("server.key"), isAuthorityNew: isAuthorityNew,
      isCertificateNew: isCertificateNew)
  }

  /// The certificate in a file; nil when there is no such file.
  func certificate(_ name: String) throws(TLSFailure) -> Certificate? {
    guard try isPresent(name) else { return nil }
    guard let file = BIO_new_file(path(name), "r") else {
      throw .unusable(.localAuthority, path(name))
    }
    defer { BIO_free(file) }
    ERR_clear_error()
    guard let handle = PEM_read_bio_X509(file, nil, nil, nil) else {
      throw TLSFailure(
        .fileInvalid(.localAuthority, path: path(name), reason: OpenSSLError.takeText()))
    }
    return Certificate(owning: handle)
  }

  /// The key in a file; nil when there is no such file.
  func key(_ name: String) throws(TLSFailure) -> PrivateKey? {
    guard try isPresent(name) else { return nil }
    return PrivateKey(owning: try TLSContext.privateKey(path(name), password: nil))
  }

  /// Whether the directory holds a server's certificate that can be used again.
  func holdsServer(
    for names: CertificateNames, from authority: borrowing Certificate
  ) throws(TLSFailure) -> Bool {
    guard let certificate = try certificate("server.crt"), let key = try key("server.key") else {
      return false
    }
    return certificate.isValid(forSeconds: LocalAuthority.renewalSeconds)
      && certificate.isSigned(by: authority) && certificate.belongs(to: key)
      && names.areCarried(by: CertificateFacts(certificate.handle))
  }

  /// Makes a server's key and certificate.
  func issueServer(
    for names: CertificateNames, authority: borrowing Certificate, key: borrowing PrivateKey
  ) throws(TLSFailure) {
    let serverKey = try PrivateKey.generate()
    let certificate = try Certificate.server(
      for: names, key: serverKey, authority: authority, authorityKey: key)
    try write(serverKey.pem(), to: "server.key", mode: 0o600)
    try write(certificate.pem(), to: "server.crt", mode: 0o644)
  }

  /// Puts `bytes` into a file, whole or not at all.
  func write(_ bytes: [UInt8], to name: String, mode: mode_t) throws(TLSFailure) {
    let draft = path(name) + ".new"
    // Only a process that held the lock and died can have left one.
    unlink(draft)
    let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    if file < 0 { throw .unusable(.localAuthority, draft) }
    _ = fchmod(file, mode)
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { throw Self.abandoned(draft, file) }
      written += count
    }
    if fsync(file) != 0 { throw Self.abandoned(draft, file) }
    close(file)
    if rename(draft, path(name)) != 0 { throw .unusable(.localAuthority, path(name)) }
  }

  private static func locked(_ directory: String) throws(TLSFailure) -> Int32 {
    try make(directory)
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor < 0 { throw .unusable(.localAuthority, directory) }
    while flock(descriptor, LOCK_EX) != 0 {
      if errno == EINTR { continue }
      let failure = TLSFailure.unusable(.localAuthority, directory)
      close(descriptor)
      throw failure
    }
    return descriptor
  }

  private static func abandoned(_ draft: String, _ file: Int32) -> TLSFailure {
    let failure = TLSFailure.unusable(.localAuthority, draft)
    close(file)
    unlink(draft)
    return failure
  }

  private func isPresent(_ name: String) throws(TLSFailure) -> Bool {
    if access(path(name), R_OK) == 0 { return true }
    if errno == ENOENT { return false }
    throw .unusable(.localAuthority, path(name))
  }

  /// Makes a directory and its missing parents, for the owner only.
  private static func make(_ directory: String) throws(TLSFailure) {
    if linux_make_private_directory(directory) == 0 { return }
    guard errno == ENOENT, let slash = directory.lastIndex(of: "/"), slash != directory.startIndex
    else { throw .unusable(.localAuthority, directory) }
    try make(String(directory[..<slash]))
    if linux_make_private_directory(directory) != 0 {
      throw .unusable(.localAuthority, directory)
    }
  }
}
