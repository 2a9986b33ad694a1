// The table of `mqtt sub --top`.

import Basis
import Commands
import Foundation
import LiveSupport
import MQTTCodec
import Testing

@Suite struct TopicTableTests {
  private func second(_ count: Double) -> Instant {
    Instant(nanoseconds: Int64(count * 1_000_000_000))
  }

  @Test func `counts, rates over the whole time and last messages, the busiest topic first`() {
    var table = TopicTable()
    table.count(Publish(topic: "slow", payload: Array("a\nb".utf8)), at: second(0))
    for index in 0..<20 {
      table.count(Publish(topic: "quick", payload: Array("\(index)".utf8)), at: second(1))
    }
    table.count(Publish(topic: "bytes", payload: [0xFF, 0]), at: second(2))
    let lines = table.text(at: second(10), width: nil, height: nil).split(separator: "\n")
    #expect(
      lines == [
        "TOPIC   MESSAGES        PER S    BYTES/S  LAST",
        "quick         20          2.0        3.0  19",
        "bytes          1          0.1        0.2  (2 bytes)",
        "slow           1          0.1        0.3  a b",
        "22 messages on 3 topics",
      ])
  }

  @Test func `a live rate looks back a few seconds`() {
    var table = TopicTable()
    for index in 0..<10 {
      table.count(Publish(topic: "t", payload: []), at: second(Double(index) / 10))
    }
    for tick in 1...5 { table.tick(at: second(Double(tick))) }
    #expect(table.text(at: second(5), width: 80, height: 24).contains(" 10          2.0 "))
    for tick in 6...10 { table.tick(at: second(Double(tick))) }
    #expect(table.text(at: second(10), width: 80, height: 24).contains(" 10          0.0 "))
  }

  @Test func `on a terminal there are no more and no wider lines than it has`() {
    var table = TopicTable()
    for index in 0..<100 {
      let topic = "a/very/long/topic/that/does/not/fit/into/its/column/\(index)"
      table.count(
        Publish(topic: topic, payload: Array(repeating: UInt8(ascii: "x"), count: 500)),
        at: second(0))
    }
    let lines = table.text(at: second(1), width: 80, height: 24).split(separator: "\n")
    #expect(lines.count == 24)
    #expect(lines.allSatisfy { $0.count <= 80 })
    #expect(lines.last == "100 messages on 100 topics, 78 of them not shown")
  }

  /// The first words of the rows, with a message on each topic.
  private func shown(_ topics: [String], width: Int) -> [String] {
    var table = TopicTable()
    for topic in topics {
      table.count(
        Publish(topic: topic, payload: Array(repeating: UInt8(ascii: "x"), count: 100)),
        at: second(0))
    }
    let lines = table.text(at: second(1), width: width, height: 24, order: .topic)
      .split(separator: "\n").dropFirst().dropLast()
    #expect(lines.allSatisfy { String($0).columnCount <= width })
    return lines.map { String($0.prefix { $0 != " " }) }
  }

  @Test func `topics that are too long are cut in the middle`() {
    #expect(
      shown(["plant/hall/line/seven/machine/temperature", "plant/hall/two/pressure"], width: 80)
        == ["plant/h…ine/temperature", "plant/hall/two/pressure"])
  }

  @Test func `topics are cut where most of them can still be told apart`() {
    let middle = String(repeating: "m", count: 40)
    // The same ends: the middle would make them one.
    let beginnings = (1...3).map { "\(middle)\($0)/\(String(repeating: "e", count: 15))" }
    #expect(Set(shown(beginnings, width: 80)).count == 3)
    let ends = (1...3).map { "\(String(repeating: "s", count: 40))/\($0)" }
    #expect(Set(shown(ends, width: 80)).count == 3)
    let starts = (1...3).map { "\(String(repeating: "s", count: 9))\($0)\(middle)" }
    #expect(Set(shown(starts, width: 80)).count == 3)
  }

  @Test func `a wider terminal shows more of a topic`() {
    let topic = "plant/hall/line/seven/machine/temperature"
    #expect(shown([topic], width: 80) != [topic])
    #expect(shown([topic], width: 120) == [topic])
  }

  @Test(arguments: [
    ("abc", 3), ("日本", 4), ("é", 1), ("e\u{301}", 1), ("🙂", 2), ("한", 2), ("\u{200D}", 0),
    ("❤\u{FE0F}", 2), ("｡", 1), ("！", 2),
  ])
  func `wide characters count two columns, and what combines none`(text: String, columns: Int) {
    #expect(text.columnCount == columns)
  }

  @Test func `a text of wide characters is cut by columns`() {
    #expect("日本語日本語".fitted(7) == "日本語…")
    #expect("日本語日本語".fitted(6) == "日本…")
    #expect("日本語".fitted(6) == "日本語")
    #expect("abcdefghij".fitted(7, cut: .middle) == "ab…ghij")
    #expect("abcdefghij".fitted(7, cut: .start) == "…efghij")
    #expect("abc".fitted(0) == "")
  }

  @Test(arguments: [
    (TopicOrder.rate, ["many", "large", "a"]), (.messages, ["many", "large", "a"]),
    (.bytes, ["large", "many", "a"]), (.topic, ["a", "large", "many"]),
  ])
  func `the table is sorted by what was chosen`(order: TopicOrder, topics: [String]) {
    var table = TopicTable()
    for _ in 0..<9 { table.count(Publish(topic: "many", payload: [1]), at: second(0)) }
    for _ in 0..<2 {
      table.count(
        Publish(topic: "large", payload: Array(repeating: 1, count: 500)), at: second(0))
    }
    table.count(Publish(topic: "a", payload: []), at: second(0))
    let lines = table.text(at: second(1), width: 80, height: 24, order: order)
      .split(separator: "\n").dropFirst().dropLast()
    #expect(lines.map { String($0.prefix { $0 != " " }) } == topics)
  }

  @Test func `on a terminal a key sorts the table, and the terminal is left as it was`() throws {
    let broker = try LiveBroker(["--quiet"])
    func publish(_ topic: String) throws {
      let words = [mqttPath, "pub", "-p", "\(broker.port)", topic, "x", "-q", "1", "-r"]
      #expect(try run(words).status == 0)
    }
    try publish("a")
    try publish("b")
    // script(1) runs a command on a terminal of its own.
    let command =
      "stty cols 90 rows 20; \(mqttPath) sub -p \(broker.port) '#' --top -C 6; stty -a"
    let program = try RunningProgram(["script", "-qec", command, "/dev/null"])
    /// The topics of the last drawing, from above.
    func topics() -> [String] {
      let drawing = program.output.components(separatedBy: "\u{1B}[H").last ?? ""
      return drawing.split(whereSeparator: \.isNewline).map { String($0.prefix(2)) }
        .filter { ["a ", "b "].contains($0) }
    }
    try program.waitFor("2 messages on 2 topics; keys: r rate, m messages, b bytes, t topic")
    for _ in 0..<3 { try publish("b") }
    #expect(poll(20) { topics() == ["b ", "a "] })
    program.write("t")
    #expect(poll(20) { topics() == ["a ", "b "] })
    program.write("m")
    #expect(poll(20) { topics() == ["b ", "a "] })
    try publish("b")
    #expect(try program.exitStatus() == 0)
    #expect(program.output.contains(" icanon "))
    #expect(program.output.contains(" echo "))
  }
}
