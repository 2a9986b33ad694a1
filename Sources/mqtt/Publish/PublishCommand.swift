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
      if let reply = options.reply { return try request(options, reply) }
      var options = options
      try options.connection.readPassword()
      let loop = try ClientLoop()
      var isLong = false
      let seed = options.seed ?? RandomBytes.word
      for number in 1...options.clientCount {
        let feed = try feed(options, client: number, seed: seed)
        try add(feed, options, client: number, on: loop)
        isLong = feed.isLong
      }
      // Who interrupts a long run wants its open handshakes to end in good order.
      if isLong { try catchSignals(loop) }
      return loop.run()
    } catch {
      console.say(error.description)
      return error.status
    }
  }

  private static func catchSignals(_ loop: ClientLoop) throws(StartFailure) {
    do throws(SystemError) {
      try loop.catchSignals([SIGINT, SIGTERM])
    } catch {
      throw StartFailure(description: "\(error)")
    }
  }

  /// Puts a client on the loop that publishes what `feed` gives.
  private static func add(
    _ feed: any MessageFeed, _ options: PublishOptions, client number: Int, on loop: ClientLoop
  ) throws(StartFailure) {
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
    run.timeoutSeconds = options.timeoutSeconds
  }

  /// Publishes one message and waits for its reply.
  private static func request(
    _ options: PublishOptions, _ reply: ReplyOptions
  ) throws(StartFailure) -> Int32 {
    var payload: [UInt8] = []
    switch options.source {
    case .given(let bytes): payload = bytes
    case .file(let path): payload = try contents(WholeFile.contents(path), path, options)
    case .input:
      payload = try contents(
        WholeFile.contents(of: STDIN_FILENO), "standard input", options)
    case .empty: break
    case .inputLines, .template, .table, .jsonLines, .recording:
      preconditionFailure("a request is one message")
    }
    let run = try ClientRun(
      options.connection, ClientConsole("mqtt pub", options.connection),
      Requester(options, reply, payload), keepsSession: true
    ) { _ in }
    run.client.reconnects = true
    return run.run()
  }

  /// Where the messages of a client come from.
  private static func feed(
    _ options: PublishOptions, client: Int, seed: UInt64
  ) throws(StartFailure) -> any MessageFeed {
    let feed = try source(options, client: client, seed: seed)
    if case .recording = options.source, case .recorded(let speed) = options.pace {
      return PacedFeed(feed, .recorded(speed: speed))
    }
    guard let seconds = options.everySeconds else { return feed }
    return PacedFeed(feed, .every(nanoseconds: Int64(seconds * 1_000_000_000)))
  }

  private static func source(
    _ options: PublishOptions, client: Int, seed: UInt64
  ) throws(StartFailure) -> any MessageFeed {
    let hasTopics = !options.topics.isEmpty
    switch options.source {
    case .given(let bytes): return RepeatedFeed(bytes, options)
    case .empty: return RepeatedFeed([], options)
    case .file(let path):
      return RepeatedFeed(try contents(WholeFile.contents(path), path, options), options)
    case .input:
      return RepeatedFeed(
        try contents(
          WholeFile.contents(of: STDIN_FILENO), "standard input", options), options)
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

  /// The bytes of a message that were read as a whole.
  private static func contents(
    _ bytes: [UInt8]?, _ name: String, _ options: PublishOptions
  ) throws(StartFailure) -> [UInt8] {
    guard let bytes else {
      let reason =
        errno == EFBIG
        ? "it has more than the \(WholeFile.byteLimit) bytes that an MQTT packet can carry"
        : String(cString: strerror(errno))
      throw StartFailure(description: "cannot read \(name): \(reason)")
    }
    // What should have been written into it has most likely failed.
    if bytes.isEmpty && options.isRetained {
      throw StartFailure(
        description: "\(name) is empty, and with -r a message without bytes removes the retained "
          + "one; to do that, say -n")
    }
    return bytes
  }
}
