// Engine, client sessions and a store in one process, under a clock of their own, with connections
// that break, a broker that crashes and commits that fail, all from a seed; and the proof that such
// runs find bugs, by bugs that are planted between the parts.
//
// Every seed is a run of its own, so a failing one is replayed with one command, which also shrinks
// it. Longer than here: swift run -c release simulate --seeds 1000000 --threads 2

import Simulation
import Testing

struct SimulationTests {
  @Test(arguments: 0..<10)
  func `no promise is broken in 10,000 runs with breaks, crashes and failing commits`(
    part: UInt64
  ) {
    for seed in part * 1000..<(part + 1) * 1000 {
      guard Simulation.verdict(seed: seed) != nil, let failure = Simulation.failure(seed: seed)
      else { continue }
      Issue.record("\(failure.trace.joined(separator: "\n"))\n\(failure)")
      return
    }
  }

  @Test(arguments: Plant.allCases)
  func `a planted bug is found within 1,000 runs`(plant: Plant) {
    let seed = (0..<1000).first { Simulation.verdict(seed: $0, plant: plant) != nil }
    #expect(seed != nil, "\(plant) is not found")
  }

  @Test func `the same seed is the same run`() {
    let traces = (0..<2).map { _ in
      let simulation = Simulation(Scenario(seed: 7), isTracing: true)
      _ = simulation.run()
      return simulation.trace
    }
    #expect(traces[0] == traces[1])
    #expect(traces[0].count > 50)
  }

  @Test func `a failing run is shrunk, traced, and says how it is replayed`() throws {
    let found = (0..<1000).first { Simulation.verdict(seed: $0, plant: .lostEntry) != nil }
    let seed = try #require(found)
    let failure = try #require(Simulation.failure(seed: seed, plant: .lostEntry))
    #expect(failure.scenario.actions.count < Scenario(seed: seed).actions.count / 2)
    #expect(failure.trace.contains { $0.contains("planted: the store loses enqueue") })
    #expect(failure.trace.last?.contains("!! \(failure.verdict)") == true)
    #expect(failure.description.hasSuffix("swift run -c release simulate --seed \(seed)"))
  }
}
