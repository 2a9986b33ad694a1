// What `mqtt broker` says of a configuration that does not do: the right word, at the right place.

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

  static let missing: [(String, String)] = [
    ("log_dest file /none/log", "1:10: log_dest: open /none/log: No such file or directory"),
    ("pid_file /none/pid/file", "1:10: pid_file: open /none/pid: No such file or directory"),
    (
      "psk_file /none/psk",
      "1:10: psk_file: cannot read the file of pre-shared keys /none/psk: No such file or directory"
    ),
  ]

  @Test(arguments: missing)
  func `a path that does not do is told with its option`(line: String, fault: String) throws {
    #expect(try faults("\(line)\nlistener 1\nallow_anonymous true\n") == [fault])
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
