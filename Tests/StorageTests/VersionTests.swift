// A file that an earlier version of the program has written is taken over: what is in it stays, and
// from then on it is one of the current version. Files/version-1.sqlite.gz was written by the program
// of that time, with `Sample.everythingOfVersion1`.

import Foundation
import MQTTBroker
import SQLite
import Storage
import Testing

struct VersionTests {
  private let directory = StoreDirectory()
  private let expected = RecordedState(Sample.everythingOfVersion1).records

  /// Puts the old file into the directory.
  private func lay() throws {
    try FileManager.default.createDirectory(
      atPath: directory.path, withIntermediateDirectories: true)
    try Data(unpacked("version-1.sqlite.gz")).write(to: URL(fileURLWithPath: directory.file))
  }

  @Test func `a file of version 1 is taken over with everything in it`() throws {
    try lay()
    #expect(try directory.query("PRAGMA user_version") == "1")
    let store = try Store.open(directory.settings)
    #expect(try store.load().records == expected)
    #expect(store.notices.isEmpty)
    #expect(try directory.query("PRAGMA user_version", closing: store) == "3")
  }

  @Test func `what only version 2 knows is kept in a file that was version 1`() throws {
    try lay()
    let store = try Store.open(directory.settings)
    try store.commit(Sample.everything)
    store.close()
    let again = try Store.open(directory.settings)
    #expect(try again.load().records == RecordedState(Sample.everything).records)
    let rows = try directory.query(
      "SELECT topic, publisher, publisher_user FROM retained_messages LIMIT 1", closing: again)
    #expect(rows == "named|client-2|user-2")
  }

  @Test func `a strict store takes a file of version 1 over as well`() throws {
    try lay()
    var settings = directory.settings
    settings.isStrict = true
    #expect(try Store.open(settings).load().records == expected)
  }

  @Test func `a damaged file of version 1 is salvaged into one of this version`() throws {
    try lay()
    let page = try #require(
      Int(try directory.query("SELECT rootpage FROM sqlite_schema WHERE name = 'subscription'")))
    let file = try #require(FileHandle(forUpdatingAtPath: directory.file))
    try file.seek(toOffset: UInt64((page - 1) * 4096))
    try file.write(contentsOf: Data(repeating: 0xFF, count: 4096))
    try file.close()
    let store = try Store.open(directory.settings)
    let loaded = try store.load().records
    let withoutSubscriptions = expected.filter { record in
      if case .subscribe = record { false } else { true }
    }
    #expect(loaded == withoutSubscriptions)
    #expect(store.notices.contains { $0.contains("saved 3 sessions and 4 messages") })
    #expect(try directory.query("PRAGMA user_version", closing: store) == "3")
  }
}

/// The file of version 2 is this program's own, without what version 3 has brought.
struct VersionTwoTests {
  private let directory = StoreDirectory()

  private func lay() throws {
    let store = try Store.open(directory.settings)
    try store.commit(Sample.everything)
    let said = try directory.query(
      "ALTER TABLE session DROP COLUMN unclaimed; PRAGMA user_version = 2", closing: store)
    #expect(said.isEmpty)
  }

  @Test func `the sessions of a file of version 2 are those of the users it names`() throws {
    try lay()
    let store = try Store.open(directory.settings)
    #expect(try store.load().records == RecordedState(Sample.everything).records)
    #expect(store.notices.isEmpty)
    #expect(try directory.query("PRAGMA user_version", closing: store) == "3")
  }

  @Test func `a damaged file of version 2 keeps the listeners of its sessions`() throws {
    try lay()
    let page = try #require(
      Int(try directory.query("SELECT rootpage FROM sqlite_schema WHERE name = 'subscription'")))
    let file = try #require(FileHandle(forUpdatingAtPath: directory.file))
    try file.seek(toOffset: UInt64((page - 1) * 4096))
    try file.write(contentsOf: Data(repeating: 0xFF, count: 4096))
    try file.close()
    let store = try Store.open(directory.settings)
    let sessions = try store.load().records.compactMap { record in
      if case .saveSession(let session) = record { session.listener } else { nil as String? }
    }
    #expect(sessions == ["0.0.0.0:1883"])
  }

  @Test func `that nobody is known to own a session is kept`() throws {
    var record = SessionRecord(
      number: 1, clientIdentifier: "c", userName: nil, expirySeconds: 60)
    record.isUnclaimed = true
    let store = try Store.open(directory.settings)
    try store.commit([.saveSession(record)])
    store.close()
    #expect(try Store.open(directory.settings).load().records == [.saveSession(record)])
  }
}

/// The main file is gone or empty, and the log beside it is whole.
struct LostFileTests {
  private let directory = StoreDirectory()

  /// Leaves everything in the log, as a crash does, and nothing in the main file.
  private func lay(isThere: Bool) throws {
    do {
      let store = try Store.open(directory.settings)
      try store.commit(Sample.everything)
    }
    if isThere {
      try Data().write(to: URL(fileURLWithPath: directory.file))
    } else {
      try FileManager.default.removeItem(atPath: directory.file)
    }
  }

  @Test(arguments: [true, false])
  func `what is in the log of an empty file is salvaged, and that is said`(isThere: Bool) throws {
    try lay(isThere: isThere)
    let store = try Store.open(directory.settings)
    #expect(try store.load().records == RecordedState(Sample.everything).records)
    #expect(
      store.notices.first
        == "\(directory.file): open: the file is damaged (it is empty, although its log holds "
        + "2 commits)")
    #expect(store.notices.contains { $0.contains("saved 3 sessions and 6 messages") })
  }

  @Test func `a strict store refuses it, and leaves the log as it is`() throws {
    try lay(isThere: true)
    let log = try Data(contentsOf: URL(fileURLWithPath: directory.log))
    var settings = directory.settings
    settings.isStrict = true
    #expect(throws: StoreError.self) { try Store.open(settings) }
    #expect(try Data(contentsOf: URL(fileURLWithPath: directory.log)) == log)
  }
}
