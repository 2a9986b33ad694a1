// Places of connections, of which there are so many: in all, for each listener, for each address, and
// for those who have not said who they are. A connection has its place from `open` until it is closed.
// Who comes when all are taken waits until what lies unread has been read, for a DISCONNECT in it may
// have made room already. (Broker+Unread)

import Basis

extension Broker {
  /// Gives a connection a place that is there.
  mutating func takePlace(_ connection: ConnectionID) {
    let listener = Int(connections[connection.index].listener)
    gate.takePlace(listener: listener)
    connections[connection.index].hasPlace = true
    status.counters.connectionsOpened += 1
    entered(connection)
  }

  /// A connection is closed or gone.
  mutating func leavePlace(_ index: Slot<Connection>) {
    if !connections[index].hasPlace { return }
    connections[index].hasPlace = false
    gate.leavePlace(listener: Int(connections[index].listener))
    departed(index)
  }

  /// Everything was read since it came: there is a place now, or there is none.
  mutating func takePlaceOrLeave(_ connection: ConnectionID) {
    let index = connection.index
    if makeRoom(for: index) {
      connections[index].stage = .awaitingConnect
      takePlace(connection)
      return
    }
    status.counters.connectionsRefused += 1
    close(index)
  }

  /// False when a limit is reached, which is said.
  private mutating func makeRoom(for index: Slot<Connection>) -> Bool {
    let peer = connections[index].peer
    if gate.placeCount >= configuration.connectionLimit {
      if !gate.isFull {
        gate.isFull = true
        note(
          .warning,
          "\(peer): refused, max-connections \(configuration.connectionLimit) is reached; so are "
            + "all others until a connection ends")
      }
      return false
    }
    gate.isFull = false
    if isFull(connections[index].address, peer: peer) || !makeRoomForUnidentified(peer: peer) {
      return false
    }
    let listener = Int(connections[index].listener)
    if let limit = terms(of: index).connectionLimit,
      gate.placeCount(ofListener: listener) >= limit
    {
      note(.warning, "\(peer): refused, max_connections \(limit) of its listener is reached")
      return false
    }
    return true
  }
}
