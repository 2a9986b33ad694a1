// The one engine behind its one lock, with what its reactors share. A reactor takes the lock once
// per tick, with everything it has read, and writes after giving it back; so the lock is held for
// the fraction of a microsecond that a message needs, and nobody holds it during a system call.

import Basis
import MQTTBroker
import Settings
import Synchronization
import Transport

/// The link at which each of the engine's connections is served: its reactor numbers links on its
/// own, and may give a connection away.
struct ConnectionLinks {
  private var links: [LinkID] = []

  /// The link of a connection; `none` while it is between reactors, and after its close was fetched.
  ///
  /// The engine keeps a slot until then.
  subscript(connection: ConnectionID) -> LinkID {
    get {
      let position = connection.index.position
      return position < links.count ? links[position] : .none
    }
    set {
      let position = connection.index.position
      while links.count <= position { links.append(.none) }
      links[position] = newValue
    }
  }
}

/// What the lock protects.
struct EngineState: ~Copyable {
  var broker: Broker
  var links = ConnectionLinks()
  /// Connections, as words, that the engine closed while they were between reactors.
  var closedInTransit: [UInt64] = []
  /// The reactors that take part, in the order in which they joined; never empty while running.
  var reactors: [Reactor] = []
  /// How busy each of them is.
  var loads: [ReactorLoad] = []
  /// What the first reactor shall do with its listeners.
  var listenerChanges: [ListenerChange] = []
  /// Whether the store's thread sleeps, so that it has to be rung; never without a store.
  var writerRests = false
  /// Checks that the checker of passwords has, or is about to have, and has not answered.
  var handedCount = 0
  var checksToHand: [CredentialCheck] = []
  /// Whether the server is on its way out.
  var isStopping = false
  /// Reactors that have nothing left to do after that.
  var stoppedCount = 0
  /// Reactors whose threads have ended.
  var endedCount = 0

  init(_ broker: consuming Broker) { self.broker = broker }
}

// Reached only through the lock below; the engine's own objects never leave it.
extension EngineState: @unchecked Sendable {}

/// Engine and lock.
final class SharedEngine: Sendable {
  let state: Mutex<EngineState>
  let log: ServerLog
  /// Reactors that may take part.
  let threadLimit: Int
  /// Reactors that take part from the start.
  let threadMinimum: Int
  /// Whether more than one reactor takes part, or has.
  let hasCompany = Atomic<Bool>(false)
  /// Calls the store's thread.
  let writerBell = Bell()
  /// The thread that checks passwords.
  let checker = LoginChecker()

  init(_ configuration: ServerConfiguration, log: ServerLog) {
    var settings = configuration.settings.configuration
    settings.keepsRecords = configuration.openStore != nil
    let time = WallClock.nanoseconds
    state = Mutex(
      EngineState(
        Broker(
          settings, randomSeed: RandomBytes.word, now: MonotonicClock.now,
          wallClockSeconds: time / 1_000_000_000, wallClockNanoseconds: time % 1_000_000_000)))
    self.log = log
    threadLimit = configuration.threads
    threadMinimum = max(1, min(configuration.minimumThreads, threadLimit))
  }

  /// Writes the entries that are wanted.
  func write(_ entries: [LogEntry]) {
    let time = WallClock.nanoseconds
    for entry in entries where log.wants(entry.level) {
      log.add(entry.description, entry.level, at: time)
    }
  }

  /// Writes a line of the server itself.
  func write(_ level: LogLevel, _ line: String) {
    if log.wants(level) { log.add(line, level, at: WallClock.nanoseconds) }
  }
}
