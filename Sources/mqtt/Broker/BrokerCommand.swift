// The runner of `mqtt broker`: options, and the configuration file that they name, become a server's
// configuration, and the server runs.

import Commands
import Glibc
import MQTTServer
import Settings
import Text
import Transport

enum BrokerCommand {
  static func run(_ words: CommandLineLayer) -> Int32 {
    let (configuration, faults) = reading(words, isFirst: true)
    let settings = configuration.settings
    if settings.isTest { return test(configuration, faults) }
    if !faults.isEmpty { return fail(faults) }
    do throws(ServerError) {
      let background = settings.isDaemon ? Background.enter() : nil
      try Server(configuration).run { background?.isReady() }
      return ExitStatus.success
    } catch {
      return fail(reasons(error, configuration))
    }
  }

  /// Why it does not start: all that is wrong with the configuration, and not what came first.
  private static func reasons(
    _ error: ServerError, _ configuration: ServerConfiguration
  ) -> [String] {
    // By then root's rights have been given up, and files may be unreadable that were read.
    if case .store = error { return ["\(error)"] }
    let faults = ConfigurationTest.faults(configuration)
    return faults.isEmpty ? ["\(error)"] : faults
  }

  /// Checks what only opening and reading can tell, too; nothing is left behind.
  private static func test(_ configuration: ServerConfiguration, _ faults: [String]) -> Int32 {
    for warning in configuration.warnings + ConfigurationTest.warnings(configuration) {
      Terminal.write("mqtt broker: \(warning)\n", to: STDERR_FILENO)
    }
    let faults = faults + ConfigurationTest.faults(configuration)
    if !faults.isEmpty { return fail(faults) }
    let settings = configuration.settings
    if settings.isVerbose {
      let listeners = configuration.listeners.map(\.settings)
      Terminal.write(EffectiveSettings.text(settings, listeners), to: STDOUT_FILENO)
    }
    let file = settings.configurationFile ?? ""
    Terminal.write("\(file): the configuration is in order\n", to: STDOUT_FILENO)
    return ExitStatus.success
  }

  private static func fail(_ reasons: [String]) -> Int32 {
    for reason in reasons { Terminal.write("mqtt broker: \(reason)\n", to: STDERR_FILENO) }
    return ExitStatus.failure
  }

  /// The server's configuration as words and files say now, and all that is wrong with them.
  private static func reading(
    _ words: CommandLineLayer, isFirst: Bool
  ) -> (ServerConfiguration, faults: [String]) {
    let found = words.reading(in: .process)
    var faults = found.faults.map(\.description)
    var result = ServerConfiguration(found.settings, isFirst: isFirst, faults: &faults)
    result.warnings = found.warnings.map(\.description) + result.warnings
    result.rereading = {
      let (configuration, faults) = reading(words, isFirst: false)
      return faults.isEmpty ? .configuration(configuration) : .refused(faults)
    }
    return (result, faults)
  }
}
