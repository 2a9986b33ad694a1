// The table of the options of `mqtt bench`.

import Bench
import MQTTCodec
import Text

extension BenchDraft {
  /// All options, in the order of `--help`.
  static let table: [Option<BenchDraft>] =
    (scenarioOptions + messages).grouped("Load") + (rhythm + connections).grouped("Rhythm")
    + output.grouped("Report") + crash.grouped("Crash")
    + ConnectionDraft.table().lifted()
    + (ConnectionDraft.quietness.lifted() + Option.information()).grouped("General")

  private static let scenarioOptions: [Option<BenchDraft>] = [
    .value(
      "scenario", "SCENARIO", .beginnings(Scenario.names), example: "fanout:1x1000",
      repeatable: true,
      "what to measure; may also stand as a plain argument",
      manual: "The scenarios are listed under SCENARIOS below. Several are measured in turn."
    ) { (draft, text) throws(ValueFault) in try draft.take(scenario: text) },
    .value(
      "rounds", "COUNT", example: "5", default: "1", "measure everything COUNT times, in turn"
    ) { (draft, text) throws(ValueFault) in
      draft.options.rounds = try Values.number(text, 1...1000)
    },
  ]

  private static let messages: [Option<BenchDraft>] = [
    .value(
      "qos", letter: "q", "QOS", .choices(["0", "1", "2"]), example: "1",
      default: "0, with retained and offline 1", "quality of service on both sides"
    ) { (draft, text) throws(ValueFault) in
      draft.options.publishQoS = try Values.qos(text)
      draft.options.subscribeQoS = draft.options.publishQoS
    },
    .value(
      "pub-qos", "QOS", .choices(["0", "1", "2"]), example: "1", default: "that of -q",
      "quality of service of publishing"
    ) { (draft, text) throws(ValueFault) in draft.options.publishQoS = try Values.qos(text) },
    .value(
      "sub-qos", "QOS", .choices(["0", "1", "2"]), example: "0", default: "that of -q",
      "quality of service of subscribing"
    ) { (draft, text) throws(ValueFault) in draft.options.subscribeQoS = try Values.qos(text) },
    .value(
      "topic", letter: "t", "TOPIC", example: "bench/%i", default: "one of the run's own",
      "topic to publish to, with placeholders",
      manual: "The placeholders are listed under PLACEHOLDERS below."
    ) { (draft, text) throws(ValueFault) in draft.options.topic = try Values.topic(text) },
    .value(
      "filter", "FILTER", example: "'bench/#'", default: "what matches -t",
      "topic filter to subscribe to, with placeholders"
    ) { (draft, text) throws(ValueFault) in draft.options.filter = try Values.filter(text) },
    .value(
      "size", letter: "s", "BYTES", example: "1024", default: "64",
      "size of the payload, at least 24 bytes",
      manual: "The first 24 bytes say which publisher sent the message, as what number and when."
    ) { (draft, text) throws(ValueFault) in
      draft.options.payloadSize = try Values.number(text, MessageStamp.size...250_000_000)
    },
    .value(
      "payload", letter: "m", "TEXT", example: "'{\"device\": %i, \"t\": %TIMESTAMPMS%}'",
      "what follows the first 24 bytes of the payload, with placeholders",
      manual: "In the place of dots up to the size of -s."
    ) { (draft, text) throws(ValueFault) in draft.options.payload = text },
    .value(
      "payload-file", letter: "f", "FILE", .file, example: "payload.json",
      "the same, read from FILE"
    ) { (draft, text) throws(ValueFault) in
      draft.options.payloadFile = try Values.name(text, "the path of a file")
    },
    .flag("retain", letter: "r", "publish retained messages") { $0.options.isRetained = true },
    .property([.connect, .publish, .will]) { (draft, argument) throws(ValueFault) in
      try draft.connection.take(argument)
      if argument.packet == .publish { try argument.add(to: &draft.options.publishProperties) }
    },
  ]

  private static let rhythm: [Option<BenchDraft>] = [
    .value(
      "rate", "COUNT", example: "10k", default: "as fast as it goes",
      "publish COUNT messages a second in all, on an absolute schedule",
      manual: """
        Latency then counts from the time at which a message should have been sent, so that \
        waiting behind a slow broker is not left out. Without a rate the loop is closed: each \
        publisher waits for what it has under way.
        """
    ) { (draft, text) throws(ValueFault) in
      guard let rate = Count(text).map({ Double($0.value) }) ?? Values.decimal(text), rate > 0
      else { throw .expected("messages a second, such as 500, 0.5 or 10k") }
      draft.options.ratePerSecond = rate
    },
    .value(
      "count", letter: "C", "COUNT", example: "100k", default: "as many as the time allows",
      "publish COUNT messages in all"
    ) { (draft, text) throws(ValueFault) in draft.options.count = try Self.count(text) },
    .value(
      "duration", letter: "d", "SECONDS", example: "30", default: "10, or no end with -C",
      "publish for so long after the warm-up"
    ) { (draft, text) throws(ValueFault) in
      draft.options.durationSeconds = try Values.seconds(text, 0.1...31_536_000)
    },
    .value(
      "warmup", letter: "w", "SECONDS", example: "2", default: "0",
      "publish so long before measuring rates and latencies",
      manual: "Messages of the warm-up count where messages are lost or doubled, too."
    ) { (draft, text) throws(ValueFault) in
      draft.options.warmUpSeconds = try Values.seconds(text, 0...86_400)
    },
    .value(
      "drain", "SECONDS", example: "10", default: "5",
      "wait so long for something to come before what is missing counts as lost"
    ) { (draft, text) throws(ValueFault) in
      draft.options.drainSeconds = try Values.seconds(text, 0...86_400)
    },
    .value(
      "max-outstanding", "COUNT", example: "20k", default: "10000 for each subscriber, QoS 0 only",
      "deliveries under way at once in a closed loop; 0 is no bound",
      manual: """
        At QoS 0 nothing else slows publishers down, and a broker that cannot keep up drops. At \
        QoS 1 and 2 the window does, but brokers with bounded queues drop what a slow subscriber \
        does not fetch.
        """
    ) { (draft, text) throws(ValueFault) in
      guard let count = Count(text), count.value <= Int(UInt32.max) else {
        throw .expected("a whole number from 0 up, such as 500 or 20k")
      }
      draft.options.outstandingLimit = count.value
    },
    .value(
      "threads", "COUNT", example: "2", default: "1", "threads that share the clients"
    ) { (draft, text) throws(ValueFault) in
      draft.options.threads = try Values.number(text, 1...256)
    },
  ]

  private static let connections: [Option<BenchDraft>] = [
    .value(
      "connect-rate", letter: "R", "COUNT", example: "500", default: "as fast as it goes",
      "begin COUNT connections a second"
    ) { (draft, text) throws(ValueFault) in
      draft.options.connectRate = Double(try Self.count(text))
    },
    .value(
      "connecting", "COUNT", example: "200", default: "100", "connections under way at once"
    ) { (draft, text) throws(ValueFault) in draft.options.connectingAtOnce = try Self.count(text) },
    .value(
      "hosts", "HOST[:PORT],...", example: "10.0.0.2,10.0.0.3:1884",
      "further brokers; the clients take turns"
    ) { (draft, text) throws(ValueFault) in
      for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        draft.options.otherHosts.append(try Self.place(String(part)))
      }
    },
    .value(
      "source-addresses", "ADDRESS,...", example: "127.0.0.2,127.0.0.3",
      "local addresses to connect from; the clients take turns",
      manual: "One address can have about 28,000 connections to one port of a broker."
    ) { (draft, text) throws(ValueFault) in
      for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        draft.options.sourceAddresses.append(
          try Values.name(String(part), "addresses with commas between them"))
      }
    },
    .value(
      "start-number", "NUMBER", example: "1000", default: "1",
      "number of the first client, which %i stands for"
    ) { (draft, text) throws(ValueFault) in
      draft.options.firstNumber = try Values.number(text, 0...1_000_000_000)
    },
  ]

  private static let output: [Option<BenchDraft>] = [
    .value(
      "json", "FILE", .file, example: "report.json",
      "write the report as JSON, - for the standard output"
    ) { (draft, text) throws(ValueFault) in
      draft.options.jsonFile = try Values.name(text, "the path of a file")
    },
    .value("csv", "FILE", .file, example: "seconds.csv", "write a line for each second as CSV") {
      (draft, text) throws(ValueFault) in
      draft.options.csvFile = try Values.name(text, "the path of a file")
    },
    .value(
      "html", "FILE", .file, example: "report.html",
      "write a page with plots of latency and rate that needs no other file"
    ) { (draft, text) throws(ValueFault) in
      draft.options.htmlFile = try Values.name(text, "the path of a file")
    },
    .value(
      "fail-if", "CONDITION", example: "'p99>5ms'", repeatable: true,
      "end with status 4 when CONDITION holds",
      manual: "The words of conditions are listed under CONDITIONS below."
    ) { (draft, text) throws(ValueFault) in try draft.take(condition: text) },
    .value(
      "watch-pid", "PID", example: "4711", repeatable: true,
      "report processor time and memory of this process",
      manual: "As a rule the broker; it has to run on this machine. A second one is that of --vs."
    ) { (draft, text) throws(ValueFault) in
      let process = try Values.number(text, 1...Int(Int32.max))
      if draft.options.watchedProcesses.count == 2 {
        throw ValueFault("two processes are already watched")
      }
      draft.options.watchedProcesses.append(process)
    },
    .value(
      "vs", "HOST:PORT", example: "localhost:1884",
      "measure this broker too, in turn with the other one, and print ratios"
    ) { (draft, text) throws(ValueFault) in draft.options.rival = try Self.place(text) },
  ]

  private static let crash: [Option<BenchDraft>] = [
    .value(
      "broker-cmd", "COMMAND", example: "'mqtt broker --data /tmp/crash'",
      "the command that starts the broker, for crash",
      manual:
        "It runs in the foreground, through sh, on the port of -p, and is killed with SIGKILL."
    ) { (draft, text) throws(ValueFault) in
      draft.options.brokerCommand = try Values.name(text, "a command")
    },
    .value("kills", "COUNT", example: "20", default: "10", "how often crash kills the broker") {
      (draft, text) throws(ValueFault) in
      draft.options.kills = try Values.number(text, 0...10_000)
    },
    .value(
      "seed", "NUMBER", example: "1", default: "another one each time",
      "makes the moments of crash the same again"
    ) { (draft, text) throws(ValueFault) in
      draft.options.seed = try Values.number(text, 0...UInt64.max)
    },
  ]

  private static func count(_ text: String) throws(ValueFault) -> Int {
    guard let count = Count(text), count.value > 0, count.value <= 1_000_000_000_000 else {
      throw .expected("a whole number from 1 up, such as 500 or 100k")
    }
    return count.value
  }

  private static func place(_ text: String) throws(ValueFault) -> HostPlace {
    guard let place = HostPlace(text) else {
      throw .expected("HOST or HOST:PORT, with brackets around an IPv6 address")
    }
    return place
  }
}
