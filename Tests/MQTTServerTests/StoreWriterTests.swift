// The server with a store that a test holds up, makes fail, and looks into.

import Basis
import Glibc
import MQTTBroker
import MQTTServer
import Settings
import Synchronization
import Testing
import Transport

/// A store in memory; what it is told stays in `disk`, which outlives it.
private final class TrialStore: DurableStore {
  /// What survives, and what is to happen next.
  final class Disk: Sendable {
    struct Content {
      var batches: [RecordBatch] = []
      var isHeldUp = false
      var fails = false
      var attempts = 0
      var reopenings = 0
      var readings = 0
      var isClosed = false
    }
    let content = Mutex(Content())

    var batches: [RecordBatch] { content.withLock { $0.batches } }
    var records: [Record] { batches.flatMap(\.records) }
    func set(_ change: @Sendable (inout Content) -> Void) { content.withLock { change(&$0) } }
    func wait(until condition: @Sendable (Content) -> Bool) throws {
      let limit = MonotonicClock.now.advanced(bySeconds: 20)
      while !content.withLock({ condition($0) }) {
        try #require(MonotonicClock.now < limit)
        usleep(1000)
      }
    }
  }

  let disk: Disk
  init(_ disk: Disk) { self.disk = disk }

  var notices: [String] { ["a notice of the store"] }
  var byteCount: Int { 1_000_000_000 }

  func load(window: QueueWindow) throws(StoreFailure) -> RecordedState {
    RecordedState(disk.records)
  }

  func page(_ request: PageRequest) throws(StoreFailure) -> QueuePage {
    let state = disk.content.withLock { content in
      content.readings += 1
      return content.readings % 2 == 0 ? RecordedState(content.batches.flatMap(\.records)) : nil
    }
    guard let state else { throw StoreFailure("every second reading fails") }
    return state.page(request)
  }

  func commit(_ batch: RecordBatch) throws(StoreFailure) {
    disk.set { $0.attempts += 1 }
    while disk.content.withLock({ $0.isHeldUp }) { usleep(1000) }
    let isCommitted = disk.content.withLock { content in
      if !content.fails { content.batches.append(batch) }
      return !content.fails
    }
    if !isCommitted { throw StoreFailure("the disk is full") }
  }

  func reopen() throws(StoreFailure) { disk.set { $0.reopenings += 1 } }
  func maintain() throws(StoreFailure) -> Bool { false }
  func close() { disk.set { $0.isClosed = true } }
}

@Suite struct StoreWriterTests {
  private func start(_ disk: TrialStore.Disk, threads: Int = 1) throws -> TestServer {
    var configuration = ServerConfiguration()
    configuration.listeners = [ListenerConfiguration(ListenerSetup(.address("127.0.0.1", port: 0)))]
    configuration.settings.threadLimit = threads
    configuration.settings.threadMinimum = threads
    configuration.openStore = { TrialStore(disk) }
    let log = try Pipe()
    let server = Server(configuration, logDescriptor: log.writer)
    try server.start()
    return TestServer(server, log)
  }

  /// A client of 3.1.1 whose session lasts, subscribed to `filter` at QoS 1.
  private func lasting(
    _ server: TestServer, _ identifier: String, _ filter: String? = nil, isKnown: Bool = false
  ) throws -> RawClient {
    let client = try RawClient(server.addresses[0])
    let name = Array(identifier.utf8)
    client.send(
      [0x10, UInt8(12 + name.count), 0, 4] + Array("MQTT".utf8) + [4, 0, 0, 0, 0]
        + [UInt8(name.count)] + name)
    #expect(client.receive(4) == [0x20, 2, isKnown ? 1 : 0, 0])
    if let filter {
      let bytes = Array(filter.utf8)
      client.send([0x82, UInt8(5 + bytes.count), 0, 1, 0, UInt8(bytes.count)] + bytes + [1])
      #expect(client.receive(5) == [0x90, 3, 0, 1, 1])
    }
    return client
  }

  /// A session of "s" that is subscribed to "a" and has left.
  private func leaveSession(_ server: TestServer, _ disk: TrialStore.Disk) throws {
    try lasting(server, "s", "a").send([0xE0, 0])
    try disk.wait { content in
      content.batches.flatMap(\.records).contains { record in
        if case .saveSession(let session) = record {
          session.leftAtUnixSeconds != nil
        } else {
          false
        }
      }
    }
  }

  private func publish(_ topic: String, _ identifier: UInt8, _ payload: UInt8) -> [UInt8] {
    let name = Array(topic.utf8)
    return [0x32, UInt8(name.count + 5), 0, UInt8(name.count)] + name + [0, identifier, payload]
  }

  @Test func `what gathers while a batch is written makes the next batch, and waits for it`() throws
  {
    let disk = TrialStore.Disk()
    let server = try start(disk)
    defer { server.stop() }
    try leaveSession(server, disk)
    let publisher = try RawClient(server.addresses[0])
    publisher.connect("p")
    let before = disk.batches.count
    let attempts = disk.content.withLock { $0.attempts }
    disk.set { $0.isHeldUp = true }
    publisher.send(publish("a", 1, 1))
    try disk.wait { $0.attempts > attempts }
    for number in UInt8(2)...5 { publisher.send(publish("a", number, number)) }
    // An answer that needs no store overtakes none that does, but tells that all was read.
    publisher.send([0xC0, 0])
    let other = try RawClient(server.addresses[0])
    other.connect("other")
    #expect(disk.batches.count == before)
    disk.set { $0.isHeldUp = false }
    #expect(
      publisher.receive(22)
        == (UInt8(1)...5).flatMap { [0x40, 2, 0, $0] } + [0xD0, 0])
    #expect(disk.batches.count <= before + 3)
    let stored = disk.records.compactMap { record in
      if case .store(let message) = record { message.bytes.last } else { nil }
    }
    #expect(stored == [1, 2, 3, 4, 5])
  }

  @Test func `what needs a store that fails is refused, all else is served until it is back`()
    throws
  {
    let disk = TrialStore.Disk()
    let server = try start(disk)
    try leaveSession(server, disk)
    let publisher = try RawClient(server.addresses[0])
    publisher.connect("p")
    let reader = try RawClient(server.addresses[0])
    reader.connect("r")
    reader.subscribe("b")
    disk.set { $0.fails = true }
    publisher.send(publish("a", 1, 7))
    // Nobody can say when the answer would come.
    #expect(publisher.sawEnd())
    try disk.wait { $0.reopenings > 1 }
    let other = try RawClient(server.addresses[0])
    other.connect("other")
    other.send(MQTTServerTests.publish("b", [9]))
    #expect(reader.receive(6) == MQTTServerTests.publish("b", [9]))
    disk.set { $0.fails = false }
    // What it was given before the failure comes first.
    try disk.wait { content in
      content.batches.last?.records.contains { if case .store = $0 { true } else { false } } == true
    }
    let again = try RawClient(server.addresses[0])
    again.connect("p")
    again.send(publish("a", 1, 8))
    #expect(again.receive(4) == [0x40, 2, 0, 1])
    server.stop()
    let lines = server.log.text().split(separator: "\n")
    #expect(lines.count { $0.contains("the store failed: the disk is full") } == 1)
    #expect(lines.count { $0.contains("the store is back") } == 1)
  }

  @Test func `a server that stops writes what is left, says farewell, and closes the store`() throws
  {
    let disk = TrialStore.Disk()
    let server = try start(disk)
    let client = try lasting(server, "s", "a")
    server.stop()
    #expect(client.sawEnd())
    let last = disk.records.compactMap { record in
      if case .saveSession(let session) = record { session } else { nil }
    }.last
    #expect(last?.clientIdentifier == "s")
    #expect(last?.leftAtUnixSeconds != nil)
    #expect(disk.content.withLock { $0.isClosed })
  }

  @Test(arguments: [1, 3])
  func `a server goes on where the one before it ended`(threads: Int) throws {
    let disk = TrialStore.Disk()
    let first = try start(disk, threads: threads)
    try leaveSession(first, disk)
    let publisher = try RawClient(first.addresses[0])
    publisher.connect("p")
    publisher.send(publish("a", 1, 7))
    #expect(publisher.receive(4) == [0x40, 2, 0, 1])
    first.stop()
    let second = try start(disk, threads: threads)
    let client = try lasting(second, "s", isKnown: true)
    // With DUP: the store does not say that it was never sent.
    #expect(client.receive(8) == [0x3A, 6, 0, 1, UInt8(ascii: "a"), 0, 1, 7])
    second.stop()
    let said = second.log.text()
    #expect(said.contains("a notice of the store"))
    #expect(said.contains("reading 953 MiB of data; clients are served in about 10 s"))
    #expect(said.contains("loaded 1 sessions with 1 subscriptions"))
  }

  @Test func `a message that is acknowledged before its batch is written is never written`() throws
  {
    let disk = TrialStore.Disk()
    let server = try start(disk)
    let subscriber = try lasting(server, "s", "a")
    let publisher = try RawClient(server.addresses[0])
    publisher.connect("p")
    let attempts = disk.content.withLock { $0.attempts }
    disk.set { $0.isHeldUp = true }
    // This one holds the writer up ...
    let blocker = try RawClient(server.addresses[0])
    blocker.send([0x10, 13, 0, 4] + Array("MQTT".utf8) + [4, 0, 0, 0, 0, 1, UInt8(ascii: "x")])
    try disk.wait { $0.attempts > attempts }
    // ... while this one comes, goes out and is acknowledged.
    publisher.send(publish("a", 1, 7))
    #expect(subscriber.receive(8) == [0x32, 6, 0, 1, UInt8(ascii: "a"), 0, 1, 7])
    subscriber.send([0x40, 2, 0, 1])
    let other = try RawClient(server.addresses[0])
    other.connect("other")
    disk.set { $0.isHeldUp = false }
    #expect(publisher.receive(4) == [0x40, 2, 0, 1])
    server.stop()
    #expect(!disk.records.contains { if case .store = $0 { true } else { false } })
  }

  @Test func `a store that cannot be opened is why the server does not start`() throws {
    var configuration = ServerConfiguration()
    configuration.listeners = [ListenerConfiguration(ListenerSetup(.address("127.0.0.1", port: 0)))]
    configuration.openStore = { () throws(StoreFailure) -> any DurableStore in
      throw StoreFailure("somebody has it")
    }
    let log = try Pipe()
    let error = #expect(throws: ServerError.self) {
      try Server(configuration, logDescriptor: log.writer).start()
    }
    #expect(
      error?.description
        == "cannot use the data: somebody has it; --data names another directory, --memory does"
        + " without")
  }
}
