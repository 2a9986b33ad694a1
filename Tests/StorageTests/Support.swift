// A store's directory that goes away with its test, and records that touch every table.

import Foundation
import LiveSupport
import MQTTBroker
import MQTTCodec
import Storage

/// A directory that a store makes, in a folder that is removed when nobody needs it.
struct StoreDirectory {
  private let folder = TestFolder()

  var path: String { folder.path("data") }
  var file: String { path + "/" + StoreSettings.fileName }
  var log: String { file + "-wal" }
  var settings: StoreSettings { StoreSettings(directory: path) }
}

enum Sample {
  static func session(
    _ number: UInt64, left: Int64? = nil, expiry: UInt32 = 3600, listener: String? = nil
  ) -> Record {
    var record = SessionRecord(
      number: number, clientIdentifier: "client-\(number)",
      userName: number % 2 == 0 ? "user-\(number)" : nil, expirySeconds: expiry)
    record.listener = listener
    record.leftAtUnixSeconds = left
    return .saveSession(record)
  }

  static func message(
    _ number: UInt64, topic: String = "a/b", properties: [UInt8] = [], payload: [UInt8],
    expires: Int64? = nil, qos: QoS = .atLeastOnce, isRetained: Bool = false
  ) -> Record {
    var record = MessageRecord(
      number: number, topicLength: topic.utf8.count, propertiesLength: properties.count,
      bytes: Array(topic.utf8) + properties + payload, qos: qos, isRetained: isRetained)
    record.expiresAtUnixSeconds = expires
    return .store(record)
  }

  static func entry(
    _ position: UInt64, session: UInt64, message: UInt64, bytes: Int = 10,
    qos: QoS = .atLeastOnce, identifiers: [UInt32] = [], group: String? = nil
  ) -> Record {
    var record = QueueRecord(
      session: session, position: position, message: message, byteCount: bytes, qos: qos,
      isRetained: false)
    record.subscriptionIdentifiers = identifiers
    record.group = group.map { Array($0.utf8) }
    return .enqueue(record)
  }

  static func subscription(
    _ session: UInt64, _ filter: String, _ options: SubscriptionOptions = SubscriptionOptions(),
    identifier: UInt32 = 0
  ) -> Record {
    .subscribe(
      session,
      SubscriptionRecord(filter: Array(filter.utf8), options: options, identifier: identifier))
  }

  static func will(_ session: UInt64, payload: [UInt8] = [1, 0, 255]) -> Record {
    var record = WillRecord(
      topic: Array("wills/\(session)".utf8), properties: [1, 1], payload: payload,
      qos: .exactlyOnce, isRetained: true)
    record.delaySeconds = 30
    return .setWill(session, record)
  }

  /// Something of everything that version 1 of the file can hold.
  static let everythingOfVersion1: [Record] = [
    session(1), session(2, left: 1_700_000_000, expiry: .max), session(3),
    subscription(1, "a/#", SubscriptionOptions(qos: .exactlyOnce, noLocal: true), identifier: 77),
    subscription(1, "ü/+", SubscriptionOptions(qos: .atLeastOnce, retainAsPublished: true)),
    subscription(
      2, "$share/g/a/b", SubscriptionOptions(qos: .atLeastOnce, retainHandling: .never)),
    will(1), will(2, payload: []),
    message(1, payload: Array("hello".utf8), expires: 1_800_000_000),
    message(2, topic: "ü/é", properties: [1, 1], payload: [0, 255, 1], qos: .exactlyOnce),
    message(3, payload: []), message(4, topic: "r", payload: [7], isRetained: true),
    entry(1, session: 1, message: 1, identifiers: [1, 268_435_455]),
    entry(2, session: 1, message: 2, qos: .exactlyOnce),
    entry(3, session: 2, message: 2, qos: .exactlyOnce, group: "$share/g/a/b"),
    entry(4, session: 2, message: 3, identifiers: [9], group: "$share/g/a/b"),
    entry(5, session: 3, message: 1, qos: .exactlyOnce),
    .assign(1, identifier: 7, position: 2), .release(2, identifier: 65535, position: 3),
    .received(1, identifier: 1), .received(1, identifier: 65535), .received(2, identifier: 3),
    .retain(topic: Array("r".utf8), message: 4), .retain(topic: Array("ü/é".utf8), message: 2),
  ]

  /// Something of everything.
  static let everything =
    everythingOfVersion1 + [
      session(1, listener: "0.0.0.0:1883"), message(5, topic: "named", payload: [8]),
      .retain(
        topic: Array("named".utf8), message: 5,
        source: SourceRecord(
          clientIdentifier: "client-2", userName: "user-2", listener: "/run/mqtt")),
      message(6, topic: "nobody's", payload: [9]),
      .retain(
        topic: Array("nobody's".utf8), message: 6,
        source: SourceRecord(clientIdentifier: "", userName: nil, listener: nil)),
    ]
}

extension Store {
  /// Commits records as a batch of their own.
  func commit(_ records: [Record]) throws { try commit(RecordBatch(number: 1, records: records)) }
}

/// What was packed with gzip into a file of the folder `Files`.
func unpacked(_ name: String) throws -> [UInt8] {
  let program = try RunningProgram([
    "gzip", "-dc", "\(checkoutFolder)/Tests/StorageTests/Files/\(name)",
  ])
  guard try program.exitStatus() == 0 else { throw ProgramError(program.errors) }
  return program.outputBytes
}

extension StoreDirectory {
  /// What a statement gives when the program `sqlite3` runs it, after a store has been closed.
  func query(_ statement: String, closing store: Store? = nil) throws -> String {
    store?.close()
    let result = try run(["sqlite3", file, statement])
    return (result.output + result.errors).trimmingCharacters(in: .newlines)
  }
}
