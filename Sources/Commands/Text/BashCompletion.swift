// completions/mqtt.bash: what the tables of options say, as bash asks for it.

/// The completion of bash.
package enum BashCompletion {
  /// The whole file.
  package static func text() -> String {
    let commands = Command.typed.map(\.rawValue)
    var text = """
      # Completion of mqtt for bash, made by 'mqtt generate' from the tables of options.

      _mqtt_files() {
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
      }

      _mqtt_words() {
        mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
      }

      _mqtt_property() {
        case $1 in

      """
    for packet in PropertyPacket.allCases {
      let names = PropertyRow.rows(of: packet).map(\.name).joined(separator: " ")
      text += "    \(packet.rawValue)) _mqtt_words '\(names)' \"$2\" ;;\n"
    }
    text += "  esac\n}\n"
    for command in Command.allCases { text += "\n" + function(command) }
    text += """

      _mqtt() {
        COMPREPLY=()
        if ((COMP_CWORD == 1)); then
          _mqtt_words '\((commands + ["generate", "help", "--help", "--version"]).joined(separator: " "))' \
      "${COMP_WORDS[1]}"
          return
        fi
        if [[ ${COMP_WORDS[1]} == broker && ${COMP_WORDS[2]} == passwd ]] && ((COMP_CWORD > 2)); then
          _mqtt_broker-passwd
          return
        fi
        case ${COMP_WORDS[1]} in
          \(commands.joined(separator: "|"))) "_mqtt_${COMP_WORDS[1]}" ;;
          generate) ((COMP_CWORD == 2)) && _mqtt_words '--install --uninstall' "${COMP_WORDS[2]}" ;;
          help) _mqtt_words '\(commands.joined(separator: " "))' "${COMP_WORDS[COMP_CWORD]}" ;;
        esac
      }

      complete -F _mqtt mqtt

      """
    return text
  }

  private static func function(_ command: Command) -> String {
    var text = """
      _mqtt_\(command.rawValue)() {
        local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
        # bash makes three words of --qos=1.
        if [[ $current == = ]]; then
          current=
        elif [[ $previous == = ]]; then
          previous=${COMP_WORDS[COMP_CWORD - 2]}
        fi

      """
    if command.options.contains(where: { $0.long == "property" }) {
      text += """
          case ${COMP_WORDS[COMP_CWORD - 2]} in
            -D|--property) _mqtt_property "$previous" "$current"; return ;;
          esac

        """
    }
    text += "  case $previous in\n"
    for option in command.options {
      if let answer = answer(option) { text += "    \(patterns(option))) \(answer)return ;;\n" }
    }
    text += "  esac\n"
    let spellings = command.options.map { "--\($0.long)" }.joined(separator: " ")
    text += "  case $current in\n    -*) _mqtt_words '\(spellings)' \"$current\" ;;\n"
    if let plain = plain(command) { text += "    *) \(plain) ;;\n" }
    return text + "  esac\n}\n"
  }

  /// What completes a plain argument; nil when nothing can.
  private static func plain(_ command: Command) -> String? {
    let files = command.takesFiles ? "_mqtt_files -f \"$current\"" : nil
    if command.verbs.isEmpty { return files }
    let verbs = command.verbs.joined(separator: " ")
    let words = "_mqtt_words '\(verbs)' \"$current\""
    guard let files else { return "((COMP_CWORD == 2)) && \(words)" }
    // A verb that has been typed is some word before this one.
    return "if [[ \" ${COMP_WORDS[*]:2:COMP_CWORD - 2} \" =~ "
      + "\\ (\(command.verbsOfFiles.joined(separator: "|")))\\  ]]; then \(files); else \(words); fi"
  }

  private static func patterns(_ option: OptionDescription) -> String {
    let letter = option.letter.map { ["-\($0)"] } ?? []
    return (letter + ([option.long] + option.aliases).map { "--\($0)" }).joined(separator: "|")
  }

  /// What completes the value of `option`; nil for a flag.
  private static func answer(_ option: OptionDescription) -> String? {
    if option.isFlag { return nil }
    switch option.values {
    case .free: return ""
    case .choices(let words), .beginnings(let words):
      return "_mqtt_words '\(words.joined(separator: " "))' \"$current\"; "
    case .file: return "_mqtt_files -f \"$current\"; "
    case .directory: return "_mqtt_files -d \"$current\"; "
    case .property(let packets):
      let names = packets.map(\.rawValue).joined(separator: " ")
      return "_mqtt_words '\(names)' \"$current\"; "
    }
  }
}
