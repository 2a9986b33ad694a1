// What the lines of a mosquitto.conf gather in. Order matters: a listener's options belong to the
// last `listener`, or to the default listener before the first; security options belong to the
// broker, or to the listener after `per_listener_settings true`; a plugin's to the last plugin.
// A file of include_dir begins with the default listener again, as mosquitto has it.

import MQTTBroker
import MQTTCodec

struct MosquittoDraft {
  /// A plugin that stands for something that is built in.
  struct Plugin {
    var name: String
    var kind: MosquittoPlugin
    /// The listener it was asked for; nil for all.
    var listener: Int?
    var isOfDefaultListener: Bool
    var place: FilePlace
    var options: [String: String] = [:]
  }

  /// The options of the whole broker.
  var options = MosquittoDraft.defaults
  /// Who gets in, where a listener does not say so itself.
  var access = AccessOptions()
  /// Those of `listener` lines, in order.
  var listeners: [ListenerOptions] = []
  /// That of options before any `listener`; only served if one of them asks for it.
  var defaultListener = ListenerOptions(.everywhere(port: 1883))
  var defaultPort: UInt16?
  var defaultHost: String?
  /// The position of the last `listener` of this file; nil before the first.
  var current: Int?
  var isPerListener = false
  /// Whether only this machine is served, because nothing says where to listen; or every address,
  /// because there is an option of a listener and no listener.
  var isLocalOnly = false
  var isOpenUnasked = false
  /// Whether an option about who gets in has been read.
  var hasSecurity = false
  /// Whether the next line is one of a bridge, which has been refused already.
  var isInBridge = false
  /// Longest head of the WebSocket requests of all listeners, where it is said.
  var headerLimitBytes: Int?
  var hasLogDestination = false
  var hasLogType = false
  var plugins: [Plugin] = []
  /// The plugin that options belong to.
  var plugin: Int?
  /// `plugin_load` names.
  var loadedPlugins: [String: String] = [:]

  /// Where the line that is being read stands, and where its value does.
  var line = FilePlace("", 1)
  var value = FilePlace("", 1)
  var errors: [FileNote] = []
  var warnings: [FileNote] = []
  /// The lines of options that may stand once, by name and owner.
  var places: [String: FilePlace] = [:]
  /// The options that a warning has been given about.
  var warned: Set<String> = []

  /// The listener that the next line belongs to.
  var listener: ListenerOptions {
    get { current.map { listeners[$0] } ?? defaultListener }
    set {
      if let current { listeners[current] = newValue } else { defaultListener = newValue }
    }
  }

  /// Who gets in, where the next line belongs.
  var security: AccessOptions {
    get { isPerListener ? listener.access : access }
    set {
      hasSecurity = true
      if isPerListener { listener.access = newValue } else { access = newValue }
    }
  }

  /// Adds to what the file says, so that the next reading of it can tell what has changed.
  mutating func remember(_ row: MosquittoOption, _ name: String, _ text: String) {
    options.sources.append(FileSource(word: name, value: text, place: value))
    let statement = "\(name) \(text)"
    let isOfStore = plugin.map { plugins[$0].kind == .persistence } ?? false
    if row.needsRestart || row.scope == .plugin && isOfStore {
      return options.startStatements.append(statement)
    }
    switch row.scope {
    case .general, .plugin, .bridge: options.statements.append(statement)
    case .security where !isPerListener: options.statements.append(statement)
    case .security, .listener:
      let owner = current.map { "listener \(listeners[$0].place)" } ?? "the default listener"
      options.statements.append("\(statement) (\(owner))")
    }
  }

  mutating func warn(_ text: String) { warnings.append(FileNote(line, text)) }

  /// Says once for each name what there is to know about it.
  mutating func warnOnce(_ name: String, _ text: String) {
    if warned.insert(name).inserted { warn(text) }
  }

  /// The broker that an empty file asks for: mosquitto's limits, not those of this program.
  static let defaults: BrokerOptions = {
    var options = BrokerOptions()
    options.configuration.inFlightLimit = 20
    options.configuration.receiveMaximum = 20
    options.configuration.queueMessageLimit = 1000
    options.configuration.queueByteLimit = 0
    options.configuration.allowsDuplicates = true
    options.configuration.clientIdentifierOwner = .anybody
    options.configuration.keepAliveLimitSeconds = .max
    options.log.time = .unixSeconds
    options.log.levels = [.error, .warning, .notice, .information]
    options.userName = "mosquitto"
    options.store.isInMemoryOnly = true
    return options
  }()
}

/// The plugins of mosquitto whose work is built in.
enum MosquittoPlugin: String, CaseIterable {
  case aclFile = "mosquitto_acl_file"
  case passwordFile = "mosquitto_password_file"
  case dynamicSecurity = "mosquitto_dynamic_security"
  case persistence = "mosquitto_persist_sqlite"

  /// The plugin of a path, whatever its folder and whether it ends with `.so`.
  init?(path: String) {
    let file = path.split(separator: "/").last ?? ""
    self.init(rawValue: String(file.hasSuffix(".so") ? file.dropLast(3) : file))
  }

  /// The options that it has, without `plugin_opt_`.
  var optionNames: [String] {
    switch self {
    case .aclFile: ["acl_file"]
    case .passwordFile: ["password_file"]
    case .dynamicSecurity: ["config_file", "password_init_file"]
    case .persistence: ["sync", "flush_period", "page_size", "db_file"]
    }
  }
}
