// What is said about `mqtt bench` besides its options.

extension Command {
  static let benchText = CommandText(
    synopsis: [
      "bench",
      "bench SCENARIO ... [OPTION ...]",
      "bench compare OLD.json NEW.json",
      "bench crash --broker-cmd COMMAND [OPTION ...]",
      "bench probe [OPTION ...]",
    ],
    description: [
      """
      Measures an MQTT broker: how many messages a second, how long they take, and whether each of \
      them comes once and in order. Without a scenario it starts a broker of its own in memory and \
      takes two minutes for a tour of all scenarios.
      """,
      """
      Publishers and subscribers run in one process with one clock. Each message carries its \
      publisher, its number and the time at which it was to be sent, so that what is lost, doubled \
      or out of order is counted exactly and held against what its quality of service promises. \
      The report says so when the generator and not the broker was the limit.
      """,
      """
      compare holds two reports of --json against each other. crash starts a broker, kills it at \
      random moments while messages are published, starts it again, and counts the acknowledged \
      messages that are lost. probe asks a broker what it supports.
      """,
    ],
    examples: [
      CommandExample(
        line: "mqtt bench", meaning: "Take the tour with a broker that is started for it"),
      CommandExample(
        line: "mqtt bench fanout:1x1000 -h broker.example.org -d 30",
        meaning: "Measure one publisher and a thousand subscribers for half a minute"),
      CommandExample(
        line: "mqtt bench pairs:50 -q 1 --rate 20k -w 2 --html report.html",
        meaning: "Measure latency at a fixed rate, with plots"),
      CommandExample(
        line: "mqtt bench pairs:50 -q 1 --rate 1k -d 5 --fail-if 'p99>50ms' --fail-if 'lost>0'",
        meaning: "Have a script fail when the broker is too slow or loses something"),
      CommandExample(
        line: "mqtt bench conn:20000:hold -d 60 --watch-pid 4711",
        meaning: "Hold 20,000 connections and see what they cost the broker"),
      CommandExample(
        line: "mqtt bench fanin:100x1 -p 1883 --vs localhost:1884 --rounds 5",
        meaning: "Measure two brokers in turn and print ratios"),
      CommandExample(
        line: "mqtt bench compare before.json after.json",
        meaning: "Tell a real difference from noise"),
      CommandExample(
        line: "mqtt bench crash -p 2883 --broker-cmd 'mqtt broker -p 2883 --data /tmp/crash' -q 2",
        meaning: "Kill a broker ten times and count what it forgot"),
    ])
}
