// A client session on a connection of a reactor: it opens the connection, carries bytes between the
// two, and after a loss connects again with growing waits. What any packet means is the session's
// affair, what to do about it the owner's.
//
//   idle --connect--> connecting --> open --disconnect--> leaving --last byte out--> finished
//                        |   ^        |                                                 ^
//                        |   |        | lost, worth another try                         |
//                        |   +---- waiting                                              |
//                        +-- fails for good ---------------------------------------------
//
// In each tick of the reactor the owner gives the events of its client to `handle`, asks
// `nextEvent` until it is nil, does what it wants, and calls `finishTick`. One owner may drive
// thousands of clients on one reactor: nothing here is per client but this object.

package import MQTTCodec
package import MQTTSession
package import Transport

/// One MQTT client on a reactor's thread.
package final class Client {
  /// Where the client stands.
  package enum Phase: Equatable, Sendable {
    case idle
    case connecting
    case open
    case waiting(until: Instant)
    case leaving
    case finished
  }

  /// Something the owner should know.
  package enum Event: Equatable, Sendable {
    /// Whatever the session says, but never ``ClientEvent/ended(_:)``.
    case session(ClientEvent)
    /// The connection is gone; the next attempt begins after so many nanoseconds.
    case lost(ConnectionFailure, retryNanoseconds: Int64)
    /// The connection is gone or never came, and there will be no other attempt.
    case failed(ConnectionFailure)
    /// We disconnected; the last bytes are on their way.
    case disconnected
  }

  /// Bytes that the farewell may leave to the kernel without being waited for.
  private static let farewellByteLimit = 16_384

  /// The protocol.
  package var session: ClientSession
  package private(set) var phase = Phase.idle
  /// Whether a lost connection is followed by another attempt; the first one never is.
  package var reconnects = false
  /// Whether an attempt follows even when no connection has ever stood.
  package var isPatient = false
  /// The ``ClientSession/durableChanges`` that are stored, where the owner stores the session.
  ///
  /// Bytes leave only when no later ones have happened, since they may speak of them.
  package var storedChanges: UInt64?
  package let endpoint: Endpoint
  /// What the reactor's events of this client carry as their owner.
  package let owner: UInt64

  private let reactor: Reactor
  private var link = LinkID.none
  private var linkEnd: LinkEnd?
  /// Whether nothing has come over the connection of the moment.
  private var awaitsFirstBytes = true
  /// What the server speaks instead of MQTT, in words.
  private var otherProtocol: String?
  private var backoff: Backoff
  /// A failure outside of the session that the owner has not been told.
  private var failure: ConnectionFailure?

  /// A client that does nothing before ``connect(now:)``; `seed` spreads the waits of many.
  package init(
    _ settings: ClientSettings, to endpoint: Endpoint, on reactor: Reactor, owner: UInt64 = 1,
    seed: UInt64
  ) {
    session = ClientSession(settings)
    self.endpoint = endpoint
    self.reactor = reactor
    self.owner = owner
    backoff = Backoff(seed: seed)
  }

  /// Begins to connect; may block for the lookup of a name.
  package func connect(now: Instant) {
    phase = .connecting
    linkEnd = nil
    awaitsFirstBytes = true
    otherProtocol = nil
    do throws(AddressLookupError) {
      link = reactor.connect(
        to: try endpoint.addresses(), from: endpoint.localAddress, tls: endpoint.tls,
        serverName: endpoint.serverName ?? endpoint.host, webSocket: endpoint.webSocket,
        through: endpoint.proxyRequest, owner: owner)
    } catch {
      link = .none
      failure = self.failure(.lookup(error))
    }
  }

  /// Takes an event of the reactor that has ``owner`` as its owner.
  package func handle(_ event: ReactorEvent, now: Instant) {
    guard event.link == link else { return }
    switch event.event {
    case .connected:
      phase = .open
      session.open(now: now)
    case .received(let range):
      receive(range, of: reactor, now: now)
    case .ended(let end):
      link = .none
      linkEnd = end
      if phase == .open {
        session.connectionEnded()
      } else {
        failure = failure(.transport(end))
      }
    case .accepted, .adopted, .readOut, .drained, .readable, .acceptFailed, .turnedAway:
      break
    }
  }

  private func receive(_ range: Range<Int>, of reactor: borrowing Reactor, now: Instant) {
    if awaitsFirstBytes {
      awaitsFirstBytes = false
      otherProtocol = FirstBytes(reactor.received(range))?.explanation(
        fromServer: endpoint.description)
    }
    session.receive(reactor.received(range), now: now)
  }

  /// The next thing that happened, or nil when nothing has.
  package func nextEvent(now: Instant) -> Event? {
    while let event = session.nextEvent(now: now) {
      guard case .ended(let ending) = event else {
        if case .connected = event { backoff.reset() }
        return .session(event)
      }
      if let event = conclude(ending, now: now) { return event }
    }
    guard let failure else { return nil }
    self.failure = nil
    return giveUpOrWait(failure, now: now)
  }

  /// Lets the time pass: keep alive, time-outs, the next attempt.
  package func advance(to now: Instant) {
    session.advance(to: now)
    if case .waiting(let until) = phase, now >= until { connect(now: now) }
  }

  /// Says good-bye; ``Event/disconnected`` follows, and ``Phase/finished`` when all is out.
  package func disconnect(
    _ reasonCode: ReasonCode = .normalDisconnection, properties: Properties = Properties(),
    now: Instant
  ) {
    switch phase {
    case .open:
      session.disconnect(reasonCode, properties: properties, now: now)
    case .idle, .connecting, .waiting:
      reactor.close(link, flushing: false)
      link = .none
      phase = .finished
    case .leaving, .finished:
      break
    }
  }

  /// Hands the session's output to the connection and looks after the farewell; the last call for
  /// this client in a tick.
  ///
  /// - Returns: when to call ``advance(to:)`` at the latest.
  package func finishTick(now: Instant) -> Instant? {
    sendOutput()
    switch phase {
    case .idle, .finished: return nil
    case .connecting: return failure == nil ? nil : now
    case .open: return session.nextDeadline
    case .waiting(let until): return until
    case .leaving: return leave(now: now)
    }
  }

  /// Bytes that the connection has not taken yet, the session's own included.
  package var unsentBytes: Int { session.outputCount + reactor.unsentBytes(link) }

  /// Stops reading, so that the broker is slowed down, until ``resumeReading(now:)``.
  package func pauseReading() {
    session.isReadingPaused = true
    reactor.pauseReading(link)
  }

  /// Reads again.
  package func resumeReading(now: Instant) {
    session.readingResumed(now: now)
    reactor.resumeReading(link)
  }

  private func sendOutput() {
    guard session.outputCount > 0 else { return }
    if let storedChanges, storedChanges != session.durableChanges { return }
    reactor.send(session.takeOutput(), on: link)
    if let spare = reactor.takeSpareBuffer() { session.lendOutput(spare) }
  }

  /// The connection of the moment is over, in the session's words.
  private func conclude(_ ending: ClientEnding, now: Instant) -> Event? {
    sendOutput()
    switch ending {
    case .disconnectedHere:
      phase = .leaving
      return .disconnected
    case .olderVersionWanted:
      reactor.close(link, flushing: true)
      connect(now: now)
      return nil
    case .refused, .disconnectedByServer, .fault, .connackTimeout, .pingTimeout, .connectionLost:
      reactor.close(link, flushing: true)
      link = .none
      if case .fault = ending, let otherProtocol {
        return giveUpOrWait(failure(.otherProtocol(otherProtocol)), now: now)
      }
      return giveUpOrWait(failure(.session(ending, linkEnd)), now: now)
    }
  }

  private func giveUpOrWait(_ failure: ConnectionFailure, now: Instant) -> Event {
    let isWanted = reconnects && (session.hasBeenConnected || isPatient)
    guard isWanted && failure.isWorthRetrying else {
      phase = .finished
      return .failed(failure)
    }
    let wait = backoff.nextNanoseconds()
    phase = .waiting(until: now.advanced(byNanoseconds: wait))
    return .lost(failure, retryNanoseconds: wait)
  }

  private func failure(_ cause: ConnectionFailure.Cause) -> ConnectionFailure {
    ConnectionFailure(
      cause: cause, endpoint: endpoint.description, version: session.version,
      isFirst: !session.hasBeenConnected, isProtected: endpoint.tls != nil)
  }

  /// A close gives the last bytes little time, so what is more than the kernel takes at once is
  /// waited for here.
  private func leave(now: Instant) -> Instant? {
    if reactor.contains(link) && reactor.unsentBytes(link) <= Self.farewellByteLimit {
      reactor.close(link, flushing: true)
    }
    if reactor.contains(link) { return now.advanced(byNanoseconds: 20_000_000) }
    link = .none
    phase = .finished
    return now
  }
}
