// CONNECT (3.1): the client asks to be let in, and says who it is and what it wants.

/// A message that the server publishes for a client that is gone (3.1.2.5).
package struct Will: Equatable, Sendable {
  package var topic: String
  package var payload: [UInt8]
  package var qos: QoS
  package var isRetained: Bool
  /// Will properties (3.1.3.2); empty before 5.0.
  package var properties: Properties

  /// A will without properties unless they are given.
  package init(
    topic: String, payload: [UInt8], qos: QoS = .atMostOnce, isRetained: Bool = false,
    properties: Properties = Properties()
  ) {
    self.topic = topic
    self.payload = payload
    self.qos = qos
    self.isRetained = isRetained
    self.properties = properties
  }
}

/// The CONNECT packet (3.1).
package struct Connect: Equatable, Sendable {
  package var version: ProtocolVersion
  /// The high bit of the protocol level, by which mosquitto's bridges say that they are bridges.
  package var isBridge: Bool
  /// Clean Start of 5.0, Clean Session before (3.1.2.4).
  package var cleanStart: Bool
  /// Zero switches keep alive off (3.1.2.10).
  package var keepAliveSeconds: UInt16
  package var clientIdentifier: String
  package var will: Will?
  package var userName: String?
  package var password: [UInt8]?
  package var properties: Properties

  /// A CONNECT with the defaults of the standard.
  package init(
    version: ProtocolVersion, clientIdentifier: String, cleanStart: Bool = true,
    keepAliveSeconds: UInt16 = 60, will: Will? = nil, userName: String? = nil,
    password: [UInt8]? = nil, properties: Properties = Properties(), isBridge: Bool = false
  ) {
    self.version = version
    self.clientIdentifier = clientIdentifier
    self.cleanStart = cleanStart
    self.keepAliveSeconds = keepAliveSeconds
    self.will = will
    self.userName = userName
    self.password = password
    self.properties = properties
    self.isBridge = isBridge
  }
}
