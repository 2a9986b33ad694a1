// What `mqtt pub` is asked to do, and how its command line becomes that.

package import MQTTCodec

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
}

/// Everything `mqtt pub` has to know.
package struct PublishOptions: Equatable, Sendable {
  package var connection = ConnectionOptions()
  /// At least one; each message goes to all of them in this order.
  package var topics: [String] = []
  package var source = MessageSource.empty
  package var qos = QoS.atMostOnce
  package var isRetained = false
  /// How often the message is sent in all.
  package var repeatCount = 1
  /// Between two of them.
  package var repeatDelaySeconds = 0.0
  package var publishProperties = Properties()
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
  var plain: [[UInt8]] = []
  var optionsFile: String?
  var outboxFile: String?
  var redis: RedisListOptions?
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

  mutating func take(
    _ option: String, _ value: MessageSource
  ) throws(ValueFault) {
    if let source {
      throw ValueFault("the message is already given by \(source.option)", example: option)
    }
    source = (option, value)
  }

  /// Joins plain arguments, topics and the source of the messages.
  func finished() throws(UsageError) -> (PublishOptions, [String]) {
    if let queue = try queue() { return try finished(queue) }
    var result = options
    var plain = plain[...]
    if let topic = connection.topicOfURL { result.topics.append(topic) }
    if result.topics.isEmpty, let topic = plain.popFirst() {
      result.topics.append(String(decoding: topic, as: UTF8.self))
    }
    for topic in result.topics {
      do throws(ValueFault) {
        _ = try Values.topic(topic)
      } catch {
        throw UsageError(topic, error.problem, example: "sensor/temp")
      }
    }
    if result.topics.isEmpty {
      throw UsageError("mqtt pub", "expected a topic", example: "mqtt pub sensor/temp 21.5")
    }
    let message = plain.popFirst()
    if let extra = message, let source {
      throw UsageError(
        ArgumentParser<PublishDraft>.shown(extra),
        "is one message too many: \(source.option) gives the message",
        example: "mqtt pub sensor/temp 21.5")
    }
    if let extra = plain.popFirst() {
      throw UsageError(
        ArgumentParser<PublishDraft>.shown(extra), "is one argument too many: the topic is given",
        example: "mqtt pub -t sensor/temp 21.5")
    }
    guard let value = source?.value ?? message.map(MessageSource.given) else {
      throw UsageError(
        "mqtt pub", "expected a message after the topic, or one of -m -f -l -n -s",
        example: "mqtt pub \(result.topics[0]) 21.5")
    }
    result.source = value
    let (connection, warnings) = try connection.finished()
    result.connection = connection
    return (result, warnings)
  }
}

// A queue says itself what is published where.

extension PublishDraft {
  private func queue() throws(UsageError) -> OutgoingQueueOptions? {
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

  private func finished(
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
