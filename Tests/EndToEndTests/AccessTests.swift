// Users and rights as people meet them: password files made by either program and read by both, an
// access list seen through mosquitto's clients, names that come from certificates and pre-shared
// keys, and files that are read again while clients are connected.

import Foundation
import LiveSupport
import Testing

/// A broker with a configuration file.
final class GuardedBroker: ServingBroker {
  let port: UInt16
  let program: RunningProgram

  init(_ folder: TestFolder, _ lines: String) throws {
    port = try freePort()
    // Root would give its rights up, and could not read the files of these tests again.
    let file = try folder.write(
      "user root\nlistener \(port) 127.0.0.1\n" + lines + "\n", to: "mqtt.conf")
    program = try RunningProgram([mqttPath, "broker", "--memory", "-c", file])
    try program.waitForPort(port)
  }
}

struct AccessTests {
  /// The exit status of a client that only logs in.
  private func login(_ port: UInt16, _ arguments: [String]) throws -> Int32 {
    try run(
      ["mosquitto_pub", "-h", "127.0.0.1", "-p", "\(port)", "-t", "t", "-m", "1"] + arguments
    ).status
  }

  private func passwd(_ arguments: [String], input: String = "") throws -> Int32 {
    try run([mqttPath, "broker", "passwd"] + arguments, input: input).status
  }

  @Test func `password files made by either program are read by both`() throws {
    let folder = TestFolder()
    let file = folder.path + "/passwords"
    #expect(try passwd([file, "ann"], input: "one\n") == 1)
    #expect(try passwd(["-c", file, "ann"], input: "one\n") == 0)
    #expect(try passwd(["-H", "sha512", "-b", file, "bob", "two"]) == 0)
    #expect(try run(["mosquitto_passwd", "-b", file, "cyn", "three"]).status == 0)
    #expect(try run(["mosquitto_passwd", "-H", "sha512", "-b", file, "dan", "four"]).status == 0)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
    let mosquitto = try Mosquitto { _ in ["allow_anonymous false", "password_file \(file)"] }
    let broker = try LiveBroker(["--passwords", file])
    for port in [mosquitto.port, broker.port] {
      for (name, password) in [("ann", "one"), ("bob", "two"), ("cyn", "three"), ("dan", "four")] {
        #expect(try login(port, ["-u", name, "-P", password]) == 0, "\(name) at \(port)")
        #expect(try login(port, ["-u", name, "-P", "wrong"]) == 5, "\(name) at \(port)")
      }
      #expect(try login(port, ["-u", "eve", "-P", "one"]) == 5)
      #expect(try login(port, []) == 5)
    }
    #expect(mosquitto.program.isRunning)
    #expect(!broker.program.errors.contains("three"))
  }

  @Test(arguments: ["one", "many"])
  func `a password is asked for once on the terminal, is not shown, and lets in`(
    clients: String
  ) throws {
    let folder = TestFolder()
    let file = folder.path + "/passwords"
    #expect(try passwd(["-c", file, "ann"], input: "geheim\n") == 0)
    let broker = try LiveBroker(["--passwords", file])
    try runPython("prompt.py", mqttPath, "\(broker.port)", clients)
  }

  @Test func `Ctrl-C at the question for a password leaves the terminal as it was`() throws {
    try runPython("prompt.py", mqttPath, "1", "interrupt")
  }

  @Test func `Ctrl-C after the question for a password ends a run with its results`() throws {
    let broker = try LiveBroker()
    try runPython("prompt.py", mqttPath, "\(broker.port)", "bench")
  }

  @Test func `a password of Argon2id lets in`() throws {
    let folder = TestFolder()
    let file = folder.path + "/passwords"
    #expect(try passwd(["-c", "-H", "argon2id", "-b", file, "ann", "one"]) == 0)
    let broker = try LiveBroker(["--passwords", file])
    #expect(try login(broker.port, ["-u", "ann", "-P", "one"]) == 0)
    #expect(try login(broker.port, ["-u", "ann", "-P", "two"]) == 5)
  }

  @Test func `a changed file keeps its permissions, and a removed user is gone`() throws {
    let folder = TestFolder()
    let file = folder.path + "/passwords"
    #expect(try passwd(["-c", "-b", file, "ann", "one"]) == 0)
    func permissions() throws -> Int? {
      let all = try FileManager.default.attributesOfItem(atPath: file)
      return (all[.posixPermissions] as? NSNumber)?.intValue
    }
    #expect(try permissions() == 0o600)
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file)
    #expect(try passwd(["-b", file, "bob", "two"]) == 0)
    #expect(try permissions() == 0o640)
    #expect(try passwd(["-D", file, "ann"]) == 0)
    #expect(try passwd(["-D", file, "ann"]) == 1)
    let text = try String(contentsOfFile: file, encoding: .utf8)
    #expect(text.hasPrefix("bob:$7$1000$"))
    #expect(text.split(separator: "\n").count == 1)
  }

  @Test func `mosquitto's clients see the access list`() throws {
    let folder = TestFolder()
    let passwords = folder.path + "/passwords"
    for name in ["ann", "bob"] {
      #expect(try passwd(["-c", "-I", "10", "-b", passwords, name, "pw"]) == 0)
    }
    let acl = try folder.write(
      "topic read ready\nuser ann\ntopic readwrite ready\ntopic readwrite room/#\n"
        + "topic deny room/safe\nuser bob\ntopic read ready\ntopic read room/+/light\n",
      to: "acl")
    let broker = try LiveBroker([
      "--passwords", passwords, "--acl", acl, "--allow-anonymous", "true",
    ])
    let ann = ["-u", "ann", "-P", "pw", "-i", "a"]
    try Commands.mosquitto.publish(broker, ann + ["-t", "ready", "-m", "ready", "-r", "-q", "1"])
    let nobody = try Commands.mosquitto.subscribe(broker, ["-t", "#"])
    let bob = try Commands.mosquitto.subscribe(broker, ["-u", "bob", "-P", "pw", "-t", "#"])
    for topic in ["room/1/light", "room/1/lock", "room/safe", "room/2/light"] {
      try Commands.mosquitto.publish(broker, ann + ["-t", topic, "-m", topic, "-q", "1"])
    }
    #expect(try messages(bob, 2) == ["room/1/light", "room/2/light"])
    #expect(messages(nobody).isEmpty)
    #expect(
      broker.program.errors.contains(
        "access denied: client=\"a\" user=\"ann\" action=publish topic=\"room/safe\" rule=\(acl):5")
    )
  }

  @Test func `the common name of a certificate is the user name, whatever CONNECT says`() throws {
    let folder = TestFolder()
    try folder.makeCertificates(client: "device-7")
    let acl = try folder.write("pattern readwrite devices/%u/#\n", to: "acl")
    let broker = try GuardedBroker(
      folder,
      """
      certfile \(folder.path)/server.crt
      keyfile \(folder.path)/server.key
      cafile \(folder.path)/ca.crt
      require_certificate true
      use_identity_as_username true
      acl_file \(acl)
      """)
    let tls = ["--cafile", "\(folder.path)/ca.crt"]
    let own = tls + ["--cert", "\(folder.path)/client.crt", "--key", "\(folder.path)/client.key"]
    #expect(try login(broker.port, own + ["-t", "devices/device-7/x", "-u", "boss"]) == 0)
    #expect(try login(broker.port, tls) != 0)
    #expect(broker.program.errors.contains("user \"device-7\""))
    let denied = try run(
      ["mosquitto_pub", "-V", "5", "-d", "-q", "1", "-h", "127.0.0.1", "-p", "\(broker.port)"]
        + own + ["-t", "devices/device-8/x", "-m", "1"])
    #expect((denied.output + denied.errors).contains("RC:135"))
  }

  @Test func `the whole subject of a certificate may be the user name`() throws {
    let folder = TestFolder()
    try folder.makeCertificates(client: "device-7")
    let broker = try GuardedBroker(
      folder,
      """
      certfile \(folder.path)/server.crt
      keyfile \(folder.path)/server.key
      cafile \(folder.path)/ca.crt
      require_certificate true
      use_subject_as_username true
      """)
    let own = [
      "--cafile", "\(folder.path)/ca.crt", "--cert", "\(folder.path)/client.crt", "--key",
      "\(folder.path)/client.key",
    ]
    #expect(try login(broker.port, own) == 0)
    #expect(broker.program.errors.contains("user \"CN=device-7,O=Example\""))
  }

  @Test func `a user who is gone from the files is disconnected when they are read again`() throws {
    let folder = TestFolder()
    let passwords = folder.path + "/passwords"
    for name in ["ann", "bob"] {
      #expect(try passwd(["-c", "-I", "10", "-b", passwords, name, "pw"]) == 0)
    }
    let broker = try GuardedBroker(folder, "password_file \(passwords)")
    let place = ["-h", "127.0.0.1", "-p", "\(broker.port)", "-P", "pw", "-d", "-t", "t"]
    let subscriber = ["stdbuf", "-oL", "mosquitto_sub"]
    let ann = try RunningProgram(subscriber + ["-i", "a", "-u", "ann"] + place)
    let bob = try RunningProgram(subscriber + ["-i", "b", "-u", "bob"] + place)
    try ann.waitFor("SUBACK")
    try bob.waitFor("SUBACK")
    #expect(try passwd(["-D", passwords, "bob"]) == 0)
    broker.program.signal(SIGHUP)
    #expect(poll(20) { broker.program.errors.contains("its user is gone") })
    #expect(!broker.program.errors.contains("a left"))
    #expect(try login(broker.port, ["-u", "bob", "-P", "pw"]) == 5)
    #expect(try login(broker.port, ["-u", "ann", "-P", "pw"]) == 0)
    #expect(ann.isRunning)
  }

  @Test func `silent connections give way to clients that speak`() throws {
    let broker = try LiveBroker(["--max-unidentified-connections", "50"])
    let silent = try (0..<80).map { _ in try broker.connect() }
    // The kernel keeps them to itself for a second.
    #expect(poll(20) { broker.program.errors.contains("max-unidentified-connections 50") })
    try Commands.mosquitto.publish(broker, ["-t", "t", "-m", "1", "-q", "1"])
    for connection in silent { connection.close() }
  }
}
