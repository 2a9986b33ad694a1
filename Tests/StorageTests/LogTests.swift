// The write-ahead log stays short under load and the file shrinks when a queue has drained.

import Foundation
import MQTTBroker
import MQTTCodec
import Storage
import Testing

struct LogTests {
  private let directory = StoreDirectory()

  private func size(_ file: String) -> Int {
    (try? FileManager.default.attributesOfItem(atPath: file))?[.size] as? Int ?? 0
  }

  /// A message of 1,000 bytes in the queue of session 1.
  private func arrival(_ number: UInt64) -> [Record] {
    [
      Sample.message(number, payload: Array(repeating: 7, count: 1000)),
      Sample.entry(number, session: 1, message: number),
    ]
  }

  private func departure(_ number: UInt64) -> [Record] {
    [.complete(1, position: number, identifier: 0), .drop(number)]
  }

  @Test func `the log does not grow with what is committed`() throws {
    var settings = directory.settings
    settings.synchronization = .off
    settings.checkpointBytes = 256 << 10
    let store = try Store.open(settings)
    try store.commit([Sample.session(1)])
    var longest = 0
    for batch in UInt64(0)..<800 {
      let numbers = batch * 20 + 1...batch * 20 + 20
      var records = numbers.flatMap { arrival($0) }
      if batch > 0 { records += numbers.flatMap { departure($0 - 20) } }
      try store.commit(records)
      longest = max(longest, size(directory.log))
    }
    // 16 MB of messages went through.
    #expect(longest < 10 << 20)
    #expect(try store.load().records.count == 1 + 2 * 20)
    store.close()
    #expect(size(directory.log) == 0)
  }

  @Test func `the file shrinks when a queue has drained`() throws {
    var settings = directory.settings
    settings.synchronization = .off
    let store = try Store.open(settings)
    try store.commit([Sample.session(1)] + (1...10_000).flatMap { arrival($0) })
    store.close()
    let full = size(directory.file)
    #expect(full > 10 << 20)
    let again = try Store.open(settings)
    try again.commit((1...9_990).flatMap { departure($0) })
    while try again.maintain() {}
    again.close()
    #expect(size(directory.file) < 2 << 20)
    #expect(try Store.open(settings).load().records.count == 1 + 2 * 10)
  }

  @Test func `messages that nobody needs go in the background, and no new ones`() throws {
    let store = try Store.open(directory.settings)
    try store.commit(
      [Sample.session(1)] + (1...2_000).map { Sample.message($0, payload: [1]) }
        + [
          Sample.entry(1, session: 1, message: 1_500),
          .retain(topic: Array("a/b".utf8), message: 20),
        ])
    #expect(try store.load().records.count == 1 + 2 + 2)
    try store.commit([
      Sample.message(1_501, payload: [2]), Sample.entry(2, session: 1, message: 1_501),
    ])
    while try store.maintain() {}
    let numbers = try directory.query("SELECT group_concat(id) FROM message", closing: store)
    #expect(numbers == "20,1500,1501")
  }
}
