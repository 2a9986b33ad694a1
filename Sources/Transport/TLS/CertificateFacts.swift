// What a person wants to know of a certificate: whom it names, who issued it, and when it is
// valid. The facts are copied out as text when something is to be explained, so that no failure
// keeps OpenSSL's objects alive. Names come from the peer: control characters in them are escaped.

import CLinux
import COpenSSL
import Glibc

/// The facts of one certificate.
package struct CertificateFacts: Sendable, Equatable {
  /// The distinguished name, such as `CN=broker.example, O=Example`.
  package let subject: String
  /// The distinguished name of the issuer.
  package let issuer: String
  /// The host names and addresses the certificate is for; the common name if it has none.
  package let names: [String]
  /// The first moment of validity, such as `2026-11-21 04:22:17 UTC`.
  package let notBefore: String
  /// The last moment of validity.
  package let notAfter: String

  /// Subject and issuer in one line.
  package var summary: String {
    subject == issuer ? "\(subject) (self-signed)" : "\(subject) (issued by \(issuer))"
  }

  /// Reads the facts of an `X509`, which stays the caller's.
  init(_ certificate: OpaquePointer) {
    subject = Self.text(of: X509_get_subject_name(certificate))
    issuer = Self.text(of: X509_get_issuer_name(certificate))
    let alternatives = Self.alternativeNames(of: certificate)
    if alternatives.isEmpty, let name = Self.commonName(of: certificate) {
      names = [name]
    } else {
      names = alternatives
    }
    notBefore = Self.text(of: X509_get0_notBefore(certificate))
    notAfter = Self.text(of: X509_get0_notAfter(certificate))
  }

  /// A distinguished name in one line, with control characters escaped.
  ///
  /// Or as RFC 2253 has it, the last part first and without spaces.
  static func text(of name: OpaquePointer?, isRFC2253: Bool = false) -> String {
    guard let name, let memory = BIO_new(BIO_s_mem()) else { return "" }
    defer { BIO_free(memory) }
    if isRFC2253 {
      COpenSSL_print_name_rfc2253(memory, name)
    } else {
      COpenSSL_print_name(memory, name)
    }
    var start: UnsafeMutablePointer<CChar>?
    let count = COpenSSL_memory(memory, &start)
    guard let start, count > 0 else { return "" }
    return String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
  }

  /// A moment as `2026-11-21 04:22:17 UTC`.
  static func text(of time: UnsafePointer<ASN1_TIME>?) -> String {
    var parts = tm()
    guard let time, ASN1_TIME_to_tm(time, &parts) == 1 else { return "an unreadable date" }
    return utcText(parts)
  }

  /// The common name of the subject as it stands, nil when there is none or it holds a NUL.
  static func commonName(of certificate: OpaquePointer) -> String? {
    guard let name = X509_get_subject_name(certificate) else { return nil }
    let index = X509_NAME_get_index_by_NID(name, NID_commonName, -1)
    guard index >= 0, let entry = X509_NAME_get_entry(name, index),
      let value = X509_NAME_ENTRY_get_data(entry)
    else { return nil }
    var bytes: UnsafeMutablePointer<UInt8>?
    let count = ASN1_STRING_to_UTF8(&bytes, value)
    guard count >= 0, let bytes else { return nil }
    defer { CRYPTO_free(bytes, nil, 0) }
    let text = UnsafeBufferPointer(start: bytes, count: Int(count))
    return text.contains(0) ? nil : String(decoding: text, as: UTF8.self)
  }

  /// The DNS names and addresses among the subject's alternative names.
  static func alternativeNames(of certificate: OpaquePointer) -> [String] {
    guard let raw = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
    let names = OpaquePointer(raw)
    defer { GENERAL_NAMES_free(names) }
    var texts: [String] = []
    for index in 0..<COpenSSL_names_count(names) {
      guard let name = COpenSSL_names_at(names, index) else { continue }
      var kind: Int32 = 0
      guard let value = GENERAL_NAME_get0_value(name, &kind) else { continue }
      let string = value.assumingMemoryBound(to: ASN1_STRING.self)
      let bytes = UnsafeBufferPointer(
        start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string)))
      if kind == GEN_DNS {
        texts.append(printable(bytes))
      } else if kind == GEN_IPADD, let address = addressText(bytes) {
        texts.append(address)
      }
    }
    return texts
  }

  private static func printable(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    String(decoding: bytes.map { (33...126).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
  }

  private static func addressText(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
    func number(_ range: Range<Int>) -> UInt64 {
      bytes[range].reduce(0) { $0 << 8 | UInt64($1) }
    }
    switch bytes.count {
    case 4: return SocketAddress.ipv4(UInt32(number(0..<4)), port: 0).host
    case 16: return SocketAddress.ipv6(number(0..<8), number(8..<16), port: 0, scope: 0).host
    default: return nil
    }
  }
}

/// The moment now as `2026-11-21 04:22:17 UTC`.
func utcNowText() -> String {
  var now = time(nil)
  var parts = tm()
  gmtime_r(&now, &parts)
  return utcText(parts)
}

private func utcText(_ parts: tm) -> String {
  func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
  return "\(parts.tm_year + 1900)-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday)) "
    + "\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec)) UTC"
}

/// The system's text for an error number, by default that of the last failed call.
func systemErrorText(_ number: Int32 = errno) -> String {
  String(cString: linux_error_text(number))
}
