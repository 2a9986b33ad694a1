// Real files, damaged at many places: the store always opens, what is untouched is kept, and it
// tells of no more than it has.

import Foundation
import MQTTBroker
import MQTTCodec
import SQLite
import Storage
import TestSupport
import Testing

struct SalvageTests {
  /// A closed store with a few hundred pages, and what is in it.
  private struct Original {
    let bytes: [UInt8]
    let log: [UInt8]
    let records: [Record]
    var marks: Set<String> { Set(records.map(\.mark)) }
    var pages: Int { bytes.count / 4096 }
  }

  private static let sessions: [Record] = (1...40).flatMap { session -> [Record] in
    [
      Sample.session(session), Sample.will(session), Sample.subscription(session, "a/#"),
      Sample.subscription(session, "b/\(session)"),
      .received(session, identifier: UInt16(session)),
    ]
  }

  private static func message(_ number: UInt64) -> [Record] {
    let size = number % 50 == 0 ? 9_000 : Int(number % 200)
    return [
      Sample.message(number, payload: (0..<size).map { UInt8(truncatingIfNeeded: $0) }),
      number % 10 == 0
        ? .retain(topic: Array("retained/\(number)/and/some/more".utf8), message: number)
        : Sample.entry(number, session: number % 40 + 1, message: number, qos: .exactlyOnce),
    ] + (number % 10 == 1 ? [.assign(number % 40 + 1, identifier: 7, position: number)] : [])
  }

  private static let original: Original? = {
    let directory = StoreDirectory()
    var settings = directory.settings
    settings.synchronization = .off
    let records = sessions + (1...900).flatMap { message($0) }
    do {
      let store = try Store.open(settings)
      try store.commit(records)
      store.close()
      return Original(
        bytes: try bytes(directory.file), log: [], records: RecordedState(records).records)
    } catch { return nil }
  }()

  /// The files of a store that was killed, with ten commits in its log.
  private static let killed: Original? = {
    let directory = StoreDirectory()
    do {
      let store = try Store.open(directory.settings)
      try store.commit(sessions)
      for number in UInt64(1)...9 { try store.commit(message(number)) }
      let original = Original(
        bytes: try bytes(directory.file), log: try bytes(directory.log),
        records: RecordedState(sessions + (1...9).flatMap { message($0) }).records)
      store.close()
      return original
    } catch { return nil }
  }()

  private static func bytes(_ file: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: file)))
  }

  private static func directory(
    _ bytes: [UInt8], log: [UInt8] = []
  ) throws -> StoreDirectory {
    let directory = StoreDirectory()
    try FileManager.default.createDirectory(
      atPath: directory.path, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: directory.file))
    if !log.isEmpty { try Data(log).write(to: URL(fileURLWithPath: directory.log)) }
    return directory
  }

  private struct Outcome {
    var marks: Set<String>
    var notices: [String]
    var savedSessions: Int?
    var savedMessages: Int?
    var lostSessions: Int?
    var lostMessages: Int?
  }

  /// Opens a damaged store, and once more what became of it.
  private func open(_ directory: StoreDirectory) throws -> Outcome {
    var settings = directory.settings
    settings.synchronization = .off
    let store = try Store.open(settings)
    let records = try store.load().records
    try store.commit([Sample.session(1_000_000)])
    try store.commit([.removeSession(1_000_000)])
    store.close()
    var outcome = Outcome(marks: Set(records.map(\.mark)), notices: store.notices)
    let pattern = /saved (\d+) sessions? and (\d+) messages?, lost (\d+) sessions? and (\d+)/
    for notice in store.notices {
      guard let match = notice.firstMatch(of: pattern) else { continue }
      outcome.savedSessions = Int(match.1)
      outcome.savedMessages = Int(match.2)
      outcome.lostSessions = Int(match.3)
      outcome.lostMessages = Int(match.4)
      #expect(records.count { $0.mark.hasPrefix("session") } == outcome.savedSessions)
      #expect(records.count { $0.mark.hasPrefix("message") } == outcome.savedMessages)
    }
    let again = try Store.open(settings)
    #expect(again.notices.isEmpty)
    #expect(try again.load().records == records)
    again.close()
    return outcome
  }

  @Test func `a page of zeros or noise costs what was on it and nothing else`() throws {
    let original = try #require(Self.original)
    let marks = original.marks
    var numbers = Chance(seed: 11)
    let directory = try Self.directory(original.bytes)
    // The way to a whole table may be lost with a page above its leaves.
    let leaves = try directory.query(
      "SELECT group_concat(pageno) FROM dbstat WHERE pagetype = 'leaf' AND path LIKE '%/%/%'")
    let tails = Set(leaves.split(separator: ",").compactMap { Int($0) })
    for page in stride(from: 0, to: original.pages, by: 2) {
      var bytes = original.bytes
      for place in page * 4096..<(page + 1) * 4096 {
        bytes[place] = page % 2 == 0 ? 0 : UInt8.random(in: .min ... .max, using: &numbers)
      }
      let outcome = try open(try Self.directory(bytes))
      let isSubset = outcome.marks.isSubset(of: marks)
      #expect(isSubset, "page \(page)")
      if tails.contains(page + 1) {
        #expect(outcome.marks.count > marks.count * 7 / 10, "page \(page)")
      }
      if outcome.notices.isEmpty {
        let isWhole = outcome.marks == marks
        #expect(isWhole, "page \(page)")
      } else if let saved = outcome.savedMessages, let lost = outcome.lostMessages {
        #expect(saved + lost <= 900, "page \(page)")
        if tails.contains(page + 1) { #expect(saved + lost == 900, "page \(page)") }
      }
    }
  }

  @Test func `flipped bytes anywhere never keep the store from opening`() throws {
    let original = try #require(Self.original)
    let marks = original.marks
    for seed in UInt64(1)...80 {
      var numbers = Chance(seed: seed)
      var bytes = original.bytes
      let isAtStart = seed % 4 == 0
      for _ in 0..<Int.random(in: 1...20, using: &numbers) {
        let place = Int.random(in: 0..<(isAtStart ? 8192 : bytes.count), using: &numbers)
        bytes[place] ^= UInt8.random(in: 1 ... .max, using: &numbers)
      }
      let outcome = try open(try Self.directory(bytes))
      #expect(outcome.marks.count <= marks.count, "seed \(seed)")
    }
  }

  @Test func `a file that ends too early is read up to there`() throws {
    let original = try #require(Self.original)
    let marks = original.marks
    for count in [50, 100, 4096, 5000, original.bytes.count / 2, original.bytes.count - 100] {
      let directory = try Self.directory(Array(original.bytes.prefix(count)))
      let outcome = try open(directory)
      let isSubset = outcome.marks.isSubset(of: marks)
      #expect(isSubset, "\(count) bytes")
      #expect(!outcome.notices.isEmpty, "\(count) bytes")
    }
  }

  @Test func `what is no store at all is set aside`() throws {
    let outcome = try open(try Self.directory(Array("this is a letter to my aunt".utf8)))
    #expect(outcome.marks.isEmpty)
    #expect(outcome.savedSessions == 0)

    let directory = StoreDirectory()
    try FileManager.default.createDirectory(
      atPath: directory.file, withIntermediateDirectories: true)
    #expect(try open(directory).marks.isEmpty)
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    #expect(names.contains { $0.hasPrefix("broker.sqlite.damaged-") })
  }

  @Test func `an empty file is a new store`() throws {
    let outcome = try open(try Self.directory([]))
    #expect(outcome.marks.isEmpty)
    #expect(outcome.notices.isEmpty)
  }

  @Test func `the store of a newer version is read as far as it is understood, and set aside`()
    throws
  {
    let original = try #require(Self.original)
    let directory = try Self.directory(original.bytes)
    _ = try directory.query("PRAGMA user_version = 99; ALTER TABLE session ADD COLUMN future;")
    let outcome = try open(directory)
    #expect(outcome.marks == original.marks)
    #expect(
      outcome.notices.first
        == "\(directory.file): open: a newer version has written it (its version is 99, and this "
        + "program knows those up to 3)")
    #expect(
      outcome.notices.dropFirst().first
        == "\(directory.file): saved 40 sessions and 900 messages, "
        + "lost 0 sessions and 0 messages that something still names")
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    let aside = try #require(
      names.first { $0.hasPrefix("broker.sqlite.damaged-") && !$0.hasSuffix("-wal") })
    #expect(
      outcome.notices.last?.hasSuffix("the damaged file is set aside as \(directory.path)/\(aside)")
        == true)
  }

  @Test func `a strict store refuses a damaged file and touches nothing`() throws {
    let original = try #require(Self.original)
    var bytes = original.bytes
    for place in 20 * 4096..<40 * 4096 { bytes[place] = 0 }
    for damaged in [bytes, Array("no store".utf8), Array(original.bytes.prefix(5000))] {
      let directory = try Self.directory(damaged)
      var settings = directory.settings
      settings.isStrict = true
      let error = #expect(throws: StoreError.self) {
        let store = try Store.open(settings)
        defer { store.close() }
        _ = try store.load()
      }
      #expect(error?.kind == .damaged)
      #expect(error?.description.hasPrefix(directory.file + ": ") == true)
      #expect(try Self.bytes(directory.file) == damaged)
      let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
      #expect(names.filter { $0 != "lock" && !$0.hasSuffix("-wal") } == ["broker.sqlite"])
    }
  }

  @Test func `a damaged log is read up to the damage, and what is lost is counted`() throws {
    let killed = try #require(Self.killed)
    #expect(try open(try Self.directory(killed.bytes, log: killed.log)).marks == killed.marks)
    for seed in UInt64(1)...40 {
      var numbers = Chance(seed: seed)
      var log = killed.log
      log[Int.random(in: seed % 8 == 0 ? 0..<24 : 0..<log.count, using: &numbers)] ^= 0x40
      let directory = try Self.directory(killed.bytes, log: log)
      let outcome = try open(directory)
      #expect(outcome.marks.isSubset(of: killed.marks), "seed \(seed)")
    }
    // One byte in the middle, of ten commits and the schema's.
    var log = killed.log
    log[log.count / 2] ^= 0x40
    let directory = try Self.directory(killed.bytes, log: log)
    let store = try Store.open(directory.settings)
    defer { store.close() }
    #expect(store.notices.count == 1)
    let pattern =
      /the log is damaged: (\d+) commits in it can be read, and (\d+) behind them cannot/
    let counts = try #require(store.notices.first?.firstMatch(of: pattern))
    #expect((Int(counts.1) ?? 0) + (Int(counts.2) ?? 0) <= 11)
    #expect((Int(counts.2) ?? 0) > 1)
  }

  @Test func `a torn end of the log is no damage`() throws {
    let killed = try #require(Self.killed)
    for cut in [1, 100, 4096, 5000] {
      let directory = try Self.directory(killed.bytes, log: Array(killed.log.dropLast(cut)))
      let outcome = try open(directory)
      #expect(outcome.notices.isEmpty)
      #expect(outcome.marks.isSubset(of: killed.marks))
      #expect(outcome.marks.count >= killed.marks.count - 3)
    }
  }

  @Test func `damage that shows at run time is salvaged when the store is reopened`() throws {
    let original = try #require(Self.original)
    let directory = try Self.directory(original.bytes)
    var settings = directory.settings
    settings.synchronization = .off
    // Windows of one message: the bodies of the rest are not read at the start.
    _ = try directory.query("DELETE FROM retained; DELETE FROM assigned")
    let pages = try directory.query(
      "SELECT group_concat(pageno) FROM dbstat WHERE name = 'message' AND pagetype = 'leaf'")
    let page = try #require(pages.split(separator: ",").compactMap { Int($0) }.dropFirst(15).first)
    var bytes = try Self.bytes(directory.file)
    for place in (page - 1) * 4096..<page * 4096 { bytes[place] = 0 }
    try Data(bytes).write(to: URL(fileURLWithPath: directory.file))
    let store = try Store.open(settings)
    _ = try store.load(window: QueueWindow(messages: 1, bytes: 1))
    #expect(throws: StoreError.self) { try store.commit((200...900).map { .drop($0) }) }
    try store.reopen()
    #expect(!store.notices.isEmpty)
    try store.commit((200...900).map { .drop($0) })
    #expect(try store.load().records.count { $0.mark.hasPrefix("message") } == 180)
    store.close()
  }
}

extension Record {
  /// Short, and different for different records.
  fileprivate var mark: String {
    switch self {
    case .saveSession(let session): "session \(session)"
    case .store(let message):
      "message \(message.number) \(message.qos) \(message.bytes.count) \(message.bytes.hashValue)"
    case .enqueue(let entry): "entry \(entry.position) \(entry.session) \(entry.message)"
    case .retain(let topic, let message, _): "retain \(topic.hashValue) \(message)"
    case .received(let session, let identifier): "received \(session) \(identifier)"
    case .assign(let session, let identifier, let position):
      "assign \(session) \(identifier) \(position)"
    case .subscribe(let session, let subscription):
      "subscribe \(session) \(subscription.filter.hashValue) \(subscription.options.qos)"
    case .setWill, .release, .removeSession, .unsubscribe, .drop, .complete, .forget, .unretain:
      "\(self)"
    }
  }
}
