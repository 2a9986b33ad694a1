// Carries out what LoadBalance decides: reactors join, connections move over, reactors rest.

import Basis
import MQTTBroker
import Transport

extension EngineTick {
  /// Looks at the load once a second, and hands connections over while that is on.
  func balance(_ reactor: Reactor, _ state: inout EngineState, _ now: Instant) {
    if meter.isDue(now) { look(reactor, &state, now) }
    guard let sharing = meter.sharing else { return }
    for connection in meter.leaving { hand(connection, to: sharing.target, reactor, &state) }
    meter.leaving.removeAll(keepingCapacity: true)
    if now >= sharing.until { meter.endSharing() }
  }

  private func look(_ reactor: Reactor, _ state: inout EngineState, _ now: Instant) {
    let sample = meter.takeSample(now)
    state.loads[index].permille = sample.busyPermille
    state.loads[index].measuredAt = now
    state.loads[index].arrivals = 0
    if meter.sharing != nil || state.isStopping { return }
    let decision = meter.policy.decide(
      sample, index: index, linkCount: reactor.linkCount, loads: state.loads, now: now)
    switch decision {
    case .carryOn: break
    case .share(let target): share(with: target, now)
    case .askForHelp:
      if let joined = state.activateReactor(engine) {
        engine.write(
          .information,
          "reactor \(index) is busy (\(sample.busyPermille / 10) %), reactor \(joined) joins")
        share(with: joined, now)
      }
    case .rest: rest(reactor, &state)
    }
  }

  /// For half a period, every second connection that shows life moves over.
  private func share(with target: Int, _ now: Instant) {
    meter.startSharing(
      with: target, until: now.advanced(byNanoseconds: LoadBalance.periodNanoseconds / 2))
  }

  private func rest(_ reactor: Reactor, _ state: inout EngineState) {
    state.loads[index].isActive = false
    for link in reactor.openLinks() {
      hand(ConnectionID(word: reactor.owner(of: link)), to: 0, reactor, &state)
    }
    engine.write(.information, "reactor \(index) rests")
  }

  /// Moves a connection to another reactor, with all that belongs to it.
  func hand(
    _ connection: ConnectionID, to target: Int, _ reactor: Reactor, _ state: inout EngineState
  ) {
    let link = state.links[connection]
    guard reactor.owner(of: link) == connection.word, let parcel = reactor.detach(link)
    else { return }
    state.links[connection] = .none
    state.broker.move(connection, toReactor: target)
    state.reactors[target].adopt(parcel)
  }
}

extension EngineState {
  /// Which reactor serves a connection that `index` has accepted.
  mutating func target(accepting index: Int, _ now: Instant) -> Int {
    let best = LoadBalance.target(accepting: index, loads: loads, now: now)
    loads[best].arrivals += 1
    return best
  }

  /// Wakes a resting reactor or starts another one; nil when the limit is reached or the system
  /// refuses, which the next period will try again.
  mutating func activateReactor(_ engine: SharedEngine) -> Int? {
    if let resting = loads.firstIndex(where: { !$0.isActive }) {
      loads[resting] = ReactorLoad()
      return resting
    }
    if reactors.count >= engine.threadLimit { return nil }
    return try? startReactor(engine)
  }
}
