// The rows of plugins and bridges. A plugin is a shared object of C, which this program cannot
// load; but those that mosquitto brings along do what is built in here, so their names stand for
// it. Any other one is refused, for a broker without the plugin that guards it would be open.

import MQTTBroker

extension MosquittoTable {
  static let plugins: [MosquittoOption] = [
    plugin("plugin"), plugin("global_plugin"),
    plugin("auth_plugin").replaced(by: "plugin"),
    .words(
      "plugin_load", .plugin, "NAME FILE", "gives a plugin a name, for plugin_use"
    ) { (draft, words) throws(ValueFault) in
      guard words.count > 1 else { throw .expected("a name and the path of a plugin") }
      draft.loadedPlugins[words[0]] = words.dropFirst().joined(separator: " ")
    },
    .words("plugin_use", .plugin, "NAME", "uses the plugin of that name for the listener") {
      (draft, words) throws(ValueFault) in
      guard let path = draft.loadedPlugins[words[0]] else {
        throw ValueFault("no plugin_load gives that name")
      }
      try draft.beginPlugin(path, isGlobal: false)
    },
    pluginOption("plugin_opt_"), pluginOption("auth_opt_").replaced(by: "plugin_opt_"),
    MosquittoOption(
      name: "auth_plugin_deny_special_chars", scope: .plugin,
      action: .truth { (draft, isOn) throws(ValueFault) in
        if draft.plugin == nil { throw ValueFault("it must stand after a plugin") }
        if !isOn {
          throw .expected("true; user names and client identifiers with + or # are denied always")
        }
      }, defaultText: "true", isRepeatable: true,
      help: "denies what names with + or # in them ask for"),
  ]

  private static func plugin(_ name: String) -> MosquittoOption {
    MosquittoOption(
      name: name, scope: .plugin,
      action: .text("FILE") { (draft, path) throws(ValueFault) in
        try draft.beginPlugin(path, isGlobal: name == "global_plugin")
      }, defaultText: nil, isRepeatable: true,
      help: "one of mosquitto's own plugins, whose work is built in: "
        + MosquittoPlugin.allCases.map(\.rawValue).joined(choicesWith: "or")
        + "; any other is refused")
  }

  private static func pluginOption(_ prefix: String) -> MosquittoOption {
    MosquittoOption(
      name: prefix, scope: .plugin,
      action: .words("VALUE") { (draft, words) throws(ValueFault) in
        try draft.setPluginOption(String(words[0].dropFirst(prefix.count)), words[1])
      }, defaultText: nil, isRepeatable: true,
      help: "an option of the plugin above, such as plugin_opt_config_file")
  }

  static let bridges: [MosquittoOption] = [
    .bridge("connection", "NAME", "begins a bridge to another broker"),
    .bridge("address", "HOST[:PORT] ...", "the other broker"),
    .bridge("addresses", "HOST[:PORT] ...", "the other broker"),
    .bridge("topic", "PATTERN [DIRECTION [QOS [PREFIX [PREFIX]]]]", "what is shared"),
    .bridge("bridge_protocol_version", "VERSION", "the version spoken"),
    .bridge("cleansession", "true | false", "whether sessions end with the connection"),
    .bridge("local_cleansession", "true | false", "the same for this side"),
    .bridge("remote_clientid", "ID", "the identifier there"),
    .bridge("clientid", "ID", "the identifier there"),
    .bridge("remote_username", "NAME", "the user name there"),
    .bridge("username", "NAME", "the user name there"),
    .bridge("remote_password", "PASSWORD", "the password there"),
    .bridge("password", "PASSWORD", "the password there"),
    .bridge("local_clientid", "ID", "the identifier here"),
    .bridge("local_username", "NAME", "the user name here"),
    .bridge("local_password", "PASSWORD", "the password here"),
    .bridge("keepalive_interval", "SECONDS", "the keep alive"),
    .bridge("start_type", "automatic | lazy | once", "when it connects"),
    .bridge("idle_timeout", "SECONDS", "when a lazy bridge ends"),
    .bridge("threshold", "COUNT", "when a lazy bridge begins"),
    .bridge("restart_timeout", "BASE [CAP [STABLE]]", "when it connects again"),
    .bridge("round_robin", "true | false", "whether all addresses are equal"),
    .bridge("notifications", "true | false", "whether its state is published"),
    .bridge("notifications_local_only", "true | false", "whether only here"),
    .bridge("notification_topic", "TOPIC", "where"),
    .bridge("try_private", "true | false", "whether it says that it is a bridge"),
    .bridge("bridge_attempt_unsubscribe", "true | false", "whether it ends old subscriptions"),
    .bridge("bridge_bind_address", "ADDRESS", "the local address"),
    .bridge("bridge_max_packet_size", "BYTES", "the longest packet"),
    .bridge("bridge_max_topic_alias", "COUNT", "topic aliases"),
    .bridge("bridge_outgoing_retain", "true | false", "whether retained messages stay so"),
    .bridge("bridge_receive_maximum", "COUNT", "messages under way"),
    .bridge("bridge_session_expiry_interval", "SECONDS", "how long the session lasts"),
    .bridge("bridge_reload_type", "lazy | immediate", "when changes count"),
    .bridge("bridge_tcp_keepalive", "IDLE INTERVAL COUNT", "TCP's keep alive"),
    .bridge("bridge_tcp_user_timeout", "MILLISECONDS", "TCP's patience"),
    .bridge("bridge_cafile", "FILE", "authorities"),
    .bridge("bridge_capath", "DIRECTORY", "authorities"),
    .bridge("bridge_tls_use_os_certs", "true | false", "authorities of the system"),
    .bridge("bridge_certfile", "FILE", "the certificate"),
    .bridge("bridge_keyfile", "FILE", "the key"),
    .bridge("bridge_insecure", "true | false", "whether names are not compared"),
    .bridge("bridge_alpn", "NAME", "the application protocol"),
    .bridge("bridge_tls_version", "VERSION", "the version of TLS"),
    .bridge("bridge_ciphers", "LIST", "ciphers"),
    .bridge("bridge_ciphers_tls1.3", "LIST", "cipher suites"),
    .bridge("bridge_identity", "ID", "the identity of the pre-shared key"),
    .bridge("bridge_psk", "HEX", "the pre-shared key"),
    .bridge("bridge_require_ocsp", "true | false", "whether OCSP is demanded"),
  ]
}

extension MosquittoDraft {
  fileprivate mutating func beginPlugin(_ path: String, isGlobal: Bool) throws(ValueFault) {
    guard let kind = MosquittoPlugin(path: path) else {
      plugin = nil
      throw ValueFault(
        "no plugins are loaded; built in is the work of "
          + MosquittoPlugin.allCases.map(\.rawValue).joined(choicesWith: "and"))
    }
    hasSecurity = true
    plugin = plugins.count
    plugins.append(
      Plugin(
        name: kind.rawValue, kind: kind, listener: isPerListener && !isGlobal ? current : nil,
        isOfDefaultListener: isPerListener && !isGlobal && current == nil, place: line))
  }

  fileprivate mutating func setPluginOption(_ name: String, _ value: String) throws(ValueFault) {
    guard let plugin else {
      // The plugin itself has been refused already.
      if !errors.isEmpty { return }
      throw ValueFault("it must stand after a plugin")
    }
    let kind = plugins[plugin].kind
    guard kind.optionNames.contains(name) else {
      throw ValueFault(
        "\(kind.rawValue) has no such option; it has "
          + kind.optionNames.map { "plugin_opt_\($0)" }.joined(choicesWith: "and"))
    }
    if value.isEmpty { throw .expected("a value") }
    plugins[plugin].options[name] = value
  }
}
