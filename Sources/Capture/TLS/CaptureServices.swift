// What the dissector needs and does not do itself: hashes, ciphers and decompression. The program
// around it has libraries for these; the core stays bytes in, packets out, and a test may bring
// whatever it likes. Everything that a key is derived by (TLSKeySchedule) is built on these few.

/// A hash function of TLS.
package enum HashFunction: Sendable {
  case sha1
  case sha256
  case sha384

  /// Bytes of a digest.
  var digestLength: Int {
    switch self {
    case .sha1: 20
    case .sha256: 32
    case .sha384: 48
    }
  }
}

/// A cipher of TLS.
package enum BulkCipher: Sendable {
  case aes128GCM
  case aes256GCM
  case aes128CCM
  case aes256CCM
  /// With a tag of 8 bytes instead of 16.
  case aes128CCM8
  case aes256CCM8
  case chaCha20Poly1305
  case aes128CBC
  case aes256CBC

  /// Bytes of a key.
  package var keyLength: Int {
    switch self {
    case .aes128GCM, .aes128CCM, .aes128CCM8, .aes128CBC: 16
    case .aes256GCM, .aes256CCM, .aes256CCM8, .chaCha20Poly1305, .aes256CBC: 32
    }
  }

  /// Bytes of the tag behind a ciphertext; zero for a cipher that does not authenticate.
  package var tagLength: Int {
    switch self {
    case .aes128GCM, .aes256GCM, .aes128CCM, .aes256CCM, .chaCha20Poly1305: 16
    case .aes128CCM8, .aes256CCM8: 8
    case .aes128CBC, .aes256CBC: 0
    }
  }

  var isBlockCipher: Bool { tagLength == 0 }
}

/// Undoes DEFLATE (RFC 1951), as far as its input reaches.
package protocol Inflater: AnyObject {
  /// Hands what `bytes` decompress to over in pieces of bounded size; false when they cannot be
  /// decompressed, after which nothing can.
  func inflate(_ bytes: [UInt8], _ take: (Span<UInt8>) -> Void) -> Bool
}

/// What the program around the dissector does for it.
package protocol CaptureServices: Sendable {
  /// HMAC (RFC 2104).
  func hmac(_ hash: HashFunction, key: [UInt8], _ message: [UInt8]) -> [UInt8]

  /// The plaintext of what a cipher that authenticates has sealed, tag included; nil when it was
  /// sealed with something else.
  func open(
    _ cipher: BulkCipher, key: [UInt8], nonce: [UInt8], additionalData: [UInt8],
    _ sealed: [UInt8]
  ) -> [UInt8]?

  /// Whole blocks of a block cipher, decrypted in CBC mode with their padding left on; nil when
  /// that cannot be done.
  func decryptBlocks(
    _ cipher: BulkCipher, key: [UInt8], initializationVector: [UInt8], _ blocks: [UInt8]
  ) -> [UInt8]?

  /// What the RFCs call an alert of TLS with this number, such as `handshake_failure`.
  func alertName(_ number: Int) -> String

  /// A decompressor of a stream that has no header (RFC 7692).
  func makeInflater() -> (any Inflater)?
}
