// What is agreed beside the certificates: pre-shared keys, application protocols, logged secrets.

import Foundation
import LiveSupport
import Testing
import Transport

@Suite struct TLSExtrasTests {
  private func preShared(_ identity: String, _ key: String) -> TLSClientSettings {
    var settings = TLSClientSettings()
    settings.pskIdentity = identity
    settings.pskHexKey = key
    return settings
  }

  private var lookingUp: TLSServerSettings {
    var settings = TLSServerSettings()
    settings.pskHint = "ask the operator"
    settings.pskLookup = { $0 == "alice" ? [0x12, 0xAB] : nil }
    return settings
  }

  @Test(arguments: TLSVersion.allCases)
  func `a pre-shared key takes the place of certificates`(version: TLSVersion) throws {
    var client = preShared("alice", "12ab")
    client.minimumVersion = version
    client.maximumVersion = version
    var pair = try TLSPair(client: client, server: lookingUp)
    pair.connect()
    #expect(pair.server.write([1]) == .bytes(1))
    #expect(pair.client.read().bytes == [1])
  }

  @Test(arguments: TLSVersion.allCases)
  func `a server knows the identity of a pre-shared key`(version: TLSVersion) throws {
    var client = preShared("alice", "12AB")
    client.maximumVersion = version
    var pair = try TLSPair(client: client, server: lookingUp)
    pair.connect()
    #expect(pair.server.pskIdentity == "alice")
  }

  @Test func `an identity that was only named, and not used, is nobody`() throws {
    var client = preShared("alice", "12ab")
    client.authorityFile = TLSCertificates.shared.authority
    // A key like this one does not go with SHA-384, so the server falls back to its certificate.
    client.ciphersuites = "TLS_AES_256_GCM_SHA384"
    var server = TLSServerSettings.localhost
    server.pskLookup = lookingUp.pskLookup
    var pair = try TLSPair(client: client, server: server)
    pair.connect()
    #expect(pair.server.pskIdentity == nil)
    #expect(pair.client.peerCommonName == "localhost")
  }

  @Test(arguments: TLSVersion.allCases)
  func `a wrong pre-shared key is explained`(version: TLSVersion) throws {
    var client = preShared("alice", "0000")
    client.maximumVersion = version
    var pair = try TLSPair(client: client, server: lookingUp)
    let progress = pair.handshake()
    #expect(
      progress.client.failure?.description.contains(
        "--psk is not the key the server has for this --psk-identity") == true)
    #expect(
      progress.server.failure?.description
        == "TLS: the pre-shared key of the client is not the one this server has for its identity. "
        + "Compare the client's --psk with the server's entry for its --psk-identity.")
  }

  @Test(arguments: TLSVersion.allCases)
  func `an unknown identity is explained`(version: TLSVersion) throws {
    var client = preShared("bob", "12ab")
    client.maximumVersion = version
    var pair = try TLSPair(client: client, server: lookingUp)
    let progress = pair.handshake()
    #expect(progress.client.failure?.description.contains("--psk-identity") == true)
    #expect(
      progress.server.failure?.description
        == "TLS: the client named no identity that this server has a pre-shared key for. Start "
        + "the client with --psk-identity and --psk as the server's file of keys has them.")
  }

  @Test(arguments: TLSVersion.allCases)
  func `a server with a certificate takes pre-shared keys as well`(version: TLSVersion) throws {
    var client = preShared("alice", "12ab")
    client.maximumVersion = version
    var server = TLSServerSettings.localhost
    server.pskLookup = lookingUp.pskLookup
    var pair = try TLSPair(client: client, server: server)
    pair.connect()
    var other = try TLSPair(client: .trusting, server: server)
    other.connect()
  }

  @Test func `a client with a pre-shared key takes no certificate instead`() throws {
    var client = preShared("alice", "12ab")
    client.additionalAuthorityFiles = [TLSCertificates.shared.authority]
    var pair = try TLSPair(client: client, server: .localhost)
    #expect(
      pair.handshake().client.failure?.description
        == "TLS: the server localhost answered with a certificate and not with the key of --psk: "
        + "it takes no pre-shared keys, or does not know this --psk-identity. To accept "
        + "certificates as well, name their authority with --cafile.")
  }

  @Test(arguments: ["mqtt", "x-amzn-mqtt-ca"])
  func `both ends agree on a protocol that both know`(name: String) throws {
    var client = TLSClientSettings.trusting
    client.alpn = ["other", name]
    var server = TLSServerSettings.localhost
    server.alpn = ["mqtt", "x-amzn-mqtt-ca"]
    var pair = try TLSPair(client: client, server: server)
    pair.connect()
    #expect(pair.client.applicationProtocol == name)
    #expect(pair.server.applicationProtocol == name)
  }

  @Test func `a client with only unknown protocols is served all the same`() throws {
    var client = TLSClientSettings.trusting
    client.alpn = ["h2"]
    var server = TLSServerSettings.localhost
    server.alpn = ["mqtt"]
    var pair = try TLSPair(client: client, server: server)
    pair.connect()
    #expect(pair.client.applicationProtocol == nil)
  }

  @Test func `secrets of both ends are appended to a file for its owner`() throws {
    let folder = TestFolder()
    let path = folder.path("keys")
    var client = TLSClientSettings.trusting
    client.keyLogFile = path
    var first = try TLSPair(client: client, server: .localhost)
    first.connect()
    let before = try String(contentsOfFile: path, encoding: .utf8)
    let lines = before.split(separator: "\n")
    #expect(lines.contains { $0.hasPrefix("CLIENT_TRAFFIC_SECRET_0 ") })
    #expect(before.hasSuffix("\n"))
    var server = TLSServerSettings.localhost
    server.keyLogFile = path
    var second = try TLSPair(client: .trusting, server: server)
    second.connect()
    let after = try String(contentsOfFile: path, encoding: .utf8)
    #expect(after.hasPrefix(before))
    #expect(after.count > before.count)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test func `the environment variable SSLKEYLOGFILE logs secrets too`() async {
    await #expect(processExitsWith: .success) {
      let folder = TestFolder()
      let path = folder.path("keys")
      setenv("SSLKEYLOGFILE", path, 1)
      var pair = try TLSPair(client: .trusting, server: .localhost)
      pair.connect()
      let text = try String(contentsOfFile: path, encoding: .utf8)
      try #require(text.contains("CLIENT_TRAFFIC_SECRET_0 "))
    }
  }
}
