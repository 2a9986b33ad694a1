// From a failing run to a short one that fails in the same way: actions are left out, in halves,
// quarters and one by one, as long as it still fails.

/// A run that failed, and the shortest one that was found from it.
package struct Failure: Sendable, CustomStringConvertible {
  package let seed: UInt64
  package let verdict: Verdict
  package let scenario: Scenario
  package let trace: [String]

  package var description: String {
    "seed \(seed): \(verdict)\n  replay: swift run -c release simulate --seed \(seed)"
  }
}

extension Simulation {
  /// Runs the scenario of `seed`; nil when every promise was kept.
  package static func verdict(seed: UInt64, plant: Plant? = nil) -> Verdict? {
    Simulation(Scenario(seed: seed), plant: plant).run()
  }

  /// Shrinks the failing scenario of `seed`, and traces what is left; nil when it does not fail.
  package static func failure(seed: UInt64, plant: Plant? = nil) -> Failure? {
    var scenario = Scenario(seed: seed)
    guard var verdict = Simulation(scenario, plant: plant).run() else { return nil }
    var size = scenario.actions.count / 2
    while size > 0 {
      var start = 0
      var hasShrunk = false
      while start < scenario.actions.count {
        var shorter = scenario
        shorter.actions.removeSubrange(start..<min(start + size, scenario.actions.count))
        if let found = Simulation(shorter, plant: plant).run(), found.kind == verdict.kind {
          scenario = shorter
          verdict = found
          hasShrunk = true
        } else {
          start += size
        }
      }
      if !hasShrunk || size > 1 { size /= 2 }
    }
    let traced = Simulation(scenario, plant: plant, isTracing: true)
    _ = traced.run()
    return Failure(seed: seed, verdict: verdict, scenario: scenario, trace: traced.trace)
  }
}
