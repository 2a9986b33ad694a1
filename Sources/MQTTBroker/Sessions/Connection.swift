// One network connection as the engine sees it: bytes that wait to become a packet, bytes that
// wait to be sent, and what was agreed in CONNECT.

import MQTTCodec
import MQTTSession

/// What only some connections need.
final class ConnectionExtras {
  var inboundAliases: InboundTopicAliases
  var outboundAliases = OutboundTopicAliases(maximum: 0)
  /// The enhanced authentication that is going on or was used. (4.12)
  var authentication: (any AuthenticationExchange)?
  /// Its name, which must not change. [MQTT-4.12.0-5]
  var authenticationMethod: String?
  /// What stands in front of its topics for everyone else. (Broker+Mount)
  var mountPoint: [UInt8] = []
  /// The CONNECT that waits for its authentication to end.
  var waitingConnect: Connect?
  /// The user name that the TLS handshake gave.
  var identity: String?
  /// Whether its CONNACK had no room for our Receive Maximum, so that it does not know of one.
  var knowsNoReceiveMaximum = false

  init(inboundMaximum: UInt16) {
    inboundAliases = InboundTopicAliases(maximum: inboundMaximum)
  }
}

/// One network connection.
struct Connection: ~Copyable {
  static let noSession = UInt32.max

  enum Stage: UInt8 {
    /// Nothing but CONNECT is allowed. [MQTT-3.1.0-1]
    case awaitingConnect
    /// CONNECT was taken; AUTH packets go to and fro. (4.12)
    case authenticating
    /// CONNECT was taken; its password is being checked, and nothing is read. (Broker+Login)
    case awaitingCheck
    /// CONNACK with success was sent.
    case connected
    /// Nothing is read any more; the last output is on its way out.
    case closed
  }

  // What every delivery reads stands together.

  var stage = Stage.awaitingConnect
  var version = ProtocolVersion.v311
  /// Whether all its topics lie below a mount point, which stands in `extras`.
  var isMounted = false
  /// Whether it stands in its reactor's list of connections with output.
  var isListed = false
  var reactor: UInt16
  let listener: UInt16
  /// The client's Maximum Packet Size. [MQTT-3.1.2-24]
  var packetSizeLimit = UInt32.max
  var session = Connection.noSession
  /// What it sends behind its outbox, from the stream of its version. (SharedOutput)
  var run = StreamRange()
  var outbox = ByteBuffer()
  var extras: ConnectionExtras?
  /// What it was lent of streams that have ended, between its outbox and its run, and their bytes.
  var lent: [SharedRun] = []
  var lentByteCount = 0
  /// Marks in the outbox behind which bytes wait for a batch, in order. (Broker+Hold)
  var holds: [Hold] = []
  /// An incomplete packet.
  var inbox = ByteBuffer()
  var lastReceived: Instant
  var keepAliveSeconds: UInt16 = 0
  /// Highest QoS that is taken and granted.
  var maximumQoS = QoS.exactlyOnce
  /// Whether a QoS 0 message was dropped since it last kept up.
  var isDropping = false
  /// Whether it was said that a message was longer than its Maximum Packet Size.
  var isTooSmall = false
  /// Whether it got in, or never will.
  var isSettled = false
  /// Whether the client is a bridge of mosquitto.
  var isBridge = false
  /// Whether it counts against the limit of its address.
  var isCounted = false
  let peer: String
  let address: PeerAddress

  /// Bytes that wait to be sent.
  var outputCount: Int { outbox.count + lentByteCount + run.count }

  /// Whether packets are taken from it.
  var isReading: Bool { stage != .closed && stage != .awaitingCheck }

  init(
    reactor: UInt16, listener: UInt16, peer: String, address: PeerAddress, now: Instant
  ) {
    self.reactor = reactor
    self.listener = listener
    self.peer = peer
    self.address = address
    lastReceived = now
  }
}
