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

package import Basis
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
    /// The connection is gone or never came, and there will be no other attempt; or the farewell
    /// was cut short, with messages that nobody acknowledges.
    case failed(ConnectionFailure)
    /// We disconnected; the last bytes are on their way.
    case disconnected
  }

  /// Whether bytes that go out last may be messages that nobody acknowledges: then the farewell is
  /// over when they are out, however long that takes, and a connection that does not take them all
  /// is a failure.
  package var hasUnansweredMessages: Bool { session.unconfirmedCount > 0 && !isHurried }

  /// Seconds that the last bytes may take when none of them is a message.
  static let farewellLimitSeconds = 2
  /// The frame with which a client closes a WebSocket: head, mask and code.
  static let webSocketFarewellBytes = 8
  /// Connections in a row that are lost with the same packet before it is thought to be the cause.
  static let lossLimit = 4

  /// The protocol.
  package var session: ClientSession
  package internal(set) var phase = Phase.idle
  /// Whether a lost connection is followed by another attempt; the first one never is.
  package var reconnects = false
  /// Whether an attempt follows even when no connection has ever stood.
  package var isPatient = false
  /// Whether the attempts end when one connection after the other is lost with the same packet.
  package var givesUpOnLosses = false
  /// Whether the farewell may take no longer than one without messages does.
  package var isHurried = false
  /// QoS 0 messages that may have been lost, since a connection was cut before anything showed that
  /// the server had read them.
  package internal(set) var lostCount = 0
  /// The ``ClientSession/durableChanges`` that are stored, where the owner stores the session.
  ///
  /// Bytes leave only when no later ones have happened, since they may speak of them.
  package var storedChanges: UInt64?
  package let endpoint: Endpoint
  /// What the reactor's events of this client carry as their owner.
  package let owner: UInt64

  let reactor: Reactor
  var link = LinkID.none
  /// The name that is being looked up.
  var lookup: NameLookup?
  var linkEnd: LinkEnd?
  /// Whether nothing has come over the connection of the moment.
  var awaitsFirstBytes = true
  /// What the server speaks instead of MQTT, in words.
  var otherProtocol: String?
  var backoff: Backoff
  /// Whether the broker has let us in on the connection of the moment and answered nothing since.
  var awaitsAnswer = false
  /// The session's count when it did.
  var acknowledgementsBefore: UInt64 = 0
  var openedAt = Instant.start
  /// The last connections in a row that were lost with nothing answered on them.
  var lossCount = 0
  var farewell: Farewell?
  /// A failure outside of the session that the owner has not been told.
  var failure: ConnectionFailure?

  /// How far the reading before a deadline has come.
  var lastLook = LastLook.none

  enum LastLook {
    case none
    case underWay
    case done
  }

  /// How far the good-bye has come.
  struct Farewell {
    var deadline: Instant
    /// Bytes that were unsent when the deadline was set.
    var unsentBytes: Int
  }

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

  /// Takes an event of the reactor that has ``owner`` as its owner.
  package func handle(_ event: ReactorEvent, now: Instant) {
    guard event.link == link else { return }
    switch event.event {
    case .connected:
      phase = .open
      awaitsAnswer = false
      openedAt = now
      session.open(now: now)
    case .received(let range):
      receive(range, of: reactor, now: now)
    case .ended(let end, let unsentBytes):
      link = .none
      linkEnd = end
      switch phase {
      case .open:
        session.connectionEnded(isDeliberate: end.isDeliberate)
      case .leaving: endFarewell(end, unsentBytes: unsentBytes)
      case .idle, .connecting, .waiting, .finished: failure = failure(.transport(end))
      }
    case .readOut:
      if lastLook == .underWay { lastLook = .done }
    case .accepted, .adopted, .drained, .readable, .outOfDescriptors, .acceptFailed, .turnedAway:
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
        note(event)
        return .session(event)
      }
      if let event = conclude(ending, now: now) { return event }
    }
    guard let failure else { return nil }
    self.failure = nil
    if phase == .finished { return .failed(failure) }
    return giveUpOrWait(failure, now: now)
  }

  /// Lets the time pass: keep alive, time-outs, the next attempt.
  package func advance(to now: Instant) {
    if lookup != nil { takeAddresses() }
    if let deadline = session.nextDeadline, now >= deadline, !looksOnceMore() { return }
    session.advance(to: now)
    if case .waiting(let until) = phase, now >= until { connect(now: now) }
  }

  /// Sees to it that a deadline falls only when everything has been read that the broker had sent by
  /// then: after a pause of the whole process what it waits for may be there.
  ///
  /// - Returns: whether that is done; while it is not, a tick follows in which to ask again.
  package func looksOnceMore() -> Bool {
    guard phase == .open, reactor.contains(link), !session.isReadingPaused else { return true }
    switch lastLook {
    case .none:
      lastLook = .underWay
      reactor.readOut(link)
      return false
    case .underWay:
      return false
    case .done:
      lastLook = .none
      return true
    }
  }

  /// Says good-bye; ``Event/disconnected`` follows, and ``Phase/finished`` when all is out.
  package func disconnect(
    _ reasonCode: ReasonCode = .normalDisconnection, properties: Properties = Properties(),
    now: Instant
  ) {
    switch phase {
    case .open where session.phase == .awaitingConnack:
      // Nobody has let us in, so that there is nobody to say it to.
      drop()
    case .open:
      session.disconnect(reasonCode, properties: properties, now: now)
    case .idle, .connecting, .waiting:
      drop()
    case .leaving, .finished:
      break
    }
  }

  /// Ends at once, whatever is unsent.
  package func drop() {
    reactor.close(link, flushing: false)
    link = .none
    lookup = nil
    phase = .finished
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

  /// Whether the connection takes no more for now.
  package var isBlocked: Bool { reactor.isBlocked(link) }

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

  func sendOutput() {
    guard session.outputCount > 0 else { return }
    if let storedChanges, storedChanges != session.durableChanges { return }
    reactor.send(session.takeOutput(), on: link)
    if let spare = reactor.takeSpareBuffer() { session.lendOutput(spare) }
  }
}
