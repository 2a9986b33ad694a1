// What `mqtt pub` is asked to do, and how its command line becomes that.

import ClientStorage
package import MQTTCodec
package import Text

/// Where the payloads come from.
package enum MessageSource: Equatable, Sendable {
  /// This one.
  case given([UInt8])
  /// The whole of this file.
  case file(String)
  /// The whole of the standard input.
  case input
  /// One message a line of the standard input, without its line end.
  case inputLines
  /// One without bytes.
  case empty
  /// A new one each time.
  case template(Template)
  /// A row of this table each.
  case table(TableSource)
  /// A line of JSON each, of this file or of the standard input.
  case jsonLines(file: String?)
  /// What was recorded in this file.
  case recording(String)
}

/// A table in a CSV file, and what its columns mean.
package struct TableSource: Equatable, Sendable {
  /// `-` is the standard input.
  package var path = "-"
  /// Between two columns; nil is found out from the first line.
  package var separator: UInt8?
  /// Whether the first line names the columns; otherwise their numbers from 1 do.
  package var hasHeader = true
  /// The column of each part of a message; nil is none.
  package var topicColumn: String?
  package var payloadColumn: String?
  package var qosColumn: String?
  package var retainColumn: String?
  /// What the payload is made by when no column is it; nil is a JSON object of the other columns.
  package var template: Template?

  /// The defaults.
  package init() {}
}

/// How fast a recording is replayed.
package enum ReplayPace: Equatable, Sendable {
  /// So many times as fast as it was recorded.
  case recorded(speed: Double)
  /// As fast as the broker takes it.
  case maximum
}

/// What `--wait-reply` waits for.
package struct ReplyOptions: Equatable, Sendable {
  /// Where the reply is awaited; nil is chosen by the command.
  package var topic: String?
  /// Seconds to wait.
  package var timeoutSeconds = 10.0

  /// The defaults.
  package init() {}
}

/// Everything `mqtt pub` has to know.
package struct PublishOptions: Equatable, Sendable {
  package var connection = ConnectionOptions()
  /// Each message goes to all of them in this order, unless it names its own.
  ///
  /// Empty only when each does.
  package var topics: [String] = []
  package var source = MessageSource.empty
  package var qos = QoS.atMostOnce
  package var isRetained = false
  /// How often the message is sent in all.
  package var repeatCount = 1
  /// Between two of them.
  package var repeatDelaySeconds = 0.0
  package var publishProperties = Properties()
  /// Seconds between two messages; nil is as fast as the broker takes them.
  package var everySeconds: Double?
  /// The same from so many clients.
  package var clientCount = 1
  /// What stands between topic and message on a line; nil when the line is the message.
  package var topicSeparator: [UInt8]?
  /// The topic as a template; only with one topic.
  package var topicTemplate: Template?
  /// What random parts of templates depend on; nil is chance.
  package var seed: UInt64?
  package var pace = ReplayPace.recorded(speed: 1)
  /// Seconds for the whole command; nil is no limit.
  package var timeoutSeconds: Double?
  /// Nil waits for no reply.
  package var reply: ReplyOptions?
  /// The messages of this queue are published instead.
  package var queue: OutgoingQueueOptions?

  /// The defaults.
  package init() {}
}

struct PublishDraft: ConnectingDraft {
  var request: InformationRequest?
  var connection = ConnectionDraft()
  var options = PublishOptions()
  var source: (option: String, value: MessageSource)?
  var template: Template?
  var csv = TableSource()
  /// The first option given that only means something with --csv.
  var csvOption: String?
  var isJSONLines = false
  /// COUNT of --repeat, where it is given.
  var repeatCount: Int?
  var speed: Double?
  var isMaximal = false
  var topicSeparator: [UInt8]?
  var waitsForReply = false
  var reply = ReplyOptions()
  var replyOption: String?
  var plain: [[UInt8]] = []
  /// The first plain argument, where it is a negative number.
  var leadingNumber: [UInt8]?
  var optionsFile: String?
  var outboxFile: String?
  var redis: RedisAddress?
  var listKey: String?
  var table: String?
  var makesTable = false
  var endsWhenEmpty = false

  mutating func take(plain argument: [UInt8]) throws(ValueFault) {
    if plain.count == 2 {
      throw ValueFault(
        "a topic and a message are already given; quote a message that holds blanks",
        example: "mqtt pub sensor/temp 'twenty degrees'")
    }
    plain.append(argument)
  }

  mutating func take(number: [UInt8]) throws(ValueFault) {
    // Whether it is the message is known when all topics are.
    if plain.isEmpty { leadingNumber = number }
    try take(plain: number)
  }

  mutating func take(
    _ option: String, _ value: MessageSource
  ) throws(ValueFault) {
    if let source {
      throw ValueFault("the message is already given by \(source.option)", example: option)
    }
    source = (option, value)
  }
}

// A queue says itself what is published where.

extension PublishDraft {
  func queue() throws(UsageError) -> OutgoingQueueOptions? {
    let list = try RedisListOptions.finished(redis, listKey)
    if outboxFile == nil {
      for (option, isGiven) in [("--table", table != nil), ("--create-table", makesTable)]
      where isGiven {
        throw UsageError(option, "needs --outbox as well", example: "mqtt pub --outbox app.db")
      }
    } else if list != nil {
      throw UsageError("--redis", "cannot be used together with --outbox")
    }
    var queue: OutgoingQueueOptions?
    if let outboxFile {
      queue = OutgoingQueueOptions(
        .table(file: outboxFile, table: table ?? "outbox", makesTable: makesTable))
    } else if let list {
      queue = OutgoingQueueOptions(.list(list))
    } else if endsWhenEmpty {
      throw UsageError(
        "--until-empty", "needs --outbox or --redis as well", example: "mqtt pub --outbox app.db")
    }
    queue?.endsWhenEmpty = endsWhenEmpty
    return queue
  }

  func finished(
    _ queue: OutgoingQueueOptions
  ) throws(UsageError) -> (PublishOptions, [String]) {
    let option = outboxFile == nil ? "--redis" : "--outbox"
    let example = "mqtt pub --outbox app.db"
    if let topic = options.topics.first ?? connection.topicOfURL {
      throw UsageError(
        option, "cannot be used together with a topic (\(topic)): each message has its own",
        example: example)
    }
    if let word = plain.first {
      throw UsageError(
        ArgumentParser<PublishDraft>.shown(word),
        "is too much: with \(option) each message has its own topic", example: example)
    }
    if let source {
      throw UsageError(
        source.option, "cannot be used together with \(option)", example: example)
    }
    if connection.options.sessionExpirySeconds == 0 {
      throw UsageError(
        "-x 0", "would end the session, which is kept for the next process, with its connection",
        example: "-x never")
    }
    var result = options
    result.queue = queue
    let (connection, warnings) = try connection.finished()
    result.connection = connection
    if !self.connection.hasInFlightLimit {
      result.connection.inFlightLimit = OutgoingQueueOptions.inFlightLimit
    }
    return (result, warnings)
  }
}

extension PublishOptions {
  /// Understands the words after `mqtt pub`.
  package static func parse(
    _ words: [[UInt8]], in context: ParsingContext
  ) throws(UsageError) -> Invocation<PublishOptions> {
    let parser = ArgumentParser(command: .pub, options: PublishDraft.table)
    let files = ["mosquitto_pub", "mqtt", "mqtt_pub"]
    let draft = try parser.parse(
      words, PublishDraft(), optionsFile: \.optionsFile, defaultFiles: files, in: context)
    if let request = draft.request { return .information(request) }
    let (options, warnings) = try draft.finished()
    return .run(options, warnings: warnings)
  }
}
