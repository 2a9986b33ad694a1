// Frames in, MQTT packets out: link, IP, TCP, and what is spoken on the connections. The dissector
// keeps a connection's state and nothing of what has passed; whoever wants to know more, listens.
//
// The way of a frame:
//
//   NetworkStart -> IPPacket -> (Fragments) -> TCPSegment -> TCPHalf -> Recognition -> PacketStream

package import MQTTCodec

/// Takes captures apart.
package struct Dissector: ~Copyable {
  private var table = ConnectionTable()
  private var fragments = Fragments()
  var connections: [Connection] = []
  /// Frames without an IP packet, or of something else than TCP.
  package private(set) var otherFrameCount = 0
  private var events: [HalfEvent] = []
  private var firstTime: Int64?
  /// The last frame of the capture so far, whatever it was about.
  package private(set) var lastStamp = FrameStamp(frame: 0, timeNanoseconds: nil)
  /// MQTT packets so far.
  package var packetCount = 0

  /// A dissector that has seen nothing.
  package init() {}

  /// TCP connections so far.
  package var connectionCount: Int { connections.count }

  /// Takes the next frame of the capture.
  package mutating func dissect<Receiver: PacketReceiver & ~Copyable>(
    _ frame: Frame, _ bytes: Span<UInt8>, into receiver: inout Receiver
  ) {
    let stamp = stamp(of: frame)
    guard let start = NetworkStart.offset(in: bytes, frame.link),
      let packet = IPPacket.parse(bytes, at: start), packet.protocolNumber == IPPacket.tcp
    else {
      otherFrameCount += 1
      return
    }
    if let fragment = packet.fragment {
      guard let whole = fragments.add(packet, fragment, bytes) else { return }
      guard let segment = TCPSegment(whole.span, 0..<whole.count, missingCount: 0) else { return }
      return take(segment, packet, whole.span, stamp, &receiver)
    }
    guard let segment = TCPSegment(bytes, packet.content, missingCount: packet.missingCount) else {
      return
    }
    take(segment, packet, bytes, stamp, &receiver)
  }

  private mutating func stamp(of frame: Frame) -> FrameStamp {
    var stamp = FrameStamp(frame: frame.number, timeNanoseconds: frame.timeNanoseconds)
    if let time = frame.timeNanoseconds {
      let first = firstTime ?? time
      firstTime = first
      stamp.elapsedNanoseconds = time &- first
      stamp.deltaNanoseconds = time &- (lastStamp.timeNanoseconds ?? time)
    }
    stamp.length = frame.originalLength
    stamp.capturedLength = frame.capturedLength
    lastStamp = stamp
    return stamp
  }

  /// Hands on what is left when the capture ends.
  package mutating func finish<Receiver: PacketReceiver & ~Copyable>(
    into receiver: inout Receiver
  ) {
    for index in connections.indices {
      for direction in [Direction.toServer, .toClient] {
        var events: [HalfEvent] = []
        if direction == .toServer {
          connections[index].fromClient.finish(&events)
        } else {
          connections[index].fromServer.finish(&events)
        }
        handle(events, Span(), index, direction, lastStamp, &receiver)
        end(index, direction, &receiver)
      }
    }
  }

  // MARK: TCP

  private mutating func take<Receiver: PacketReceiver & ~Copyable>(
    _ segment: TCPSegment, _ packet: IPPacket, _ bytes: Span<UInt8>, _ frame: FrameStamp,
    _ receiver: inout Receiver
  ) {
    var stamp = frame
    stamp.flags = segment.flags
    stamp.payloadLength = segment.payload.count + segment.missingCount
    let source = Endpoint(address: packet.source, port: segment.sourcePort)
    let destination = Endpoint(address: packet.destination, port: segment.destinationPort)
    var (index, isNew) = table.index(source, destination)
    if !isNew, segment.begins, !segment.acknowledges,
      connections[index].half(of: source).isAnother(segment.sequence)
    {
      finishReplaced(index, &receiver)
      index = table.replace(source, destination)
      isNew = true
    }
    stamp.sequence = segment.sequence
    stamp.acknowledged = segment.acknowledged
    if isNew { open(index, source, destination, segment, stamp, &receiver) }
    if segment.begins, !connections[index].hasPackets {
      connections[index].facts.hasBeginning = true
    }
    let direction: Direction =
      source == connections[index].facts.client ? .toServer : .toClient
    events.removeAll(keepingCapacity: true)
    var found = events
    events = []
    connections[index].number(&stamp, segment, direction)
    if direction == .toServer {
      connections[index].fromClient.receive(
        segment, bytes.extracting(segment.payload), stamp, &found)
    } else {
      connections[index].fromServer.receive(
        segment, bytes.extracting(segment.payload), stamp, &found)
    }
    if !found.isEmpty {
      handle(found, bytes.extracting(segment.payload), index, direction, stamp, &receiver)
      found.removeAll(keepingCapacity: true)
    }
    acknowledge(segment, index, direction, stamp, &found, &receiver)
    events = found
    if segment.finishes || segment.resets { close(segment, index, direction, stamp, &receiver) }
  }

  /// What the other direction has to give up because it was acknowledged.
  private mutating func acknowledge<Receiver: PacketReceiver & ~Copyable>(
    _ segment: TCPSegment, _ index: Int, _ direction: Direction, _ stamp: FrameStamp,
    _ found: inout [HalfEvent], _ receiver: inout Receiver
  ) {
    if !segment.acknowledges { return }
    // Which direction this is may have turned out just now.
    let isFromClient = direction == .toServer
    if isFromClient {
      connections[index].fromServer.acknowledge(segment.acknowledged, &found)
    } else {
      connections[index].fromClient.acknowledge(segment.acknowledged, &found)
    }
    if found.isEmpty { return }
    handle(found, Span(), index, isFromClient ? .toClient : .toServer, stamp, &receiver)
    found.removeAll(keepingCapacity: true)
  }

  private mutating func open<Receiver: PacketReceiver & ~Copyable>(
    _ index: Int, _ source: Endpoint, _ destination: Endpoint, _ segment: TCPSegment,
    _ stamp: FrameStamp, _ receiver: inout Receiver
  ) {
    // SYN comes from the client, its answer from the server; without them the lower port serves.
    let isFromClient =
      segment.begins ? !segment.acknowledges : source.port >= destination.port
    var connection = Connection(
      number: index, client: isFromClient ? source : destination,
      server: isFromClient ? destination : source, isDirectionKnown: segment.begins)
    connection.facts.hasBeginning = segment.begins
    connections.append(connection)
    receiver.receive(.opened, stamp, on: connections[index].facts)
  }

  private mutating func close<Receiver: PacketReceiver & ~Copyable>(
    _ segment: TCPSegment, _ index: Int, _ direction: Direction, _ stamp: FrameStamp,
    _ receiver: inout Receiver
  ) {
    receiver.receive(
      .closed(direction, isReset: segment.resets), stamp, on: connections[index].facts)
    end(index, direction, &receiver)
  }

  /// The ends of a connection are used again.
  private mutating func finishReplaced<Receiver: PacketReceiver & ~Copyable>(
    _ index: Int, _ receiver: inout Receiver
  ) {
    end(index, .toServer, &receiver)
    end(index, .toClient, &receiver)
    connections[index].opening = []
  }

  private mutating func handle<Receiver: PacketReceiver & ~Copyable>(
    _ events: [HalfEvent], _ payload: Span<UInt8>, _ index: Int, _ direction: Direction,
    _ stamp: FrameStamp, _ receiver: inout Receiver
  ) {
    for event in events {
      switch event {
      case .payload(let offset):
        deliver(payload.extracting(offset..<payload.count), index, direction, stamp, &receiver)
      case .kept(let bytes, let shown):
        deliver(bytes.span, index, direction, shown, &receiver)
      case .missing(let count, let shown):
        miss(count, index, direction, shown, &receiver)
      }
    }
  }

  // MARK: Content

  private mutating func deliver<Receiver: PacketReceiver & ~Copyable>(
    _ bytes: Span<UInt8>, _ index: Int, _ direction: Direction, _ stamp: FrameStamp,
    _ receiver: inout Receiver
  ) {
    switch connections[index].content {
    case .mqtt: read(bytes, index, direction, stamp, &receiver)
    case .other: return
    case .undecided:
      connections[index].opening.append(
        OpeningPiece(direction: direction, bytes: bytes.array, stamp: stamp))
      connections[index].openingBytes += bytes.count
      decide(index, &receiver)
    }
  }

  private mutating func decide<Receiver: PacketReceiver & ~Copyable>(
    _ index: Int, _ receiver: inout Receiver
  ) {
    let (content, isReversed) = Recognition.decide(connections[index])
    if case .undecided = content { return }
    connections[index].content = content
    if case .mqtt = content { connections[index].facts.isMQTT = true }
    let pieces = connections[index].opening
    connections[index].opening = []
    guard case .mqtt = content else { return }
    if isReversed { connections[index].reverse() }
    connections[index].isDirectionKnown = true
    if let first = pieces.first {
      receiver.receive(.recognized, first.stamp, on: connections[index].facts)
    }
    for piece in pieces {
      read(
        piece.bytes.span, index, isReversed ? piece.direction.opposite : piece.direction,
        piece.stamp, &receiver)
    }
  }
}

extension Connection {
  /// The direction of what this end sends.
  func half(of source: Endpoint) -> TCPHalf { source == facts.client ? fromClient : fromServer }

  /// Counts sequence numbers from where each side began.
  mutating func number(_ stamp: inout FrameStamp, _ segment: TCPSegment, _ direction: Direction) {
    if direction == .toServer {
      stamp.sequence = fromClient.relative(segment.sequence, begins: segment.begins)
      if segment.acknowledges { stamp.acknowledged = fromServer.relative(segment.acknowledged) }
    } else {
      stamp.sequence = fromServer.relative(segment.sequence, begins: segment.begins)
      if segment.acknowledges { stamp.acknowledged = fromClient.relative(segment.acknowledged) }
    }
  }

  /// The client turns out to be the server.
  mutating func reverse() {
    swap(&facts.client, &facts.server)
    swap(&fromClient, &fromServer)
    swap(&toServer, &toClient)
  }
}

extension Direction {
  /// The other one.
  package var opposite: Direction { self == .toServer ? .toClient : .toServer }
}
