// What the engine counts. The numbers are what `$SYS/broker/...` shows, and what a limit that was
// reached leaves behind.

/// Counters since the start.
package struct Counters: Sendable {
  package var bytesReceived: UInt64 = 0
  package var bytesSent: UInt64 = 0
  /// Packets of every type.
  package var messagesReceived: UInt64 = 0
  package var messagesSent: UInt64 = 0
  package var publishReceived: UInt64 = 0
  package var publishSent: UInt64 = 0
  package var publishBytesReceived: UInt64 = 0
  package var publishBytesSent: UInt64 = 0
  /// Deliveries that were dropped, for whatever reason below.
  package var publishDropped: UInt64 = 0
  package var connectionsOpened: UInt64 = 0
  package var connectionsRefused: UInt64 = 0
  /// Connections closed because too many sent no CONNECT.
  package var unidentifiedEvicted: UInt64 = 0
  /// Publications, deliveries and subscriptions that the access lists denied.
  package var accessDenied: UInt64 = 0
  /// Clients that did not get in for who they are or said they were.
  package var loginsRefused: UInt64 = 0
  /// QoS 0 messages for a connection whose outbox was full.
  package var droppedOutboxFull: UInt64 = 0
  /// Connections closed because they asked and never read the answers.
  package var closedOutboxFull: UInt64 = 0
  /// Messages for a session whose queue was full.
  package var droppedQueueFull: UInt64 = 0
  /// Messages longer than the client's Maximum Packet Size.
  package var droppedTooLarge: UInt64 = 0
  /// Requests refused because the store had failed.
  package var storeRefused: UInt64 = 0
  /// Retained messages refused for want of room.
  package var retainedRefused: UInt64 = 0
  /// Subscriptions refused for want of room.
  package var subscriptionsRefused: UInt64 = 0
  /// Sessions refused for want of room.
  package var sessionsRefused: UInt64 = 0
  /// Sessions that ended because their time was over.
  package var sessionsExpired: UInt64 = 0
  /// Messages whose expiry interval was over before they could be sent.
  package var messagesExpired: UInt64 = 0
  /// Connections closed for a fault of the peer.
  package var protocolErrors: UInt64 = 0
  package var connectedClients = 0
  package var clientsMaximum = 0

  package init() {}
}
