// What a client says about itself and how it behaves: everything that is fixed before the first
// byte is sent and stays the same over all connections of one session.

package import MQTTCodec

/// The fixed choices of a ``ClientSession``.
package struct ClientSettings: Sendable {
  /// Which version is offered.
  package enum VersionChoice: Equatable, Sendable {
    /// This version or none.
    case only(ProtocolVersion)
    /// 5.0 first, and 3.1.1 where the server refuses it.
    case automatic
  }

  /// When a received QoS 1 or QoS 2 message is acknowledged.
  package enum Acknowledging: Equatable, Sendable {
    /// As soon as it is read.
    case onArrival
    /// When the owner calls ``ClientSession/acknowledge(_:now:)``.
    case whenTold
  }

  package var versions = VersionChoice.automatic
  /// May be empty; the server of 5.0 then assigns one.
  package var clientIdentifier = ""
  /// Stands in for an empty identifier before 5.0, where a server need not assign one.
  package var generatedIdentifier = ""
  /// Whether the first connection begins without the session that the server may still have.
  package var cleanStart = true
  package var keepAliveSeconds: UInt16 = 60
  package var will: Will?
  package var userName: String?
  package var password: [UInt8]?
  /// Properties of CONNECT; left out before 5.0.
  package var connectProperties = Properties()
  package var acknowledging = Acknowledging.onArrival
  /// Our own bound of QoS 1 and 2 messages in flight; the server's Receive Maximum may be lower.
  package var sendWindow: UInt16 = 100
  /// Topic aliases that are made towards a server that allows them; zero is none.
  package var topicAliasLimit: UInt16 = 0
  /// Seconds to wait for CONNACK.
  package var connackTimeoutSeconds = 30
  /// Seconds of silence after a PINGREQ that mean a dead connection; never more than keep alive.
  package var pingTimeoutSeconds = 30
  /// Whether ``ClientSession/takeReleasedTokens()`` tells whose PUBREC has come.
  package var reportsReleases = false
  /// Whether every packet becomes a ``PacketTrace``.
  package var tracesPackets = false

  /// The defaults.
  package init() {}

  /// The longest packet that the server may send: our Maximum Packet Size (3.1.2.11.4).
  var packetSizeLimit: Int {
    connectProperties.number(.maximumPacketSize).map(Int.init) ?? 5 + 268_435_455
  }

  /// Our Receive Maximum (3.1.2.11.3).
  var receiveMaximum: Int {
    connectProperties.number(.receiveMaximum).map(Int.init) ?? 65_535
  }

  /// Our Topic Alias Maximum (3.1.2.11.5).
  var incomingTopicAliasMaximum: UInt16 {
    UInt16(clamping: connectProperties.number(.topicAliasMaximum) ?? 0)
  }

  /// Whether a session of `version` outlives its connection (3.1.2.11.2).
  func sessionOutlivesConnection(_ version: ProtocolVersion) -> Bool {
    if version == .v5 { return (connectProperties.number(.sessionExpiryInterval) ?? 0) > 0 }
    return !cleanStart
  }
}

/// What the server said in CONNACK about itself (3.2.2.3); the defaults of the standard before.
package struct ServerLimits: Equatable, Sendable {
  package var receiveMaximum: UInt16 = 65_535
  package var maximumQoS = QoS.exactlyOnce
  package var isRetainAvailable = true
  /// Longest packet the server takes, in bytes; nil is no limit.
  package var maximumPacketSize: Int?
  package var topicAliasMaximum: UInt16 = 0
  package var areWildcardsAvailable = true
  package var areSubscriptionIdentifiersAvailable = true
  package var areSharedSubscriptionsAvailable = true

  /// The defaults of the standard.
  package init() {}

  /// What the properties of a CONNACK say.
  init(_ properties: Properties) {
    self.init()
    if let value = properties.number(.receiveMaximum) { receiveMaximum = UInt16(clamping: value) }
    if let value = properties.number(.maximumQoS) {
      maximumQoS = QoS(rawValue: UInt8(clamping: value)) ?? .exactlyOnce
    }
    if properties.number(.retainAvailable) == 0 { isRetainAvailable = false }
    maximumPacketSize = properties.number(.maximumPacketSize).map(Int.init)
    topicAliasMaximum = UInt16(clamping: properties.number(.topicAliasMaximum) ?? 0)
    if properties.number(.wildcardSubscriptionAvailable) == 0 { areWildcardsAvailable = false }
    if properties.number(.subscriptionIdentifierAvailable) == 0 {
      areSubscriptionIdentifiersAvailable = false
    }
    if properties.number(.sharedSubscriptionAvailable) == 0 {
      areSharedSubscriptionsAvailable = false
    }
  }
}
