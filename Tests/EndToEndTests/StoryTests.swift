// The README's first story: a PLC publishes, a database holds each reading exactly once, and the log
// shows all four steps of both legs. Then the plug of each is pulled in turn.

import Foundation
import LiveSupport
import Testing

@Suite struct StoryTests {
  private let folder = TestFolder()
  private let port: UInt16

  init() throws {
    port = try freePort()
  }

  private func start(_ words: [String]) throws -> RunningProgram {
    try RunningProgram([mqttPath] + words + ["-p", "\(port)"])
  }

  private func startBroker() throws -> RunningProgram {
    let broker = try start(["broker", "--data", folder.path("data")])
    try broker.waitForPort(port, within: 30)
    return broker
  }

  /// A PLC whose readings are marked with `run` and counted.
  private func startPLC(_ run: String) throws -> RunningProgram {
    try start([
      "pub", "--every", "10ms", "--template",
      #"{"run": "\#(run)", "temperature": {{random 20 30 2}}, "n": {{seq}}, "at": "{{now}}"}"#,
      "sensor/data", "-q", "2", "-d",
    ])
  }

  private func startDatabase() throws -> RunningProgram {
    try start([
      "sub", "sensor/data", "-q", "2", "-d", "--sqlite", folder.path("readings.db"),
      "--columns", "run=$.run,n=$.n",
    ])
  }

  private func rows(_ query: String) throws -> [String] {
    try run(["sqlite3", "-readonly", folder.path("readings.db"), query]).output
      .split(separator: "\n").map(String.init)
  }

  private func delivered(_ program: RunningProgram) -> Int {
    program.errors.split(separator: "\n").count { $0.hasSuffix(", delivered exactly once") }
  }

  private func waitForDeliveries(_ count: Int, by program: RunningProgram) throws {
    guard poll(60, { delivered(program) >= count }) else {
      throw ProgramError("only \(delivered(program)) of \(count) delivered: \(program.errors)")
    }
  }

  private func kill(_ program: RunningProgram) throws {
    program.signal(SIGKILL)
    _ = try program.exitStatus()
  }

  @Test func `a PLC's readings are in the database once, whoever is killed`() throws {
    var broker = try startBroker()
    var database = try startDatabase()
    guard poll(30, { database.errors.contains("SUBACK") }) else {
      throw ProgramError("no SUBACK: \(database.errors)")
    }
    var plc = try startPLC("a")
    try waitForDeliveries(5, by: plc)
    try waitForDeliveries(5, by: database)
    // Both legs show the four steps of each message.
    let course = #/id [0-9]+: PUBLISH -> PUBREC .* -> PUBREL .* -> PUBCOMP .* ms, delivered /#
    #expect(plc.errors.contains(course))
    #expect(database.errors.contains(course))

    try kill(database)
    try waitForDeliveries(delivered(plc) + 5, by: plc)
    database = try startDatabase()
    try waitForDeliveries(5, by: database)

    try kill(broker)
    broker = try startBroker()
    try waitForDeliveries(delivered(plc) + 5, by: plc)
    try waitForDeliveries(delivered(database) + 5, by: database)

    // What the PLC knew to be delivered when its plug was pulled is delivered.
    try kill(plc)
    let known = delivered(plc)
    plc = try startPLC("b")
    try waitForDeliveries(5, by: plc)
    plc.signal(SIGTERM)
    #expect(try plc.exitStatus() == 0)

    let last = delivered(plc)
    guard poll(60, { (try? rows("SELECT count(*) FROM messages WHERE run = 'b'")) == ["\(last)"] })
    else { throw ProgramError("not all rows of the second run are there: \(database.errors)") }
    // Each number once and none left out.
    for run in ["a", "b"] {
      let query = "SELECT count(*) - count(DISTINCT n), max(n) - count(*) FROM messages"
      #expect(try rows("\(query) WHERE run = '\(run)'") == ["0|0"], "run \(run)")
    }
    let stored = try rows("SELECT max(n) FROM messages WHERE run = 'a'").first.flatMap(Int.init)
    #expect(try #require(stored) >= known)
    withExtendedLifetime(broker) {}
  }
}
