// The options of `mqtt broker` about its log.

import MQTTBroker

extension BrokerDraft {
  static let logOptions: [Option<BrokerDraft>] = [
    .value(
      "log-dest", "PLACE", .choices(["stderr", "stdout", "syslog", "topic", "none"]),
      example: "syslog", default: "stderr", repeatable: true, "write the log to PLACE",
      manual: """
        Every further one adds a place, and none takes all away. topic publishes the log under \
        $SYS/broker/log.
        """
    ) { (draft, text) throws(ValueFault) in
      if text.hasPrefix("file") { throw ValueFault("a file is named with --log-file") }
      try draft.add(logDestination: [text])
    },
    .value(
      "log-file", "FILE", .file, example: "/var/log/mqtt.log", "write the log to FILE"
    ) { (draft, text) throws(ValueFault) in
      try draft.add(logDestination: ["file", try Values.name(text, "a path")])
    },
    .value(
      "log-type", "KIND", .choices(LogOptions.kinds.map(\.key) + ["all", "none"]),
      example: "error", default: "error, warning, notice and information", repeatable: true,
      "log lines of KIND",
      manual: """
        Every further one adds a kind, and none takes all away. debug is every packet; nothing is \
        logged as websockets or internal.
        """
    ) { (draft, text) throws(ValueFault) in
      try draft.options.log.add(kind: text, isFirst: !draft.hasLogType)
      draft.hasLogType = true
    },
    .value(
      "log-facility", "NUMBER", .choices((0...7).map { "\($0)" }), example: "0", default: "daemon",
      "the local facility of the system log"
    ) { (draft, text) throws(ValueFault) in
      draft.options.log.facility = try Values.number(text, 0...7)
      draft.hasLogFacility = true
    },
    .value(
      "log-timestamp", "BOOLEAN", .choices(["true", "false"]), example: "false", default: "true",
      "whether a line begins with its time"
    ) { (draft, text) throws(ValueFault) in
      draft.options.log.hasTime = try Values.truth(text)
    },
    .value(
      "log-timestamp-format", "FORMAT", example: "%Y-%m-%dT%H:%M:%S", default: "UTC by RFC 3339",
      "the form of that time, as strftime has it"
    ) { (draft, text) throws(ValueFault) in
      if text.utf8.count > 200 { throw .expected("at most 200 bytes") }
      draft.options.log.time = .format(try Values.name(text, "a format"))
      draft.options.log.hasTime = true
    },
    .value(
      "connection-messages", "BOOLEAN", .choices(["true", "false"]), example: "false",
      default: "true", "whether connections and their ends are logged"
    ) { (draft, text) throws(ValueFault) in
      draft.options.configuration.logsConnections = try Values.truth(text)
    },
    .flag("verbose", letter: "v", "log every packet, with its client and its direction") {
      $0.options.isVerbose = true
    },
    .flag("quiet", letter: "q", "log nothing but errors") { $0.options.isQuiet = true },
  ]

  private mutating func add(logDestination words: [String]) throws(ValueFault) {
    try options.log.add(destination: words, isFirst: !hasLogDestination)
    hasLogDestination = true
  }
}
