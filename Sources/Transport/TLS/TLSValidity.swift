// How long the files of a TLS listener are good for. OpenSSL looks at the dates of a certificate when
// a client does, and at those of a revocation list when it checks one: a server with files of last
// year starts well and turns everybody away. So the dates are read when the files are.

import COpenSSL
import Glibc

/// A file of a listener and the moment from which on it is of no use.
package struct TLSValidity: Sendable, Equatable {
  /// What the file is for.
  package let role: TLSFailure.FileRole
  package let path: String
  /// The certificate, or the authority that made the list.
  package let name: String
  /// The moment, such as `2026-11-21 04:22:17 UTC`, and in seconds since 1970.
  package let endsAt: String
  package let endSeconds: Int64

  /// What ends first in each file that `settings` name; nothing of those that cannot be read.
  package static func all(of settings: TLSServerSettings) -> [TLSValidity] {
    [
      settings.certificateFile.flatMap { first(in: $0, .certificate) },
      settings.authorityFile.flatMap { first(in: $0, .authorities) },
      settings.revocationListFile.flatMap { first(in: $0, .revocations) },
    ].compactMap(\.self)
  }

  /// What there is to say at `now`, in seconds since 1970; nil when more than 30 days are left.
  package func warning(now: Int64) -> String? {
    let left = endSeconds - now
    if left > Self.noticeSeconds { return nil }
    let what: String
    switch role {
    case .certificate: what = "the certificate of \(name) in \(path)"
    case .revocations: what = "the revocation list of \(name) in \(path)"
    default: what = "the authority \(name) in \(path)"
    }
    if left > 0 {
      return "\(what) is valid until \(endsAt) only, \(max(1, left / 86_400)) more days at most"
    }
    return role == .revocations
      ? "\(what) should have been renewed by \(endsAt); clients' certificates are refused until it is"
      : "\(what) has expired at \(endsAt)"
  }

  /// The next moment after `now` at which ``warning(now:)`` has something new to say.
  package func nextNotice(after now: Int64) -> Int64? {
    [endSeconds - Self.noticeSeconds, endSeconds].first { $0 > now }
  }

  private static let noticeSeconds: Int64 = 30 * 86_400

  private static func first(in path: String, _ role: TLSFailure.FileRole) -> TLSValidity? {
    guard let file = BIO_new_file(path, "r") else { return nil }
    defer {
      BIO_free(file)
      ERR_clear_error()
    }
    var found: TLSValidity?
    func consider(_ end: UnsafePointer<ASN1_TIME>?, _ name: OpaquePointer?) {
      var parts = tm()
      guard let end, ASN1_TIME_to_tm(end, &parts) == 1 else { return }
      let seconds = Int64(timegm(&parts))
      if let found, found.endSeconds <= seconds { return }
      found = TLSValidity(
        role: role, path: path, name: CertificateFacts.text(of: name),
        endsAt: CertificateFacts.text(of: end), endSeconds: seconds)
    }
    if role == .revocations {
      while let list = PEM_read_bio_X509_CRL(file, nil, nil, nil) {
        consider(X509_CRL_get0_nextUpdate(list), X509_CRL_get_issuer(list))
        X509_CRL_free(list)
      }
    } else {
      while let certificate = PEM_read_bio_X509(file, nil, nil, nil) {
        consider(X509_get0_notAfter(certificate), X509_get_subject_name(certificate))
        X509_free(certificate)
      }
    }
    return found
  }
}
