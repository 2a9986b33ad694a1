// Who gets in and what holds, with settings from the command line and from a file at once; and what
// the lines at the start say about it.

import Foundation
import LiveSupport
import Testing

@Suite struct SettingsTests {
  private func users(_ folder: TestFolder) throws -> String {
    let path = folder.path("pw")
    _ = try run([mqttPath, "broker", "passwd", "-c", "-b", path, "joe", "secret"])
    return path
  }

  @Test func `--no-anonymous closes the listeners of a file that lets everybody in`() throws {
    let port = try freePort()
    let folder = TestFolder()
    let broker = try MosquittoFileBroker(
      "listener \(port) 127.0.0.1\nallow_anonymous true\n", ports: [port],
      command: [mqttPath, "broker", "--passwords", try users(folder), "--no-anonymous"])
    #expect(try connack(port: port, level: 4) == [0x20, 2, 0, 5])
    let known = ["-p", "\(port)", "-u", "joe", "-P", "secret", "a", "x"]
    #expect(try run([mqttPath, "pub"] + known).status == 0)
    #expect(broker.program.isRunning)
  }

  @Test func `--no-anonymous holds where a file names no listener`() throws {
    let port = try freePort()
    let broker = try MosquittoFileBroker(
      "allow_anonymous true\n", ports: [port],
      command: [mqttPath, "broker", "-p", "\(port)", "--no-anonymous"])
    #expect(try connack(port: port, level: 4) == [0x20, 2, 0, 5])
    #expect(broker.program.isRunning)
  }

  @Test func `a listener of the command line is closed to those whom the file keeps out`() throws {
    let port = try freePort()
    let folder = TestFolder()
    let broker = try MosquittoFileBroker(
      "allow_anonymous false\npassword_file \(try users(folder))\n", ports: [port],
      command: [mqttPath, "broker", "--listen", "127.0.0.1:\(port)"])
    #expect(try connack(port: port, level: 4) == [0x20, 2, 0, 5])
    #expect(broker.program.isRunning)
  }

  @Test func `limits of the command line hold for the listeners of a file`() throws {
    let port = try freePort()
    let broker = try MosquittoFileBroker(
      "listener \(port) 127.0.0.1\nallow_anonymous true\nmax_qos 2\nmax_topic_alias 9\n",
      ports: [port],
      command: [mqttPath, "broker", "--max-qos", "0", "--max-topic-alias", "3"])
    let answer = try connack(port: port, level: 5)
    // Maximum QoS 0 and Topic Alias Maximum 3. (3.2.2.3.4, 3.2.2.3.8)
    #expect(answer.indices.contains { answer[$0...].starts(with: [0x24, 0]) })
    #expect(answer.indices.contains { answer[$0...].starts(with: [0x22, 0, 3]) })
    #expect(broker.program.isRunning)
  }

  @Test func `a setting that could have no effect keeps the broker from starting`() throws {
    let port = try freePort()
    let broker = try MosquittoFileBroker(
      "listener \(port) 127.0.0.1\nallow_anonymous true\n",
      command: [mqttPath, "broker", "--tls-version", "tlsv1.3"])
    #expect(try broker.program.exitStatus() == 1)
    #expect(broker.program.errors.contains("--tls-version: no listener speaks TLS"))
  }

  @Test func `-p beside a file without listeners serves this machine there, with its options`()
    throws
  {
    let port = try freePort()
    let broker = try MosquittoFileBroker(
      "max_qos 1\n", ports: [port], command: [mqttPath, "broker", "-p", "\(port)"])
    let answer = try connack(port: port, level: 5)
    #expect(answer.indices.contains { answer[$0...].starts(with: [0x24, 1]) })
    try broker.program.waitFor("listening on 127.0.0.1:\(port)")
    #expect(!broker.program.errors.contains(":1883"))
  }

  // MARK: The lines at the start

  private func start(_ words: [String]) throws -> RunningProgram {
    let program = try RunningProgram([mqttPath, "broker", "--memory"] + words)
    try program.waitFor("listening on")
    // Everything is said by then.
    program.signal(SIGTERM)
    try program.waitFor("stopped")
    return program
  }

  static let warning = "gets in without a password; add --passwords FILE"

  @Test func `everybody's access to every address is warned of once`() throws {
    let port = try freePort()
    for place in ["--listen", "--tls-listen"] {
      let errors = try start([place, "\(port)"]).errors
      #expect(errors.components(separatedBy: Self.warning).count == 2, "\(errors)")
      #expect(errors.contains("everybody who can reach 0.0.0.0:\(port)"))
    }
  }

  @Test(arguments: [
    ["--allow-anonymous", "true"], ["--no-anonymous"], ["--passwords", "pw"],
    ["--passwords", "pw", "--acl", "acl"],
  ]) func `what was decided is not warned of`(words: [String]) throws {
    let folder = TestFolder()
    _ = try users(folder)
    try folder.write("topic #\n", to: "acl")
    let files = words.map { ["pw", "acl"].contains($0) ? folder.path($0) : $0 }
    let errors = try start(["--listen", "\(try freePort())"] + files).errors
    #expect(!errors.contains(Self.warning), "\(errors)")
  }

  @Test func `this machine's clients are not warned of`() throws {
    let port = try freePort()
    for place in [["-p", "\(port)"], ["--listen", "[::1]:\(port)"], ["--unix", "/tmp/s\(port)"]] {
      #expect(!(try start(place).errors.contains(Self.warning)))
    }
  }

  // MARK: Dates

  @Test func `what has expired, or will within 30 days, is told by test, log and $SYS`() throws {
    let folder = TestFolder()
    try folder.makeCertificates(client: "maria")
    let text = """
      [ca]
      default_ca = all
      [all]
      database = index
      serial = serial
      crlnumber = serial
      new_certs_dir = .
      policy = names
      unique_subject = no
      default_md = sha256
      [names]
      commonName = supplied

      """
    try folder.write(text, to: "ca.cnf")
    try folder.write("", to: "index")
    try folder.write("01\n", to: "serial")
    let authority = "ca -batch -config ca.cnf -keyfile ca.key -cert ca.crt"
    try folder.openssl(
      "\(authority) -in server.csr -startdate 20200101000000Z -enddate 20210101000000Z -out old.crt"
    )
    try folder.openssl(
      "\(authority) -in server.csr -startdate 20200101000000Z -enddate 20910101000000Z -out new.crt"
    )
    try folder.openssl("\(authority) -gencrl -crldays 20 -out list.pem")
    try folder.openssl(
      "req -x509 -nodes -newkey rsa:2048 -keyout k -out lasting.crt -days 900 -subj /CN=l")
    let port = try freePort()
    func file(_ certificate: String, _ rest: String) -> String {
      "listener \(port) 127.0.0.1\nallow_anonymous true\ncertfile \(folder.path(certificate))\n"
        + "keyfile \(folder.path("server.key"))\n\(rest)"
    }
    func warnings(_ text: String) throws -> String {
      let path = try folder.write(text, to: "m.conf")
      let result = try run([mqttPath, "broker", "-c", path, "--test-config"])
      #expect(result.status == 0, "\(result.errors)")
      return result.errors
    }
    let old = "old.crt has expired at 2021-01-01 00:00:00 UTC"
    #expect(try warnings(file("old.crt", "")).contains(old))
    #expect(try warnings(file("new.crt", "")).isEmpty)
    #expect(try warnings(file("new.crt", "cafile \(folder.path("lasting.crt"))\n")).isEmpty)
    let rest = "cafile \(folder.path("lasting.crt"))\ncrlfile \(folder.path("list.pem"))\n"
    let soon = try warnings(file("new.crt", rest))
    #expect(
      soon.contains("the revocation list of CN=authority in \(folder.path("list.pem")) is valid"))
    // Twenty days but for the seconds that have passed since it was made, or none have.
    #expect(soon.contains(/only, (19|20) more days at most/))
    let broker = try MosquittoFileBroker(file("old.crt", rest), ports: [port])
    try broker.program.waitFor(old)
    try broker.program.waitFor("the revocation list of CN=authority")
    let status = try run([
      mqttPath, "sub", "-p", "\(port)", "--tls", "--insecure", "-C", "1", "-W", "20",
      "$SYS/broker/certificates/expires",
    ])
    #expect(status.output == "2021-01-01 00:00:00 UTC \(folder.path("old.crt"))\n")
  }

  // MARK: Other programs

  @Test func `mosquitto_ctrl is told at once that its request is refused`() throws {
    let broker = try LiveBroker()
    let asked = try run([
      "mosquitto_ctrl", "-h", "127.0.0.1", "-p", "\(broker.port)", "dynsec", "listClients",
    ])
    #expect(asked.errors.contains("Publish error: Not authorized"))
    try broker.program.waitFor("PUBLISH to \"$CONTROL/dynamic-security/v1\" refused")
  }

  // MARK: Accounts

  @Test(.enabled(if: getuid() == 0))
  func `a directory that the account cannot use is told with it`()
    throws
  {
    let folder = TestFolder()
    chmod(folder.path, 0o700)
    let port = try freePort()
    let file = try folder.write(
      """
      user nobody
      listener \(port) 127.0.0.1
      allow_anonymous true
      persistence true
      persistence_location \(folder.path)/data
      pid_file \(folder.path)/pid

      """, to: "m.conf")
    let tested = try run([mqttPath, "broker", "-c", file, "--test-config"])
    #expect(tested.status == 1)
    #expect(tested.errors.contains("m.conf:5:22: cannot use the data: write as nobody"))
    for more in [[], ["-d"]] {
      let started = try run([mqttPath, "broker", "-c", file] + more)
      #expect(started.status == 1)
      #expect(started.errors.contains("(Permission denied); the account is nobody"))
      #expect(folder.text("pid").isEmpty)
    }
  }

  @Test(.enabled(if: getuid() == 0))
  func `a file that the account cannot read again is told with it`() throws {
    let folder = TestFolder()
    chmod(folder.path, 0o700)
    let port = try freePort()
    let file = try folder.write(
      "user nobody\nlistener \(port) 127.0.0.1\npassword_file \(try users(folder))\n",
      to: "m.conf")
    let broker = try RunningProgram([mqttPath, "broker", "-c", file])
    try broker.waitForPort(port)
    chmod(folder.path, 0o711)
    chmod(folder.path("m.conf"), 0o644)
    broker.signal(SIGHUP)
    try broker.waitFor("Permission denied for the account nobody")
    try broker.waitFor("everything stays as it was")
  }

  // MARK: Files

  private func mode(_ path: String) throws -> Int {
    let facts = try FileManager.default.attributesOfItem(atPath: path)
    return (facts[.posixPermissions] as? NSNumber)?.intValue ?? 0
  }

  @Test(arguments: ["0", "022", "0277"])
  func `files are their owner's alone, whatever the umask`(mask: String) throws {
    let folder = TestFolder()
    let port = try freePort()
    let broker = try RunningProgram(
      [
        "/bin/sh", "-c",
        "umask \(mask); exec \(mqttPath) broker -p \(port) --data x/y --log-file log "
          + "--tls-port \(try freePort()) --tls-keylog keys",
      ], environment: ["XDG_DATA_HOME": folder.path("home")], workingFolder: folder.path)
    try broker.waitForPort(port)
    #expect(poll(20) { folder.text("log").contains("listening") })
    for directory in ["x", "x/y", "home", "home/mqtt/tls"] {
      #expect(try mode(folder.path(directory)) == 0o700, "\(directory)")
    }
    for file in [
      "x/y/broker.sqlite", "x/y/broker.sqlite-wal", "x/y/lock", "log", "keys",
      "home/mqtt/tls/ca.key", "home/mqtt/tls/server.key",
    ] {
      #expect(try mode(folder.path(file)) == 0o600, "\(file)")
    }
  }

  @Test func `passwords, recordings, outboxes and exports are their owner's alone`() throws {
    let folder = TestFolder()
    let broker = try LiveBroker()
    func shell(_ line: String) throws -> (status: Int32, output: String, errors: String) {
      try run(["/bin/sh", "-c", "umask 0; \(mqttPath) \(line)"], workingFolder: folder.path)
    }
    _ = try shell("broker passwd -c -b pw joe secret")
    _ = try shell("pub -p \(broker.port) --outbox out.db --create-table --until-empty")
    _ = try shell("pub -p \(broker.port) a x -q 1 -r")
    _ = try shell("sub -p \(broker.port) a -C 1 -q 1 --record rec.jsonl")
    _ = try shell("sub -p \(broker.port) a -C 1 -q 1 -c -i s --sqlite in.db")
    for file in ["pw", "out.db", "rec.jsonl", "in.db"] {
      #expect(try mode(folder.path(file)) == 0o600, "\(file)")
    }
  }

  @Test func `a store that others could read is closed to them`() throws {
    let folder = TestFolder()
    let port = try freePort()
    try folder.write("", to: "broker.sqlite")
    chmod(folder.path("broker.sqlite"), 0o644)
    let broker = try RunningProgram(
      [mqttPath, "broker", "-p", "\(port)", "--data", folder.path])
    try broker.waitForPort(port)
    #expect(poll(20) { (try? mode(folder.path("broker.sqlite"))) == 0o600 })
  }
}
