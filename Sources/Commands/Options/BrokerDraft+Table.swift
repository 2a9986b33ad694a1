// The table of the options of `mqtt broker`. Every bound of the engine has a row here; where
// mosquitto.conf has a word for one, the option is that word with dashes.

import MQTTBroker
import MQTTCodec

extension BrokerDraft {
  /// All options, in the order of `--help`.
  static let table: [Option<BrokerDraft>] =
    file.grouped("Configuration file")
    + (listeners + sharedListenerOptions + proxyOptions).grouped("Listeners")
    + webSocketOptions.grouped("WebSocket") + tlsOptions.grouped("TLS")
    + accessOptions.grouped("Users and access") + storeOptions.grouped("Durability")
    + (limits + loginLimits).grouped("Limits") + choices.grouped("Protocol")
    + logOptions.grouped("Log") + general.grouped("General")

  private static let defaults = BrokerConfiguration()
  private static let terms = ListenerTerms()

  private static let file: [Option<BrokerDraft>] = [
    .value(
      "config-file", letter: "c", "FILE", .file, example: "mosquitto.conf",
      "do what FILE says, which is written as for mosquitto",
      manual: """
        See mqtt.conf(5). Limits and choices that neither FILE nor the command line \
        speaks of are mosquitto's then. What the command line says counts more than FILE, for \
        the listeners of FILE too; what cannot go together is refused. Its own listeners are \
        added, and let in whom FILE lets in.
        """
    ) { (draft, text) throws(ValueFault) in
      draft.options.configurationFile = try Values.name(text, "a path")
    },
    .flag(
      "test-config", "check the configuration file and all that it names, and do nothing",
      manual:
        "Exits with 0 if the broker would start, or else with 1 after saying all that is wrong."
    ) { $0.options.isTest = true },
    .flag("daemon", letter: "d", "go to the background once clients can connect") {
      $0.options.isDaemon = true
    },
  ]

  private static let listeners: [Option<BrokerDraft>] = [
    .value(
      "port", letter: "p", "PORT", example: "1883", default: "1883", repeatable: true,
      "wait for clients of this machine on PORT",
      manual: """
        Beside a file that has a listener on PORT already it is left out, which the log says.
        """
    ) { (draft, text) throws(ValueFault) in
      let port: UInt16 = try Values.number(text, 1...65_535)
      draft.options.listeners.append(ListenerOptions(.loopback(port: port)))
    },
    .value(
      "listen", "[SCHEME://][ADDRESS:]PORT", example: "0.0.0.0:1883", repeatable: true,
      "wait on ADDRESS, or on every address of this machine",
      manual: """
        An IPv6 address stands in brackets: [::1]:1883. The scheme is mqtt, mqtts, ws or wss; mqtt \
        if there is none.
        """
    ) { (draft, text) throws(ValueFault) in
      draft.options.listeners.append(try listener(text))
    },
    .value(
      "unix", "PATH", .file, example: "/tmp/mqtt.sock", repeatable: true,
      "wait on a Unix domain socket"
    ) { (draft, text) throws(ValueFault) in
      let path = try Values.socketPath(text)
      draft.options.listeners.append(ListenerOptions(.unix(path: path)))
    },
  ]

  private static let proxyOptions: [Option<BrokerDraft>] = [
    .value(
      "proxy-protocol", "VERSION", .choices(["1", "2", "any"]), example: "2",
      "connections have to begin with a header of the PROXY protocol",
      manual: """
        A load balancer tells by it who the client is; \
        connections without one are turned away, so that nobody can lie about it. any is 1 or 2.
        """
    ) { (draft, text) throws(ValueFault) in
      let version = try Values.choice(text, ["1": 1, "2": 2, "any": 0])
      draft.set("--proxy-protocol") { $0.proxyProtocol = version }
    },
    .flag(
      "proxy-require-tls",
      "turn clients away whose PROXY header does not say that they came over TLS"
    ) { $0.set("--proxy-require-tls") { $0.proxyMustUseTLS = true } },
  ]

  private static let webSocketOptions: [Option<BrokerDraft>] = [
    .value(
      "ws", "PORT", example: "8080", repeatable: true,
      "wait for WebSocket clients of this machine on PORT",
      manual: """
        Where the same port is given to -p as well, clients with and without WebSocket are served \
        there; the first byte of a connection tells. --listen ws://8080 serves every address.
        """
    ) { (draft, text) throws(ValueFault) in
      draft.add(webSocketPort: try Values.number(text, 1...65_535), usesTLS: false)
    },
    .value(
      "wss", "PORT", example: "8081", repeatable: true,
      "the same with TLS"
    ) { (draft, text) throws(ValueFault) in
      draft.add(webSocketPort: try Values.number(text, 1...65_535), usesTLS: true)
    },
    .value(
      "ws-origin", "ORIGIN", example: "https://example.org", default: "any", repeatable: true,
      "let only web pages of ORIGIN connect",
      manual: """
        A browser tells the origin of the page that connects; clients that are no browsers and send \
        no Origin header are let in.
        """
    ) { (draft, text) throws(ValueFault) in
      let origin = try Values.name(text, "an origin")
      draft.add(origin, to: \.origins, "--ws-origin", .webSockets)
    },
    .value(
      "ws-path", "PATH", example: "/mqtt", default: "any", repeatable: true,
      "serve WebSockets at PATH only"
    ) { (draft, text) throws(ValueFault) in
      let path = try Values.webSocketPath(text)
      draft.add(path, to: \.paths, "--ws-path", .webSockets)
    },
    .value(
      "ws-headers-size", "BYTES", example: "4096", default: "8192",
      "longest head of a WebSocket request"
    ) { (draft, text) throws(ValueFault) in
      let bytes: Int = try Values.number(text, 256...1_048_576)
      draft.set("--ws-headers-size", .webSockets) { $0.headerLimitBytes = bytes }
    },
  ]

  /// A place with the scheme of what is spoken there.
  private static func listener(_ text: String) throws(ValueFault) -> ListenerOptions {
    guard let end = text.firstRange(of: "://") else { return ListenerOptions(try place(text)) }
    let speech: [String: (ListenerOptions.Speech, Bool)] = [
      "mqtt": (.mqtt, false), "mqtts": (.mqtt, true), "ws": (.webSockets, false),
      "wss": (.webSockets, true),
    ]
    let scheme = text[..<end.lowerBound]
    guard let (spoken, usesTLS) = speech[scheme.lowercased()] else {
      throw ValueFault("the scheme '\(scheme)' is unknown; known are mqtt, mqtts, ws and wss")
    }
    var result = ListenerOptions(try place(String(text[end.upperBound...])), usesTLS: usesTLS)
    result.speech = spoken
    return result
  }

  private static func place(_ text: String) throws(ValueFault) -> ListenerOptions.Place {
    guard let colon = text.lastIndex(of: ":") else {
      return .everywhere(port: try Values.number(text, 1...65_535))
    }
    var address = text[..<colon]
    if address.first == "[", address.last == "]" {
      address = address.dropFirst().dropLast()
    } else if address.contains(":") {
      throw ValueFault("an IPv6 address must stand in brackets", example: "--listen [::1]:1883")
    }
    let port: UInt16 = try Values.number(String(text[colon...].dropFirst()), 1...65_535)
    return address.isEmpty ? .everywhere(port: port) : .address(String(address), port: port)
  }

  private static let tlsOptions: [Option<BrokerDraft>] = [
    .flag(
      "tls", "wait for TLS clients of this machine on port 8883",
      manual: """
        Unless --tls-port or --tls-listen says where. Without --cert a local certificate \
        authority and a certificate for this host's names are made, kept in the user's data \
        directory and used again next time.
        """
    ) { $0.usesTLS = true },
    .value(
      "tls-port", "PORT", example: "8883", repeatable: true,
      "wait for TLS clients of this machine on PORT"
    ) { (draft, text) throws(ValueFault) in
      let port: UInt16 = try Values.number(text, 1...65_535)
      draft.options.listeners.append(ListenerOptions(.loopback(port: port), usesTLS: true))
    },
    .value(
      "tls-listen", "[ADDRESS:]PORT", example: "0.0.0.0:8883", repeatable: true,
      "wait for TLS clients on ADDRESS, or on every address"
    ) { (draft, text) throws(ValueFault) in
      draft.options.listeners.append(ListenerOptions(try place(text), usesTLS: true))
    },
    .value(
      "cert", aliases: ["certfile"], "FILE", .file, example: "server.crt",
      "the broker's certificate and its chain, in PEM"
    ) { (draft, text) throws(ValueFault) in
      let value = try Values.name(text, "a path")
      draft.set("--cert", .tls) { $0.tls.certificateFile = value }
    },
    .value(
      "key", aliases: ["keyfile"], "FILE", .file, example: "server.key",
      "the private key of the certificate, in PEM"
    ) { (draft, text) throws(ValueFault) in
      let value = try Values.name(text, "a path")
      draft.set("--key", .tls) { $0.tls.keyFile = value }
    },
    .value(
      "cafile", "FILE", .file, example: "ca.crt",
      "ask clients for a certificate signed by one of these"
    ) { (draft, text) throws(ValueFault) in
      let value = try Values.name(text, "a path")
      draft.set("--cafile", .tls) { $0.tls.caFile = value }
    },
    .value(
      "capath", "DIRECTORY", .directory, example: "/etc/ssl/clients",
      "the same with a directory, prepared by openssl rehash"
    ) { (draft, text) throws(ValueFault) in
      let value = try Values.name(text, "a path")
      draft.set("--capath", .tls) { $0.tls.caDirectory = value }
    },
    .value(
      "crl", aliases: ["crlfile"], "FILE", .file, example: "revoked.pem",
      "turn clients away whose certificate stands in this list"
    ) { (draft, text) throws(ValueFault) in
      let value = try Values.name(text, "a path")
      draft.set("--crl", .tls) { $0.tls.revocationFile = value }
    },
    .value(
      "ciphers", "LIST", example: "ECDHE+AESGCM", default: "OpenSSL's",
      "the ciphers of TLS 1.2"
    ) { (draft, text) throws(ValueFault) in
      let value = try Values.name(text, "a list")
      draft.set("--ciphers", .tls) { $0.tls.ciphers = value }
    },
    .value(
      "ciphers-tls1.3", "LIST", example: "TLS_AES_128_GCM_SHA256", default: "OpenSSL's",
      "the cipher suites of TLS 1.3"
    ) { (draft, text) throws(ValueFault) in
      let value = try Values.name(text, "a list")
      draft.set("--ciphers-tls1.3", .tls) { $0.tls.ciphersuites = value }
    },
    .value(
      "tls-version", "VERSION", .choices(["tlsv1.2", "tlsv1.3"]), example: "tlsv1.3",
      default: "tlsv1.2", "the lowest version of TLS"
    ) { (draft, text) throws(ValueFault) in
      let version = try Values.choice(text, ["tlsv1.2": "tlsv1.2", "tlsv1.3": "tlsv1.3"])
      draft.set("--tls-version", .tls) { $0.tls.minimumVersion = version }
    },
    .value(
      "psk-file", "FILE", .file, example: "keys",
      "let clients in that have a key of FILE, which has a line IDENTITY:HEX for each"
    ) { (draft, text) throws(ValueFault) in
      let value = try Values.name(text, "a path")
      draft.set("--psk-file", .tls) { $0.tls.pskFile = value }
    },
    .value(
      "psk-hint", "TEXT", example: "mqtt", "what such clients choose their identity by"
    ) { (draft, text) throws(ValueFault) in
      let value = try Values.name(text, "a hint")
      draft.set("--psk-hint", .tls) { $0.tls.pskHint = value }
    },
    .flag(
      "require-cert", aliases: ["require-certificate"],
      "turn clients without such a certificate away"
    ) {
      $0.set("--require-cert", .certificates) { $0.tls.requiresCertificate = true }
    },
    .flag(
      "use-identity-as-username",
      "take the user name from the common name of the certificate, or the identity of the key"
    ) {
      $0.set("--use-identity-as-username", .certificates) { $0.tls.userName = .identity }
    },
    .flag(
      "use-subject-as-username", "take the whole subject of the certificate for the user name"
    ) {
      // Of both, the identity counts, as in mosquitto.
      let isSecond = $0.has("--use-identity-as-username")
      $0.set("--use-subject-as-username", .tls) {
        if !isSecond { $0.tls.userName = .subject }
      }
    },
    .flag(
      "disable-client-cert-date-checks",
      "let clients in whose certificate is not valid yet or any more"
    ) {
      $0.set("--disable-client-cert-date-checks", .tls) { $0.tls.checksDates = false }
    },
    .value(
      "tls-keylog", "FILE", .file, example: "keys.log", default: "$SSLKEYLOGFILE",
      "append the secrets of all sessions to FILE, for Wireshark"
    ) { (draft, text) throws(ValueFault) in
      let value = try Values.name(text, "a path")
      draft.set("--tls-keylog", .tls) { $0.tls.keyLogFile = value }
    },
  ]

  /// A bound of the engine that is a whole number.
  static func bound<N: FixedWidthInteger & Sendable>(
    _ long: String, _ valueName: String,
    _ path: any WritableKeyPath<BrokerConfiguration, N> & Sendable,
    _ range: ClosedRange<N>, _ help: String, manual: String = ""
  ) -> Option<BrokerDraft> {
    .value(
      long, valueName, example: "\(defaults[keyPath: path])",
      default: "\(defaults[keyPath: path])", help, manual: manual
    ) { (draft, text) throws(ValueFault) in
      draft.options.configuration[keyPath: path] = try Values.number(text, range)
    }
  }

  private static let limits: [Option<BrokerDraft>] = [
    bound("max-connections", "COUNT", \.connectionLimit, 1...(.max), "clients at once"),
    bound(
      "max-sessions", "COUNT", \.sessionLimit, 1...(.max),
      "sessions, of connected and of absent clients"),
    bound(
      "max-packet-size", "BYTES", \.packetSizeLimit, 20...FixedHeader.longestPacket,
      "longest packet that is taken from a client"),
    bound(
      "max-inflight-messages", "COUNT", \.inFlightLimit, 1...65_535,
      "QoS 1 and 2 messages under way to one client at once"),
    bound(
      "max-inflight-bytes", "BYTES", \.inFlightByteLimit, 0...(.max),
      "bytes of QoS 1 and 2 payloads under way to one client; 0 is no limit"),
    .value(
      "message-size-limit", "BYTES", example: "65536", default: "none",
      "longest message that is passed on; a longer one is dropped",
      manual: """
        It is acknowledged, to a client of MQTT 5 with reason code 0x83. A client with a longer will \
        is refused: reason code 0x95, before MQTT 5 return code 5.
        """
    ) { (draft, text) throws(ValueFault) in
      draft.options.configuration.payloadSizeLimit = try Values.number(
        text, 1...VariableByteInteger.maximum)
    },
    bound(
      "receive-maximum", "COUNT", \.receiveMaximum, 1...65_535,
      "QoS 1 and 2 messages that one client may have under way to us"),
    bound(
      "max-queued-messages", "COUNT", \.queueMessageLimit, 0...(.max),
      "QoS 1 and 2 messages that wait for one client"),
    bound(
      "max-queued-bytes", "BYTES", \.queueByteLimit, 0...(.max),
      "bytes of messages that wait for one client; 0 is no limit"),
    bound(
      "max-outbox-bytes", "BYTES", \.outboxByteLimit, 0...(.max),
      "bytes that wait for a slow connection before QoS 0 is dropped"),
    bound(
      "max-retained-messages", "COUNT", \.retainedLimit, 0...(.max), "retained messages",
      manual: """
        Beyond, a client of MQTT 5 is told reason code 0x97 at QoS 1 and 2, and its message goes to \
        nobody. Others cannot be told: theirs is passed on without being retained, and the log \
        says so.
        """),
    bound(
      "max-subscriptions", "COUNT", \.subscriptionLimit, 1...(.max),
      "subscriptions of one client"),
    bound(
      "max-topic-levels", "COUNT", \.topicLevelLimit, 1...65_535,
      "levels of a topic or a topic filter"),
    bound(
      "max-keepalive", "SECONDS", \.keepAliveLimitSeconds, 0...65_535,
      "longest keep alive; 0 is any",
      manual: "A client of MQTT 5 that asks for more is told this; an older one is refused."),
    bound(
      "connect-timeout", "SECONDS", \.connectTimeoutSeconds, 1...3600,
      "time that a connection has to send CONNECT"),
    .value(
      "persistent-client-expiration", "TIME", example: "2w", default: "never",
      "forget an absent client after TIME: a number and s, h, d, w, m or y",
      manual: "m is a month of 30 days and y a year of 365, as in mosquitto.conf."
    ) { (draft, text) throws(ValueFault) in
      draft.options.configuration.sessionExpiryLimitSeconds = try Values.duration(text)
    },
  ]

  /// A choice of the engine.
  static func choice(
    _ long: String, _ path: any WritableKeyPath<BrokerConfiguration, Bool> & Sendable,
    _ help: String
  ) -> Option<BrokerDraft> {
    .value(
      long, "BOOLEAN", .choices(["true", "false"]), example: "\(!defaults[keyPath: path])",
      default: "\(defaults[keyPath: path])", help
    ) { (draft, text) throws(ValueFault) in
      draft.options.configuration[keyPath: path] = try Values.truth(text)
    }
  }

  /// A number of topic aliases.
  private static func aliases(
    _ long: String, _ path: any WritableKeyPath<ListenerTerms, UInt16> & Sendable, _ help: String
  ) -> Option<BrokerDraft> {
    .value(
      long, "COUNT", example: "\(terms[keyPath: path])", default: "\(terms[keyPath: path])", help
    ) { (draft, text) throws(ValueFault) in
      let count: UInt16 = try Values.number(text, 0...65_535)
      draft.set("--\(long)") { $0.terms[keyPath: path] = count }
    }
  }

  private static let choices: [Option<BrokerDraft>] = [
    .value(
      "max-qos", "QOS", .choices(["0", "1", "2"]), example: "1",
      default: "\(terms.maximumQoS.rawValue)", "highest quality of service"
    ) { (draft, text) throws(ValueFault) in
      let qos = try Values.qos(text)
      draft.set("--max-qos") { $0.terms.maximumQoS = qos }
    },
    aliases(
      "max-topic-alias", \.topicAliasMaximum, "topic aliases that a client may make"),
    aliases(
      "max-topic-alias-broker", \.outgoingTopicAliasMaximum,
      "topic aliases that we make towards a client"),
    choice("retain-available", \.isRetainAvailable, "whether retained messages are kept at all"),
    choice(
      "upgrade-outgoing-qos", \.upgradesQoS,
      "whether a message goes out at the subscription's QoS even if its own is lower"),
    choice(
      "allow-duplicate-messages", \.allowsDuplicates,
      "whether overlapping subscriptions bring a message several times"),
    choice("queue-qos0-messages", \.queuesQoS0, "whether QoS 0 messages wait for absent clients"),
    .value(
      "allow-zero-length-clientid", "BOOLEAN", .choices(["true", "false"]), example: "false",
      default: "\(terms.allowsEmptyClientIdentifier)",
      "whether a client may leave its identifier to us"
    ) { (draft, text) throws(ValueFault) in
      let isAllowed = try Values.truth(text)
      draft.set("--allow-zero-length-clientid") {
        $0.terms.allowsEmptyClientIdentifier = isAllowed
      }
    },
    .value(
      "auto-id-prefix", "PREFIX", example: "auto-",
      default: terms.assignedIdentifierPrefix, "what the identifiers that we assign begin with"
    ) { (draft, text) throws(ValueFault) in
      if text.utf8.count > 1000 { throw .expected("at most 1000 bytes") }
      draft.set("--auto-id-prefix") { $0.terms.assignedIdentifierPrefix = text }
    },
    bound(
      "sys-interval", "SECONDS", \.statusIntervalSeconds, 0...86_400,
      "time between two updates of $SYS; 0 is never"),
  ]

  private static let general: [Option<BrokerDraft>] =
    [
      .value(
        "threads", "COUNT", example: "4", default: "the number of cores",
        "most threads that serve connections; they join as load grows"
      ) { (draft, text) throws(ValueFault) in
        draft.options.threadLimit = try Values.number(text, 1...64)
      },
      .value(
        "min-threads", "COUNT", example: "2", default: "1",
        "threads that serve connections from the start, however little there is to do"
      ) { (draft, text) throws(ValueFault) in
        draft.options.threadMinimum = try Values.number(text, 1...64)
      },
      .value(
        "pid-file", "FILE", .file, example: "/run/mqtt.pid", "write the process number to FILE"
      ) { (draft, text) throws(ValueFault) in
        draft.options.pidFile = try Values.name(text, "a path")
      },
      .value(
        "user", "NAME", example: "mosquitto",
        "give up root's rights for those of NAME, once all is open"
      ) { (draft, text) throws(ValueFault) in
        draft.options.userName = try Values.name(text, "the name of an account")
      },
    ] + Option.information(helpLetter: "h")
}
