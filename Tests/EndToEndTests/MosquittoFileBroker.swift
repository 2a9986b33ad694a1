// A broker with a mosquitto.conf of its own: ours or Debian's mosquitto, started with the same text.

import Foundation
import LiveSupport

/// Certificates for tests, made once: an authority, a server for localhost, two clients.
enum TestCertificates {
  /// The folder of ca.crt, server.crt, server.key, maria.crt, maria.key, other.crt, other.key.
  static let folder: String = {
    let folder = TestFolder.forAllTests().path
    let script = """
      set -e
      openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 30 -subj /CN=Test
      for name in server other maria; do
        openssl req -newkey rsa:2048 -nodes -keyout $name.key -out $name.csr -subj /CN=$name
        printf 'subjectAltName=DNS:localhost' > $name.ext
        openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out $name.crt \
          -days 30 -extfile $name.ext
      done
      chmod 755 . && chmod 644 *
      """
    _ = try? run(["/bin/sh", "-c", script], workingFolder: folder)
    return folder
  }()

  /// Names of files in it.
  static func path(_ name: String) -> String { folder + "/" + name }
}

extension TestFolder {
  /// Runs openssl in the folder.
  func openssl(_ words: String) throws {
    let line = "openssl " + words
    let result = try run(["/bin/sh", "-c", line], workingFolder: path)
    guard result.status == 0 else { throw ProgramError("\(line): \(result.errors)") }
  }

  /// An authority, a server's certificate, and one of a client.
  func makeCertificates(client name: String) throws {
    let days = "-days 30 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256"
    try openssl("req -x509 \(days) -keyout ca.key -out ca.crt -subj /CN=authority")
    for (file, subject) in [("server", "/CN=localhost"), ("client", "/O=Example/CN=\(name)")] {
      try write("subjectAltName=DNS:localhost,IP:127.0.0.1\n", to: "\(file).ext")
      try openssl(
        "req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout \(file).key "
          + "-out \(file).csr -subj \(subject)")
      try openssl(
        "x509 -req -in \(file).csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 "
          + "-out \(file).crt -extfile \(file).ext")
    }
  }
}

/// A broker that was started with a configuration file.
final class MosquittoFileBroker {
  let folder: TestFolder
  let file: String
  let program: RunningProgram

  /// Starts `command` with `-c` and a file of this text, and waits for `ports`, if any, or its end.
  init(
    _ text: String, ports: [UInt16] = [], command: [String] = [mqttPath, "broker"],
    environment: [String: String] = [:]
  ) throws {
    folder = TestFolder()
    file = try folder.write(text, to: "mosquitto.conf")
    program = try RunningProgram(command + ["-c", file], environment: environment)
    let program = program
    if ports.isEmpty { return }
    _ = poll(20) {
      !program.isRunning || ports.allSatisfy { (try? TCPConnection(port: $0)) != nil }
    }
  }

  /// Puts another text into the file and has it read.
  func reload(_ text: String, waitingFor line: String) throws {
    try folder.write(text, to: "mosquitto.conf")
    program.signal(SIGHUP)
    try program.waitFor(line)
  }
}

/// The answer to a CONNECT on a port: all bytes of it; empty when the connection ends instead.
func connack(port: UInt16, level: UInt8, keepAlive: UInt16 = 60) throws -> [UInt8] {
  let name: [UInt8] = level == 3 ? [0, 6] + Array("MQIsdp".utf8) : [0, 4] + Array("MQTT".utf8)
  let rest: [UInt8] = [2, UInt8(keepAlive >> 8), UInt8(keepAlive & 255)]
  let body = name + [level] + rest + (level == 5 ? [0] : []) + [0, 2] + Array("cc".utf8)
  let connection = try TCPConnection(port: port)
  connection.send([0x10, UInt8(body.count)] + body)
  guard case .bytes(let bytes) = connection.receive(within: 20) else { return [] }
  return bytes
}
