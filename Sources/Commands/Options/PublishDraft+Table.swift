// The table of the options of `mqtt pub`.

import MQTTCodec

extension PublishDraft {
  /// All options, in the order of `--help`.
  static let table: [Option<PublishDraft>] =
    message.grouped("Message") + outbox.grouped("Outbox")
    + ConnectionDraft.table().lifted()
    + (ConnectionDraft.diagnosis.lifted() + general).grouped("General")

  private static let packets: [PropertyPacket] = [.connect, .publish, .will, .disconnect]

  private static let message: [Option<PublishDraft>] = [
    .value(
      "topic", letter: "t", "TOPIC", example: "sensor/temp", repeatable: true,
      "topic to publish to; several get the same message"
    ) { (draft, text) throws(ValueFault) in draft.options.topics.append(try Values.topic(text)) },
    .bytes("message", letter: "m", "MESSAGE", example: "21.5", "the message") {
      (draft, bytes) throws(ValueFault) in try draft.take("-m", .given(bytes))
    },
    .value("file", letter: "f", "FILE", .file, example: "picture.png", "send the contents of FILE")
    { (draft, text) throws(ValueFault) in
      try draft.take("-f", .file(try Values.name(text, "the path of a file")))
    },
    .source("stdin-line", "l", .inputLines, "send each line of the standard input as a message"),
    .source("stdin-file", "s", .input, "send the whole standard input as one message"),
    .source(
      "null-message", "n", .empty, "send a message without bytes",
      manual: "With -r this removes the retained message of the topic."),
    .value(
      "qos", letter: "q", "QOS", .choices(["0", "1", "2"]), example: "1", default: "0",
      "quality of service: 0, 1 or 2",
      manual: "The command ends when the handshake of this quality of service is complete."
    ) { (draft, text) throws(ValueFault) in draft.options.qos = try Values.qos(text) },
    .flag("retain", letter: "r", "have the broker keep the message for later subscribers") {
      $0.options.isRetained = true
    },
    .value(
      "repeat", "COUNT", example: "10", default: "1", "send the message COUNT times",
      manual: "Not with -l, whose messages are as many as its lines."
    ) { (draft, text) throws(ValueFault) in
      draft.options.repeatCount = try Values.number(text, 1...Int(Int32.max))
    },
    .value(
      "repeat-delay", "SECONDS", example: "0.5", default: "0",
      "wait so long between two of them"
    ) { (draft, text) throws(ValueFault) in
      draft.options.repeatDelaySeconds = try Values.seconds(text, 0...31_536_000)
    },
    .property(packets) { (draft, argument) throws(ValueFault) in
      try draft.connection.take(argument)
      if argument.packet == .publish { try argument.add(to: &draft.options.publishProperties) }
    },
  ]

  private static let outbox: [Option<PublishDraft>] =
    [
      .value(
        "outbox", "FILE", .file, example: "app.db",
        "publish each row of a table of a SQLite database exactly once, and those to come",
        manual: """
          Rows go out in the order of their id, each with its own topic, payload, qos, retain and \
          properties. Packet identifiers are kept in the same database, so that whatever is killed, \
          no message is lost and, at quality of service 2, none comes twice.
          """
      ) { (draft, text) throws(ValueFault) in
        draft.outboxFile = try Values.name(text, "the path of a database")
      },
      .value(
        "table", "NAME", example: "commands", default: "outbox", "the table of --outbox"
      ) { (draft, text) throws(ValueFault) in
        draft.table = try Values.name(text, "the name of a table")
      },
      .flag("create-table", "make that table if it is not there") { $0.makesTable = true },
      .flag("until-empty", "end when nothing waits, instead of waiting for more") {
        $0.endsWhenEmpty = true
      },
    ]
    + Option.redis(
      "publish each element of a list in Redis exactly once, and those to come",
      """
      Applications append elements with RPUSH: lines of JSON as mqtt sub --json prints them, of which \
      topic and payload are enough. An element goes from the list KEY through KEY:processing and \
      KEY:underway, so that a crash loses none, and one that is refused ends in KEY:dead.
      """, list: "commands", server: { $0.redis = $1 }, key: { $0.listKey = $1 })

  private static let general: [Option<PublishDraft>] =
    [.optionsFile("mqtt and mqtt_pub") { $0.optionsFile = $1 }] + Option.information()
}

extension Option<PublishDraft> {
  fileprivate static func source(
    _ long: String, _ letter: Character, _ source: MessageSource, _ help: String,
    manual: String = ""
  ) -> Option {
    .flag(long, letter: letter, help, manual: manual) { (draft) throws(ValueFault) in
      try draft.take("-\(letter)", source)
    }
  }
}
