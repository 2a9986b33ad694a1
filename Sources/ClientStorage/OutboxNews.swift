// When an outbox is looked at. The watch says at once that somebody writes, but a moment before the
// commit can be seen; so for a second after a hint the database is asked again, at first after one
// millisecond, later less often. A look without a hint once a second is for file systems that tell
// nobody, such as those of some containers' hosts.

import Basis
import SQLite

/// What is known of others' commits to an outbox.
struct OutboxNews {
  private static let firstNanoseconds: Int64 = 1_000_000
  private static let limitNanoseconds: Int64 = 1_000_000_000

  let watch: DatabaseWatch
  private var stepNanoseconds = limitNanoseconds
  private var nextLook = Instant.start

  init(_ watch: DatabaseWatch) { self.watch = watch }

  /// When to look again at the latest.
  var deadline: Instant { nextLook }

  /// Takes a hint.
  mutating func drain(now: Instant) {
    watch.drain()
    stepNanoseconds = Self.firstNanoseconds
    nextLook = now
  }

  /// Whether others have committed since the last look.
  mutating func isNew(_ database: borrowing Database, now: Instant) throws(StoreError) -> Bool {
    if now >= nextLook {
      nextLook = now.advanced(byNanoseconds: stepNanoseconds)
      stepNanoseconds = min(Self.limitNanoseconds, stepNanoseconds * 2)
    }
    return try watch.hasChanged(database)
  }
}
