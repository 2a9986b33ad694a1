// What a dissector tells: packets with where they were seen, and what happened to connections.

package import MQTTCodec

/// Which connection something belongs to, and what is known of it so far.
package struct ConnectionFacts: Sendable {
  /// The place in the order of appearance of all TCP connections, from 0.
  package var number: Int
  package var client: Endpoint
  package var server: Endpoint
  /// From CONNECT, or assigned by CONNACK; nil when neither was captured.
  package var clientIdentifier: String?
  /// From CONNECT, or what the packets allow so far.
  package var version = ProtocolVersion.v311
  /// Why `version` is believed.
  package var evidence = VersionEvidence.none
  /// Whether the beginning of the connection is in the capture.
  package var hasBeginning = false
  /// TLS, WebSocket or both around MQTT, from the outside in.
  package var layers: [ContentLayer] = []
}

/// Why a protocol version is believed.
package enum VersionEvidence: Equatable, Sendable {
  /// There is no sign yet; 3.1.1 is assumed.
  case none
  /// CONNECT said it, in this frame.
  case connect(frame: Int)
  /// This packet can be read in no other version.
  case onlyReading(PacketType, frame: Int)
  /// This packet reads better in it.
  case betterReading(PacketType, frame: Int)
}

/// What is around MQTT.
package enum ContentLayer: Equatable, Sendable {
  case tls
  case webSocket
}

/// One MQTT packet of a capture.
package struct CapturedPacket: Sendable {
  /// What it says.
  package enum Content: Sendable {
    /// A PUBLISH, whose parts lie in the packet's bytes.
    case publish(PublishView)
    /// Any other packet.
    case packet(Packet)
    /// Bytes that are no packet which may be sent here.
    case malformed(DecodeError)
    /// Bytes of it are not in the capture, or it is longer than what is kept: so many are missing.
    case incomplete(missing: Int)
  }

  /// The frame that completed it.
  package var stamp: FrameStamp
  /// The frame with its first byte.
  package var firstFrame: Int
  package var direction: Direction
  /// Nil when not even that could be read.
  package var header: FixedHeader?
  package var content: Content
  /// The topic of a PUBLISH that names it by an alias made before.
  package var aliasedTopic: String?
}

/// Something other than a packet.
package enum ConnectionEvent: Sendable {
  /// The first frame of a connection.
  case opened
  /// FIN or RST.
  case closed(Direction, isReset: Bool)
  /// MQTT was recognised.
  case recognized
  /// So many bytes are not in the capture.
  case missing(Direction, count: Int)
  /// After missing or malformed bytes the next packet was found behind `skipped` bytes.
  case resynchronized(Direction, skipped: Int)
  /// Segments that were sent again.
  case retransmitted(Direction)
}

/// Who is told.
package protocol PacketReceiver: ~Copyable {
  /// A packet; `bytes` are its own, fixed header included, and gone after the call.
  mutating func receive(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, on connection: ConnectionFacts)
  /// An event; `stamp` is when.
  mutating func receive(
    _ event: ConnectionEvent, _ stamp: FrameStamp, on connection: ConnectionFacts)
}
