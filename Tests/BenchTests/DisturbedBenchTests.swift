// Runs in which messages come twice or not at all, and those that hear other programs: everything is
// counted, and every run ends.

import Bench
import Foundation
import LiveSupport
import Testing

struct DisturbedBenchTests {
  private func bench(
    _ words: [String], port: UInt16, within seconds: Double = 120
  ) throws -> (status: Int32, output: String, errors: String, run: RunResult) {
    let folder = TestFolder()
    let result = try run(
      [mqttPath, "bench"] + words
        + ["-h", "127.0.0.1", "-p", "\(port)", "--json", folder.path("report")], within: seconds)
    let runs = (try? BenchReport(reading: folder.bytes("report")))?.runs ?? []
    let said = "\(result.status): \(result.output)\(result.errors)"
    return (result.status, result.output, result.errors, try #require(runs.first, "\(said)"))
  }

  @Test(arguments: ["0", "1"]) func `an answer that comes twice is counted as such`(
    _ qos: String
  ) throws {
    let broker = try LiveBroker()
    let relay = try AlteringRelay(to: broker.port, .twice)
    let result = try bench(["rr:2", "-C", "20", "-q", qos, "--drain", "2"], port: relay.port)
    // Each question comes twice and is answered twice, and each answer comes twice.
    #expect(result.run.tally.sent == 20)
    #expect(result.run.tally.received == 80)
    #expect(result.run.tally.duplicated == 60)
    #expect(result.run.tally.lost == 0)
    #expect(result.run.latencies[.roundTrip]?.count == 20)
    // QoS 1 allows it.
    #expect(result.status == (qos == "0" ? 3 : 0), "\(result.output)")
  }

  @Test func `answers that do not come are counted, and the run goes on`() throws {
    let broker = try LiveBroker()
    let relay = try AlteringRelay(to: broker.port, .lost(every: 4))
    let result = try bench(["rr:1", "-C", "12", "-M", "1", "--drain", "3"], port: relay.port)
    #expect(result.run.tally.sent == 12)
    #expect(result.run.tally.lost > 0)
    #expect(result.run.tally.lost == result.run.tally.expected - result.run.tally.received)
    #expect(result.run.tally.stalls > 0)
  }

  @Test(arguments: [
    ["rr:1", "-C", "1000", "-M", "1"], ["rr:2", "-C", "1000", "-q", "1"],
    ["pubsub:1x1", "-C", "1000", "-q", "1", "-M", "5"],
  ])
  func `a run of a number of messages ends when nothing comes any more`(_ words: [String]) throws {
    let broker = try LiveBroker()
    let relay = try AlteringRelay(to: broker.port, .lostFrom(3))
    let result = try bench(words + ["--drain", "1"], port: relay.port)
    #expect(result.run.tally.lost > 0)
  }

  @Test func `messages of other programs have a rate`() throws {
    let broker = try LiveBroker()
    let program = try RunningProgram([
      mqttPath, "bench", "sub:1", "-t", "others", "-d", "600", "-h", "127.0.0.1", "-p",
      "\(broker.port)",
    ])
    // What is retained comes even to a subscriber that is late.
    let place = ["-h", "127.0.0.1", "-p", "\(broker.port)", "-t", "others"]
    let isHeard = poll(60) {
      _ = try? run(["mosquitto_pub", "-m", "hello"] + place)
      return program.errors.contains("received")
    }
    #expect(isHeard, "\(program.errors)")
    program.signal(SIGINT)
    _ = try program.exitStatus(within: 60)
    let line = program.output.split(separator: "\n").first { $0.hasPrefix("  received") }
    #expect(line != nil)
    #expect(line?.contains(" 0.000/s") == false, "\(line ?? "")")
  }

  @Test(arguments: [["conn:20"], ["pairs:2", "-C", "200"], ["rr:1", "-C", "50"]])
  func `a short run says what the broker used`(_ words: [String]) throws {
    let broker = try LiveBroker()
    let result = try bench(
      words + ["--watch-pid", "\(broker.program.identifier)"], port: broker.port)
    let watched = try #require(result.run.watched)
    #expect(watched.cpuSeconds > 0)
    #expect(watched.residentBytesHighest > 1_000_000)
    #expect(!result.output.contains(" 0.000 s of CPU"), "\(result.output)")
  }
}
