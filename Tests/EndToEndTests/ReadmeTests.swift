// The README's blocks for a shell, each pasted as a whole into one shell as a reader would, and what they
// print held against what the README shows. Only ports are ours, so that nothing needs port 1883.

import Foundation
import LiveSupport
import Testing

struct ReadmeTests {
  /// A block of the README that is marked `console` or `sh`.
  private struct Block {
    /// What a reader types.
    var commands: [String] = []
    /// What the README shows of the answer; nil where it shows nothing.
    var output: [String]?
    /// The line of the README in which it begins.
    var line: Int
  }

  /// Blocks that no test can run, by their first lines, and why.
  private static let notRun: KeyValuePairs = [
    ".ci/setup && swift build": "builds the program, and serves until it is stopped",
    ".ci/setup --tests && swift test": "is this run of the tests",
    "export PATH=": "finds the release build; here `mqtt` is the one that was built with the tests",
    "mqtt broker -p 1885": "stands for three terminals: StoryTests plays them",
    "mqtt pub --outbox app.db --create-table &": "needs FastAPI: SidecarTests runs the story",
    "sqlite3 ~/.local/state/mqtt": "reads the data of a broker that has stopped: ViewTests",
    "mqtt bench": "measures for minutes and asks other hosts: LiveBenchTests",
    ".ci/setup --tests && swift build": "measures for minutes, with a release build",
    "swift build -c release": "builds and runs for minutes: SimulationTests",
  ]

  private func blocks() throws -> [Block] {
    let readme = try String(contentsOfFile: checkoutFolder + "/README.md", encoding: .utf8)
    var blocks: [Block] = []
    var kind = ""
    let lines = readme.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      if line.hasPrefix("```") {
        kind = kind.isEmpty ? String(line) : ""
        if kind == "```console" { blocks.append(Block(output: [], line: index + 1)) }
        if kind == "```sh" { blocks.append(Block(line: index + 1)) }
        if kind == "```" { kind = "other" }
      } else if kind == "```sh" || kind == "```console" && line.hasPrefix("$ ") {
        blocks[blocks.count - 1].commands.append(String(line.dropFirst(kind == "```sh" ? 0 : 2)))
      } else if kind == "```console" {
        blocks[blocks.count - 1].output?.append(String(line))
      }
    }
    return blocks
  }

  /// What differs from run to run becomes a dot.
  private func settled(_ line: String) -> String {
    line.replacing(/[0-9-]*T?[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]+(\+0000|Z)?/, with: "·")
      .replacing(/[0-9]+\.[0-9]{2} ms/, with: "·")
  }

  /// A shell in which the ports of the examples are free ones, and which ends what it has started.
  private func shell(_ home: TestFolder) throws -> RunningProgram {
    let shell = try RunningProgram(
      ["bash", "-c", "exec 2>&1; exec bash"],
      environment: [
        "HOME": home.path, "XDG_STATE_HOME": "", "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": "",
        "MQTT": mqttPath, "PLAIN": "\(try freePort())", "TLS": "\(try freePort())",
        "WEB": "\(try freePort())", "USERS": "\(try freePort())", "TMPDIR": home.path,
      ])
    shell.write(
      """
      cd '\(checkoutFolder)'
      mqtt() {
        local command=$1 port=$PLAIN words=(); shift
        for word; do
          case $word in
            *9001*) port=$WEB; word=${word//9001/$WEB} ;;
            1886) port=$USERS; word=$USERS ;;
          esac
          if [ "$word" = --tls ]; then port=$TLS; fi
          if [ "$command $word" = 'broker --tls' ]; then word=--tls-port=$TLS; fi
          # What goes to the background says by what number it can be ended.
          if [ "$command $word" = 'broker -d' ]; then words+=(--pid-file "$HOME/$RANDOM.pid"); fi
          words+=("$word")
        done
        # In the background the program takes the place of the shell, so that the end finds it.
        local place=(); if [ "$BASH_SUBSHELL" -gt 0 ]; then place=(exec); fi
        if [ "$port" = "$WEB" ] || [ "$port" = "$USERS" ]; then :
        elif [[ $command =~ acl-check|inspect-pcap ]] || [ "$1" = passwd ]; then :
        elif [ "$command $port" != "broker $TLS" ]; then words=(-p "$port" "${words[@]}"); fi
        "${place[@]}" "$MQTT" "$command" "${words[@]}"
      }
      mosquitto_pub() { command mosquitto_pub -p "$PLAIN" "$@"; }
      trap 'kill $(jobs -p) $(cat "$HOME"/*.pid) 2> /dev/null' EXIT

      """)
    return shell
  }

  /// Whether a block is one of those that no test runs.
  private func isRun(_ block: Block) -> Bool {
    !Self.notRun.contains { block.commands[0].hasPrefix($0.key) }
  }

  @Test func `every block for a shell is run or has a reason not to be`() throws {
    let blocks = try blocks()
    for (start, _) in Self.notRun {
      #expect(blocks.contains { $0.commands[0].hasPrefix(start) }, "\(start) is gone")
    }
    #expect(blocks.filter { $0.output == nil && !isRun($0) }.count == Self.notRun.count)
    #expect(blocks.allSatisfy { $0.output == nil || isRun($0) })
  }

  @Test func `the README's examples do what it says when each is pasted as a whole`() throws {
    let home = TestFolder()
    let shell = try shell(home)
    let blocks = try blocks().filter { $0.output != nil }
    #expect(blocks.count > 10)
    var shown: [String] = []
    let lines = { shell.output.split(separator: "\n").map { settled(String($0)) } }
    for block in blocks {
      let place = "README.md:\(block.line)"
      // The last line is the test's own: then everything before it has been said.
      shell.write(block.commands.joined(separator: "\n") + "\necho '\(place)'\n")
      #expect(poll(60) { lines().last == place }, "\(place)")
      let expected = (block.output ?? []).map(settled)
      #expect(lines().dropFirst(shown.count).dropLast() == expected[...], "\(place)")
      shown = lines()
    }
    shell.closeInput()
    _ = try shell.exitStatus()
  }

  /// Blocks without output, by their first lines, and the exit status of the last command of each.
  private static let statuses: KeyValuePairs = [
    "mqtt sub sensor/data --sqlite": 0, "echo secret | mqtt broker passwd": 135,
  ]

  @Test func `the README's commands work when each block is pasted as a whole`() throws {
    let home = TestFolder()
    let broker = try LiveBroker(["--quiet"])
    let shell = try shell(home)
    shell.write("cd '\(home.path)'; PLAIN=\(broker.port)\n")
    for block in try blocks() where block.output == nil && isRun(block) {
      let status = Self.statuses.first { block.commands[0].hasPrefix($0.key) }?.value
      let place = "README.md:\(block.line)"
      let expected = try #require(status, "\(place)")
      shell.write(block.commands.joined(separator: "\n") + "\necho \"\(place) $?\"\n")
      let last = { shell.output.split(separator: "\n").last.map(String.init) ?? "" }
      #expect(poll(60) { last().hasPrefix(place) }, "\(place): \(shell.output)")
      #expect(last() == "\(place) \(expected)", "\(shell.output)")
    }
    // What the blocks are for: the row was published, and ann alone may speak.
    let outbox = ["sqlite3", home.path("app.db"), "SELECT sent_at IS NOT NULL FROM outbox"]
    #expect(poll(20) { (try? run(outbox))?.output == "1\n" })
    #expect(shell.output.contains("Not authorized"))
    shell.closeInput()
    _ = try shell.exitStatus()
  }
}
