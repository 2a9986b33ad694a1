// TLS between real programs, recorded and decrypted with the secrets that they wrote down: both
// versions, every kind of cipher, WebSocket inside, bytes missing.

import CaptureSupport
import Foundation
import LiveSupport
import TestSupport
import Testing

/// A broker with TLS, on TCP and on WebSocket, and relays in front of both ports.
private final class SecuredBroker {
  let program: RunningProgram
  let relay: RecordingRelay
  private let folder = TestFolder()
  var authority: String { folder.path("mqtt/tls/ca.crt") }
  var keyLog: String { folder.path("keys.log") }

  init(overWebSocket: Bool = false) throws {
    let port = try freePort()
    let plain = try freePort()
    program = try RunningProgram(
      [mqttPath, "broker", "--memory", "-p", "\(plain)"]
        + [overWebSocket ? "--wss" : "--tls-port", "\(port)"],
      environment: ["XDG_DATA_HOME": folder.path])
    try program.waitForPort(port)
    relay = try RecordingRelay(to: port)
  }

  var secrets: [UInt8] { folder.bytes("keys.log") }

  /// One of our clients, through the relay.
  func client(_ arguments: [String]) throws {
    let program = try RunningProgram(
      [mqttPath] + arguments + [
        "-h", "localhost", "-p", "\(relay.port)", "--cafile", authority, "--tls-keylog", keyLog,
      ])
    let status = try program.exitStatus()
    if status != 0 { throw ProgramError("\(arguments): \(status) \(program.errors)") }
  }
}

/// What our program says of a capture, a line for each frame: number, connection, types.
private func inspected(_ file: [UInt8], _ options: [String] = []) throws -> [String] {
  let place = try TemporaryFile(file)
  let program = try RunningProgram(
    [mqttPath, "inspect-pcap", place.path, "-T", "fields", "-e", "frame.number"]
      + ["-e", "tcp.stream", "-e", "mqtt.msgtype", "-e", "mqtt.topic"] + options)
  let status = try program.exitStatus(within: 60)
  if status != 0 { throw ProgramError("inspect-pcap: \(status) \(program.errors)") }
  return program.output.split(separator: "\n").map(String.init)
}

/// The same from tshark.
private func dissectedByTshark(_ file: [UInt8], _ options: [String]) throws -> [String] {
  let place = try TemporaryFile(file)
  let program = try RunningProgram(
    ["tshark", "-r", place.path, "-Y", "mqtt", "-T", "fields", "-e", "frame.number"]
      + ["-e", "tcp.stream", "-e", "mqtt.msgtype", "-e", "mqtt.topic"] + options)
  let status = try program.exitStatus(within: 120)
  if status != 0 { throw ProgramError("tshark: \(status) \(program.errors)") }
  return program.output.split(separator: "\n").map(String.init)
}

/// The columns behind the frame's number and the connection's.
private func types(_ lines: [String]) -> [String] {
  lines.map { $0.split(separator: "\t").dropFirst(2).joined(separator: " ") }
}

/// The port by which tshark knows TLS with MQTT in it.
private var encrypted: Conversation {
  var start = Conversation()
  start.serverPort = 8883
  return start
}

@Suite struct EncryptedCaptureTests {
  @Test(arguments: ["tlsv1.2", "tlsv1.3"])
  func `packets are read with the client's key log, as tshark reads them`(
    version: String
  ) throws {
    let broker = try SecuredBroker()
    try broker.client(
      ["pub", "-t", "a/b", "-m", "hello", "-q", "2", "--tls-version", version, "-i", "tls"])
    let talk = try broker.relay.conversations(1, start: encrypted)[0]
    let keys = try TemporaryFile(broker.secrets, name: "keys")
    let ours = try inspected(pcap(talk.frames), ["--keylog", keys.path])
    #expect(types(ours) == ["1", "2", "3 a/b", "5", "6", "7", "14"])
    let theirs = try dissectedByTshark(
      pcap(talk.frames), ["-o", "tls.keylog_file:\(keys.path)"])
    #expect(ours == theirs)
  }

  @Test func `secrets may be in the pcapng file itself`() throws {
    let broker = try SecuredBroker()
    try broker.client(["pub", "-t", "a/b", "-m", "hello", "-q", "1", "-i", "tls"])
    let talk = try broker.relay.conversations(1, start: encrypted)[0]
    let file = pcapng(talk.frames.map { (0, $0) }, [.ethernet], keyLog: broker.secrets)
    #expect(types(try inspected(file)) == ["1", "2", "3 a/b", "4", "14"])
    #expect(try inspected(file) == dissectedByTshark(file, []))
  }

  @Test func `nothing is read with the secrets of another connection`() throws {
    let broker = try SecuredBroker()
    try broker.client(["pub", "-t", "a/b", "-m", "hello", "-q", "1", "-i", "tls"])
    let talk = try broker.relay.conversations(1, start: encrypted)[0]
    let other =
      "CLIENT_RANDOM \(String(repeating: "ab", count: 32)) "
      + String(repeating: "cd", count: 48) + "\n"
    let keys = try TemporaryFile(Array(other.utf8), name: "keys")
    #expect(try inspected(pcap(talk.frames), ["--keylog", keys.path]) == [])
    // The right random number with wrong secrets opens nothing either.
    let text = String(decoding: broker.secrets, as: UTF8.self)
    let wrong = text.split(separator: "\n").map { line in
      line.split(separator: " ").dropLast().joined(separator: " ") + " "
        + String(repeating: "0", count: 64)
    }.joined(separator: "\n")
    let wrongKeys = try TemporaryFile(Array(wrong.utf8), name: "keys")
    #expect(try inspected(pcap(talk.frames), ["--keylog", wrongKeys.path]) == [])
  }

  @Test(arguments: [
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-CCM",
    "ECDHE-ECDSA-AES256-CCM8", "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256",
  ])
  func `every kind of cipher is opened`(cipher: String) throws {
    let server = try OpenSSLServer(cipher)
    let file = try server.capture()
    let keys = try TemporaryFile(server.secrets, name: "keys")
    let lines = try inspected(file, ["--keylog", keys.path])
    #expect(types(lines) == ["1,3 t", "12,14"])
  }

  @Test func `keys that change on the way are followed`() throws {
    let server = try OpenSSLServer("TLS_AES_256_GCM_SHA384", updatesKeys: true)
    let file = try server.capture()
    let keys = try TemporaryFile(server.secrets, name: "keys")
    #expect(types(try inspected(file, ["--keylog", keys.path])) == ["1,3 t", "12,14"])
  }

  @Test func `WebSocket inside of TLS is opened as well`() throws {
    let broker = try SecuredBroker(overWebSocket: true)
    try broker.client(["pub", "--ws", "-t", "a/b", "-m", "hello", "-q", "1", "-i", "wss"])
    let talk = try broker.relay.conversations(1, start: encrypted)[0]
    let keys = try TemporaryFile(broker.secrets, name: "keys")
    let lines = try inspected(pcap(talk.frames), ["--keylog", keys.path])
    #expect(types(lines) == ["1", "2", "3 a/b", "4", "14"])
  }

  @Test(arguments: ["tlsv1.2", "tlsv1.3"])
  func `after missing bytes the next record that opens is found`(version: String) throws {
    let broker = try SecuredBroker()
    let program = try RunningProgram([
      mqttPath, "pub", "-h", "localhost", "-p", "\(broker.relay.port)", "--cafile",
      broker.authority, "--tls-keylog", broker.keyLog, "--tls-version", version, "-t", "a/b", "-l",
      "-q", "1", "-i", "lossy",
    ])
    for number in 1...6 {
      program.write("message \(number)\n")
      // One record for each message: the next is written when the last one was acknowledged.
      Thread.sleep(forTimeInterval: 0.05)
    }
    program.closeInput()
    #expect(try program.exitStatus() == 0, "\(program.errors)")
    let talk = try broker.relay.conversations(1, start: encrypted)[0]
    let keys = try TemporaryFile(broker.secrets, name: "keys")
    let whole = try inspected(pcap(talk.frames), ["--keylog", keys.path])
    let publishes = whole.filter { $0.contains("\t3\t") }
    #expect(publishes.count >= 3)
    let lost = try #require(
      publishes[1].split(separator: "\t").first.flatMap { Int($0) })
    var frames = talk.frames
    frames.remove(at: lost - 1)
    let holed = try inspected(pcap(frames), ["--keylog", keys.path])
    #expect(holed.count { $0.contains("\t3\t") } == publishes.count - 1)
  }
}

/// openssl's server and client with one cipher; what the client says goes through a relay.
private final class OpenSSLServer {
  private let folder = TestFolder()
  private let cipher: String
  private let updatesKeys: Bool
  private let server: RunningProgram
  private let relay: RecordingRelay

  init(_ cipher: String, updatesKeys: Bool = false) throws {
    self.cipher = cipher
    self.updatesKeys = updatesKeys
    let key = folder.path("key.pem")
    let certificate = folder.path("cert.pem")
    let request = try RunningProgram(
      ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        + ["-nodes", "-keyout", key, "-out", certificate, "-subj", "/CN=localhost"])
    guard try request.exitStatus() == 0 else { throw ProgramError(request.errors) }
    let port = try freePort()
    server = try RunningProgram(
      ["openssl", "s_server", "-accept", "127.0.0.1:\(port)", "-key", key, "-cert", certificate]
        + ["-quiet"] + Self.choice(cipher))
    try server.waitForPort(port)
    relay = try RecordingRelay(to: port)
  }

  private static func choice(_ cipher: String) -> [String] {
    cipher.hasPrefix("TLS_")
      ? ["-tls1_3", "-ciphersuites", cipher] : ["-tls1_2", "-cipher", cipher + "@SECLEVEL=0"]
  }

  var secrets: [UInt8] { folder.bytes("keys.log") }

  /// A client that says CONNECT and PUBLISH in one record and the rest in another.
  func capture() throws -> [UInt8] {
    let client = try RunningProgram(
      ["openssl", "s_client", "-connect", "127.0.0.1:\(relay.port)"]
        + (updatesKeys ? [] : ["-quiet"])
        + ["-keylogfile", folder.path("keys.log")] + Self.choice(cipher))
    client.write("\u{10}\u{0D}\0\u{4}MQTT\u{4}\u{2}\0\u{3C}\0\u{1}c" + "0\u{5}\0\u{1}thi")
    // The server prints what it has read.
    try server.waitFor("MQTT")
    if updatesKeys {
      client.write("K\n")
      try client.waitFor("KEYUPDATE")
    }
    client.write(bytes: [0xC0, 0, 0xE0, 0])
    guard poll(20, { (self.server.outputBytes.suffix(4)) == [0xC0, 0, 0xE0, 0] }) else {
      throw ProgramError("the server did not get it: \(server.errors)")
    }
    client.signal(SIGTERM)
    var start = Conversation()
    start.serverPort = 8883
    return pcap(try relay.conversations(1, start: start)[0].frames)
  }
}
