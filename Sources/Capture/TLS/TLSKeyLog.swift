// The key log file that browsers and OpenSSL's programs write (SSLKEYLOGFILE): lines of a label,
// the client's random number and a secret, in hexadecimal. A pcapng file may bring the same lines
// along. Lines that mean nothing here are passed over, as the form demands.

import Basis

/// The secrets of connections, by the client's random number.
package struct TLSKeyLog: Sendable {
  /// Secrets of one connection.
  struct Secrets: Sendable {
    /// TLS 1.2.
    var master: [UInt8]?
    /// TLS 1.3.
    var clientHandshake: [UInt8]?
    var serverHandshake: [UInt8]?
    var clientTraffic: [UInt8]?
    var serverTraffic: [UInt8]?
  }

  /// Longest line that is looked at, in bytes; none that means something is as long.
  private static let lineLimit = 1024
  /// Most connections that are kept.
  private static let connectionLimit = 1 << 20

  private var secrets: [[UInt8]: Secrets] = [:]

  /// No secrets.
  package init() {}

  /// Connections whose secrets are known.
  package var count: Int { secrets.count }

  /// Adds the lines of a key log.
  package mutating func add(_ text: [UInt8]) {
    var rest = text.withoutByteOrderMark
    while !rest.isEmpty {
      let line = rest.prefix { $0 != UInt8(ascii: "\n") }
      if line.count <= Self.lineLimit { add(line: line) }
      rest = rest.dropFirst(line.count + 1)
    }
  }

  private mutating func add(line: ArraySlice<UInt8>) {
    let words = line.split { $0 == UInt8(ascii: " ") || $0 == 0x0D || $0 == 0x09 }
    if words.count != 3 { return }
    guard let place = Self.place(String(decoding: words[0], as: UTF8.self)),
      let random = [UInt8](hexadecimal: words[1]), random.count == 32,
      let secret = [UInt8](hexadecimal: words[2]),
      secret.count == 48 || secret.count == 32 || secret.count == 64
    else { return }
    if secrets[random] == nil && secrets.count == Self.connectionLimit { return }
    secrets[random, default: Secrets()][keyPath: place] = secret
  }

  private static func place(_ label: String) -> WritableKeyPath<Secrets, [UInt8]?>? {
    switch label {
    case "CLIENT_RANDOM": \.master
    case "CLIENT_HANDSHAKE_TRAFFIC_SECRET": \.clientHandshake
    case "SERVER_HANDSHAKE_TRAFFIC_SECRET": \.serverHandshake
    case "CLIENT_TRAFFIC_SECRET_0": \.clientTraffic
    case "SERVER_TRAFFIC_SECRET_0": \.serverTraffic
    default: nil
    }
  }

  func secrets(of clientRandom: [UInt8]) -> Secrets? { secrets[clientRandom] }
}

/// The one key log of all connections of a capture.
///
/// They share it: a capture may bring secrets along before each of its connections, and a copy of all
/// for each would fill memory.
final class SharedKeyLog {
  var keyLog: TLSKeyLog

  init(_ keyLog: TLSKeyLog) { self.keyLog = keyLog }
}
