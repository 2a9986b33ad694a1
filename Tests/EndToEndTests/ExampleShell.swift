// A shell that examples are pasted into. Their ports are free ones there, so that nothing needs port
// 1883, and what they have started ends with it.

import Foundation
import LiveSupport
import Testing

/// One shell, in which blocks are pasted one after the other.
struct ExampleShell {
  private let shell: RunningProgram
  /// How many lines it has printed so far.
  private var lineCount = 0

  /// Starts it in `folder`, with `home` as its home and `port` in the place of 1883.
  init(in folder: String, home: TestFolder, port: UInt16) throws {
    var variables = [
      "HOME": home.path, "XDG_STATE_HOME": "", "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": "",
      "TMPDIR": home.path, "MQTT": mqttPath, "PYTHON": pythonOfTests, "PLAIN": "\(port)",
    ]
    for name in ["TLS", "WEB", "STORY", "USERS", "COPY", "REDIS", "HTTP"] {
      variables[name] = "\(try freePort())"
    }
    shell = try RunningProgram(["bash", "-c", "exec 2>&1; exec bash"], environment: variables)
    shell.write("cd '\(folder)'\n" + Self.functions)
  }

  /// Commands that take free ports for those of the examples.
  private static let functions = #"""
    mqtt() {
      local command=$1 port=$PLAIN words=() word; shift
      for word; do
        case $word in
          *9001*) port=; word=${word//9001/$WEB} ;;
          1885) port=; word=$STORY ;;
          1886) port=; word=$USERS ;;
          1887) port=; word=$COPY ;;
          redis://localhost/*) word=${word/localhost/localhost:$REDIS} ;;
          --tls) port=$TLS; if [ "$command" = broker ]; then port=; word=--tls-port=$TLS; fi ;;
        esac
        # What goes to the background says by what number it can be ended.
        if [ "$command $word" = 'broker -d' ] && [[ $* != *--pid-file* ]]; then
          words+=(--pid-file "$HOME/$RANDOM.pid")
        fi
        words+=("$word")
      done
      if [[ $command =~ acl-check|inspect-pcap|generate ]] || [ "$1" = passwd ]; then port=; fi
      if [ -n "$port" ]; then words=(-p "$port" "${words[@]}"); fi
      # In the background the program takes the place of the shell, so that the end finds it.
      local place=(); if [ "$BASH_SUBSHELL" -gt 0 ]; then place=(exec); fi
      "${place[@]}" "$MQTT" "$command" "${words[@]}"
    }
    mosquitto_pub() { command mosquitto_pub -p "$PLAIN" "$@"; }
    redis-cli() { command redis-cli -p "$REDIS" "$@"; }
    uvicorn() { exec "$PYTHON" -m uvicorn --port "$HTTP" "$@" > /dev/null 2>&1; }
    curl() {
      until (exec 3<> "/dev/tcp/localhost/$HTTP") 2> /dev/null; do sleep 0.05; done
      command curl "${@//:8000/:$HTTP}"
    }
    trap 'kill $(jobs -p) $(cat "$HOME"/*.pid) 2> /dev/null' EXIT

    """#

  /// Pastes a block, waits until all before `end`, which is printed last, has been said, and returns
  /// it.
  mutating func paste(_ block: ShownBlock, end: String = "") -> [String] {
    type(block.commands.joined(separator: "\n"), end: "\(block.place)\(end)")
  }

  /// Types a text, and returns the lines that are printed for it, with `end` as the last one.
  mutating func type(_ text: String, end: String) -> [String] {
    let start = lineCount
    // The value of `end` is the shell's matter: it may ask for the exit status.
    shell.write(text + "\necho \"\(end)\"\n")
    let prefix = end.prefix { $0 != " " }
    let lines = { [shell] in
      shell.output.split(separator: "\n").dropFirst(start).map(String.init)
    }
    #expect(poll(60) { lines().last?.hasPrefix(prefix) == true }, "\(end): \(lines())")
    let answer = lines()
    lineCount += answer.count
    return answer
  }

  /// Ends it, and what runs in it.
  func close() throws {
    shell.closeInput()
    _ = try shell.exitStatus()
  }
}

extension ShownBlock {
  /// Lines without what differs from run to run: a dot in the place of times.
  static func settled(_ lines: some Sequence<String>) -> [String] {
    lines.map {
      $0.replacing(/[0-9-]*T?[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]+(\+0000|Z)?/, with: "·")
        .replacing(/[0-9]+\.[0-9]{2} ms/, with: "·")
    }
  }
}
