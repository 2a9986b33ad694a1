// The program: which command it is, and what everyone is told who asks or errs. Results go to the
// standard output stream, everything else to the standard error stream.

import Commands
import Glibc
import Settings
import Text
import Transport

@main enum MQTT {
  static func main() {
    Terminal.occupyStandardStreams()
    let words = CommandWords.all
    let status = Terminal.status(run(words))
    if let signal = ExitStatus.signal(of: status) { Signals.endProcess(by: signal) }
    exit(status)
  }

  private static func run(_ words: [[UInt8]]) -> Int32 {
    guard let first = words.first else {
      Terminal.write(Terminal.help(to: STDERR_FILENO).overview(), to: STDERR_FILENO)
      return ExitStatus.usage
    }
    let name = String(decoding: first, as: UTF8.self)
    let rest = Array(words.dropFirst())
    do throws(UsageError) {
      switch name {
      case "--help", "-h", "help":
        guard let topic = rest.first, name == "help" else { return print { $0.overview() } }
        if topic == Array("generate".utf8) { return try GenerateCommand.run([Array("-h".utf8)]) }
        let command = try Command.named(String(decoding: topic, as: UTF8.self))
        let isPasswd = command == .broker && rest.dropFirst().first == Array("passwd".utf8)
        return print { $0.full(isPasswd ? .passwd : command) }
      case "--version":
        return print { _ in Help.version }
      case "generate":
        return try GenerateCommand.run(rest)
      default:
        return try run(Command.named(name), rest)
      }
    } catch {
      return fail(error, as: "mqtt")
    }
  }

  private static func run(_ command: Command, _ words: [[UInt8]]) -> Int32 {
    do throws(UsageError) {
      switch command {
      case .broker where words.first == Array("passwd".utf8):
        return run(.passwd, Array(words.dropFirst()))
      case .passwd:
        return run(command, try PasswordOptions.parse(words)) { PasswordCommand.run($0) }
      case .broker:
        return run(command, try CommandLineLayer.parse(words)) { BrokerCommand.run($0) }
      case .pub:
        let invocation = try PublishOptions.parse(words, in: .process)
        return run(command, invocation) { PublishCommand.run($0) }
      case .inspectPcap:
        return run(command, try InspectOptions.parse(words)) { InspectCommand.run($0) }
      case .sub:
        let invocation = try SubscribeOptions.parse(words, in: .process)
        return run(command, invocation) { SubscribeCommand.run($0) }
      case .bench:
        return run(command, try BenchOptions.parse(words)) { BenchCommand.run($0) }
      case .aclCheck:
        return run(command, try AccessCheckOptions.parse(words)) { AccessCheckCommand.run($0) }
      }
    } catch {
      return fail(error, as: "mqtt \(command.words)")
    }
  }

  private static func run<Options>(
    _ command: Command, _ invocation: Invocation<Options>, _ body: (Options) -> Int32
  ) -> Int32 {
    switch invocation {
    case .information(.help): return print { $0.full(command) }
    case .information(.version): return print { _ in Help.version }
    case .run(let options, let warnings):
      for warning in warnings {
        Terminal.write("mqtt \(command.words): \(warning)\n", to: STDERR_FILENO)
      }
      return body(options)
    }
  }

  private static func print(_ text: (Help) -> String) -> Int32 {
    Terminal.write(text(Terminal.help(to: STDOUT_FILENO)), to: STDOUT_FILENO)
      ? ExitStatus.success : ExitStatus.failure
  }

  private static func fail(_ error: UsageError, as name: String) -> Int32 {
    let isGeneral = error.argument == name || error.argument.hasPrefix(name + " ")
    Terminal.write("\(isGeneral ? "" : "\(name): ")\(error)\n", to: STDERR_FILENO)
    let what = name == "mqtt" ? "commands" : "options"
    Terminal.write("'\(name) --help' lists the \(what).\n", to: STDERR_FILENO)
    return ExitStatus.usage
  }
}
