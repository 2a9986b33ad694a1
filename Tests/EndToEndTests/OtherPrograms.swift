// The programs that other people use, pointed at a broker: mosquitto_pub, mosquitto_sub, mosquitto
// itself, and Python with paho-mqtt. `.ci/setup --tests` installs them.

import Foundation
import LiveSupport

/// A broker of either kind, on a port of its own.
protocol ServingBroker {
  var port: UInt16 { get }
}

extension LiveBroker: ServingBroker {}
extension Mosquitto: ServingBroker {}

/// A pair of client commands that are spelled alike.
enum Commands: CaseIterable {
  case ours
  case mosquitto

  func publisher(_ broker: any ServingBroker) -> [String] {
    let place = ["-h", "127.0.0.1", "-p", "\(broker.port)"]
    switch self {
    case .ours: return [mqttPath, "pub"] + place
    case .mosquitto: return ["mosquitto_pub"] + place
    }
  }

  func subscriber(_ broker: any ServingBroker) -> [String] {
    let place = ["-h", "127.0.0.1", "-p", "\(broker.port)"]
    switch self {
    case .ours: return [mqttPath, "sub"] + place
    case .mosquitto: return ["mosquitto_sub"] + place
    }
  }

  /// Publishes and expects that it worked.
  func publish(
    _ broker: any ServingBroker, _ arguments: [String], input: String = ""
  ) throws {
    let result = try run(publisher(broker) + arguments, input: input)
    guard result.status == 0 else {
      throw ProgramError("\(self) pub \(arguments): \(result.status) \(result.errors)")
    }
  }

  /// Starts a subscriber and waits until its subscriptions are in force.
  ///
  /// It subscribes to `ready`, too, where a retained message waits for it.
  func subscribe(_ broker: any ServingBroker, _ arguments: [String]) throws -> RunningProgram {
    let ready = ["-t", "ready", "-m", "ready", "-r", "-q", "1"]
    _ = try run(["mosquitto_pub", "-h", "127.0.0.1", "-p", "\(broker.port)"] + ready)
    let program = try RunningProgram(subscriber(broker) + arguments + ["-t", "ready"])
    try program.waitFor("ready")
    return program
  }
}

/// The lines that a subscriber printed, but for the one that says that it is ready.
func messages(_ program: RunningProgram) -> [String] {
  program.output.split(separator: "\n").map(String.init).filter { !$0.contains("ready") }
}

/// Waits for so many lines.
func messages(_ program: RunningProgram, _ count: Int) throws -> [String] {
  guard poll(20, { messages(program).count >= count }) else {
    throw ProgramError("\(messages(program)) instead of \(count) lines; \(program.errors)")
  }
  return messages(program)
}

/// Runs a script of the folder `python` and expects that it ends well.
func runPython(_ script: String, _ arguments: String...) throws {
  try runPython(path: checkoutFolder + "/Tests/EndToEndTests/python/" + script, arguments)
}

/// The Python that `.ci/setup --tests` has put paho-mqtt, FastAPI and uvicorn into.
let pythonOfTests = {
  let variables = ProcessInfo.processInfo.environment
  let home = variables["HOME"] ?? NSHomeDirectory()
  let cache = variables["XDG_CACHE_HOME"] ?? home + "/.cache"
  return cache + "/mqtt-tests/python/bin/python"
}()

/// Runs a Python program of the checkout and expects that it ends well.
func runPython(path: String, _ arguments: [String], within seconds: Double = 120) throws {
  let python = pythonOfTests
  guard FileManager.default.isExecutableFile(atPath: python) else {
    throw ProgramError("\(python) is missing; run .ci/setup --tests")
  }
  let result = try run([python, path] + arguments, within: seconds)
  guard result.status == 0 else {
    throw ProgramError("\(path) \(arguments): \(result.output)\(result.errors)")
  }
}
