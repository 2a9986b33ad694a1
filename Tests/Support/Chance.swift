// Chance that can be repeated: a small generator whose seed a test names.

import Basis

/// A generator of numbers that gives the same for the same seed.
package struct Chance: RandomNumberGenerator, Sendable {
  private var numbers: RandomNumbers

  /// Starts from `seed`.
  package init(seed: UInt64) { numbers = RandomNumbers(seed: seed) }

  package mutating func next() -> UInt64 { numbers.next() }

  /// A number below `bound`, which is above zero.
  package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  /// True once in `times`.
  package mutating func happens(onceIn times: Int) -> Bool { below(times) == 0 }
}
