// The part of a queue that stays in the store comes back in pages, whoever else waits in between.

import MQTTBroker
import MQTTCodec
import Storage
import Testing

struct PageTests {
  private let directory = StoreDirectory()

  private func request(
    _ session: UInt64, after: UInt64, messages: Int = 100, bytes: Int = .max,
    wantsBodies: Bool = true
  ) -> PageRequest {
    PageRequest(
      number: 1, session: session, after: after, messages: messages, bytes: bytes,
      wantsBodies: wantsBodies)
  }

  /// Three sessions whose entries take turns at positions 1 to 300, each with its own message.
  private func filled() throws -> Store {
    var settings = directory.settings
    settings.synchronization = .off
    let store = try Store.open(settings)
    try store.commit((1...3).map { Sample.session($0) })
    for position in UInt64(1)...300 {
      try store.commit([
        Sample.message(
          position + 1000, payload: [UInt8(truncatingIfNeeded: position)],
          expires: Int64(position)),
        Sample.entry(position, session: position % 3 + 1, message: position + 1000),
      ])
    }
    return store
  }

  @Test func `pages follow each other to the end of the queue`() throws {
    let store = try filled()
    _ = try store.load(window: QueueWindow(messages: 10, bytes: 1 << 20))
    var positions: [UInt64] = []
    var after: UInt64 = 30
    while true {
      let page = try store.page(request(1, after: after, messages: 7))
      guard let last = page.entries.last else { break }
      #expect(page.entries.count <= 7)
      positions += page.entries.map(\.entry.position)
      after = last.entry.position
    }
    #expect(positions == Array(stride(from: 33, through: 300, by: 3)))
  }

  @Test func `an entry comes with its message and its expiry`() throws {
    let store = try filled()
    _ = try store.load(window: QueueWindow(messages: 10, bytes: 1 << 20))
    let page = try store.page(request(2, after: 150, messages: 1))
    #expect(page.entries.map(\.entry.position) == [151])
    #expect(page.entries.first?.message?.number == 1151)
    #expect(page.entries.first?.message?.bytes == Array("a/b".utf8) + [151])
    #expect(page.entries.first?.expiresAtUnixSeconds == 151)
    let bare = try store.page(request(2, after: 151, messages: 1, wantsBodies: false))
    #expect(bare.entries.first?.message == nil)
    #expect(bare.entries.first?.expiresAtUnixSeconds == 154)
  }

  @Test func `a page stops before its bytes are exceeded, but has an entry`() throws {
    let store = try filled()
    _ = try store.load(window: QueueWindow(messages: 10, bytes: 1 << 20))
    #expect(try store.page(request(1, after: 100, bytes: 35)).entries.count == 3)
    #expect(try store.page(request(1, after: 200, bytes: 1)).entries.count == 1)
  }

  @Test func `what was appended and completed since the start is seen`() throws {
    let store = try filled()
    _ = try store.load(window: QueueWindow(messages: 10, bytes: 1 << 20))
    try store.commit([
      .complete(1, position: 288, identifier: 0), .drop(1288),
      Sample.message(2000, payload: []), Sample.entry(100_000, session: 1, message: 2000),
      Sample.entry(100_001, session: 2, message: 2000),
    ])
    let page = try store.page(request(1, after: 280))
    #expect(page.entries.map(\.entry.position) == [282, 285, 291, 294, 297, 300, 100_000])
    #expect(try store.page(request(1, after: 100_000)).entries.isEmpty)
  }

  @Test func `a session that is gone has pages until they are completed`() throws {
    let store = try filled()
    try store.commit([.removeSession(1)])
    store.close()
    let again = try Store.open(directory.settings)
    let state = try again.load(window: QueueWindow(messages: 10, bytes: 1 << 20))
    #expect(state.records.filter { $0.isEntry(of: 1) }.isEmpty)
    #expect(try again.page(request(1, after: 0, messages: 3)).entries.count == 3)
  }

  @Test func `a window is loaded with its messages and what is in flight`() throws {
    let store = try filled()
    try store.commit([.assign(1, identifier: 9, position: 60)])
    let state = try store.load(window: QueueWindow(messages: 10, bytes: 1 << 20))
    #expect(state.records.filter { $0.isEntry(of: 1) }.count == 20)
    #expect(state.records.filter { $0.isEntry(of: 2) }.count == 10)
    #expect(state.records.contains(.assign(1, identifier: 9, position: 60)))
  }
}

extension Record {
  fileprivate func isEntry(of session: UInt64) -> Bool {
    if case .enqueue(let entry) = self { entry.session == session } else { false }
  }
}
