// A data directory has one broker, whatever the file system offers and however the last one ended.

import Foundation
import MQTTBroker
import SQLite
import Storage
import TestSupport
import Testing

struct LockTests {
  private let directory = StoreDirectory()

  private func settings(locks: Bool) -> StoreSettings {
    var settings = directory.settings
    settings.usesFileLocks = locks
    return settings
  }

  @Test(arguments: [true, false])
  func `a second broker is refused with the number of the first`(locks: Bool) throws {
    let first = try Store.open(settings(locks: locks))
    let error = #expect(throws: StoreError.self) { try Store.open(settings(locks: locks)) }
    #expect(error?.kind == .inUse(process: getpid()))
    #expect(
      error?.description == "\(directory.path): open: process \(getpid()) uses it "
        + "(give this broker another data directory, or stop that one)")
    first.close()
    try Store.open(settings(locks: locks)).close()
  }

  @Test(arguments: [true, false])
  func `what a killed broker has left is no obstacle`(locks: Bool) throws {
    try Store.open(settings(locks: locks)).close()
    let boot = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    // This process, but started at another time; one that is gone; one before the last start of
    // the machine; and no sense at all.
    for text in ["\(getpid()) 1 \(boot)", "4194304 1 \(boot)", "\(getpid()) 1 x", "\0\u{7}"] {
      try text.write(toFile: directory.path + "/lock", atomically: false, encoding: .utf8)
      try Store.open(settings(locks: locks)).close()
    }
  }

  @Test func `a file system without locks keeps what was committed, and its log short`() throws {
    var settings = settings(locks: false)
    settings.checkpointBytes = 64 << 10
    settings.synchronization = .off
    let store = try Store.open(settings)
    var numbers = Chance(seed: 3)
    var workload = Workload()
    var all: [Record] = []
    for _ in 0..<100 {
      let batch = workload.batch(of: 50, using: &numbers)
      all += batch
      try store.commit(batch)
    }
    #expect(try store.load().records == RecordedState(all).records)
    let size = try FileManager.default.attributesOfItem(atPath: directory.log)[.size] as? Int ?? 0
    #expect(size < 512 << 10)
    store.close()
    #expect(try Store.open(settings).load().records == RecordedState(all).records)
  }
}
