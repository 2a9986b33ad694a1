// completions/mqtt.fish: what the tables of options say, as fish asks for it.

/// The completion of fish.
package enum FishCompletion {
  /// The whole file.
  package static func text() -> String {
    var text = """
      # Completion of mqtt for fish, made by 'mqtt generate' from the tables of options.

      function __mqtt_property
          set -l words (commandline -opc)
          contains -- "$words[-2]" -D --property
          and not contains -- "$words[-1]" -D --property
      end

      function __mqtt_properties
          set -l words (commandline -opc)
          switch $words[-1]

      """
    for packet in PropertyPacket.allCases {
      text += "        case \(packet.rawValue)\n"
      let names = PropertyRow.rows(of: packet).map(\.name).joined(separator: " ")
      text += "            printf '%s\\n' \(names)\n"
    }
    text += "    end\nend\n\ncomplete -c mqtt -f\n"
    for command in Command.typed {
      text += "complete -c mqtt -n __fish_use_subcommand -a \(command.rawValue)"
      text += " -d '\(escaped(command.summary))'\n"
    }
    text += "complete -c mqtt -n __fish_use_subcommand -a generate -d '\(Help.generateSummary)'\n"
    for option in ["install", "uninstall"] {
      text += "complete -c mqtt -n '__fish_seen_subcommand_from generate' -l \(option)\n"
    }
    text += "complete -c mqtt -n __fish_use_subcommand -l help -d 'print this help'\n"
    text += "complete -c mqtt -n __fish_use_subcommand -l version -d 'print the version'\n"
    for command in Command.allCases {
      text += "\n"
      for option in command.options { text += line(option, command) }
      text += plain(command)
    }
    text += "\ncomplete -c mqtt -n __mqtt_property -x -a '(__mqtt_properties)'\n"
    return text
  }

  /// When options and arguments of `command` are wanted.
  private static func condition(_ command: Command) -> String {
    switch command {
    case .broker:
      "__fish_seen_subcommand_from broker; and not __fish_seen_subcommand_from passwd"
    case .passwd: "__fish_seen_subcommand_from broker; and __fish_seen_subcommand_from passwd"
    // Names of scenarios as well.
    case .pub, .sub:
      "__fish_seen_subcommand_from \(command.rawValue); and not __fish_seen_subcommand_from bench"
    case .bench, .aclCheck, .inspectPcap:
      "__fish_seen_subcommand_from \(command.rawValue)"
    }
  }

  /// The lines for plain arguments.
  private static func plain(_ command: Command) -> String {
    var text = ""
    let verbs = command.verbs.joined(separator: " ")
    if !verbs.isEmpty {
      let others = command == .bench ? command.verbsOfFiles.joined(separator: " ") : verbs
      let isOne = "; and not __fish_seen_subcommand_from \(others)"
      text += "complete -c mqtt -n '\(condition(command))\(isOne)' -a '\(verbs)'\n"
    }
    if command.takesFiles {
      let isLater =
        verbs.isEmpty
        ? ""
        : "; and __fish_seen_subcommand_from \(command.verbsOfFiles.joined(separator: " "))"
      text += "complete -c mqtt -n '\(condition(command))\(isLater)' -F\n"
    }
    return text
  }

  private static func line(_ option: OptionDescription, _ command: Command) -> String {
    var text = "complete -c mqtt -n '\(condition(command))'"
    if let letter = option.letter { text += " -s \(letter)" }
    text += " -l \(option.long)"
    if !option.isFlag {
      switch option.values {
      case .free: text += " -x"
      case .choices(let words), .beginnings(let words):
        text += " -x -a '\(words.joined(separator: " "))'"
      case .file: text += " -r -F"
      case .directory: text += " -x -a '(__fish_complete_directories)'"
      case .property(let packets):
        text += " -x -a '\(packets.map(\.rawValue).joined(separator: " "))'"
      }
    }
    return text + " -d '\(escaped(option.help))'\n"
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      if character == "'" || character == "\\" { result += "\\" }
      result.append(character)
    }
    return result
  }
}
