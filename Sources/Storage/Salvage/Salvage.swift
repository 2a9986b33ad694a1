// A damaged file does not keep the broker from starting. What can be read of it is written into a
// new file, row by row; the damaged one is set aside under a name that says when; and the log says
// what was saved and what was lost.
//
// The new file takes the old one's place in steps, each of which can be the last before a crash:
//
//   broker.sqlite.salvaging    is being written; worth nothing
//   broker.sqlite.salvaged     is complete: from now on it counts, whatever else is there
//   broker.sqlite.damaged-...  the old file, and its log with `-wal` behind its name
//
// A file whose first pages are damaged can be read nevertheless: every store begins with the same
// pages, so a copy of it gets those of a new one.

import CSQLite
import Glibc
import MQTTBroker
import SQLite

/// Makes a good file of a damaged one.
struct Salvage {
  private let settings: StoreSettings
  private(set) var notices: [String] = []

  init(_ settings: StoreSettings) { self.settings = settings }

  private var salvaging: StoreSettings { named(".salvaging") }
  private var salvaged: String { settings.file + ".salvaged" }

  private func named(_ suffix: String) -> StoreSettings {
    var settings = settings
    settings.name += suffix
    settings.synchronization = .off
    return settings
  }

  // MARK: The log

  /// Looks whether commits are lost in the log that SQLite would pass over in silence.
  ///
  /// Throws for a store that is strict; otherwise the log is kept aside, and said what is lost.
  mutating func checkLog() throws(StoreError) {
    let log = settings.file + "-wal"
    guard let scan = LogScan(log) else { return }
    // SQLite would begin an empty file anew, and remove its log.
    if StoreFile.size(settings.file) == 0, scan.readable > 0 {
      throw StoreError(
        .damaged, file: settings.file, operation: "open",
        reason: "it is empty, although its log holds \(scan.readable) commits")
    }
    guard scan.isDamaged(settings.synchronization) else { return }
    let what =
      scan.hasDamagedHead
      ? "the head of the log is damaged, and none of it can be read"
      : "the log is damaged: \(scan.readable) commits in it can be read, and \(scan.lost) behind "
        + "them cannot"
    if settings.isStrict {
      throw StoreError(.damaged, file: log, operation: "open", reason: what)
    }
    let aside = asideName() + "-wal"
    try StoreFile.copy(log, to: aside)
    notices.append("\(log): \(what); a copy of it is \(aside)")
  }

  // MARK: The file

  /// Ends a salvage that a crash has interrupted.
  mutating func finish() throws(StoreError) {
    removeAll(salvaging.file)
    if !StoreFile.exists(salvaged) { return }
    let aside = asideName()
    try StoreFile.move(settings.file + "-wal", to: aside + "-wal")
    try StoreFile.move(settings.file, to: aside)
    try StoreFile.move(salvaged, to: settings.file)
    StoreFile.syncDirectory(settings.directory)
    notices.append("\(settings.file): the damaged file is set aside as \(aside)")
  }

  /// Puts what can be read into a new file, and that in the place of the old one.
  mutating func run(because error: StoreError) throws(StoreError) {
    removeAll(salvaging.file)
    let counts = try rescue()
    StoreFile.syncDirectory(settings.directory)
    try StoreFile.move(salvaging.file, to: salvaged)
    notices.append("\(error)")
    notices.append("\(settings.file): \(counts)")
    try finish()
  }

  private func rescue() throws(StoreError) -> SalvageCounts {
    let target = try StoreConnection(salvaging)
    let copy = settings.file + ".copy"
    defer { removeAll(copy) }
    var counts = SalvageCounts()
    let hasFile = StoreFile.size(settings.file) > 0
    if hasFile, let source = DamagedFile(settings.file, settings) {
      counts = try source.rescue(into: target)
    } else if hasFile || StoreFile.size(settings.file + "-wal") > 0 {
      try graft(onto: copy, target)
      if let source = DamagedFile(copy, settings) { counts = try source.rescue(into: target) }
    }
    try target.database.run("PRAGMA synchronous = FULL", "salvage")
    _ = try target.database.checkpoint()
    target.tidyUp()
    return counts
  }

  /// Copies the damaged file, with the first pages of a new store, which are those of its schema.
  private func graft(onto copy: String, _ fresh: StoreConnection) throws(StoreError) {
    if StoreFile.exists(settings.file) {
      try StoreFile.copy(settings.file, to: copy)
    } else {
      try StoreFile.copy("/dev/null", to: copy)
    }
    if StoreFile.exists(settings.file + "-wal") {
      try StoreFile.copy(settings.file + "-wal", to: copy + "-wal")
    }
    _ = try fresh.database.checkpoint()
    var pages: [Int] = []
    try fresh.each("SELECT pageno FROM dbstat WHERE name = 'sqlite_schema'") { row in
      pages.append(Int(row.integer(0)))
    }
    for page in pages {
      let offset = (page - 1) * Schema.pageBytes
      var bytes = StoreFile.read(salvaging.file, at: offset, count: Schema.pageBytes)
      if page == 1 && bytes.count == Schema.pageBytes {
        // The size of the file in pages, and that it holds for this count of changes.
        let count = UInt32(clamping: StoreFile.size(copy) / Schema.pageBytes)
        for place in 0..<4 {
          bytes[28 + place] = UInt8(truncatingIfNeeded: count >> UInt32(24 - 8 * place))
          bytes[92 + place] = bytes[24 + place]
        }
        // No list of free pages.
        for place in 32..<40 { bytes[place] = 0 }
      }
      try StoreFile.write(bytes, to: copy, at: offset)
    }
  }

  // MARK: Names

  private func removeAll(_ file: String) {
    for suffix in ["", "-wal", "-shm"] { StoreFile.remove(file + suffix) }
  }

  /// A name that nobody has, with the time: "broker.sqlite.damaged-20261121-081500".
  private func asideName() -> String {
    var now = time(nil)
    var parts = tm()
    gmtime_r(&now, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let name =
      settings.file
      + ".damaged-\(parts.tm_year + 1900)\(two(parts.tm_mon + 1))\(two(parts.tm_mday))"
      + "-\(two(parts.tm_hour))\(two(parts.tm_min))\(two(parts.tm_sec))"
    var candidate = name
    var number = 1
    while StoreFile.exists(candidate) || StoreFile.exists(candidate + "-wal") {
      number += 1
      candidate = "\(name)-\(number)"
    }
    return candidate
  }
}
