// What is said about `mqtt acl-check` besides its options.

extension Command {
  static let accessCheckText = CommandText(
    synopsis: [
      "acl-check --acl FILE [OPTION ...] {publish | receive} TOPIC",
      "acl-check --acl FILE [OPTION ...] {subscribe | unsubscribe} FILTER",
      "acl-check --acl FILE [OPTION ...] ask [FILE]",
      "acl-check --acl FILE [OPTION ...] test CASES [--coverage]",
      "acl-check --acl FILE [--user USER] list",
      "acl-check --acl FILE who ACTION TOPIC",
      "acl-check diff OLD NEW",
      "acl-check --acl FILE [--passwords FILE] lint",
      "acl-check --acl FILE replay --capture FILE",
      "acl-check suggest --capture FILE",
    ],
    description: [
      """
      Says what a file of access rules means, without a broker: whether a client may do something \
      and which rule decides it, what a user may do and who may do something, what changes from one \
      file to another, and what a file says but hardly means.
      """,
      """
      The rules are an ACL file of mosquitto or a file of its dynamic-security plugin, and the \
      answers are those of the broker. A client that is not named is one without a user name, or \
      one with an identifier that no rule names. Where what a rule means is shown, $+ stands for a \
      level that begins with $: no wildcard at the front of a filter matches such topics. This \
      holds for subscribePattern and unsubscribePattern, too, as in MQTT 4.7.2; the plugin of \
      mosquitto 2.0 lets a # there stand for filters that begin with $, so name these in rules of \
      their own.
      """,
      """
      publish, receive and unsubscribe answer ALLOW or DENY with the place of the rule that \
      decides. subscribe \
      answers FULLY, PARTLY or NEVER: how much of the filter is delivered. ask does the same for \
      the questions of a file or of the standard input, and test holds the answers against what \
      is expected. list and diff take what may be subscribed to, too, where the file has a say in \
      it. diff compares the topics that the rules stand for and not their lines, with an \
      example for everything that somebody gains or loses. lint finds rules that never decide, \
      grants of everything, patterns without a placeholder, and users without a password entry; \
      each finding has its file, line and column, and what to do.
      """,
      """
      replay says what the rules would have denied of a capture of network traffic, each thing \
      once with the frame in which it was first seen. suggest writes the ACL file that allows what \
      is in the capture and as little as possible beyond it.
      """,
    ],
    examples: [
      CommandExample(
        line: "mqtt acl-check --acl acl.conf --user sensor_1 publish sensors/temp",
        meaning: "Ask whether sensor_1 may publish to sensors/temp"),
      CommandExample(
        line: "mqtt acl-check --acl acl.conf --user alice --explain receive home/door",
        meaning: "The same for receiving, with a remark for each rule"),
      CommandExample(
        line: "mqtt acl-check --acl acl.conf --user alice subscribe 'home/#'",
        meaning: "Ask how much of a subscription is delivered"),
      CommandExample(
        line: "mqtt acl-check --acl acl.conf test cases.txt --coverage",
        meaning: "Hold the file against expectations, and find rules that none exercises"),
      CommandExample(
        line: "mqtt acl-check --acl acl.conf who publish home/door",
        meaning: "Find everyone who may publish to home/door"),
      CommandExample(
        line: "mqtt acl-check diff old.conf new.conf",
        meaning: "Say who gains and who loses what"),
      CommandExample(
        line: "mqtt acl-check --acl acl.conf --passwords passwords lint",
        meaning: "Find what is doubtful in the file and missing in the list of users"),
      CommandExample(
        line: "mqtt acl-check suggest --capture capture.pcapng > acl.conf",
        meaning: "Make the rules that the clients of a capture need"),
      CommandExample(
        line: "mqtt acl-check --acl acl.conf replay --capture capture.pcapng",
        meaning: "Say what these rules would have denied of a capture"),
    ])
}
