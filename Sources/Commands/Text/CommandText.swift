// What is said about each command besides its options: shared by `--help` and the manual pages.

/// A command line worth showing.
package struct CommandExample: Sendable {
  package var line: String
  /// One sentence without a full stop.
  package var meaning: String
}

/// The prose about a command.
package struct CommandText: Sendable {
  /// The forms of the command line, without `mqtt`.
  package var synopsis: [String]
  /// Paragraphs; the first of them stands in `--help` too.
  package var description: [String]
  package var examples: [CommandExample]
}

extension Command {
  /// The prose about this command.
  package var text: CommandText {
    switch self {
    case .broker: Self.brokerText
    case .passwd: Self.passwordText
    case .pub: Self.publishText
    case .sub: Self.subscribeText
    case .bench: Self.benchText
    case .aclCheck: Self.accessCheckText
    case .inspectPcap: Self.inspectText
    }
  }

  private static let publishText = CommandText(
    synopsis: [
      "pub [OPTION ...] TOPIC MESSAGE",
      "pub [OPTION ...] -t TOPIC {-m MESSAGE | -f FILE | -l | -s | -n}",
      "pub [OPTION ...] -L URL {-m MESSAGE | -f FILE | -l | -s | -n}",
      "pub [OPTION ...] --every TIME --template TEXT TOPIC",
      "pub [OPTION ...] {-l | --jsonl | --csv FILE | --replay FILE} [TOPIC]",
    ],
    description: [
      """
      Publishes messages to an MQTT broker, and ends when the broker has taken them: after the \
      whole handshake of their quality of service.
      """,
      """
      The options are those of mosquitto_pub, with its spelling, defaults and meaning; the topic \
      and the message may also stand as plain arguments. A message may be a negative number; any \
      other word that begins with a dash is an option, unless it stands behind --.
      """,
      """
      Only MQTT 5 has acknowledgements that refuse, and only at QoS 1 and 2. A broker that drops a \
      message because its rules deny it answers an older client as if it had taken the message, and \
      does not answer QoS 0 at all: then the exit status is 0. Whoever has to know uses -V 5 and \
      -q 1, or subscribes to the topic, or asks mqtt acl-check.
      """,
    ],
    examples: [
      CommandExample(
        line: "mqtt pub sensor/temp 21.5 -q 2",
        meaning: "Publish 21.5 to sensor/temp on this machine's broker, exactly once"),
      CommandExample(
        line: "mqtt pub -h broker.example.org -t sensor/temp -r -m 21.5",
        meaning: "Have the broker keep the message for those who subscribe later"),
      CommandExample(
        line: "mqtt pub -t sensor/temp -r -n", meaning: "Remove that message again"),
      CommandExample(
        line: "vmstat 1 | mqtt pub -t host/vmstat -l", meaning: "Publish a line at a time"),
      CommandExample(
        line: "mqtt pub -L mqtts://maria:secret@broker.example.org/picture -f picture.png",
        meaning: "Send a file over TLS, with a user name and a password"),
      CommandExample(
        line: "mqtt pub --wait-reply device/7/get temperature",
        meaning: "Ask a question and print the answer"),
      CommandExample(
        line:
          "mqtt pub --every 3s --template '{\"t\": {{random 20 30 2}}}' plc/1 -q 2",
        meaning: "Be a device that measures"),
      CommandExample(
        line: "mqtt pub --csv readings.csv --topic-column sensor -q 1",
        meaning: "Publish each row of a table to the topic in its column"),
      CommandExample(
        line: "mqtt pub --replay day.jsonl --speed 10",
        meaning: "Publish what mqtt sub --record wrote, ten times as fast"),
    ])

  private static let subscribeText = CommandText(
    synopsis: [
      "sub [OPTION ...] FILTER ...",
      "sub [OPTION ...] -t FILTER [-t FILTER ...]",
      "sub [OPTION ...] -L URL",
    ],
    description: [
      """
      Subscribes to topics of an MQTT broker and prints every message that arrives, until it is \
      stopped. When the connection is lost it is made again.
      """,
      """
      The options are those of mosquitto_sub, with its spelling, defaults and meaning; topic \
      filters may also stand as plain arguments. A message is acknowledged only after it has been \
      written, so that none is lost when the reader of a pipe goes away.
      """,
    ],
    examples: [
      CommandExample(
        line: "mqtt sub -v 'sensor/#'", meaning: "Print everything below sensor with its topic"),
      CommandExample(
        line: "mqtt sub sensor/temp -C 1 -W 10",
        meaning: "Print one message, or give up after ten seconds with exit status 27"),
      CommandExample(
        line: "mqtt sub 'sensor/#' -F '@H:@M:@S %t %p'",
        meaning: "Print the time, the topic and the message"),
      CommandExample(
        line: "mqtt sub '#' --json",
        meaning: "Print one JSON object a message, with all its properties"),
      CommandExample(
        line: "mqtt sub 'plant/#' --until '$.temperature > 90' -W 3600",
        meaning: "Wait for a condition, at most an hour"),
      CommandExample(
        line: "mqtt sub '#' --record day.jsonl -q 2",
        meaning: "Record everything, for mqtt pub --replay"),
      CommandExample(
        line: "mqtt sub '#' --top", meaning: "See which topics are busy"),
      CommandExample(
        line: "mqtt sub -t 'job/#' -c -i worker-1 -q 1 -E",
        meaning: "Make a session that collects messages while nobody is there"),
      CommandExample(
        line: "mqtt sub '#' --retained-only --remove-retained -W 2",
        meaning: "Remove all retained messages"),
    ])

  private static let passwordText = CommandText(
    synopsis: [
      "broker passwd [OPTION ...] FILE USER", "broker passwd -b [OPTION ...] FILE USER PASSWORD",
    ],
    description: [
      """
      Sets the password of USER in FILE, which mqtt broker --passwords and mosquitto read, or \
      removes USER. The password is asked for twice on the terminal; when the standard input is not \
      one, its first line is taken.
      """,
      """
      FILE is replaced at once and keeps its owner and permissions; all other lines of it stay as \
      they are. A running broker takes it when it gets SIGHUP.
      """,
    ],
    examples: [
      CommandExample(
        line: "mqtt broker passwd -c passwords ann", meaning: "Make a file with one user"),
      CommandExample(
        line: "mqtt broker passwd -H argon2id passwords ann < secret",
        meaning: "Take the password from a file, and store it as Argon2id"),
      CommandExample(line: "mqtt broker passwd -D passwords ann", meaning: "Remove the user"),
    ])

  private static let brokerText = CommandText(
    synopsis: ["broker [OPTION ...]"],
    description: [
      """
      Serves clients of MQTT 3.1, 3.1.1 and 5.0. Without options it waits on port 1883 for clients \
      of this machine only.
      """,
      """
      The limits have the names of mosquitto.conf where it has them. Reaching one is logged and \
      counted under $SYS/broker, with the name of the client that lost something.
      """,
      """
      On SIGINT and SIGTERM the broker takes no more connections, sends what is under way, tells \
      its clients that it is shutting down, and ends.
      """,
      """
      mqtt-durability(7) says what is on disk before an answer leaves, and what a full disk means; \
      mqtt-access(7) says who gets in and may do what.
      """,
    ],
    examples: [
      CommandExample(line: "mqtt broker", meaning: "Serve this machine on port 1883"),
      CommandExample(
        line: "mqtt broker -c /etc/mosquitto/mosquitto.conf",
        meaning: "Do what mosquitto would do with that file"),
      CommandExample(
        line: "mqtt broker --listen 1883", meaning: "Serve everyone who can reach this machine"),
      CommandExample(
        line: "mqtt broker --tls-listen 8883 --cert server.crt --key server.key",
        meaning: "Serve everyone over TLS only"),
      CommandExample(
        line: "mqtt broker -p 1883 --ws 1883 --ws-origin https://example.org",
        meaning: "Serve pages of example.org by WebSocket, and others without, on one port"),
      CommandExample(
        line: "mqtt broker -v", meaning: "Show every packet of every client as it comes and goes"),
      CommandExample(
        line: "mqtt broker --unix /run/mqtt.sock --max-queued-messages 1000",
        meaning: "Serve a Unix domain socket, and let at most 1000 messages wait for a client"),
    ])
}
