// The table of the options of `mqtt pub`.

import MQTTCodec
import Text

extension PublishDraft {
  /// All options, in the order of `--help`.
  static let table: [Option<PublishDraft>] =
    message.grouped("Message") + flow.grouped("Many messages") + csv.grouped("CSV")
    + outbox.grouped("Outbox") + reply.grouped("Request and response")
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
    .source(
      "stdin-line", "l", .inputLines, "send each line of the standard input as a message",
      manual: """
        Without a topic, each line begins with its own: sensor/temp 21.5. This is what mqtt sub -v \
        prints.
        """),
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
      draft.repeatCount = try Values.number(text, 1...Int(Int32.max))
    },
    .value(
      "repeat-delay", "SECONDS", example: "0.5", default: "0",
      "wait so long between two of them"
    ) { (draft, text) throws(ValueFault) in
      draft.options.repeatDelaySeconds = try Values.seconds(text, 0...31_536_000)
    },
    .value(
      "timeout", letter: "W", "SECONDS", example: "2.5",
      default: "10 with --wait-reply, else no limit", "end after SECONDS, with exit status 27",
      manual: "What is not sent or not acknowledged by then is said."
    ) { (draft, text) throws(ValueFault) in
      draft.options.timeoutSeconds = try Values.seconds(text, 0.001...31_536_000)
    },
    .property(packets) { (draft, argument) throws(ValueFault) in
      try draft.connection.take(argument)
      if argument.packet == .publish { try argument.add(to: &draft.options.publishProperties) }
    },
  ]

  private static let flow: [Option<PublishDraft>] = [
    .value(
      "every", "TIME", example: "3s", "send a message so often: 500ms, 3s, 1m, 2h",
      manual: """
        A number alone is seconds. Messages that fall into a time without a connection are left \
        out. Without --repeat it goes on until it is interrupted; then the open handshakes are \
        brought to their end.
        """
    ) { (draft, text) throws(ValueFault) in
      draft.options.everySeconds = try Values.interval(text)
    },
    .value(
      "template", "TEXT", example: "'{\"t\": {{random 20 30 2}}, \"n\": {{seq}}}'",
      "make each message from TEXT with {{functions}}; the manual lists them",
      manual: "They are under TEMPLATES. The topic may have some, too."
    ) { (draft, text) throws(ValueFault) in draft.template = try template(text) },
    .value(
      "seed", "NUMBER", example: "7", default: "chance",
      "make the same random messages in each run that has this seed"
    ) { (draft, text) throws(ValueFault) in
      draft.options.seed = try Values.number(text, 0...UInt64.max)
    },
    .value(
      "clients", "COUNT", example: "100", default: "1", "publish the same from COUNT clients",
      manual: """
        Client identifiers get the number of the client at their end. {{client}} is that number \
        in --template and in the topic.
        """
    ) { (draft, text) throws(ValueFault) in
      draft.options.clientCount = try Values.number(text, 1...100_000)
    },
    .value(
      "topic-separator", "TEXT", example: "'|'", default: "a blank",
      "what stands between topic and message on a line of -l"
    ) { (draft, text) throws(ValueFault) in
      draft.topicSeparator = Array(try Values.name(text, "text").utf8)
    },
    .flag(
      "jsonl", "take messages as JSON, one object on a line, from -f FILE or standard input",
      manual: """
        Each line has payload, and may have topic, qos, retain and properties, as mqtt sub --json \
        prints them: {"topic": "sensor/temp", "payload": "21.5", "qos": 1}. A payload that is no \
        string is sent as the JSON that it is; payload-base64 holds any bytes.
        """
    ) { $0.isJSONLines = true },
    .value(
      "replay", "FILE", .file, example: "day.jsonl", "publish again what mqtt sub --record wrote",
      manual: """
        Topics, bytes, QoS, retain flags, properties and the time from message to message are \
        those of the recording; a topic that is given is taken instead of all. - is the standard \
        input.
        """
    ) { (draft, text) throws(ValueFault) in
      try draft.take("--replay", .recording(try Values.name(text, "the path of a file")))
    },
    .value(
      "speed", "FACTOR", example: "10", default: "1", "replay so many times as fast"
    ) { (draft, text) throws(ValueFault) in
      guard let speed = Values.decimal(text), (0.001...1_000_000).contains(speed) else {
        throw .expected("a number from 0.001 to 1000000")
      }
      draft.speed = speed
    },
    .flag("max", "replay as fast as the broker takes it") { $0.isMaximal = true },
  ]

  private static let csv: [Option<PublishDraft>] = [
    .value(
      "csv", "FILE", .file, example: "readings.csv", "send each row of FILE as a message",
      manual: """
        The first line names the columns. The message is the column of --payload-column, or what \
        --template makes of {{column NAME}}, or else a JSON object of all columns that have no \
        other meaning. - is the standard input. Quotes are those of RFC 4180.
        """
    ) { (draft, text) throws(ValueFault) in
      var table = TableSource()
      table.path = try Values.name(text, "the path of a file")
      try draft.take("--csv", .table(table))
    },
    .column("topic-column", "the column that is the topic", { $0.topicColumn = $1 }),
    .column("payload-column", "the column that is the message", { $0.payloadColumn = $1 }),
    .column("qos-column", "the column that is the QoS", { $0.qosColumn = $1 }),
    .column(
      "retain-column", "the column that says whether to retain: 1, true, 0, false",
      { $0.retainColumn = $1 }),
    .value(
      "csv-separator", "CHARACTER", example: "';'", default: "the first line's , ; or tab",
      "what stands between two columns; tab is a tabulator"
    ) { (draft, text) throws(ValueFault) in
      draft.csvOption = draft.csvOption ?? "--csv-separator"
      let character = text == "tab" ? [UInt8(ascii: "\t")] : Array(text.utf8)
      guard character.count == 1, character[0] >= 0x20 || character[0] == 0x09,
        character[0] != UInt8(ascii: "\"")
      else { throw .expected("one ASCII character other than a quote, or tab") }
      draft.csv.separator = character[0]
    },
    .flag("no-header", "the first line of --csv is a message; columns are known by numbers") {
      $0.csv.hasHeader = false
      $0.csvOption = $0.csvOption ?? "--no-header"
    },
  ]

  private static let reply: [Option<PublishDraft>] = [
    .flag(
      "wait-reply", "wait for the reply to the message, and print it",
      manual: """
        With MQTT 5 the message carries a response topic and correlation data, and the first \
        message to that topic with the same correlation data, or with none, is the reply. Before \
        MQTT 5 it is the first message to that topic. Without a reply in time the exit status is \
        27.
        """
    ) { $0.waitsForReply = true },
    .value(
      "reply-topic", letter: "e", "TOPIC", example: "device/7/reply",
      default: "reply/CLIENT-ID, before MQTT 5 TOPIC/reply", "where the reply is awaited"
    ) { (draft, text) throws(ValueFault) in
      draft.reply.topic = try Values.topic(text)
      draft.replyOption = draft.replyOption ?? "--reply-topic"
    },
  ]

  private static func template(_ text: String) throws(ValueFault) -> Template {
    do throws(TemplateFault) {
      return try Template(text)
    } catch {
      throw ValueFault(error.explanation, excerpt: error.excerpt)
    }
  }

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
        draft.table = try Values.table(text)
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

  fileprivate static func column(
    _ long: String, _ help: String, _ set: @escaping @Sendable (inout TableSource, String) -> Void
  ) -> Option {
    .value(long, "COLUMN", example: "device", help) { (draft, text) throws(ValueFault) in
      set(&draft.csv, try Values.name(text, "the name of a column"))
      draft.csvOption = draft.csvOption ?? "--\(long)"
    }
  }
}
