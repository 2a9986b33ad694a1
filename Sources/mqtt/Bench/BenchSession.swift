// Scenarios against the broker of the command line, one after the other, perhaps in turn with
// another broker, and what is said and written about them.

import Bench
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import Transport

final class BenchSession {
  private let options: BenchOptions
  let interrupt: Interrupt
  private var facts: ReportFacts
  private(set) var results: [RunResult] = []
  private var rivals: [RunResult] = []
  /// What is known about brokers, by their addresses.
  private var looks: [String: BrokerLook] = [:]

  init(_ options: BenchOptions) {
    self.options = options
    // Signals are blocked before anything starts threads.
    interrupt = Interrupt()
    facts = .ofThisMachine(command: options.commandLine)
    ProcessSettings.ignoreBrokenPipes()
  }

  func run(_ scenarios: [Scenario]) throws(StartFailure) -> Int32 {
    try checkOutputs()
    for round in 0..<options.rounds {
      for scenario in scenarios where !interrupt.isRaised {
        results.append(try measure(scenario, options, round))
        guard let rival = options.rival, !interrupt.isRaised else { continue }
        var other = options
        other.connection.host = rival.host
        other.connection.port = rival.port ?? other.connection.port
        other.connection.unixPath = nil
        other.otherHosts = []
        other.watchedProcesses = Array(options.watchedProcesses.dropFirst())
        rivals.append(try measure(scenario, other, round))
      }
    }
    if !rivals.isEmpty { sayRatios() }
    try write(results + rivals)
    return status(of: results + rivals)
  }

  /// Measures one scenario and says what came of it.
  private func measure(
    _ scenario: Scenario, _ options: BenchOptions, _ round: Int
  ) throws(StartFailure) -> RunResult {
    let result = try measureQuietly(scenario, options)
    let heading = options.rounds > 1 ? "round \(round + 1): " : ""
    show(heading + ReportText.lines(result).joined(separator: "\n") + "\n")
    return result
  }

  /// Measures one scenario; `leavesLine` for those of which more is said only much later.
  func measureQuietly(
    _ scenario: Scenario, _ options: BenchOptions, leavesLine: Bool = false
  ) throws(StartFailure) -> RunResult {
    var settings = try LoadSettings(scenario, options)
    try settings.checkDescriptors()
    let brokers = try lookAtBrokers(&settings, options.connection.version)
    var watch: ProcessWatch?
    if let process = options.watchedProcesses.first {
      watch = ProcessWatch(process: process)
      if watch == nil {
        throw StartFailure(description: "there is no process \(process) to watch")
      }
    }
    let live = LiveProgress(
      settings, name: scenario.description, isQuiet: options.isQuiet)
    let run = LoadRun(settings, watch: watch, interrupt: interrupt, observer: live)
    var result: RunResult
    do throws(SystemError) {
      result = try run.run()
    } catch {
      throw StartFailure(description: "\(error)")
    }
    live.finish(leaving: leavesLine ? result : nil)
    result.broker = brokers
    return result
  }

  /// Looks at the brokers that have not been looked at: all clients speak what these speak; gives
  /// their names.
  private func lookAtBrokers(
    _ settings: inout LoadSettings, _ choice: VersionChoice
  ) throws(StartFailure) -> String {
    var addresses: Set<String> = []
    var names: [String] = []
    for target in settings.targets {
      let address = target.endpoint.description
      guard addresses.insert(address).inserted else { continue }
      var look = looks[address] ?? BrokerLook()
      if look.version == nil {
        look = try PeerLoop().look(
          settings.lookSettings(choice), at: target.endpoint, asksName: true)
        // Without anybody there is nothing to measure; one that goes away later is a result.
        if looks[address] == nil, let absence = look.absence {
          throw StartFailure(description: absence.description)
        }
        looks[address] = look
      }
      if let name = look.name, !names.contains(name) { names.append(name) }
      if choice == .auto, look.version == .v311 { settings.version = .v311 }
    }
    return names.joined(separator: ", ")
  }

  /// Results go to the standard output stream, unless a report goes there.
  func show(_ text: String) {
    let isTaken = options.jsonFile == "-" || options.csvFile == "-" || options.htmlFile == "-"
    Terminal.write(text, to: isTaken ? STDERR_FILENO : STDOUT_FILENO)
  }

  private func sayRatios() {
    let names = (results[0].target, rivals[0].target)
    let comparison = Comparison(results, rivals)
    show("\n\(names.1) against \(names.0)\n")
    show(comparison.lines(names: names).joined(separator: "\n") + "\n")
  }

  /// Says which conditions hold; gives the exit status.
  func status(of results: [RunResult]) -> Int32 {
    let verdicts = results.map(Verdict.init)
    if verdicts.contains(where: { !$0.breaches.isEmpty }) { return ExitStatus.promiseBroken }
    if verdicts.contains(where: { !$0.troubles.isEmpty }) { return ExitStatus.failure }
    var status = ExitStatus.success
    for condition in options.conditions {
      for result in results where condition.holds(for: result) {
        let value = condition.value(in: result).map(ReportText.number) ?? "not measured"
        Terminal.write(
          "mqtt bench: \(result.scenario): \(condition.source) holds: \(value)\n",
          to: STDERR_FILENO)
        status = ExitStatus.conditionHolds
      }
    }
    return status == ExitStatus.success ? interrupt.status : status
  }

  private var outputs: [(path: String, text: (BenchReport) -> String)] {
    var outputs: [(String, (BenchReport) -> String)] = []
    if let path = options.jsonFile { outputs.append((path, { $0.json.text + "\n" })) }
    if let path = options.csvFile { outputs.append((path, { ReportCSV.text($0.runs) })) }
    if let path = options.htmlFile { outputs.append((path, { ReportPage.text($0) })) }
    return outputs
  }

  /// Finds out before a long run, and not after it, that a file cannot be written.
  func checkOutputs() throws(StartFailure) {
    for (path, _) in outputs where path != "-" {
      let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
      if descriptor < 0 {
        throw StartFailure(
          description: "\(path) cannot be written: \(String(cString: strerror(errno)))")
      }
      close(descriptor)
    }
  }

  /// Writes the files of the report.
  func write(_ results: [RunResult]) throws(StartFailure) {
    let report = BenchReport(facts: facts, runs: results)
    for (path, text) in outputs {
      if path == "-" {
        Terminal.write(text(report), to: STDOUT_FILENO)
        continue
      }
      do throws(SystemError) {
        try SystemFile.write(text(report), to: path)
      } catch {
        throw StartFailure(description: "\(error)")
      }
    }
  }
}
