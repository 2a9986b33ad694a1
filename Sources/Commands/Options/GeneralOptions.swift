// Rows that stand in the tables of several commands.

import Text

extension Option where Draft: Commands.Draft {
  /// `--help` and `--version`; `letter` is for commands where -h is not the host.
  static func information(helpLetter letter: Character? = nil) -> [Option] {
    [
      .flag("help", letter: letter, "print this help") { $0.request = .help },
      .flag("version", "print the version") { $0.request = .version },
    ]
  }

  /// `-D` for a command that sends `packets`.
  static func property(
    _ packets: [PropertyPacket],
    _ take: @escaping @Sendable (inout Draft, PropertyArgument) throws(ValueFault) -> Void
  ) -> Option {
    let names = packets.map(\.rawValue).joined(choicesWith: "or")
    return Option(
      description: OptionDescription(
        long: "property", letter: "D", aliases: [], valueName: "PACKET NAME VALUE",
        values: .property(packets),
        example: "\(packets.contains(.publish) ? "publish" : "subscribe") user-property a b",
        defaultText: nil, isRepeatable: true, help: "a property of MQTT 5 for \(names)",
        manual: """
          The properties of each packet are listed under PROPERTIES below. user-property takes \
          two values, its name and its value. With -D the protocol version is 5.
          """, group: ""),
      action: .words { (draft, words) throws(ValueFault) in
        let argument = try PropertyArgument(words, allowed: packets)
        try take(&draft, argument)
        return argument.wordCount
      })
  }

  /// `-o`.
  static func optionsFile(
    _ defaultFiles: String, _ set: @escaping @Sendable (inout Draft, String) -> Void
  ) -> Option {
    .value(
      "options-file", letter: "o", "FILE", .file, example: "broker.options",
      default: "\(defaultFiles) in ~/.config", "read options from FILE, one on a line"
    ) { (draft, text) throws(ValueFault) in
      set(&draft, try Values.name(text, "the path of a file"))
    }
  }
}
