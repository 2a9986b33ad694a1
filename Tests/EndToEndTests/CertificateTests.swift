// Certificates of clients that are out of date or revoked, keys that both ends share, and peers that
// never stop to negotiate: what the broker says, and that other clients do not notice.

import Foundation
import LiveSupport
import Testing

struct CertificateTests {
  /// A broker that demands certificates of the authority in `folder`.
  private func guarded(_ folder: TestFolder, _ more: String = "") throws -> GuardedBroker {
    try GuardedBroker(
      folder,
      """
      certfile \(folder.path)/server.crt
      keyfile \(folder.path)/server.key
      cafile \(folder.path)/ca.crt
      require_certificate true
      allow_anonymous true
      \(more)
      """)
  }

  /// The exit status of a publisher with a certificate of `folder`.
  private func publish(_ broker: GuardedBroker, _ folder: TestFolder, _ name: String) throws
    -> Int32
  {
    try run(
      ["mosquitto_pub", "-h", "127.0.0.1", "-p", "\(broker.port)", "-t", "t", "-m", "1", "-q", "1"]
        + ["--cafile", "\(folder.path)/ca.crt", "--cert", "\(folder.path)/\(name).crt"]
        + ["--key", "\(folder.path)/client.key"]
    ).status
  }

  @Test func `a certificate out of date is refused, and the log says so`() throws {
    let folder = TestFolder()
    try folder.makeCertificates(client: "device")
    try folder.openssl(
      "x509 -req -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days -1 -out old.crt")
    let broker = try guarded(folder)
    #expect(try publish(broker, folder, "client") == 0)
    #expect(try publish(broker, folder, "old") != 0)
    try broker.program.waitFor("expired")
  }

  /// Certificates in `folder`, and what `openssl ca` needs for revocation lists.
  private func prepareRevocations(in folder: TestFolder) throws {
    try folder.makeCertificates(client: "device")
    try folder.write("", to: "index.txt")
    try folder.write("01\n", to: "number")
    try folder.write(
      "[ca]\ndefault_ca=a\n[a]\ndatabase=index.txt\ncrlnumber=number\ndefault_md=sha256\n"
        + "default_crl_days=30\n", to: "ca.conf")
  }

  /// Makes the revocation list anew.
  private func revoke(_ name: String?, in folder: TestFolder) throws {
    let authority = "-config ca.conf -keyfile ca.key -cert ca.crt"
    if let name { try folder.openssl("ca \(authority) -revoke \(name).crt") }
    try folder.openssl("ca \(authority) -gencrl -out revoked.pem")
  }

  @Test func `a certificate that is revoked while the broker runs is refused after SIGHUP`() throws
  {
    let folder = TestFolder()
    try prepareRevocations(in: folder)
    try revoke(nil, in: folder)
    let broker = try guarded(folder, "crlfile \(folder.path)/revoked.pem")
    #expect(try publish(broker, folder, "client") == 0)
    try revoke("client", in: folder)
    broker.program.signal(SIGHUP)
    #expect(
      poll(20) { (try? publish(broker, folder, "client")) != 0 }, "\(broker.program.errors)")
    try broker.program.waitFor("revoked")
    let refused = try run(
      [mqttPath, "pub", "-h", "127.0.0.1", "-p", "\(broker.port)", "-t", "t", "-m", "1", "-q", "1"]
        + ["--cafile", "\(folder.path)/ca.crt", "--cert", "\(folder.path)/client.crt"]
        + ["--key", "\(folder.path)/client.key"])
    #expect(refused.errors.contains("Have a new certificate issued"), "\(refused.errors)")
  }

  struct BadList: Sendable {
    /// What the list is made with.
    var command: String
    /// What the client is told.
    var hint: String
    /// OpenSSL's words, which the broker's log has.
    var reason: String
  }

  static let badLists: [BadList] = [
    BadList(
      command: "ca -config ca.conf -keyfile other.key -cert other.crt -gencrl -out list.pem",
      hint: "or has no revocation list (CRL) of that authority",
      reason: "unable to get certificate CRL"),
    BadList(
      command: "ca -config ca.conf -keyfile ca.key -cert ca.crt -gencrl -out list.pem "
        + "-crl_lastupdate 20200101000000Z -crl_nextupdate 20200102000000Z",
      hint: "has expired, or else the server's revocation list (CRL)", reason: "CRL has expired"),
  ]

  @Test(arguments: badLists)
  func `a list that does not help is named as a cause at both ends, once`(_ list: BadList) throws {
    let folder = TestFolder()
    try prepareRevocations(in: folder)
    try folder.openssl(
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out "
        + "other.crt -subj /CN=Other -days 30")
    try folder.openssl(list.command)
    let broker = try guarded(folder, "crlfile \(folder.path)/list.pem")
    let refused = try run(
      [mqttPath, "pub", "-h", "127.0.0.1", "-p", "\(broker.port)", "-t", "t", "-m", "1", "-q", "1"]
        + ["--cafile", "\(folder.path)/ca.crt", "--cert", "\(folder.path)/client.crt"]
        + ["--key", "\(folder.path)/client.key"])
    #expect(refused.status == 1)
    #expect(refused.errors.contains(list.hint), "\(refused.errors)")
    try broker.program.waitFor(list.reason)
    // Tried once: a refusal by an alert is no sign of an old version of MQTT.
    let told = broker.program.errors.components(
      separatedBy: "There is no valid revocation list of CN=authority here (\(list.reason))")
    #expect(told.count == 2, "\(broker.program.errors)")
    #expect(told.last?.contains("the file of crlfile.") == true, "\(told)")
  }

  @Test func `clients of either kind get in with a pre-shared key, and only with the right one`()
    throws
  {
    let folder = TestFolder()
    let keys = try folder.write("device:00ff00ff\n", to: "keys")
    let broker = try GuardedBroker(
      folder, "psk_file \(keys)\npsk_hint any\nallow_anonymous true\nuse_identity_as_username true")
    func status(_ command: [String], _ key: String) throws -> Int32 {
      try run(
        command + ["-h", "127.0.0.1", "-p", "\(broker.port)", "-t", "t", "-m", "1", "-q", "1"]
          + ["--psk-identity", "device", "--psk", key]
      ).status
    }
    for command in [[mqttPath, "pub"], ["mosquitto_pub"]] {
      #expect(try status(command, "00ff00ff") == 0, "\(command) \(broker.program.errors)")
      #expect(try status(command, "00ff00fe") != 0, "\(command)")
    }
    #expect(broker.program.errors.contains("user \"device\""))
  }

  private func negotiator(
    _ broker: GuardedBroker, _ folder: TestFolder, _ version: String
  ) throws -> RunningProgram {
    let peer = try RunningProgram([
      "openssl", "s_client", "-connect", "127.0.0.1:\(broker.port)", "-\(version)", "-CAfile",
      "\(folder.path)/ca.crt", "-cert", "\(folder.path)/client.crt", "-key",
      "\(folder.path)/client.key",
    ])
    try peer.waitFor("Verify return code")
    return peer
  }

  @Test func `a peer that asks TLS 1.2 to negotiate again is refused`() throws {
    let folder = TestFolder()
    try folder.makeCertificates(client: "device")
    let broker = try guarded(folder)
    for _ in 0..<5 {
      let peer = try negotiator(broker, folder, "tls1_2")
      peer.write("R\n")
      try peer.waitFor("no renegotiation")
    }
    #expect(try publish(broker, folder, "client") == 0)
  }

  @Test func `peers that ask TLS 1.3 for new keys all the time disturb nobody`() throws {
    let folder = TestFolder()
    try folder.makeCertificates(client: "device")
    let broker = try guarded(folder)
    let peers = try (0..<5).map { _ in try negotiator(broker, folder, "tls1_3") }
    let before = broker.program.residentBytes
    for _ in 0..<200 {
      for peer in peers { peer.write("K\n") }
    }
    #expect(try publish(broker, folder, "client") == 0)
    #expect(peers.allSatisfy { peer in poll(20) { peer.errors.contains("KEYUPDATE") } })
    #expect(broker.program.residentBytes - before < 8 << 20)
  }
}
