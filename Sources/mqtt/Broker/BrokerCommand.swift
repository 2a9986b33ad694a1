// The runner of `mqtt broker`: options, and the configuration file that they name, become a server's
// configuration, and the server runs.

import Commands
import Glibc
import MQTTBroker
import MQTTServer
import Transport

enum BrokerCommand {
  static func run(_ options: BrokerOptions) -> Int32 {
    let configuration: ServerConfiguration
    switch reading(options, isFirst: true) {
    case .refused(let reasons): return fail(reasons)
    case .configuration(let found): configuration = found
    }
    if options.isTest { return test(configuration, options) }
    do throws(ServerError) {
      let background = options.isDaemon ? Background.enter() : nil
      try Server(configuration).run { background?.isReady() }
      return ExitStatus.success
    } catch {
      return fail(["\(error)"])
    }
  }

  /// Checks what only opening and reading can tell; nothing is left behind.
  private static func test(_ configuration: ServerConfiguration, _ options: BrokerOptions) -> Int32
  {
    for warning in configuration.warnings {
      Terminal.write("mqtt broker: \(warning)\n", to: STDERR_FILENO)
    }
    let faults = ConfigurationTest.faults(configuration)
    if !faults.isEmpty { return fail(faults) }
    let file = options.configurationFile ?? ""
    Terminal.write("\(file): the configuration is in order\n", to: STDOUT_FILENO)
    return ExitStatus.success
  }

  private static func fail(_ reasons: [String]) -> Int32 {
    for reason in reasons { Terminal.write("mqtt broker: \(reason)\n", to: STDERR_FILENO) }
    return ExitStatus.failure
  }

  /// The server's configuration as options and files say now.
  private static func reading(_ options: BrokerOptions, isFirst: Bool) -> Rereading {
    let (found, notes): (BrokerOptions, [FileNote])
    do throws(FileFaults) { (found, notes) = try options.reading(in: .process) } catch {
      return .refused(error.notes.map(\.description))
    }
    do throws(BrokerStartFailure) {
      var result = try ServerConfiguration(found, isFirst: isFirst)
      result.warnings = notes.map(\.description) + result.warnings
      result.rereading = { reading(options, isFirst: false) }
      return .configuration(result)
    } catch {
      return .refused(error.description.split(separator: "\n").map(String.init))
    }
  }
}
