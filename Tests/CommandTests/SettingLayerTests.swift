// What the command line says counts more than what a file says, for every option of `mqtt broker`:
// beside a file that says the opposite it does what a file would do that says the same, or it is
// refused by its name.

import Commands
import MQTTBroker
import Settings
import Testing
import WebSocket

/// An option beside a file that says something else.
struct LayerCase: Sendable, CustomTestStringConvertible {
  /// What comes of the two.
  enum Outcome: Sendable {
    /// The same as of this file alone.
    case asIf(String)
    /// Options of which this holds.
    case holds(@Sendable (BrokerSettings) -> Bool)
    /// A fault that names the option.
    case refused
  }

  var option: String
  var words: String
  var file: String
  var outcome: Outcome

  init(_ words: String, beside file: String, _ outcome: Outcome) {
    option = String(words.split(separator: " ")[0].drop { $0 == "-" })
    self.words = words
    self.file = file
    self.outcome = outcome
  }

  var testDescription: String { words }
}

extension LayerCase {
  /// A case of a setting that a file has in the same form.
  static func setting(
    _ words: String, _ theirs: String, _ ours: String, on listener: String = "listener 1"
  ) -> LayerCase {
    LayerCase(
      words, beside: "\(listener)\n\(theirs)\n",
      .asIf("\(listener)\n" + (ours.isEmpty ? "" : "\(ours)\n")))
  }

  private static let tls = "listener 1\ncertfile c\nkeyfile k"
  private static let asking = tls + "\ncafile a"

  /// Whether a listener of the file and one of the command line are there.
  private static func has(
    _ place: ListenerSetup.Place, _ speech: ListenerSetup.Speech = .mqtt, tls: Bool = false
  ) -> Outcome {
    .holds { options in
      options.listeners.count == 2 && options.listeners[0].place == .everywhere(port: 1)
        && options.listeners[1].place == place && options.listeners[1].speech == speech
        && options.listeners[1].usesTLS == tls
    }
  }

  static let places: [LayerCase] = [
    .init("--port 9", beside: "listener 1\n", has(.loopback(port: 9))),
    .init("--listen 9", beside: "listener 1\n", has(.everywhere(port: 9))),
    .init("--unix /s", beside: "listener 1\n", has(.unix(path: "/s"))),
    .init("--ws 9", beside: "listener 1\n", has(.loopback(port: 9), .webSockets)),
    .init("--wss 9", beside: "listener 1\n", has(.loopback(port: 9), .webSockets, tls: true)),
    .init("--tls", beside: tls + "\n", has(.loopback(port: 8883), tls: true)),
    .init("--tls-port 9", beside: "listener 1\n", has(.loopback(port: 9), tls: true)),
    .init("--tls-listen 9", beside: "listener 1\n", has(.everywhere(port: 9), tls: true)),
  ]

  static let ofListeners: [LayerCase] = [
    .setting("--bind-interface lo", "bind_interface eth0", "bind_interface lo"),
    .init("--bind-interface lo", beside: "listener 1 127.0.0.1\n", .refused),
    .setting("--socket-domain ipv4", "socket_domain ipv6", "socket_domain ipv4"),
    .setting("--mount-point a/", "mount_point b/", "mount_point a/"),
    .setting(
      "--accept-protocol-versions 5", "accept_protocol_versions 3,4",
      "accept_protocol_versions 5"),
    .setting("--set-tcp-nodelay false", "set_tcp_nodelay true", "set_tcp_nodelay false"),
    .setting("--proxy-protocol 2", "enable_proxy_protocol 1", "enable_proxy_protocol 2"),
    .setting(
      "--proxy-require-tls", "enable_proxy_protocol 2\nproxy_protocol_v2_require_tls false",
      "enable_proxy_protocol 2\nproxy_protocol_v2_require_tls true"),
    .init("--proxy-require-tls", beside: "listener 1\n", .refused),
    .init("--proxy-require-tls", beside: "listener 1\nenable_proxy_protocol 1\n", .refused),
    .setting(
      "--ws-origin a", "protocol websockets\nwebsockets_origin b",
      "protocol websockets\nwebsockets_origin a"),
    .init("--ws-origin a", beside: "listener 1\n", .refused),
    .init(
      "--ws-path /a", beside: "listener 1\nprotocol websockets\n",
      .holds { $0.listeners.map(\.webSocket.paths) == [["/a"]] }),
    .setting(
      "--ws-headers-size 300", "protocol websockets\nwebsockets_headers_size 900",
      "protocol websockets\nwebsockets_headers_size 300"),
    .setting("--max-qos 0", "max_qos 2", "max_qos 0"),
    .setting("--max-topic-alias 1", "max_topic_alias 2", "max_topic_alias 1"),
    .setting(
      "--max-topic-alias-broker 1", "max_topic_alias_broker 2", "max_topic_alias_broker 1"),
    .init(
      "--allow-zero-length-clientid false", beside: "listener 1\nallow_zero_length_clientid true\n",
      .holds { $0.listeners.allSatisfy { !$0.terms.allowsEmptyClientIdentifier } }),
    .init(
      "--auto-id-prefix a", beside: "listener 1\nlistener_auto_id_prefix b\n",
      .holds { $0.listeners.map(\.terms.assignedIdentifierPrefix) == ["a"] }),
  ]

  static let ofTLS: [LayerCase] = [
    .setting("--cert d --key l", "certfile c\nkeyfile k", "certfile d\nkeyfile l"),
    .init("--cert d --key l", beside: "listener 1\n", .refused),
    .setting("--key l --cert d", "certfile c\nkeyfile k", "certfile d\nkeyfile l"),
    .setting("--cafile b", "cafile a", "cafile b", on: tls),
    .setting("--capath b", "capath a", "capath b", on: tls),
    .setting("--crl b", "crlfile a", "crlfile b", on: tls),
    .setting("--ciphers b", "ciphers a", "ciphers b", on: tls),
    .setting("--ciphers-tls1.3 b", "ciphers_tls1.3 a", "ciphers_tls1.3 b", on: tls),
    .setting("--tls-version tlsv1.3", "tls_version tlsv1.2", "tls_version tlsv1.3", on: tls),
    .init(
      "--psk-file q", beside: "listener 1\npsk_hint h\npsk_file p\n",
      .holds { $0.listeners.map(\.access.pskFile) == ["q"] }),
    .setting("--psk-hint i", "psk_hint h\npsk_file p", "psk_hint i\npsk_file p"),
    .setting("--require-cert", "require_certificate false", "require_certificate true", on: asking),
    .init("--require-cert", beside: tls + "\n", .refused),
    .init("--require-cert", beside: "listener 1\n", .refused),
    .setting(
      "--require-cert", "enable_proxy_protocol 2",
      "enable_proxy_protocol 2\nrequire_certificate true"),
    .setting(
      "--use-identity-as-username", "use_subject_as_username true",
      "use_identity_as_username true", on: asking),
    .setting(
      "--use-subject-as-username", "use_identity_as_username true",
      "use_subject_as_username true", on: asking),
    .setting(
      "--disable-client-cert-date-checks", "disable_client_cert_date_checks false",
      "disable_client_cert_date_checks true", on: asking),
    .init(
      "--tls-keylog f", beside: tls + "\n", .holds { $0.listeners.map(\.tls.keyLogFile) == ["f"] }),
  ]

  static let ofAccess: [LayerCase] = [
    .init(
      "--passwords q", beside: "listener 1\npassword_file p\n",
      .holds { $0.listeners.map(\.access.passwordFile) == ["q"] }),
    .init(
      "--passwords q",
      beside: "listener 1\nplugin mosquitto_dynamic_security.so\nplugin_opt_config_file d\n",
      .refused),
    .init(
      "--acl b", beside: "listener 1\nacl_file a\n",
      .holds { $0.listeners.map(\.access.aclFile) == ["b"] }),
    .init(
      "--acl b",
      beside: "listener 1\nplugin mosquitto_dynamic_security.so\nplugin_opt_config_file d\n",
      .refused),
    .init(
      "--acl-extensions", beside: "listener 1\nacl_file a\n",
      .holds { $0.listeners.allSatisfy(\.access.allowsExtensions) }),
    .init(
      "--check-subscriptions", beside: "listener 1\nacl_file a\n",
      .holds { $0.listeners.allSatisfy(\.policy.checksSubscriptions) }),
    .setting("--allow-anonymous true", "allow_anonymous false", "allow_anonymous true"),
    .setting("--client-id-owner user", "client_id_owner any", "client_id_owner user"),
    .setting("--client-id-owner user", "", "client_id_owner user"),
    .setting(
      "--allow-empty-passwords false", "allow_empty_passwords true", "allow_empty_passwords false"),
    .setting("--no-anonymous", "allow_anonymous true", "allow_anonymous false"),
    .setting("--no-anonymous", "listener_allow_anonymous true", "allow_anonymous false"),
    .init(
      "--no-anonymous",
      beside: "per_listener_settings true\nlistener 1\nallow_anonymous true\nlistener 2\n",
      .holds { $0.listeners.map(\.access.allowsAnonymous) == [false, false] }),
    .init(
      "--no-anonymous", beside: "", .holds { $0.listeners.map(\.access.allowsAnonymous) == [false] }
    ),
    .setting("--clientid-prefixes a", "clientid_prefixes b", "clientid_prefixes a"),
    .setting(
      "--use-username-as-clientid true", "use_username_as_clientid false",
      "use_username_as_clientid true"),
  ]

  static let ofBroker: [LayerCase] = [
    .setting(
      "--check-retain-source false", "check_retain_source true", "check_retain_source false"),
    .setting("--max-connections 2", "global_max_connections 3", "global_max_connections 2"),
    .setting("--max-sessions 2", "global_max_clients 3", "global_max_clients 2"),
    .setting("--max-packet-size 30", "max_packet_size 40", "max_packet_size 30"),
    .init(
      "--max-inflight-messages 3", beside: "max_inflight_messages 4\n",
      .holds { $0.configuration.inFlightLimit == 3 }),
    .init(
      "--receive-maximum 3", beside: "max_inflight_messages 4\n",
      .holds { $0.configuration.receiveMaximum == 3 }),
    .setting("--max-inflight-bytes 3", "max_inflight_bytes 4", "max_inflight_bytes 3"),
    .setting("--message-size-limit 3", "message_size_limit 4", "message_size_limit 3"),
    .setting("--max-queued-messages 3", "max_queued_messages 4", "max_queued_messages 3"),
    .setting("--max-queued-bytes 3", "max_queued_bytes 4", "max_queued_bytes 3"),
    .setting("--max-keepalive 3", "max_keepalive 4", "max_keepalive 3"),
    .setting(
      "--persistent-client-expiration 3d", "persistent_client_expiration 4d",
      "persistent_client_expiration 3d"),
    .setting("--retain-available false", "retain_available true", "retain_available false"),
    .setting(
      "--upgrade-outgoing-qos true", "upgrade_outgoing_qos false", "upgrade_outgoing_qos true"),
    .setting(
      "--allow-duplicate-messages false", "allow_duplicate_messages true",
      "allow_duplicate_messages false"),
    .setting("--queue-qos0-messages true", "queue_qos0_messages false", "queue_qos0_messages true"),
    .setting("--sys-interval 3", "sys_interval 4", "sys_interval 3"),
    .setting("--pid-file a", "pid_file b", "pid_file a"),
    .setting("--user a", "user b", "user a"),
    .setting(
      "--connection-messages false", "connection_messages true", "connection_messages false"),
    .setting("--log-dest stdout", "log_dest syslog", "log_dest stdout"),
    .setting("--log-file a", "log_dest file b", "log_dest file a"),
    .setting("--log-type error", "log_type all", "log_type error"),
    .setting(
      "--log-facility 3", "log_dest syslog\nlog_facility 4", "log_dest syslog\nlog_facility 3"),
    .init("--log-facility 3", beside: "log_dest stdout\n", .refused),
    .setting("--log-timestamp false", "log_timestamp true", "log_timestamp false"),
    .setting(
      "--log-timestamp-format %Y", "log_timestamp_format %m\nlog_timestamp false",
      "log_timestamp_format %Y\nlog_timestamp true"),
    .init(
      "--verbose", beside: "log_type error\n",
      .holds { $0.log.levels == LogLevel.allCases && $0.configuration.logsPackets }),
    .init(
      "--quiet", beside: "log_type all\n",
      .holds { $0.log.levels == [.error] && !$0.configuration.logsPackets }),
    .init(
      "--data /b", beside: "persistence false\npersistence_location /a\n",
      .holds { !$0.store.isInMemoryOnly && $0.store.directory == "/b" }),
    .init("--memory", beside: "persistence true\n", .holds { $0.store.isInMemoryOnly }),
    .init(
      "--sync off",
      beside: "persistence true\nplugin mosquitto_persist_sqlite.so\nplugin_opt_sync full\n",
      .holds { $0.store.synchronization == .off }),
    .init(
      "--strict-store", beside: "persistence true\n", .holds { $0.store.isStrict }),
  ]

  /// What a file has no word for, or what is no setting.
  static let withoutOpposite = [
    "config-file", "test-config", "daemon", "threads", "min-threads", "help", "version",
    "max-outbox-bytes", "max-retained-messages", "max-subscriptions", "max-topic-levels",
    "connect-timeout",
    "login-failures", "login-delay-limit", "max-unidentified-connections",
    "max-connections-per-address", "max-connect-size", "max-waiting-logins",
    "max-cached-decisions",
  ]

  static let all = places + ofListeners + ofTLS + ofAccess + ofBroker
}

@Suite struct SettingLayerTests {
  private func reading(_ file: String, _ line: String) throws -> (
    options: BrokerSettings, faults: [String]
  ) {
    let result = try brokerWords("-c f \(line)").reading(in: context(files: ["f": file]))
    let options = result.settings.withoutOrigins
    return (options, result.faults.map(\.description))
  }

  @Test func `every option of the table has a case`() {
    let described = Set(LayerCase.all.map(\.option) + LayerCase.withoutOpposite)
    let table = Set(Command.broker.options.map(\.long))
    #expect(table.subtracting(described).isEmpty)
    #expect(described.subtracting(table).isEmpty)
  }

  @Test(arguments: LayerCase.all)
  func `an option counts more than the file beside it, or is refused by name`(
    layer: LayerCase
  ) throws {
    let found = try reading(layer.file, layer.words)
    switch layer.outcome {
    case .asIf(let file):
      let expected = try reading(file, "")
      #expect(found.faults.isEmpty && expected.faults.isEmpty)
      #expect(String(describing: found.options) == String(describing: expected.options))
      let without = try reading(layer.file, "").options
      #expect(String(describing: found.options) != String(describing: without))
    case .holds(let isTrue):
      #expect(found.faults.isEmpty)
      #expect(isTrue(found.options), "\(found.options.listeners)")
      #expect(!isTrue(try reading(layer.file, "").options))
    case .refused:
      let option = layer.words.split(separator: " ")[0]
      #expect(found.faults.contains { $0.hasPrefix("f: \(option): ") }, "\(found.faults)")
    }
  }

  @Test func `every setting keeps who said it last`() throws {
    let result = try brokerWords("-c f --max-queued-messages 6 --require-cert").reading(
      in: context(files: [
        "f": """
        max_queued_messages 5
        max_queued_bytes 5
        max_inflight_messages 3
        plugin mosquitto_persist_sqlite
        plugin_opt_sync off
        listener 1
        enable_proxy_protocol 2
        max_qos 0

        """
      ]))
    #expect(result.faults == [])
    let settings = result.settings
    func line(_ number: Int, _ column: Int, _ word: String) -> SettingOrigin {
      .file(FilePlace("f", number, column), word: word)
    }
    #expect(
      settings.origin(of: \.configuration.queueMessageLimit) == .option("--max-queued-messages"))
    #expect(settings.origin(of: \.configuration.queueByteLimit) == line(2, 18, "max_queued_bytes"))
    #expect(
      settings.origin(of: \.configuration.receiveMaximum) == line(3, 23, "max_inflight_messages"))
    #expect(settings.origin(of: \.store.synchronization) == line(5, 17, "plugin_opt_sync"))
    #expect(settings.origin(of: \.userName) == .standard)
    let listener = try #require(settings.listeners.first)
    #expect(listener.origin == line(6, 1, "listener"))
    #expect(listener.origin(of: \.terms.maximumQoS) == line(8, 9, "max_qos"))
    #expect(listener.origin(of: \.tls.requiresCertificate) == .option("--require-cert"))
    #expect(listener.origin(of: \.terms.mountPoint) == .standard)
  }

  @Test func `a global plugin holds for listeners that are on their own, too`() throws {
    let text = """
      per_listener_settings true
      global_plugin mosquitto_acl_file
      plugin_opt_acl_file a
      listener 1
      listener 2

      """
    #expect(try reading(text, "").options.listeners.map(\.access.aclFile) == ["a", "a"])
  }

  @Test func `who is kept out of the default listener stays out where nobody names another`()
    throws
  {
    let text = "max_connections 5\nlistener_allow_anonymous false\n"
    #expect(try reading(text, "").options.listeners.map(\.access.allowsAnonymous) == [false])
  }

  @Test func `a listener of the command line lets in whom the file lets in`() throws {
    func isOpen(_ file: String, _ line: String) throws -> [Bool?] {
      try reading(file, line).options.listeners.map(\.access.allowsAnonymous)
    }
    // Nobody without a name, as at a listener of the file.
    #expect(try isOpen("password_file p\nallow_anonymous false\n", "--listen 9") == [false])
    #expect(try isOpen("listener 1\n", "--listen 9") == [false, false])
    #expect(try isOpen("listener 1\nallow_anonymous true\n", "--listen 9") == [true, true])
    #expect(
      try isOpen("per_listener_settings true\nlistener 1\nallow_anonymous true\n", "--listen 9")
        == [true, false])
    // For this machine alone, as in mosquitto.
    #expect(try isOpen("", "-p 9") == [true])
  }
}
