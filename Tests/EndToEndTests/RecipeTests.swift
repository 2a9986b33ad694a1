// The blocks of mqtt-recipes(7), each pasted as a whole into one shell as a reader would, and what they
// print held against what the page shows.

import Foundation
import LiveSupport
import Testing

struct RecipeTests {
  private let page = "man/mqtt-recipes.7"
  private let home = TestFolder()

  @Test func `the recipes do what they say when each block is pasted as a whole`() throws {
    let broker = try LiveBroker(["--quiet"])
    var shell = try ExampleShell(in: home.path, home: home, port: broker.port)
    _ = shell.type(
      """
      ln -s '\(checkoutFolder)/Tests' Tests
      (exec redis-server --port "$REDIS" --bind 127.0.0.1 --save '' --dir "$HOME" > /dev/null) &
      until redis-cli PING > /dev/null 2>&1; do sleep 0.05; done
      """, end: "ready")
    let blocks = try ShownBlock.manual(page)
    #expect(blocks.count { $0.kind == .console } > 10)
    #expect(blocks.contains { $0.kind == .commands })
    for block in blocks where block.kind != .terminals {
      let answer = shell.paste(block, end: " $?")
      let shown = ShownBlock.settled(answer.dropLast())
      #expect(shown == ShownBlock.settled(block.output), "\(block.place)")
    }
    try shell.close()
  }

  @Test func `the PLC, the broker and the database work in terminals of their own`() throws {
    var shell = try ExampleShell(in: home.path, home: home, port: try freePort())
    let block = try #require(try ShownBlock.manual(page).first { $0.kind == .terminals })
    let signs = ["listening on", "SUBACK", "delivered exactly once"]
    try #require(block.commands.count == signs.count)
    for (number, command) in block.commands.enumerated() {
      let log = "terminal-\(number)"
      _ = shell.type("{ \(command)\n} > \(log) 2>&1 &", end: log)
      #expect(poll(30) { home.text(log).contains(signs[number]) }, "\(home.text(log))")
    }
    let query = "SELECT temperature BETWEEN 20 AND 30, pressure BETWEEN 1 AND 2 FROM messages"
    let rows = ["sqlite3", home.path("readings.db"), query]
    #expect(poll(20) { (try? run(rows))?.output.hasPrefix("1|1\n") == true })
    try shell.close()
  }
}
