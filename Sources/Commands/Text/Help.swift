// `mqtt --help` and `mqtt COMMAND --help`: grouped, aligned, and wrapped to the width of the
// terminal within 80 and 100 columns.

import Text

/// The program's own version.
package let programVersion = "0.1.0"

/// Texts for people who ask.
package struct Help {
  /// The columns of a line: 80 to 100.
  package var width: Int
  /// Whether headings are set off by the terminal's bold.
  package var isColoured: Bool

  /// Widths beyond the bounds are brought within them.
  package init(width: Int = 80, isColoured: Bool = false) {
    self.width = min(100, max(80, width))
    self.isColoured = isColoured
  }

  /// `mqtt 0.1.0`.
  package static var version: String { "mqtt \(programVersion)\n" }

  private func heading(_ text: String) -> String {
    isColoured ? "\u{1B}[1m\(text)\u{1B}[0m" : text
  }

  /// The commands, in a few lines.
  package func overview() -> String {
    var text = heading("Usage:") + " mqtt COMMAND [OPTION ...] [ARGUMENT ...]\n\n"
    text += heading("Commands:") + "\n"
    for command in Command.allCases {
      text += "  " + command.words.padded(to: 15) + command.summary + "\n"
    }
    text += "  " + "generate".padded(to: 15) + Self.generateSummary + "\n"
    text +=
      "\n'mqtt COMMAND --help' lists the options of a command, 'man mqtt-COMMAND' says more.\n"
    text += "'mqtt --version' prints the version.\n"
    return text
  }

  /// One sentence about the command that has no options, without a full stop.
  static let generateSummary = "install completions and manual pages, or remove them again"

  /// Everything about one command: what everybody uses first.
  package func full(_ command: Command) -> String {
    let prose = command.text
    var text = ""
    for (index, form) in prose.synopsis.enumerated() {
      text += index == 0 ? heading("Usage:") + " " : "       "
      text += "mqtt \(form)\n"
    }
    text += "\n" + prose.description[0].wrapped(width: width) + "\n"
    let common = command.commonOptions
    if !common.isEmpty {
      text += list("What everybody uses", common) + examples(prose.examples.prefix(5))
    }
    for (group, options) in command.groups {
      let others = options.filter { !common.contains($0) }
      if !others.isEmpty { text += list(group, others) }
    }
    if common.isEmpty { text += examples(prose.examples.prefix(3)) }
    if command == .pub || command == .sub {
      let statuses = Self.clientStatus.wrapped(width: width, indent: 2)
      text += "\n" + heading("Exit status:") + "\n  " + statuses + "\n"
    }
    text += "\n'man mqtt-\(command.rawValue)' says more.\n"
    return text
  }

  /// What the exit status of a client says, in a sentence.
  private static let clientStatus =
    "0 done, 1 failed, 2 wrong command line, 7 one connection after the other lost, 8 messages may be "
    + "lost or have come twice (pub), 27 timed out, 128 and up the broker's reason code."

  private func list(_ group: String, _ options: [OptionDescription]) -> String {
    "\n" + heading("\(group):") + "\n" + options.map(line).joined()
  }

  private func examples(_ examples: ArraySlice<CommandExample>) -> String {
    "\n" + heading("Examples:") + "\n" + examples.map { "  \($0.line)\n" }.joined()
  }

  /// The column in which the explanations begin.
  private static let column = 30

  private func line(_ option: OptionDescription) -> String {
    let left = "  " + option.spelling
    var right = option.help
    if let defaultText = option.defaultText { right += " [\(defaultText)]" }
    let explanation = right.wrapped(width: width, indent: Self.column)
    if left.count + 2 > Self.column {
      return left + "\n" + String(repeating: " ", count: Self.column) + explanation + "\n"
    }
    return left.padded(to: Self.column) + explanation + "\n"
  }
}

extension Command {
  /// The options that stand first in `--help`, in their order there; none where there are few.
  var commonOptions: [OptionDescription] {
    let names: [String] =
      switch self {
      case .pub:
        [
          "host", "port", "username", "pw", "topic", "message", "stdin-line", "qos", "retain",
          "debug",
        ]
      case .sub:
        [
          "host", "port", "username", "pw", "topic", "qos", "verbose", "format", "count", "timeout",
        ]
      case .broker, .passwd, .bench, .aclCheck, .inspectPcap: []
      }
    return names.compactMap { name in options.first { $0.long == name } }
  }

  /// The options under their headings, both in the order of the table.
  var groups: [(heading: String, options: [OptionDescription])] {
    var groups: [(heading: String, options: [OptionDescription])] = []
    for option in options {
      if groups.last?.heading == option.group {
        groups[groups.count - 1].options.append(option)
      } else {
        groups.append((option.group, [option]))
      }
    }
    return groups
  }
}

extension String {
  /// With blanks at the end up to `width` columns.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
