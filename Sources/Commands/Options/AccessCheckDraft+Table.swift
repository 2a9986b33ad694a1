// The table of the options of `mqtt acl-check`.

import Text

extension AccessCheckDraft {
  /// All options, in the order of `--help`.
  static let table: [Option<AccessCheckDraft>] =
    rules.grouped("Rules") + client.grouped("Client") + captures.grouped("Captures")
    + answers.grouped("Answers")
    + Option.information(helpLetter: "h").grouped("General")

  private static let rules: [Option<AccessCheckDraft>] = [
    .value(
      "acl", "FILE", .file, example: "acl.conf", "the rules: an ACL file of mosquitto",
      manual: "Or a file of its dynamic-security plugin, which is known by its first character, {."
    ) { (draft, text) throws(ValueFault) in
      draft.options.rulesFile = try Values.name(text, "the path of a file")
    },
    .value(
      "passwords", "FILE", .file, example: "passwords", "the users who can log in",
      manual: """
        A password file as mosquitto_passwd makes it. A user without an entry is denied everything, \
        and lint tells which users are missing on either side.
        """
    ) { (draft, text) throws(ValueFault) in
      draft.options.passwordFile = try Values.name(text, "the path of a file")
    },
    .flag(
      "acl-extensions", "know the access words subscribe, readdeny and writedeny, too",
      manual: """
        mosquitto does not have them. readdeny and writedeny deny one direction. As soon as a \
        subscribe rule speaks to a client, it may subscribe only to filters within such rules.
        """
    ) { $0.options.allowsExtensions = true },
  ]

  private static let client: [Option<AccessCheckDraft>] = [
    .value(
      "user", letter: "u", aliases: ["username"], "USER", example: "alice",
      default: "a client without a user name", "the user name of the client"
    ) { (draft, text) throws(ValueFault) in
      draft.options.userName = try Values.ofTwoLengthBytes(text)
    },
    .value(
      "client-id", letter: "i", aliases: ["id"], "ID", example: "sensor-17",
      default: "one that no rule names", "the client identifier of the client"
    ) { (draft, text) throws(ValueFault) in
      draft.options.clientIdentifier = try Values.ofTwoLengthBytes(text)
    },
  ]

  private static let captures: [Option<AccessCheckDraft>] = [
    .value(
      "capture", letter: "r", "FILE", .file, example: "capture.pcapng", repeatable: true,
      "with replay and suggest: what clients did, as mqtt inspect-pcap reads it"
    ) { (draft, text) throws(ValueFault) in
      draft.options.captureFiles.append(try Values.name(text, "the path of a capture file"))
    },
    .value(
      "keylog", "FILE", .file, example: "keys.log", repeatable: true,
      "secrets of TLS, as SSLKEYLOGFILE and --tls-keylog write them"
    ) { (draft, text) throws(ValueFault) in
      draft.options.keyLogs.append(try Values.name(text, "the path of a file"))
    },
  ]

  private static let answers: [Option<AccessCheckDraft>] = [
    .flag("explain", letter: "e", "say of each rule why it did not decide") {
      $0.options.explains = true
    },
    .flag("coverage", "with test: tell which rules no case exercises") {
      $0.options.tellsCoverage = true
    },
    .flag("json", letter: "j", "answer in JSON, one object a line") {
      $0.options.writesJSON = true
    },
  ]
}
