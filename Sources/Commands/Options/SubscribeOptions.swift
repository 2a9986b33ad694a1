// What `mqtt sub` is asked to do, and how its command line becomes that.

import ClientStorage
package import MQTTCodec
package import Text

/// What becomes of the messages of `mqtt sub`.
package enum MessageDestination: Equatable, Sendable {
  /// Printed in ``SubscribeOptions/format``.
  case lines
  /// Printed as lines of JSON.
  case json
  /// Appended to this file as lines of JSON.
  case recording(String)
  /// Counted by topic, in a table.
  case table
}

/// Everything `mqtt sub` has to know.
package struct SubscribeOptions: Equatable, Sendable {
  package var connection = ConnectionOptions()
  /// In the order given; empty only when ``unsubscribe`` is not.
  package var subscriptions: [Subscription] = []
  /// Filters to unsubscribe from, after all subscriptions.
  package var unsubscribe: [String] = []
  /// Properties of SUBSCRIBE, the Subscription Identifier included.
  package var subscribeProperties = Properties()
  package var unsubscribeProperties = Properties()
  /// Ends after so many messages that were printed.
  package var count: Int?
  /// Ends after so many seconds, with status 27.
  package var timeoutSeconds: Double?
  /// Ends when all subscriptions are acknowledged.
  package var exitsAfterSuback = false
  /// Ends with status 0 after so many seconds without a message.
  package var idleSeconds: Double?
  /// Ends after the first message of which this is true.
  package var until: Expression?
  /// Messages of which this is not true are passed over.
  package var condition: Expression?
  /// Messages that are what the one before on their topic was are passed over.
  package var showsChangesOnly = false
  package var destination = MessageDestination.lines
  package var format = OutputFormat()
  /// Messages whose topics match one of these are passed over entirely.
  package var filterOut: [String] = []
  /// Retained messages are not printed and do not count.
  package var hidesRetained = false
  /// Only retained messages are printed, and the first other one ends the command.
  package var retainedOnly = false
  /// Every retained message that is received is removed from the broker.
  package var removesRetained = false
  /// The share of messages that is printed, in percent, at random; nil prints all.
  package var randomFilterPercent: Double?
  /// Messages go there instead of to standard output.
  package var store: MessageStoreOptions?

  /// The defaults.
  package init() {}
}

struct SubscribeDraft: ConnectingDraft {
  var request: InformationRequest?
  var connection = ConnectionDraft()
  var options = SubscribeOptions()
  var optionsFile: String?
  /// Filters, and each QoS where it stood among them.
  var filters: [String] = []
  var qualities: [(filterCount: Int, qos: QoS)] = []
  var noLocal = false
  var retainAsPublished = false
  var retainHandling: RetainHandling?
  var databaseFile: String?
  var redis: RedisAddress?
  var listKey: String?
  var table: String?
  var columns: [PayloadColumn] = []
  var formatText: String?
  /// The option that chose ``SubscribeOptions/destination``.
  var destinationOption: String?
  var isVerbose = false
  var isPretty = false
  var endsLines = true

  mutating func take(plain argument: [UInt8]) throws(ValueFault) {
    guard let filter = String(validating: argument, as: UTF8.self) else {
      throw .expected("a topic filter in UTF-8")
    }
    do throws(ValueFault) {
      filters.append(try Values.filter(filter))
    } catch {
      throw ValueFault(error.problem, example: "mqtt sub 'sensor/#'")
    }
  }

  // One -q holds for all filters. Of several, one before the first filter is the default, and
  // each other one holds for the filters between it and the -q before it.
  private func qos(ofFilter index: Int) -> QoS {
    if qualities.count == 1 { return qualities[0].qos }
    return qualities.first { $0.filterCount > index }?.qos ?? defaultQoS
  }

  private var defaultQoS: QoS {
    if qualities.count == 1 { return qualities[0].qos }
    let least: QoS = isStoring ? .exactlyOnce : .atMostOnce
    return qualities.last { $0.filterCount == 0 }?.qos ?? least
  }

  private func subscription(_ filter: String, _ qos: QoS) throws(UsageError) -> Subscription {
    if filter.hasPrefix("$share/"), noLocal {
      // [MQTT-3.8.3-4]
      throw UsageError("--no-local", "cannot be used with a shared subscription (\(filter))")
    }
    let asksForNone = options.hidesRetained && !options.removesRetained
    return Subscription(
      filter: filter,
      options: SubscriptionOptions(
        qos: qos, noLocal: noLocal, retainAsPublished: retainAsPublished,
        retainHandling: retainHandling ?? (asksForNone ? .never : isStoring ? .ifNew : .always)))
  }

  /// Whether messages are stored exactly once: then QoS 2 is what is meant, and retained messages
  /// come with the first subscription only.
  private var isStoring: Bool { databaseFile != nil || redis != nil }

  private func finishStore(_ result: inout SubscribeOptions) throws(UsageError) {
    if databaseFile == nil {
      for (option, isGiven) in [("--table", table != nil), ("--columns", !columns.isEmpty)]
      where isGiven {
        throw UsageError(option, "needs --sqlite as well", example: "--sqlite readings.db")
      }
    }
    if let redis = try RedisListOptions.finished(redis, listKey) {
      if databaseFile != nil {
        throw UsageError("--redis", "cannot be used together with --sqlite")
      }
      result.store = .list(redis)
    }
    if let databaseFile {
      var database = DatabaseOptions(file: databaseFile)
      if let table { database.table = table }
      database.columns = columns
      try Self.checkNames(columns)
      result.store = .table(database)
    }
    if result.store != nil && result.connection.sessionExpirySeconds == 0 {
      throw UsageError(
        "-x 0", "would end the session, which is kept for the next process, with its connection",
        example: "-x never")
    }
  }

  /// Each column is filled from one place.
  private static func checkNames(_ columns: [PayloadColumn]) throws(UsageError) {
    var taken = Set(MessageTable.standardNames)
    for column in columns where !taken.insert(column.name.lowercased()).inserted {
      throw UsageError(
        "--columns", "the column \(column.name) is filled already; give this one another name",
        example: "\(column.name)_2=\(column.path)")
    }
  }

  /// Joins filters with how each is to be subscribed to, and settles the output.
  func finished() throws(UsageError) -> (SubscribeOptions, [String]) {
    var result = options
    for (index, filter) in filters.enumerated() {
      result.subscriptions.append(try subscription(filter, qos(ofFilter: index)))
    }
    if let topic = connection.topicOfURL {
      do throws(ValueFault) {
        _ = try Values.filter(topic)
      } catch {
        throw UsageError("-L: \(topic)", error.problem, example: "sensor/#")
      }
      result.subscriptions.append(try subscription(topic, defaultQoS))
    }
    if result.subscriptions.isEmpty, result.unsubscribe.isEmpty {
      throw UsageError("mqtt sub", "expected a topic filter", example: "mqtt sub 'sensor/#'")
    }
    try finishOutput(&result)
    let (connection, warnings) = try connection.finished()
    result.connection = connection
    try finishStore(&result)
    if let count = result.count, count < 20,
      connection.connectProperties[.receiveMaximum] == nil
    {
      // More could not be printed, and what is not taken waits in the session.
      result.connection.connectProperties.append(
        .receiveMaximum, .twoByteInteger(UInt16(count)))
    }
    return (result, warnings)
  }

  /// Takes what becomes of the messages, which can be only one thing.
  mutating func take(
    _ option: String, _ destination: MessageDestination
  ) throws(ValueFault) {
    if let destinationOption {
      throw ValueFault("does not go with \(destinationOption)", example: option)
    }
    destinationOption = option
    options.destination = destination
  }

  private func finishDestination() throws(UsageError) {
    guard let destinationOption else { return }
    let others = [
      ("-F", formatText != nil), ("-v", isVerbose), ("--pretty", isPretty), ("-N", !endsLines),
      ("--sqlite", databaseFile != nil),
    ]
    for (other, isGiven) in others where isGiven {
      throw UsageError(destinationOption, "does not go with \(other)")
    }
  }

  private func finishOutput(_ result: inout SubscribeOptions) throws(UsageError) {
    try finishDestination()
    if result.retainedOnly, result.hidesRetained {
      throw UsageError("--retained-only", "cannot be used together with -R: nothing would be left")
    }
    do throws(ValueFault) {
      result.format = try OutputFormat(
        formatText, isVerbose: isVerbose, isPretty: isPretty, endsLines: endsLines)
    } catch {
      throw UsageError("-F", error.problem, example: "-F '%t: %p'")
    }
  }
}

extension SubscribeOptions {
  /// Understands the words after `mqtt sub`.
  package static func parse(
    _ words: [[UInt8]], in context: ParsingContext
  ) throws(UsageError) -> Invocation<SubscribeOptions> {
    let parser = ArgumentParser(command: .sub, options: SubscribeDraft.table)
    let files = ["mosquitto_sub", "mqtt", "mqtt_sub"]
    let draft = try parser.parse(
      words, SubscribeDraft(), optionsFile: \.optionsFile, defaultFiles: files, in: context)
    if let request = draft.request { return .information(request) }
    let (options, warnings) = try draft.finished()
    return .run(options, warnings: warnings)
  }
}
