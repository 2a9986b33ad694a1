// What is done about commits that fail: they are tried again, soon at first, later less often, and
// the user hears of it once it is more than another program's short transaction.

import Basis
import ClientStorage
import SQLite

/// A row of failed commits.
struct CommitTrouble {
  /// Failures before the user hears of it: another writer is done by then.
  private static let quietAttempts = 40
  private static let firstNanoseconds: Int64 = 1_000_000
  private static let limitNanoseconds: Int64 = 500_000_000

  private var attempts = 0
  /// Whether the user has heard of it.
  private var isTold = false
  /// When to try again; nil when the last commit succeeded.
  private(set) var retryInstant: Instant?

  /// Takes a failure: the sink goes on later, or has to end.
  mutating func take(_ error: StoreError, _ console: ClientConsole, now: Instant) -> SinkProgress {
    guard error.isPassing else { return .closed(reason: error.description) }
    attempts += 1
    if attempts == Self.quietAttempts || (attempts == 1 && !error.isOtherWriter) {
      console.say("\(error); nothing is acknowledged meanwhile, trying again")
      isTold = true
    }
    let step = Self.firstNanoseconds << Int64(min(attempts / 8, 9))
    let instant = now.advanced(byNanoseconds: min(Self.limitNanoseconds, step))
    retryInstant = instant
    return .going(until: instant)
  }

  /// Says that a commit has succeeded.
  mutating func end(_ console: ClientConsole, _ file: String) {
    if isTold { console.say("\(file): written again") }
    isTold = false
    attempts = 0
    retryInstant = nil
  }
}

extension StoreError {
  /// Whether another writer of the database is all that is in the way.
  fileprivate var isOtherWriter: Bool {
    if case .inUse = kind { true } else { false }
  }
}
