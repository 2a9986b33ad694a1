// Handshakes that fail, each for one reason, and the text that explains it.

import Foundation
import Testing
import Transport

@Suite struct TLSFailureTests {
  let certificates = TLSCertificates.localhost

  private func server(_ name: String) -> TLSServerSettings {
    TLSServerSettings(
      certificateFile: certificates.path(name + ".crt"), keyFile: certificates.path(name + ".key"))
  }

  private func clientFailure(
    _ client: TLSClientSettings = .trusting, _ server: TLSServerSettings = .localhost,
    name: String? = "localhost"
  ) throws -> TLSFailure {
    var pair = try TLSPair(client: client, server: server, name: name)
    return try #require(pair.handshake().client.failure)
  }

  private func serverFailure(
    _ client: TLSClientSettings = .trusting, _ server: TLSServerSettings = .localhost,
    name: String? = "localhost"
  ) throws -> TLSFailure {
    var pair = try TLSPair(client: client, server: server, name: name)
    return try #require(pair.handshake().server.failure)
  }

  @Test func `an expired certificate is named with its date and the date now`() throws {
    certificates.issue("expired", from: "200101000000Z", until: "200102030405Z")
    let failure = try clientFailure(.trusting, server("expired"))
    guard case .certificateExpired(let facts, let now) = failure.check else {
      Issue.record("\(failure)")
      return
    }
    #expect(facts.notAfter == "2020-01-02 03:04:05 UTC")
    #expect(
      failure.description
        == "TLS: the certificate of the server localhost has expired: CN=broker (issued by CN=Test "
        + "Authority) was valid until 2020-01-02 03:04:05 UTC, and it is \(now) now. The server "
        + "needs a new certificate; --insecure connects without checking it.")
  }

  @Test func `a certificate from the future is named with its date and the date now`() throws {
    certificates.issue("early", from: "490101000000Z", until: "490202000000Z")
    let failure = try clientFailure(.trusting, server("early"))
    guard case .certificateNotYetValid(_, let now) = failure.check else {
      Issue.record("\(failure)")
      return
    }
    #expect(
      failure.description
        == "TLS: the certificate of the server localhost is not valid yet: CN=broker (issued by "
        + "CN=Test Authority) is valid from 2049-01-01 00:00:00 UTC, and it is \(now) now. Check "
        + "the clocks of both hosts.")
  }

  @Test func `a wrong name is told with the names offered and the name wanted`() throws {
    let failure = try clientFailure(name: "elsewhere.example")
    #expect(
      failure.description
        == "TLS: the certificate of the server elsewhere.example is for other names: wanted is "
        + "elsewhere.example, offered are: localhost, 127.0.0.1, ::1 (CN=localhost (issued by "
        + "CN=Test Authority)). Connect with one of these names (-h), or have a certificate made "
        + "that carries elsewhere.example; --insecure connects without checking it.")
  }

  @Test func `a wrong address is told like a wrong name`() throws {
    let failure = try clientFailure(name: "192.0.2.1")
    guard case .nameMismatch(let wanted, let facts) = failure.check else {
      Issue.record("\(failure)")
      return
    }
    #expect(wanted == "192.0.2.1")
    #expect(facts.names == ["localhost", "127.0.0.1", "::1"])
  }

  @Test func `a certificate without alternative names offers its common name`() throws {
    certificates.issue("nameless", commonName: "plain.example", alternativeNames: nil)
    let failure = try clientFailure(.trusting, server("nameless"))
    #expect(failure.description.contains("offered are: plain.example (CN=plain.example"))
  }

  @Test func `an unknown authority is told with the chain`() throws {
    let failure = try clientFailure(TLSClientSettings())
    #expect(
      failure.description
        == "TLS: the certificate of the server localhost was issued by an authority that is not "
        + "trusted here: CN=localhost (issued by CN=Test Authority). Nothing trusted is named "
        + "CN=Test Authority, or it did not sign this. Give that authority's certificate with "
        + "--cafile (or --capath); --insecure connects without checking anything.")
  }

  @Test func `a server hears from the client that it does not trust the authority`() throws {
    let failure = try serverFailure(TLSClientSettings())
    #expect(
      failure.description
        == "TLS: the client ended the session with the alert unknown_ca (48): it does not accept "
        + "this server's certificate. The client needs the authority's file (--cafile), and must "
        + "connect by a name or address that the certificate carries.")
  }

  @Test func `a certificate signed by itself is told apart`() throws {
    certificates.selfSigned("lonely", commonName: "lonely")
    let failure = try clientFailure(.trusting, server("lonely"))
    #expect(
      failure.description
        == "TLS: the certificate of the server localhost is signed by itself and not among the trusted "
        + "ones: CN=lonely (self-signed). If it is the right one, get its file from the server "
        + "and give it with --cafile; --insecure connects without checking anything.")
  }

  @Test func `a certificate signed by itself is good when it is trusted`() throws {
    certificates.selfSigned(
      "known", commonName: "known", arguments: ["-addext", "subjectAltName=DNS:localhost"])
    var client = TLSClientSettings()
    client.authorityFile = certificates.path("known.crt")
    var pair = try TLSPair(client: client, server: server("known"))
    pair.connect()
  }

  @Test func `control characters in a name are never printed`() throws {
    certificates.selfSigned("rude", commonName: "a\u{1B}[2Jb")
    let failure = try clientFailure(.trusting, server("rude"))
    #expect(failure.description.contains("CN=a\\1B[2Jb (self-signed)"))
  }

  private func demanding() -> TLSServerSettings {
    var settings = TLSServerSettings.localhost
    settings.authorityFile = certificates.authority
    settings.requiresClientCertificate = true
    return settings
  }

  @Test(arguments: TLSVersion.allCases)
  func `a client without a certificate is told to bring one, by both ends`(
    version: TLSVersion
  ) throws {
    var client = TLSClientSettings.trusting
    client.maximumVersion = version
    var pair = try TLSPair(client: client, server: demanding())
    let progress = pair.handshake()
    #expect(
      progress.server.failure?.description
        == "TLS: the client sent no certificate, and this server demands one. Start the client "
        + "with --cert and --key, with a certificate signed by an authority in the server's "
        + "--cafile.")
    // In TLS 1.3 the client's handshake is over before the server has looked (RFC 8446, 4.4.2.4).
    let told: TLSFailure?
    if case .failed(let failure) = pair.client.read().result {
      told = failure
    } else {
      told = progress.client.failure
    }
    switch version {
    case .tls1_3:
      #expect(
        told?.description
          == "TLS: the server localhost ended the session with the alert certificate_required "
          + "(116): it demands a certificate from the client. Give one with --cert and --key.")
    case .tls1_2:
      #expect(
        progress.client.failure?.description
          == "TLS: the server localhost ended the session with the alert handshake_failure (40): "
          + "it accepts nothing that was offered. It may demand a client's certificate (--cert "
          + "and --key), other ciphers (--ciphers) or a pre-shared key (--psk and "
          + "--psk-identity).")
    }
  }

  @Test func `a client's certificate of an unknown authority is told with the chain`() throws {
    certificates.selfSigned("stranger", commonName: "stranger")
    var client = TLSClientSettings.trusting
    client.certificateFile = certificates.path("stranger.crt")
    client.keyFile = certificates.path("stranger.key")
    #expect(
      try serverFailure(client, demanding()).description
        == "TLS: the certificate of the client is signed by itself and not among the trusted ones: "
        + "CN=stranger (self-signed). To accept it, put it into the file that --cafile names.")
  }

  static let ownSettings: [(TLSFailure.Check, String, inFile: String)] = [
    (.noClientCertificate, "in the server's --cafile.", "in the server's cafile."),
    (.unknownIssuer(chain: []), "the file that --cafile names", "the file that cafile names"),
    (.noCommonVersion(reason: "x"), "a lower --tls-version,", "a lower tls_version,"),
    (.noCommonCipher, "Leave --ciphers away", "Leave ciphers away"),
  ]

  @Test(arguments: ownSettings)
  func `settings of a file are named by its words`(
    check: TLSFailure.Check, word: String, inFile: String
  ) {
    var failure = TLSFailure(check, peer: .client(""))
    #expect(failure.description.contains(word), "\(failure)")
    failure.isInFile = true
    #expect(failure.description.contains(inFile), "\(failure)")
  }

  static let revoked: [(TLSFailure.Peer, String)] = [
    (.server(""), "revoked this client's certificate (--cert) by the server's revocation list"),
    (.client(""), "by the client's revocation list (CRL) this server's certificate has been"),
  ]

  @Test(arguments: revoked)
  func `the alert of a revoked certificate says whose it is`(peer: TLSFailure.Peer, text: String) {
    let failure = TLSFailure(.alert(TLSAlert(number: 44)), peer: peer)
    #expect(failure.description.contains(text), "\(failure)")
  }

  @Test func `a revoked client certificate is refused by name`() throws {
    certificates.issue("thief", commonName: "thief", alternativeNames: nil)
    certificates.revoke("thief", into: "revoked.pem")
    var client = TLSClientSettings.trusting
    client.certificateFile = certificates.path("thief.crt")
    client.keyFile = certificates.path("thief.key")
    var settings = demanding()
    settings.revocationListFile = certificates.path("revoked.pem")
    #expect(
      try serverFailure(client, settings).description
        == "TLS: the certificate of the client was revoked by its authority: CN=thief (issued by "
        + "CN=Test Authority). The client needs a new one.")
  }

  @Test func `a revocation list does not touch other certificates`() throws {
    certificates.issue("thief2", commonName: "thief2", alternativeNames: nil)
    certificates.issue("honest", commonName: "honest", alternativeNames: nil)
    certificates.revoke("thief2", into: "revoked2.pem")
    var client = TLSClientSettings.trusting
    client.certificateFile = certificates.path("honest.crt")
    client.keyFile = certificates.path("honest.key")
    var settings = demanding()
    settings.revocationListFile = certificates.path("revoked2.pem")
    var pair = try TLSPair(client: client, server: settings)
    pair.connect()
  }

  @Test func `ends without a common version say so`() throws {
    var client = TLSClientSettings.trusting
    client.maximumVersion = .tls1_2
    var server = TLSServerSettings.localhost
    server.minimumVersion = .tls1_3
    #expect(
      try serverFailure(client, server).description
        == "TLS: the client and this server have no version of TLS in common (unsupported "
        + "protocol). This server speaks TLS 1.2 and 1.3 as far as --tls-version lets it: name a "
        + "lower --tls-version, or bring the client up to date.")
    #expect(
      try clientFailure(client, server).description
        == "TLS: the server localhost ended the session with the alert protocol_version (70): it "
        + "does not speak the versions of TLS that were offered. Try another --tls-version.")
  }

  @Test func `ends without a common cipher say so`() throws {
    var client = TLSClientSettings.trusting
    client.maximumVersion = .tls1_2
    client.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"
    var server = TLSServerSettings.localhost
    server.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"
    #expect(
      try serverFailure(client, server).description
        == "TLS: the client and this server have no cipher in common. Leave --ciphers away, or "
        + "name one that both have (`openssl ciphers -v` lists them); where one side has only "
        + "pre-shared keys the other needs --psk and --psk-identity.")
  }
}
