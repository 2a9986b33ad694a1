// What OpenSSL asks back during a handshake: application protocols, pre-shared keys, and where to
// log secrets. Each answer finds its context through the SSL_CTX, which sessions keep alive.

import COpenSSL
import Glibc

extension TLSContext {
  /// The context a session in a callback belongs to.
  private static func of(_ session: OpaquePointer?) -> TLSContext? {
    guard let session, let data = COpenSSL_get_app_data(session) else { return nil }
    return Unmanaged<TLSContext>.fromOpaque(data).takeUnretainedValue()
  }

  /// Makes the context findable from callbacks and lets secrets be logged.
  func installCallbacks() {
    COpenSSL_set_app_data(handle, Unmanaged.passUnretained(self).toOpaque())
    if keyLogs.isEmpty { return }
    SSL_CTX_set_keylog_callback(handle) { session, line in
      guard let line, let context = TLSContext.of(session) else { return }
      for log in context.keyLogs { log.append(line) }
    }
  }

  /// Chooses the first of the server's protocols that the client offers.
  ///
  /// A client that offers only others is served without one, as the common brokers do.
  func installServerALPN() {
    SSL_CTX_set_alpn_select_cb(
      handle,
      { session, chosen, chosenCount, offered, offeredCount, _ in
        let offer = UnsafeBufferPointer(start: offered, count: Int(offeredCount))
        guard let context = TLSContext.of(session), let chosen, let chosenCount else {
          return SSL_TLSEXT_ERR_NOACK
        }
        for name in context.alpnNames {
          // The answer must outlive this call, so it points into the client's offer.
          guard let position = TLSContext.position(of: name, in: offer) else { continue }
          chosen.pointee = position
          chosenCount.pointee = UInt8(name.count)
          return SSL_TLSEXT_ERR_OK
        }
        return SSL_TLSEXT_ERR_NOACK
      }, nil)
  }

  private static func position(
    of name: [UInt8], in offer: UnsafeBufferPointer<UInt8>
  ) -> UnsafePointer<UInt8>? {
    var next = 0
    while next < offer.count {
      let end = next + 1 + Int(offer[next])
      guard end <= offer.count, let base = offer.baseAddress else { return nil }
      if offer[(next + 1)..<end].elementsEqual(name) { return base + next + 1 }
      next = end
    }
    return nil
  }

  /// Answers a server's demand for a pre-shared key (RFC 4279; RFC 8446, 4.2.11).
  func installClientPSK() {
    SSL_CTX_set_psk_client_callback(handle) { session, _, identity, identityRoom, key, keyRoom in
      guard let context = TLSContext.of(session), let wanted = context.pskIdentity, let identity,
        let key, wanted.utf8.count < Int(identityRoom), context.pskKey.count <= Int(keyRoom)
      else { return 0 }
      for (index, byte) in wanted.utf8.enumerated() {
        identity[index] = CChar(bitPattern: byte)
      }
      identity[wanted.utf8.count] = 0
      key.update(from: context.pskKey, count: context.pskKey.count)
      return UInt32(context.pskKey.count)
    }
  }

  /// Finds the key of the identity a client names, in TLS 1.2 by the first callback and in
  /// TLS 1.3 by the second.
  func installServerPSK(hint: String?) {
    if let hint { SSL_CTX_use_psk_identity_hint(handle, hint) }
    SSL_CTX_set_psk_server_callback(handle) { session, identity, key, keyRoom in
      guard let context = TLSContext.of(session), let identity, let key,
        let found = context.pskLookup?(String(cString: identity)), found.count <= Int(keyRoom)
      else { return 0 }
      key.update(from: found, count: found.count)
      return UInt32(found.count)
    }
    SSL_CTX_set_psk_find_session_callback(handle) { session, identity, count, found in
      guard let context = TLSContext.of(session), let session, let found else { return 0 }
      let name = UnsafeBufferPointer(start: identity, count: count)
      found.pointee = context.pskLookup?(String(decoding: name, as: UTF8.self)).flatMap {
        TLSContext.pskSession(session, key: $0, identity: name)
      }
      return 1
    }
  }

  /// What TLS 1.3 resumes when it uses a pre-shared key.
  ///
  /// The identity is part of it: if OpenSSL passes this session over for another of the client's
  /// offers, the identity, which nothing has proved then, goes with it.
  private static func pskSession(
    _ session: OpaquePointer, key: [UInt8], identity: UnsafeBufferPointer<UInt8>
  ) -> OpaquePointer? {
    let made = SSL_SESSION_new()
    let suite: [UInt8] = [0x13, 0x01]  // TLS_AES_128_GCM_SHA256 (RFC 8446, B.4)
    guard let made, let cipher = SSL_CIPHER_find(session, suite),
      SSL_SESSION_set1_master_key(made, key, key.count) == 1,
      SSL_SESSION_set_cipher(made, cipher) == 1,
      SSL_SESSION_set_protocol_version(made, TLSVersion.tls1_3.rawValue) == 1,
      SSL_SESSION_set1_ticket_appdata(made, identity.baseAddress, identity.count) == 1
    else {
      SSL_SESSION_free(made)
      return nil
    }
    return made
  }

  /// The names of application protocols as bytes, checked for the length the wire allows.
  static func names(of protocols: [String]) throws(TLSFailure) -> [[UInt8]] {
    for name in protocols where !(1...255).contains(name.utf8.count) {
      throw TLSFailure(
        .setting(
          name: "the application protocol", value: name,
          reason: "a name has 1 to 255 bytes (RFC 7301, 3.1)"))
    }
    return protocols.map { Array($0.utf8) }
  }

  /// The bytes of a client's pre-shared key; empty when none is set.
  static func pskKey(_ settings: TLSClientSettings) throws(TLSFailure) -> [UInt8] {
    guard let text = settings.pskHexKey, let identity = settings.pskIdentity else {
      if settings.pskHexKey == nil && settings.pskIdentity == nil { return [] }
      throw TLSFailure(
        .setting(
          name: settings.pskHexKey == nil ? "--psk-identity" : "--psk", value: "...",
          reason: "a pre-shared key and its identity go together: give --psk and --psk-identity"))
    }
    // OpenSSL's own limits: PSK_MAX_IDENTITY_LEN and PSK_MAX_PSK_LEN.
    guard (1...256).contains(identity.utf8.count), !identity.utf8.contains(0) else {
      throw TLSFailure(
        .setting(
          name: "--psk-identity", value: identity, reason: "an identity has 1 to 256 bytes"))
    }
    guard let key = bytes(ofHex: text), (1...512).contains(key.count) else {
      // The key itself is a secret and stays out of the text.
      throw TLSFailure(
        .setting(
          name: "--psk", value: "...",
          reason: "a key is 1 to 512 bytes in hexadecimal digits, two for each, without 0x"))
    }
    return key
  }

  /// The bytes that pairs of hexadecimal digits stand for; nil when they are none.
  private static func bytes(ofHex text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      let pair = String(decoding: digits[index...(index + 1)], as: UTF8.self)
      guard pair.utf8.first != UInt8(ascii: "+"), let byte = UInt8(pair, radix: 16) else {
        return nil
      }
      bytes.append(byte)
    }
    return bytes
  }
}
