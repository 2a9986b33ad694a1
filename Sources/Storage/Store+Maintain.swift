// What nobody waits for, in slices of a few milliseconds, for the time between commits: messages
// that damage or a crash has left without a reader go, and so does the space of a queue that has
// drained, page by page from the end of the file.

import Basis
import CSQLite
import MQTTBroker
package import SQLite
import Transport

extension Store {
  /// Free pages that the file keeps, for what comes next.
  static let sparePages: Int64 = 256
  /// How long a slice goes on; a step that is under way then is ended.
  static let sliceNanoseconds: Int64 = 3_000_000
  /// How many pages a step takes from the file, and how many messages it looks at.
  static let pagesInStep = 16
  static let messagesInStep = 100

  /// Does one slice; whether there is more to do.
  package func maintain() throws(StoreError) -> Bool {
    let connection = try connected("maintain")
    keepLogShort(connection)
    if let failure = logFailure {
      logFailure = nil
      throw failure
    }
    let limit = MonotonicClock.now.advanced(byNanoseconds: Self.sliceNanoseconds)
    do throws(StoreError) {
      while try step(connection) {
        if MonotonicClock.now >= limit { return true }
      }
    } catch {
      end(error)
      throw error
    }
    // The file itself becomes shorter when the log is copied.
    if hasShrunk && !isCheckpointing {
      hasShrunk = false
      startCheckpoint(connection)
    }
    return false
  }

  /// Does one step; whether there is another.
  private func step(_ connection: StoreConnection) throws(StoreError) -> Bool {
    if try connection.removeStrayMessages(&strays) { return true }
    if try connection.shrink() {
      hasShrunk = true
      return true
    }
    return false
  }
}

/// Messages that were there at the start without anybody who needs them.
struct StrayMessages {
  /// Looked at up to here.
  var next: UInt64 = 0
  /// The last one that can be a stray: the engine goes on with the numbers behind it.
  var last: UInt64 = 0
  /// What was needed at the start, a bit each.
  var needed = NumberSet()

  /// Something waits for a message; the engine knows its number if it was found.
  mutating func need(_ message: UInt64, isKnown: Bool) {
    needed.insert(message)
    if isKnown { last = max(last, message) }
  }
}

extension StoreConnection {
  /// Looks at some messages; whether there are more.
  func removeStrayMessages(_ strays: inout StrayMessages) throws(StoreError) -> Bool {
    if strays.next > strays.last { return false }
    let statement = try database.prepare(
      "SELECT id FROM message WHERE id BETWEEN ?1 AND ?2 LIMIT \(Store.messagesInStep)")
    statement.bind(1, strays.next)
    statement.bind(2, strays.last)
    var unneeded: [UInt64] = []
    var count = 0
    while true {
      let code = statement.step()
      if code == SQLITE_DONE { break }
      if code != SQLITE_ROW { throw database.failure("maintain") }
      count += 1
      strays.next = statement.number(0) + 1
      if !strays.needed.contains(statement.number(0)) { unneeded.append(statement.number(0)) }
    }
    statement.reset()
    if count < Store.messagesInStep { strays = StrayMessages(next: 1) }
    if !unneeded.isEmpty {
      try begin.run(database, "maintain")
      try remove(&unneeded, by: removeMessages)
      try end.run(database, "maintain")
    }
    return count == Store.messagesInStep
  }

  /// Gives some free pages back to the file system; whether there are more.
  func shrink() throws(StoreError) -> Bool {
    let free = try database.number("PRAGMA freelist_count", "maintain") ?? 0
    if free <= Store.sparePages { return false }
    let pages = min(Int64(Store.pagesInStep), free - Store.sparePages)
    try database.run("PRAGMA incremental_vacuum(\(pages))", "maintain")
    return free - pages > Store.sparePages
  }
}

/// Numbers of a dense range, a bit each.
struct NumberSet {
  private var words: [UInt64: UInt64] = [:]

  mutating func insert(_ number: UInt64) { words[number >> 6, default: 0] |= 1 << (number & 63) }

  func contains(_ number: UInt64) -> Bool { (words[number >> 6] ?? 0) >> (number & 63) & 1 == 1 }
}
