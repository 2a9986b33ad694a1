// One TCP connection of a capture: two directions of bytes, what is spoken on it, and what is known
// of the client. What is spoken is told by the bytes and not by the port: the first bytes of a
// client that begins with CONNECT, TLS or HTTP, or, where the capture begins later, packets that
// can be decoded. TLS and WebSocket are layers below what is spoken; inside of each of them the
// same question is asked again.

package import MQTTCodec

/// What is spoken on a connection.
enum ConnectionContent {
  /// Too few bytes were seen.
  case undecided
  case mqtt
  /// Something else; nothing of it is kept.
  case other
}

/// A connection and its state.
struct CapturedConnection {
  var facts: ConnectionFacts
  let key: ConnectionKey
  /// Whether it is known which end is the client.
  var isDirectionKnown: Bool
  var fromClient = TCPHalf()
  var fromServer = TCPHalf()
  var content = ConnectionContent.undecided
  var tls: TLSConnection?
  var webSocket: WebSocketStream?
  /// Bytes of a connection that is undecided, as they came.
  var opening: [OpeningPiece] = []
  var openingBytes = 0
  var toServer = PacketStream()
  var toClient = PacketStream()
  var hasPackets = false
  var isClosed = false
  /// The frame that was the last one of this connection.
  var lastFrame = 0

  init(
    number: Int, client: CapturedEndpoint, server: CapturedEndpoint, key: ConnectionKey,
    isDirectionKnown: Bool
  ) {
    facts = ConnectionFacts(number: number, client: client, server: server)
    self.key = key
    self.isDirectionKnown = isDirectionKnown
  }

  /// Whether there is nothing between TCP and MQTT.
  var isPlainMQTT: Bool {
    if case .mqtt = content { return tls == nil && webSocket == nil }
    return false
  }

  /// Bytes that are kept in the hope of more.
  var keptBytes: Int {
    fromClient.earlyBytes + fromServer.earlyBytes + toServer.keptBytes + toClient.keptBytes
      + openingBytes + opening.count * keptPieceOverhead + (tls?.keptBytes ?? 0)
      + (webSocket?.keptBytes ?? 0)
  }

  /// The direction of what this end sends.
  func half(of source: CapturedEndpoint) -> TCPHalf {
    source == facts.client ? fromClient : fromServer
  }

  /// The packets of a direction.
  subscript(direction: Direction) -> PacketStream {
    get { direction == .toServer ? toServer : toClient }
    _modify {
      if direction == .toServer { yield &toServer } else { yield &toClient }
    }
  }

  /// The version, when something speaks for it.
  var knownVersion: ProtocolVersion? { facts.evidence == .none ? nil : facts.version }

  /// The client turns out to be the server.
  mutating func reverse() {
    swap(&facts.client, &facts.server)
    swap(&fromClient, &fromServer)
    swap(&toServer, &toClient)
    for index in opening.indices { opening[index].direction = opening[index].direction.opposite }
  }

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
}

/// Bytes that came before it was known what they are.
struct OpeningPiece {
  var direction: Direction
  var bytes: [UInt8]
  var stamp: FrameStamp

  /// Where it comes from, for the connection at `index`.
  func context(_ index: Int) -> SegmentContext {
    SegmentContext(index: index, direction: direction, stamp: stamp)
  }
}

extension Direction {
  /// The other one.
  package var opposite: Direction { self == .toServer ? .toClient : .toServer }
}
