// Plugins. One is a shared object of C, which this program cannot load; but those that mosquitto
// brings along do what is built in here, so their names stand for it. Any other one is refused, for
// a broker without the plugin that guards it would be open.

import Text

/// The plugins of mosquitto whose work is built in.
enum BuiltInPlugin: String, CaseIterable {
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

  /// The option that it does nothing without, and the field that it is for.
  var needed: (option: String, field: Field<ListenerSetup>)? {
    switch self {
    case .aclFile: ("acl_file", .text(\.access.aclFile))
    case .passwordFile: ("password_file", .text(\.access.passwordFile))
    case .dynamicSecurity: ("config_file", .text(\.access.dynamicSecurityFile))
    case .persistence: nil
    }
  }
}

extension FileLayer {
  mutating func beginPlugin(_ path: String, isGlobal: Bool) throws(ValueFault) {
    guard let kind = BuiltInPlugin(path: path) else {
      plugin = nil
      throw ValueFault(
        "no plugins are loaded; built in is the work of "
          + BuiltInPlugin.allCases.map(\.rawValue).joined(choicesWith: "and"))
    }
    hasSecurity = true
    plugin = plugins.count
    plugins.append(Plugin(kind: kind, owner: isGlobal ? .all : owner(.security), place: line))
  }

  /// Takes an option of the last plugin; `words` are its name, as it is spelled, and its value.
  mutating func setPluginOption(_ words: [String], prefix: String) throws(ValueFault) {
    guard let plugin else {
      // The plugin itself has been refused already.
      if !errors.isEmpty { return }
      throw ValueFault("it must stand after a plugin")
    }
    let kind = plugins[plugin].kind
    let name = String(words[0].dropFirst(prefix.count))
    guard kind.optionNames.contains(name) else {
      throw ValueFault(
        "\(kind.rawValue) has no such option; it has "
          + kind.optionNames.map { "plugin_opt_\($0)" }.joined(choicesWith: "and"))
    }
    if words[1].isEmpty { throw .expected("a value") }
    plugins[plugin].options[name] = .init(
      text: words[1], origin: .file(value, word: words[0]))
  }

  /// What the plugins say, once all their options are known.
  mutating func settlePlugins() {
    for plugin in plugins {
      if let (name, field) = plugin.kind.needed {
        guard let said = plugin.options[name] else {
          errors.append(
            FileNote(
              plugin.place, "plugin \(plugin.kind.rawValue) needs plugin_opt_\(name) after it"))
          continue
        }
        assignments.append(
          Assignment(
            target: .listener(field), value: .text(said.text), origin: said.origin,
            owner: plugin.owner))
      } else {
        settlePersistence(plugin)
      }
    }
  }

  private mutating func settlePersistence(_ plugin: Plugin) {
    func say(_ field: Field<BrokerSettings>, _ value: SettingValue, _ origin: SettingOrigin) {
      assignments.append(Assignment(target: .broker(field), value: value, origin: origin))
    }
    say(
      .opposite(\.store.isInMemoryOnly), .truth(true), .file(plugin.place, word: "plugin"))
    if let file = plugin.options["db_file"] {
      let slash = file.text.lastIndex(of: "/")
      let name = slash.map { String(file.text[$0...].dropFirst()) } ?? file.text
      if let slash {
        say(.text(\.store.directory), .text(String(file.text[..<slash])), file.origin)
      }
      say(.text(\.store.fileName), .text(name), file.origin)
    }
    guard let sync = plugin.options["sync"] else { return }
    // The plugin's extra syncs the folder as well, as full does here.
    let mode = sync.text == "extra" ? "full" : sync.text
    if ["full", "normal", "off"].contains(mode) {
      say(.word(\.store.synchronization), .text(mode), sync.origin)
    } else {
      errors.append(
        FileNote(
          plugin.place, "plugin_opt_sync \(sync.text): expected extra, full, normal or off"))
    }
  }
}
