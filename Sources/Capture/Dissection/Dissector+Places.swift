// Which connection a segment belongs to: one that is known, a new one, or one whose place is given up
// for it because there are too many.

extension Dissector {
  /// The connection of a segment, a new one when there is none.
  mutating func place<Receiver: PacketReceiver & ~Copyable>(
    _ source: CapturedEndpoint, _ destination: CapturedEndpoint, _ segment: TCPSegment,
    _ stamp: inout FrameStamp, _ receiver: inout Receiver
  ) -> Int {
    if let index = table.find(source, destination) {
      let isAnother =
        segment.begins && !segment.acknowledges
        && connections[index].half(of: source).isAnother(segment.sequence)
      if !isAnother {
        if segment.begins, !connections[index].hasPackets {
          connections[index].facts.hasBeginning = true
        }
        return index
      }
      // The ends are used again.
      keptByteCount -= connections[index].keptBytes
      finish(index, &receiver)
      table.forget(connections[index].key)
      return open(at: index, source, destination, segment, stamp, &receiver)
    }
    if connections.count < limits.connections {
      return open(at: nil, source, destination, segment, stamp, &receiver)
    }
    // What has been silent for longest makes room.
    let victim = table.victim(of: connections.count) {
      (connections[$0].isClosed, connections[$0].lastFrame)
    }
    keptByteCount -= connections[victim].keptBytes
    finish(victim, &receiver)
    table.forget(connections[victim].key)
    return open(at: victim, source, destination, segment, stamp, &receiver)
  }

  private mutating func open<Receiver: PacketReceiver & ~Copyable>(
    at slot: Int?, _ source: CapturedEndpoint, _ destination: CapturedEndpoint,
    _ segment: TCPSegment,
    _ stamp: FrameStamp, _ receiver: inout Receiver
  ) -> Int {
    // SYN comes from the client, its answer from the server; without them the lower port serves.
    let isFromClient =
      segment.begins ? !segment.acknowledges : source.port >= destination.port
    let index = slot ?? connections.count
    let key = ConnectionKey(source, destination)
    var connection = CapturedConnection(
      number: table.count, client: isFromClient ? source : destination,
      server: isFromClient ? destination : source, key: key, isDirectionKnown: segment.begins)
    connection.facts.hasBeginning = segment.begins
    table.add(key, at: index)
    if slot == nil { connections.append(connection) } else { connections[index] = connection }
    receiver.receive(.opened, stamp, on: connections[index].facts)
    return index
  }
}
