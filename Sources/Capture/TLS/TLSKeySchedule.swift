// From the secrets of a key log to the keys of records. TLS 1.2 expands the master secret into one
// block of keys (RFC 5246, 5 and 6.3), TLS 1.3 derives each key from its direction's secret by name
// (RFC 8446, 7.1 and 7.3). Both stand on HMAC alone.

/// Derives keys.
struct TLSKeySchedule {
  let services: any CaptureServices
  let hash: HashFunction

  /// HKDF-Expand-Label with an empty context (RFC 8446, 7.1).
  func expand(_ secret: [UInt8], label: String, length: Int) -> [UInt8] {
    let name = Array("tls13 \(label)".utf8)
    let information =
      [UInt8(length >> 8), UInt8(length & 0xFF), UInt8(name.count)] + name + [0]
    var output: [UInt8] = []
    var block: [UInt8] = []
    var counter: UInt8 = 1
    while output.count < length {
      block = services.hmac(hash, key: secret, block + information + [counter])
      output += block
      counter += 1
    }
    return Array(output[..<length])
  }

  /// The secret that follows after a KeyUpdate (RFC 8446, 7.2).
  func next(_ secret: [UInt8]) -> [UInt8] {
    expand(secret, label: "traffic upd", length: hash.digestLength)
  }

  /// The pseudorandom function of TLS 1.2 (RFC 5246, 5).
  func pseudorandom(_ secret: [UInt8], label: String, seed: [UInt8], length: Int) -> [UInt8] {
    let seed = Array(label.utf8) + seed
    var output: [UInt8] = []
    var link = seed
    while output.count < length {
      link = services.hmac(hash, key: secret, link)
      output += services.hmac(hash, key: secret, link + seed)
    }
    return Array(output[..<length])
  }

  /// The keys of a direction of TLS 1.3.
  func keys(_ secret: [UInt8], _ cipher: BulkCipher) -> TLSRecordKeys {
    TLSRecordKeys(
      cipher: cipher, key: expand(secret, label: "key", length: cipher.keyLength),
      nonce: expand(secret, label: "iv", length: 12), form: .version13, secret: secret)
  }

  /// The keys of both directions of TLS 1.2.
  func keys(
    master: [UInt8], clientRandom: [UInt8], serverRandom: [UInt8], _ suite: TLSCipherSuite,
    encryptsThenAuthenticates: Bool
  ) -> (client: TLSRecordKeys, server: TLSRecordKeys) {
    let authenticationLength = suite.authentication?.digestLength ?? 0
    let keyLength = suite.cipher.keyLength
    let nonceLength = suite.cipher.isBlockCipher ? 0 : suite.cipher == .chaCha20Poly1305 ? 12 : 4
    let block = pseudorandom(
      master, label: "key expansion", seed: serverRandom + clientRandom,
      length: 2 * (authenticationLength + keyLength + nonceLength))
    var position = 0
    func take(_ count: Int) -> [UInt8] {
      position += count
      return Array(block[position - count..<position])
    }
    let clientAuthentication = take(authenticationLength)
    let serverAuthentication = take(authenticationLength)
    let (clientKey, serverKey) = (take(keyLength), take(keyLength))
    let (clientNonce, serverNonce) = (take(nonceLength), take(nonceLength))
    func keys(_ key: [UInt8], _ nonce: [UInt8], _ authentication: [UInt8]) -> TLSRecordKeys {
      TLSRecordKeys(
        cipher: suite.cipher, key: key, nonce: nonce, form: .version12,
        authentication: suite.authentication, authenticationKey: authentication,
        encryptsThenAuthenticates: encryptsThenAuthenticates)
    }
    return (
      keys(clientKey, clientNonce, clientAuthentication),
      keys(serverKey, serverNonce, serverAuthentication)
    )
  }
}
