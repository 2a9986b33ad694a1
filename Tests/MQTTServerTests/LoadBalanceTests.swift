// When reactors join, share and rest, told by numbers alone.

import Basis
import MQTTServer
import Testing

@Suite struct LoadBalanceTests {
  private let now = Instant.start.advanced(bySeconds: 100)
  private let busy = LoadSample(busyPermille: 900, sharablePermille: 700, idlePermille: 900)

  private func loads(_ permilles: Int...) -> [ReactorLoad] {
    permilles.map { ReactorLoad(permille: $0, measuredAt: now) }
  }

  private func decide(
    _ sample: LoadSample, index: Int = 0, linkCount: Int = 50, _ loads: [ReactorLoad]
  ) -> BalanceDecision {
    var balance = LoadBalance()
    return balance.decide(sample, index: index, linkCount: linkCount, loads: loads, now: now)
  }

  @Test func `a busy reactor asks for help when the machine has a core to spare`() {
    #expect(decide(busy, loads(900)) == .askForHelp)
  }

  @Test func `a reactor that is not busy carries on`() {
    var sample = busy
    sample.busyPermille = LoadBalance.busyPermille - 1
    #expect(decide(sample, loads(sample.busyPermille)) == .carryOn)
  }

  @Test func `nobody joins on a machine without an idle core`() {
    var sample = busy
    sample.idlePermille = LoadBalance.idlePermille - 1
    #expect(decide(sample, loads(900)) == .carryOn)
    sample.idlePermille = nil
    #expect(decide(sample, loads(900)) == .carryOn)
  }

  @Test func `nobody joins when the work is under the engine's lock`() {
    var sample = busy
    sample.sharablePermille = LoadBalance.sharablePermille - 1
    #expect(decide(sample, loads(900)) == .carryOn)
  }

  @Test func `one connection cannot be shared`() {
    #expect(decide(busy, linkCount: 1, loads(900)) == .carryOn)
  }

  @Test func `a reactor with room takes over before a new one joins`() {
    #expect(decide(busy, loads(900, 800, 100)) == .share(with: 2))
  }

  @Test func `a resting reactor gets nothing`() {
    var loads = loads(900, 0)
    loads[1].isActive = false
    #expect(decide(busy, loads) == .askForHelp)
    #expect(LoadBalance.target(accepting: 0, loads: loads, now: now) == 0)
  }

  @Test func `the last to join rests after five quiet periods`() {
    var balance = LoadBalance()
    let quiet = LoadSample(busyPermille: 20, sharablePermille: 10, idlePermille: nil)
    let decisions = (0..<6).map { _ in
      balance.decide(quiet, index: 1, linkCount: 9, loads: loads(30, 20), now: now)
    }
    #expect(decisions == [.carryOn, .carryOn, .carryOn, .carryOn, .rest, .carryOn])
  }

  @Test func `a reactor of the minimum never rests`() {
    var balance = LoadBalance(minimum: 2)
    let quiet = LoadSample(busyPermille: 0, sharablePermille: 0, idlePermille: nil)
    for _ in 0..<10 {
      let decision = balance.decide(quiet, index: 1, linkCount: 9, loads: loads(0, 0), now: now)
      #expect(decision == .carryOn)
    }
  }

  @Test func `load in between keeps a reactor from resting`() {
    var balance = LoadBalance()
    let quiet = LoadSample(busyPermille: 20, sharablePermille: 10, idlePermille: nil)
    for period in 0..<20 {
      let others = period % 4 == 3 ? 600 : 30
      #expect(
        balance.decide(quiet, index: 1, linkCount: 9, loads: loads(others, 20), now: now)
          == .carryOn)
    }
  }

  @Test(arguments: [0, 1]) func `only the last to join rests`(index: Int) {
    var balance = LoadBalance()
    let quiet = LoadSample(busyPermille: 0, sharablePermille: 0, idlePermille: nil)
    for _ in 0..<10 {
      let decision = balance.decide(
        quiet, index: index, linkCount: 9, loads: loads(0, 0, 0), now: now)
      #expect(decision == .carryOn)
    }
  }

  @Test func `a new connection goes to the less busy reactor`() {
    #expect(LoadBalance.target(accepting: 0, loads: loads(500, 300), now: now) == 1)
    #expect(LoadBalance.target(accepting: 0, loads: loads(300, 500), now: now) == 0)
    #expect(LoadBalance.target(accepting: 0, loads: loads(300, 300), now: now) == 0)
  }

  @Test func `arrivals count until the next measurement`() {
    var loads = loads(10, 10)
    loads[0].arrivals = 5
    #expect(LoadBalance.target(accepting: 0, loads: loads, now: now) == 1)
  }

  @Test func `a load that was measured long ago counts for nothing`() {
    let old = ReactorLoad(permille: 900, measuredAt: .start)
    #expect(LoadBalance.target(accepting: 0, loads: loads(100) + [old], now: now) == 1)
  }
}
