// The key of a client's handshake and the server's answer to it (RFC 6455, 1.3): sixteen random
// bytes in Base64, and the SHA-1 of that text and a fixed one, in Base64 again.

import Basis

enum HandshakeKey {
  /// What a server answers to `key`.
  static func accepted(_ key: String) -> String {
    Base64.text(SHA1.digest(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
  }

  /// Whether `text` is sixteen bytes in Base64, as a client's key has to be.
  static func isKey(_ text: String) -> Bool {
    text.utf8.count == 24 && Base64.bytes(Array(text.utf8)[...])?.count == 16
  }
}
