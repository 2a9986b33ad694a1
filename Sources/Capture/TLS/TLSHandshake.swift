// The messages of a handshake that tell something to someone who only looks on (RFC 5246, 7.4; RFC
// 8446, 4): the client's offer, the server's choice, certificates. Everything is read by a cursor
// that answers nil at the end of what there is; a message that cannot be read tells nothing.

/// A cursor over bytes of TLS.
struct TLSCursor {
  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  var isAtEnd: Bool { position == bytes.endIndex }

  /// An unsigned number of so many bytes.
  mutating func number(_ count: Int) -> Int? {
    take(count).map(Self.number)
  }

  /// The unsigned number that these bytes are.
  static func number(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reduce(0) { $0 << 8 | Int($1) }
  }

  mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    if count < 0 || bytes.endIndex - position < count { return nil }
    defer { position += count }
    return bytes[position..<position + count]
  }

  /// Bytes behind a length of `lengthSize` bytes.
  mutating func vector(_ lengthSize: Int) -> ArraySlice<UInt8>? {
    number(lengthSize).flatMap { take($0) }
  }
}

/// ClientHello (RFC 8446, 4.1.2).
struct TLSClientHello {
  var random: [UInt8]
  var serverName: String?
  var protocols: [String] = []
  var offersEarlyData = false

  init?(_ body: ArraySlice<UInt8>) {
    var cursor = TLSCursor(body)
    guard cursor.number(2) != nil, let random = cursor.take(32), cursor.vector(1) != nil,
      cursor.vector(2) != nil, cursor.vector(1) != nil
    else { return nil }
    self.random = Array(random)
    guard let extensions = cursor.vector(2) else { return }
    var list = TLSCursor(extensions)
    while let type = list.number(2), let content = list.vector(2) {
      if type == 0 { serverName = Self.serverName(content) }
      if type == 16 { protocols = Self.names(content) }
      if type == 42 { offersEarlyData = true }
    }
  }

  private static func serverName(_ content: ArraySlice<UInt8>) -> String? {
    var outer = TLSCursor(content)
    guard let list = outer.vector(2) else { return nil }
    var cursor = TLSCursor(list)
    guard cursor.number(1) == 0, let name = cursor.vector(2) else { return nil }
    return DistinguishedName.text(name)
  }

  private static func names(_ content: ArraySlice<UInt8>) -> [String] {
    var outer = TLSCursor(content)
    guard let list = outer.vector(2) else { return [] }
    var cursor = TLSCursor(list)
    var names: [String] = []
    while let name = cursor.vector(1) { names.append(DistinguishedName.text(name)) }
    return names
  }
}

/// ServerHello (RFC 8446, 4.1.3).
struct TLSServerHello {
  /// The random number that makes a HelloRetryRequest of a ServerHello.
  private static let retryRandom: [UInt8] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
    0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
  ]

  var random: [UInt8]
  var version: Int
  var suite: Int
  var encryptsThenAuthenticates = false

  /// Whether the client is asked to begin again.
  var isRetry: Bool { random == Self.retryRandom }

  init?(_ body: ArraySlice<UInt8>) {
    var cursor = TLSCursor(body)
    guard let version = cursor.number(2), let random = cursor.take(32), cursor.vector(1) != nil,
      let suite = cursor.number(2), cursor.number(1) != nil
    else { return nil }
    self.version = version
    self.random = Array(random)
    self.suite = suite
    guard let extensions = cursor.vector(2) else { return }
    var list = TLSCursor(extensions)
    while let type = list.number(2), let content = list.vector(2) {
      if type == 43, content.count == 2 { self.version = TLSCursor.number(content) }
      if type == 22 { encryptsThenAuthenticates = true }
    }
  }

  /// The version as the standard writes it.
  static func name(version: Int) -> String {
    switch version {
    case 0x0300: "SSL 3.0"
    case 0x0301: "TLS 1.0"
    case 0x0302: "TLS 1.1"
    case 0x0303: "TLS 1.2"
    case 0x0304: "TLS 1.3"
    default: "TLS version \(version)"
    }
  }
}

/// Certificate: the subjects of a chain.
enum TLSCertificates {
  /// Certificates of a chain that are looked at.
  private static let limit = 16

  static func subjects(_ body: ArraySlice<UInt8>, isVersion13: Bool) -> [String] {
    var cursor = TLSCursor(body)
    if isVersion13 { _ = cursor.vector(1) }
    guard let chain = cursor.vector(3) else { return [] }
    var list = TLSCursor(chain)
    var names: [String] = []
    while names.count < limit, let certificate = list.vector(3) {
      names.append(DistinguishedName.subject(certificate) ?? "a certificate that cannot be read")
      if isVersion13 { _ = list.vector(2) }
    }
    return names
  }
}
