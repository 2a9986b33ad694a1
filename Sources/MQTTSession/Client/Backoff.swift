// How long to wait before the next attempt: twice as long each time, up to a limit, and never all
// clients at the same moment. The wait is drawn from the upper half of the step, so that it is
// both long enough to spare a server that is down and different for each client.
//
// The numbers come from a seed that is handed in: the same seed gives the same waits.

import Basis

/// Exponential backoff with jitter.
package struct Backoff: Sendable {
  private let firstNanoseconds: Int64
  /// The longest wait.
  package let limitNanoseconds: Int64
  private var stepNanoseconds: Int64
  private var random: RandomNumbers

  /// Waits that begin around `firstMilliseconds` and never exceed `limitMilliseconds`.
  package init(firstMilliseconds: Int = 500, limitMilliseconds: Int = 30_000, seed: UInt64) {
    precondition(firstMilliseconds > 0 && limitMilliseconds >= firstMilliseconds)
    firstNanoseconds = Int64(firstMilliseconds) * 1_000_000
    limitNanoseconds = Int64(limitMilliseconds) * 1_000_000
    stepNanoseconds = firstNanoseconds
    random = RandomNumbers(seed: seed)
  }

  /// The next wait: at least half of the step, at most all of it.
  package mutating func nextNanoseconds() -> Int64 {
    let half = stepNanoseconds / 2
    let wait = half + Int64(random.next() % UInt64(half + 1))
    stepNanoseconds = min(limitNanoseconds, stepNanoseconds * 2)
    return wait
  }

  /// Starts again with the first step: an attempt succeeded.
  package mutating func reset() { stepNanoseconds = firstNanoseconds }
}
