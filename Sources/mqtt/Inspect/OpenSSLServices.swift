// What the dissector asks of the program around it, done by OpenSSL and zlib: HMAC, ciphers,
// decompression. Each call is complete in itself; nothing is kept between two records.

import COpenSSL
import CZlib
import Capture
import MQTTCodec
import Transport

/// OpenSSL and zlib.
struct OpenSSLServices: CaptureServices {
  func hmac(_ hash: HashFunction, key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    let function =
      switch hash {
      case .sha1: EVP_sha1()
      case .sha256: EVP_sha256()
      case .sha384: EVP_sha384()
      }
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var length: UInt32 = 0
    let result = HMAC(
      function, key, Int32(key.count), message, message.count, &digest, &length)
    return result == nil ? [] : Array(digest[..<Int(length)])
  }

  func open(
    _ cipher: BulkCipher, key: [UInt8], nonce: [UInt8], additionalData: [UInt8], _ sealed: [UInt8]
  ) -> [UInt8]? {
    guard sealed.count >= cipher.tagLength, let context = EVP_CIPHER_CTX_new() else { return nil }
    defer { EVP_CIPHER_CTX_free(context) }
    let count = sealed.count - cipher.tagLength
    var tag = Array(sealed[count...])
    let isCCM = cipher.isCounterWithCBC
    // Counter with CBC-MAC has to know tag and length before anything else.
    guard EVP_DecryptInit_ex(context, cipher.function, nil, nil, nil) == 1,
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, Int32(nonce.count), nil) == 1,
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), &tag) == 1,
      EVP_DecryptInit_ex(context, nil, nil, key, nonce) == 1
    else { return nil }
    var moved: Int32 = 0
    if isCCM, EVP_DecryptUpdate(context, nil, &moved, nil, Int32(count)) != 1 { return nil }
    guard
      EVP_DecryptUpdate(context, nil, &moved, additionalData, Int32(additionalData.count)) == 1
    else { return nil }
    var plain = [UInt8](repeating: 0, count: count + 16)
    if EVP_DecryptUpdate(context, &plain, &moved, sealed, Int32(count)) != 1 { return nil }
    var last = [UInt8](repeating: 0, count: 16)
    var rest: Int32 = 0
    if !isCCM, EVP_DecryptFinal_ex(context, &last, &rest) != 1 { return nil }
    return Array(plain[..<count])
  }

  func decryptBlocks(
    _ cipher: BulkCipher, key: [UInt8], initializationVector: [UInt8], _ blocks: [UInt8]
  ) -> [UInt8]? {
    guard let context = EVP_CIPHER_CTX_new() else { return nil }
    defer { EVP_CIPHER_CTX_free(context) }
    guard EVP_DecryptInit_ex(context, cipher.function, nil, key, initializationVector) == 1,
      EVP_CIPHER_CTX_set_padding(context, 0) == 1
    else { return nil }
    var plain = [UInt8](repeating: 0, count: blocks.count + 16)
    var moved: Int32 = 0
    if EVP_DecryptUpdate(context, &plain, &moved, blocks, Int32(blocks.count)) != 1 { return nil }
    return Int(moved) == blocks.count ? Array(plain[..<blocks.count]) : nil
  }

  func alertName(_ number: Int) -> String { TLSAlert(number: number).name }

  func makeInflater() -> (any Inflater)? { Decompression(.raw) }
}

extension BulkCipher {
  fileprivate var isCounterWithCBC: Bool {
    switch self {
    case .aes128CCM, .aes256CCM, .aes128CCM8, .aes256CCM8: true
    case .aes128GCM, .aes256GCM, .chaCha20Poly1305, .aes128CBC, .aes256CBC: false
    }
  }

  fileprivate var function: OpaquePointer? {
    switch self {
    case .aes128GCM: EVP_aes_128_gcm()
    case .aes256GCM: EVP_aes_256_gcm()
    case .aes128CCM, .aes128CCM8: EVP_aes_128_ccm()
    case .aes256CCM, .aes256CCM8: EVP_aes_256_ccm()
    case .chaCha20Poly1305: EVP_chacha20_poly1305()
    case .aes128CBC: EVP_aes_128_cbc()
    case .aes256CBC: EVP_aes_256_cbc()
    }
  }
}
