// Opening one record. What stands around the plaintext differs by version and cipher:
//
//   TLS 1.3               nonce from a counter; the header is authenticated; the plaintext ends
//                         with its true type and zeros (RFC 8446, 5.2)
//   TLS 1.2 GCM, CCM      8 bytes of nonce in front (RFC 5288, 3)
//   TLS 1.2 ChaCha20      nonce from a counter (RFC 7905, 2)
//   TLS 1.2 CBC           16 bytes of vector in front, a MAC and padding behind, the MAC inside of
//                         the encryption or outside (RFC 5246, 6.2.3.2; RFC 7366)
//
// A record that was opened is authentic: a wrong key never makes packets.

/// The keys of one direction and how many records they have opened.
struct TLSRecordKeys {
  enum Form {
    case version12
    case version13
  }

  var cipher: BulkCipher
  var key: [UInt8]
  /// The part of the nonce that is not sent.
  var nonce: [UInt8]
  var form: Form
  /// TLS 1.3: what the keys come from.
  var secret: [UInt8] = []
  /// CBC: the hash of the MAC.
  var authentication: HashFunction?
  var authenticationKey: [UInt8] = []
  var encryptsThenAuthenticates = false
  /// The number of the next record.
  var sequence: UInt64 = 0

  /// Opens the next record; nil when it was not sealed with these keys under this number.
  mutating func open(
    _ record: TLSRecord, _ services: any CaptureServices
  ) -> (type: UInt8, content: [UInt8])? {
    let opened: (UInt8, [UInt8])? =
      switch form {
      case .version13: open13(record, services)
      case .version12:
        (cipher.isBlockCipher ? openBlocks(record, services) : open12(record, services))
          .map { (record.type, $0) }
      }
    if opened != nil { sequence &+= 1 }
    return opened.map { (type: $0.0, content: $0.1) }
  }

  private func open13(
    _ record: TLSRecord, _ services: any CaptureServices
  ) -> (UInt8, [UInt8])? {
    guard
      var inner = services.open(
        cipher, key: key, nonce: counterNonce, additionalData: record.header, record.body)
    else { return nil }
    while inner.last == 0 { inner.removeLast() }
    guard let type = inner.popLast() else { return nil }
    return (type, inner)
  }

  private func open12(_ record: TLSRecord, _ services: any CaptureServices) -> [UInt8]? {
    let explicitLength = cipher == .chaCha20Poly1305 ? 0 : 8
    let length = record.body.count - explicitLength - cipher.tagLength
    if length < 0 { return nil }
    let nonce =
      explicitLength == 0 ? counterNonce : self.nonce + record.body[..<explicitLength]
    return services.open(
      cipher, key: key, nonce: nonce, additionalData: pseudoHeader(record, length: length),
      explicitLength == 0 ? record.body : Array(record.body[explicitLength...]))
  }

  private func openBlocks(_ record: TLSRecord, _ services: any CaptureServices) -> [UInt8]? {
    guard let hash = authentication else { return nil }
    var body = record.body
    let digestLength = hash.digestLength
    if encryptsThenAuthenticates {
      if body.count < digestLength { return nil }
      let digest = Array(body.suffix(digestLength))
      body.removeLast(digestLength)
      let message = pseudoHeader(record, length: body.count) + body
      if services.hmac(hash, key: authenticationKey, message) != digest { return nil }
    }
    if body.count < 32 || body.count % 16 != 0 { return nil }
    guard
      var plain = services.decryptBlocks(
        cipher, key: key, initializationVector: Array(body[..<16]), Array(body[16...])),
      let padding = plain.last.map(Int.init), plain.count > padding,
      plain.suffix(padding + 1).allSatisfy({ Int($0) == padding })
    else { return nil }
    plain.removeLast(padding + 1)
    if encryptsThenAuthenticates { return plain }
    if plain.count < digestLength { return nil }
    let digest = Array(plain.suffix(digestLength))
    plain.removeLast(digestLength)
    let message = pseudoHeader(record, length: plain.count) + plain
    return services.hmac(hash, key: authenticationKey, message) == digest ? plain : nil
  }

  /// The nonce combined with the record's number.
  private var counterNonce: [UInt8] {
    var result = nonce
    for index in 0..<8 {
      result[4 + index] ^= UInt8(truncatingIfNeeded: sequence >> UInt64(56 - 8 * index))
    }
    return result
  }

  /// What TLS 1.2 authenticates beside the content.
  private func pseudoHeader(_ record: TLSRecord, length: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    for index in 0..<8 {
      bytes.append(UInt8(truncatingIfNeeded: sequence >> UInt64(56 - 8 * index)))
    }
    bytes += record.header[..<3]
    bytes.append(UInt8(truncatingIfNeeded: length >> 8))
    bytes.append(UInt8(truncatingIfNeeded: length))
    return bytes
  }
}

/// One record as it was on the wire.
struct TLSRecord {
  static let changeCipherSpec: UInt8 = 20
  static let alert: UInt8 = 21
  static let handshake: UInt8 = 22
  static let content: UInt8 = 23
  static let headerLength = 5
  /// Longest body. (RFC 5246, 6.2.3)
  static let lengthLimit = 16_384 + 2048

  /// Type, version and length.
  var header: [UInt8]
  var body: [UInt8]

  var type: UInt8 { header[0] }
}
