// Handshakes that succeed, and what both ends know of each other afterwards.

import Testing
import Transport

@Suite struct TLSHandshakeTests {
  @Test(arguments: TLSVersion.allCases)
  func `both versions of TLS shake hands and name themselves`(version: TLSVersion) throws {
    var settings = TLSClientSettings.trusting
    settings.minimumVersion = version
    settings.maximumVersion = version
    var pair = try TLSPair(client: settings, server: .localhost)
    pair.connect()
    let name = version == .tls1_2 ? "TLSv1.2 " : "TLSv1.3 "
    #expect(pair.client.summary.hasPrefix(name))
    #expect(pair.client.summary == pair.server.summary)
  }

  @Test func `the lowest version is a floor and not a choice`() throws {
    var settings = TLSClientSettings.trusting
    settings.minimumVersion = .tls1_2
    var pair = try TLSPair(client: settings, server: .localhost)
    pair.connect()
    #expect(pair.client.summary.hasPrefix("TLSv1.3 "))
  }

  @Test(arguments: ["localhost", "localhost.", "127.0.0.1", "::1", "[::1]", "::1%lo"])
  func `a server proves each name and address of its certificate`(name: String) throws {
    var pair = try TLSPair(client: .trusting, server: .localhost, name: name)
    pair.connect()
  }

  @Test func `the settings' server name serves sessions that are given none`() throws {
    var settings = TLSClientSettings.trusting
    settings.serverName = "localhost"
    var pair = try TLSPair(client: settings, server: .localhost, name: nil)
    pair.connect()
    settings.serverName = "elsewhere"
    var other = try TLSPair(client: settings, server: .localhost, name: nil)
    #expect(other.handshake().client.failure != nil)
  }

  @Test func `an insecure client talks to a server that nobody vouches for`() throws {
    var settings = TLSClientSettings()
    settings.isInsecure = true
    var pair = try TLSPair(client: settings, server: .localhost, name: "elsewhere")
    pair.connect()
  }

  @Test func `a client that does not check names still checks the authority`() throws {
    var settings = TLSClientSettings.trusting
    settings.checksServerName = false
    var pair = try TLSPair(client: settings, server: .localhost, name: "elsewhere")
    pair.connect()
    settings.authorityFile = nil
    var other = try TLSPair(client: settings, server: .localhost, name: "elsewhere")
    #expect(other.handshake().client.failure != nil)
  }

  @Test func `a server knows the name in a client's certificate`() throws {
    let certificates = TLSCertificates.localhost
    certificates.issue("alice", commonName: "Alice", alternativeNames: nil)
    var client = TLSClientSettings.trusting
    client.certificateFile = certificates.path("alice.crt")
    client.keyFile = certificates.path("alice.key")
    var server = TLSServerSettings.localhost
    server.authorityFile = certificates.authority
    server.requiresClientCertificate = true
    var pair = try TLSPair(client: client, server: server)
    pair.connect()
    #expect(pair.server.peerCommonName == "Alice")
    #expect(pair.server.peerSubject == "CN=Alice")
    #expect(pair.client.peerCommonName == "localhost")
  }

  @Test func `a server that asks for a certificate without demanding one serves both`() throws {
    let certificates = TLSCertificates.localhost
    certificates.issue("carol", commonName: "Carol", alternativeNames: nil)
    var server = TLSServerSettings.localhost
    server.authorityFile = certificates.authority
    var nameless = try TLSPair(client: .trusting, server: server)
    nameless.connect()
    var client = TLSClientSettings.trusting
    client.certificateFile = certificates.path("carol.crt")
    client.keyFile = certificates.path("carol.key")
    var named = try TLSPair(client: client, server: server)
    named.connect()
    #expect(named.server.peerCommonName == "Carol")
  }

  @Test func `a client without a certificate has no name`() throws {
    var pair = try TLSPair(client: .trusting, server: .localhost)
    pair.connect()
    #expect(pair.server.peerCommonName == nil)
    #expect(pair.server.peerSubject == nil)
  }
}
