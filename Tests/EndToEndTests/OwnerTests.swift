// Whose a client identifier is, seen through the built broker and mosquitto's clients: over restarts,
// for data of an earlier version and of mosquitto, and what a file for mosquitto leaves as it was.

import Foundation
import LiveSupport
import Testing

struct OwnerTests {
  private let folder = TestFolder()

  private var passwords: String { folder.path + "/passwords" }

  init() throws {
    for (option, user) in [(["-c"], "admin"), ([], "sensor")] {
      let made = try run(
        [mqttPath, "broker", "passwd", "-H", "sha512", "-b"] + option + [passwords, user, "pw"])
      try #require(made.status == 0, "\(made.errors)")
    }
    try folder.write("user admin\ntopic #\nuser sensor\ntopic s/#\n", to: "acl")
  }

  /// Everything that waits for "gw", as `user` gets it.
  private func fetch(
    _ port: UInt16, _ user: String, _ options: [String] = ["-c"], count: Int = 1
  ) throws -> (status: Int32, output: String) {
    let result = try run(
      [
        "mosquitto_sub", "-p", "\(port)", "-i", "gw", "-u", user, "-P", "pw", "-q", "1", "-t", "#",
        "-C", "\(count)", "-W", "20", "-F", "%t %p",
      ] + options)
    return (result.status, result.output)
  }

  private func publish(_ port: UInt16, _ topic: String, _ message: String) throws {
    let result = try run([
      "mosquitto_pub", "-p", "\(port)", "-u", "admin", "-P", "pw", "-q", "1", "-t", topic, "-m",
      message,
    ])
    try #require(result.status == 0, "\(result.errors)")
  }

  /// Makes a session "gw" of admin's, with a message for it alone and one for sensor too.
  private func fill(_ port: UInt16) throws {
    let made = try run([
      "mosquitto_sub", "-p", "\(port)", "-i", "gw", "-c", "-u", "admin", "-P", "pw", "-q", "1",
      "-t", "#", "-E",
    ])
    try #require(made.status == 0, "\(made.errors)")
    try publish(port, "a", "admin's")
    try publish(port, "s/1", "everybody's")
  }

  private func stop(_ program: RunningProgram) throws {
    program.signal(SIGTERM)
    try #require(try program.exitStatus() == 0)
  }

  @Test func `a session stays its user's, over a restart too`() throws {
    let options = ["--passwords", passwords, "--acl", folder.path + "/acl"]
    let data = folder.path + "/data"
    let first = try LiveBroker(options, data: data)
    try fill(first.port)
    #expect(try fetch(first.port, "sensor").status == 2)
    #expect(try fetch(first.port, "sensor", []).status == 2)
    try first.program.waitFor("client=\"gw\" user=\"sensor\" reason=\"the client identifier is")
    try stop(first.program)
    let second = try LiveBroker(options, data: data)
    #expect(try fetch(second.port, "sensor", ["-c", "-V", "5"]).status == 133)
    #expect(try fetch(second.port, "admin", count: 2).output == "a admin's\ns/1 everybody's\n")
  }

  @Test func `with any it changes hands, and what the other may not read is kept for the first`()
    throws
  {
    let options = [
      "--passwords", passwords, "--acl", folder.path + "/acl", "--client-id-owner", "any",
    ]
    let data = folder.path + "/data"
    let first = try LiveBroker(options, data: data)
    try fill(first.port)
    #expect(try fetch(first.port, "sensor").output == "s/1 everybody's\n")
    try first.program.waitFor("gw: its session goes from user \"admin\" to user \"sensor\"")
    try first.program.waitFor("--client-id-owner user would refuse that")
    try stop(first.program)
    let second = try LiveBroker(options, data: data)
    try publish(second.port, "s/2", "more")
    #expect(try fetch(second.port, "sensor").output == "s/2 more\n")
    #expect(try fetch(second.port, "admin").output == "a admin's\n")
  }

  @Test(arguments: [nil, "client_id_owner user"])
  func `what mosquitto has kept goes to whoever comes, unless the file says user`(
    word: String?
  ) throws {
    let port = try freePort()
    let text = """
      listener \(port) 127.0.0.1
      password_file \(passwords)
      persistence true
      persistence_location \(folder.path)/
      user root

      """
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: passwords)
    let old = try MosquittoFileBroker(text, ports: [port], command: ["/usr/sbin/mosquitto"])
    try fill(port)
    try stop(old.program)
    let new = try MosquittoFileBroker(text + (word ?? "") + "\n", ports: [port])
    let (status, output) = try fetch(port, "sensor", count: 2)
    if word == nil {
      #expect(output == "a admin's\ns/1 everybody's\n")
      try new.program.waitFor("gw: its session goes from user \"admin\" to user \"sensor\"")
    } else {
      #expect(status == 2)
      #expect(try fetch(port, "admin", count: 2).output == "a admin's\ns/1 everybody's\n")
    }
  }

  @Test(arguments: [true, false])
  func `an empty password lets in only where that was asked for`(isAllowed: Bool) throws {
    let hash = try run([
      "mosquitto_passwd", "-H", "sha512", "-b", "-c", folder.path + "/empty", "ann", "",
    ])
    try #require(hash.status == 0, "\(hash.errors)")
    let broker = try LiveBroker(
      ["--passwords", folder.path + "/empty"]
        + (isAllowed ? ["--allow-empty-passwords", "true"] : []))
    let login = try run([
      "mosquitto_pub", "-p", "\(broker.port)", "-u", "ann", "-P", "", "-t", "t", "-m", "1",
    ])
    #expect(login.status == (isAllowed ? 0 : 5))
    if !isAllowed { try broker.program.waitFor("an empty password, see --allow-empty-passwords") }
  }

  @Test func `no room for another retained message is told to a publisher of 5.0`() throws {
    let broker = try LiveBroker(["--max-retained-messages", "1"])
    func publish(_ topic: String, _ version: String) throws -> Int32 {
      try run([
        mqttPath, "pub", "-p", "\(broker.port)", "-V", version, "-q", "1", "-r", topic, "x",
      ]).status
    }
    #expect(try publish("a", "5") == 0)
    #expect(try publish("b", "5") == 0x97)
    #expect(try publish("b", "mqttv311") == 0)
  }
}
