// What a dissector tells: packets with where they were seen, and what happened to connections.

package import MQTTCodec

/// Which connection something belongs to, and what is known of it so far.
package struct ConnectionFacts: Sendable {
  /// The place in the order of appearance of all TCP connections, from 0.
  package var number: Int
  package var client: CapturedEndpoint
  package var server: CapturedEndpoint
  /// From CONNECT, or assigned by CONNACK; nil when neither was captured, and for a client that has
  /// none.
  package var clientIdentifier: String?
  /// From CONNECT, or what the packets allow so far.
  package var version = ProtocolVersion.v311
  /// Why `version` is believed.
  package var evidence = VersionEvidence.none
  /// Whether the beginning of the connection is in the capture.
  package var hasBeginning = false
  /// Whether MQTT was recognised on it; every packet's connection says so.
  package var isMQTT = false
  /// What TLS tells of itself; nil where there is none.
  package var tls: TLSFacts?
  /// What the WebSocket handshake said; nil where there is none.
  package var webSocket: WebSocketFacts?
  /// Bytes of each direction that the capture lacks.
  package var missingToServer = 0
  package var missingToClient = 0
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

/// What the handshake of TLS says in clear, and what became of decryption.
package struct TLSFacts: Equatable, Sendable {
  /// The name that the client asked for (SNI).
  package var serverName: String?
  /// Application protocols (ALPN) that the client offered.
  package var offeredProtocols: [String] = []
  /// As the standard writes it, such as `TLS 1.3`; nil before the server's answer.
  package var version: String?
  /// As the registry writes it, such as `TLS_AES_128_GCM_SHA256`; nil before the server's answer.
  package var cipherSuite: String?
  /// The subjects of the server's and the client's certificates, where they travel in clear.
  package var serverCertificates: [String] = []
  package var clientCertificates: [String] = []
  /// Whether the content is decrypted.
  package var isDecrypted = false
  /// Why it is not, without a full stop; nil as long as that is open.
  package var obstacle: String?

  /// Nothing known.
  package init() {}
}

/// What the handshake of a WebSocket says.
package struct WebSocketFacts: Equatable, Sendable {
  package var path: String
  package var host: String?
  /// What the server chose; nil when it chose none or its answer was not captured.
  package var subprotocol: String?
  /// Whether messages are compressed (permessage-deflate).
  package var isCompressed = false
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

  /// The place in the order of all MQTT packets of the capture, from 1.
  package var number: Int
  /// The frame that completed it, which is the one that it is shown with.
  package var stamp: FrameStamp
  /// The frame with its first byte; the same one for most packets.
  package var firstFrame: Int
  package var direction: Direction
  /// Nil when not even that could be read.
  package var header: FixedHeader?
  package var content: Content
  /// The topic of a PUBLISH that names it by an alias made before.
  package var aliasedTopic: String?
}

/// Something other than a packet.
///
/// Unless said otherwise only connections of MQTT tell them.
package enum ConnectionEvent: Sendable {
  /// The first frame of a connection, whatever is spoken on it.
  case opened
  /// FIN or RST, on any connection.
  case closed(Direction, isReset: Bool)
  /// MQTT was recognised, by its first bytes or by what follows without a beginning.
  case recognized
  /// So many bytes are not in the capture.
  case missing(Direction, count: Int)
  /// After missing or malformed bytes the next packet was found behind `skipped` bytes.
  case resynchronized(Direction, skipped: Int)
  /// A segment that brought nothing new.
  case retransmitted(Direction)
  /// What TLS says in clear, on any connection.
  case tls(TLSEvent)
  /// What a WebSocket says beside packets.
  case webSocket(WebSocketEvent)
}

/// What TLS says in clear.
package enum TLSEvent: Equatable, Sendable {
  /// The client's offer; `facts` of the connection hold it.
  case clientHello
  /// The server's choice; `facts` of the connection hold it.
  case serverHello
  /// Certificates, by their subjects, the sender's own first.
  case certificates(Direction, [String])
  /// An alert that is not encrypted, or was decrypted: `fatal handshake_failure`.
  case alert(Direction, isFatal: Bool, name: String)
  /// The client sends early data (0-RTT), which cannot be decrypted.
  case earlyData
  /// From here on the content is decrypted.
  case decrypted
  /// The content stays hidden; the reason, without a full stop.
  case hidden(String)
}

/// What a WebSocket says beside packets.
package enum WebSocketEvent: Equatable, Sendable {
  /// The server agreed; `facts` of the connection hold the handshake.
  case opened
  /// The server answered otherwise: its status line.
  case refused(String)
  case ping(Direction)
  case pong(Direction)
  /// The code, 1005 without one, and the reason.
  case closing(Direction, code: Int, reason: String)
  /// Frames that cannot be; nothing more is read from this direction.
  case malformed(Direction, String)
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
