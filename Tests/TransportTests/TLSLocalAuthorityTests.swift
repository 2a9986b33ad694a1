// The local authority: what it makes is what OpenSSL's own tools accept, it makes it once, and
// nobody else can read the keys.

import Foundation
import LiveSupport
import Testing
import Transport

@Suite struct TLSLocalAuthorityTests {
  private let folder = TestFolder()
  private var directory: String { folder.path("deep/tls") }

  private func make(
    names: [String] = ["localhost", "Broker.Example"], addresses: [String] = ["127.0.0.1", "::1"]
  ) throws -> LocalCertificates {
    try LocalAuthority.certificates(in: directory, names: names, addresses: addresses)
  }

  private func mode(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return attributes[.posixPermissions] as? Int ?? 0
  }

  private func bytes(_ path: String) -> Data? { FileManager.default.contents(atPath: path) }

  private func failure(_ body: () throws -> LocalCertificates) throws -> TLSFailure {
    try #require(throws: TLSFailure.self) { _ = try body() }
  }

  @Test func `openssl verifies what it makes, for each name and address`() throws {
    let made = try make()
    #expect(made.isAuthorityNew)
    #expect(made.isCertificateNew)
    let checks = [
      ["-verify_hostname", "localhost"], ["-verify_hostname", "broker.example"],
      ["-verify_ip", "127.0.0.1"], ["-verify_ip", "::1"],
    ]
    for check in checks {
      let result = TLSCertificates.openssl(
        ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", made.authorityFile] + check
          + [made.certificateFile])
      #expect(result.succeeded, "\(result.output)")
    }
  }

  @Test func `the server's key is ECDSA on P-256 and the authority may sign servers only`() throws {
    let made = try make()
    let server = TLSCertificates.openssl(["x509", "-in", made.certificateFile, "-noout", "-text"])
    #expect(server.output.contains("NIST CURVE: P-256"))
    #expect(server.output.contains("TLS Web Server Authentication"))
    let authority = TLSCertificates.openssl(["x509", "-in", made.authorityFile, "-noout", "-text"])
    #expect(authority.output.contains("CA:TRUE, pathlen:0"))
    #expect(authority.output.contains("Certificate Sign, CRL Sign"))
  }

  @Test func `only the owner can enter the directory and read the keys`() throws {
    let old = umask(0)
    defer { umask(old) }
    let made = try make()
    #expect(try mode(directory) == 0o700)
    #expect(try mode(made.keyFile) == 0o600)
    #expect(try mode(directory + "/ca.key") == 0o600)
    let left = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    #expect(left == ["ca.crt", "ca.key", "server.crt", "server.key"])
  }

  @Test func `a second start uses the same files`() throws {
    let first = try make()
    let before = [first.authorityFile, first.certificateFile, first.keyFile].map(bytes)
    let second = try make(names: ["LOCALHOST"], addresses: ["0:0:0:0:0:0:0:1"])
    #expect(!second.isAuthorityNew)
    #expect(!second.isCertificateNew)
    #expect([second.authorityFile, second.certificateFile, second.keyFile].map(bytes) == before)
  }

  @Test func `a new name renews the server's certificate under the same authority`() throws {
    let first = try make()
    let authority = bytes(first.authorityFile)
    let second = try make(names: ["localhost", "new.example"])
    #expect(!second.isAuthorityNew)
    #expect(second.isCertificateNew)
    #expect(bytes(second.authorityFile) == authority)
    let result = TLSCertificates.openssl(
      ["verify", "-CAfile", second.authorityFile, "-verify_hostname", "new.example"]
        + [second.certificateFile])
    #expect(result.succeeded, "\(result.output)")
  }

  @Test(arguments: [(20, true), (40, false)])
  func `a certificate is renewed in its last thirty days`(days: Int, isRenewed: Bool) throws {
    let made = try make(names: ["localhost"], addresses: [])
    let request = directory + "/request"
    TLSCertificates.openssl(
      ["req", "-new", "-key", made.keyFile, "-subj", "/CN=localhost", "-out", request]
        + ["-addext", "subjectAltName=DNS:localhost"])
    TLSCertificates.openssl(
      ["x509", "-req", "-in", request, "-CA", made.authorityFile, "-CAkey", directory + "/ca.key"]
        + ["-copy_extensions", "copy", "-days", "\(days)", "-out", made.certificateFile])
    let again = try make(names: ["localhost"], addresses: [])
    #expect(again.isCertificateNew == isRenewed)
    #expect(!again.isAuthorityNew)
  }

  @Test func `a key that does not fit its certificate is replaced with it`() throws {
    let made = try make()
    TLSCertificates.openssl(["genpkey", "-algorithm", "ed25519", "-out", made.keyFile])
    #expect(try make().isCertificateNew)
    #expect(!(try make().isCertificateNew))
  }

  @Test func `an authority without its key serves as long as nothing has to be signed`() throws {
    let made = try make()
    try FileManager.default.removeItem(atPath: directory + "/ca.key")
    let kept = try make()
    #expect(!kept.isCertificateNew)
    #expect(kept.certificateFile == made.certificateFile)
    let failure = try failure { try make(names: ["other"]) }
    #expect(
      failure.description
        == "TLS: the local authority's \(directory)/ca.key is of no use: the server's certificate "
        + "has to be renewed, and the key of the authority in ca.crt is missing or another one. "
        + "Remove the directory's files to have a new authority made, or give --cert and --key.")
  }

  @Test func `a broken authority file is named and not replaced`() throws {
    let made = try make()
    try Data("x".utf8).write(to: URL(fileURLWithPath: made.authorityFile))
    let failure = try failure { try make() }
    #expect(
      failure.description.hasPrefix("TLS: the local authority's \(directory)/ca.crt is of no use"))
    #expect(bytes(made.authorityFile) == Data("x".utf8))
  }

  @Test func `a directory that cannot be made is named with the system's reason`() throws {
    let failure = try #require(throws: TLSFailure.self) {
      try LocalAuthority.certificates(
        in: "/proc/none/tls", names: ["localhost"], addresses: [])
    }
    #expect(
      failure.check
        == .fileUnusable(
          .localAuthority, path: "/proc/none", reason: "No such file or directory"))
  }

  @Test(arguments: ["a,dns:b", "", "two words", "umläut"])
  func `a name that no certificate can carry is refused`(name: String) throws {
    let failure = try failure { try make(names: [name]) }
    #expect(
      failure.description
        == "TLS: the host name \"\(name)\" cannot be: a certificate carries names of letters, "
        + "digits, dots and hyphens.")
  }

  @Test func `an address that is none is refused`() throws {
    let failure = try failure { try make(addresses: ["300.1.1.1"]) }
    #expect(
      failure.description
        == "TLS: the address \"300.1.1.1\" cannot be: it is neither IPv4 nor IPv6.")
  }

  @Test func `many starts at once make one authority`() async throws {
    let made = try await withThrowingTaskGroup(of: LocalCertificates.self) { group in
      for _ in 0..<8 { group.addTask { try make() } }
      return try await group.reduce(into: [LocalCertificates]()) { $0.append($1) }
    }
    #expect(made.count { $0.isAuthorityNew } == 1)
    #expect(made.count { $0.isCertificateNew } == 1)
  }

  @Test func `a client trusts it for this computer only`() throws {
    #expect(LocalAuthority.authorityFile(forHost: "localhost", in: directory) == nil)
    let made = try make()
    let own = LocalHost.name()
    for host in ["localhost", "Localhost.", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", own] {
      #expect(
        LocalAuthority.authorityFile(forHost: host, in: directory) == made.authorityFile,
        "\(host)")
    }
    for host in ["example.org", "192.0.2.1", "localhost.example.org", "2001:db8::1"] {
      #expect(LocalAuthority.authorityFile(forHost: host, in: directory) == nil, "\(host)")
    }
  }

  @Test func `a broker and a client of this account need nothing else`() throws {
    let made = try make()
    var client = TLSClientSettings()
    client.additionalAuthorityFiles = [
      try #require(LocalAuthority.authorityFile(forHost: "localhost", in: directory))
    ]
    var pair = try TLSPair(
      client: client,
      server: TLSServerSettings(certificateFile: made.certificateFile, keyFile: made.keyFile))
    pair.connect()
  }
}
