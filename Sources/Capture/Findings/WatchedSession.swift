// What is remembered of connections and sessions while a capture is watched.

import Basis
import MQTTCodec

/// A step that waits for its answer.
struct Waiting {
  var frame: Int
  var time: Int64

  /// This step as the answer to an earlier one.
  func answer(to earlier: Waiting) -> Pairing {
    Pairing(frame: earlier.frame, latencyNanoseconds: time - earlier.time)
  }
}

/// A SUBSCRIBE or UNSUBSCRIBE that waits for its answer.
struct AwaitedAnswer<Request: Sendable>: Sendable {
  var request: Request
  var since: Waiting
  var filterCount: Int
}

/// A QoS 1 or 2 message that is under way.
///
///     QoS 1:  published -> (PUBACK) gone
///     QoS 2:  published -> (PUBREC) received -> (PUBREL) released -> (PUBCOMP) gone
struct WatchedFlow {
  enum Phase {
    case published, received, released
  }

  var phase = Phase.published
  var qos: QoS
  var publish: Waiting
  /// The last packet of it.
  var last: Waiting
  /// Of topic and payload.
  var signature: UInt64
  /// Its beginning, for people.
  var topic: String
  /// The connection that carried it last.
  var stream: Int
  /// To a subscriber: the PUBLISH by which the message came to the broker.
  var origin: Waiting?
}

/// What one direction of a connection has to respect, as far as the other end has said so.
struct WatchedLimits {
  var receiveMaximum: Int?
  var topicAliasMaximum: Int?
  var maximumPacketSize: Int?
  var maximumQoS: QoS?
  var isRetainAvailable = true
}

extension WatchedConnection {
  /// What shows a finding about it: the step that gave rise to it, and earlier frames.
  func evidence(_ now: Waiting, after earlier: Int?...) -> Evidence {
    Evidence(
      frames: earlier.compactMap { $0 } + [now.frame], timeNanoseconds: now.time, client: name,
      stream: stream)
  }
}

/// A connection.
struct WatchedConnection {
  var stream: Int
  /// Place in the table of sessions.
  var session: Int
  var name: String
  var version = ProtocolVersion.v311
  var connect: Waiting?
  var connack: Waiting?
  var isAccepted = false
  var disconnect: Waiting?
  var isOpen = true
  var keepAliveSeconds = 0
  var lastFromClient: Waiting?
  var ping: Waiting?
  var toServer = WatchedLimits()
  var toClient = WatchedLimits()
  var subscribes: [UInt16: AwaitedAnswer<Subscribe>] = [:]
  var unsubscribes: [UInt16: AwaitedAnswer<Unsubscribe>] = [:]
  var hasBeginning = false
  /// Whether the capture lacks bytes of it, so that what is missing proves nothing.
  var lacksBytes = false
  var lastTime: Int64 = 0
  var hasPackets = false
}

/// What a client keeps from connection to connection.
struct WatchedSession {
  struct Subscribed {
    var options: SubscriptionOptions
    var granted: QoS
    var group: String?
    /// Without `$share/group/`.
    var filter: String
  }

  /// Acknowledged messages that are remembered, so that one that is sent again is known.
  private static let doneLimit = 256

  var name: String
  /// The address and port at which its client found the broker.
  let server: CapturedEndpoint
  /// The name by which the next connection finds it; nil without one.
  var clientIdentifier: String?
  /// The connection that has it now; what it has under way is counted.
  var stream: Int {
    didSet { if stream != oldValue { (underWayToServer, underWayToClient) = (0, 0) } }
  }
  var isConnected = true
  /// Whether nothing of it lies before the capture.
  var isWhole = false
  private(set) var flowsToServer: [UInt16: WatchedFlow] = [:]
  private(set) var flowsToClient: [UInt16: WatchedFlow] = [:]
  private var underWayToServer = 0
  private var underWayToClient = 0
  /// What was acknowledged last under an identifier.
  var doneToServer: [UInt16: UInt64] = [:]
  var doneToClient: [UInt16: UInt64] = [:]
  var subscriptions: [ExactText: Subscribed] = [:]
  /// Times of its last CONNECT packets.
  var connects: [Waiting] = []
  var isStorm = false

  init(name: String, server: CapturedEndpoint, stream: Int) {
    self.name = name
    self.server = server
    self.stream = stream
  }

  func flows(_ direction: Direction) -> [UInt16: WatchedFlow] {
    direction == .toServer ? flowsToServer : flowsToClient
  }

  /// Flows that were last seen on the connection that has the session now.
  func underWay(_ direction: Direction) -> Int {
    direction == .toServer ? underWayToServer : underWayToClient
  }

  subscript(direction: Direction, identifier: UInt16) -> WatchedFlow? {
    get { direction == .toServer ? flowsToServer[identifier] : flowsToClient[identifier] }
    set {
      let change =
        (newValue?.stream == stream ? 1 : 0)
        - (self[direction, identifier]?.stream == stream ? 1 : 0)
      if direction == .toServer {
        flowsToServer[identifier] = newValue
        underWayToServer += change
      } else {
        flowsToClient[identifier] = newValue
        underWayToClient += change
      }
    }
  }

  /// Forgets what is under way; what was last seen on the connection `kept` stays.
  mutating func removeFlows(exceptOf kept: Int?) {
    flowsToServer = flowsToServer.filter { $0.value.stream == kept }
    flowsToClient = flowsToClient.filter { $0.value.stream == kept }
    underWayToServer = kept == stream ? flowsToServer.count : 0
    underWayToClient = kept == stream ? flowsToClient.count : 0
  }

  subscript(done direction: Direction, identifier: UInt16) -> UInt64? {
    get { direction == .toServer ? doneToServer[identifier] : doneToClient[identifier] }
    set {
      if direction == .toServer {
        if doneToServer.count >= Self.doneLimit { doneToServer = [:] }
        doneToServer[identifier] = newValue
      } else {
        if doneToClient.count >= Self.doneLimit { doneToClient = [:] }
        doneToClient[identifier] = newValue
      }
    }
  }
}

extension Span where Element == UInt8 {
  /// A number that bytes share with hardly any others, for tables within one run.
  func signature(_ seed: UInt64 = 0xCBF2_9CE4_8422_2325) -> UInt64 {
    var value = seed ^ UInt64(truncatingIfNeeded: count)
    var offset = 0
    while count - offset >= 8 {
      value = (value ^ word(at: offset)) &* 0x9E37_79B9_7F4A_7C15
      value ^= value >> 29
      offset += 8
    }
    while offset < count {
      value = (value ^ UInt64(self[offset])) &* 0x0000_0100_0000_01B3
      offset += 1
    }
    return value ^ value >> 32
  }
}
