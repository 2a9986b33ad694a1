// The rows about what is kept, about bounds, about the protocol, the log, and the process.

import MQTTBroker
import MQTTCodec
import Text

extension Setting {
  /// What needs a store, and so makes one.
  private var needingStore: Setting { with(.broker(.opposite(\.store.isInMemoryOnly))) }

  private static let isOnDisk = "what is acknowledged is on disk already"

  static let persistence: [Setting] = [
    Setting(
      "keep sessions, their messages and retained messages in DIR", .text("a path"),
      .broker(.text(\.store.directory)),
      manual: """
        PORT is that of the first listener. $XDG_STATE_HOME takes the place of ~/.local/state when \
        it is set. One broker at a time can have a directory.
        """
    ).option("data", "DIR", .directory, example: "/var/lib/mqtt")
      .by(default: "~/.local/state/mqtt/broker-PORT").needingStore
      .word("persistence_location", value: "DIRECTORY", help: "where what lasts is kept").atStart,
    Setting(
      "keep everything in memory and nothing on disk", .truth,
      .broker(.opposite(\.store.isInMemoryOnly)),
      manual: "What clients were promised is then lost when the broker ends, however it ends."
    ).flag("memory", false)
      .word("persistence", help: "whether sessions and messages outlive the process").atStart
      .inFileWith(.broker(.truth(\.store.hasMosquittoFile))).withFile(.truth(false)),
    Setting("the same as persistence", .truth, .broker(.opposite(\.store.isInMemoryOnly)))
      .word("retained_persistence").atStart
      .inFileWith(.broker(.truth(\.store.hasMosquittoFile))).withFile(.truth(false)),
    Setting("", .text("a name"), .broker(.text(\.store.fileName)))
      .word(
        "persistence_file", value: "NAME",
        help: "another name than the default keeps the data in a directory NAME.mqtt there; what "
          + "mosquitto has kept in NAME is taken over once, and NAME left as it is"
      ).by(default: "mosquitto.db").atStart,
    Setting(
      "acknowledge when the disk has it, or sooner: full, normal, off",
      .choice(SynchronizationMode.allCases.map(\.rawValue)),
      .broker(.word(\.store.synchronization)),
      manual: """
        With full nothing that was acknowledged is lost, not even by a power cut. With normal and \
        off a broker that crashes or is killed loses nothing, but a power cut or a crash of the \
        system loses what was acknowledged in the last seconds: with normal since the last \
        checkpoint, and the store stays whole; with off what the system had not written yet, and \
        the store may be damaged.
        """
    ).option("sync", "WHEN", example: "normal").needingStore,
    Setting(
      "do not start with a store that is damaged", .truth, .broker(.truth(\.store.isStrict)),
      manual: """
        Otherwise what is readable is kept, the damaged file is set aside, and the log tells how \
        much was lost.
        """
    ).flag("strict-store").needingStore,
    ignored(
      "autosave_interval", value: "N", .number(-FileWord.largest...FileWord.largest),
      because: isOnDisk),
    ignored(
      "autosave_on_changes", value: "true | false", .truth, because: isOnDisk),
  ]

  /// A bound of the engine.
  private static func bound<N: FixedWidthInteger & SendableMetatype>(
    _ help: String, _ range: ClosedRange<Int>,
    _ path: any WritableKeyPath<BrokerSettings, N> & Sendable, manual: String = ""
  ) -> Setting {
    Setting(help, .number(range), .broker(.number(path)), manual: manual)
  }

  static let limits: [Setting] = [
    bound("clients at once", 1...(.max), \.configuration.connectionLimit).option(
      "max-connections", "COUNT"
    )
    .word(
      "global_max_connections", .process,
      .cap(none: .number(BrokerConfiguration().connectionLimit)), default: "-1",
      help: "connections at once; -1 is no limit"),
    bound("sessions, of connected and of absent clients", 1...(.max), \.configuration.sessionLimit)
      .option("max-sessions", "COUNT")
      .word(
        "global_max_clients", .process,
        .cap(none: .number(BrokerConfiguration().sessionLimit)), default: "-1",
        help: "sessions, of clients that are connected or not; -1 is no limit"),
    bound(
      "longest packet that is taken from a client", 20...FixedHeader.longestPacket,
      \.configuration.packetSizeLimit
    ).option("max-packet-size", "BYTES")
      .word(
        "max_packet_size", .process,
        .number(20...FileWord.largest) { .number(min($0, FixedHeader.longestPacket)) }),
    bound(
      "QoS 1 and 2 messages under way to one client at once", 1...65_535,
      \.configuration.inFlightLimit
    )
    .option("max-inflight-messages", "COUNT")
    .word(
      "max_inflight_messages", .process,
      .number(-FileWord.largest...65_535) { .number($0 > 0 ? $0 : 65_535) },
      help: "QoS 1 and 2 messages under way to one client, and from it, at once; 0 is no limit"
    ).inFileWith(.broker(.number(\.configuration.receiveMaximum))).withFile(.number(20)),
    bound(
      "bytes of QoS 1 and 2 payloads under way to one client; 0 is no limit", 0...(.max),
      \.configuration.inFlightByteLimit
    ).option("max-inflight-bytes", "BYTES")
      .word(
        "max_inflight_bytes", .process, .limit(none: .number(0)),
        help: "bytes of payloads at QoS 1 and 2 under way to one client at once; 0 is no limit"),
    Setting(
      "longest message that is passed on; a longer one is dropped",
      .number(1...VariableByteInteger.maximum),
      .broker(.number(\.configuration.payloadSizeLimit)),
      manual: """
        It is acknowledged, to a client of MQTT 5 with reason code 0x83. A client with a longer will \
        is refused: reason code 0x95, before MQTT 5 return code 5.
        """
    ).option("message-size-limit", "BYTES", example: "65536").by(default: "none")
      .word(
        "message_size_limit", .process,
        .number(0...VariableByteInteger.maximum) { $0 > 0 ? .number($0) : .unset }, default: "0",
        help: "longest message that is passed on; a longer one is acknowledged and dropped; 0 is "
          + "no limit"
      ).replaced(by: "max_packet_size"),
    bound(
      "QoS 1 and 2 messages that one client may have under way to us", 1...65_535,
      \.configuration.receiveMaximum
    ).option("receive-maximum", "COUNT").withFile(.number(20)),
    bound(
      "QoS 1 and 2 messages that wait for one client", 0...(.max), \.configuration.queueMessageLimit
    )
    .option("max-queued-messages", "COUNT")
    .word(
      "max_queued_messages", .process, .limit(none: .number(.max)),
      help: "messages at QoS 1 and 2 that wait for one client beyond those under way; 0 is no "
        + "limit"
    ).withFile(.number(1000)),
    bound(
      "bytes of messages that wait for one client; 0 is no limit", 0...(.max),
      \.configuration.queueByteLimit
    ).option("max-queued-bytes", "BYTES")
      .word("max_queued_bytes", .process, .limit(none: .number(0))).withFile(.number(0)),
    bound(
      "bytes that wait for a slow connection before QoS 0 is dropped", 0...(.max),
      \.configuration.outboxByteLimit
    ).option("max-outbox-bytes", "BYTES"),
    bound(
      "retained messages", 0...(.max), \.configuration.retainedLimit,
      manual: """
        Beyond, a client of MQTT 5 is told reason code 0x97 at QoS 1 and 2, and its message goes to \
        nobody. Others cannot be told: theirs is passed on without being retained, and the log \
        says so.
        """
    ).option("max-retained-messages", "COUNT"),
    bound("subscriptions of one client", 1...(.max), \.configuration.subscriptionLimit)
      .option("max-subscriptions", "COUNT"),
    bound("levels of a topic or a topic filter", 1...65_535, \.configuration.topicLevelLimit)
      .option("max-topic-levels", "COUNT"),
    bound(
      "longest keep alive; 0 is any", 0...65_535, \.configuration.keepAliveLimitSeconds,
      manual: "A client of MQTT 5 that asks for more is told this; an older one is refused."
    ).option("max-keepalive", "SECONDS").word("max_keepalive").withFile(.number(65_535)),
    bound(
      "time that a connection has to send CONNECT", 1...3600, \.configuration.connectTimeoutSeconds
    )
    .option("connect-timeout", "SECONDS"),
    Setting(
      "forget an absent client after TIME: a number and s, h, d, w, m or y",
      .read { (text) throws(ValueFault) in .number(Int(try Values.duration(text))) },
      .broker(.duration(\.configuration.sessionExpiryLimitSeconds)),
      manual: "m is a month of 30 days and y a year of 365, as in mosquitto.conf."
    ).option("persistent-client-expiration", "TIME", example: "2w").by(default: "never")
      .word(
        "persistent_client_expiration",
        help: "forgets an absent client after TIME: a number and s, h, d, w, m (months) or y"),
    ignored(
      "memory_limit", value: "BYTES",
      because: "memory is bounded by the limits of connections, queues and retained messages"),
  ]

  /// Limits that hold before a client has said who it is.
  static let loginLimits: [Setting] = [
    bound(
      "connections without CONNECT; beyond, the one silent longest is closed", 1...(.max),
      \.configuration.unidentifiedConnectionLimit
    ).option("max-unidentified-connections", "COUNT"),
    bound(
      "connections from one address; 0 is no limit", 0...(.max),
      \.configuration.connectionsPerAddressLimit,
      manual: "An IPv6 network of 64 bits counts as one address."
    ).option("max-connections-per-address", "COUNT"),
    bound(
      "longest packet that is taken before a client is in", 20...FixedHeader.longestPacket,
      \.configuration.connectPacketSizeLimit
    ).option("max-connect-size", "BYTES"),
    bound(
      "logins whose password waits to be checked", 1...(.max), \.configuration.waitingLoginLimit
    )
    .option("max-waiting-logins", "COUNT"),
    bound(
      "decisions of the access list that are remembered, all clients together", 1...(.max),
      \.configuration.decisionCacheLimit
    ).option("max-cached-decisions", "COUNT"),
  ]

  /// A choice of the engine.
  private static func choice(
    _ help: String, _ path: any WritableKeyPath<BrokerSettings, Bool> & Sendable
  ) -> Setting {
    Setting(help, .truth, .broker(.truth(path)))
  }

  private static func highestQoS(_ word: String) -> Setting {
    Setting("highest quality of service", .choice(["0", "1", "2"]), .listener(.maximumQoS))
      .word(word, .listener, .number(0...2) { .text("\($0)") })
  }

  /// A number of topic aliases.
  private static func aliases(
    _ help: String, _ path: any WritableKeyPath<ListenerSetup, UInt16> & Sendable
  ) -> Setting {
    Setting(help, .number(0...65_535), .listener(.number(path)))
  }

  static let conversation: [Setting] = [
    highestQoS("max_qos").option("max-qos", "QOS", example: "1"),
    highestQoS("maximum_qos").replaced(by: "max_qos"),
    aliases("topic aliases that a client may make", \.terms.topicAliasMaximum)
      .option("max-topic-alias", "COUNT").word("max_topic_alias", .listener),
    aliases(
      "topic aliases that we make towards a client", \.terms.outgoingTopicAliasMaximum
    ).option("max-topic-alias-broker", "COUNT").word("max_topic_alias_broker", .listener),
    choice("whether retained messages are kept at all", \.configuration.isRetainAvailable)
      .option("retain-available", "BOOLEAN").word("retain_available"),
    ignored(
      "retain_expiry_interval", value: "N", .number(0...FileWord.largest),
      because: "retained messages go as soon as their time is over"),
    choice(
      "whether a message goes out at the subscription's QoS even if its own is lower",
      \.configuration.upgradesQoS
    ).option("upgrade-outgoing-qos", "BOOLEAN").word("upgrade_outgoing_qos"),
    choice(
      "whether overlapping subscriptions bring a message several times",
      \.configuration.allowsDuplicates
    ).option("allow-duplicate-messages", "BOOLEAN").word("allow_duplicate_messages")
      .replaced(by: "subscriptions that do not overlap").withFile(.truth(true)),
    choice("whether QoS 0 messages wait for absent clients", \.configuration.queuesQoS0)
      .option("queue-qos0-messages", "BOOLEAN").word("queue_qos0_messages"),
    Setting(
      "whether a client may leave its identifier to us", .truth,
      .listener(.truth(\.terms.allowsEmptyClientIdentifier))
    ).option("allow-zero-length-clientid", "BOOLEAN")
      .word("allow_zero_length_clientid", .security),
    Setting(
      "what the identifiers that we assign begin with",
      .read { (text) throws(ValueFault) in
        if text.utf8.count > 1000 { throw .expected("at most 1000 bytes") }
        return .text(text)
      }, .listener(.text(\.terms.assignedIdentifierPrefix))
    ).option("auto-id-prefix", "PREFIX").word("auto_id_prefix", .security, .line),
    Setting(
      "what the identifiers that are assigned here begin with", .text("a prefix"),
      .listener(.text(\.terms.assignedIdentifierPrefix))
    ).word(
      "listener_auto_id_prefix", .listener, value: "PREFIX", default: "that of auto_id_prefix"),
    bound(
      "time between two updates of $SYS; 0 is never", 0...86_400,
      \.configuration.statusIntervalSeconds
    ).option("sys-interval", "SECONDS").word("sys_interval", .process, .number(0...65_535)),
    ignored(
      "retry_interval", value: "SECONDS",
      because: "messages are sent again only when a client comes back"),
  ]

  static let log: [Setting] = [
    Setting(
      "where the log goes; every further line adds a place, none takes all away",
      .gathered { (text, before) throws(ValueFault) in
        ["dlt", "android"].contains(text) ? before : try LogSettings.adding(place: text, to: before)
      }, .broker(.logDestinations)
    ).word(
      "log_dest", .process,
      .words { .text($0[0] == "file" ? $0.joined(separator: " ") : $0[0]) },
      value: "stderr | stdout | syslog | topic | file PATH | none"
    ).noting {
      ["dlt", "android"].contains($0) ? "log_dest \($0) has no effect on this system" : nil
    },
    Setting(
      "write the log to PLACE",
      .gathered { (text, before) throws(ValueFault) in
        if text.hasPrefix("file") { throw ValueFault("a file is named with --log-file") }
        return try LogSettings.adding(place: text, to: before)
      }, .broker(.logDestinations),
      manual: """
        Every further one adds a place, and none takes all away. topic publishes the log under \
        $SYS/broker/log.
        """
    ).option(
      "log-dest", "PLACE", .choices(["stderr", "stdout", "syslog", "topic", "none"]),
      example: "syslog"
    ).repeatable,
    Setting(
      "write the log to FILE",
      .gathered { (text, before) throws(ValueFault) in
        try LogSettings.adding(place: "file " + (try Values.name(text, "a path")), to: before)
      }, .broker(.logDestinations)
    ).option("log-file", "FILE", .file, example: "/var/log/mqtt.log").by(default: ""),
    Setting(
      "log lines of KIND",
      .gathered { (text, before) throws(ValueFault) in
        try LogSettings.adding(kind: text, to: before)
      }, .broker(.logLevels),
      manual: """
        Every further one adds a kind, and none takes all away. debug is every packet; nothing is \
        logged as websockets or internal.
        """
    ).option(
      "log-type", "KIND", .choices(LogSettings.kinds.map(\.key) + ["all", "none"]),
      example: "error"
    ).by(default: "error, warning, notice and information").repeatable
      .word(
        "log_type",
        value: "error | warning | notice | information | subscribe | ... | all | none",
        default: "error, warning, notice and information",
        help: "what is logged: also unsubscribe, debug (every packet), websockets and internal; "
          + "every further line adds a kind, none takes all away"
      ).withFile(.texts(["error", "warning", "notice", "information"]))
      .noting {
        ["websockets", "internal"].contains($0)
          ? "log_type \($0) has no effect: nothing is logged under it here" : nil
      },
    Setting(
      "the local facility of the system log", .number(0...7), .broker(.number(\.log.facility))
    ).option(
      "log-facility", "NUMBER", .choices((0...7).map { "\($0)" }), example: "0"
    ).by(default: "daemon").word("log_facility"),
    choice("whether a line begins with its time", \.log.hasTime)
      .option("log-timestamp", "BOOLEAN").word("log_timestamp"),
    Setting(
      "the form of that time, as strftime has it",
      .read { (text) throws(ValueFault) in try LogSettings.timeFormat(text) }, .broker(.logTime)
    ).option("log-timestamp-format", "FORMAT", example: "%Y-%m-%dT%H:%M:%S")
      .with(.broker(.truth(\.log.hasTime)))
      .word(
        "log_timestamp_format", .process,
        .text { (text) throws(ValueFault) in try LogSettings.timeFormat(text) },
        default: "seconds since 1970"
      ).withFile(.unset),
    choice("whether connections and their ends are logged", \.configuration.logsConnections)
      .option("connection-messages", "BOOLEAN").word("connection_messages"),
    choice("log every packet, with its client and its direction", \.isVerbose)
      .flag("verbose", letter: "v"),
    choice("log nothing but errors", \.isQuiet).flag("quiet", letter: "q"),
  ]

  static let process: [Setting] = [
    Setting(
      "most threads that serve connections; they join as load grows", .number(1...64),
      .broker(.number(\.threadLimit))
    ).option("threads", "COUNT", example: "4").by(default: "the number of cores"),
    Setting(
      "threads that serve connections from the start, however little there is to do",
      .number(1...64), .broker(.number(\.threadMinimum))
    ).option("min-threads", "COUNT", example: "2"),
    Setting("write the process number to FILE", .text("a path"), .broker(.text(\.pidFile)))
      .option("pid-file", "FILE", .file, example: "/run/mqtt.pid")
      .word("pid_file", help: "where the number of the process is written").atStart,
    Setting(
      "give up root's rights for those of NAME, once all is open",
      .text("the name of an account"), .broker(.text(\.userName))
    ).option("user", "NAME", example: "mosquitto")
      .word("user", help: "the account that root gives its rights up for, once it listens")
      .atStart.withFile(.text("mosquitto")),
  ]
}

extension Field<BrokerSettings> {
  /// A number of seconds, which is shown with its unit.
  static func duration(_ path: Path<UInt32?>) -> Field {
    Field(path: path) {
      $0[keyPath: path].map { .text("\($0)s") } ?? .unset
    } set: {
      $0[keyPath: path] = $1.number.map { UInt32(clamping: $0) }
    }
  }

  static var logDestinations: Field {
    Field(path: \BrokerSettings.log.destinations) { settings in
      let texts = settings.log.destinations.map(\.text)
      return .texts(texts.isEmpty ? ["none"] : texts)
    } set: { settings, value in
      settings.log.destinations = value.texts.compactMap { LogSettings.Destination($0) }
    }
  }

  static var logLevels: Field {
    Field(path: \BrokerSettings.log.levels) { settings in
      guard let levels = settings.log.levels else { return .unset }
      let texts = LogSettings.kinds.filter { $0.value.map(levels.contains) ?? false }.map(\.key)
      return .texts(texts.isEmpty ? ["none"] : texts)
    } set: { settings, value in
      settings.log.levels = value.texts.compactMap { text in
        LogSettings.kinds.first { $0.key == text }.flatMap(\.value)
      }
    }
  }

  /// The form of a time; where nothing is said, as mosquitto writes it.
  static var logTime: Field {
    Field(path: \BrokerSettings.log.time) { settings in
      switch settings.log.time {
      case .utc: .text("UTC by RFC 3339")
      case .unixSeconds: .text("seconds since 1970")
      case .format(let format): .text(format)
      }
    } set: { settings, value in
      settings.log.time = value.text.map { .format($0) } ?? .unixSeconds
    }
  }
}

extension Field<ListenerSetup> {
  static var maximumQoS: Field {
    Field(path: \ListenerSetup.terms.maximumQoS) { listener in
      .text("\(listener.terms.maximumQoS.rawValue)")
    } set: { listener, value in
      let qos = value.text.flatMap { UInt8($0) }.flatMap(QoS.init(rawValue:))
      listener.terms.maximumQoS = qos ?? .exactlyOnce
    }
  }
}

extension LogSettings {
  /// A format of strftime, of a length that its result surely fits a line.
  static func timeFormat(_ text: String) throws(ValueFault) -> SettingValue {
    if text.utf8.count > 200 { throw .expected("at most 200 bytes") }
    return .text(try Values.name(text, "a format"))
  }
}
