// `mqtt bench` without a scenario: a broker of our own in memory, as a child, and every kind of
// load for about two minutes; one table at the end.

import Bench
import Commands
import Glibc
import MQTTCodec
import Transport

enum TourCommand {
  /// A stop of the tour: the scenario and what makes it another one.
  private struct Stop {
    var scenario: String
    var qos = QoS.atMostOnce
    var rate: Double?
    /// Seconds, where it is not over by itself.
    var seconds: Double? = 10
  }

  private static let stops = [
    Stop(scenario: "conn:2000", seconds: nil), Stop(scenario: "fanout:1x1000"),
    Stop(scenario: "fanout:1x100", qos: .atLeastOnce), Stop(scenario: "fanin:100x1"),
    Stop(scenario: "pairs:500"), Stop(scenario: "pairs:500", qos: .atLeastOnce),
    Stop(scenario: "pairs:100", qos: .exactlyOnce),
    Stop(scenario: "pairs:100", qos: .atLeastOnce, rate: 5000),
    // Five that share what a hundred publish as fast as they can would only show the queue's limit.
    Stop(scenario: "shared:100x5", qos: .atLeastOnce, rate: 20_000),
    Stop(scenario: "retained:100000", qos: .atLeastOnce, seconds: nil),
    Stop(scenario: "offline:100000", qos: .atLeastOnce, seconds: nil), Stop(scenario: "rr:1"),
  ]

  static func run(_ options: BenchOptions) throws(StartFailure) -> Int32 {
    var options = options
    let session = BenchSession(options)
    try session.checkOutputs()
    var child: ChildProgram?
    if options.startsBroker {
      let port = try ChildProgram.freePort()
      let broker = try ChildProgram(
        [ChildProgram.ownPath, "broker", "-p", "\(port)", "--memory"], showsErrors: false)
      options.connection.host = "127.0.0.1"
      options.connection.port = port
      options.watchedProcesses = [Int(broker.process)]
      child = broker
      session.interrupt.end(with: broker)
      try wait(for: broker, options)
    }
    defer { child?.kill() }
    var results: [RunResult] = []
    for stop in stops where !session.interrupt.isRaised {
      guard let scenario = try? Scenario(stop.scenario) else { continue }
      var terms = options
      terms.publishQoS = options.publishQoS ?? stop.qos
      terms.subscribeQoS = options.subscribeQoS ?? stop.qos
      terms.ratePerSecond = options.ratePerSecond ?? stop.rate
      terms.durationSeconds = stop.seconds.map { options.durationSeconds ?? $0 }
      results.append(try session.measureQuietly(scenario, terms, leavesLine: true))
    }
    // Not where it goes to but where it is looked at decides how wide it may be.
    let width = isatty(STDOUT_FILENO) == 1 ? Terminal.width(STDOUT_FILENO) : Int.max
    session.show(TourTable.lines(results, width: width).joined(separator: "\n") + "\n")
    try session.write(results)
    return session.status(of: results)
  }

  /// Waits until the broker answers.
  private static func wait(
    for child: ChildProgram, _ options: BenchOptions
  ) throws(StartFailure) {
    let loop = try PeerLoop()
    for _ in 0..<200 where child.isRunning {
      if try loop.version(of: options.connection) != nil { return }
      usleep(50_000)
    }
    throw StartFailure(description: "the broker for the tour does not start")
  }
}
