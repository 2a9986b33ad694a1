// What the broker promised, looked at from outside while it is killed, its disk fails, and its data
// is damaged. The short form of Tests/Durability/rounds.py, which says what is held against what.

import Foundation
import LiveSupport
import Testing

struct DurabilityTests {
  /// Runs one of the programs in Tests/Durability.
  private func judge(_ program: String, _ arguments: [String]) throws -> (Int32, String) {
    let result = try run(
      ["/usr/bin/python3", "\(checkoutFolder)/Tests/Durability/\(program)"] + arguments,
      within: 100)
    return (result.status, result.output + result.errors)
  }

  @Test func `nothing that was acknowledged is lost by kill -9, nothing at QoS 2 comes twice`()
    throws
  {
    let (status, said) = try judge(
      "rounds.py", ["--broker", mqttPath, "--rounds", "20", "--settle-every", "10"])
    #expect(status == 0, "\(said)")
  }

  @Test func `nor is it by a power cut that takes back all that was not synced`() throws {
    let (status, said) = try judge(
      "rounds.py",
      ["--broker", mqttPath, "--rounds", "20", "--settle-every", "10", "--disk", "forgets"])
    #expect(status == 0, "\(said)")
  }

  @Test(arguments: [["--disk", "lies"], ["--disk", "forgets", "--option=--sync=off"]])
  func `the judge finds a broker that acknowledges what is not on the disk`(disk: [String]) throws {
    let (status, said) = try judge(
      "rounds.py", ["--broker", mqttPath, "--rounds", "20", "--patience", "5"] + disk)
    #expect(status == 1)
    #expect(said.contains("FAILED"))
  }

  @Test func `a disk that is full, broken or read-only stops what needs it, and nothing else`()
    throws
  {
    let (status, said) = try judge("outage.py", [mqttPath])
    #expect(status == 0, "\(said)")
  }

  /// Leaves a session with one message of each kind in the data directory of a stopped broker.
  private func leaveData(in data: String) throws {
    let broker = try LiveBroker(data: data)
    let port = ["-p", "\(broker.port)"]
    let subscribed = try run(
      [mqttPath, "sub", "-i", "ann", "-c", "-q", "1", "-t", "order/#", "-E"] + port)
    try #require(subscribed.status == 0, "\(subscribed.errors)")
    for words in [["order/1", "tea", "-q", "1"], ["shop/state", "open", "-q", "1", "-r"]] {
      let published = try run([mqttPath, "pub"] + words + port)
      try #require(published.status == 0, "\(published.errors)")
    }
    broker.program.signal(SIGTERM)
    try #require(try broker.program.exitStatus() == 0)
  }

  @Test func `a long queue drains through little memory, another one expires, the file shrinks`()
    throws
  {
    let (status, said) = try judge("backlog.py", ["--broker", mqttPath, "--messages", "10000"])
    #expect(status == 0, "\(said)")
  }

  @Test func `sqlite3 opens what a stopped broker keeps`() throws {
    let data = TestFolder()
    try leaveData(in: data.path)
    let file = data.path + "/broker.sqlite"
    #expect(!FileManager.default.fileExists(atPath: file + "-wal"))
    let check = try run(["sqlite3", file, "PRAGMA integrity_check"])
    #expect(check.output == "ok\n")
    let shown = try run([
      "sqlite3", file, "SELECT client, queued_messages, subscriptions FROM sessions",
      "SELECT client, filter, qos FROM subscriptions",
      "SELECT client, topic, payload FROM queued_messages",
      "SELECT topic, payload FROM retained_messages",
    ])
    #expect(shown.output == "ann|1|1\nann|order/#|1\nann|order/1|tea\nshop/state|open\n")
  }

  @Test func `a second broker on the same data is refused, and told who has it`() throws {
    let data = TestFolder()
    let first = try LiveBroker(data: data.path)
    let second = try run(
      [mqttPath, "broker", "-p", "\(try freePort())", "--data", data.path])
    #expect(second.status == 1)
    #expect(second.errors.contains("process \(first.program.identifier) uses it"))
    #expect(first.program.isRunning)
  }

  static let damages: [(String, @Sendable (inout Data) -> Void)] = [
    ("cut in half", { $0 = $0.prefix($0.count / 2) }),
    ("no database", { $0 = Data("not a database, and never was one".utf8) }),
    ("a page of zeros", { $0.resetBytes(in: 8192..<12288) }),
    ("empty", { $0 = Data() }),
  ]

  @Test(arguments: damages.indices)
  func `a damaged file does not keep a broker from starting, unless it is to be strict`(
    index: Int
  ) throws {
    let data = TestFolder()
    try leaveData(in: data.path)
    let file = URL(filePath: data.path + "/broker.sqlite")
    var content = try Data(contentsOf: file)
    Self.damages[index].1(&content)
    try content.write(to: file)
    if !content.isEmpty {
      let strict = try run(
        [mqttPath, "broker", "-p", "\(try freePort())", "--data", data.path, "--strict-store"])
      #expect(strict.status == 1, "\(Self.damages[index].0)")
      #expect(try Data(contentsOf: file) == content)
    }
    let broker = try LiveBroker(data: data.path)
    let published = try run([
      mqttPath, "pub", "shop/state", "x", "-q", "1", "-r", "-p", "\(broker.port)",
    ])
    #expect(published.status == 0, "\(Self.damages[index].0): \(broker.program.errors)")
    if !content.isEmpty {
      #expect(broker.program.errors.contains("set aside"), "\(Self.damages[index].0)")
    }
  }

  @Test func `a broker without options keeps its data below the user's state directory`() throws {
    let home = TestFolder()
    let port = try freePort()
    let broker = try RunningProgram(
      [mqttPath, "broker", "-p", "\(port)"], environment: ["XDG_STATE_HOME": home.path])
    try broker.waitFor("listening on")
    #expect(
      FileManager.default.fileExists(atPath: "\(home.path)/mqtt/broker-\(port)/broker.sqlite"))
  }

  @Test func `a place that cannot be used is said, with what to do`() throws {
    let port = try freePort()
    let result = try run([mqttPath, "broker", "-p", "\(port)", "--data", "/proc/mqtt"])
    #expect(result.status == 1)
    #expect(result.errors.contains("/proc/mqtt"))
    #expect(result.errors.contains("--memory"))
  }
}
