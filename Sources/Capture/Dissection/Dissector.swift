// Frames in, MQTT packets out: link, IP, TCP, and what is spoken on the connections. The dissector
// keeps a connection's state and nothing of what has passed; whoever wants to know more, listens.
//
// The way of a frame:
//
//   NetworkStart -> IPPacket -> (Fragments) -> TCPSegment -> TCPHalf
//     -> (TLSConnection) -> (WebSocketStream) -> Recognition -> PacketStream
//
// A segment that is just the next one of its direction, which nearly all are, takes no detour: it
// is read where it lies in the frame, and nothing is allocated for it. Memory is bounded by the
// number of connections (ConnectionTable) and by what all of them together keep in the hope of more.

import Basis
import MQTTCodec

/// How much a dissector holds at most.
package struct DissectorLimits: Sendable {
  /// Bytes that all connections together may keep in the hope of more.
  package var keptBytes = 256 << 20
  /// Connections that are followed at the same time.
  package var connections = 1 << 17

  /// What fits on any machine.
  package init() {}
}

/// Takes captures apart.
package struct Dissector: ~Copyable {
  let limits: DissectorLimits
  var table = ConnectionTable()
  private var fragments = Fragments()
  var connections: [CapturedConnection] = []
  let services: (any CaptureServices)?
  let keyLog: SharedKeyLog
  private var events: [HalfEvent] = []
  private var firstTime: Int64?
  /// The last frame of the capture so far, whatever it was about.
  package private(set) var lastStamp = FrameStamp(frame: 0, timeNanoseconds: nil)
  /// MQTT packets so far.
  package var packetCount = 0
  /// Bytes that all connections together keep.
  package internal(set) var keptByteCount = 0

  /// A dissector that has seen nothing.
  ///
  /// Without services TLS and compression stay what they are.
  package init(
    services: (any CaptureServices)? = nil, keyLog: TLSKeyLog = TLSKeyLog(),
    limits: DissectorLimits = DissectorLimits()
  ) {
    self.limits = limits
    self.services = services
    self.keyLog = SharedKeyLog(keyLog)
  }

  /// TCP connections so far.
  package var connectionCount: Int { table.count }

  /// TCP connections whose state is kept.
  package var followedConnectionCount: Int { connections.count }

  /// Adds secrets, for the connections whose server answers after this.
  package mutating func add(keyLog text: [UInt8]) { keyLog.keyLog.add(text) }

  /// Takes all frames that are whole in `file` by now, and the secrets that come with them.
  ///
  /// - Throws: what is wrong with the file; the frames before that have been taken.
  package mutating func dissect<Receiver: PacketReceiver & ~Copyable>(
    framesOf file: inout CaptureFile, into receiver: inout Receiver
  ) throws(CaptureFault) {
    while let frame = try file.next() {
      for secrets in file.takeSecrets() { add(keyLog: secrets) }
      dissect(frame, file.bytes(of: frame), into: &receiver)
    }
  }

  /// Takes the next frame of the capture.
  package mutating func dissect<Receiver: PacketReceiver & ~Copyable>(
    _ frame: Frame, _ bytes: Span<UInt8>, into receiver: inout Receiver
  ) {
    var stamp = stamp(of: frame)
    if frame.link == .ethernet, bytes.count >= 14 {
      stamp.hardwareDestination = bytes.word(at: 0).byteSwapped >> 16
      stamp.hardwareSource = bytes.word(at: 6).byteSwapped >> 16
    }
    guard let start = NetworkStart.offset(in: bytes, frame.link),
      let packet = IPPacket.parse(bytes, at: start), packet.protocolNumber == IPPacket.tcp
    else { return }
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
    let inOrder = connections.indices.sorted {
      connections[$0].facts.number < connections[$1].facts.number
    }
    for index in inOrder { finish(index, &receiver) }
  }

  /// Hands on what is left of a connection of which no more will come.
  mutating func finish<Receiver: PacketReceiver & ~Copyable>(
    _ index: Int, _ receiver: inout Receiver
  ) {
    for direction in [Direction.toServer, .toClient] {
      handOut(
        SegmentContext(index: index, direction: direction, stamp: lastStamp), &receiver)
      end(index, direction, &receiver)
    }
    connections[index].opening = []
    connections[index].openingBytes = 0
  }

  /// Hands on what waits in one direction for bytes before it, as if they never came.
  private mutating func handOut<Receiver: PacketReceiver & ~Copyable>(
    _ context: SegmentContext, _ receiver: inout Receiver
  ) {
    var events: [HalfEvent] = []
    if context.direction == .toServer {
      connections[context.index].fromClient.finish(&events)
    } else {
      connections[context.index].fromServer.finish(&events)
    }
    handle(events, Span(), context, &receiver)
  }

  // MARK: TCP

  private mutating func take<Receiver: PacketReceiver & ~Copyable>(
    _ segment: TCPSegment, _ packet: IPPacket, _ bytes: Span<UInt8>, _ frame: FrameStamp,
    _ receiver: inout Receiver
  ) {
    var stamp = frame
    stamp.flags = segment.flags
    stamp.payloadLength = segment.payload.count + segment.missingCount
    let source = CapturedEndpoint(address: packet.source, port: segment.sourcePort)
    let destination = CapturedEndpoint(address: packet.destination, port: segment.destinationPort)
    let index = place(source, destination, segment, &stamp, &receiver)
    connections[index].lastFrame = stamp.frame
    let direction: Direction =
      source == connections[index].facts.client ? .toServer : .toClient
    connections[index].number(&stamp, segment, direction)
    let context = SegmentContext(index: index, direction: direction, stamp: stamp)
    if connections[index].isPlainMQTT, connections[index].advances(segment, direction) {
      if segment.payload.isEmpty { return }
      let keptBefore = connections[index][direction].keptBytes
      read(bytes.extracting(segment.payload), context, &receiver)
      let kept = connections[index][direction].keptBytes
      if kept == keptBefore { return }
      keptByteCount += kept - keptBefore
      if keptByteCount > limits.keptBytes { release(index, stamp, &receiver) }
      return
    }
    let keptBefore = connections[index].keptBytes
    takeSlowly(segment, bytes, context, &receiver)
    keptByteCount += connections[index].keptBytes - keptBefore
    if keptByteCount > limits.keptBytes { release(index, stamp, &receiver) }
  }

  private mutating func takeSlowly<Receiver: PacketReceiver & ~Copyable>(
    _ segment: TCPSegment, _ bytes: Span<UInt8>, _ context: SegmentContext,
    _ receiver: inout Receiver
  ) {
    let payload = bytes.extracting(segment.payload)
    events.removeAll(keepingCapacity: true)
    var found = events
    events = []
    if context.direction == .toServer {
      connections[context.index].fromClient.receive(segment, payload, context.stamp, &found)
    } else {
      connections[context.index].fromServer.receive(segment, payload, context.stamp, &found)
    }
    // What a reversal turns round must not be turned twice.
    let client = connections[context.index].facts.client
    if !found.isEmpty {
      handle(found, payload, context, &receiver)
      found.removeAll(keepingCapacity: true)
    }
    let isReversed = client != connections[context.index].facts.client
    let actual = isReversed ? context.direction.opposite : context.direction
    acknowledge(segment, context.inDirection(actual), &found, &receiver)
    events = found
    if segment.finishes || segment.resets { close(segment, context.inDirection(actual), &receiver) }
  }

  /// What the other direction has to give up because it was acknowledged.
  private mutating func acknowledge<Receiver: PacketReceiver & ~Copyable>(
    _ segment: TCPSegment, _ context: SegmentContext,
    _ found: inout [HalfEvent], _ receiver: inout Receiver
  ) {
    if !segment.acknowledges { return }
    let isFromClient = context.direction == .toServer
    if isFromClient {
      connections[context.index].fromServer.acknowledge(segment.acknowledged, &found)
    } else {
      connections[context.index].fromClient.acknowledge(segment.acknowledged, &found)
    }
    if found.isEmpty { return }
    handle(found, Span(), context.inDirection(context.direction.opposite), &receiver)
    found.removeAll(keepingCapacity: true)
  }

  private mutating func close<Receiver: PacketReceiver & ~Copyable>(
    _ segment: TCPSegment, _ context: SegmentContext,
    _ receiver: inout Receiver
  ) {
    connections[context.index].isClosed = true
    receiver.receive(
      .closed(context.direction, isReset: segment.resets), context.stamp,
      on: connections[context.index].facts)
    end(context.index, context.direction, &receiver)
    if segment.resets { end(context.index, context.direction.opposite, &receiver) }
  }

  /// All connections together keep too much, and this one has just asked for more.
  private mutating func release<Receiver: PacketReceiver & ~Copyable>(
    _ index: Int, _ stamp: FrameStamp, _ receiver: inout Receiver
  ) {
    let before = connections[index].keptBytes
    for direction in [Direction.toServer, .toClient] {
      let context = SegmentContext(index: index, direction: direction, stamp: stamp)
      handOut(context, &receiver)
      miss(0, isExact: false, context, &receiver)
      connections[index][direction].forgetAliases()
    }
    connections[index].tls?.release()
    connections[index].webSocket?.release()
    connections[index].opening = []
    connections[index].openingBytes = 0
    if case .undecided = connections[index].content { connections[index].content = .other }
    keptByteCount += connections[index].keptBytes - before
  }

  private mutating func handle<Receiver: PacketReceiver & ~Copyable>(
    _ events: [HalfEvent], _ payload: Span<UInt8>, _ context: SegmentContext,
    _ receiver: inout Receiver
  ) {
    let client = connections[context.index].facts.client
    for event in events {
      let isReversed = client != connections[context.index].facts.client
      let actual = isReversed ? context.direction.opposite : context.direction
      switch event {
      case .payload(let offset):
        deliver(payload.extracting(offset..<payload.count), context.inDirection(actual), &receiver)
      case .kept(let bytes, let shown):
        deliver(bytes.span, context.with(actual, shown), &receiver)
      case .missing(let count, let shown):
        lack(count, context.with(actual, shown), &receiver)
      case .repeated:
        if connections[context.index].facts.isMQTT {
          receiver.receive(
            .retransmitted(actual), context.stamp, on: connections[context.index].facts)
        }
      }
    }
  }
}

extension CapturedConnection {
  /// Whether a segment is just the next one of its direction, or a mere acknowledgement; moves on if
  /// so.
  fileprivate mutating func advances(_ segment: TCPSegment, _ direction: Direction) -> Bool {
    // Anything but ACK and PSH is for the slow way.
    if segment.flags & ~0x18 != 0 || segment.missingCount > 0 { return false }
    let acknowledged = segment.acknowledges ? segment.acknowledged : nil
    if segment.payload.isEmpty {
      return direction == .toServer
        ? fromServer.notes(acknowledged) : fromClient.notes(acknowledged)
    }
    if direction == .toServer {
      return fromServer.notes(acknowledged)
        && fromClient.advances(segment.sequence, segment.payload.count)
    }
    return fromClient.notes(acknowledged)
      && fromServer.advances(segment.sequence, segment.payload.count)
  }
}
