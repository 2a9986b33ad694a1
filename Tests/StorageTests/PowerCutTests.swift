// The power goes at any write or sync, and what was not synced is lost, in whole or sector by
// sector: after each of thousands of seeded cuts the store holds a prefix of the batches, with at
// least all whose commit has returned.

import Foundation
import MQTTBroker
import MemoryFiles
import Storage
import TestSupport
import Testing

struct PowerCutTests {
  private static let batchCount = 12
  /// `POWER_CUTS=100000 swift test --filter PowerCutTests` for many more.
  private static let cutCount =
    ProcessInfo.processInfo.environment["POWER_CUTS"].flatMap { UInt64($0) } ?? 1_000

  /// Commits until the power goes; how many batches were promised to be there.
  private func run(
    _ settings: StoreSettings, _ batches: [[Record]], maintains: Bool
  ) -> Int {
    var durable = 0
    do {
      let store = try Store.open(settings)
      defer { store.close() }
      for (number, batch) in batches.enumerated() {
        try store.commit(batch)
        durable = number + 1
        if maintains { _ = try store.maintain() }
      }
    } catch {}
    return durable
  }

  private func check(_ seed: UInt64, _ mode: SynchronizationMode, in directory: StoreDirectory)
    throws
  {
    var numbers = Chance(seed: seed)
    var workload = Workload()
    let batches = (0..<Self.batchCount).map { _ in workload.batch(of: 25, using: &numbers) }
    let memory = MemoryFileSystem("power-\(mode)-\(seed)")
    var settings = directory.settings
    settings.fileSystem = memory.name
    settings.synchronization = mode
    settings.checkpointBytes = 64 << 10
    settings.usesFileLocks = seed % 4 != 0
    let calls = Int64.random(in: 1...400, using: &numbers)
    memory.cutPower(afterCalls: calls)
    let durable = run(settings, batches, maintains: seed % 2 == 0)
    memory.restart(seed % 5 == 0 ? 0 : seed)

    let store = try Store.open(settings)
    defer { store.close() }
    let found = try store.load().records
    #expect(store.notices.isEmpty)
    let first = mode == .full ? durable : 0
    let last = min(durable + 1, batches.count)
    let isPrefix = (first...last).reversed().contains { count in
      found == RecordedState(batches[..<count].joined()).records
    }
    #expect(isPrefix, "seed \(seed): \(durable) batches were promised")
  }

  @Test func `what was committed survives a power cut at any point`() throws {
    let directory = StoreDirectory()
    for seed in 1...Self.cutCount { try check(seed, .full, in: directory) }
  }

  @Test func `without syncing each commit a power cut loses the last ones, and nothing else`()
    throws
  {
    let directory = StoreDirectory()
    for seed in UInt64(1)...100 { try check(seed, .normal, in: directory) }
  }
}

/// Files in memory that a test can fail.
final class MemoryFileSystem {
  let name: String
  private let files: OpaquePointer

  init(_ name: String) {
    self.name = name
    files = memory_files_make(name)
  }

  deinit { memory_files_remove(files) }

  var calls: Int64 { memory_files_calls(files) }
  func cutPower(afterCalls calls: Int64) { memory_files_cut_power_after(files, calls) }
  func restart(_ seed: UInt64) { memory_files_restart(files, seed) }
  func fail(afterCalls calls: Int64, count: Int64 = 1, code: Int32) {
    memory_files_fail_after(files, calls, count, code)
  }
}
