// mqtt broker -c: a configuration for mosquitto is obeyed, tested and read again.

import Foundation
import LiveSupport
import Testing

@Suite struct ConfigurationFileTests {
  /// Runs `--test-config` on a text.
  private func test(_ text: String) throws -> (status: Int32, output: String, errors: String) {
    let folder = TestFolder()
    let file = try folder.write(text, to: "m.conf")
    return try run([mqttPath, "broker", "-c", file, "--test-config"])
  }

  private func client(
    _ command: String, _ port: UInt16, _ arguments: [String]
  ) throws -> (status: Int32, output: String, errors: String) {
    try run([mqttPath, command, "-h", "localhost", "-p", "\(port)"] + arguments)
  }

  // MARK: Obeyed

  @Test func `a listener that demands certificates lets in who has one, under its name`() throws {
    let port = try freePort()
    let folder = TestCertificates.folder
    let broker = try MosquittoFileBroker(
      """
      listener \(port)
      certfile \(folder)/server.crt
      keyfile \(folder)/server.key
      require_certificate true
      cafile \(folder)/ca.crt
      use_identity_as_username true

      """, ports: [port])
    let trust = ["--cafile", folder + "/ca.crt", "-t", "a", "-m", "x"]
    let proof = ["--cert", folder + "/maria.crt", "--key", folder + "/maria.key"]
    let known = try client("pub", port, trust + proof)
    #expect(known.status == 0, "\(known.errors)")
    #expect(try client("pub", port, trust).status != 0)
    try broker.program.waitFor("user \"maria\"")
  }

  @Test func `where certificates are demanded and no users are named, a certificate lets in`()
    throws
  {
    let port = try freePort()
    let folder = TestCertificates.folder
    let broker = try MosquittoFileBroker(
      """
      listener \(port)
      certfile \(folder)/server.crt
      keyfile \(folder)/server.key
      require_certificate true
      cafile \(folder)/ca.crt

      """, ports: [port])
    let trust = ["--cafile", folder + "/ca.crt", "-t", "a", "-m", "x"]
    let proof = ["--cert", folder + "/maria.crt", "--key", folder + "/maria.key"]
    let known = try client("pub", port, trust + proof)
    #expect(known.status == 0, "\(known.errors)")
    #expect(try client("pub", port, trust).status != 0)
    #expect(!broker.program.errors.contains("nobody gets in"))
  }

  @Test func `without passwords and certificates a listener lets nobody in, and says so`() throws {
    let port = try freePort()
    let broker = try MosquittoFileBroker("listener \(port)\n", ports: [port])
    #expect(try connack(port: port, level: 4) == [0x20, 2, 0, 5])
    try broker.program.waitFor("mosquitto.conf:1:1: nobody gets in through this listener")
  }

  @Test func `each listener has terms of its own`() throws {
    let ports = try [freePort(), freePort()]
    let broker = try MosquittoFileBroker(
      """
      allow_anonymous true
      listener \(ports[0])
      max_qos 1
      max_topic_alias 3
      listener \(ports[1])
      accept_protocol_versions 4

      """, ports: ports)
    let first = try connack(port: ports[0], level: 5)
    #expect(first.dropFirst(3).first == 0)
    // Maximum QoS 1 and Topic Alias Maximum 3. (3.2.2.3.4, 3.2.2.3.8)
    #expect(Array(first).contains([0x24, 1]) && Array(first).contains([0x22, 0, 3]))
    #expect(try connack(port: ports[1], level: 4) == [0x20, 2, 0, 0])
    #expect(try connack(port: ports[1], level: 5).dropFirst(3).first == 0x84)
    #expect(broker.program.isRunning)
  }

  @Test func `clients below a mount point see topics without it, and everyone else with it`()
    throws
  {
    let ports = try [freePort(), freePort()]
    let broker = try MosquittoFileBroker(
      """
      allow_anonymous true
      listener \(ports[0])
      mount_point home/
      listener \(ports[1])

      """, ports: ports)
    let kept = ["-r", "-q", "2", "-m", "x"]
    #expect(try client("pub", ports[0], ["-t", "lamp"] + kept).status == 0)
    let outside = try client("sub", ports[1], ["-t", "#", "-v", "-C", "1", "-W", "20"])
    #expect(outside.output == "home/lamp x\n")
    for version in ["mqttv311", "mqttv5"] {
      let inside = try client(
        "sub", ports[0], ["-V", version, "-t", "#", "-v", "-C", "1", "-W", "20", "-q", "1"])
      #expect(inside.output == "lamp x\n")
    }
    // What is published while they listen comes without it too, at each quality.
    let listening = try RunningProgram(
      [mqttPath, "sub", "-h", "localhost", "-p", "\(ports[0])", "-t", "+/#", "-v", "-q", "2"])
    try listening.waitFor("lamp x")
    for qos in ["0", "1", "2"] {
      _ = try client("pub", ports[1], ["-t", "home/door", "-q", qos, "-m", qos])
      try listening.waitFor("door \(qos)")
    }
    _ = try client("pub", ports[1], ["-t", "garden", "-m", "far"])
    _ = try client("pub", ports[1], ["-t", "home", "-m", "far"])
    _ = try client("pub", ports[1], ["-t", "home/end", "-m", "1"])
    try listening.waitFor("end 1")
    #expect(!listening.output.contains("far"))
    #expect(broker.program.isRunning)
  }

  @Test func `a message beyond message_size_limit is acknowledged and dropped`() throws {
    let port = try freePort()
    let broker = try MosquittoFileBroker(
      "listener \(port)\nallow_anonymous true\nmessage_size_limit 3\n", ports: [port])
    let long = ["-t", "a", "-r", "-m", "1234", "-q", "1", "-V"]
    #expect(try client("pub", port, long + ["mqttv311"]).status == 0)
    // 0x83, Implementation specific error.
    #expect(try client("pub", port, long + ["mqttv5"]).status == 0x83)
    #expect(try client("pub", port, ["-t", "b", "-r", "-m", "123", "-q", "1"]).status == 0)
    let got = try client("sub", port, ["-t", "#", "-v", "-C", "1", "-W", "20"])
    #expect(got.output == "b 123\n")
    try broker.program.waitFor("message_size_limit is 3")
  }

  @Test func `overlapping subscriptions bring a message once each, or once in all`() throws {
    for (choice, expected) in [("true", "x\nx\nend\n"), ("false", "x\nend\n")] {
      let port = try freePort()
      let broker = try MosquittoFileBroker(
        "listener \(port)\nallow_anonymous true\nallow_duplicate_messages \(choice)\n",
        ports: [port])
      #expect(try client("pub", port, ["-t", "ready", "-r", "-m", "ready"]).status == 0)
      let listening = try RunningProgram(
        [mqttPath, "sub", "-p", "\(port)", "-t", "a/#", "-t", "a/+", "-t", "ready", "-t", "end"])
      try listening.waitFor("ready")
      _ = try client("pub", port, ["-t", "a/b", "-m", "x"])
      _ = try client("pub", port, ["-t", "end", "-m", "end"])
      try listening.waitFor("end")
      #expect(listening.output == "ready\n" + expected)
      #expect(broker.program.isRunning)
    }
  }

  @Test func `max_connections of a listener turns away who comes after`() throws {
    let port = try freePort()
    let broker = try MosquittoFileBroker(
      "listener \(port)\nallow_anonymous true\nmax_connections 1\n", ports: [port])
    // The connection that found out whether it serves may not be gone yet.
    var first: TCPConnection?
    #expect(
      poll(20) {
        first = try? TCPConnection(port: port)
        return first?.receive(within: 0.1) == .nothing
      })
    #expect(try TCPConnection(port: port).receive(within: 20) == .end)
    try broker.program.waitFor("max_connections 1 of its listener is reached")
  }

  @Test func `the log goes where the file says, in its form`() throws {
    let port = try freePort()
    let folder = TestFolder()
    let broker = try MosquittoFileBroker(
      """
      listener \(port)
      allow_anonymous true
      log_dest file \(folder.path)/the log
      log_dest topic
      log_timestamp_format at %Y
      log_type notice
      log_type subscribe
      connection_messages false

      """, ports: [port])
    #expect(poll(20) { folder.text("the log").contains("listening on") })
    let listening = try RunningProgram(
      [mqttPath, "sub", "-p", "\(port)", "-t", "$SYS/broker/log/#", "-v", "-i", "watcher"])
    #expect(poll(20) { folder.text("the log").contains("watcher 0 $SYS/broker/log/#") })
    _ = try client("sub", port, ["-t", "other", "-i", "second", "-E"])
    try listening.waitFor("$SYS/broker/log/M/subscribe")
    try listening.waitFor("second 0 other")
    let lines = folder.text("the log").split(separator: "\n")
    #expect(lines.allSatisfy { $0.wholeMatch(of: #/at 20\d\d: .+/#) != nil })
    #expect(!folder.text("the log").contains("connected from"))
    #expect(broker.program.errors.isEmpty)
    // Moved away, it goes on there until it is told to open it again.
    try FileManager.default.moveItem(
      atPath: folder.path + "/the log", toPath: folder.path + "/old")
    broker.program.signal(SIGRTMIN())
    #expect(poll(20) { FileManager.default.fileExists(atPath: folder.path + "/the log") })
    broker.program.signal(SIGUSR1)
    #expect(poll(20) { folder.text("the log").contains("SIGUSR1") })
    #expect(!folder.text("old").contains("SIGUSR1"))
  }

  @Test func `the environment stands for names in braces`() throws {
    let port = try freePort()
    let broker = try MosquittoFileBroker(
      "listener ${MQTT_TEST_PORT} 127.0.0.1\nallow_anonymous true\n", ports: [port],
      environment: ["MQTT_TEST_PORT": "\(port)"])
    #expect(try connack(port: port, level: 4) == [0x20, 2, 0, 0])
    #expect(broker.program.isRunning)
  }

  @Test func `in the background it writes its number, and ends the foreground once it serves`()
    throws
  {
    let port = try freePort()
    let folder = TestFolder()
    let file = try folder.write(
      "listener \(port)\nallow_anonymous true\npid_file \(folder.path)/pid\n", to: "m.conf")
    let started = try run([mqttPath, "broker", "-d", "-c", file])
    #expect(started.status == 0, "\(started.errors)")
    #expect(try connack(port: port, level: 4) == [0x20, 2, 0, 0])
    let number = pid_t(folder.text("pid").trimmingCharacters(in: .newlines)) ?? 0
    #expect(number > 1)
    // A second one finds the port taken, and its foreground says so.
    let second = try run([mqttPath, "broker", "-d", "-c", file])
    #expect(second.status == 1)
    #expect(second.errors.contains("listens there already"))
    if number > 1 { kill(number, SIGTERM) }
    #expect(poll(20) { (try? TCPConnection(port: port)) == nil })
  }

  // MARK: Tested

  @Test func `a configuration that is in order is told so, and nothing is left`() throws {
    let folder = TestFolder()
    let result = try test(
      """
      listener 1883
      allow_anonymous true
      certfile \(TestCertificates.path("server.crt"))
      keyfile \(TestCertificates.path("server.key"))
      log_dest file \(folder.path)/log
      pid_file \(folder.path)/pid
      persistence true
      persistence_location \(folder.path)/data

      """)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.hasSuffix("m.conf: the configuration is in order\n"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test func `all faults are told at once, with status 1`() throws {
    let result = try test("lisener 1\nallow_anonymous maybe\nmax_qos 9\n")
    #expect(result.status == 1)
    #expect(result.errors.split(separator: "\n").count == 3)
    #expect(result.errors.contains("m.conf:1:1: lisener is not an option; the nearest one is"))
  }

  @Test func `all files that cannot be used are told in one run, with their lines and words`()
    throws
  {
    let result = try test(
      """
      listener 1
      certfile /none/c
      keyfile /none/k
      cafile /none/a
      crlfile /none/r
      password_file /none/p
      acl_file /none/acl
      plugin mosquitto_dynamic_security.so
      plugin_opt_config_file /none/d
      log_dest file /none/log
      pid_file /none/deep/pid
      max_qos 7

      """)
    #expect(result.status == 1)
    for (line, path) in [
      "certfile /none/c", "keyfile /none/k", "cafile /none/a", "crlfile /none/r",
      "password_file /none/p", "acl_file /none/acl", "plugin", "plugin_opt_config_file /none/d",
      "log_dest file /none/log", "pid_file /none/deep/pid", "max_qos 7",
    ].enumerated() where path.contains(" ") {
      let fault = result.errors.split(separator: "\n").filter { $0.contains(".conf:\(line + 2):") }
      #expect(fault.count == 1, "\(path): \(result.errors)")
    }
    #expect(!result.errors.contains("--cert") && !result.errors.contains("--cafile"))
  }

  @Test func `a note behind a value is warned of`() throws {
    let result = try test("listener 1 # here\nallow_anonymous true\nauto_id_prefix a # b\n")
    #expect(result.status == 0)
    #expect(
      result.errors.contains(
        ":1:12: listener: a comment must begin in the first column; \"# here\" is not looked at"))
    #expect(result.errors.contains(":3:18: auto_id_prefix: a comment must begin"))
    #expect(result.errors.contains("\"# b\" belongs to the value"))
  }

  @Test(arguments: [
    ("listener 30140", "listener 30140 127.0.0.1"), ("listener 30140", "listener 30140 0.0.0.0"),
    ("listener 30140 ::", "listener 30140 ::1"),
    ("listener 30140 localhost", "listener 30140 127.0.0.1"),
    ("listener 30140", "listener 30140"), ("listener 0 /tmp/s", "listener 0 /tmp/s"),
  ]) func `listeners that want one address are found by the test and at the start`(
    first: String, second: String
  ) throws {
    let text = "user root\n\(first)\n\(second)\nallow_anonymous true\n"
    let result = try test(text)
    #expect(result.status == 1)
    #expect(result.errors.contains("m.conf:3:1: cannot listen on"))
    #expect(result.errors.contains("m.conf:2:1 has"))
    let broker = try MosquittoFileBroker(text)
    #expect(try broker.program.exitStatus() == 1)
    #expect(broker.program.errors.contains("mosquitto.conf:3:1: cannot listen on"))
    #expect(!broker.program.errors.contains("listens there already"))
  }

  @Test(arguments: [
    ("listener 30140 127.0.0.1", "listener 30140 ::1"),
    ("listener 30140 127.0.0.1", "listener 30140 127.0.0.2"),
    ("listener 30140", "listener 30141"), ("listener 30140 0.0.0.0", "listener 30140 ::"),
  ]) func `listeners that differ go together`(first: String, second: String) throws {
    let result = try test("\(first)\n\(second)\nallow_anonymous true\n")
    #expect(result.status == 0, "\(result.errors)")
  }

  @Test(arguments: [
    "listener PORT", "listener PORT 127.0.0.1", "port PORT", "listener PORT localhost",
  ])
  func `-p for a port that the file serves already is left out, and that is said`(
    line: String
  ) throws {
    let port = try freePort()
    let folder = TestFolder()
    let text = line.replacingOccurrences(of: "PORT", with: "\(port)")
    let file = try folder.write("\(text)\nallow_anonymous true\n", to: "m.conf")
    let broker = try RunningProgram([mqttPath, "broker", "-c", file, "-p", "\(port)", "--memory"])
    try broker.waitForPort(port)
    #expect(try connack(port: port, level: 4) == [0x20, 2, 0, 0])
    try broker.waitFor("-p \(port) is left out: the listener at \(file):1:1 serves")
  }

  @Test func `a listener of the command line that is more than one of the file is refused`() throws
  {
    let port = try freePort()
    let folder = TestFolder()
    let file = try folder.write("listener \(port)\nallow_anonymous true\n", to: "m.conf")
    for option in ["--listen", "--ws"] {
      let result = try run([mqttPath, "broker", "-c", file, option, "\(port)", "--memory"])
      #expect(result.status == 1)
      #expect(result.errors.contains("at \(file):1:1 has"), "\(result.errors)")
    }
  }

  @Test func `--test-config -v prints every setting that would hold, and who says so`() throws {
    let folder = TestFolder()
    let file = try folder.write(
      """
      max_queued_messages 5
      log_dest stderr
      listener 7 127.0.0.1
      max_qos 2
      listener 8 127.0.0.1
      mount_point home/

      """, to: "m.conf")
    let result = try run([
      mqttPath, "broker", "-c", file, "--max-qos", "1", "--log-dest", "stdout", "--test-config",
      "-v",
    ])
    #expect(result.status == 0)
    let lines = result.output.split(separator: "\n").map { line in
      line.split(separator: " ").joined(separator: " ")
    }
    for expected in [
      "max_queued_messages 5 \(file):1", "log_dest stdout --log-dest",
      "max_keepalive 65535 default",
      "--max-outbox-bytes 8388608 default", "listener 7 127.0.0.1 \(file):3",
      "listener 8 127.0.0.1 \(file):5", "mount_point home/ \(file):6",
    ] {
      #expect(lines.contains(expected), "\(expected)")
    }
    // A setting of listeners stands below each of them.
    #expect(lines.filter { $0 == "max_qos 1 --max-qos" }.count == 2)
    #expect(lines.filter { $0.hasPrefix("mount_point ") }.count == 2)
    // Nothing but TLS has a use for these.
    #expect(!lines.contains { $0.hasPrefix("ciphers ") })
    #expect(lines.last == "\(file): the configuration is in order")
    #expect(try test("listener 7\n").output.split(separator: "\n").count == 1)
  }

  @Test(arguments: [[], ["--test-config"]])
  func `a directory is called one`(more: [String]) throws {
    let folder = TestFolder()
    let result = try run([mqttPath, "broker", "-c", folder.path] + more)
    #expect(result.status == 1)
    #expect(result.errors.contains("\(folder.path): is a directory; name a file in it"))
  }

  @Test func `a broken file does not start a broker`() throws {
    let broker = try MosquittoFileBroker("listener 1\nfoo\n")
    #expect(try broker.program.exitStatus() == 1)
    #expect(broker.program.errors.contains("mosquitto.conf:2:1: foo is not an option"))
  }
}

/// The signal that rotates logs; a macro in C.
private func SIGRTMIN() -> Int32 { 34 }

extension Array where Element == UInt8 {
  fileprivate func contains(_ part: [UInt8]) -> Bool {
    indices.contains { self[$0...].starts(with: part) }
  }
}
