// What the clients of one listener are promised and held to, beside what holds for everyone. Who
// may come in at all is another matter; this is about how they speak once they are in.

package import MQTTCodec

/// The terms of one listener.
package struct ListenerTerms: Equatable, Sendable {
  /// What it is known by when the server is started again, such as "0.0.0.0:1883"; empty when it has
  /// gone, or nobody asks for it.
  package var name = ""
  /// Live connections through this listener; nil is no bound of its own.
  package var connectionLimit: Int?
  /// Highest QoS that is taken and granted.
  package var maximumQoS = QoS.exactlyOnce
  /// Topic aliases that a v5 client may make towards us.
  package var topicAliasMaximum: UInt16 = 10
  /// Topic aliases that we make towards a v5 client that allows them.
  package var outgoingTopicAliasMaximum: UInt16 = 10
  /// What stands in front of every topic of these clients without their seeing it.
  ///
  /// It is part of the topic for everyone else, for access rules, and for what is stored.
  package var mountPoint = ""
  /// The protocol versions that are let in.
  package var versions: [ProtocolVersion] = [.v31, .v311, .v5]
  /// Whether a client may leave its identifier empty.
  package var allowsEmptyClientIdentifier = true
  /// What assigned client identifiers begin with.
  package var assignedIdentifierPrefix = "auto-"

  /// The defaults.
  package init() {}
}
