// One network connection as the engine sees it: bytes that wait to become a packet, bytes that
// wait to be sent, and what was agreed in CONNECT.

import Basis
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
  /// When the time for its authentication was over.
  var overdueAt = Instant.start
  /// The client that waits for others to be read first. (Broker+Unread)
  var admission: Admission?
  /// Whether it has waited for all sockets to be looked at.
  var hasWaitedForLook = false
  /// Who had its session and has been read out, or is about to be.
  var predecessor: ConnectionID?
  /// Those who wait for this one to be read out.
  var successors: [ConnectionID] = []
  /// Why it ended while what it had sent still waited to be looked at.
  var endCause: String?
  /// The user name that the TLS handshake gave.
  var identity: String?
  /// Whether its CONNACK had no room for our Receive Maximum, so that it does not know of one.
  var knowsNoReceiveMaximum = false

  init(inboundMaximum: UInt16) {
    inboundAliases = InboundTopicAliases(maximum: inboundMaximum)
  }
}

/// One network connection.
package struct Connection: ~Copyable {
  /// What was due while its peer's last bytes lay unread. (Broker+Unread)
  enum Overdue: UInt8 {
    case connect
    case keepAlive
  }

  enum Stage: UInt8 {
    /// Nothing but CONNECT is allowed. [MQTT-3.1.0-1]
    case awaitingConnect
    /// CONNECT was taken; AUTH packets go to and fro. (4.12)
    case authenticating
    /// CONNECT was taken; its password is being checked, and nothing is read. (Broker+Login)
    case awaitingCheck
    /// What others have sent decides about it and is read first. (Broker+Unread)
    case awaitingOthers
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
  @Compact var session: Slot<Session>? = nil
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
  /// Whether it has a place, which counts against the limits of connections. (Broker+Places)
  var hasPlace = false
  /// Whether it counts against the limit of its address.
  var isCounted = false
  /// Whether the shell reads what it has sent, and what is due once that has been read.
  var isBeingReadOut = false
  var overdue: Overdue?
  let peer: String
  let address: PeerAddress

  /// Bytes that wait to be sent.
  var outputCount: Int { outbox.count + lentByteCount + run.count }

  /// Whether what it sends is kept until something else has happened.
  @inline(__always) var isWaiting: Bool { stage == .awaitingCheck || stage == .awaitingOthers }

  /// Whether packets are taken from it.
  @inline(__always) var isReading: Bool { stage != .closed && !isWaiting }

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
