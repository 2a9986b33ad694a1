// TLS as users meet it: a broker that makes its own certificates, clients of this account and of
// others, mosquitto at either end, and what each side says when it does not fit.

import Foundation
import LiveSupport
import Testing

/// A broker with a plain and a TLS port, whose authority lies in a folder of its own.
private final class TLSBroker {
  let program: RunningProgram
  let plainPort: UInt16
  let port: UInt16
  /// What clients of the same account have in their environment.
  let account: [String: String]

  private let folder = TestFolder()

  /// The authority's certificate, made by the broker.
  var authority: String { folder.path("mqtt/tls/ca.crt") }

  init(_ options: (String) -> [String] = { _ in [] }) throws {
    account = ["XDG_DATA_HOME": folder.path]
    plainPort = try freePort()
    port = try freePort()
    let command = [
      mqttPath, "broker", "--memory", "-p", "\(plainPort)", "--tls-port", "\(port)",
    ]
    program = try RunningProgram(
      command + options(folder.path("mqtt/tls/ca.crt")), environment: account)
    try program.waitForPort(port)
  }

  /// Runs one of our clients under this account.
  func client(
    _ command: String, port: UInt16? = nil, _ arguments: [String]
  ) throws -> (status: Int32, output: String, errors: String) {
    try run(
      [mqttPath, command, "-h", "localhost", "-p", "\(port ?? self.port)"] + arguments,
      environment: account)
  }
}

struct TLSTests {
  @Test(arguments: ["tlsv1.2", "tlsv1.3"])
  func `clients of the same account need nothing but --tls`(version: String) throws {
    let broker = try TLSBroker()
    let kept = try broker.client(
      "pub", ["--tls", "--tls-version", version, "-t", "a", "-m", "text", "-r", "-q", "1"])
    #expect(kept.status == 0, "\(kept.errors)")
    let got = try broker.client("sub", ["--tls", "-t", "a", "-C", "1", "-W", "20"])
    #expect(got.output == "text\n", "\(got.errors)")
  }

  @Test func `a key log of the environment that cannot be written is said, and no obstacle`() throws
  {
    let broker = try TLSBroker()
    var account = broker.account
    account["SSLKEYLOGFILE"] = "/nonexistent/keys"
    for command in [["pub", "-m", "text", "-r", "-q", "1"], ["sub", "-C", "1", "-W", "20"]] {
      let result = try run(
        [mqttPath, command[0], "--tls", "-h", "localhost", "-p", "\(broker.port)", "-t", "a"]
          + command.dropFirst(), environment: account)
      #expect(result.status == 0)
      #expect(
        result.errors.contains("the key log /nonexistent/keys cannot be used: No such file or")
          && result.errors.hasSuffix("Going on without it.\n"), "\(result.errors)")
    }
    let named = try broker.client(
      "pub", ["--tls", "--tls-keylog", "/nonexistent/keys", "-t", "a", "-m", "b"])
    #expect(named.status == 1)
    let server = try RunningProgram(
      [mqttPath, "broker", "--memory", "--tls-port", "\(try freePort())"], environment: account)
    try server.waitFor("/nonexistent/keys cannot be used: No such file or directory")
    try server.waitFor("Going on without it.")
    #expect(server.isRunning)
  }

  @Test func `a greeting that comes byte by byte is answered, and costs nothing until it is whole`()
    throws
  {
    let broker = try TLSBroker()
    let script = checkoutFolder + "/Tests/EndToEndTests/python/trickle.py"
    let result = try run(["/usr/bin/python3", script, "\(broker.port)"], within: 60)
    #expect(result.status == 0, "\(result.errors)")
    let before = broker.program.residentBytes
    let parts = try (0..<400).map { _ in
      let connection = try TCPConnection(port: broker.port)
      // A record of 512 bytes that begins with a ClientHello, and a fifth of it.
      connection.send([0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3] + Array(repeating: 7, count: 91))
      return connection
    }
    // They are accepted in their order.
    let last = try run(["/usr/bin/python3", script, "\(broker.port)"], within: 60)
    #expect(last.status == 0, "\(last.errors)")
    // A session that reads its first record has 45 KiB.
    #expect(broker.program.residentBytes - before < 8 << 20)
    #expect(parts.count == 400)
  }

  @Test func `mosquitto's clients trust the authority that the broker made`() throws {
    let broker = try TLSBroker()
    let place = ["-h", "127.0.0.1", "-p", "\(broker.port)", "--cafile", broker.authority]
    let kept = try run(["mosquitto_pub"] + place + ["-t", "a", "-m", "text", "-r", "-q", "2"])
    #expect(kept.status == 0, "\(kept.errors)")
    let got = try run(["mosquitto_sub"] + place + ["-t", "a", "-C", "1", "-W", "20"])
    #expect(got.output == "text\n", "\(got.errors)")
  }

  @Test func `openssl's client verifies the broker`() throws {
    let broker = try TLSBroker()
    let result = try run(
      ["openssl", "s_client", "-connect", "localhost:\(broker.port)", "-verify_return_error"]
        + ["-CAfile", broker.authority, "-verify_hostname", "localhost"])
    #expect(result.output.contains("Verify return code: 0 (ok)"), "\(result.errors)")
  }

  @Test func `a client of another account is told whom it would have to trust`() throws {
    let broker = try TLSBroker()
    let result = try run(
      [mqttPath, "pub", "--tls", "-h", "localhost", "-p", "\(broker.port)", "-t", "a", "-m", "b"],
      environment: ["XDG_DATA_HOME": "/nonexistent"])
    #expect(result.status == 1)
    #expect(result.errors.contains("was issued by an authority that is not trusted here"))
    #expect(result.errors.contains("--cafile"))
    try broker.program.waitFor("ended the session with the alert unknown_ca (48)")
  }

  @Test func `our client and mosquitto know each other by a pre-shared key`() throws {
    let mosquitto = try Mosquitto { folder in
      ["psk_file \(try folder.write("alice:12ab34cd\n", to: "keys"))", "psk_hint any"]
    }
    func publish(_ key: String, _ version: String) throws -> (status: Int32, errors: String) {
      let result = try run(
        [mqttPath, "pub", "-h", "localhost", "-p", "\(mosquitto.port)", "--psk-identity", "alice"]
          + ["--psk", key, "--tls-version", version, "-t", "a", "-m", "b", "-q", "1"])
      return (result.status, result.errors)
    }
    for version in ["tlsv1.2", "tlsv1.3"] {
      let result = try publish("12ab34cd", version)
      #expect(result.status == 0, "\(result.errors)\(mosquitto.program.errors)")
    }
    let refused = try publish("00000000", "tlsv1.2")
    #expect(refused.status == 1)
    #expect(refused.errors.contains("--psk is not the key the server has"), "\(refused.errors)")
  }

  @Test func `our clients work with mosquitto over TLS`() throws {
    // The files that one of our brokers has made.
    let maker = try TLSBroker()
    let folder = (maker.authority as NSString).deletingLastPathComponent
    let mosquitto = try Mosquitto { _ in
      ["certfile \(folder)/server.crt", "keyfile \(folder)/server.key"]
    }
    let kept = try maker.client(
      "pub", port: mosquitto.port, ["--tls", "-t", "a", "-m", "text", "-r", "-q", "2"])
    #expect(kept.status == 0, "\(kept.errors)\(mosquitto.program.errors)")
    let got = try maker.client(
      "sub", port: mosquitto.port, ["--tls", "-t", "a", "-C", "1", "-W", "20"])
    #expect(got.output == "text\n", "\(got.errors)")
  }

  @Test func `a server that demands certificates gets them, or both ends say why not`() throws {
    let broker = try TLSBroker { ["--cafile", $0, "--require-cert"] }
    let bare = try broker.client("pub", ["--tls", "-t", "a", "-m", "b", "-q", "1"])
    #expect(bare.status == 1)
    #expect(bare.errors.contains("Give one with --cert and --key."), "\(bare.errors)")
    try broker.program.waitFor("sent no certificate, and this server demands one")
  }

  @Test func `a plain client on the TLS port and the broker both know what is wrong`() throws {
    let broker = try TLSBroker()
    let result = try broker.client("pub", ["-t", "a", "-m", "b"])
    #expect(result.status == 1)
    #expect(
      result.errors.contains(
        "the server localhost:\(broker.port) speaks TLS on this port: connect with --tls"),
      "\(result.errors)")
    try broker.program.waitFor("it sent a CONNECT packet of plain MQTT to a TLS port")
  }

  @Test func `a TLS client on the plain port and the broker both know what is wrong`() throws {
    let broker = try TLSBroker()
    let result = try broker.client(
      "pub", port: broker.plainPort, ["--tls", "-t", "a", "-m", "b"])
    #expect(result.status == 1)
    #expect(result.errors.contains("TLS is usually on 8883"), "\(result.errors)")
    try broker.program.waitFor("a TLS client on the plain port \(broker.plainPort)")
  }
}
