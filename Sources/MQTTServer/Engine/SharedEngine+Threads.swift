// Reactors and their threads: the first when the server starts, others when the load asks for them,
// all of them gone when it stops.

import Glibc
import MQTTBroker
import Synchronization
import Transport

extension SharedEngine {
  /// The reactor that owns the listeners; its thread is not started.
  func makeFirstReactor() throws(SystemError) -> Reactor {
    let reactor = try Reactor(index: 0)
    reactor.keepsSpareBuffers = true
    reactor.chooseReactor = { [unowned self, unowned reactor] in
      hasCompany.load(ordering: .relaxed) ? chooseReactor(accepting: reactor) : reactor
    }
    state.withLock { state in
      state.reactors.append(reactor)
      state.loads.append(ReactorLoad())
    }
    return reactor
  }

  /// Who serves a connection that `reactor` has accepted.
  private func chooseReactor(accepting reactor: Reactor) -> Reactor {
    state.withLock { state in
      state.reactors[state.target(accepting: reactor.index, MonotonicClock.now)]
    }
  }

  /// Lets a reactor run on a thread of its own.
  func startThread(_ reactor: Reactor) throws(SystemError) {
    let thread = try SystemThread(name: "reactor \(reactor.index)") { [self] in
      let tick = EngineTick(self, index: reactor.index)
      reactor.run(tick)
      reactor.closeAll()
      state.withLock { $0.endedCount += 1 }
    }
    thread.detach()
  }

  /// Starts those that take part from the start beside the first.
  func startMinimum() throws(SystemError) {
    for _ in 1..<threadMinimum {
      try state.withLock { state throws(SystemError) in _ = try state.startReactor(self) }
    }
  }

  /// Tells all clients; what is left to write is written by the reactors.
  func beginStop() {
    var callsWriter = false
    let reactors = state.withLock { state in
      state.isStopping = true
      state.broker.shutDown(now: MonotonicClock.now)
      callsWriter = state.claimWriter()
      return state.reactors
    }
    if callsWriter { writerBell.ring() }
    for reactor in reactors { reactor.wake() }
  }

  /// Whether every reactor has nothing left to do.
  var hasStopped: Bool { state.withLock { $0.stoppedCount >= $0.reactors.count } }

  /// Ends the reactors with whatever is left.
  func endStop() {
    let reactors = state.withLock { $0.reactors }
    for reactor in reactors { reactor.stop() }
    while state.withLock({ $0.endedCount < $0.reactors.count }) { usleep(1000) }
  }
}

extension EngineState {
  /// Starts one more reactor and gives its number.
  mutating func startReactor(_ engine: SharedEngine) throws(SystemError) -> Int {
    let reactor = try Reactor(index: reactors.count)
    reactor.keepsSpareBuffers = true
    try engine.startThread(reactor)
    reactors.append(reactor)
    loads.append(ReactorLoad())
    engine.hasCompany.store(true, ordering: .relaxed)
    return reactor.index
  }
}
