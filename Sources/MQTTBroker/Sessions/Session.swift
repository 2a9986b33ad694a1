// What the engine knows of one client beyond its connection (4.1): its subscriptions, the messages
// in flight and waiting, its will, and when it ends.
//
//   CONNECT            connection lost,           Session Expiry Interval over,
//   (new session)      interval > 0               clean start, interval 0
//   ---------> online <-----------------> offline ---------> (gone)
//                      CONNECT, clean start 0
//
// Everything that most sessions do not have is held so that it costs nothing while it is empty.

import Basis
import MQTTCodec
import MQTTSession

/// A will that is armed, or that waits for its delay.
final class ArmedWill {
  let content: WillRecord
  /// When it is due; nil while it is armed only.
  var dueAt: Instant?

  init(_ content: WillRecord) { self.content = content }

  init(_ will: Will) {
    var properties = ByteBuffer()
    for property in will.properties.list
    where property.identifier != .willDelayInterval
      && property.identifier != .messageExpiryInterval
    {
      property.encode(into: &properties)
    }
    var content = WillRecord(
      topic: Array(will.topic.utf8), properties: properties.bytes, payload: will.payload,
      qos: will.qos, isRetained: will.isRetained)
    content.delaySeconds = will.properties.number(.willDelayInterval) ?? 0
    content.expirySeconds = will.properties.number(.messageExpiryInterval)
    self.content = content
  }
}

/// Who a session belongs to; sessions of one user who came through one listener share it, which is
/// all of them where nobody has a name.
final class SessionSubject: Sendable {
  static let unknown = SessionSubject(userName: nil, listener: .max, listenerName: "")

  let userName: String?
  let listener: UInt16
  /// The listener's name, by which it is known after a restart; empty when it has none.
  let listenerName: String
  /// Whether it is not known who made the session.
  let isUnclaimed: Bool

  init(userName: String?, listener: UInt16, listenerName: String, isUnclaimed: Bool = false) {
    self.userName = userName
    self.listener = listener
    self.listenerName = listenerName
    self.isUnclaimed = isUnclaimed
  }

  func isSame(_ userName: String?, _ listener: UInt16, _ listenerName: String) -> Bool {
    self.listener == listener && self.userName?.exact == userName?.exact
      && self.listenerName == listenerName && !isUnclaimed
  }
}

/// The state of one client.
struct Session: ~Copyable {
  // What every delivery reads stands together.

  /// Its connection, while it is online.
  @Compact var connection: Slot<Connection>? = nil
  /// How many deliveries of the queue are up to and with the last one at QoS 0 or the last retained
  /// message of a new subscription; newer messages at QoS 0 wait behind those too.
  var replayCount: UInt32 = 0
  let clientIdentifier: String
  /// Head of its list in the subscription tree.
  @Compact var firstSubscription: Slot<SubscriptionTree.Subscription>? = nil
  var subscriptionCount: UInt32 = 0
  /// Session Expiry Interval; zero ends it with the connection, `.max` never. (3.1.2.11.2)
  var expirySeconds: UInt32
  /// When it ends; meaningful only while it is offline.
  var expiresAt = Message.never
  var sender: SenderFlow
  var receiver = ReceiverFlow()
  var queue = DeliveryQueue()
  /// Retained messages in the queue, which do not count against its limit.
  var replayedCount: UInt32 = 0
  /// What waits behind the queue and is only in the store; nil when nothing does. (QueueTail)
  var tail: QueueTail?
  /// What its present client may not have; nil when there is nothing of the kind. (Broker+Owner)
  var withheld: WithheldDeliveries?
  /// When its queue is searched for expired messages.
  var sweepAt = Message.never
  var will: ArmedWill?
  /// Who its client was when it connected last.
  var subject = SessionSubject.unknown
  /// Its rights, while there are access lists.
  var access: ClientAccess?
  /// Messages lost to a limit since the last log line about it, and since ever.
  var droppedInEpisode: UInt32 = 0
  /// Whether it was said that its queue is full, and that it has too many subscriptions.
  var isQueueFull = false
  var isFullOfSubscriptions = false
  var droppedCount: UInt64 = 0
  /// The last position in the store whose message may have been sent before a restart; zero is none.
  var lastMaybeSent: UInt64 = 0
  /// Its number in the store; zero when it is not there: records are not kept, or it ends with its
  /// connection.
  var record: UInt64 = 0

  init(clientIdentifier: String, expirySeconds: UInt32, windowLimit: UInt16) {
    self.clientIdentifier = clientIdentifier
    self.expirySeconds = expirySeconds
    sender = SenderFlow(windowLimit: windowLimit)
  }

  var userName: String? { subject.userName }
  var listener: UInt16 { subject.listener }
  var listenerName: String { subject.listenerName }
  /// When a delayed will is due; nil when none waits.
  var willDueAt: Instant? { will?.dueAt }
  /// Whether it outlives its connection.
  var lasts: Bool { expirySeconds > 0 }
  var isOnline: Bool { connection != nil }
  /// Whether what is sent to it is kept until it is acknowledged.
  var keepsSent: Bool { expirySeconds > 0 || record != 0 }
  var nothingWaits: Bool { queue.isEmpty && tail == nil }
  /// Messages that wait, in memory or not, and their bytes.
  var waitingCount: Int { queue.count + (tail?.count ?? 0) }
  var waitingByteCount: Int { queue.byteCount + (tail?.byteCount ?? 0) }
  /// Those that count against the limit of its queue.
  var limitedCount: Int {
    queue.count - Int(replayedCount) + (tail.map { max(0, $0.count - $0.replayedCount) } ?? 0)
  }
}
