// What `mqtt broker` says of a configuration that does not do: the right word, at the right place.

import Foundation
import LiveSupport
import Testing

@Suite struct BrokerAdviceTests {
  /// What `--test-config` says of a text, without the names of the program and of the file.
  private func faults(_ text: String) throws -> [String] {
    let folder = TestFolder()
    let file = try folder.write(text, to: "m.conf")
    return try run([mqttPath, "broker", "-c", file, "--test-config"]).errors
      .split(separator: "\n").map {
        String($0).replacing("mqtt broker: ", with: "").replacing(file + ":", with: "")
      }
  }

  struct Overlap: Sendable {
    var first: String
    var second: String
    /// The place that is refused.
    var place: String
    /// The listener before, and what it has.
    var holder: String
    var address: String
  }

  static let overlaps: [Overlap] = [
    Overlap(
      first: "1 ::1", second: "1 ::", place: "[::]:1", holder: "[::1]:1", address: "[::1]:1"),
    Overlap(
      first: "1 ::", second: "1 ::1", place: "[::1]:1", holder: "[::]:1", address: "[::]:1"),
    Overlap(
      first: "1 127.0.0.1", second: "1 0.0.0.0", place: "0.0.0.0:1", holder: "127.0.0.1:1",
      address: "127.0.0.1:1"),
    Overlap(
      first: "1", second: "1 127.0.0.1", place: "127.0.0.1:1", holder: "every address, port 1",
      address: "0.0.0.0:1"),
  ]

  @Test(arguments: overlaps)
  func `of two listeners that overlap the first one is said to have its own address`(
    _ overlap: Overlap
  ) throws {
    let text =
      "listener \(overlap.first)\nallow_anonymous true\nlistener \(overlap.second)\n"
      + "allow_anonymous true\n"
    #expect(
      try faults(text) == [
        "3:1: cannot listen on \(overlap.place): the listener on \(overlap.holder) at "
          + "1:1 has \(overlap.address) already; leave one of them out"
      ])
  }

  private static let missingFolder = "; make the directory /none, or name another one"

  static let missing: [(String, String)] = [
    (
      "log_dest file /none/log",
      "1:10: log_dest: open /none/log: No such file or directory" + missingFolder
    ),
    (
      "pid_file /none/pid/file",
      "1:10: pid_file: open /none/pid: No such file or directory" + missingFolder
    ),
    (
      "psk_file /none/psk",
      "1:10: psk_file: cannot read the file of pre-shared keys /none/psk: No such file or directory"
    ),
  ]

  @Test(arguments: missing)
  func `a path that does not do is told with its option`(line: String, fault: String) throws {
    #expect(try faults("\(line)\nlistener 1\nallow_anonymous true\n") == [fault])
  }

  @Test func `a start tells all that the test of its file tells`() throws {
    let folder = TestFolder()
    let file = try folder.write(
      """
      log_dest file /none/log
      pid_file /none/pid/file
      listener 0 /none/socket
      allow_anonymous true
      listener 1
      certfile /none/a.crt
      keyfile /none/a.key
      allow_anonymous true
      listener 2
      certfile /none/b.crt
      keyfile /none/b.key
      allow_anonymous true

      """, to: "mosquitto.conf")
    let tested = try run([mqttPath, "broker", "-c", file, "--test-config"], within: 60)
    let started = try run([mqttPath, "broker", "-c", file], within: 60)
    #expect(started.errors == tested.errors)
    #expect(started.status == 1)
    for place in ["1:10: log_dest", "2:10: pid_file", "3:", "6:", "10:"] {
      #expect(started.errors.contains("mosquitto.conf:\(place)"), "\(started.errors)")
    }
    #expect(started.errors.contains("cannot listen on /none/socket: bind /none/socket: No such"))
  }

  @Test func `a client that makes its fault again and again is told once`() throws {
    let port = try freePort()
    let broker = try RunningProgram(
      [mqttPath, "broker", "-p", "\(port)", "--memory", "--max-packet-size", "100"])
    try broker.waitForPort(port)
    let connect: [UInt8] = [0x10, 16, 0, 4] + Array("MQTT".utf8) + [4, 2, 0, 60, 0, 4]
    let tooLong: [UInt8] = [0x30, 0xC8, 0x01]
    for _ in 0..<5 {
      for bytes in [connect + Array("same".utf8) + tooLong, [0xC0, 0]] {
        let client = try TCPConnection(port: port)
        client.send(bytes)
        while case .bytes = client.receive(within: 20) {}
      }
    }
    let last = try run([mqttPath, "pub", "-p", "\(port)", "-i", "last", "a", "b"], within: 60)
    #expect(last.status == 0)
    try broker.waitFor("last left: disconnected")
    func count(_ text: String) -> Int { broker.errors.components(separatedBy: text).count - 1 }
    #expect(count("same left: ") == 1, "\(broker.errors)")
    #expect(count("same connected") == 2)
    #expect(count("left before it was connected: the first packet was not CONNECT") == 1)
  }

  @Test func `topics that are retained and may not be had are one line`() throws {
    let folder = TestFolder()
    let rules = try folder.write("topic write #\n", to: "acl")
    let port = try freePort()
    let broker = try RunningProgram(
      [mqttPath, "broker", "-p", "\(port)", "--memory", "--acl", rules])
    try broker.waitForPort(port)
    let subscriber = try RunningProgram(
      [mqttPath, "sub", "-p", "\(port)", "-i", "s", "$SYS/#", "-d"])
    try broker.waitFor("action=receive topics=")
    let lines = broker.errors.split(separator: "\n").filter { $0.contains("access denied") }
    #expect(lines.count == 2, "\(lines)")
    #expect(lines[0].contains("action=receive topic=\"$SYS/"))
    withExtendedLifetime(subscriber) {}
  }

  @Test(
    arguments: [
      "use_subject_as_username true", "use_identity_as_username true",
      "use_subject_as_username true\nenable_proxy_protocol 2",
    ])
  func `users of certificates without TLS are one fault`(lines: String) throws {
    let found = try faults("listener 1\n\(lines)\n")
    #expect(found.count == 1)
    #expect(found[0].contains("use_..._as_username need TLS"), "\(found)")
  }

  static let locked: [([String], Bool)] = [
    (["--no-anonymous"], true), (["--allow-anonymous", "false"], true), ([], false),
    (["--allow-anonymous", "true"], false),
  ]

  @Test(arguments: locked)
  func `a broker of the command line that lets nobody in says so`(
    words: [String], isLocked: Bool
  ) throws {
    let port = try freePort()
    let broker = try RunningProgram([mqttPath, "broker", "-p", "\(port)", "--memory"] + words)
    try broker.waitFor("listening on 127.0.0.1:\(port)")
    let told = broker.errors.contains("nobody gets in through localhost:\(port)")
    #expect(told == isLocked, "\(broker.errors)")
  }

  @Test func `a greeting of SSH is called one`() throws {
    let port = try freePort()
    let broker = try RunningProgram([mqttPath, "broker", "-p", "\(port)", "--memory"])
    try broker.waitForPort(port)
    try TCPConnection(port: port).send(Array("SSH-2.0-x\r\n".utf8))
    try broker.waitFor("no MQTT client on the port \(port): it sent a greeting of SSH")
  }
}
