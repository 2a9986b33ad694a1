// Taking over what mosquitto has kept. Files/mosquitto.db.gz was written by Debian's mosquitto 2.0.11;
// the states that are hard to bring about are written here, chunk by chunk.

import Foundation
import MQTTBroker
import MQTTCodec
import SQLite
import Storage
import Testing

/// Writes a file of mosquitto's persistence.
private struct MosquittoWriter {
  private(set) var bytes: [UInt8]

  init(version: UInt8 = 6) {
    bytes = [0, 0xB5, 0] + Array("mosquitto db".utf8) + [0, 0, 0, 0, 0, 0, 0, version]
    chunk(1, Self.low(9) + [1, 8] + [UInt8](repeating: 0, count: 6))
  }

  private static func low(_ number: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  private static func high(_ number: Int, _ count: Int) -> [UInt8] {
    (0..<count).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  mutating func chunk(_ kind: Int, _ content: [UInt8]) {
    bytes += Self.high(kind, 4) + Self.high(content.count, 4) + content
  }

  mutating func message(
    _ number: UInt64, _ topic: String, _ payload: String, qos: UInt8 = 2, isRetained: Bool = false,
    client: String = "", properties: [UInt8] = []
  ) {
    chunk(
      2,
      Self.low(number) + Self.low(0) + Self.high(payload.utf8.count, 4) + [0, 0]
        + Self.high(client.utf8.count, 2) + [0, 0] + Self.high(topic.utf8.count, 2)
        + Self.high(1883, 2) + [qos, isRetained ? 1 : 0] + Array((client + topic + payload).utf8)
        + properties)
  }

  mutating func client(_ name: String, seconds: UInt32 = .max, expires: UInt64 = 0) {
    chunk(
      6,
      Self.low(expires) + Self.high(Int(seconds), 4) + [0, 0] + Self.high(name.utf8.count, 2)
        + Self.high(1883, 2) + [0, 0, 0, 0, 0, 0] + Array(name.utf8))
  }

  /// As mosquitto wrote it before 2.0, which did not keep users.
  mutating func clientOfVersion5(_ name: String) {
    chunk(
      6,
      Self.low(0) + Self.high(3600, 4) + [0, 0] + Self.high(name.utf8.count, 2)
        + Array(name.utf8))
  }

  mutating func delivery(
    _ message: UInt64, _ client: String, identifier: Int, qos: UInt8 = 2, state: UInt8,
    isOutgoing: Bool = true
  ) {
    chunk(
      3,
      Self.low(message) + Self.high(identifier, 2) + Self.high(client.utf8.count, 2)
        + [qos, state, 0, isOutgoing ? 1 : 0] + Array(client.utf8))
  }

  mutating func subscription(_ client: String, _ filter: String, qos: UInt8, options: UInt8 = 0) {
    chunk(
      5,
      [0, 0, 0, 0] + Self.high(client.utf8.count, 2) + Self.high(filter.utf8.count, 2)
        + [qos, options, 0, 0] + Array((client + filter).utf8))
  }

  mutating func retain(_ number: UInt64) { chunk(4, Self.low(number)) }
}

struct MosquittoImportTests {
  private let directory = StoreDirectory()
  private var file: String { directory.path + "/mosquitto.db" }

  private var settings: StoreSettings {
    var settings = directory.settings
    settings.mosquittoFile = file
    settings.listenerNames = [19883: "127.0.0.1:19883"]
    return settings
  }

  private func lay(_ bytes: [UInt8]) throws {
    try FileManager.default.createDirectory(
      atPath: directory.path, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: file))
  }

  private func open() throws -> (records: [Record], notices: [String]) {
    let store = try Store.open(settings)
    defer { store.close() }
    return (try store.load().records, store.notices)
  }

  /// The file that mosquitto 2.0.11 wrote.
  private func original() throws -> [UInt8] { try unpacked("mosquitto.db.gz") }

  /// What the file holds, with a message's number, topic and text.
  private func text(_ records: [Record]) -> [String] {
    records.map { record in
      switch record {
      case .saveSession(let session):
        "session \(session.clientIdentifier) \(session.userName ?? "-") \(session.listener ?? "-") "
          + "\(session.expirySeconds) \(session.leftAtUnixSeconds.map { "\($0)" } ?? "-")"
      case .subscribe(let session, let found):
        "subscribe \(session) \(String(decoding: found.filter, as: UTF8.self)) "
          + "\(found.options.qos.rawValue) \(found.identifier)"
      case .store(let message):
        "store \(message.number) \(String(decoding: message.bytes, as: UTF8.self)) "
          + "\(message.qos.rawValue) \(message.expiresAtUnixSeconds ?? 0)"
      case .enqueue(let entry):
        "enqueue \(entry.session) \(entry.message) \(entry.qos.rawValue) "
          + "\(entry.subscriptionIdentifiers)"
      case .assign(let session, let identifier, _): "assign \(session) \(identifier)"
      case .release(let session, let identifier, _): "release \(session) \(identifier)"
      case .received(let session, let identifier): "received \(session) \(identifier)"
      case .retain(let topic, let message, let source):
        "retain \(String(decoding: topic, as: UTF8.self)) \(message) "
          + "\(source?.clientIdentifier ?? "-") \(source?.userName ?? "-") \(source?.listener ?? "-")"
      case _: "\(record)"
      }
    }
  }

  @Test func `whose sessions are is known of a file of version 6, and not of one of version 5`()
    throws
  {
    func owners(_ writer: MosquittoWriter) throws -> [Bool] {
      try lay(writer.bytes)
      defer { try? FileManager.default.removeItem(atPath: directory.file) }
      return try open().records.compactMap { record in
        if case .saveSession(let session) = record { session.isUnclaimed } else { nil as Bool? }
      }
    }
    var older = MosquittoWriter(version: 5)
    older.clientOfVersion5("s")
    #expect(try owners(older) == [true])
    var newer = MosquittoWriter()
    newer.client("s")
    #expect(try owners(newer) == [false])
  }

  @Test func `what Debian's mosquitto has kept is taken over whole`() throws {
    try lay(try original())
    let (records, notices) = try open()
    // The user of s2 is a left-over of mosquitto's memory, and no user.
    #expect(
      text(records) == [
        "session s1 ann 127.0.0.1:19883 3600 1795259779", "subscribe 1 a/# 2 7",
        "session s2 - 127.0.0.1:19883 4294967295 -", "subscribe 2 /lead 1 0", "subscribe 2 b 1 0",
        "store 1 a/1\u{3}\u{0}\u{4}textone 2 1795260779", "store 2 btwo 1 0", "store 3 r/1kept 1 0",
        "store 4 /leadlead 1 0", "enqueue 1 1 2 [7]", "enqueue 2 2 1 []", "enqueue 2 4 1 []",
        "retain r/1 3 keeper kay 127.0.0.1:19883",
      ])
    #expect(
      notices == [
        "\(file): taken over from mosquitto: 2 sessions with 3 subscriptions and 3 messages on their "
          + "way, 1 retained message; the file is left as it is"
      ])
    #expect(try Array(Data(contentsOf: URL(fileURLWithPath: file))) == original())
  }

  @Test func `it is taken over once, and never into a store that is there`() throws {
    try lay(try original())
    _ = try open()
    let store = try Store.open(settings)
    try store.commit([.unretain(topic: Array("r/1".utf8))])
    store.close()
    let (records, notices) = try open()
    #expect(!text(records).contains { $0.hasPrefix("retain") })
    #expect(notices.isEmpty)
  }

  @Test func `a crash in the middle of it leaves nothing behind, and it begins anew`() throws {
    try lay(try original())
    try Data("half of a store".utf8).write(to: URL(fileURLWithPath: directory.file + ".importing"))
    #expect(try open().records.count == 13)
  }

  @Test func `QoS 2 messages go on where they were`() throws {
    var writer = MosquittoWriter()
    for number in 1...5 { writer.message(UInt64(number), "t", "\(number)") }
    writer.client("s")
    writer.delivery(1, "s", identifier: 11, state: 5)
    writer.delivery(2, "s", identifier: 12, state: 9)
    writer.delivery(3, "s", identifier: 13, state: 6)
    writer.delivery(4, "s", identifier: 0, state: 11)
    writer.delivery(5, "s", identifier: 14, qos: 1, state: 3)
    try lay(writer.bytes)
    #expect(
      text(try open().records).filter { !$0.hasPrefix("store") } == [
        "session s - - 4294967295 -", "enqueue 1 1 2 []", "assign 1 11", "enqueue 1 2 2 []",
        "release 1 12", "enqueue 1 3 2 []", "release 1 13", "enqueue 1 4 2 []", "enqueue 1 5 1 []",
      ])
  }

  @Test func `a message whose publisher was promised that it is taken is passed on`() throws {
    var writer = MosquittoWriter()
    writer.message(1, "t/1", "kept", isRetained: true, client: "p")
    writer.message(2, "t/2", "waits for its turn", client: "p")
    for name in ["p", "other", "low"] { writer.client(name) }
    writer.delivery(1, "p", identifier: 7, state: 7, isOutgoing: false)
    writer.delivery(2, "p", identifier: 8, state: 11, isOutgoing: false)
    writer.subscription("p", "t/#", qos: 2, options: 4)
    writer.subscription("other", "t/+", qos: 1)
    writer.subscription("low", "t/1", qos: 0)
    try lay(writer.bytes)
    #expect(
      text(try open().records).filter { !$0.hasPrefix("s") }
        == [
          "received 1 7", "enqueue 2 1 1 []", "retain t/1 1 p - -",
        ].sorted { $0.hasPrefix("received") && !$1.hasPrefix("received") })
  }

  @Test func `what lasts no longer than its connection, or at QoS 0, is left out`() throws {
    var writer = MosquittoWriter()
    writer.message(1, "t", "x", qos: 0)
    writer.client("short", seconds: 0)
    writer.client("long", seconds: 60, expires: 1_000)
    writer.delivery(1, "long", identifier: 0, qos: 0, state: 11)
    try lay(writer.bytes)
    let (records, notices) = try open()
    #expect(text(records) == ["session long - - 60 940"])
    #expect(
      notices.first?.hasSuffix(
        "1 session with 0 subscriptions and 0 messages on their way, 0 retained messages; "
          + "1 message at QoS 0 left out; the file is left as it is") == true)
  }

  @Test func `what makes no sense is left out and counted`() throws {
    var writer = MosquittoWriter()
    writer.message(1, "a/#", "wildcard")
    writer.message(2, "t", "x", properties: [2, 0x23, 0])
    writer.client("s")
    writer.delivery(3, "s", identifier: 1, state: 5)
    writer.subscription("nobody", "t", qos: 1)
    writer.subscription("s", "a/#/b", qos: 1)
    writer.retain(2)
    writer.chunk(99, [1, 2, 3])
    writer.chunk(4, [1])
    try lay(writer.bytes)
    let (records, notices) = try open()
    #expect(text(records) == ["session s - - 4294967295 -"])
    #expect(notices.first?.contains("; 8 entries that make no sense left out;") == true)
  }

  @Test func `of a file that ends too early the beginning is taken`() throws {
    let whole = try original()
    try lay(Array(whole.dropLast(3)))
    let (records, notices) = try open()
    #expect(text(records).filter { $0.hasPrefix("session") }.count == 2)
    #expect(
      notices.last
        == "\(file): it ends within the chunk that begins at byte \(whole.count - 16); what stood "
        + "behind it is lost")
  }

  @Test func `no file at all makes a broker fail, wherever it ends or whatever it holds`() throws {
    let whole = try original()
    for count in stride(from: 1, to: whole.count, by: 41) {
      let directory = StoreDirectory()
      try FileManager.default.createDirectory(
        atPath: directory.path, withIntermediateDirectories: true)
      var settings = directory.settings
      settings.mosquittoFile = directory.path + "/m.db"
      var bytes = Array(whole.prefix(count))
      bytes[count - 1] ^= 0xFF
      try Data(bytes + whole.dropFirst(count)).write(
        to: URL(fileURLWithPath: directory.path + "/m.db"))
      _ = try Store.open(settings).load()
    }
  }

  @Test(arguments: [
    (
      Array("SQLite format 3".utf8) + [UInt8](repeating: 0, count: 40),
      "it does not begin as a file of mosquitto's persistence does"
    ),
    (
      MosquittoWriter(version: 4).bytes,
      "its version is 4, and versions 5 and 6 can be read; mosquitto 2.0 writes 6 when it stops"
    ),
  ])
  func `a file that is none is left alone, or refused by a strict store`(
    bytes: [UInt8], reason: String
  ) throws {
    try lay(bytes)
    let (records, notices) = try open()
    #expect(records.isEmpty)
    #expect(notices == ["\(file): nothing is taken over from mosquitto: \(reason)"])
    let other = StoreDirectory()
    var strict = other.settings
    strict.mosquittoFile = file
    strict.isStrict = true
    let error = #expect(throws: StoreError.self) { try Store.open(strict) }
    #expect(
      error?.description
        == "\(file): take over from mosquitto: the file is damaged (\(reason))")
  }
}
