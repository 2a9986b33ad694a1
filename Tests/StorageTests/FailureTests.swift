// The file system fails at any call: the commit says so, in full, and once the trouble is over the
// store goes on from a state that has all that was promised.

import Foundation
import MQTTBroker
import MemoryFiles
import SQLite
import Storage
import TestSupport
import Testing

struct FailureTests {
  private let directory = StoreDirectory()

  /// A store on files in memory, with one session, whose name must be the test's own.
  private func opened(_ memory: MemoryFileSystem) throws -> Store {
    var settings = directory.settings
    settings.fileSystem = memory.name
    let store = try Store.open(settings)
    try store.commit([Sample.session(1)])
    return store
  }

  @Test(arguments: [
    (ENOSPC, StoreError.Kind.noSpace, "no space is left"),
    (EIO, .inputOutput, "the file system failed"),
    (EROFS, .readOnly, "it cannot be written"),
    (EDQUOT, .noSpace, "no space is left"),
  ]) func `a failed commit says what failed, where and why`(
    code: Int32, kind: StoreError.Kind, words: String
  ) throws {
    let memory = MemoryFileSystem("failure-\(code)")
    let store = try opened(memory)
    memory.fail(afterCalls: 0, count: 1_000, code: code)
    let error = #expect(throws: StoreError.self) { try store.commit([Sample.session(2)]) }
    #expect(error?.kind == kind)
    #expect(error?.systemCode == code)
    let system = String(cString: strerror(code))
    let text = try #require(error?.description)
    #expect(text.hasPrefix("\(directory.file): commit: \(words) ("))
    #expect(text.contains(system))
    store.close()
  }

  @Test func `after a failure nothing is tried before the store is reopened`() throws {
    let memory = MemoryFileSystem("failure-again")
    let store = try opened(memory)
    memory.fail(afterCalls: 0, code: ENOSPC)
    #expect(throws: StoreError.self) { try store.commit([Sample.session(2)]) }
    let error = #expect(throws: StoreError.self) { try store.commit([Sample.session(2)]) }
    #expect(
      error?.description == directory.file
        + ": commit: it failed (an earlier failure has closed it; reopen it first)")
    try store.reopen()
    try store.commit([Sample.session(2)])
    #expect(try store.load().records == [Sample.session(1), Sample.session(2)])
    store.close()
  }

  @Test func `any call may fail, and nothing that was promised is lost`() throws {
    for seed in UInt64(1)...150 {
      let memory = MemoryFileSystem("failure-any-\(seed)")
      let store = try opened(memory)
      try store.commit([.removeSession(1)])
      var numbers = Chance(seed: seed)
      var workload = Workload()
      var all: [Record] = []
      memory.fail(
        afterCalls: Int64.random(in: 0...60, using: &numbers),
        count: Int64.random(in: 1...10, using: &numbers), code: seed % 2 == 0 ? ENOSPC : EIO)
      for _ in 0..<8 {
        let batch = workload.batch(of: 20, using: &numbers)
        all += batch
        var isCommitted = false
        while !isCommitted {
          do {
            try store.commit(batch)
            isCommitted = true
          } catch {
            while (try? store.reopen()) == nil {}
          }
        }
      }
      #expect(try store.load().records == RecordedState(all).records, "seed \(seed)")
      store.close()
    }
  }

  @Test func `a directory that cannot be made is named`() throws {
    var settings = directory.settings
    settings.directory = "/proc/none/of/this"
    let error = #expect(throws: StoreError.self) { try Store.open(settings) }
    #expect(error?.kind == .notPermitted)
    #expect(
      error?.description
        == "/proc/none: make the directory: it cannot be opened (No such file or directory)")
  }
}
