// Runs simulations for as long as somebody wants, or one of them with its trace.
//
//   simulate [--from N] [--seeds COUNT] [--threads COUNT] [--plant NAME]
//   simulate --seed N [--plant NAME] [--whole]

import Dispatch
import Glibc
import Simulation
import Synchronization

func number(_ name: String) -> UInt64? {
  guard let place = CommandLine.arguments.firstIndex(of: name),
    place + 1 < CommandLine.arguments.count
  else { return nil }
  return UInt64(CommandLine.arguments[place + 1])
}

func plant() -> Plant? {
  guard let place = CommandLine.arguments.firstIndex(of: "--plant"),
    place + 1 < CommandLine.arguments.count
  else { return nil }
  return Plant(rawValue: CommandLine.arguments[place + 1])
}

/// Shows one run.
func show(_ seed: UInt64) {
  if CommandLine.arguments.contains("--whole") {
    let simulation = Simulation(Scenario(seed: seed), plant: plant(), isTracing: true)
    let verdict = simulation.run()
    for line in simulation.trace { print(line) }
    return print(verdict?.description ?? "every promise was kept")
  }
  guard let failure = Simulation.failure(seed: seed, plant: plant()) else {
    return print("seed \(seed): every promise was kept")
  }
  for line in failure.trace { print(line) }
  print("\(failure), with \(failure.scenario.actions.count) actions")
}

/// Runs many, on as many threads as wanted; true when all kept every promise.
func runMany() -> Bool {
  let first = number("--from") ?? 0
  let count = number("--seeds") ?? 100_000
  let threads = Int(number("--threads") ?? 1)
  let next = Mutex(first)
  let failures = Mutex(0)
  DispatchQueue.concurrentPerform(iterations: threads) { _ in
    while true {
      let seed = next.withLock { next in
        defer { next += 1 }
        return next
      }
      if seed >= first + count { return }
      if let verdict = Simulation.verdict(seed: seed, plant: plant()) {
        let isWorthShowing = failures.withLock { failures in
          failures += 1
          return failures <= 20
        }
        if isWorthShowing { print("seed \(seed): \(verdict)") }
      }
    }
  }
  let failed = failures.withLock { $0 }
  print("\(count) seeds from \(first): \(failed) failed")
  return failed == 0
}

if let seed = number("--seed") {
  show(seed)
} else if !runMany() {
  print("replay one with: swift run -c release simulate --seed N")
  exit(1)
}
