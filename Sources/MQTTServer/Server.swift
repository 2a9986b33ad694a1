// A broker process: listeners, reactors, one engine, the signals that end it or tell it something.
//
//   Transport reads -> EngineTick -> MQTTBroker decides -> EngineTick -> Transport writes
//
// The first reactor owns the listeners and works alone until the load needs more
// (EngineTick+Balance). The main thread waits for signals and does nothing else.
//
//   HUP      the configuration and all files that it names are read again (Server+Reload)
//   USR1     what lasts is saved now
//   USR2     sessions, subscriptions and retained topics are written to the log
//   RTMIN    log files are opened again, after somebody has moved them away

import Basis
import CLinux
import Glibc
import MQTTBroker
import Settings
import Synchronization
package import Transport

/// A running broker.
package final class Server: Sendable {
  /// What changes when the configuration is read again.
  struct Current {
    var configuration: ServerConfiguration
    var table: ListenerTable
    /// What was said at the start of what is heeded then only.
    let startStatements: [FileStatement]
    /// When it was last said which certificates end, in seconds since 1970.
    var datesToldAt: Int64 = 0
    /// Where each number listens, with the ports that the system chose.
    var places: [(number: Int, address: SocketAddress)] = []
  }

  let current: Mutex<Current>
  let engine: SharedEngine
  let log: ServerLog
  /// The thread of its store, once it runs.
  private let writer = Mutex<StoreWriter?>(nil)
  private let processNumber = Mutex<ProcessNumberFile?>(nil)

  /// A broker that has not started; its log goes to `logDescriptor` where it shall go to standard
  /// error.
  package init(_ given: ServerConfiguration, logDescriptor: Int32 = 2) {
    let configuration = given.dated()
    let arranged = ListenerTable().arranged(configuration.listeners)
    var numbered = configuration
    numbered.settings.configuration = arranged.table.numbered(configuration)
    current = Mutex(
      Current(
        configuration: configuration, table: arranged.table,
        startStatements: configuration.settings.statements.filter(\.needsRestart)))
    log = ServerLog(descriptor: logDescriptor)
    engine = SharedEngine(numbered, log: log)
  }

  /// Serves until TERM or INT comes and the clients have been told; a second signal ends it at once.
  ///
  /// `whenReady` is called once clients can connect.
  package func run(whenReady: () -> Void = {}) throws(ServerError) {
    ProcessSettings.keepHeapSmall()
    ProcessSettings.raiseDescriptorLimit()
    ProcessSettings.ignoreBrokenPipes()
    let signals = try Self.collectSignals()
    try start()
    ServiceNotice.send("READY=1")
    whenReady()
    while true {
      guard let signal = signals.wait(atMostMilliseconds: untilNextNotice) else {
        noticeDates()
        continue
      }
      if signal == SIGTERM || signal == SIGINT {
        engine.write(.notice, "stopping on \(signal == SIGINT ? "SIGINT" : "SIGTERM")")
        break
      }
      obey(signal)
      log.flush()
    }
    log.flush()
    ServiceNotice.send("STOPPING=1")
    stop(isImpatient: {
      signals.next().map { $0 == SIGTERM || $0 == SIGINT } ?? false
    })
  }

  private static func collectSignals() throws(ServerError) -> Signals {
    do throws(SystemError) {
      return try Signals([SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, linux_rotation_signal()])
    } catch {
      throw .system(error)
    }
  }

  private func obey(_ signal: Int32) {
    switch signal {
    case SIGHUP: reload()
    case SIGUSR1: save()
    case SIGUSR2:
      for line in engine.state.withLock({ $0.broker.summary() }) { engine.write(.notice, line) }
    default: reopenLog()
    }
  }

  /// What was acknowledged is on disk already; the store tidies its file up.
  private func save() {
    guard let writer = writer.withLock({ $0 }) else {
      return engine.write(
        .notice, "SIGUSR1: everything is in memory only, there is nothing to save")
    }
    writer.save()
    engine.write(.notice, "SIGUSR1: what was acknowledged is on disk, the store is put in order")
  }

  private func reopenLog() {
    let owner = current.withLock { $0.configuration.account }
    do throws(SystemError) { try log.reopen(owner: owner) } catch {
      engine.write(.error, "the log cannot be opened again, it goes where it went: \(error)")
    }
  }

  /// Opens the listeners and starts to serve; returns at once.
  package func start() throws(ServerError) {
    let (configuration, table) = current.withLock { ($0.configuration, $0.table) }
    if let name = configuration.missingAccount { throw .noAccount(name) }
    do throws(SystemError) {
      try log.configure(configuration.settings.log, owner: configuration.account)
    } catch {
      throw .system(error)
    }
    if let overlap = configuration.overlaps.first { throw overlap }
    let sockets = try OpenListeners(table, Array(table.numbers.indices))
    current.withLock { $0.places = sockets.open.map { ($0.index, $0.address) } }
    try settle(configuration)
    do throws(ServerError) { try begin(configuration, sockets) } catch {
      removeProcessNumber()
      throw error
    }
    for warning in configuration.warnings { engine.write(.warning, warning) }
    announce(sockets, configuration)
    warnOfDates()
    log.flush()
  }

  private func removeProcessNumber() { processNumber.withLock { $0.take() }?.remove() }

  /// Loads what there is, and begins to serve.
  private func begin(
    _ configuration: ServerConfiguration, _ sockets: OpenListeners
  ) throws(ServerError) {
    // Clients that come from here on wait for their CONNACK until everything is loaded.
    let store = try openStore(configuration)
    do throws(SystemError) {
      if let store {
        let writer = StoreWriter(engine, store)
        try writer.start()
        self.writer.withLock { $0 = writer }
      }
      let reactor = try engine.makeFirstReactor()
      try engine.checker.start(telling: reactor)
      for listener in sockets.open { try listener.attach(to: reactor) }
      try engine.startThread(reactor)
      try engine.startMinimum()
    } catch {
      throw .system(error)
    }
  }

  /// Writes down which process this is, and gives up root's rights.
  private func settle(_ configuration: ServerConfiguration) throws(ServerError) {
    do throws(SystemError) {
      if let path = configuration.settings.pidFile {
        let file = try ProcessNumberFile(path, owner: configuration.account)
        processNumber.withLock { $0 = file }
      }
      if let account = configuration.account, Account.isRoot { try account.become() }
    } catch {
      throw .system(error)
    }
  }

  /// A store of this size takes so long to read that people want to know.
  private static let largeStoreBytes = 64 << 20
  /// What a slow machine reads; measured with a million messages.
  private static let loadedBytesPerSecond = 100 << 20

  private func openStore(_ configuration: ServerConfiguration) throws(ServerError)
    -> (any DurableStore)?
  {
    guard let open = configuration.openStore else { return nil }
    do throws(StoreFailure) {
      let store = try open()
      if store.byteCount >= Self.largeStoreBytes {
        let seconds = store.byteCount / Self.loadedBytesPerSecond + 1
        engine.writeNow(
          .notice,
          "reading \(store.byteCount >> 20) MiB of data; clients are served in about \(seconds) s")
      }
      let records = try store.load(window: configuration.settings.configuration.queueWindow)
      for notice in store.notices { engine.write(.warning, notice) }
      engine.load(records)
      log.flush()
      return store
    } catch {
      throw .store(error)
    }
  }

  /// Where it listens.
  package var addresses: [SocketAddress] { current.withLock { $0.places.map(\.address) } }

  /// Tells the clients, writes what is under way, and ends; at the latest after the configured
  /// seconds, or when `isImpatient` says so.
  package func stop(isImpatient: () -> Bool = { false }) {
    let configuration = current.withLock { $0.configuration }
    let limit = MonotonicClock.now.advanced(bySeconds: configuration.farewellLimitSeconds)
    engine.beginStop()
    while !engine.hasStopped, MonotonicClock.now < limit, !isImpatient() { usleep(5000) }
    engine.endStop()
    engine.checker.stop()
    if let writer = writer.withLock({ $0 }) {
      writer.stop()
      let limit = MonotonicClock.now.advanced(bySeconds: StoreWriter.farewellLimitSeconds)
      while !writer.hasEnded, MonotonicClock.now < limit, !isImpatient() { usleep(1000) }
    }
    removeProcessNumber()
    engine.write(.notice, "stopped")
    log.flush()
  }
}
