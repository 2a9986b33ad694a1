// The table of the options of `mqtt sub`.

import ClientStorage
import MQTTCodec
import Text

extension SubscribeDraft {
  /// All options, in the order of `--help`.
  static let table: [Option<SubscribeDraft>] =
    subscription.grouped("Subscription") + storing.grouped("Database")
    + ending.grouped("When to stop")
    + output.grouped("Output") + ConnectionDraft.table().lifted()
    + (ConnectionDraft.diagnosis.lifted() + general).grouped("General")

  private static let packets: [PropertyPacket] = [
    .connect, .subscribe, .unsubscribe, .will, .disconnect,
  ]

  private static let subscription: [Option<SubscribeDraft>] = [
    .value(
      "topic", letter: "t", "FILTER", example: "'sensor/#'", repeatable: true,
      "topic filter to subscribe to"
    ) { (draft, text) throws(ValueFault) in draft.filters.append(try Values.filter(text)) },
    .value(
      "qos", letter: "q", "QOS", .choices(["0", "1", "2"]), example: "1", default: "0",
      repeatable: true, "highest quality of service to receive: 0, 1 or 2",
      manual: """
        A single -q holds for all filters. Of several, one before the first filter is the \
        default, and each other one holds for the filters between it and the -q before it, as \
        in -t a -q 1 -t b -q 2.
        """
    ) { (draft, text) throws(ValueFault) in
      draft.qualities.append((draft.filters.count, try Values.qos(text)))
    },
    .value(
      "unsubscribe", letter: "U", "FILTER", example: "'sensor/#'", repeatable: true,
      "unsubscribe from a filter, after all subscriptions",
      manual: "For a session that was left behind with -c; only a filter that was subscribed to."
    ) { (draft, text) throws(ValueFault) in
      draft.options.unsubscribe.append(try Values.filter(text))
    },
    .flag("no-local", "do not receive what this client publishes (MQTT 5)") { $0.noLocal = true },
    .flag(
      "retain-as-published",
      "see the retain flag as the publisher set it (MQTT 5)",
      manual: "Without it the flag says that the message was stored before the subscription."
    ) {
      $0.retainAsPublished = true
    },
    .value(
      "retain-handling", "WHEN", .choices(["always", "new", "never"]), example: "new",
      default: "always, or never with -R",
      "when to send retained messages: always, new or never (MQTT 5)",
      manual: "new means only when the subscription did not exist before."
    ) { (draft, text) throws(ValueFault) in
      draft.retainHandling = try Values.choice(
        text, ["always": RetainHandling.always, "new": .ifNew, "never": .never])
    },
    .value(
      "subscription-identifier", "NUMBER", example: "7",
      "number that marks the messages of these filters (MQTT 5)", manual: "Shown by %S."
    ) { (draft, text) throws(ValueFault) in
      let argument = try PropertyArgument(
        ["subscribe", "subscription-identifier", text], allowed: packets)
      try draft.connection.take(argument)
      try argument.add(to: &draft.options.subscribeProperties)
    },
    .property(packets) { (draft, argument) throws(ValueFault) in
      try draft.connection.take(argument)
      switch argument.packet {
      case .subscribe: try argument.add(to: &draft.options.subscribeProperties)
      case .unsubscribe: try argument.add(to: &draft.options.unsubscribeProperties)
      case .connect, .publish, .will, .disconnect: break
      }
    },
  ]

  private static let storing: [Option<SubscribeDraft>] =
    [
      .value(
        "sqlite", "FILE", .file, example: "readings.db",
        "store each message exactly once as a row of a SQLite database",
        manual: """
          The session is kept in the same database and changes in the same transaction as the \
          rows, and the broker is answered after that: whatever is killed, no row is missing and \
          none is there twice. Quality of service is 2 unless -q says otherwise.
          """
      ) { (draft, text) throws(ValueFault) in
        draft.databaseFile = try Values.name(text, "the path of a database")
      },
      .value(
        "table", "NAME", example: "readings", default: "messages", "the table of --sqlite",
        manual: "It is made when it is not there, and used when its columns fit."
      ) { (draft, text) throws(ValueFault) in
        draft.table = try Values.table(text)
      },
      .value(
        "columns", "LIST", example: "'temperature=$.temperature,pressure=$.pressure'",
        repeatable: true, "columns of that table for parts of a JSON payload",
        manual: """
          Each is the name of a column, its type in SQL if the table is to be made with one, and the \
          path of the value, as in 'pressure REAL=$.pressure[0].bar'. A part that is not there is \
          NULL.
          """
      ) { (draft, text) throws(ValueFault) in
        draft.columns += try PayloadColumn.list(text)
      },
    ]
    + Option.redis(
      "append each message exactly once to a list in Redis",
      """
      Each element is a line of JSON as --json prints it. The session is kept in Redis as well and \
      changes in the same transaction as the list. What Redis has acknowledged lasts as well as \
      Redis is told to keep it: appendonly and appendfsync always.
      """, list: "readings", server: { $0.redis = $1 }, key: { $0.listKey = $1 })

  private static let ending: [Option<SubscribeDraft>] = [
    .value("count", letter: "C", "COUNT", example: "1", "end after COUNT messages") {
      (draft, text) throws(ValueFault) in
      draft.options.count = try Values.number(text, 1...Int(Int32.max))
    },
    .value(
      "timeout", letter: "W", "SECONDS", example: "10", "end after SECONDS, with exit status 27"
    ) { (draft, text) throws(ValueFault) in
      draft.options.timeoutSeconds = try Values.seconds(text, 0.001...31_536_000)
    },
    .value(
      "idle", "SECONDS", example: "5", "end after SECONDS without a message",
      manual: "The time begins when the broker has taken the subscriptions."
    ) { (draft, text) throws(ValueFault) in
      draft.options.idleSeconds = try Values.seconds(text, 0.001...31_536_000)
    },
    .value(
      "until", "CONDITION", example: "'$.temperature > 30'",
      "end after the first message of which CONDITION is true",
      manual: "That message is still printed. Conditions are explained under CONDITIONS."
    ) { (draft, text) throws(ValueFault) in
      draft.options.until = try Values.condition(text, ExpressionField.message)
    },
    .flag(
      "exit-after-subscribe", letter: "E", "end when the broker has taken all subscriptions",
      manual: "With -c this makes a session that collects messages for later."
    ) {
      $0.options.exitsAfterSuback = true
    },
    .flag("retained-only", "print retained messages only, and end at the first other one") {
      $0.options.retainedOnly = true
    },
  ]

  private static let output: [Option<SubscribeDraft>] = [
    .flag("verbose", letter: "v", "print the topic before each message") { $0.isVerbose = true },
    .value(
      "format", letter: "F", "FORMAT", example: "'%t: %p'",
      "how to print a message: %t topic, %p payload, %J JSON; the manual lists all",
      manual: "They are under OUTPUT FORMAT."
    ) { (draft, text) throws(ValueFault) in
      _ = try OutputFormat(text, isVerbose: false, isPretty: false, endsLines: true)
      draft.formatText = text
    },
    .flag(
      "json", "print each message as a JSON object on a line",
      manual: """
        With time, topic, QoS, retain flag, payload and properties, as mqtt pub --jsonl takes \
        them. A payload that is not UTF-8 is in payload-base64.
        """
    ) { (draft) throws(ValueFault) in try draft.take("--json", .json) },
    .value(
      "record", "FILE", .file, example: "day.jsonl",
      "record messages in FILE, for mqtt pub --replay",
      manual: """
        The lines are those of --json, exact to the byte and the nanosecond. They are added to a \
        file that exists. Retain flags are as the publishers set them (MQTT 5). A message is \
        acknowledged when its line is written.
        """
    ) { (draft, text) throws(ValueFault) in
      try draft.take("--record", .recording(try Values.name(text, "the path of a file")))
      draft.retainAsPublished = true
    },
    .flag(
      "top", "show a table of topics with their counts, rates and last messages",
      manual: """
        On a terminal it is drawn anew each second, the busiest topic first, and the keys r, m, b \
        and t sort it by rate, messages, bytes and topic; otherwise it is printed once, at the end.
        """
    ) { (draft) throws(ValueFault) in try draft.take("--top", .table) },
    .value(
      "where", "CONDITION", example: "'qos == 2 && payload contains \"error\"'",
      "pass over messages of which CONDITION is not true",
      manual: "Conditions are explained under CONDITIONS."
    ) { (draft, text) throws(ValueFault) in
      draft.options.condition = try Values.condition(text, ExpressionField.message)
    },
    .flag(
      "changes", "pass over messages that are the same as the one before on their topic"
    ) { $0.options.showsChangesOnly = true },
    .flag("pretty", "print the JSON of %j and %J on several lines") { $0.isPretty = true },
    .flag("no-newline", letter: "N", "print no line end after a message") { $0.endsLines = false },
    .flag("hide-retained", letter: "R", "do not print retained messages") {
      $0.options.hidesRetained = true
    },
    .value(
      "filter-out", letter: "T", "FILTER", example: "'sensor/+/debug'", repeatable: true,
      "do not print messages whose topics match FILTER"
    ) { (draft, text) throws(ValueFault) in
      draft.options.filterOut.append(try Values.filter(text))
    },
    .value(
      "random-filter", "PERCENT", example: "10", default: "100",
      "print only so many of a hundred messages, at random"
    ) { (draft, text) throws(ValueFault) in
      guard let percent = Values.decimal(text), (0.1...100).contains(percent) else {
        throw .expected("a number from 0.1 to 100")
      }
      draft.options.randomFilterPercent = percent
    },
    .flag(
      "remove-retained", "remove the retained messages that are received",
      manual: "Messages that -T filters out are spared, those that -R hides are not."
    ) {
      $0.options.removesRetained = true
    },
  ]

  private static let general: [Option<SubscribeDraft>] =
    [.optionsFile("mqtt and mqtt_sub") { $0.optionsFile = $1 }] + Option.information()
}
