// The program `sqlite3` shows people what a stopped broker has.

import MQTTBroker
import MQTTCodec
import Storage
import Testing

struct ViewTests {
  private let directory = StoreDirectory()

  private func query(_ statement: String) throws -> [String] {
    let store = try Store.open(directory.settings)
    try store.commit(Sample.everything)
    store.close()
    return try directory.query(statement).split(separator: "\n").map { String($0) }
  }

  @Test func `sessions, with their queues, wills and times`() throws {
    #expect(
      try query("SELECT * FROM sessions") == [
        "client-1||online when this was written|3600 s after it leaves|2|2|20|wills/1|x'0100FF'",
        "client-2|user-2|2023-11-14 22:13:20|never|1|2|20|wills/2|",
        "client-3||online when this was written|3600 s after it leaves|0|1|10||",
      ])
  }

  @Test func `subscriptions, with their options`() throws {
    #expect(
      try query("SELECT * FROM subscriptions") == [
        "client-1|a/#|2|1|0|0|77", "client-1|ü/+|1|0|1|0|", "client-2|$share/g/a/b|1|0|0|2|",
      ])
  }

  @Test func `queued messages, as text where they are text`() throws {
    #expect(
      try query("SELECT * FROM queued_messages") == [
        "client-1|1|a/b|hello|1|0|waits||2027-01-15 08:00:00",
        "client-1|2|ü/é|x'00FF01'|2|0|PUBLISH went out|7|never",
        "client-2|3|ü/é|x'00FF01'|2|0|PUBREC came|65535|never",
        "client-2|4|a/b||1|0|waits||never",
        "client-3|5|a/b|hello|2|0|waits||2027-01-15 08:00:00",
      ])
  }

  @Test func `retained messages, by topic`() throws {
    #expect(
      try query("SELECT * FROM retained_messages") == [
        "named|x'08'|1|never|client-2|user-2", "nobody's|\t|1|never||", "r|x'07'|1|never||",
        "ü/é|x'00FF01'|2|never||",
      ])
  }
}
