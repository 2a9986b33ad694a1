// Every bound and choice of the engine, in one place. Each number has a name, a unit, a default
// and a reason; reaching a limit is logged and counted under the limit's name.

package import MQTTSession

/// When a change counts as written.
package enum SynchronizationMode: String, CaseIterable, Sendable {
  /// When the disk says that it has it: nothing that was committed is lost, whatever happens.
  case full
  /// When the system has it, which the disk is told of at every checkpoint: a power cut may lose the
  /// newest commits, `kill -9` none.
  case normal
  /// The same, and a power cut may damage the file.
  case off
}

/// What the engine promises and refuses.
package struct BrokerConfiguration: Sendable {
  /// Live connections, those before CONNECT included.
  package var connectionLimit = 1_000_000
  /// Sessions, connected or not.
  package var sessionLimit = 1_000_000
  /// Longest packet taken from a client, in bytes, fixed header included.
  package var packetSizeLimit = 2_000_000
  /// QoS 1 and 2 messages in flight to one client; a v5 client may ask for fewer.
  package var inFlightLimit: UInt16 = 100
  /// Our Receive Maximum: QoS 1 and 2 messages that a v5 client may have in flight to us.
  package var receiveMaximum: UInt16 = 1000
  /// Messages that wait for one client beyond those in flight.
  package var queueMessageLimit = 100_000
  /// Bytes of messages that wait for one client; zero is no limit.
  package var queueByteLimit = 64 << 20
  /// Bytes of the payloads of QoS 1 and 2 messages in flight to one client, as mosquitto counts
  /// them; zero is no limit.
  ///
  /// One message is always let out, however long it is.
  package var inFlightByteLimit = 0
  /// Longest payload that is taken; nil is no limit.
  ///
  /// Longer messages are acknowledged and dropped.
  package var payloadSizeLimit: Int?
  /// Bytes that may wait for a slow connection before QoS 0 messages to it are dropped.
  package var outboxByteLimit = 8 << 20
  /// Whether QoS 0 messages are queued for sessions without a connection.
  package var queuesQoS0 = false
  /// Whether a message goes out at the QoS of the subscription even where its own is lower.
  package var upgradesQoS = false
  /// Whether a client with overlapping subscriptions gets a message once for each of them.
  package var allowsDuplicates = false
  /// Topic levels of a topic or filter; far above the 201 that mosquitto takes.
  package var topicLevelLimit = 1000
  /// Subscriptions of one session.
  package var subscriptionLimit = 1_000_000
  /// Retained messages in all.
  package var retainedLimit = 10_000_000
  /// Whether retained messages are taken at all.
  package var isRetainAvailable = true
  /// Longest Session Expiry Interval granted, in seconds; nil is no bound.
  package var sessionExpiryLimitSeconds: UInt32?
  /// Longest keep alive allowed, in seconds; zero is any.
  ///
  /// A v5 client is told another one, an older one is refused.
  package var keepAliveLimitSeconds: UInt16 = 0
  /// Seconds that a connection may take to send CONNECT.
  package var connectTimeoutSeconds = 30
  /// Longest packet taken before CONNACK, in bytes; mosquitto's number.
  package var connectPacketSizeLimit = 100_000
  /// Connections without CONNACK; beyond, the one that was silent longest is closed.
  package var unidentifiedConnectionLimit = 20_000
  /// Connections from one address, or one IPv6 network of 64 bits; zero is no limit.
  package var connectionsPerAddressLimit = 0
  /// Logins whose password waits to be checked; beyond, clients are told to come later.
  package var waitingLoginLimit = 10_000
  /// Failed logins from one address after which its next ones are delayed; zero is never.
  package var loginFailureLimit = 10
  /// Longest delay between two such logins, in seconds.
  package var loginDelayLimitSeconds = 30
  /// Decisions about topics that are remembered, all clients taken together.
  package var decisionCacheLimit = 262_144
  /// Whether a retained message is replayed only while its publisher may still publish it.
  package var checksRetainSource = true
  /// Who gets in, by the index of the listener; a listener beyond the end lets everybody in.
  ///
  /// Changed later with ``Broker/setPolicies(_:now:)``.
  package var listenerPolicies: [ListenerPolicy] = []
  /// Who may go on with a session.
  package var clientIdentifierOwner = ClientIdentifierOwner.user
  /// Whether a user gets in whose password is the empty one.
  package var allowsEmptyPasswords = false
  /// Seconds between two updates of `$SYS`; zero is never.
  package var statusIntervalSeconds = 10
  /// What holds for each listener, by its index.
  package var listenerTerms: [ListenerTerms] = []
  /// What holds for the clients of listeners that are not there.
  package var terms = ListenerTerms()
  /// Methods of enhanced authentication that clients may ask for. (4.12)
  package var authenticationMethods: [any AuthenticationMethod] = []
  /// What `$SYS/broker/version` says.
  package var programVersion = "0"
  /// What `$SYS/broker/certificates/expires` says; empty for a broker without certificates.
  package var certificatesExpire = ""
  /// Whether what must outlive a crash is recorded.
  ///
  /// What depends on it is then held back until ``Broker/durable(_:now:)``. Without it everything is
  /// kept in memory only.
  package var keepsRecords = false
  /// Whether connections and their ends become log entries.
  package var logsConnections = true
  /// Whether subscriptions and their ends become log entries.
  package var logsSubscriptions = false
  /// The levels of log entries that are published under `$SYS/broker/log` too.
  package var publishedLogLevels: [LogLevel] = []
  /// Messages of one queue that are kept in memory when records are kept; the rest stays in the
  /// store until its turn comes.
  package var queueWindowMessageLimit = 1000
  /// Bytes of these messages.
  package var queueWindowByteLimit = 256 << 10
  /// Whether every packet becomes a log entry.
  package var logsPackets = false

  /// The defaults.
  package init() {}

  /// What holds for the clients of a listener.
  func terms(ofListener index: UInt16) -> ListenerTerms {
    Int(index) < listenerTerms.count ? listenerTerms[Int(index)] : terms
  }

  /// What is kept of a queue in memory when records are kept.
  package var queueWindow: QueueWindow {
    QueueWindow(messages: queueWindowMessageLimit, bytes: queueWindowByteLimit)
  }
}
