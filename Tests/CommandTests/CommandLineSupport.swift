// What the tests of the command line share: lines split into words, and outcomes unwrapped.

import Commands
import LiveSupport
import Settings
import Text

/// A context without environment and files, unless they are given.
func context(
  environment: [String: String] = [:], files: [String: String] = [:]
) -> ParsingContext {
  ParsingContext(
    environment: { environment[$0] }, fileContents: { files[$0].map { Array($0.utf8) } })
}

/// The words of `line`, split at blanks; `_` in a word stands for a blank.
func words(_ line: String) -> [[UInt8]] {
  line.split(separator: " ").map { Array($0.replacing("_", with: " ").utf8) }
}

/// The options of a command line of `mqtt pub` that must be understood.
func publish(
  _ line: String, in context: ParsingContext = context()
) throws -> PublishOptions {
  let invocation = try PublishOptions.parse(words(line), in: context)
  guard case .run(let options, _) = invocation else { throw NotRun() }
  return options
}

/// The options of a command line of `mqtt sub` that must be understood.
func subscribe(
  _ line: String, in context: ParsingContext = context()
) throws -> SubscribeOptions {
  let invocation = try SubscribeOptions.parse(words(line), in: context)
  guard case .run(let options, _) = invocation else { throw NotRun() }
  return options
}

/// What a command line of `mqtt broker` says, which must be understood.
func brokerWords(_ line: String) throws -> CommandLineLayer {
  guard case .run(let layer, _) = try CommandLineLayer.parse(words(line)) else { throw NotRun() }
  return layer
}

/// The settings of a command line of `mqtt broker` that reads no file.
func broker(_ line: String) throws -> BrokerSettings {
  var settings = try brokerWords(line).settings()
  // Who asked for a listener is another matter than what it is.
  settings.listeners = settings.listeners.map(\.withoutOrigins)
  return settings
}

/// The text of the error that a command line must end in.
func errorText(_ command: Command, _ line: String) -> String {
  do {
    switch command {
    case .broker: _ = try CommandLineLayer.parse(words(line))
    case .passwd: _ = try PasswordOptions.parse(words(line))
    case .bench: _ = try BenchOptions.parse(words(line))
    case .aclCheck: _ = try AccessCheckOptions.parse(words(line))
    case .inspectPcap: _ = try InspectOptions.parse(words(line))
    case .pub: _ = try PublishOptions.parse(words(line), in: context())
    case .sub: _ = try SubscribeOptions.parse(words(line), in: context())
    }
    return "no error"
  } catch {
    return "\(error)"
  }
}

/// A request for information where options were expected.
struct NotRun: Error {}

/// Runs a program in the top folder of the checkout, to its end.
func runInCheckout(
  _ arguments: [String]
) throws -> (status: Int32, output: String, errors: String) {
  try run(
    arguments, environment: ["TZ": "UTC"], workingFolder: checkoutFolder, within: 120)
}
