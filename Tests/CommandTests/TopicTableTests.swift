// The table of `mqtt sub --top`.

import Commands
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
}
