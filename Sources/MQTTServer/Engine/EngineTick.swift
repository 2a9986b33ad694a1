// One tick of one reactor, as the engine sees it:
//
//   lock -> feed the engine all that was read -> do what is due -> hand output and closes to the
//   reactor -> see which other reactors got something, and whether there are records to write
//   -> unlock -> wake those, write the log
//
// The reactor writes after the tick. A link that has not got rid of its last output keeps the next
// in the engine, which bounds it; it is fetched when the link has drained.

import Basis
import MQTTBroker
import Synchronization
import Transport

/// The engine's side of one reactor.
final class EngineTick: ReactorDelegate {
  /// Unsent bytes of a link up to which it is given more.
  static let unsentLimitBytes = 1 << 20
  /// How many bytes may go out for each that comes in, for the next reads to be large ones.
  static let largeReadFactor = 4
  /// Turns that a look may take.
  static let lookTurnLimit = 16
  /// How often a reactor that stops looks whether the last bytes have arrived, in nanoseconds.
  static let stopRetryNanoseconds: Int64 = 2_000_000
  /// How long a log line may wait for a slow reader before it is tried again, in nanoseconds.
  static let logRetryNanoseconds: Int64 = 100_000_000

  let engine: SharedEngine
  let index: Int
  var meter: LoadMeter
  /// What is written to the log after the lock is given back.
  private var entries: [LogEntry] = []
  private var logIsWaiting = false
  /// Connections that have output which their link could not take yet.
  private var postponed: [ConnectionID] = []
  private var isStopped = false
  /// Turns since the engine wanted a look, while it is owed.
  private var lookTurns: Int?
  /// The look after which those are turned away for whom there is no descriptor.
  private var descriptorLook: Int?
  /// The links of this tick that were accepted; their other events do not carry an owner yet, and
  /// some have gone to another reactor, or for good.
  private var newcomers: [(link: LinkID, connection: ConnectionID)] = []
  /// Bytes of this tick, in and out.
  private var receivedBytes = 0
  private var sentBytes = 0
  /// All reactors, so that they can be woken after the lock is given back.
  private var reactors: [Reactor] = []

  init(_ engine: SharedEngine, index: Int) {
    self.engine = engine
    self.index = index
    meter = LoadMeter(minimum: engine.threadMinimum)
  }

  func tick(_ reactor: Reactor, now: Instant) -> Instant? {
    var wakes: UInt64 = 0
    var callsWriter = false
    var deadline: Instant?
    let events = reactor.events
    receivedBytes = 0
    sentBytes = 0
    let isMeasured = meter.beginTick()
    var listenerChanges: [ListenerChange] = []
    engine.state.withLock { state in
      if isMeasured { meter.lockTaken() }
      state.broker.writesInformation = engine.log.wants(.information)
      while let buffer = reactor.takeSpareBuffer() { state.broker.recycle(buffer) }
      for event in events { handle(event, reactor, &state, now) }
      newcomers.removeAll(keepingCapacity: true)
      state.takeLoginAnswers(engine.checker, now)
      answerLook(reactor, &state, now)
      state.broker.advance(to: now)
      let isHanded = state.handLogins(engine.checker)
      state.broker.publishLog(now: now)
      fetchOutput(reactor, &state)
      fetchCloses(reactor, &state)
      state.broker.settleOutput()
      fetchReadOuts(reactor, &state)
      if meter.isDue(now) || meter.sharing != nil { balance(reactor, &state, now) }
      if state.reactors.count > 1 { wakes = reactorsWithWork(&state) }
      if index == 0, !state.listenerChanges.isEmpty {
        swap(&listenerChanges, &state.listenerChanges)
      }
      let stopDeadline = state.isStopping ? stop(reactor, &state, now) : nil
      callsWriter = state.claimWriter()
      deadline =
        postponed.isEmpty && isHanded && lookTurns == nil
        ? earlier(state.broker.nextDeadline, stopDeadline) : now
      entries = state.broker.takeLog()
      if isMeasured { meter.lockGiven() }
    }
    for change in listenerChanges { apply(change, reactor) }
    // Large reads pay where few copies are made of what came in: measured at 1 to 100 with one
    // filter each, where they cost, and at 1 to 100 of 100,000 filters, where they gain a third.
    reactor.readsLargely = sentBytes <= receivedBytes * Self.largeReadFactor
    if callsWriter { engine.writerBell.ring() }
    for other in reactors where wakes >> UInt64(other.index) & 1 == 1 { other.wake() }
    return writeLog(now, deadline)
  }

  // MARK: The world speaks

  private func handle(
    _ event: ReactorEvent, _ reactor: Reactor, _ state: inout EngineState, _ now: Instant
  ) {
    switch event.event {
    case .received(let range):
      receivedBytes += range.count
      let connection = connection(of: event)
      state.broker.receive(reactor.received(range), on: connection, now: now)
      if state.broker.wantsNoInput(connection) { reactor.pauseReading(event.link) }
      meter.noteActivity(connection)
    case .accepted(let arrival): accept(event.link, arrival, reactor, &state, now)
    case .ended(let reason, _):
      state.broker.end(connection(of: event), cause: reason.description, now: now)
    case .readOut: state.broker.wasReadOut(connection(of: event), now: now)
    case .drained: fetchOutput(of: connection(of: event), reactor, &state)
    case .adopted: adopt(event, reactor, &state)
    case .turnedAway(let arrival, let reason):
      state.broker.noteTurnedAway(arrival.peer.description, reason.description, now: now)
    case .outOfDescriptors: descriptorLook = state.broker.look()
    case .acceptFailed(_, let error):
      engine.write(.error, Self.explain(error))
      logIsWaiting = true
    case .connected, .readable: break
    }
  }

  private func connection(of event: ReactorEvent) -> ConnectionID {
    if event.owner != 0 { return ConnectionID(word: event.owner) }
    let newcomer = newcomers.last { $0.link == event.link }
    return newcomer?.connection ?? ConnectionID(word: 0)
  }

  private static func explain(_ error: SystemError) -> String {
    error.isOutOfDescriptors
      ? "\(error): connections are turned away; raise the limit of open files (ulimit -n)"
      : "\(error)"
  }

  private func accept(
    _ link: LinkID, _ arrival: Arrival, _ reactor: Reactor, _ state: inout EngineState,
    _ now: Instant
  ) {
    let target = arrival.isPlaced ? index : state.target(accepting: index, now)
    guard
      let connection = state.broker.open(
        reactor: target, listener: arrival.listener, peer: arrival.peer.description,
        facts: PeerFacts(arrival, link, of: reactor), now: now)
    else { return reactor.close(link, flushing: false) }
    reactor.setOwner(link, connection.word)
    state.links[connection] = link
    newcomers.append((link, connection))
    if target != index {
      hand(connection, to: target, reactor, &state)
    } else if !state.loads[index].isActive {
      // It was on its way here when this reactor went to rest.
      hand(connection, to: 0, reactor, &state)
    }
  }

  private func adopt(_ event: ReactorEvent, _ reactor: Reactor, _ state: inout EngineState) {
    let connection = ConnectionID(word: event.owner)
    if let position = state.closedInTransit.firstIndex(of: event.owner) {
      state.closedInTransit.swapAt(position, state.closedInTransit.count - 1)
      state.closedInTransit.removeLast()
      return reactor.close(event.link, flushing: true)
    }
    state.links[connection] = event.link
    // Its first bytes may have come where it was accepted.
    if state.broker.wantsNoInput(connection) { reactor.pauseReading(event.link) }
    if state.broker.isBeingReadOut(connection) { reactor.readOut(event.link) }
    fetchOutput(of: connection, reactor, &state)
  }

  // MARK: What to do now

  private func fetchOutput(_ reactor: Reactor, _ state: inout EngineState) {
    if !postponed.isEmpty {
      let again = postponed
      postponed.removeAll(keepingCapacity: true)
      for connection in again { fetchOutput(of: connection, reactor, &state) }
    }
    while let connection = state.broker.nextOutput(reactor: index) {
      fetchOutput(of: connection, reactor, &state)
    }
  }

  private func fetchOutput(
    of connection: ConnectionID, _ reactor: Reactor, _ state: inout EngineState
  ) {
    guard state.broker.hasOutput(connection) else { return }
    // A connection between two reactors keeps its output until it has been adopted.
    let link = state.links[connection]
    guard reactor.owner(of: link) == connection.word, !reactor.isBlocked(link) else { return }
    if reactor.unsentBytes(link) > Self.unsentLimitBytes { return postponed.append(connection) }
    var output = state.broker.takeOutput(of: connection)
    sentBytes += output.count
    reactor.send(output.own.take(), on: link)
    for run in output.lent { reactor.send(run, on: link) }
    if let run = output.shared { reactor.send(run, on: link) }
    reactor.resumeReading(link)
    meter.noteActivity(connection)
  }

  private func fetchCloses(_ reactor: Reactor, _ state: inout EngineState) {
    while var closing = state.broker.nextClose(reactor: index) {
      let connection = closing.connection
      let link = state.links[connection]
      state.links[connection] = .none
      if reactor.owner(of: link) == connection.word {
        reactor.send(closing.output.take(), on: link)
        reactor.close(link, flushing: true)
      } else if link == .none {
        state.closedInTransit.append(connection.word)
      }
    }
  }

  /// Has the reactor read what the engine wants to know before it decides.
  private func fetchReadOuts(_ reactor: Reactor, _ state: inout EngineState) {
    while let connection = state.broker.nextReadOut(reactor: index) {
      // One between two reactors is read out where it is adopted.
      let link = state.links[connection]
      if reactor.owner(of: link) == connection.word { reactor.readOut(link) }
    }
    if state.broker.takesLookWish(reactor: index) { lookTurns = 0 }
  }

  /// This turn has polled after the engine wanted a look, and all that it found has been handled.
  private func answerLook(_ reactor: Reactor, _ state: inout EngineState, _ now: Instant) {
    if let turns = lookTurns {
      if !reactor.hasReadAll && turns < Self.lookTurnLimit { return lookTurns = turns + 1 }
      lookTurns = nil
      state.broker.looked(reactor: index, now: now)
    }
    if let look = descriptorLook, state.broker.hasLooked(look) {
      descriptorLook = nil
      reactor.acceptOrTurnAway()
    }
  }

  /// The others that the engine has work for, as bits.
  private func reactorsWithWork(_ state: inout EngineState) -> UInt64 {
    var bits: UInt64 = 0
    if reactors.count != state.reactors.count { reactors = state.reactors }
    for other in 0..<state.reactors.count
    where other != index && state.broker.hasWork(reactor: other) { bits |= 1 << UInt64(other) }
    return bits
  }

  private func apply(_ change: ListenerChange, _ reactor: Reactor) {
    switch change {
    case .close(let number): reactor.closeListener(number)
    case .change(let number, let layers): reactor.setLayers(layers, ofListener: number)
    case .open(let listener):
      do throws(SystemError) { try listener.attach(to: reactor) } catch {
        engine.write(.error, "cannot listen on \(listener.address): \(error)")
      }
    }
  }

  /// Leaves when the last byte has gone out; says when to look again whether it has.
  private func stop(_ reactor: Reactor, _ state: inout EngineState, _ now: Instant) -> Instant? {
    if isStopped { return nil }
    reactor.closeListeners()
    if !reactor.hasSaidEverything {
      return now.advanced(byNanoseconds: Self.stopRetryNanoseconds)
    }
    isStopped = true
    state.stoppedCount += 1
    return nil
  }

  private func writeLog(_ now: Instant, _ deadline: Instant?) -> Instant? {
    if !entries.isEmpty {
      engine.write(entries)
      entries = []
      logIsWaiting = true
    }
    guard logIsWaiting else { return deadline }
    logIsWaiting = !engine.log.flush()
    guard logIsWaiting else { return deadline }
    return earlier(deadline, now.advanced(byNanoseconds: Self.logRetryNanoseconds))
  }

  private func earlier(_ one: Instant?, _ other: Instant?) -> Instant? {
    guard let one, let other else { return one ?? other }
    return min(one, other)
  }
}
