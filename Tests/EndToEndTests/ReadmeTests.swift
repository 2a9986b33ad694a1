// The README's examples, run word by word in one shell as a reader would run them, and their output
// held against what the README shows. Only ports are ours, so that nothing needs port 1883.

import Foundation
import LiveSupport
import Testing

struct ReadmeTests {
  /// A line that a reader types, and the lines that it brings.
  private struct Step {
    var command: String
    var output: [String]
  }

  /// The steps of all blocks marked `console`.
  private func steps() throws -> [Step] {
    let readme = try String(contentsOfFile: checkoutFolder + "/README.md", encoding: .utf8)
    var steps: [Step] = []
    var isConsole = false
    for line in readme.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        isConsole = line == "```console"
      } else if isConsole, line.hasPrefix("$ ") {
        steps.append(Step(command: String(line.dropFirst(2)), output: []))
      } else if isConsole, !steps.isEmpty {
        steps[steps.count - 1].output.append(String(line))
      }
    }
    return steps
  }

  /// What differs from run to run becomes a dot.
  private func settled(_ line: String) -> String {
    line.replacing(/[0-9-]*T?[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]+(\+0000|Z)?/, with: "·")
      .replacing(/[0-9]+\.[0-9]{2} ms/, with: "·")
  }

  @Test func `the README's examples do what it says`() throws {
    let home = TestFolder()
    let shell = try RunningProgram(
      ["bash", "-c", "exec 2>&1; exec bash"],
      environment: [
        "HOME": home.path, "XDG_STATE_HOME": "", "MQTT": mqttPath, "PLAIN": "\(try freePort())",
        "TLS": "\(try freePort())", "WEB": "\(try freePort())", "TMPDIR": home.path,
      ])
    // The ports of the examples are the usual ones; here each word finds its own.
    shell.write(
      """
      cd '\(checkoutFolder)'
      mqtt() {
        local command=$1 port=$PLAIN words=(); shift
        for word; do
          case $word in *9001*) port=$WEB; word=${word//9001/$WEB} ;; esac
          if [ "$word" = --tls ]; then port=$TLS; fi
          if [ "$command $word" = 'broker --tls' ]; then word=--tls-port=$TLS; fi
          words+=("$word")
        done
        # In the background the program takes the place of the shell, so that the end finds it.
        local place=(); if [ "$BASH_SUBSHELL" -gt 0 ]; then place=(exec); fi
        if [ "$port" = "$WEB" ] || [[ $command =~ acl-check|inspect-pcap ]]; then :
        elif [ "$command $port" != "broker $TLS" ]; then words=(-p "$port" "${words[@]}"); fi
        "${place[@]}" "$MQTT" "$command" "${words[@]}"
      }
      mosquitto_pub() { command mosquitto_pub -p "$PLAIN" "$@"; }
      trap 'kill $(jobs -p)' EXIT

      """)
    let steps = try steps()
    #expect(steps.count > 10)
    var shown: [String] = []
    for step in steps {
      shell.write(step.command + "\n")
      if step.command.hasSuffix("&") { shell.write("sleep 1\n") }
      let expected = shown + step.output.map(settled)
      let lines = { shell.output.split(separator: "\n").map { settled(String($0)) } }
      _ = poll(20) { lines().count >= expected.count }
      _ = poll(0.3) { lines().count > expected.count }
      #expect(lines().dropFirst(shown.count) == expected.dropFirst(shown.count), "\(step.command)")
      shown = lines()
    }
    shell.closeInput()
    _ = try shell.exitStatus()
  }
}
