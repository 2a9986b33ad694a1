// The header by which a load balancer says whose connection it passes on: the PROXY protocol of
// HAProxy, version 1 a line of text, version 2 binary with a checksum and facts about TLS if the
// sender adds them. A listener either demands it or does not know it: whoever could leave it out, or
// add it where it is not expected, could lie about its address.

/// What a listener demands of the connections that it takes.
package struct ProxyProtocolTerms: Sendable, Equatable {
  /// The versions that are taken.
  package enum Versions: Sendable, Equatable {
    case version1
    case version2
    case either
  }

  package var versions: Versions
  /// Whether the header has to say that the client came over TLS, which only version 2 can.
  package var requiresTLS = false
  /// Whether it has to say that the client showed a certificate that the sender has checked.
  package var requiresCertificate = false

  /// These versions, with TLS or without.
  package init(_ versions: Versions) { self.versions = versions }
}

/// What the header says of the client's TLS.
package struct ProxyTLSFacts: Sendable, Equatable {
  /// Whether the client came over TLS.
  package var isProtected = false
  /// Whether it showed a certificate that the sender has checked.
  package var isCertificateVerified = false
  /// The common name of that certificate.
  package var commonName: String?

  /// No TLS.
  package init() {}
}

/// A complete header.
package struct ProxyHeader: Sendable, Equatable {
  /// The client's address; nil when the sender speaks for itself (LOCAL) or does not know.
  package var source: SocketAddress?
  package var tls = ProxyTLSFacts()

  /// A header that says nothing, or who the client is.
  package init(source: SocketAddress? = nil, tls: ProxyTLSFacts = ProxyTLSFacts()) {
    self.source = source
    self.tls = tls
  }
}

/// What is wrong with a header.
package enum ProxyHeaderFault: Error, Sendable, Equatable {
  /// The connection does not begin with one; what it begins with, if that is known.
  case missing(String?)
  /// The other version.
  case otherVersion(Int)
  /// Longer than so many bytes.
  case tooLong(limitBytes: Int)
  /// The line of version 1 is not what it has to be.
  case line(String)
  /// The binary header is not what it has to be.
  case binary(String)
  /// The checksum is wrong.
  case checksum
  /// The client did not come over TLS.
  case withoutTLS
  /// The client showed no certificate that the sender has checked.
  case withoutCertificate
}

extension ProxyHeaderFault: CustomStringConvertible {
  /// As part of a log line, in lower case and without a full stop.
  package var description: String {
    switch self {
    case .missing(let found):
      "no PROXY header, which this listener demands"
        + (found.map { "; it begins with \($0)" } ?? "")
    case .otherVersion(let version):
      "a PROXY header of version \(version), which this listener does not take"
    case .tooLong(let limit): "a PROXY header of more than \(limit) bytes"
    case .line(let reason): "the PROXY header is wrong: \(reason)"
    case .binary(let reason): "the PROXY header is wrong: \(reason)"
    case .checksum: "the PROXY header's checksum (CRC-32C) is wrong"
    case .withoutTLS:
      "the PROXY header does not say that the client came over TLS, which this listener demands"
    case .withoutCertificate:
      "the PROXY header does not say that the client's certificate was checked, which this listener "
        + "demands"
    }
  }
}

extension ProxyHeader {
  /// Longest line of version 1, with its end.
  static let lineLimitBytes = 107
  /// Longest header of version 2; the standard's own senders stay far below.
  static let binaryLimitBytes = 4096
  private static let signature: [UInt8] = [
    0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
  ]

  /// Reads the header at the start of `bytes`: the header and its length, or nil when more bytes are
  /// needed, all of which that are there belong to it.
  package static func read(
    _ bytes: [UInt8], _ terms: ProxyProtocolTerms
  ) throws(ProxyHeaderFault) -> (header: ProxyHeader, byteCount: Int)? {
    guard let first = bytes.first else { return nil }
    let result: (header: ProxyHeader, byteCount: Int)?
    if first == signature[0] {
      guard zip(bytes, signature).allSatisfy(==) else { throw .missing(nil) }
      if bytes.count >= signature.count, terms.versions == .version1 { throw .otherVersion(2) }
      result = try readBinary(bytes)
    } else {
      let word = Array("PROXY ".utf8)
      guard zip(bytes, word).allSatisfy(==) else {
        throw .missing(FirstBytes(bytes.span)?.words)
      }
      if bytes.count >= word.count, terms.versions == .version2 { throw .otherVersion(1) }
      result = try readLine(bytes)
    }
    if let tls = result?.header.tls {
      if terms.requiresTLS, !tls.isProtected { throw .withoutTLS }
      if terms.requiresCertificate, !tls.isCertificateVerified { throw .withoutCertificate }
    }
    return result
  }

  // MARK: Version 1

  private static func readLine(
    _ bytes: [UInt8]
  ) throws(ProxyHeaderFault) -> (header: ProxyHeader, byteCount: Int)? {
    guard let end = bytes.prefix(lineLimitBytes).firstIndex(of: UInt8(ascii: "\n")) else {
      if bytes.count >= lineLimitBytes { throw .tooLong(limitBytes: lineLimitBytes) }
      return nil
    }
    guard end > 0, bytes[end - 1] == UInt8(ascii: "\r") else {
      throw .line("the line ends without a carriage return")
    }
    let line = bytes[..<(end - 1)]
    guard line.allSatisfy({ 0x20...0x7E ~= $0 }) else {
      throw .line("the line holds something else than printable characters")
    }
    let words = String(decoding: line, as: UTF8.self)
      .split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    if words.count >= 2, words[1] == "UNKNOWN" { return (ProxyHeader(), end + 1) }
    guard words.count == 6, words[1] == "TCP4" || words[1] == "TCP6" else {
      throw .line("expected PROXY, TCP4, TCP6 or UNKNOWN, two addresses and two ports")
    }
    let source = try address(words[2], words[4], words[1])
    _ = try address(words[3], words[5], words[1])
    return (ProxyHeader(source: source), end + 1)
  }

  private static func address(
    _ host: String, _ port: String, _ family: String
  ) throws(ProxyHeaderFault) -> SocketAddress {
    let isNumber = !port.isEmpty && port.utf8.allSatisfy { 0x30...0x39 ~= $0 }
    guard isNumber, port == "0" || !port.hasPrefix("0"), let number = UInt16(port) else {
      throw .line("'\(port)' is not a port")
    }
    guard !host.contains("["), let address = SocketAddress(host: host, port: number) else {
      throw .line("'\(host)' is not an address")
    }
    switch address {
    case .ipv4 where family == "TCP4", .ipv6 where family == "TCP6": return address
    case .ipv4, .ipv6, .unix: throw .line("'\(host)' is not an address of \(family)")
    }
  }

  // MARK: Version 2

  private static func readBinary(
    _ bytes: [UInt8]
  ) throws(ProxyHeaderFault) -> (header: ProxyHeader, byteCount: Int)? {
    guard bytes.count >= 16 else { return nil }
    let count = 16 + Int(bytes[14]) << 8 + Int(bytes[15])
    guard bytes[12] >> 4 == 2 else { throw .binary("its version is \(bytes[12] >> 4), not 2") }
    if count > binaryLimitBytes { throw .tooLong(limitBytes: binaryLimitBytes) }
    guard bytes.count >= count else { return nil }
    let whole = Array(bytes[..<count])
    var header = ProxyHeader()
    let addressCount = try readAddresses(whole, &header)
    try readExtensions(whole, from: 16 + addressCount, &header)
    switch bytes[12] & 15 {
    case 0: return (ProxyHeader(tls: header.tls), count)
    case 1: return (header, count)
    case let command: throw .binary("its command is \(command), neither LOCAL nor PROXY")
    }
  }

  /// Reads the addresses; answers how many bytes they take.
  private static func readAddresses(
    _ bytes: [UInt8], _ header: inout ProxyHeader
  ) throws(ProxyHeaderFault) -> Int {
    func word(_ start: Int, _ count: Int) -> UInt64 {
      bytes[start..<start + count].reduce(0) { $0 << 8 | UInt64($1) }
    }
    let family = bytes[13] >> 4
    let sizes: [UInt8: Int] = [0: 0, 1: 12, 2: 36, 3: 216]
    guard let size = sizes[family] else { throw .binary("its address family is \(family)") }
    guard bytes.count >= 16 + size else {
      throw .binary("\(bytes.count - 16) bytes are too few for its addresses")
    }
    switch family {
    case 1: header.source = .ipv4(UInt32(word(16, 4)), port: UInt16(word(24, 2)))
    case 2:
      header.source = .ipv6(word(16, 8), word(24, 8), port: UInt16(word(48, 2)), scope: 0)
    case 3:
      let path = bytes[16..<124].prefix { $0 != 0 }
      header.source = .unix(path: String(decoding: path, as: UTF8.self))
    default: break
    }
    return size
  }

  /// Reads what follows the addresses: type, length and value of each extension.
  private static func readExtensions(
    _ bytes: [UInt8], from start: Int, _ header: inout ProxyHeader
  ) throws(ProxyHeaderFault) {
    var next = start
    while next < bytes.count {
      guard bytes.count - next >= 3 else { throw .binary("an extension is cut off") }
      let count = Int(bytes[next + 1]) << 8 + Int(bytes[next + 2])
      guard bytes.count - next - 3 >= count else { throw .binary("an extension is cut off") }
      let value = next + 3..<next + 3 + count
      switch bytes[next] {
      case 0x03:
        guard count == 4 else { throw .binary("its checksum has \(count) bytes, not 4") }
        if !isChecksumRight(bytes, value) { throw .checksum }
      case 0x20: try readTLS(Array(bytes[value]), &header)
      default: break
      }
      next = value.upperBound
    }
  }

  /// The checksum is made with its own four bytes as zeroes.
  private static func isChecksumRight(_ bytes: [UInt8], _ place: Range<Int>) -> Bool {
    var remainder = UInt32.max
    for (index, byte) in bytes.enumerated() {
      remainder ^= UInt32(place.contains(index) ? 0 : byte)
      for _ in 0..<8 {
        remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0x82F6_3B78 : remainder >> 1
      }
    }
    return ~remainder == bytes[place].reduce(0) { $0 << 8 | UInt32($1) }
  }

  private static func readTLS(
    _ value: [UInt8], _ header: inout ProxyHeader
  ) throws(ProxyHeaderFault) {
    guard value.count >= 5 else { throw .binary("its part about TLS is cut off") }
    header.tls.isProtected = value[0] & 1 == 1
    // A certificate was shown on this connection or when its session began, and found right.
    header.tls.isCertificateVerified = value[0] & 6 != 0 && value[1..<5].allSatisfy { $0 == 0 }
    var next = 5
    while next < value.count {
      guard value.count - next >= 3 else { throw .binary("its part about TLS is cut off") }
      let count = Int(value[next + 1]) << 8 + Int(value[next + 2])
      guard value.count - next - 3 >= count else {
        throw .binary("its part about TLS is cut off")
      }
      if value[next] == 0x22 {
        let name = value[next + 3..<next + 3 + count]
        guard let text = String(validating: name, as: UTF8.self) else {
          throw .binary("the common name is not UTF-8")
        }
        header.tls.commonName = text
      }
      next += 3 + count
    }
  }
}
