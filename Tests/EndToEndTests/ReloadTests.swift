// SIGHUP: what changes in the configuration changes in the broker, for those who are connected too.

import Foundation
import LiveSupport
import Testing

@Suite struct ReloadTests {
  private let connect: [UInt8] =
    [0x10, 14, 0, 4] + Array("MQTT".utf8) + [4, 2, 0, 60, 0, 2, 99, 99]

  /// A connection that was let in.
  private func client(_ port: UInt16) throws -> TCPConnection {
    let connection = try TCPConnection(port: port)
    connection.send(connect)
    #expect(connection.receive(within: 20) == .bytes([0x20, 2, 0, 0]))
    return connection
  }

  private func isServed(_ connection: TCPConnection) -> Bool {
    connection.send([0xC0, 0])
    return connection.receive(within: 20) == .bytes([0xD0, 0])
  }

  @Test func `listeners come and go, and the clients of the others stay`() throws {
    let ports = try [freePort(), freePort(), freePort()]
    func file(_ ports: [UInt16]) -> String {
      "allow_anonymous true\n" + ports.map { "listener \($0) 127.0.0.1\n" }.joined()
    }
    let broker = try MosquittoFileBroker(file([ports[0], ports[1]]), ports: [ports[0], ports[1]])
    let staying = try client(ports[0])
    let leaving = try client(ports[1])
    // The second client has the identifier of the first, which is another session there.
    #expect(staying.receive(within: 20) == .end)
    let again = try client(ports[0])
    #expect(leaving.receive(within: 20) == .end)
    let other = try TCPConnection(port: ports[1])
    other.send(Array(connect.dropLast()) + [100])
    #expect(other.receive(within: 20) == .bytes([0x20, 2, 0, 0]))
    try broker.reload(file([ports[2], ports[0]]), waitingFor: "the configuration was read again")
    #expect(isServed(again))
    #expect(other.receive(within: 20) == .end)
    #expect(poll(20) { (try? TCPConnection(port: ports[1])) == nil })
    #expect(isServed(try client(ports[2])))
    let log = broker.program.errors
    #expect(log.contains("no longer listening on 127.0.0.1:\(ports[1])"))
    #expect(log.contains("listening on 127.0.0.1:\(ports[2])"))
    #expect(log.contains("gone: listener \(ports[1]) 127.0.0.1"))
    #expect(log.contains("new: listener \(ports[2]) 127.0.0.1"))
  }

  @Test func `a port may move between addresses`() throws {
    let port = try freePort()
    let broker = try MosquittoFileBroker(
      "listener \(port)\nallow_anonymous true\n", ports: [port])
    try broker.reload(
      "listener \(port) 127.0.0.1\nallow_anonymous true\n",
      waitingFor: "the configuration was read again")
    #expect(isServed(try client(port)))
  }

  @Test func `a broken file changes nothing and is told whole`() throws {
    let port = try freePort()
    let broker = try MosquittoFileBroker(
      "listener \(port) 127.0.0.1\nallow_anonymous true\n", ports: [port])
    let connection = try client(port)
    try broker.reload("lisener 1\nmax_qos 7\n", waitingFor: "everything stays as it was")
    #expect(broker.program.errors.contains(":1:1: lisener is not an option"))
    #expect(broker.program.errors.contains(":2:9: max_qos 7: expected"))
    #expect(isServed(connection))
    // A port that somebody else has is found before anything changes.
    let taken = try TCPListener()
    try broker.reload(
      "listener \(taken.port) 127.0.0.1\nallow_anonymous true\n",
      waitingFor: "cannot listen on 127.0.0.1:\(taken.port)")
    #expect(isServed(connection))
    #expect(isServed(try TCPConnection(port: port)) == false)
  }

  @Test func `limits, log and who gets in change for those who come`() throws {
    let port = try freePort()
    let broker = try MosquittoFileBroker(
      "listener \(port)\nallow_anonymous true\n", ports: [port])
    try broker.reload(
      "listener \(port)\nallow_anonymous true\nmax_qos 0\nlog_timestamp false\n",
      waitingFor: "new: max_qos 0")
    let answer = try connack(port: port, level: 5)
    #expect(answer.indices.contains { answer[$0...].starts(with: [0x24, 0]) })
    #expect(broker.program.errors.contains("\nSIGHUP: new: log_timestamp false\n"))
    try broker.reload("listener \(port)\n", waitingFor: "gone: allow_anonymous true")
    #expect(try connack(port: port, level: 4) == [0x20, 2, 0, 5])
  }

  @Test func `a renewed certificate is shown to those who come`() throws {
    let port = try freePort()
    let folder = TestFolder()
    func install(_ name: String) throws {
      for kind in ["crt", "key"] {
        let text = try String(
          contentsOfFile: TestCertificates.path("\(name).\(kind)"), encoding: .utf8)
        try folder.write(text, to: "s.\(kind)")
      }
    }
    func subject() throws -> String {
      try run(
        ["openssl", "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile"]
          + [TestCertificates.path("ca.crt")]
      ).output
    }
    try install("server")
    let text =
      "listener \(port)\nallow_anonymous true\ncertfile \(folder.path)/s.crt\n"
      + "keyfile \(folder.path)/s.key\n"
    let broker = try MosquittoFileBroker(text, ports: [port])
    #expect(try subject().contains("subject=CN = server"))
    try install("other")
    broker.program.signal(SIGHUP)
    try broker.program.waitFor("the TLS files of 0.0.0.0:\(port) were read again")
    #expect(try subject().contains("subject=CN = other"))
    try folder.write("nothing", to: "s.crt")
    broker.program.signal(SIGHUP)
    try broker.program.waitFor("everything stays as it was")
    #expect(try subject().contains("subject=CN = other"))
  }

  @Test(arguments: [
    "persistence true", "retained_persistence true", "persistence_location /tmp/none",
    "persistence_file other.db", "user nobody", "pid_file /tmp/none/pid",
    "plugin mosquitto_persist_sqlite.so",
  ]) func `what needs a restart is named as such at each reading`(line: String) throws {
    let port = try freePort()
    let text = "listener \(port) 127.0.0.1\nallow_anonymous true\n"
    let broker = try MosquittoFileBroker(text, ports: [port])
    let told = "SIGHUP: new: \(line); this changes only when the broker is started again"
    try broker.reload(text + line + "\n", waitingFor: told)
    broker.program.signal(SIGHUP)
    #expect(
      poll(20) { broker.program.errors.components(separatedBy: told).count == 3 },
      "\(broker.program.errors)")
    #expect(!broker.program.errors.contains("new: \(line)\n"))
  }

  @Test func `without a configuration file the files of the command line are read again`() throws {
    let broker = try LiveBroker()
    broker.program.signal(SIGHUP)
    try broker.program.waitFor("the configuration was read again")
    #expect(isServed(try client(broker.port)))
  }

  @Test func `SIGUSR2 tells of sessions, subscriptions and retained topics`() throws {
    let port = try freePort()
    let broker = try MosquittoFileBroker(
      "listener \(port)\nallow_anonymous true\n", ports: [port])
    _ = try run([mqttPath, "pub", "-p", "\(port)", "-t", "kept", "-r", "-m", "x"])
    _ = try run(
      [mqttPath, "sub", "-p", "\(port)", "-t", "a/+", "-q", "1", "-c", "-i", "absent", "-E"])
    broker.program.signal(SIGUSR2)
    try broker.program.waitFor("session absent: absent, 1 subscriptions")
    try broker.program.waitFor("a/+ QoS 1")
    try broker.program.waitFor("retained kept")
  }
}
