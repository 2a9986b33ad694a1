// One row of a table of options, as a reader of it sees it. The parser, `--help`, the completions
// and the OPTIONS part of the manual pages are all made from these rows and from nothing else, so
// none of them can say what another denies.

/// What may stand as the value of an option, as a shell can complete it.
package enum ValueHint: Equatable, Sendable {
  /// Anything.
  case free
  /// One of these words.
  case choices([String])
  /// One of these words, perhaps with more behind it.
  case beginnings([String])
  /// The path of a file.
  case file
  /// The path of a directory.
  case directory
  /// The words of `-D`: a packet, one of its properties, a value.
  case property([PropertyPacket])
}

/// Everything that is said about an option.
package struct OptionDescription: Equatable, Sendable {
  /// The long spelling without its dashes.
  package var long: String
  /// The short spelling without its dash.
  package var letter: Character?
  /// Other long spellings that are taken.
  package var aliases: [String]
  /// The placeholder of the value, as in `PORT`; nil for a flag.
  package var valueName: String?
  package var values: ValueHint
  /// A value that is right; empty for a flag.
  package var example: String
  /// What holds when the option is not given; nil when that needs no words.
  package var defaultText: String?
  package var isRepeatable: Bool
  /// One sentence for `--help`, without a full stop.
  package var help: String
  /// Further sentences for the manual page.
  package var manual: String
  /// The heading under which the option is listed.
  package var group: String

  /// Whether the option takes no value.
  package var isFlag: Bool { valueName == nil }

  /// `-q, --qos QOS`, or `    --unix PATH` where there is no letter.
  package var spelling: String {
    let short = letter.map { "-\($0), " } ?? "    "
    return short + "--\(long)" + (valueName.map { " \($0)" } ?? "")
  }
}
