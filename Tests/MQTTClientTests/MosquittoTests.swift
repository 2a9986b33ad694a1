// `mqtt pub` and `mqtt sub` with Debian's mosquitto and its clients: every QoS and version, both
// ways, and TLS.

import LiveSupport
import Testing

@Suite struct MosquittoTests {
  static let combinations: [(String, Int)] = ["31", "311", "5"].flatMap { version in
    (0...2).map { (version, $0) }
  }

  /// Starts a subscriber that ends with one message, publishes until it has ended.
  private func exchange(
    _ broker: Mosquitto, subscriber: CommandProcess, _ publish: () throws -> Int32
  ) throws -> CommandProcess.Result {
    // The retained message is there whether the subscriber was faster or not.
    #expect(try publish() == 0)
    return try subscriber.wait()
  }

  @Test(arguments: combinations)
  func `mqtt pub reaches mosquitto_sub`(_ version: String, _ qos: Int) throws {
    let broker = try Mosquitto()
    let subscriber = try CommandProcess(
      ["-p", "\(broker.port)", "-t", "t/#", "-q", "\(qos)", "-C", "1", "-W", "10", "-v"],
      program: "/usr/bin/mosquitto_sub")
    let result = try exchange(broker, subscriber: subscriber) {
      try CommandProcess.run([
        "pub", "-p", "\(broker.port)", "t/1", "gr\u{00FC}n", "-q", "\(qos)", "-V", version, "-r",
      ]).status
    }
    #expect(result.output == "t/1 gr\u{00FC}n\n")
  }

  @Test(arguments: combinations)
  func `mosquitto_pub reaches mqtt sub`(_ version: String, _ qos: Int) throws {
    let broker = try Mosquitto()
    let subscriber = try CommandProcess([
      "sub", "-p", "\(broker.port)", "t/#", "-q", "\(qos)", "-C", "1", "-W", "10", "-v", "-V",
      version,
    ])
    let result = try exchange(broker, subscriber: subscriber) {
      try CommandProcess.run(
        ["-p", "\(broker.port)", "-t", "t/1", "-m", "gr\u{00FC}n", "-q", "\(qos)", "-r"],
        program: "/usr/bin/mosquitto_pub"
      ).status
    }
    #expect(result.status == 0)
    #expect(result.output == "t/1 gr\u{00FC}n\n")
  }

  @Test(arguments: [1, 2])
  func `twenty thousand lines arrive in order, each once`(_ qos: Int) throws {
    let broker = try Mosquitto { _ in ["max_queued_messages 0"] }
    let port = "\(broker.port)"
    _ = try CommandProcess.run([
      "sub", "-p", port, "l", "-q", "\(qos)", "-c", "-i", "reader", "-E",
    ])
    let lines = (1...20_000).map { "line \($0)\n" }.joined()
    let published = try CommandProcess.run(
      ["pub", "-p", port, "-t", "l", "-l", "-q", "\(qos)"], input: lines)
    #expect(published.status == 0)
    let result = try CommandProcess.run([
      "sub", "-p", port, "l", "-q", "\(qos)", "-c", "-i", "reader", "-C", "20000", "-W", "20",
    ])
    #expect(result.status == 0)
    #expect(result.output == lines)
  }

  @Test func `a denied message is told in the status, as mosquitto_pub does not`() throws {
    let broker = try Mosquitto { folder in
      ["acl_file \(try folder.write("topic read no/#\ntopic readwrite yes/#\n", to: "acl"))"]
    }
    let denied = try CommandProcess.run(["pub", "-p", "\(broker.port)", "no/1", "m", "-q", "1"])
    #expect(denied.status == 135)
    let allowed = try CommandProcess.run(["pub", "-p", "\(broker.port)", "yes/1", "m", "-q", "1"])
    #expect(allowed.status == 0)
    // 3.1.1 has no word for it, so nothing is claimed.
    let untold = try CommandProcess.run([
      "pub", "-p", "\(broker.port)", "no/1", "m", "-q", "1", "-V", "311",
    ])
    #expect(untold.status == 0)
  }

  @Test func `a wrong password is a refusal with words`() throws {
    let broker = try Mosquitto { folder in
      let file = folder.path("passwords")
      _ = try CommandProcess.run(
        ["-c", "-b", file, "uwe", "geheim"], program: "/usr/bin/mosquitto_passwd")
      return ["allow_anonymous false", "password_file \(file)"]
    }
    let port = "\(broker.port)"
    let wrong = try CommandProcess.run(["pub", "-p", port, "t", "m", "-u", "uwe", "-P", "falsch"])
    #expect(wrong.status == 135)
    #expect(wrong.said.contains("refused the connection: Not authorized (0x87)"))
    let right = try CommandProcess.run(["pub", "-p", port, "t", "m", "-u", "uwe", "-P", "geheim"])
    #expect(right.status == 0)
  }
}
