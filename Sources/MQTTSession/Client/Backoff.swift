// How long to wait before the next attempt: twice as long each time, up to a limit, and never all
// clients at the same moment. The wait is drawn from the upper half of the step, so that it is
// both long enough to spare a server that is down and different for each client.
//
// The numbers come from a seed that is handed in: the same seed gives the same waits.

/// Exponential backoff with jitter.
package struct Backoff: Sendable {
  private let firstNanoseconds: Int64
  private let limitNanoseconds: Int64
  private var stepNanoseconds: Int64
  private var random: UInt64

  /// Waits that begin around `firstMilliseconds` and never exceed `limitMilliseconds`.
  package init(firstMilliseconds: Int = 500, limitMilliseconds: Int = 30_000, seed: UInt64) {
    precondition(firstMilliseconds > 0 && limitMilliseconds >= firstMilliseconds)
    firstNanoseconds = Int64(firstMilliseconds) * 1_000_000
    limitNanoseconds = Int64(limitMilliseconds) * 1_000_000
    stepNanoseconds = firstNanoseconds
    random = seed
  }

  /// The next wait: at least half of the step, at most all of it.
  package mutating func nextNanoseconds() -> Int64 {
    let half = stepNanoseconds / 2
    let wait = half + Int64(nextRandom() % UInt64(half + 1))
    stepNanoseconds = min(limitNanoseconds, stepNanoseconds * 2)
    return wait
  }

  /// SplitMix64: any seed will do, zero and neighbours included.
  private mutating func nextRandom() -> UInt64 {
    random &+= 0x9E37_79B9_7F4A_7C15
    var mixed = random
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// Starts again with the first step: an attempt succeeded.
  package mutating func reset() { stepNanoseconds = firstNanoseconds }
}
