// `mqtt pub --outbox` and `mqtt pub --redis` when something is in the way for a while - the broker is
// gone or takes nothing, another program has the database, the disk is full, Redis is killed -: what
// is said, and that each row still arrives once.

import Foundation
import LiveSupport
import Testing

@Suite struct OutboxTroubleTests {
  private let folder = TestFolder()
  private let port: UInt16

  init() throws {
    port = try freePort()
  }

  /// A limit of file size is a disk that is full for one process alone.
  private func onFullDisk(_ blocks: Int, _ words: [String]) -> [String] {
    ["sh", "-c", "trap '' XFSZ; ulimit -f \(blocks); exec \"$@\"", "sh"] + words
  }

  private func broker(
    fullAfter blocks: Int? = nil, options: [String] = []
  ) throws -> RunningProgram {
    let words = [mqttPath, "broker", "-p", "\(port)", "--data", folder.path + "/data"] + options
    let broker = try RunningProgram(blocks.map { onFullDisk($0, words) } ?? words)
    try broker.waitForPort(port, within: 30)
    return broker
  }

  private func publisher(fullAfter blocks: Int? = nil) throws -> RunningProgram {
    let words = [
      mqttPath, "pub", "-p", "\(port)", "--outbox", folder.path + "/app.db", "--create-table",
    ]
    let publisher = try RunningProgram(blocks.map { onFullDisk($0, words) } ?? words)
    try folder.expect("app.db", "SELECT count(*) FROM mqtt_session", "1")
    return publisher
  }

  private func subscriber() throws -> RunningProgram {
    let subscriber = try RunningProgram([
      mqttPath, "sub", "-p", "\(port)", "c/#", "--sqlite", folder.path + "/r.db",
    ])
    try folder.expect("r.db", "SELECT count(*) FROM mqtt_session WHERE subscriptions <> ''", "1")
    return subscriber
  }

  private func insert(_ numbers: ClosedRange<Int>, bytes: Int = 1) throws {
    _ = try folder.ask(
      "app.db",
      """
      WITH RECURSIVE n(i) AS (SELECT \(numbers.lowerBound) UNION ALL
        SELECT i + 1 FROM n WHERE i < \(numbers.upperBound))
      INSERT INTO outbox(topic, payload) SELECT 'c/1', i || ' \(padding(bytes))' FROM n
      """)
  }

  private func padding(_ bytes: Int) -> String { String(repeating: "x", count: bytes) }

  private func expectAll(_ count: Int) throws {
    try folder.expect("app.db", "SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL", "\(count)")
    try folder.expect("r.db", "SELECT count(*) FROM messages", "\(count)")
    #expect(
      try folder.ask("r.db", "SELECT count(DISTINCT payload), max(payload + 0) FROM messages")
        == "\(count)|\(count)")
  }

  @Test func `rows wait for a broker that is away, with growing pauses, and then arrive once`()
    throws
  {
    var broker = try broker()
    let receiver = try subscriber()
    broker.signal(SIGKILL)
    // Its port is free when it is gone.
    _ = try broker.exitStatus()
    let publisher = try publisher()
    try insert(1...50)
    // The third pause is the second one that is longer than those before.
    let pauses = {
      publisher.errors.matches(of: /is a broker running there\?; trying again in (\d+\.\d) s/)
        .compactMap { Double($0.output.1) }
    }
    #expect(poll(60) { pauses().count >= 3 }, "\(publisher.errors)")
    #expect(try #require(pauses().dropFirst(2).first) > (try #require(pauses().first)))
    broker = try self.broker()
    try folder.expect("r.db", "SELECT count(*) FROM messages", "50")
    broker.signal(SIGKILL)
    // Its port is free when it is gone.
    _ = try broker.exitStatus()
    try insert(51...100)
    broker = try self.broker()
    try expectAll(100)
    #expect(publisher.errors.contains("connected to localhost:\(port) again"))
    #expect(broker.isRunning && receiver.isRunning)
  }

  @Test func `a broker whose disk is full is tried again, and then each row arrives once`() throws {
    let full = try broker(fullAfter: 1000)
    let receiver = try subscriber()
    receiver.signal(SIGTERM)
    _ = try receiver.exitStatus()
    let publisher = try publisher()
    try insert(1...1500, bytes: 1000)
    try publisher.waitFor("Quota exceeded (0x97); trying again in")
    full.signal(SIGKILL)
    _ = try full.exitStatus()
    let broker = try broker()
    let next = try subscriber()
    try expectAll(1500)
    #expect(broker.isRunning && next.isRunning && publisher.isRunning)
  }

  @Test func `a row that the broker refuses for now is offered again before those behind it`()
    throws
  {
    let broker = try broker(options: ["--message-size-limit", "10"])
    let receiver = try subscriber()
    let publisher = try publisher()
    try insert(1...1, bytes: 20)
    try publisher.waitFor(
      "message 1 of pub outbox: the broker refused it: Implementation specific error (0x83);"
        + " trying again")
    // What is under way already could not wait.
    try insert(2...2)
    _ = try folder.ask("app.db", "UPDATE outbox SET payload = '1' WHERE id = 1")
    try expectAll(2)
    #expect(
      try folder.ask("r.db", "SELECT group_concat(payload + 0) FROM messages ORDER BY id") == "1,2")
    #expect(try folder.ask("app.db", "SELECT attempts > 0 FROM outbox") == "1\n0")
    #expect(broker.isRunning && receiver.isRunning)
  }

  @Test func `rows wait while another program has the database, and then arrive once`() throws {
    let broker = try broker()
    let receiver = try subscriber()
    let publisher = try publisher()
    let writer = try RunningProgram(["sqlite3", "-interactive", folder.path + "/app.db"])
    writer.write("INSERT INTO outbox(topic, payload) VALUES('c/1', '1'); BEGIN IMMEDIATE;\n")
    writer.write("INSERT INTO outbox(topic, payload) VALUES('c/1', '2'); SELECT 'has it';\n")
    try writer.waitFor("has it")
    try publisher.waitFor("nothing is acknowledged meanwhile, trying again")
    #expect(publisher.errors.contains("another process uses it (database is locked)"))
    #expect(try folder.ask("r.db", "SELECT count(*) FROM messages") == "0")
    writer.write("COMMIT;\n")
    try expectAll(2)
    try publisher.waitFor("written again")
    #expect(broker.isRunning && receiver.isRunning)
  }

  @Test func `on a full disk nothing is sent, and the next process sends each row once`() throws {
    let broker = try broker()
    let receiver = try subscriber()
    let full = try publisher(fullAfter: 100)
    // The log is longer than this publisher may write now.
    try insert(1...300, bytes: 1000)
    try full.waitFor("no space is left")
    try full.waitFor("nothing is acknowledged meanwhile, trying again")
    #expect(try folder.ask("r.db", "SELECT count(*) FROM messages") == "0")
    full.signal(SIGKILL)
    _ = try full.exitStatus()
    let next = try publisher()
    try expectAll(300)
    #expect(broker.isRunning && receiver.isRunning && next.isRunning)
  }
}
