// A broker process: listeners, reactors, one engine, the signals that end it.
//
//   Transport reads -> EngineTick -> MQTTBroker decides -> EngineTick -> Transport writes
//
// The first reactor owns the listeners and works alone until the load needs more
// (EngineTick+Balance). The main thread waits for signals and does nothing else.

import CLinux
import Glibc
package import MQTTBroker
import MQTTCodec
import Synchronization
package import Transport

/// A running broker.
package final class Server: Sendable {
  private let configuration: ServerConfiguration
  private let engine: SharedEngine
  private let log: ServerLog
  /// The thread of its store, once it runs.
  private let writer = Mutex<StoreWriter?>(nil)
  /// The thread that checks passwords.
  private let checker: LoginChecker
  /// Where it listens, with the ports that the system chose, once ``start()`` has returned.
  private let places = Mutex<[SocketAddress]>([])

  /// A broker that has not started; its log goes to `logDescriptor`.
  package init(_ configuration: ServerConfiguration, logDescriptor: Int32 = 2) {
    self.configuration = configuration
    log = ServerLog(descriptor: logDescriptor)
    engine = SharedEngine(configuration, log: log)
    checker = LoginChecker(engine)
  }

  /// Serves until TERM or INT comes and the clients have been told; a second signal ends it at once.
  package func run() throws(ServerError) {
    ProcessSettings.keepHeapSmall()
    ProcessSettings.raiseDescriptorLimit()
    ProcessSettings.ignoreBrokenPipes()
    let signals = try Self.collectSignals()
    try start()
    var signal = signals.wait()
    while signal == nil { signal = signals.wait() }
    engine.write(.notice, "stopping on \(signal == SIGINT ? "SIGINT" : "SIGTERM")")
    log.flush()
    stop(isImpatient: { signals.next() != nil })
  }

  private static func collectSignals() throws(ServerError) -> Signals {
    do throws(SystemError) { return try Signals([SIGTERM, SIGINT]) } catch {
      throw .system(error)
    }
  }

  /// Opens the listeners and starts to serve; returns at once.
  package func start() throws(ServerError) {
    let sockets = try OpenListeners(configuration.listeners)
    places.withLock { $0 = sockets.addresses }
    // Clients that come from here on wait for their CONNACK until everything is loaded.
    let store = try openStore()
    do throws(SystemError) {
      if let store {
        let writer = StoreWriter(engine, store)
        try writer.start()
        self.writer.withLock { $0 = writer }
      }
      try checker.start()
      let reactor = try engine.makeFirstReactor()
      try sockets.attach(to: reactor)
      try engine.startThread(reactor)
      try engine.startMinimum()
    } catch {
      throw .system(error)
    }
    for line in sockets.announcement { engine.write(.notice, line) }
    log.flush()
  }

  private func openStore() throws(ServerError) -> (any DurableStore)? {
    guard let open = configuration.openStore else { return nil }
    do throws(StoreFailure) {
      let store = try open()
      for notice in store.notices { engine.write(.warning, notice) }
      engine.load(try store.load())
      log.flush()
      return store
    } catch {
      throw .store(error)
    }
  }

  /// Where it listens.
  package var addresses: [SocketAddress] { places.withLock { $0 } }

  /// Puts other policies in the place of all that there are, by the index of the listener.
  ///
  /// Clients that would not get in under them are disconnected.
  package func setPolicies(_ policies: [ListenerPolicy]) { engine.setPolicies(policies) }

  /// Tells the clients, writes what is under way, and ends; at the latest after the configured
  /// seconds, or when `isImpatient` says so.
  package func stop(isImpatient: () -> Bool = { false }) {
    let limit = MonotonicClock.now.advanced(bySeconds: configuration.farewellLimitSeconds)
    engine.beginStop()
    while !engine.hasStopped, MonotonicClock.now < limit, !isImpatient() { usleep(5000) }
    engine.endStop()
    checker.stop()
    if let writer = writer.withLock({ $0 }) {
      writer.stop()
      let limit = MonotonicClock.now.advanced(bySeconds: StoreWriter.farewellLimitSeconds)
      while !writer.hasEnded, MonotonicClock.now < limit, !isImpatient() { usleep(1000) }
    }
    engine.write(.notice, "stopped")
    log.flush()
  }
}
