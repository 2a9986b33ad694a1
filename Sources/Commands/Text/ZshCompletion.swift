// completions/mqtt.zsh: what the tables of options say, as zsh's _arguments asks for it.

/// The completion of zsh.
package enum ZshCompletion {
  /// The whole file.
  package static func text() -> String {
    var text = """
      #compdef mqtt
      # Completion of mqtt for zsh, made by 'mqtt generate' from the tables of options.

      _mqtt_property() {
        local -a names
        case ${words[CURRENT - 1]} in

      """
    for packet in PropertyPacket.allCases {
      let names = PropertyRow.rows(of: packet).map(\.name).joined(separator: " ")
      text += "    \(packet.rawValue)) names=(\(names)) ;;\n"
    }
    text += "  esac\n  compadd -a names\n}\n"
    text += """

      _mqtt_scenario() {
        if ((${words[(I)compare]} > 0 && ${words[(I)compare]} < CURRENT)); then
          _files
        else
          compadd \(Command.bench.verbs.joined(separator: " "))
        fi
      }

      """
    for command in Command.allCases { text += "\n" + function(command) }
    text += "\n_mqtt() {\n  local -a commands\n  commands=(\n"
    for command in Command.typed {
      text += "    '\(command.rawValue):\(command.summary)'\n"
    }
    text += "    'generate:\(Help.generateSummary)'\n"
    text += """
        )
        if ((CURRENT == 2)); then
          _describe -t commands command commands
          _arguments '--help[print this help]' '--version[print the version]'
          return
        fi
        local command=${words[2]}
        shift words
        ((CURRENT--))
        if [[ $command == broker && ${words[2]} == passwd ]] && ((CURRENT > 2)); then
          command=broker-passwd
          shift words
          ((CURRENT--))
        fi
        case $command in
          \(Command.allCases.map(\.rawValue).joined(separator: "|"))) "_mqtt_$command" ;;
          generate) _arguments '--install' '--uninstall' ;;
          help) _describe -t commands command commands ;;
        esac
      }

      if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
        _mqtt "$@"
      else
        compdef _mqtt mqtt
      fi

      """
    return text
  }

  private static func function(_ command: Command) -> String {
    let rows = command.options.map { "    \(specification($0))" }
    let plain =
      switch command {
      case .broker: " \\\n    '::command:(passwd)'"
      case .passwd: " \\\n    ':file:_files' ':user: ' ':password: '"
      case .pub: " \\\n    ':topic: ' ':message: '"
      case .sub: " \\\n    '*:filter: '"
      case .bench: " \\\n    '*:scenario:_mqtt_scenario'"
      case .aclCheck:
        " \\\n    ':question:(\(command.verbs.joined(separator: " ")))'"
          + " \\\n    '*:file:_files'"
      case .inspectPcap: " \\\n    '*:file:_files'"
      }
    return """
      _mqtt_\(command.rawValue)() {
        _arguments -s -S \\
      \(rows.joined(separator: " \\\n"))\(plain)
      }

      """
  }

  private static func specification(_ option: OptionDescription) -> String {
    let isProperty = if case .property = option.values { true } else { false }
    let hasOneValue = !option.isFlag && !isProperty
    let short = option.letter.map { "-\($0)" }
    let long = "--\(option.long)"
    let all = [short, long].compactMap { $0 }.joined(separator: " ")
    let exclusion = option.isRepeatable ? "'*'" : "'(\(all))'"
    let spellings =
      [short.map { $0 + (hasOneValue ? "+" : "") }, long + (hasOneValue ? "=" : "")]
      .compactMap { $0 }
    let names = spellings.count > 1 ? "{\(spellings.joined(separator: ","))}" : spellings[0]
    return "\(exclusion)\(names)'[\(escaped(option.help))]\(value(option))'"
  }

  private static func value(_ option: OptionDescription) -> String {
    guard let name = option.valueName else { return "" }
    switch option.values {
    case .free: return ":\(escaped(name)): "
    case .choices(let words), .beginnings(let words):
      return ":\(escaped(name)):(\(words.joined(separator: " ")))"
    case .file: return ":\(escaped(name)):_files"
    case .directory: return ":\(escaped(name)):_files -/"
    case .property(let packets):
      let names = packets.map(\.rawValue).joined(separator: " ")
      return ":PACKET:(\(names)):NAME:_mqtt_property:VALUE: "
    }
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "'": result += "'\\''"
      case "[", "]", ":", "\\": result += "\\\(character)"
      default: result.append(character)
      }
    }
    return result
  }
}
