// The table of the options of `mqtt broker`. Every bound of the engine has a row here; where
// mosquitto.conf has a word for one, the option is that word with dashes.

import MQTTBroker
import MQTTCodec

extension BrokerDraft {
  /// All options, in the order of `--help`.
  static let table: [Option<BrokerDraft>] =
    listeners.grouped("Listeners") + tlsOptions.grouped("TLS")
    + accessOptions.grouped("Users and access") + (limits + loginLimits).grouped("Limits")
    + choices.grouped("Protocol") + general.grouped("General")

  private static let defaults = BrokerConfiguration()

  private static let listeners: [Option<BrokerDraft>] = [
    .value(
      "port", letter: "p", "PORT", example: "1883", default: "1883", repeatable: true,
      "wait for clients of this machine on PORT"
    ) { (draft, text) throws(ValueFault) in
      let port: UInt16 = try Values.number(text, 1...65_535)
      draft.options.listeners.append(ListenerOptions(.loopback(port: port)))
    },
    .value(
      "listen", "[ADDRESS:]PORT", example: "0.0.0.0:1883", repeatable: true,
      "wait on ADDRESS, or on every address of this machine",
      manual: "An IPv6 address stands in brackets: [::1]:1883."
    ) { (draft, text) throws(ValueFault) in
      draft.options.listeners.append(ListenerOptions(try place(text)))
    },
    .value(
      "unix", "PATH", .file, example: "/tmp/mqtt.sock", repeatable: true,
      "wait on a Unix domain socket"
    ) { (draft, text) throws(ValueFault) in
      let path = try Values.name(text, "the path of a socket")
      draft.options.listeners.append(ListenerOptions(.unix(path: path)))
    },
  ]

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
      draft.options.tls.certificateFile = try Values.name(text, "a path")
      draft.tlsDetail = "--cert"
    },
    .value(
      "key", aliases: ["keyfile"], "FILE", .file, example: "server.key",
      "the private key of the certificate, in PEM"
    ) { (draft, text) throws(ValueFault) in
      draft.options.tls.keyFile = try Values.name(text, "a path")
      draft.tlsDetail = "--key"
    },
    .value(
      "cafile", "FILE", .file, example: "ca.crt",
      "ask clients for a certificate signed by one of these"
    ) { (draft, text) throws(ValueFault) in
      draft.options.tls.caFile = try Values.name(text, "a path")
      draft.tlsDetail = "--cafile"
    },
    .flag(
      "require-cert", aliases: ["require-certificate"],
      "turn clients without such a certificate away"
    ) {
      $0.options.tls.requiresCertificate = true
      $0.tlsDetail = "--require-cert"
    },
    .value(
      "tls-keylog", "FILE", .file, example: "keys.log", default: "$SSLKEYLOGFILE",
      "append the secrets of all sessions to FILE, for Wireshark"
    ) { (draft, text) throws(ValueFault) in
      draft.options.tls.keyLogFile = try Values.name(text, "a path")
      draft.tlsDetail = "--tls-keylog"
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
      "max-packet-size", "BYTES", \.packetSizeLimit, 20...268_435_460,
      "longest packet that is taken from a client"),
    bound(
      "max-inflight-messages", "COUNT", \.inFlightLimit, 1...65_535,
      "QoS 1 and 2 messages under way to one client at once"),
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
    bound("max-retained-messages", "COUNT", \.retainedLimit, 0...(.max), "retained messages"),
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

  private static let choices: [Option<BrokerDraft>] = [
    .value(
      "max-qos", "QOS", .choices(["0", "1", "2"]), example: "1",
      default: "\(defaults.maximumQoS.rawValue)", "highest quality of service"
    ) { (draft, text) throws(ValueFault) in
      draft.options.configuration.maximumQoS = try Values.qos(text)
    },
    bound(
      "max-topic-alias", "COUNT", \.topicAliasMaximum, 0...65_535,
      "topic aliases that a client may make"),
    bound(
      "max-topic-alias-broker", "COUNT", \.outgoingTopicAliasMaximum, 0...65_535,
      "topic aliases that we make towards a client"),
    choice("retain-available", \.isRetainAvailable, "whether retained messages are kept at all"),
    choice("queue-qos0-messages", \.queuesQoS0, "whether QoS 0 messages wait for absent clients"),
    choice(
      "allow-zero-length-clientid", \.allowsEmptyClientIdentifier,
      "whether a client may leave its identifier to us"),
    .value(
      "auto-id-prefix", "PREFIX", example: "auto-",
      default: defaults.assignedIdentifierPrefix, "what the identifiers that we assign begin with"
    ) { (draft, text) throws(ValueFault) in
      if text.utf8.count > 1000 { throw .expected("at most 1000 bytes") }
      draft.options.configuration.assignedIdentifierPrefix = text
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
      .flag("memory", "keep everything in memory and nothing on disk; this is always so") { _ in },
      .flag("verbose", letter: "v", "log every packet, with its client and its direction") {
        $0.options.isVerbose = true
      },
      .flag("quiet", letter: "q", "log nothing but errors") { $0.options.isQuiet = true },
    ] + Option.information(helpLetter: "h")
}
