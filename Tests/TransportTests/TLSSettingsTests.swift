// Settings that cannot work, each explained when the context is made and not at the first
// handshake.

import Foundation
import LiveSupport
import Testing
import Transport

@Suite struct TLSSettingsTests {
  let certificates = TLSCertificates.localhost

  private func serverFailure(_ settings: TLSServerSettings) throws -> TLSFailure {
    try #require(throws: TLSFailure.self) { _ = try TLSContext.server(settings) }
  }

  private func clientFailure(
    _ change: (inout TLSClientSettings) -> Void
  ) throws -> TLSFailure {
    var settings = TLSClientSettings.trusting
    change(&settings)
    return try #require(throws: TLSFailure.self) { _ = try TLSContext.client(settings) }
  }

  @Test func `a missing certificate file is named with the system's reason and the flag`() throws {
    var settings = TLSServerSettings.localhost
    settings.certificateFile = "/nowhere/server.crt"
    #expect(
      try serverFailure(settings).description
        == "TLS: the certificate file /nowhere/server.crt cannot be used: No such file or "
        + "directory. --cert takes a PEM file with the own certificate, followed by its "
        + "intermediates.")
  }

  @Test func `a key file that is a directory is named with the reason`() throws {
    var settings = TLSServerSettings.localhost
    settings.keyFile = "/tmp"
    #expect(try serverFailure(settings).description.contains("key file /tmp "))
  }

  @Test func `exchanged certificate and key are seen`() throws {
    let settings = TLSServerSettings(
      certificateFile: certificates.path("localhost.key"),
      keyFile: certificates.path("localhost.crt"))
    #expect(
      try serverFailure(settings).check
        == .fileInvalid(
          .certificate, path: certificates.path("localhost.key"),
          reason: "it holds no PEM block CERTIFICATE, but PRIVATE KEY"))
  }

  @Test func `a certificate in the place of a key is seen`() throws {
    var settings = TLSServerSettings.localhost
    settings.keyFile = certificates.path("localhost.crt")
    #expect(
      try serverFailure(settings).description
        == "TLS: the key file \(certificates.path("localhost.crt")) is of no use: it holds no PEM "
        + "block PRIVATE KEY, but CERTIFICATE. --key takes a PEM file with the private key, "
        + "readable by the user this program runs as.")
  }

  @Test func `a file without PEM says how to convert another form`() throws {
    certificates.write("not a certificate", to: "junk")
    let failure = try clientFailure { $0.authorityFile = certificates.path("junk") }
    #expect(
      failure.description
        == "TLS: the authority file \(certificates.path("junk")) is of no use: it holds no PEM "
        + "block CERTIFICATE, and nothing else in PEM form either (a DER file is converted with "
        + "`openssl x509 -inform der -in \(certificates.path("junk"))`). --cafile takes a PEM "
        + "file with the certificates of the authorities to trust.")
  }

  @Test func `a key of another certificate is seen`() throws {
    certificates.selfSigned("another", commonName: "another")
    var settings = TLSServerSettings.localhost
    settings.keyFile = certificates.path("another.key")
    #expect(
      try serverFailure(settings).description
        == "TLS: the key in \(certificates.path("another.key")) does not belong to the "
        + "certificate in \(certificates.path("localhost.crt")). Both must come from the same "
        + "request; in a file with a chain the own certificate stands first.")
  }

  @Test func `an encrypted key asks for its password and takes only the right one`() throws {
    let key = certificates.path("locked.key")
    TLSCertificates.openssl(
      ["pkey", "-in", certificates.path("localhost.key"), "-aes256", "-passout", "pass:secret"]
        + ["-out", key])
    var settings = TLSServerSettings.localhost
    settings.keyFile = key
    #expect(
      try serverFailure(settings).description
        == "TLS: the key file \(key) is encrypted and no password was given. Give its password, "
        + "or store the key without one: openssl pkey -in \(key) -out plain.key")
    settings.keyPassword = "wrong"
    #expect(
      try serverFailure(settings).description
        == "TLS: the key file \(key) cannot be decrypted: the password is wrong.")
    settings.keyPassword = "secret"
    _ = try TLSContext.server(settings)
  }

  @Test(arguments: ["", ".", nil])
  func `no name to check is a failure and not a certificate unchecked`(name: String?) throws {
    var pair = try TLSPair(client: .trusting, server: .localhost, name: name)
    #expect(
      pair.handshake().client.failure?.description
        == "TLS: the server's name \"\(name ?? "")\" cannot be: its certificate must carry a name "
        + "or an address that is known; give one with -h, or --insecure to check none.")
  }

  @Test func `a certificate and its key go together`() throws {
    #expect(
      try clientFailure { $0.certificateFile = certificates.path("localhost.crt") }.description
        == "TLS: --cert was given without --key: a certificate and its key go together.")
    #expect(
      try clientFailure { $0.keyFile = certificates.path("localhost.key") }.description
        == "TLS: --key was given without --cert: a certificate and its key go together.")
    #expect(
      try serverFailure(TLSServerSettings()).description
        == "TLS: a server needs a certificate and its key: give --cert and --key, or neither to "
        + "have both made by the local authority.")
  }

  @Test func `authorities are needed to demand certificates`() throws {
    var settings = TLSServerSettings.localhost
    settings.requiresClientCertificate = true
    #expect(
      try serverFailure(settings).description
        == "TLS: --require-cert \"true\" cannot be: there is nothing to check clients' "
        + "certificates against: name their authorities with --cafile or --capath.")
  }

  @Test func `an authority directory works after a rehash and must be a directory`() throws {
    let folder = TestFolder()
    let directory = folder.path
    try FileManager.default.copyItem(
      atPath: certificates.authority, toPath: directory + "/authority.crt")
    TLSCertificates.openssl(["rehash", directory])
    var client = TLSClientSettings()
    client.authorityDirectory = directory
    var pair = try TLSPair(client: client, server: .localhost)
    pair.connect()
    let failure = try clientFailure { $0.authorityDirectory = certificates.authority }
    #expect(
      failure.description
        == "TLS: the authority directory \(certificates.authority) is of no use: it is not a "
        + "directory. --capath takes a directory of such files after `openssl rehash`.")
  }

  @Test func `unknown ciphers and suites are named`() throws {
    #expect(
      try clientFailure { $0.ciphers = "ROT13" }.description
        == "TLS: the cipher list \"ROT13\" cannot be: OpenSSL knows no such cipher for TLS 1.2 (no "
        + "cipher match); `openssl ciphers -v` lists them.")
    #expect(
      try clientFailure { $0.ciphersuites = "TLS_ROT13" }.description.contains(
        "the list of cipher suites \"TLS_ROT13\" cannot be: OpenSSL knows no such suite"))
  }

  @Test func `the highest version cannot be below the lowest`() throws {
    let failure = try clientFailure {
      $0.minimumVersion = .tls1_3
      $0.maximumVersion = .tls1_2
    }
    #expect(
      failure.description
        == "TLS: the highest TLS version \"tlsv1.2\" cannot be: it is below the lowest one, "
        + "tlsv1.3.")
  }

  @Test func `versions are spelled as by the common clients`() {
    #expect(TLSVersion(option: "tlsv1.2") == .tls1_2)
    #expect(TLSVersion(option: "tlsv1.3") == .tls1_3)
    #expect(TLSVersion(option: "1.3") == nil)
  }

  @Test(arguments: ["0x12", "123", "", "zz", "+1"])
  func `a pre-shared key is pairs of hexadecimal digits`(key: String) throws {
    let failure = try clientFailure {
      $0.pskIdentity = "me"
      $0.pskHexKey = key
    }
    #expect(
      failure.description
        == "TLS: --psk \"...\" cannot be: a key is 1 to 512 bytes in hexadecimal digits, two for "
        + "each, without 0x.")
  }

  @Test func `a pre-shared key and its identity go together`() throws {
    #expect(
      try clientFailure { $0.pskHexKey = "12" }.description.hasSuffix(
        "a pre-shared key and its identity go together: give --psk and --psk-identity."))
  }

  @Test func `a protocol name that is too long is refused`() throws {
    let name = String(repeating: "x", count: 256)
    #expect(
      try clientFailure { $0.alpn = [name] }.description
        == "TLS: the application protocol \"\(name)\" cannot be: a name has 1 to 255 bytes (RFC "
        + "7301, 3.1).")
  }

  @Test func `a key log that cannot be written is named`() throws {
    #expect(
      try clientFailure { $0.keyLogFile = "/nowhere/keys" }.description
        == "TLS: the key log /nowhere/keys cannot be used: No such file or directory. "
        + "--tls-keylog and SSLKEYLOGFILE take a file that this user may write.")
  }
}
