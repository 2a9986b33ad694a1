// TLS and Unix sockets between our executable and other people's programs.

import Foundation
import LiveSupport
import Testing

struct EncryptedTests {
  /// A broker with TLS whose account is a folder of this test's own.
  private struct Account {
    let home = TestFolder()
    let broker: RunningProgram
    let port: UInt16

    var environment: [String: String] { ["HOME": home.path, "XDG_DATA_HOME": home.path] }
    var authority: String { home.path("mqtt/tls/ca.crt") }

    init() throws {
      port = try freePort()
      broker = try RunningProgram(
        [mqttPath, "broker", "--memory", "--tls-port", "\(port)"],
        environment: ["HOME": home.path, "XDG_DATA_HOME": home.path])
      try broker.waitFor("listening")
    }
  }

  /// Another authority, which signed nothing here.
  private func foreignAuthority(in folder: TestFolder) throws -> String {
    let path = folder.path("foreign.crt")
    let result = try run([
      "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
      "-nodes", "-days", "1", "-subj", "/CN=foreign", "-keyout", path + ".key", "-out", path,
    ])
    guard result.status == 0 else { throw ProgramError(result.errors) }
    return path
  }

  @Test func `both kinds of commands talk over TLS`() throws {
    let account = try Account()
    let place = ["-h", "localhost", "-p", "\(account.port)", "--cafile", account.authority]
    let ours = try RunningProgram(
      [mqttPath, "sub"] + place + ["-t", "a", "-C", "2", "-W", "20"],
      environment: account.environment)
    try account.broker.waitFor("connected")
    for command in [[mqttPath, "pub"], ["mosquitto_pub"]] {
      // The subscription may not be in force yet: a retained message waits for it.
      let result = try run(
        command + place + ["-t", "a", "-m", "secret", "-q", "1", "-r"],
        environment: account.environment)
      #expect(result.status == 0, "\(command): \(result.errors)")
    }
    let theirs = try run(
      ["mosquitto_sub"] + place + ["-t", "a", "-C", "1", "-W", "20"],
      environment: account.environment)
    #expect(theirs.output == "secret\n")
    #expect(theirs.status == 0)
    _ = try? ours.exitStatus()
    #expect(ours.output.hasPrefix("secret\n"))
  }

  @Test func `the account's own authority is found without being named`() throws {
    let account = try Account()
    let result = try run(
      [mqttPath, "pub", "--tls", "-p", "\(account.port)", "a", "x", "-q", "1"],
      environment: account.environment)
    #expect(result.status == 0, "\(result.errors)")
  }

  @Test func `a certificate of another authority is refused, and said`() throws {
    let account = try Account()
    let foreign = try foreignAuthority(in: account.home)
    let result = try run(
      [
        mqttPath, "pub", "-h", "localhost", "-p", "\(account.port)", "--cafile", foreign, "a", "x",
        "-q", "1",
      ], environment: account.environment)
    #expect(result.status == 1)
    #expect(result.errors.lowercased().contains("certificate"))
  }

  @Test func `a stranger's account does not trust the broker`() throws {
    let account = try Account()
    let nowhere = account.home.path("nowhere")
    let result = try run(
      [mqttPath, "pub", "--tls", "-h", "localhost", "-p", "\(account.port)", "a", "x", "-q", "1"],
      environment: ["HOME": nowhere, "XDG_DATA_HOME": nowhere])
    #expect(result.status == 1)
    #expect(result.errors.contains("--cafile"))
  }

  @Test func `a plain client on a TLS port is recognised`() throws {
    let account = try Account()
    let result = try run(["mosquitto_pub", "-p", "\(account.port)", "-t", "a", "-m", "x"])
    #expect(result.status != 0)
    try account.broker.waitFor("does not speak TLS")
  }

  @Test func `a TLS client on a plain port is told so`() throws {
    let broker = try LiveBroker()
    let result = try run(
      [mqttPath, "pub", "--tls", "-h", "127.0.0.1", "-p", "\(broker.port)", "a", "x"])
    #expect(result.status == 1)
    #expect(result.errors.lowercased().contains("plain"))
    try broker.program.waitFor("TLS")
  }

  @Test func `both kinds of commands talk through a Unix socket`() throws {
    let folder = TestFolder()
    let path = folder.path("socket")
    let broker = try RunningProgram([mqttPath, "broker", "--memory", "--unix", path])
    try broker.waitFor("listening")
    for command in [[mqttPath, "pub"], ["mosquitto_pub"]] {
      let result = try run(command + ["--unix", path, "-t", "a", "-m", "x", "-q", "1", "-r"])
      #expect(result.status == 0, "\(command): \(result.errors)")
    }
    for command in [[mqttPath, "sub"], ["mosquitto_sub"]] {
      let result = try run(command + ["--unix", path, "-t", "a", "-C", "1", "-W", "20"])
      #expect(result.output == "x\n", "\(command): \(result.errors)")
    }
    broker.signal(SIGTERM)
    #expect(try broker.exitStatus() == 0)
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
