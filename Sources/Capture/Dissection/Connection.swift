// One TCP connection of a capture: two directions of bytes, what is spoken on it, and what is known
// of the client. What is spoken is told by the bytes and not by the port: the first bytes of a
// client that begins with CONNECT, or, where the capture begins later, packets that can be decoded.

import MQTTCodec

/// What is spoken on a connection.
enum ConnectionContent {
  /// Too few bytes were seen.
  case undecided
  case mqtt
  /// Something else; nothing of it is kept.
  case other
}

/// A connection and its state.
struct Connection {
  var facts: ConnectionFacts
  /// Whether it is known which end is the client.
  var isDirectionKnown: Bool
  var fromClient = TCPHalf()
  var fromServer = TCPHalf()
  var content = ConnectionContent.undecided
  /// Bytes of a connection that is undecided, as they came.
  var opening: [OpeningPiece] = []
  var openingBytes = 0
  var toServer = PacketStream()
  var toClient = PacketStream()
  var hasPackets = false
  var isClosed = false

  init(number: Int, client: Endpoint, server: Endpoint, isDirectionKnown: Bool) {
    facts = ConnectionFacts(number: number, client: client, server: server)
    self.isDirectionKnown = isDirectionKnown
  }
}

/// Bytes that came before it was known what they are.
struct OpeningPiece {
  var direction: Direction
  var bytes: [UInt8]
  var stamp: FrameStamp
}
