// When another reactor joins, and when it rests again. Messages that cross threads cost more than
// those that do not, so one reactor works alone until it has been busy for a second, mostly outside
// of the engine's lock, while the machine has a core to spare. Then every second connection that
// shows life moves over. When the whole server has been nearly idle for a while, the last one to
// have joined hands everything back and sleeps.

import MQTTBroker
import MQTTCodec
import Transport

extension EngineTick {
  /// A reactor that used more of its core wants help.
  static let busyPermille = 700
  /// Less than this outside of the lock, and a second reactor would mostly wait for the first.
  static let sharablePermille = 450
  /// A core that is this idle can carry another reactor.
  static let idlePermille = 500
  /// A reactor with less can take connections from a busy one.
  static let roomPermille = 400
  /// All together below this is nearly idle.
  static let quietPermille = 200
  /// Quiet samples in a row before a reactor rests.
  static let quietSampleLimit = 5

  /// Looks at the load once a second, and hands connections over while that is on.
  func balance(_ reactor: Reactor, _ state: inout EngineState, _ now: Instant) {
    if meter.isDue(now) {
      let sample = meter.takeSample(now)
      state.loads[index].permille = sample.busyPermille
      state.loads[index].measuredAt = now
      state.loads[index].arrivals = 0
      if wantsHelp(sample, reactor, &state) {
        askForHelp(sample, reactor, &state, now)
      } else {
        restIfQuiet(reactor, &state, now)
      }
    }
    guard let sharing = meter.sharing else { return }
    for connection in meter.leaving { hand(connection, to: sharing.target, reactor, &state) }
    meter.leaving.removeAll(keepingCapacity: true)
    if now >= sharing.until { meter.endSharing() }
  }

  private func wantsHelp(
    _ sample: LoadMeter.Sample, _ reactor: Reactor, _ state: inout EngineState
  ) -> Bool {
    sample.busyPermille >= Self.busyPermille
      && sample.sharablePermille >= Self.sharablePermille && reactor.linkCount >= 2
      && meter.sharing == nil && !state.isStopping
  }

  private func askForHelp(
    _ sample: LoadMeter.Sample, _ reactor: Reactor, _ state: inout EngineState, _ now: Instant
  ) {
    meter.quietSamples = 0
    let until = now.advanced(byNanoseconds: LoadMeter.periodNanoseconds / 2)
    for other in 0..<state.reactors.count
    where other != index && state.loads[other].isActive
      && state.loads[other].permille(at: now) < Self.roomPermille
    {
      return meter.startSharing(with: other, until: until)
    }
    guard let idle = sample.idlePermille, idle >= Self.idlePermille,
      let joined = state.activateReactor(engine)
    else { return }
    engine.write(
      .information,
      "reactor \(index) is busy (\(sample.busyPermille / 10) %), reactor \(joined) joins")
    meter.startSharing(with: joined, until: until)
  }

  /// The reactor that joined last goes first; the first one never.
  private func restIfQuiet(_ reactor: Reactor, _ state: inout EngineState, _ now: Instant) {
    let last = state.loads.lastIndex(where: \.isActive)
    guard index > 0, last == index, !state.isStopping else { return }
    let total = state.loads.reduce(0) { $0 + $1.permille(at: now) }
    meter.quietSamples = total < Self.quietPermille ? meter.quietSamples + 1 : 0
    if meter.quietSamples < Self.quietSampleLimit { return }
    meter.quietSamples = 0
    state.loads[index].isActive = false
    for link in reactor.allLinks() {
      hand(ConnectionID(word: reactor.owner(of: link)), to: 0, reactor, &state)
    }
    engine.write(.information, "reactor \(index) rests")
  }

  /// Moves a connection to another reactor, with all that belongs to it.
  func hand(
    _ connection: ConnectionID, to target: Int, _ reactor: Reactor, _ state: inout EngineState
  ) {
    let position = Int(connection.index)
    guard position < state.links.count else { return }
    let link = state.links[position]
    guard reactor.owner(of: link) == connection.word, let parcel = reactor.detach(link)
    else { return }
    state.links[position] = .none
    state.broker.move(connection, toReactor: target)
    state.reactors[target].adopt(parcel)
  }
}

extension EngineState {
  /// Where a new connection goes: to the reactor that accepted it while it is alone, otherwise to
  /// the least busy one.
  mutating func leastBusyReactor(preferring index: Int) -> Int {
    if reactors.count == 1 { return index }
    var best = index
    for other in 0..<reactors.count where loads[other].isActive && cost(other) < cost(best) {
      best = other
    }
    loads[best].arrivals += 1
    return best
  }

  private func cost(_ index: Int) -> Int { loads[index].permille + loads[index].arrivals }

  /// Wakes a resting reactor or starts another one; nil when the limit is reached or the system
  /// refuses, which the next sample will try again.
  mutating func activateReactor(_ engine: SharedEngine) -> Int? {
    if let resting = loads.firstIndex(where: { !$0.isActive }) {
      loads[resting] = ReactorLoad()
      return resting
    }
    if reactors.count >= engine.threadLimit { return nil }
    return try? startReactor(engine)
  }
}
