// The rows of plugins and bridges.

import Text

extension Setting {
  static let plugins: [Setting] = [
    plugin("plugin"), plugin("global_plugin"), plugin("auth_plugin").replaced(by: "plugin"),
    line(
      "plugin_load", .plugin, value: "NAME FILE", .words { .texts($0) },
      "gives a plugin a name, for plugin_use"
    ) { (layer, value) throws(ValueFault) in
      let words = value.texts
      guard words.count > 1 else { throw .expected("a name and the path of a plugin") }
      layer.loadedPlugins[words[0]] = words.dropFirst().joined(separator: " ")
    },
    line(
      "plugin_use", .plugin, value: "NAME", .words { .texts($0) },
      "uses the plugin of that name for the listener"
    ) { (layer, value) throws(ValueFault) in
      guard let path = layer.loadedPlugins[value.texts[0]] else {
        throw ValueFault("no plugin_load gives that name")
      }
      try layer.beginPlugin(path, isGlobal: false)
    },
    pluginOption("plugin_opt_"), pluginOption("auth_opt_").replaced(by: "plugin_opt_"),
    Setting(
      "denies what names with + or # in them ask for", .truth,
      .line { (layer, value) throws(ValueFault) in
        if layer.plugin == nil { throw ValueFault("it must stand after a plugin") }
        if !value.isTrue {
          throw .expected("true; user names and client identifiers with + or # are denied always")
        }
      }
    ).word("auth_plugin_deny_special_chars", .plugin, default: "true"),
    dynamicSecurity,
  ]

  /// The file of the dynamic security plugin, which only an option of that plugin names.
  private static var dynamicSecurity: Setting {
    var row = Setting("", .text("a path"), .listener(.text(\.access.dynamicSecurityFile)))
    row.ofPlugin = "plugin_opt_config_file"
    return row
  }

  private static func plugin(_ name: String) -> Setting {
    var row = line(
      name, .plugin, value: "FILE", .line,
      "one of mosquitto's own plugins, whose work is built in: "
        + BuiltInPlugin.allCases.map(\.rawValue).joined(choicesWith: "or")
        + "; any other is refused"
    ) { (layer, value) throws(ValueFault) in
      try layer.beginPlugin(value.text ?? "", isGlobal: name == "global_plugin")
    }
    row.word?.isRepeatable = true
    return row
  }

  private static func pluginOption(_ prefix: String) -> Setting {
    line(
      prefix, .plugin, value: "VALUE", .words { .texts($0) },
      "an option of the plugin above, such as plugin_opt_config_file"
    ) { (layer, value) throws(ValueFault) in
      try layer.setPluginOption(value.texts, prefix: prefix)
    }
  }

  static let bridges: [Setting] = [
    bridge("connection", "NAME", "begins a bridge to another broker"),
    bridge("address", "HOST[:PORT] ...", "the other broker"),
    bridge("addresses", "HOST[:PORT] ...", "the other broker"),
    bridge("topic", "PATTERN [DIRECTION [QOS [PREFIX [PREFIX]]]]", "what is shared"),
    bridge("bridge_protocol_version", "VERSION", "the version spoken"),
    bridge("cleansession", "true | false", "whether sessions end with the connection"),
    bridge("local_cleansession", "true | false", "the same for this side"),
    bridge("remote_clientid", "ID", "the identifier there"),
    bridge("clientid", "ID", "the identifier there"),
    bridge("remote_username", "NAME", "the user name there"),
    bridge("username", "NAME", "the user name there"),
    bridge("remote_password", "PASSWORD", "the password there"),
    bridge("password", "PASSWORD", "the password there"),
    bridge("local_clientid", "ID", "the identifier here"),
    bridge("local_username", "NAME", "the user name here"),
    bridge("local_password", "PASSWORD", "the password here"),
    bridge("keepalive_interval", "SECONDS", "the keep alive"),
    bridge("start_type", "automatic | lazy | once", "when it connects"),
    bridge("idle_timeout", "SECONDS", "when a lazy bridge ends"),
    bridge("threshold", "COUNT", "when a lazy bridge begins"),
    bridge("restart_timeout", "BASE [CAP [STABLE]]", "when it connects again"),
    bridge("round_robin", "true | false", "whether all addresses are equal"),
    bridge("notifications", "true | false", "whether its state is published"),
    bridge("notifications_local_only", "true | false", "whether only here"),
    bridge("notification_topic", "TOPIC", "where"),
    bridge("try_private", "true | false", "whether it says that it is a bridge"),
    bridge("bridge_attempt_unsubscribe", "true | false", "whether it ends old subscriptions"),
    bridge("bridge_bind_address", "ADDRESS", "the local address"),
    bridge("bridge_max_packet_size", "BYTES", "the longest packet"),
    bridge("bridge_max_topic_alias", "COUNT", "topic aliases"),
    bridge("bridge_outgoing_retain", "true | false", "whether retained messages stay so"),
    bridge("bridge_receive_maximum", "COUNT", "messages under way"),
    bridge("bridge_session_expiry_interval", "SECONDS", "how long the session lasts"),
    bridge("bridge_reload_type", "lazy | immediate", "when changes count"),
    bridge("bridge_tcp_keepalive", "IDLE INTERVAL COUNT", "TCP's keep alive"),
    bridge("bridge_tcp_user_timeout", "MILLISECONDS", "TCP's patience"),
    bridge("bridge_cafile", "FILE", "authorities"),
    bridge("bridge_capath", "DIRECTORY", "authorities"),
    bridge("bridge_tls_use_os_certs", "true | false", "authorities of the system"),
    bridge("bridge_certfile", "FILE", "the certificate"),
    bridge("bridge_keyfile", "FILE", "the key"),
    bridge("bridge_insecure", "true | false", "whether names are not compared"),
    bridge("bridge_alpn", "NAME", "the application protocol"),
    bridge("bridge_tls_version", "VERSION", "the version of TLS"),
    bridge("bridge_ciphers", "LIST", "ciphers"),
    bridge("bridge_ciphers_tls1.3", "LIST", "cipher suites"),
    bridge("bridge_identity", "ID", "the identity of the pre-shared key"),
    bridge("bridge_psk", "HEX", "the pre-shared key"),
    bridge("bridge_require_ocsp", "true | false", "whether OCSP is demanded"),
  ]
}
