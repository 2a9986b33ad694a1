// Everything that `mqtt broker` can be told, once: what is resolved from the defaults, a
// configuration file and the command line is a value of these types, and whatever acts on a setting
// reads the field that its row names. The engine's own bounds and choices are the engine's own value
// within, so that nothing is copied from one to the other.

package import MQTTBroker

/// Everything that a broker process is told.
package struct BrokerSettings: Sendable {
  /// In the order given, those of a file first.
  package var listeners: [ListenerSetup] = []
  /// Whether nobody said where to listen: this machine only.
  package var isUnasked = false
  /// The engine's bounds and choices.
  package var configuration = BrokerConfiguration()
  /// What is kept on disk.
  package var store = PersistenceSettings()
  /// Where the log goes and what is in it.
  package var log = LogSettings()
  /// The most reactors that run at once, 1...64; nil is as many as there are cores.
  package var threadLimit: Int?
  /// The reactors that run from the start and never rest, 1...64.
  package var threadMinimum = 1
  /// File that the process number is written to.
  package var pidFile: String?
  /// The account that root's rights are given up for; nil keeps them.
  package var userName: String?
  /// The configuration file.
  package var configurationFile: String?
  /// Whether the process goes to the background once it serves.
  package var isDaemon = false
  /// Whether everything is checked and nothing done.
  package var isTest = false
  /// Whether every packet is logged, or a test tells all that holds.
  package var isVerbose = false
  /// Whether only errors are logged.
  package var isQuiet = false
  /// What a configuration file says, an option each.
  package var statements: [FileStatement] = []
  /// Who said what of all this.
  package var origins = SettingOrigins()

  /// The defaults of a broker by itself, with no listener.
  package init() {}

  /// Who says what the field at `path` is.
  package func origin<Value>(
    of path: any KeyPath<BrokerSettings, Value> & Sendable
  ) -> SettingOrigin {
    Setting.position(of: path).map { origins[$0] } ?? .standard
  }
}

/// A line of a configuration file.
package struct FileStatement: Equatable, Sendable {
  /// Option and value, with the listener that it belongs to.
  package var text: String
  /// Whether it is heeded when the broker starts, and only then.
  package var needsRestart: Bool
}

extension BrokerSettings {
  /// The same, as if nobody had said so: two that hold the same look the same.
  package var withoutOrigins: BrokerSettings {
    var result = self
    result.listeners = listeners.map(\.withoutOrigins)
    result.statements = []
    result.origins = SettingOrigins()
    return result
  }
}
