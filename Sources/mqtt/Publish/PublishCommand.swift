// `mqtt pub`: publishes messages from the command line, a file, standard input or wherever else they
// come from, to one or more topics, and ends when the last handshake is over. What the broker refuses
// is said and becomes the exit status.
//
//   feed --> message --> a PUBLISH for each topic --> handshake --> DISCONNECT

import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import Transport

/// The runner of `mqtt pub`.
enum PublishCommand {
  /// Publishes as `options` say; returns the exit status.
  static func run(_ options: PublishOptions) -> Int32 {
    let console = ClientConsole("mqtt pub", options.connection)
    if let queue = options.queue {
      return run(options.connection, queue, within: options.timeoutSeconds, console)
    }
    if options.connection.tls != nil { ProcessSettings.ignoreBrokenPipes() }
    do throws(StartFailure) {
      var options = options
      let deadline = CommandDeadline(
        seconds: options.reply?.timeoutSeconds ?? options.timeoutSeconds)
      // Who is asked for a password may end the program by a signal, too.
      try options.connection.readPassword()
      let loop = try ClientLoop()
      try loop.catchSignals()
      let input = MessageInput(options, loop, deadline)
      if let reply = options.reply { return try request(options, reply, input) }
      let seed = options.seed ?? RandomBytes.word
      for number in 1...options.clientCount {
        let feed = try feed(options, input, client: number, seed: seed)
        try add(feed, options, client: number, on: loop).deadline = deadline
      }
      return loop.run()
    } catch {
      console.say(error.description)
      return error.status
    }
  }

  /// Puts a client on the loop that publishes what `feed` gives.
  private static func add(
    _ feed: any MessageFeed, _ options: PublishOptions, client number: Int, on loop: ClientLoop
  ) throws(StartFailure) -> ClientRun {
    let connection = options.connection.ofClient(number, among: options.clientCount)
    let console = ClientConsole(
      "mqtt pub", connection, client: options.clientCount == 1 ? "" : "client \(number)")
    let isHandshake = options.qos > .atMostOnce || feed.choosesQoS
    let run = try ClientRun(
      connection, console, Publisher(options, feed), keepsSession: isHandshake, on: loop
    ) { settings in
      if feed.isLong { settings.topicAliasLimit = UInt16(clamping: options.topics.count) }
    }
    // A single QoS 0 message has no second chance: it is out, or it is not.
    run.client.reconnects = isHandshake || feed.isLong
    run.client.givesUpOnLosses = true
    return run
  }

  /// Publishes one message and waits for its reply.
  private static func request(
    _ options: PublishOptions, _ reply: ReplyOptions, _ input: MessageInput
  ) throws(StartFailure) -> Int32 {
    guard let payload = try input.payload() else {
      preconditionFailure("a request is one message")
    }
    let run = try ClientRun(
      options.connection, ClientConsole("mqtt pub", options.connection),
      Requester(options, reply, payload), keepsSession: true, on: input.loop
    ) { _ in }
    run.client.reconnects = true
    run.deadline = input.deadline
    return run.run()
  }

  /// Where the messages of a client come from.
  private static func feed(
    _ options: PublishOptions, _ input: MessageInput, client: Int, seed: UInt64
  ) throws(StartFailure) -> any MessageFeed {
    let feed = try source(options, input, client: client, seed: seed)
    if case .recording = options.source, case .recorded(let speed) = options.pace {
      return PacedFeed(feed, .recorded(speed: speed))
    }
    guard let seconds = options.everySeconds else { return feed }
    return PacedFeed(feed, .every(nanoseconds: Int64(seconds * 1_000_000_000)))
  }

  private static func source(
    _ options: PublishOptions, _ input: MessageInput, client: Int, seed: UInt64
  ) throws(StartFailure) -> any MessageFeed {
    if let payload = try input.payload() { return RepeatedFeed(payload, options) }
    let hasTopics = !options.topics.isEmpty
    switch options.source {
    case .given, .empty, .file, .input: preconditionFailure("these are one message")
    case .inputLines:
      if let separator = options.topicSeparator {
        return try LineFeed("-", TopicLine(separator: separator))
      }
      return try LineFeed("-", PayloadLine())
    case .template(let template):
      let connection = options.connection.ofClient(client, among: options.clientCount)
      return TemplateFeed(
        template, options, client: client, clientIdentifier: connection.clientIdentifier ?? "",
        seed: seed)
    case .table(let table):
      return try LineFeed(table.path, TableLine(table, seed: seed))
    case .jsonLines(let path):
      return try LineFeed(path ?? "-", JSONLine(hasTopics: hasTopics))
    case .recording(let path):
      return try LineFeed(path, RecordedLine(hasTopics: hasTopics))
    }
  }
}
