// How a connection of a client ends, and what follows: another attempt, or the end. CONNACK alone does
// not show that a connection works: what is sent next may be what the broker closes on, each time
// anew. So the waits grow until something is answered, and where that never happens the message that
// is on its way is named.

import Basis
import MQTTSession
import Transport
import WebSocket

extension Client {
  /// The connection of the moment is over, in the session's words.
  func conclude(_ ending: ClientEnding, now: Instant) -> Event? {
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
      lostCount += session.unconfirmedCount
      if case .fault = ending, let otherProtocol {
        return giveUpOrWait(failure(.otherProtocol(otherProtocol)), now: now)
      }
      var failure = failure(.session(ending, linkEnd))
      failure.losses = noteLoss(now: now)
      return giveUpOrWait(failure, now: now)
    }
  }

  func giveUpOrWait(_ failure: ConnectionFailure, now: Instant) -> Event {
    let isWanted =
      reconnects && (session.hasBeenConnected || isPatient)
      && !(givesUpOnLosses && failure.losses != nil)
    guard isWanted && failure.isWorthRetrying else {
      phase = .finished
      return .failed(failure)
    }
    let wait = backoff.nextNanoseconds()
    phase = .waiting(until: now.advanced(byNanoseconds: wait))
    return .lost(failure, retryNanoseconds: wait)
  }

  /// Notes what shows that the connection works.
  func note(_ event: ClientEvent) {
    switch event {
    case .connected:
      awaitsAnswer = true
      acknowledgementsBefore = session.acknowledgementCount
    case .message, .pingAnswered:
      awaitsAnswer = false
      backoff.reset()
    // Two clients with one identifier that throw each other out get this far each time.
    case .subscribed, .unsubscribed: awaitsAnswer = false
    case .published, .authentication, .ended: break
    }
  }

  /// Counts the connections in a row that were lost before anything was answered.
  private func noteLoss(now: Instant) -> ConnectionFailure.Losses? {
    // Where nothing has to be answered, a connection that has stood for long is one that works.
    if session.acknowledgementCount != acknowledgementsBefore
      || now.nanoseconds(since: openedAt) >= backoff.limitNanoseconds
    {
      awaitsAnswer = false
      backoff.reset()
    }
    lossCount = awaitsAnswer ? lossCount + 1 : 0
    awaitsAnswer = false
    if lossCount < Self.lossLimit { return nil }
    lossCount = 0
    return ConnectionFailure.Losses(
      count: Self.lossLimit, message: session.largestUnpublished)
  }

  func failure(_ cause: ConnectionFailure.Cause) -> ConnectionFailure {
    ConnectionFailure(
      cause: cause, endpoint: endpoint.description, version: session.version,
      isFirst: !session.hasBeenConnected, isProtected: endpoint.tls != nil)
  }

  /// Waits for the last bytes to be out; the reactor tells when they are.
  func leave(now: Instant) -> Instant? {
    guard reactor.contains(link) else {
      phase = .finished
      return now
    }
    let unsent = reactor.unsentBytes(link)
    guard let farewell else {
      reactor.leave(link)
      return awaitFarewell(unsent, now: now)
    }
    if now < farewell.deadline { return farewell.deadline }
    if hasUnansweredMessages && unsent < farewell.unsentBytes {
      return awaitFarewell(unsent, now: now)
    }
    // With the last byte out it is the reactor's affair how long the peer may take to close.
    if unsent == 0 { return nil }
    reactor.close(link, flushing: false)
    link = .none
    endFarewell(.closedHere, unsentBytes: unsent)
    return now
  }

  private func awaitFarewell(_ unsent: Int, now: Instant) -> Instant {
    let seconds =
      hasUnansweredMessages ? session.settings.pingTimeoutSeconds : Self.farewellLimitSeconds
    let deadline = now.advanced(bySeconds: seconds)
    farewell = Farewell(deadline: deadline, unsentBytes: unsent)
    return deadline
  }

  /// The connection that we have left is gone.
  func endFarewell(_ end: LinkEnd, unsentBytes: Int) {
    phase = .finished
    if !isCutShort(end, unsentBytes) { return }
    lostCount += session.unconfirmedCount
    failure = failure(.farewell(end, unsentBytes: unsentBytes))
  }

  /// Whether messages that nobody acknowledges were lost with a connection.
  ///
  /// A plain one that the peer breaks off was not read to its end: the kernel does that when bytes lie
  /// unread. Under TLS and WebSocket these may be the farewells of those layers, which tell nothing.
  func isCutShort(_ end: LinkEnd, _ unsentBytes: Int) -> Bool {
    if !hasUnansweredMessages { return false }
    if case .failed = end, endpoint.tls == nil, endpoint.webSocket == nil { return true }
    // Behind DISCONNECT, on which the broker may close at once, stands only the WebSocket's own.
    return unsentBytes > (endpoint.webSocket == nil ? 0 : Self.webSocketFarewellBytes)
  }
}

extension LinkEnd {
  /// Whether the peer closed an open connection in so many words, as an old server does that cannot
  /// read a CONNECT.
  var isDeliberate: Bool {
    switch self {
    case .peerClosed, .peerClosedWithoutFarewell, .webSocket(.closed): true
    case .failed, .tlsFailed, .handshakeTimedOut, .connectTimedOut, .foreignOnPlainListener,
      .webSocket, .webSocketTimedOut, .proxyHeader, .proxyHeaderTimedOut,
      .socks, .socksTimedOut, .closedHere:
      false
    }
  }
}
