// The table of mosquitto.conf's options: general ones, those about who gets in, the log. The other
// rows stand in the extensions of this type.

import MQTTBroker
import MQTTCodec

/// All options of mosquitto.conf.
package enum MosquittoTable {
  /// All rows under their headings, in the order of the manual page.
  static let groups: [(heading: String, rows: [MosquittoOption])] = [
    ("General", general), ("Limits", limits), ("Who gets in", security), ("Log", log),
    ("Persistence", persistence), ("Listeners", listeners), ("TLS of listeners", tls),
    ("Plugins", plugins), ("Bridges", bridges),
  ]

  /// All rows.
  static let all: [MosquittoOption] = groups.flatMap(\.rows)

  /// The names, for advice; without those that are only beginnings.
  package static let names: [String] = all.filter { !$0.isPrefix }.map(\.name)

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  /// The row of an option.
  static func row(_ name: String) -> MosquittoOption? {
    byName[name] ?? all.first { $0.isPrefix && name.hasPrefix($0.name) && name != $0.name }
  }

  private static let general: [MosquittoOption] = [
    .words("include_dir", .general, "DIRECTORY", "reads all files *.conf in DIRECTORY") {
      (_, _) throws(ValueFault) in
    },
    MosquittoOption(
      name: "per_listener_settings", scope: .general,
      action: .truth { (draft, isOn) throws(ValueFault) in
        // Once on, it stays on.
        if draft.isPerListener { return }
        if isOn, draft.hasSecurity {
          throw ValueFault("it must stand before all options about who gets in")
        }
        draft.isPerListener = isOn
      }, defaultText: "false", isRepeatable: true,
      help: "makes the options about who gets in belong to listeners"),
    MosquittoOption.text(
      "user", "NAME", \.userName, default: "mosquitto",
      "the account that root gives its rights up for, once it listens"
    ).atStart(),
    MosquittoOption.text(
      "pid_file", "FILE", \.pidFile, "where the number of the process is written"
    ).atStart(),
    .truth(
      "set_tcp_nodelay", \.sendsSmallPackets, default: true,
      "whether small packets are sent at once"),
    .number("sys_interval", .general, 0...65_535, default: "10", "seconds between updates of $SYS")
    {
      (draft, seconds) throws(ValueFault) in
      draft.options.configuration.statusIntervalSeconds = seconds
    },
    .ignored(
      "retry_interval", .general, "SECONDS",
      because: "messages are sent again only when a client comes back"),
    .ignored(
      "websockets_log_level", .general, "N", because: "the WebSocket code is this program's own"),
    .number(
      "websockets_headers_size", .general, 0...65_535, default: "8192",
      "longest head of a WebSocket's request, at least 256; 0 is the default"
    ) { (draft, bytes) throws(ValueFault) in
      draft.headerLimitBytes = bytes == 0 ? nil : max(256, bytes)
    },
    .ignored(
      "packet_buffer_size", .general, "BYTES", because: "buffers take the size that they need"),
    .ignored(
      "enable_control_api", .general, "true | false", because: "requests to $CONTROL are refused"),
  ]

  /// A limit of mosquitto for which zero and less is none.
  private static func limit(
    _ name: String, default defaultText: String, none: Int,
    _ path: any WritableKeyPath<BrokerConfiguration, Int> & Sendable, _ help: String
  ) -> MosquittoOption {
    .number(
      name, .general, -MosquittoOption.largest...MosquittoOption.largest, default: defaultText,
      help + "; 0 is no limit"
    ) { (draft, number) throws(ValueFault) in
      draft.options.configuration[keyPath: path] = number > 0 ? number : none
    }
  }

  /// A limit of mosquitto for which less than zero is none.
  private static func cap(
    _ name: String, _ path: any WritableKeyPath<BrokerConfiguration, Int> & Sendable,
    _ help: String
  ) -> MosquittoOption {
    .number(
      name, .general, -MosquittoOption.largest...MosquittoOption.largest, default: "-1",
      help + "; -1 is no limit"
    ) { (draft, number) throws(ValueFault) in
      draft.options.configuration[keyPath: path] =
        number >= 0 ? number : BrokerConfiguration()[keyPath: path]
    }
  }

  private static let limits: [MosquittoOption] = [
    .number(
      "max_inflight_messages", .general, -MosquittoOption.largest...65_535, default: "20",
      "QoS 1 and 2 messages under way to one client, and from it, at once; 0 is no limit"
    ) { (draft, number) throws(ValueFault) in
      let limit = number > 0 ? UInt16(number) : .max
      draft.options.configuration.inFlightLimit = limit
      draft.options.configuration.receiveMaximum = limit
    },
    limit(
      "max_inflight_bytes", default: "0", none: 0, \.inFlightByteLimit,
      "bytes of payloads at QoS 1 and 2 under way to one client at once"),
    limit(
      "max_queued_messages", default: "1000", none: .max, \.queueMessageLimit,
      "messages at QoS 1 and 2 that wait for one client beyond those under way"),
    limit(
      "max_queued_bytes", default: "0", none: 0, \.queueByteLimit,
      "bytes of messages that wait for one client"),
    .number(
      "max_packet_size", .general, 20...MosquittoOption.largest, default: "2000000",
      "longest packet that is taken from a client"
    ) { (draft, bytes) throws(ValueFault) in
      draft.options.configuration.packetSizeLimit = min(bytes, FixedHeader.longestPacket)
    },
    MosquittoOption.number(
      "message_size_limit", .general, 0...VariableByteInteger.maximum, default: "0",
      "longest message that is passed on; a longer one is acknowledged and dropped; 0 is no limit"
    ) { (draft, bytes) throws(ValueFault) in
      draft.options.configuration.payloadSizeLimit = bytes > 0 ? bytes : nil
    }.replaced(by: "max_packet_size"),
    cap("global_max_clients", \.sessionLimit, "sessions, of clients that are connected or not"),
    cap("global_max_connections", \.connectionLimit, "connections at once"),
    .number(
      "max_keepalive", .general, 0...65_535, default: "65535", "longest keep alive; 0 is any"
    ) { (draft, seconds) throws(ValueFault) in
      draft.options.configuration.keepAliveLimitSeconds = UInt16(seconds)
    },
    .words(
      "persistent_client_expiration", .general, "TIME", default: "never",
      "forgets an absent client after TIME: a number and s, h, d, w, m (months) or y"
    ) { (draft, words) throws(ValueFault) in
      draft.options.configuration.sessionExpiryLimitSeconds = try Values.duration(words[0])
    },
    .truth(
      "queue_qos0_messages", \.configuration.queuesQoS0, default: false,
      "whether messages at QoS 0 wait for absent clients"),
    .truth(
      "retain_available", \.configuration.isRetainAvailable, default: true,
      "whether messages are retained at all"),
    .number("retain_expiry_interval", .general, 0...MosquittoOption.largest, "") {
      (_, _) throws(ValueFault) in
    }.ignored(because: "retained messages go as soon as their time is over"),
    .truth(
      "upgrade_outgoing_qos", \.configuration.upgradesQoS, default: false,
      "whether a message goes out at the subscription's QoS even if its own is lower"),
    .truth(
      "allow_duplicate_messages", \.configuration.allowsDuplicates, default: true,
      "whether a client with overlapping subscriptions gets a message once for each of them"
    ).replaced(by: "subscriptions that do not overlap"),
    .ignored(
      "memory_limit", .general, "BYTES",
      because: "memory is bounded by the limits of connections, queues and retained messages"),
  ]

  private static let security: [MosquittoOption] = [
    .truth(
      "allow_anonymous", security: \.allowsAnonymous, default: "false where a listener is named",
      "whether clients without a user name get in"),
    .text(
      "password_file", "FILE", security: \.passwordFile,
      "users and the hashes of their passwords, as mqtt broker passwd writes them"),
    .text("acl_file", "FILE", security: \.aclFile, "who may publish and subscribe to what"),
    .text("psk_file", "FILE", security: \.pskFile, "identities and keys of TLS-PSK"),
    .truth(
      "allow_zero_length_clientid", security: \.allowsEmptyClientIdentifier, default: "true",
      "whether a client may leave its identifier to the broker"),
    .text(
      "auto_id_prefix", "PREFIX", security: \.assignedIdentifierPrefix, default: "auto-",
      "what the identifiers that the broker assigns begin with"),
    .truth(
      "allow_empty_passwords", \.configuration.allowsEmptyPasswords, default: false,
      "whether a user whose password is the empty one gets in with it; mosquitto does not know this"
    ),
    .words(
      "client_id_owner", .general, "user | any", default: "any",
      "who may go on with the session of a client identifier: the user that made it, or whoever "
        + "names it; mosquitto does not know this"
    ) { (draft, words) throws(ValueFault) in
      draft.options.configuration.clientIdentifierOwner = try Values.choice(
        words[0], ["user": .user, "any": .anybody])
    },
    .truth(
      "check_retain_source", \.configuration.checksRetainSource, default: true,
      "whether a retained message is passed on only while its publisher may still publish it"),
    MosquittoOption(
      name: "clientid_prefixes", scope: .general,
      action: .text("PREFIX") { $0.access.clientIdentifierPrefixes = [$1] }, isRepeatable: false,
      replacement: "an access control list",
      help: "what the identifiers of clients must begin with"),
  ]

  private static let log: [MosquittoOption] = [
    .words(
      "log_dest", .general, "stderr | stdout | syslog | topic | file PATH | none",
      default: "stderr", "where the log goes; every further line adds a place, none takes all away"
    ) { (draft, words) throws(ValueFault) in try draft.addLogDestination(words) },
    .words(
      "log_type", .general, "error | warning | notice | information | subscribe | ... | all | none",
      default: "error, warning, notice and information",
      "what is logged: also unsubscribe, debug (every packet), websockets and internal; every "
        + "further line adds a kind, none takes all away"
    ) { (draft, words) throws(ValueFault) in try draft.addLogType(words[0]) },
    .number("log_facility", .general, 0...7, "the local facility of the system log") {
      (draft, number) throws(ValueFault) in draft.options.log.facility = number
    },
    .truth("log_timestamp", \.hasLogTime, default: true, "whether a line begins with its time"),
    .text(
      "log_timestamp_format", "FORMAT", \.logTimeFormat, default: "seconds since 1970",
      "the form of that time, as strftime has it"),
    .truth(
      "connection_messages", \.configuration.logsConnections, default: true,
      "whether connections and their ends are logged"),
  ]

  private static let isOnDisk = "what is acknowledged is on disk already"

  private static let persistence: [MosquittoOption] = [
    MosquittoOption.truth(
      "persistence", \.isPersistent, default: false,
      "whether sessions and messages outlive the process"
    ).atStart(),
    MosquittoOption.truth(
      "retained_persistence", \.isPersistent, default: false, "the same as persistence"
    ).atStart(),
    MosquittoOption.text(
      "persistence_location", "DIRECTORY", \.store.directory,
      "where what lasts is kept"
    ).atStart(),
    MosquittoOption.text(
      "persistence_file", "NAME", \.store.fileName, default: "mosquitto.db",
      "another name than the default keeps the data in a directory NAME.mqtt there; what mosquitto "
        + "has kept in NAME is taken over once, and NAME left as it is"
    ).atStart(),
    .number(
      "autosave_interval", .general, -MosquittoOption.largest...MosquittoOption.largest, ""
    ) { (_, _) throws(ValueFault) in }.ignored(because: isOnDisk),
    MosquittoOption.truth(
      "autosave_on_changes", \.ignoredChoice, default: false, ""
    ).ignored(because: isOnDisk),
  ]
}

extension BrokerOptions {
  /// The place of a choice that has no effect.
  fileprivate var ignoredChoice: Bool {
    get { false }
    set {}
  }

  /// The opposite of ``delaysSmallPackets``, as mosquitto puts it.
  var sendsSmallPackets: Bool {
    get { !delaysSmallPackets }
    set { delaysSmallPackets = !newValue }
  }

  fileprivate var isPersistent: Bool {
    get { !store.isInMemoryOnly }
    set {
      store.isInMemoryOnly = !newValue
      store.hasMosquittoFile = newValue
    }
  }

  fileprivate var hasLogTime: Bool {
    get { log.hasTime }
    set { log.hasTime = newValue }
  }

  fileprivate var logTimeFormat: String? {
    get { nil }
    set { if let newValue { log.time = .format(newValue) } }
  }
}

extension MosquittoDraft {
  fileprivate mutating func addLogDestination(_ words: [String]) throws(ValueFault) {
    let isFirst = !hasLogDestination
    hasLogDestination = true
    if ["dlt", "android"].contains(words[0]) {
      if isFirst { options.log.destinations = [] }
      return warnOnce("log_dest \(words[0])", "log_dest \(words[0]) has no effect on this system")
    }
    try options.log.add(destination: words, isFirst: isFirst)
  }

  fileprivate mutating func addLogType(_ word: String) throws(ValueFault) {
    try options.log.add(kind: word, isFirst: !hasLogType)
    hasLogType = true
    if ["websockets", "internal"].contains(word) {
      let name = "log_type \(word)"
      warnOnce(name, "\(name) has no effect: nothing is logged under it here")
    }
  }
}
