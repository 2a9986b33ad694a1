// Headers of the PROXY protocol, both versions: what they say, and every lie and cut.

import Testing
import Transport

@Suite struct ProxyHeaderTests {
  private static let either = ProxyProtocolTerms(.either)

  /// A header of version 2 that holds `rest` after its first sixteen bytes.
  static func binary(_ command: UInt8, _ family: UInt8, _ rest: [UInt8]) -> [UInt8] {
    [0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, command, family]
      + [UInt8(rest.count >> 8), UInt8(rest.count & 255)] + rest
  }

  /// 192.0.2.7:5555 to 192.0.2.1:1883.
  static let addresses: [UInt8] = [192, 0, 2, 7, 192, 0, 2, 1, 0x15, 0xB3, 0x07, 0x5B]

  /// An extension.
  static func extra(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
    [type, UInt8(value.count >> 8), UInt8(value.count & 255)] + value
  }

  private static func protected(_ name: String?) -> ProxyTLSFacts {
    var facts = ProxyTLSFacts()
    facts.isProtected = true
    facts.isCertificateVerified = name != nil
    facts.commonName = name
    return facts
  }

  static let right: [(String, [UInt8], ProxyHeader)] = [
    (
      "TCP4", Array("PROXY TCP4 192.0.2.7 192.0.2.1 5555 1883\r\n".utf8),
      ProxyHeader(source: .ipv4(0xC000_0207, port: 5555))
    ),
    (
      "TCP6", Array("PROXY TCP6 2001:db8::7 ::1 5555 1883\r\n".utf8),
      ProxyHeader(source: .ipv6(0x2001_0DB8_0000_0000, 7, port: 5555, scope: 0))
    ),
    ("UNKNOWN", Array("PROXY UNKNOWN\r\n".utf8), ProxyHeader()),
    ("UNKNOWN and more", Array("PROXY UNKNOWN ff::1 x 1 2\r\n".utf8), ProxyHeader()),
    (
      "binary IPv4", binary(0x21, 0x11, addresses),
      ProxyHeader(source: .ipv4(0xC000_0207, port: 5555))
    ),
    (
      "binary IPv6",
      binary(
        0x21, 0x21,
        [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [7]
          + [UInt8](repeating: 0, count: 15) + [1, 0x15, 0xB3, 7, 0x5B]),
      ProxyHeader(source: .ipv6(0x2001_0DB8_0000_0000, 7, port: 5555, scope: 0))
    ),
    (
      "a path",
      binary(
        0x21, 0x31, Array("/run/x".utf8) + [UInt8](repeating: 0, count: 210)),
      ProxyHeader(source: .unix(path: "/run/x"))
    ),
    ("LOCAL", binary(0x20, 0, []), ProxyHeader()),
    ("LOCAL with addresses", binary(0x20, 0x11, addresses), ProxyHeader()),
    ("unspecified", binary(0x21, 0, [1, 0, 1, 65]), ProxyHeader()),
    (
      "TLS and a certificate",
      binary(
        0x21, 0x11,
        addresses
          + extra(
            0x20,
            [7, 0, 0, 0, 0] + extra(0x21, Array("TLSv1.3".utf8))
              + extra(0x22, Array("device-1".utf8)))),
      ProxyHeader(source: .ipv4(0xC000_0207, port: 5555), tls: protected("device-1"))
    ),
    (
      "TLS without a certificate",
      binary(0x21, 0x11, addresses + extra(0x20, [1, 0, 0, 0, 0])),
      ProxyHeader(source: .ipv4(0xC000_0207, port: 5555), tls: protected(nil))
    ),
    (
      "unknown extensions", binary(0x21, 0x11, addresses + extra(0x04, [0, 0]) + extra(0xEE, [])),
      ProxyHeader(source: .ipv4(0xC000_0207, port: 5555))
    ),
    (
      // By another program, which also finds E3069283 for 123456789.
      "a checksum", binary(0x21, 0x11, addresses + extra(0x03, checksum)),
      ProxyHeader(source: .ipv4(0xC000_0207, port: 5555))
    ),
  ]

  private static let checksum: [UInt8] = [0x8F, 0x1F, 0xA5, 0xEE]

  @Test(arguments: right) func `a header is read however it is cut`(
    name: String, bytes: [UInt8], expected: ProxyHeader
  ) throws {
    for count in 0..<bytes.count {
      #expect(try ProxyHeader.read(Array(bytes[..<count]), Self.either) == nil)
    }
    let found = try ProxyHeader.read(bytes + [0x10, 0x0A], Self.either)
    #expect(found?.header == expected)
    #expect(found?.byteCount == bytes.count)
  }

  static let wrong: [([UInt8], String)] = [
    (
      [0x10, 12, 0, 4, 77, 81, 84, 84],
      "no PROXY header, which this listener demands; it begins with a CONNECT packet of plain MQTT"
    ),
    (
      [0x16, 3, 1, 0],
      "no PROXY header, which this listener demands; it begins with a TLS handshake"
    ),
    (
      Array("PRAXY TCP4".utf8),
      "no PROXY header, which this listener demands; it begins with a "
        + "greeting of another protocol"
    ),
    ([0x0D, 0x0A, 0x0D, 0x0B], "no PROXY header, which this listener demands"),
    (
      Array("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n".utf8),
      "the PROXY header is wrong: the line ends without a carriage return"
    ),
    (
      Array("PROXY TCP4 \(String(repeating: "1", count: 200))".utf8),
      "a PROXY header of more than 107 bytes"
    ),
    (
      Array("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n".utf8),
      "the PROXY header is wrong: expected PROXY, TCP4, TCP6 or UNKNOWN, two addresses and two "
        + "ports"
    ),
    (
      Array("PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n".utf8),
      "the PROXY header is wrong: expected PROXY, TCP4, TCP6 or UNKNOWN, two addresses and two "
        + "ports"
    ),
    (
      Array("PROXY TCP4 1.2.3.400 1.2.3.4 1 2\r\n".utf8),
      "the PROXY header is wrong: '1.2.3.400' is not an address"
    ),
    (
      Array("PROXY TCP4 ::1 1.2.3.4 1 2\r\n".utf8),
      "the PROXY header is wrong: '::1' is not an address of TCP4"
    ),
    (
      Array("PROXY TCP6 ::1 1.2.3.4 1 2\r\n".utf8),
      "the PROXY header is wrong: '1.2.3.4' is not an address of TCP6"
    ),
    (
      Array("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n".utf8),
      "the PROXY header is wrong: '65536' is not a port"
    ),
    (
      Array("PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n".utf8),
      "the PROXY header is wrong: '01' is not a port"
    ),
    (
      Array("PROXY TCP4 1.2.3.4\u{1} 1.2.3.4 1 2\r\n".utf8),
      "the PROXY header is wrong: the line holds something else than printable characters"
    ),
    (binary(0x31, 0x11, addresses), "the PROXY header is wrong: its version is 3, not 2"),
    (
      binary(0x22, 0x11, addresses),
      "the PROXY header is wrong: its command is 2, neither LOCAL nor PROXY"
    ),
    (binary(0x21, 0x41, addresses), "the PROXY header is wrong: its address family is 4"),
    (
      binary(0x21, 0x11, Array(addresses.dropLast())),
      "the PROXY header is wrong: 11 bytes are too few for its addresses"
    ),
    (
      binary(0x21, 0x11, addresses + [4, 0, 9, 1]),
      "the PROXY header is wrong: an extension is cut off"
    ),
    (binary(0x21, 0x11, addresses + [4, 0]), "the PROXY header is wrong: an extension is cut off"),
    (
      binary(0x21, 0x11, addresses + extra(3, [1, 2, 3, 4])),
      "the PROXY header's checksum (CRC-32C) is wrong"
    ),
    (
      binary(0x21, 0x11, addresses + extra(3, [1, 2])),
      "the PROXY header is wrong: its checksum has 2 bytes, not 4"
    ),
    (
      binary(0x21, 0x11, addresses + extra(0x20, [1, 0])),
      "the PROXY header is wrong: its part about TLS is cut off"
    ),
    (
      binary(0x21, 0x11, addresses + extra(0x20, [1, 0, 0, 0, 0, 0x22, 0, 9])),
      "the PROXY header is wrong: its part about TLS is cut off"
    ),
    (
      binary(0x21, 0x11, addresses + extra(0x20, [1, 0, 0, 0, 0] + extra(0x22, [0xFF]))),
      "the PROXY header is wrong: the common name is not UTF-8"
    ),
    (
      binary(0x21, 0x11, [UInt8](repeating: 0, count: 5000)),
      "a PROXY header of more than 4096 bytes"
    ),
  ]

  @Test(arguments: wrong) func `a wrong header is told what is wrong with it`(
    bytes: [UInt8], expected: String
  ) {
    let fault = #expect(throws: ProxyHeaderFault.self) {
      try ProxyHeader.read(bytes, Self.either)
    }
    #expect(fault?.description == expected)
  }

  @Test func `only the versions that are asked for are taken`() throws {
    let one = Array("PROXY UNKNOWN\r\n".utf8)
    let two = Self.binary(0x20, 0, [])
    #expect(try ProxyHeader.read(one, ProxyProtocolTerms(.version1)) != nil)
    #expect(try ProxyHeader.read(two, ProxyProtocolTerms(.version2)) != nil)
    #expect(throws: ProxyHeaderFault.otherVersion(1)) {
      try ProxyHeader.read(one, ProxyProtocolTerms(.version2))
    }
    #expect(throws: ProxyHeaderFault.otherVersion(2)) {
      try ProxyHeader.read(two, ProxyProtocolTerms(.version1))
    }
  }

  @Test func `where TLS is demanded the header has to speak of it`() throws {
    var terms = ProxyProtocolTerms(.either)
    terms.requiresTLS = true
    let bytes = Self.binary(0x21, 0x11, Self.addresses)
    #expect(throws: ProxyHeaderFault.withoutTLS) { try ProxyHeader.read(bytes, terms) }
    let protected = Self.binary(
      0x21, 0x11, Self.addresses + Self.extra(0x20, [1, 0, 0, 0, 0]))
    #expect(try ProxyHeader.read(protected, terms)?.header.tls.isProtected == true)
  }

  @Test func `where a certificate is demanded the header has to say that it was checked`() throws {
    var terms = ProxyProtocolTerms(.version2)
    terms.requiresCertificate = true
    func header(_ facts: [UInt8]) -> [UInt8] {
      Self.binary(0x21, 0x11, Self.addresses + Self.extra(0x20, facts))
    }
    // No TLS, TLS without a certificate, a certificate that was found wrong.
    for bytes in [
      Self.binary(0x21, 0x11, Self.addresses), header([1, 0, 0, 0, 0]), header([3, 0, 0, 0, 1]),
    ] {
      #expect(throws: ProxyHeaderFault.withoutCertificate) { try ProxyHeader.read(bytes, terms) }
    }
    #expect(
      try ProxyHeader.read(header([3, 0, 0, 0, 0]), terms)?.header.tls.isCertificateVerified
        == true)
  }
}
