// What was committed comes back, through closing, through being left open, and in any order.

import Foundation
import MQTTBroker
import MQTTCodec
import Storage
import TestSupport
import Testing

struct StoreTests {
  private let directory = StoreDirectory()

  @Test func `a new store is empty`() throws {
    let store = try Store.open(directory.settings)
    #expect(try store.load().records.isEmpty)
    #expect(store.notices.isEmpty)
  }

  @Test func `the directory is made for its owner alone, parents included`() throws {
    var settings = directory.settings
    settings.directory += "/deep/down"
    _ = try Store.open(settings)
    for path in [settings.directory, directory.path] {
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect(attributes[.posixPermissions] as? Int == 0o700)
    }
  }

  @Test func `everything that was committed is loaded after closing`() throws {
    let store = try Store.open(directory.settings)
    try store.commit(Sample.everything)
    store.close()
    let loaded = try Store.open(directory.settings).load().records
    #expect(loaded == RecordedState(Sample.everything).records)
  }

  @Test func `everything that was committed is loaded from the same store`() throws {
    let store = try Store.open(directory.settings)
    try store.commit(Sample.everything)
    #expect(try store.load().records == RecordedState(Sample.everything).records)
  }

  @Test(
    arguments: [
      [
        .complete(1, position: 1, identifier: 0), .complete(1, position: 2, identifier: 7),
        .removeSession(1),
      ],
      [.setWill(1, nil), .setWill(2, nil)],
      [Sample.will(1, payload: [9])],
      [.unsubscribe(1, filter: Array("a/#".utf8))],
      [Sample.subscription(1, "a/#", SubscriptionOptions(qos: .atMostOnce))],
      [.complete(2, position: 3, identifier: 65535), .complete(1, position: 2, identifier: 7)],
      [
        .complete(1, position: 1, identifier: 0), .complete(3, position: 5, identifier: 0),
        .drop(1),
      ],
      [.release(1, identifier: 7, position: 2)],
      [.forget(1, identifier: 65535), .received(3, identifier: 2)],
      [.unretain(topic: Array("r".utf8)), .drop(4)],
      [.retain(topic: Array("r".utf8), message: 3), .drop(4)],
      [.retain(topic: Array("named".utf8), message: 3), .drop(5)],
      [Sample.session(1, left: 5)],
      [.removeSession(3), Sample.session(4), Sample.session(3)],
    ] as [[Record]]) func `a change is what the records say`(_ change: [Record]) throws
  {
    let store = try Store.open(directory.settings)
    try store.commit(Sample.everything)
    try store.commit(change)
    let expected = RecordedState(Sample.everything + change).records
    #expect(try store.load().records == expected)
    try store.commit(change)
    #expect(try store.load().records == expected, "the second time, it changes nothing")
  }

  @Test func `random batches amount to what the model makes of them`() throws {
    let store = try Store.open(directory.settings)
    var numbers = Chance(seed: 7)
    var workload = Workload()
    var all: [Record] = []
    for _ in 0..<60 {
      let batch = workload.batch(of: 40, using: &numbers)
      all += batch
      try store.commit(batch)
    }
    #expect(try store.load().records == RecordedState(all).records)
    store.close()
    #expect(try Store.open(directory.settings).load().records == RecordedState(all).records)
  }
}
