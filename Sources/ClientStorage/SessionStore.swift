// What every place has in common that keeps the state of a client session beside its messages.

package import Basis
package import MQTTCodec
package import MQTTSession
package import SQLite

/// A place that keeps a session.
package protocol SessionStore: AnyObject {
  /// What the client does there: "sub readings".
  var name: String { get }
  /// The file or server, for people.
  var place: String { get }
  /// What the last process of this session left; nil when there was none.
  func stored() throws(StoreError) -> StoredSession?
  /// Makes the session, or says that this process works for it now.
  func adopt(clientIdentifier: String) throws(StoreError)
}

/// A session as its last process left it.
package struct StoredSession: Equatable, Sendable {
  package var clientIdentifier: String
  /// The subscriptions that the broker has granted, in the owner's words.
  package var subscriptions: String
  package var state: ClientSessionState
}

/// A message that waits to be published, as its application wrote it.
package struct OutboxRow: Sendable {
  package var identifier: Int64
  /// Nil when it is no text.
  package var topic: String?
  package var payload: [UInt8]
  /// Nil when it is neither 0, 1 nor 2.
  package var qos: QoS?
  package var isRetained: Bool
  /// JSON, as it stands there; nil when there are none.
  package var properties: [UInt8]?
  /// How often the broker has refused it.
  package var attempts: Int
  /// Why it is no message at all; nil when it may be one.
  package var fault: String?

  /// Joins the parts.
  package init(
    identifier: Int64, topic: String?, payload: [UInt8], qos: QoS?, isRetained: Bool,
    properties: [UInt8]?, attempts: Int, fault: String?
  ) {
    self.identifier = identifier
    self.topic = topic
    self.payload = payload
    self.qos = qos
    self.isRetained = isRetained
    self.properties = properties
    self.attempts = attempts
    self.fault = fault
  }
}

/// What has become of a message.
package enum OutboxFate: Equatable, Sendable {
  /// The broker has it.
  case sent
  /// It will not be taken, for this reason.
  case dead(String)
  /// It was refused for now.
  case refused
}

/// Messages that an application has left for the broker.
package protocol OutgoingQueue: SessionStore {
  /// Readable when something may have come; -1 when there is nothing to watch for now.
  var descriptor: Int32 { get }
  /// Counts the files that ``descriptor`` has been, since a new one may have an old one's number.
  var descriptorCount: Int { get }
  /// Takes the news that ``descriptor`` is readable.
  func takeNews(now: Instant)
  /// When to ask for more at the latest.
  var deadline: Instant { get }
  /// At most so many messages that wait, the oldest first; each is given once until it is settled.
  func next(limit: Int, now: Instant) throws(StoreError) -> [OutboxRow]
  /// Takes back messages that were given and will not be published now.
  func takeBack(_ rows: ArraySlice<OutboxRow>)
  /// The message with that number, which an earlier process left under way; nil when it is gone.
  func takeUp(_ identifier: Int64) throws(StoreError) -> OutboxRow?
  /// Whether everything that was given has been settled.
  var isSettled: Bool { get }
  /// Notes that a message needs nothing any more; what became of it goes into the next commit.
  func settle(_ identifier: Int64, _ fate: OutboxFate)
  /// Whether the next commit has something to say.
  var hasFates: Bool { get }
  /// Stores the session and what has become of messages, all or nothing.
  func commit(_ state: ClientSessionState) throws(StoreError)
}
