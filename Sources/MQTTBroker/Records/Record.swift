// The vocabulary between the engine and a store: everything that must outlive a crash, as plain
// values. The engine appends records to a batch and never asks the store anything; a store that
// applies whole batches in their order holds at every moment a state that the engine can go on
// from. So the engine stays pure, and a test can be a store that loses what was not committed.
//
// Records come in pairs that begin and end something:
//
//   saveSession ... removeSession   a session that outlives its connection
//   subscribe ... unsubscribe       one of its filters
//   setWill(will) ... setWill(nil)  what is published when it is gone
//   store ... drop                  a message, once for all who wait for it
//   enqueue ... complete            its way to one session, between them at QoS 2 assign, release
//   received ... forget             a QoS 2 message from a client, until its PUBREL
//   retain ... unretain             the last message of a topic
//
// Sessions, messages and places in the queues have numbers that rise and are used again only after
// a restart, when nothing has them any more. Times are Unix time, in seconds, because an engine's
// own clock ends with it.

import Basis
package import MQTTCodec

/// One change of what must last.
package enum Record: Equatable, Sendable {
  /// A session began, or one of its values changed.
  ///
  /// Written for CONNECT of a session that lasts, whose CONNACK waits for it, and when its
  /// connection ends, for which nothing waits.
  case saveSession(SessionRecord)
  /// A session ended, with its subscriptions, its will and its QoS 2 identifiers.
  ///
  /// What waited for it in memory was completed before; what was only in the store is completed
  /// afterwards, in the background. The CONNACK to a clean start waits for it.
  case removeSession(_ session: UInt64)
  /// The will that a crash would have to publish, or none any more.
  ///
  /// Written for CONNECT, whose CONNACK waits for it; when the will goes, in the batch that holds
  /// what its publication leaves behind.
  case setWill(_ session: UInt64, WillRecord?)
  /// A subscription was made or replaced. SUBACK waits for it.
  case subscribe(_ session: UInt64, SubscriptionRecord)
  /// A subscription ended; `filter` is written as in `subscribe`. UNSUBACK waits for it.
  case unsubscribe(_ session: UInt64, filter: [UInt8])
  /// A message that a lasting session waits for, or that is retained; before what names it.
  ///
  /// PUBACK or PUBREC to its publisher waits for it.
  case store(MessageRecord)
  /// Nobody needs a message any more. Nothing waits for it.
  case drop(_ message: UInt64)
  /// A message waits for a session, or was sent to it and is not acknowledged.
  ///
  /// PUBACK or PUBREC to its publisher waits for it; the PUBLISH to the subscriber does not at
  /// QoS 1, where a duplicate is allowed.
  case enqueue(QueueRecord)
  /// A QoS 2 message goes out under a packet identifier. Its PUBLISH waits for this: if it were
  /// lost, the message would go out again under another one. [MQTT-4.3.3-3]
  case assign(_ session: UInt64, identifier: UInt16, position: UInt64)
  /// PUBREC came for a message that was assigned. PUBREL waits for it. [MQTT-4.3.3-6]
  case release(_ session: UInt64, identifier: UInt16, position: UInt64)
  /// A message was acknowledged, or is not to be delivered any more. Nothing waits for it.
  ///
  /// `identifier` is the one it was assigned, zero when it never was.
  case complete(_ session: UInt64, position: UInt64, identifier: UInt16)
  /// A QoS 2 message was taken from a client whose session lasts. PUBREC waits for it.
  case received(_ session: UInt64, identifier: UInt16)
  /// PUBREL came for it. PUBCOMP waits for this: if it were lost, a new message under the same
  /// identifier would be taken for the old one. [MQTT-4.3.3-12]
  case forget(_ session: UInt64, identifier: UInt16)
  /// A stored message is the last one of its topic now, in the place of an earlier one.
  ///
  /// PUBACK or PUBREC to its publisher waits for it.
  case retain(topic: [UInt8], message: UInt64, source: SourceRecord? = nil)
  /// A topic has no retained message any more.
  ///
  /// PUBACK or PUBREC to a client that removed it waits for it.
  case unretain(topic: [UInt8])
}

/// What is kept of a session itself.
package struct SessionRecord: Equatable, Sendable {
  package var number: UInt64
  package var clientIdentifier: String
  package var userName: String?
  /// The name of the listener that its client came through last; nil when that is not known.
  package var listener: String?
  /// Whether it is not known who made the session, so that the first who comes for it has it.
  package var isUnclaimed = false
  /// Session Expiry Interval; `.max` is never. (3.1.2.11.2)
  ///
  /// Zero for a session that lasted and now ends with its connection, as long as its queue is read
  /// from the store.
  package var expirySeconds: UInt32
  /// When its connection ended, in Unix time; nil while it has one.
  package var leftAtUnixSeconds: Int64?

  /// Joins what every session has; it has a connection, and its listener is not known.
  package init(number: UInt64, clientIdentifier: String, userName: String?, expirySeconds: UInt32) {
    self.number = number
    self.clientIdentifier = clientIdentifier
    self.userName = userName
    self.expirySeconds = expirySeconds
  }
}

/// The client that had a message retained, as access lists see it, when it is long gone.
package struct SourceRecord: Hashable, Sendable {
  package var clientIdentifier: String
  package var userName: String?
  /// The name of the listener that it came through; nil when that is not known.
  package var listener: String?

  /// Joins its parts.
  package init(clientIdentifier: String, userName: String?, listener: String?) {
    self.clientIdentifier = clientIdentifier
    self.userName = userName
    self.listener = listener
  }

  package static func == (left: SourceRecord, right: SourceRecord) -> Bool {
    left.clientIdentifier.exact == right.clientIdentifier.exact
      && left.userName?.exact == right.userName?.exact && left.listener == right.listener
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(clientIdentifier.exact)
    hasher.combine(userName?.exact)
    hasher.combine(listener)
  }
}

/// A will as it is published, its delay and all. (3.1.2.5)
package struct WillRecord: Equatable, Sendable {
  package var topic: [UInt8]
  /// Properties that are forwarded, as they are encoded in a PUBLISH, without their length.
  package var properties: [UInt8]
  package var payload: [UInt8]
  package var qos: QoS
  package var isRetained: Bool
  /// Will Delay Interval, counted from the end of the connection. (3.1.3.2.2)
  package var delaySeconds: UInt32 = 0
  /// Message Expiry Interval, counted from publication; nil is never.
  package var expirySeconds: UInt32?

  /// Joins what every will has; it is published at once and never expires.
  package init(
    topic: [UInt8], properties: [UInt8], payload: [UInt8], qos: QoS, isRetained: Bool
  ) {
    self.topic = topic
    self.properties = properties
    self.payload = payload
    self.qos = qos
    self.isRetained = isRetained
  }
}

/// One filter of one session.
package struct SubscriptionRecord: Equatable, Sendable {
  /// As the client wrote it, `$share/...` included.
  package var filter: [UInt8]
  package var options: SubscriptionOptions
  /// Subscription Identifier; zero is none.
  package var identifier: UInt32

  /// Joins its parts.
  package init(filter: [UInt8], options: SubscriptionOptions, identifier: UInt32) {
    self.filter = filter
    self.options = options
    self.identifier = identifier
  }
}

/// A message as it is kept.
package struct MessageRecord: Equatable, Sendable {
  package var number: UInt64
  package var topicLength: Int
  package var propertiesLength: Int
  /// Topic, then the encoded properties that are forwarded, then the payload.
  package var bytes: [UInt8]
  package var qos: QoS
  /// The RETAIN flag it was published with.
  package var isRetained: Bool
  /// When it expires, in Unix time; nil is never.
  package var expiresAtUnixSeconds: Int64?

  /// Joins what every message has; it never expires.
  package init(
    number: UInt64, topicLength: Int, propertiesLength: Int, bytes: [UInt8], qos: QoS,
    isRetained: Bool
  ) {
    self.number = number
    self.topicLength = topicLength
    self.propertiesLength = propertiesLength
    self.bytes = bytes
    self.qos = qos
    self.isRetained = isRetained
  }
}

/// A message on its way to one session.
package struct QueueRecord: Equatable, Sendable {
  package var session: UInt64
  /// Rises over all queues, so that each of them is in order.
  package var position: UInt64
  package var message: UInt64
  /// Bytes of its message, so that the size of a queue is known without reading what is in it.
  package var byteCount: Int
  /// Above 0.
  package var qos: QoS
  /// The RETAIN flag it goes out with.
  package var isRetained: Bool
  package var subscriptionIdentifiers: [UInt32] = []
  /// The `$share/...` filter it was taken from, so that another member can have it; or nil.
  package var group: [UInt8]?

  /// Joins what every entry has; it has no identifiers, and no group.
  package init(
    session: UInt64, position: UInt64, message: UInt64, byteCount: Int, qos: QoS, isRetained: Bool
  ) {
    self.session = session
    self.position = position
    self.message = message
    self.byteCount = byteCount
    self.qos = qos
    self.isRetained = isRetained
  }
}
