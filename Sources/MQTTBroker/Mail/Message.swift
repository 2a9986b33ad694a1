// Application messages that outlive the tick they came in: those that are retained, queued, or in
// flight to a session that lasts. A message is kept once however many wait for it, and counts who
// still needs it. What goes to a live connection at QoS 0, or to a session that ends with its
// connection, never becomes one of these.

import Basis
import MQTTCodec

/// A message as it is kept: topic, forwarded properties and payload in one run of bytes.
struct Message: ~Copyable {
  /// Topic, then the 5.0 properties that go on unaltered, then the payload.
  let bytes: ByteBuffer
  let topicLength: Int32
  let propertiesLength: Int32
  /// How many queues, flights and retained places hold it.
  var references: Int32 = 0
  let qos: QoS
  /// The RETAIN flag it was published with.
  let isRetained: Bool
  /// Whether a tail needs it too. (Broker+Tail)
  var isInTail = false
  /// When it expires, in nanoseconds of the engine's clock; `.max` is never. (3.3.2.3.3)
  let expiresAt: Instant
  /// The client that had it retained, as the access lists see it; nil for what is not retained.
  var source: ClientAccess?
  /// Its number in the store; zero when it is not there.
  var record: UInt64 = 0

  var topic: Range<Int> { 0..<Int(topicLength) }
  var properties: Range<Int> { Int(topicLength)..<Int(topicLength) + Int(propertiesLength) }
  var payload: Range<Int> { Int(topicLength) + Int(propertiesLength)..<bytes.count }

  static let never = Instant(nanoseconds: .max)

  /// Seconds that are left, at least 1; nil when it never expires. [MQTT-3.3.2-6]
  func remainingSeconds(now: Instant) -> UInt32? {
    if expiresAt == Self.never { return nil }
    let left = (expiresAt.nanoseconds(since: now) + 999_999_999) / 1_000_000_000
    return UInt32(clamping: max(1, left))
  }

  /// Whether its time is over. [MQTT-3.3.2-5]
  func isExpired(now: Instant) -> Bool { expiresAt <= now }
}

/// The topic alias that a PUBLISH goes out with.
struct OutboundAlias {
  /// Zero is none.
  var number: UInt16 = 0
  /// Whether the client knows it already, so that the topic is left out.
  var isKnown = false
}

/// One attempt to send a kept message.
struct PublishAttempt {
  let version: ProtocolVersion
  /// Bytes of the topic that the client does not see. (Broker+Mount)
  let hiddenCount: Int
  let now: Instant
  /// Zero at QoS 0, and while it is not known.
  var identifier: UInt16 = 0
  var isDuplicate = false
  var alias = OutboundAlias()

  init(version: ProtocolVersion, hiddenCount: Int, now: Instant) {
    self.version = version
    self.hiddenCount = hiddenCount
    self.now = now
  }
}

extension Message {
  /// The PUBLISH that takes this message to one session.
  @_lifetime(borrow self)
  func publishForm(_ terms: DeliveryTerms, _ attempt: PublishAttempt) -> PublishForm {
    let name = attempt.alias.isKnown ? 0..<0 : topic.dropFirst(attempt.hiddenCount)
    var form = PublishForm(
      attempt.version, terms.qos, topic: bytes.span.extracting(name),
      forwardedProperties: bytes.span.extracting(properties),
      payload: bytes.span.extracting(payload))
    form.isRetained = terms.isRetained
    form.isDuplicate = attempt.isDuplicate
    form.packetIdentifier = attempt.identifier
    form.topicAlias = attempt.alias.number
    form.messageExpiryIntervalSeconds = remainingSeconds(now: attempt.now)
    form.subscriptionIdentifiers = terms.subscriptionIdentifiers
    return form
  }
}

/// A message on its way to one session.
struct Delivery {
  var message: Slot<Message>
  var terms: DeliveryTerms
  /// Whether it is a retained message for a new subscription.
  var isReplay = false
  /// The packet identifier that the store knows; zero below QoS 2 and before it is sent.
  var packetIdentifier: UInt16 = 0
  /// The session that the store's entry is for, while there is one.
  @Compact var owner: Slot<Session>? = nil
  /// Its place in the store's queue; zero when it is not there.
  var position: UInt64 = 0

  init(message: Slot<Message>, terms: DeliveryTerms) {
    self.message = message
    self.terms = terms
  }
}
