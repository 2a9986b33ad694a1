// The cipher suites that can be decrypted, as the registry of IANA has them.

import Basis

/// A cipher suite.
struct TLSCipherSuite: Sendable {
  var number: Int
  var name: String
  var cipher: BulkCipher
  /// What keys are derived with.
  var hash: HashFunction
  /// CBC: the hash of the MAC.
  var authentication: HashFunction?

  private init(
    _ number: Int, _ name: String, _ cipher: BulkCipher, _ hash: HashFunction,
    _ authentication: HashFunction? = nil
  ) {
    self.number = number
    self.name = name
    self.cipher = cipher
    self.hash = hash
    self.authentication = authentication
  }

  /// The suite of this number; nil when it is not among these.
  static func of(_ number: Int) -> TLSCipherSuite? { all.first { $0.number == number } }

  /// The name, or the number where there is none.
  static func name(_ number: Int) -> String {
    of(number)?.name
      ?? "cipher suite 0x" + UInt8(number >> 8 & 0xFF).hexadecimal
      + UInt8(number & 0xFF).hexadecimal
  }

  // swift-format-ignore
  private static let all: [TLSCipherSuite] = [
    TLSCipherSuite(0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA", .aes128CBC, .sha256, .sha1),
    TLSCipherSuite(0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", .aes128CBC, .sha256, .sha1),
    TLSCipherSuite(0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA", .aes256CBC, .sha256, .sha1),
    TLSCipherSuite(0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", .aes256CBC, .sha256, .sha1),
    TLSCipherSuite(0x003C, "TLS_RSA_WITH_AES_128_CBC_SHA256", .aes128CBC, .sha256, .sha256),
    TLSCipherSuite(0x003D, "TLS_RSA_WITH_AES_256_CBC_SHA256", .aes256CBC, .sha256, .sha256),
    TLSCipherSuite(0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", .aes128CBC, .sha256, .sha256),
    TLSCipherSuite(0x006B, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", .aes256CBC, .sha256, .sha256),
    TLSCipherSuite(0x008C, "TLS_PSK_WITH_AES_128_CBC_SHA", .aes128CBC, .sha256, .sha1),
    TLSCipherSuite(0x008D, "TLS_PSK_WITH_AES_256_CBC_SHA", .aes256CBC, .sha256, .sha1),
    TLSCipherSuite(0x009C, "TLS_RSA_WITH_AES_128_GCM_SHA256", .aes128GCM, .sha256),
    TLSCipherSuite(0x009D, "TLS_RSA_WITH_AES_256_GCM_SHA384", .aes256GCM, .sha384),
    TLSCipherSuite(0x009E, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", .aes128GCM, .sha256),
    TLSCipherSuite(0x009F, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", .aes256GCM, .sha384),
    TLSCipherSuite(0x00A8, "TLS_PSK_WITH_AES_128_GCM_SHA256", .aes128GCM, .sha256),
    TLSCipherSuite(0x00A9, "TLS_PSK_WITH_AES_256_GCM_SHA384", .aes256GCM, .sha384),
    TLSCipherSuite(0x00AA, "TLS_DHE_PSK_WITH_AES_128_GCM_SHA256", .aes128GCM, .sha256),
    TLSCipherSuite(0x00AB, "TLS_DHE_PSK_WITH_AES_256_GCM_SHA384", .aes256GCM, .sha384),
    TLSCipherSuite(0x00AE, "TLS_PSK_WITH_AES_128_CBC_SHA256", .aes128CBC, .sha256, .sha256),
    TLSCipherSuite(0x00AF, "TLS_PSK_WITH_AES_256_CBC_SHA384", .aes256CBC, .sha384, .sha384),
    TLSCipherSuite(0x1301, "TLS_AES_128_GCM_SHA256", .aes128GCM, .sha256),
    TLSCipherSuite(0x1302, "TLS_AES_256_GCM_SHA384", .aes256GCM, .sha384),
    TLSCipherSuite(0x1303, "TLS_CHACHA20_POLY1305_SHA256", .chaCha20Poly1305, .sha256),
    TLSCipherSuite(0x1304, "TLS_AES_128_CCM_SHA256", .aes128CCM, .sha256),
    TLSCipherSuite(0x1305, "TLS_AES_128_CCM_8_SHA256", .aes128CCM8, .sha256),
    TLSCipherSuite(0xC009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", .aes128CBC, .sha256, .sha1),
    TLSCipherSuite(0xC00A, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", .aes256CBC, .sha256, .sha1),
    TLSCipherSuite(0xC013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", .aes128CBC, .sha256, .sha1),
    TLSCipherSuite(0xC014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", .aes256CBC, .sha256, .sha1),
    TLSCipherSuite(0xC023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", .aes128CBC, .sha256, .sha256),
    TLSCipherSuite(0xC024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", .aes256CBC, .sha384, .sha384),
    TLSCipherSuite(0xC027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", .aes128CBC, .sha256, .sha256),
    TLSCipherSuite(0xC028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", .aes256CBC, .sha384, .sha384),
    TLSCipherSuite(0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", .aes128GCM, .sha256),
    TLSCipherSuite(0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", .aes256GCM, .sha384),
    TLSCipherSuite(0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", .aes128GCM, .sha256),
    TLSCipherSuite(0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", .aes256GCM, .sha384),
    TLSCipherSuite(0xC035, "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA", .aes128CBC, .sha256, .sha1),
    TLSCipherSuite(0xC036, "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA", .aes256CBC, .sha256, .sha1),
    TLSCipherSuite(0xC037, "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256", .aes128CBC, .sha256, .sha256),
    TLSCipherSuite(0xC038, "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384", .aes256CBC, .sha384, .sha384),
    TLSCipherSuite(0xC09C, "TLS_RSA_WITH_AES_128_CCM", .aes128CCM, .sha256),
    TLSCipherSuite(0xC09D, "TLS_RSA_WITH_AES_256_CCM", .aes256CCM, .sha256),
    TLSCipherSuite(0xC09E, "TLS_DHE_RSA_WITH_AES_128_CCM", .aes128CCM, .sha256),
    TLSCipherSuite(0xC09F, "TLS_DHE_RSA_WITH_AES_256_CCM", .aes256CCM, .sha256),
    TLSCipherSuite(0xC0A0, "TLS_RSA_WITH_AES_128_CCM_8", .aes128CCM8, .sha256),
    TLSCipherSuite(0xC0A1, "TLS_RSA_WITH_AES_256_CCM_8", .aes256CCM8, .sha256),
    TLSCipherSuite(0xC0A2, "TLS_DHE_RSA_WITH_AES_128_CCM_8", .aes128CCM8, .sha256),
    TLSCipherSuite(0xC0A3, "TLS_DHE_RSA_WITH_AES_256_CCM_8", .aes256CCM8, .sha256),
    TLSCipherSuite(0xC0A4, "TLS_PSK_WITH_AES_128_CCM", .aes128CCM, .sha256),
    TLSCipherSuite(0xC0A5, "TLS_PSK_WITH_AES_256_CCM", .aes256CCM, .sha256),
    TLSCipherSuite(0xC0A8, "TLS_PSK_WITH_AES_128_CCM_8", .aes128CCM8, .sha256),
    TLSCipherSuite(0xC0A9, "TLS_PSK_WITH_AES_256_CCM_8", .aes256CCM8, .sha256),
    TLSCipherSuite(0xC0AC, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", .aes128CCM, .sha256),
    TLSCipherSuite(0xC0AD, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", .aes256CCM, .sha256),
    TLSCipherSuite(0xC0AE, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", .aes128CCM8, .sha256),
    TLSCipherSuite(0xC0AF, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", .aes256CCM8, .sha256),
    TLSCipherSuite(0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", .chaCha20Poly1305, .sha256),
    TLSCipherSuite(0xCCA9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", .chaCha20Poly1305, .sha256),
    TLSCipherSuite(0xCCAA, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", .chaCha20Poly1305, .sha256),
    TLSCipherSuite(0xCCAB, "TLS_PSK_WITH_CHACHA20_POLY1305_SHA256", .chaCha20Poly1305, .sha256),
    TLSCipherSuite(0xCCAC, "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256", .chaCha20Poly1305, .sha256),
    TLSCipherSuite(0xCCAD, "TLS_DHE_PSK_WITH_CHACHA20_POLY1305_SHA256", .chaCha20Poly1305, .sha256),
    TLSCipherSuite(0xD001, "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256", .aes128GCM, .sha256),
    TLSCipherSuite(0xD002, "TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384", .aes256GCM, .sha384),
  ]
}
