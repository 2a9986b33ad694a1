// Limits that hold before a client has said who it is. Connections that stay silent cost the least
// possible, and when there are too many of them the one that has been silent longest gives way: who
// connects and speaks gets through, however many others only hold on to theirs.

import Basis

extension Broker {
  /// Whether another connection of an address is one too many.
  mutating func isFull(_ address: PeerAddress, peer: String) -> Bool {
    let limit = configuration.connectionsPerAddressLimit
    if limit == 0 || address == .none { return false }
    guard let entry = gate.logins.perAddress[address], entry.count >= limit else { return false }
    if !entry.isFull {
      gate.logins.perAddress[address]?.isFull = true
      note(
        .warning,
        "\(peer): refused, its address has max-connections-per-address \(limit) connections; so are "
          + "all others from there until one ends")
    }
    return true
  }

  /// Makes room for one more connection that has not said who it is; false when there is none.
  mutating func makeRoomForUnidentified(peer: String) -> Bool {
    if gate.logins.unidentifiedCount < configuration.unidentifiedConnectionLimit { return true }
    while let oldest = gate.logins.unidentified.popFirst() {
      guard connections.contains(oldest), connections[oldest.index].stage == .awaitingConnect
      else { continue }
      status.counters.unidentifiedEvicted += 1
      leave(
        oldest.index,
        cause: "max-unidentified-connections \(configuration.unidentifiedConnectionLimit) is "
          + "reached, and it sent no CONNECT for the longest time", isOrderly: false)
      close(oldest.index)
      return true
    }
    return false
  }

  /// Counts a new connection.
  mutating func entered(_ connection: ConnectionID) {
    let address = connections[connection.index].address
    if configuration.connectionsPerAddressLimit > 0 && address != .none {
      gate.logins.perAddress[address, default: (0, false)].count += 1
      connections[connection.index].isCounted = true
    }
    gate.logins.unidentifiedCount += 1
    gate.logins.unidentified.append(connection)
    if gate.logins.unidentified.count > 1024
      && gate.logins.unidentified.count > gate.logins.unidentifiedCount * 2
    {
      forgetIdentified()
    }
  }

  /// Drops the entries of those that are in or gone, once they are the greater part.
  private mutating func forgetIdentified() {
    var kept = ConnectionQueue()
    while let connection = gate.logins.unidentified.popFirst() {
      if connections.contains(connection) && !connections[connection.index].isSettled {
        kept.append(connection)
      }
    }
    gate.logins.unidentified = kept
  }

  /// A connection is in, or will never be.
  mutating func settle(_ index: Slot<Connection>) {
    if connections[index].isSettled || !connections[index].hasPlace { return }
    connections[index].isSettled = true
    gate.logins.unidentifiedCount -= 1
    if connections[index].stage == .awaitingCheck { gate.logins.waitingCount -= 1 }
  }

  /// A connection does not count against its address any more.
  mutating func departed(_ index: Slot<Connection>) {
    if !connections[index].isCounted { return }
    gate.departed(from: connections[index].address)
  }
}
