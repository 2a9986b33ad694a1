// What is due at some time: an entry of the heap comes up, and is done if the matter still stands.

import Basis
import MQTTCodec
import MQTTSession

extension Broker {
  /// Expired sessions, their subscriptions and messages in memory that are removed at once, and the
  /// pause before the next ones.
  static let removalLimit = 5000
  static let removalPauseNanoseconds: Int64 = 5_000_000

  /// Does what is due, if the matter still stands.
  mutating func expire(_ due: Deadline) {
    switch due.matter {
    case .connect(let connection): connectIsDue(connection)
    case .login(let connection): loginIsDue(connection)
    case .keepAlive(let connection): checkKeepAlive(connection)
    case .sessionExpiry(let session): sessionIsDue(session)
    case .will(let session):
      if sessions.contains(session), let at = sessions[session.index].willDueAt, at <= now {
        publishWill(of: session.index)
      }
    case .status: statusIsDue()
    case .retainedExpiry(let message): sweepRetained(message)
    case .queueSweep(let session):
      if sessions.contains(session), sessions[session.index].sweepAt <= now {
        sweepQueue(of: session.index)
      }
    case .pages: recorder.paging.isPaused = false
    case .faults: faultsAreDue()
    }
  }

  /// A session without a connection has had its time.
  private mutating func sessionIsDue(_ identifier: SlotIdentifier<Session>) {
    let session = identifier.index
    if !sessions.contains(identifier) || sessions[session].isOnline
      || sessions[session].expiresAt > now
    {
      return
    }
    // Many at once, such as those of an hour ago at a start, are no reason for a stall.
    if removedInTick >= Self.removalLimit {
      let soon = now.advanced(byNanoseconds: Self.removalPauseNanoseconds)
      return deadlines.insert(.sessionExpiry(identifier), at: soon)
    }
    removedInTick += 1 + sessions[session].queue.count + Int(sessions[session].subscriptionCount)
    status.counters.sessionsExpired += 1
    note(.information, "\(sessions[session].clientIdentifier): its session expired")
    removeSession(session)
  }

  /// A client that has not got in has had its time; whoever sent what was asked for is read first.
  private mutating func connectIsDue(_ slot: ConnectionID) {
    if !connections.contains(slot) { return }
    switch connections[slot.index].stage {
    case .awaitingConnect, .authenticating:
      connections[slot.index].extras?.overdueAt = now
      readOut(slot, before: .connect)
    case .awaitingCheck: endUnconnected(slot.index, "its login took longer than")
    case .awaitingOthers, .connected, .closed: return
    }
  }

  /// The time of CONNECT is over, and nothing that would have met it lies unread.
  mutating func connectFalls(_ index: Slot<Connection>) {
    switch connections[index].stage {
    case .authenticating
    where connections[index].lastReceived >= connections[index].extras?.overdueAt ?? now:
      // An AUTH lay unread, and the next one needs time to come.
      let at = now.advanced(bySeconds: configuration.connectTimeoutSeconds)
      deadlines.insert(.connect(connections.identifier(at: index)), at: at)
    case .awaitingConnect, .authenticating: endUnconnected(index, "no CONNECT within")
    case .awaitingCheck: endUnconnected(index, "its login took longer than")
    case .awaitingOthers, .connected, .closed: return
    }
  }

  private mutating func endUnconnected(_ index: Slot<Connection>, _ cause: String) {
    leave(index, cause: "\(cause) \(configuration.connectTimeoutSeconds) s", isOrderly: false)
    close(index)
  }

  /// When a client has been silent for one and a half keep alives; never without a keep alive.
  private func keepAliveEnd(_ index: Slot<Connection>) -> Instant {
    connections[index].lastReceived.advanced(
      byNanoseconds: Int64(connections[index].keepAliveSeconds) * 1_500_000_000)
  }

  private mutating func checkKeepAlive(_ slot: ConnectionID) {
    if !connections.contains(slot) || connections[slot.index].stage != .connected { return }
    let due = keepAliveEnd(slot.index)
    if due > now { return deadlines.insert(.keepAlive(slot), at: due) }
    readOut(slot, before: .keepAlive)
  }

  /// A keep alive was over, and what the client had sent until then has been read.
  mutating func keepAliveFalls(_ index: Slot<Connection>) {
    if connections[index].stage != .connected { return }
    let due = keepAliveEnd(index)
    if due > now {
      return deadlines.insert(.keepAlive(connections.identifier(at: index)), at: due)
    }
    if connections[index].version == .v5 {
      send(.disconnect(Disconnect(reasonCode: .keepAliveTimeout)), on: index)
    }
    leave(
      index,
      cause: "nothing came for one and a half times its keep alive of "
        + "\(connections[index].keepAliveSeconds) s",
      isOrderly: false)
    close(index)
  }
}
