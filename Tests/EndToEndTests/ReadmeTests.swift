// The README's blocks for a shell, each pasted as a whole into one shell as a reader would, and what they
// print held against what the README shows; and what it says of files.

import Foundation
import LiveSupport
import Testing

struct ReadmeTests {
  /// Blocks that no test can run, by their first lines, and why.
  private static let notRun: KeyValuePairs = [
    ".ci/setup && swift build": "builds the program, and serves until it is stopped",
    ".ci/setup --tests && swift test": "is this run of the tests",
    "export PATH=": "finds the release build; here `mqtt` is the one that was built with the tests",
    "mqtt broker -p 1885": "stands for three terminals: RecipeTests plays them",
    "mqtt bench": "measures for minutes and asks other hosts: LiveBenchTests",
    ".ci/setup --tests && swift build": "measures for minutes, with a release build",
    "swift build -c release": "builds and runs for minutes: SimulationTests",
  ]

  /// Whether a block is one of those that no test runs.
  private static func isRun(_ block: ShownBlock) -> Bool {
    !notRun.contains { block.commands[0].hasPrefix($0.key) }
  }

  @Test func `every block for a shell is run or has a reason not to be`() throws {
    let blocks = try ShownBlock.markdown("README.md")
    for (start, _) in Self.notRun {
      #expect(blocks.contains { $0.commands[0].hasPrefix(start) }, "\(start) is gone")
    }
    #expect(blocks.count { !Self.isRun($0) } == Self.notRun.count)
    #expect(blocks.allSatisfy { $0.kind != .console || Self.isRun($0) })
  }

  @Test func `the README's examples do what it says when each is pasted as a whole`() throws {
    let home = TestFolder()
    var shell = try ExampleShell(in: checkoutFolder, home: home, port: try freePort())
    let blocks = try ShownBlock.markdown("README.md").filter { $0.kind == .console }
    #expect(blocks.count > 8)
    for block in blocks {
      let answer = ShownBlock.settled(shell.paste(block))
      #expect(answer.dropLast() == ShownBlock.settled(block.output)[...], "\(block.place)")
    }
    try shell.close()
  }

  /// Blocks without output, by their first lines, and the exit status of the last command of each.
  private static let statuses: KeyValuePairs = [
    "mqtt sub sensor/data --sqlite": 0, "echo secret | mqtt broker passwd": 135,
    "mqtt generate --install": 0,
  ]

  @Test func `the README's commands work when each block is pasted as a whole`() throws {
    let home = TestFolder()
    let broker = try LiveBroker(["--quiet"])
    var shell = try ExampleShell(in: home.path, home: home, port: broker.port)
    _ = shell.type("ln -s '\(checkoutFolder)/man' man", end: "ready")
    var answers: [String] = []
    let blocks = try ShownBlock.markdown("README.md")
    for block in blocks where block.kind == .commands && Self.isRun(block) {
      let status = Self.statuses.first { block.commands[0].hasPrefix($0.key) }?.value
      let expected = try #require(status, "\(block.place)")
      answers = shell.paste(block, end: " $?")
      #expect(answers.last == "\(block.place) \(expected)", "\(answers)")
      if expected == 135 { #expect(answers.contains { $0.contains("Not authorized") }) }
    }
    // What the blocks are for: the row was published, and the manual is where man looks.
    let outbox = ["sqlite3", home.path("app.db"), "SELECT sent_at IS NOT NULL FROM outbox"]
    #expect(poll(20) { (try? run(outbox))?.output == "1\n" })
    for page in ["man1/mqtt-sub.1", "man5/mqtt.conf.5", "man7/mqtt-recipes.7"] {
      let path = home.path(".local/share/man/" + page)
      #expect(FileManager.default.fileExists(atPath: path), "\(page)")
    }
    try shell.close()
  }

  @Test func `every file and folder that the README names is there`() throws {
    let readme = try String(contentsOfFile: checkoutFolder + "/README.md", encoding: .utf8)
    var isThere: [String: Bool] = [:]
    let paths = /[\s`(](?:\.\/)?((?:Sources|Tests|man|\.ci)\/[A-Za-z0-9_.\/+-]*[A-Za-z0-9])/
    for path in readme.matches(of: paths) {
      let path = String(path.output.1)
      isThere[path] = FileManager.default.fileExists(atPath: checkoutFolder + "/" + path)
    }
    // A row of the table of modules: its folder, and in it the files at which to begin.
    for row in readme.matches(of: /\| `([A-Za-z]+)` \|[^|\n]*\|([^|\n]*)\|/) {
      let folder = checkoutFolder + "/Sources/" + row.output.1
      let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
      let names = Set(files.map { $0.split(separator: "/").last.map(String.init) ?? "" })
      for file in row.output.2.matches(of: /[A-Za-z+]+\.swift/) {
        isThere["\(row.output.1)/\(file.output)"] = names.contains(String(file.output))
      }
    }
    #expect(isThere.count > 20)
    #expect(isThere.filter { !$0.value }.keys.sorted() == [])
  }
}
