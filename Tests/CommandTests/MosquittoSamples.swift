// For every option of mosquitto.conf what may stand there and what may not.

import Testing

/// One option with values.
struct MosquittoSample: CustomTestStringConvertible {
  var name: String
  var good: [String]
  var bad: [String]
  /// Whether the last good value leaves a trace in the options.
  var changes: Bool

  init(_ name: String, _ good: [String], bad: [String] = [], changes: Bool = true) {
    self.name = name
    self.good = good
    self.bad = bad
    self.changes = changes
  }

  var testDescription: String { name }

  private static let truths = ["yes", "TRUE", ""]

  static let general: [MosquittoSample] = [
    .init("include_dir", ["dir"], bad: ["none", ""], changes: false),
    .init("per_listener_settings", ["true", "1", "false"], bad: truths, changes: false),
    .init("user", ["someone"], bad: [""]), .init("pid_file", ["/run/a b.pid"], bad: [""]),
    .init("set_tcp_nodelay", ["true", "false"], bad: truths),
    .init("sys_interval", ["10", "65535", "0"], bad: ["-1", "65536", "ten", ""]),
    .init("retry_interval", ["20"], changes: false),
    .init("websockets_log_level", ["3"], changes: false),
    .init("websockets_headers_size", ["4096", "0"], bad: ["-1", "x"], changes: false),
    .init("packet_buffer_size", ["4096"], changes: false),
    .init("enable_control_api", ["true"], changes: false),
    .init("max_inflight_messages", ["0", "65535", "-1", "7"], bad: ["65536", "7k", "x", ""]),
    .init("max_inflight_bytes", ["0", "-1", "7"], bad: ["x", "3000000000"]),
    .init("max_queued_messages", ["-1", "7", "0"], bad: ["x", ""]),
    .init("max_queued_bytes", ["0", "7"], bad: ["x"]),
    .init("max_packet_size", ["20", "1000"], bad: ["19", "0", "-1"]),
    .init("message_size_limit", ["0", "268435455"], bad: ["268435456", "-1"]),
    .init("global_max_clients", ["-1", "7"], bad: ["x"]),
    .init("global_max_connections", ["-1", "7"], bad: ["x"]),
    .init("max_keepalive", ["65535", "0"], bad: ["65536", "-1"]),
    .init(
      "persistent_client_expiration", ["1h", "2d", "2w", "3m", "1y", "9s"],
      bad: ["2", "0d", "w", "-1d", "3M", ""]),
    .init("queue_qos0_messages", ["true"], bad: truths),
    .init("retain_available", ["true", "false"], bad: truths),
    .init("retain_expiry_interval", ["0", "5"], bad: ["-1"], changes: false),
    .init("upgrade_outgoing_qos", ["true"], bad: truths),
    .init("allow_duplicate_messages", ["true", "false"], bad: truths),
    .init("memory_limit", ["1000000"], changes: false),
    .init("allow_anonymous", ["false", "true"], bad: truths, changes: false),
    .init("password_file", ["p w"], bad: [""]), .init("acl_file", ["acl"], bad: [""]),
    .init("psk_file", ["psk"], bad: [""]),
    .init("allow_zero_length_clientid", ["true", "false"], bad: truths),
    .init("auto_id_prefix", ["made-"], bad: [""]),
    .init("allow_empty_passwords", ["true"], bad: truths),
    .init("client_id_owner", ["any", "user"], bad: ["anybody", ""]),
    .init("check_retain_source", ["true", "false"], bad: truths),
    .init("clientid_prefixes", ["sensor-"], bad: [""]),
    .init(
      "log_dest", ["stderr", "stdout", "syslog", "topic", "file /a b", "dlt", "none"],
      bad: ["file", "nowhere", ""]),
    .init(
      "log_type",
      ["error", "warning", "notice", "information", "debug", "subscribe", "unsubscribe"]
        + ["websockets", "internal", "none", "all"],
      bad: ["loud", ""]),
    .init("log_facility", ["0", "7"], bad: ["8", "-1", "local0"]),
    .init("log_timestamp", ["true", "false"], bad: truths),
    .init("log_timestamp_format", ["%Y-%m-%dT%H:%M:%S"], bad: [""]),
    .init("connection_messages", ["true", "false"], bad: truths),
    .init("persistence", ["true"], bad: truths), .init("retained_persistence", ["1"], bad: truths),
    .init("persistence_location", ["/var/lib/mosquitto/"], bad: [""]),
    .init("persistence_file", ["a.db"], bad: [""]),
    .init("autosave_interval", ["-1", "0", "300"], bad: ["often"], changes: false),
    .init("autosave_on_changes", ["true"], bad: truths, changes: false),
  ]

  static let ofListener: [MosquittoSample] = [
    .init(
      "listener", ["1884", "1884 127.0.0.1", "0 /run/a.sock", "1884 # here"],
      bad: ["", "0", "-1", "65536", "x", "0 # path"]),
    .init("port", ["1884"], bad: ["0", "65536", "x"]),
    .init("bind_address", ["127.0.0.1"], bad: [""]),
    .init("bind_interface", ["eth0"], bad: [""]),
    .init("socket_domain", ["ipv4", "ipv6"], bad: ["ip", ""]),
    .init("protocol", ["mqtt", "websockets"], bad: ["mqttsn", "http_api", ""]),
    .init("websockets_origin", ["https://example.org"], bad: [""]),
    .init("http_dir", ["/srv"], changes: false),
    .init("accept_protocol_versions", ["3", "4,5", "4, 5"], bad: ["", "6", "v5", ","]),
    .init("enable_proxy_protocol", ["1", "2"], bad: ["0", "3", "true"]),
    .init("proxy_protocol_v2_require_tls", ["true"], bad: truths),
    .init("listener_allow_anonymous", ["false", "true"], bad: truths),
    .init("listener_auto_id_prefix", ["z-"], bad: [""]),
    .init("max_connections", ["-1", "0", "7"], bad: ["x", ""]),
    .init("max_qos", ["0", "2", "1"], bad: ["3", "-1"]), .init("maximum_qos", ["1"], bad: ["3"]),
    .init("max_topic_alias", ["0", "65535"], bad: ["65536", "-1"]),
    .init("max_topic_alias_broker", ["0", "65535"], bad: ["65536", "-1"]),
    .init("mount_point", ["home/"], bad: ["a/#", "+", ""]),
    .init("use_username_as_clientid", ["true"], bad: truths),
    .init("certfile", ["c"], bad: [""]), .init("keyfile", ["k"], bad: [""]),
    .init("cafile", ["a"], bad: [""]), .init("capath", ["a"], bad: [""]),
    .init("crlfile", ["r"], bad: [""]), .init("require_certificate", ["true"], bad: truths),
    .init("use_identity_as_username", ["true"], bad: truths),
    .init("use_subject_as_username", ["true"], bad: truths),
    .init("disable_client_cert_date_checks", ["true"], bad: truths),
    .init("ciphers", ["ECDHE+AESGCM"], bad: [""]),
    .init("ciphers_tls1.3", ["TLS_AES_128_GCM_SHA256"], bad: [""]),
    .init("tls_version", ["tlsv1.2", "tlsv1.3"], bad: ["tlsv1.1", "1.3", ""]),
    .init("psk_hint", ["hint"], bad: [""]), .init("dhparamfile", ["dh"], changes: false),
    .init("tls_keyform", ["pem"], bad: ["engine"], changes: false),
    .init("tls_engine", [], bad: ["pkcs11"]),
    .init("tls_engine_kpass_sha1", ["00"], changes: false),
  ]

  static let plugins: [MosquittoSample] = [
    .init("plugin", ["/usr/lib/mosquitto_persist_sqlite.so"], bad: ["/lib/mine.so", ""]),
    .init("global_plugin", ["mosquitto_persist_sqlite"], bad: ["/lib/mine.so"]),
    .init("auth_plugin", ["mosquitto_persist_sqlite.so"], bad: ["/lib/mine.so"]),
    .init("plugin_load", ["name /lib/mine.so"], bad: ["name", ""], changes: false),
    .init("plugin_use", [], bad: ["name"]),
    .init("auth_plugin_deny_special_chars", [], bad: ["true", "maybe"]),
  ]

  static let all = general + ofListener + plugins
}
