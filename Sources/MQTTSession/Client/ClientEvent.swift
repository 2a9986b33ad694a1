// The words in which a client session speaks to its owner: what happened, how a connection ended,
// what was wrong.

package import MQTTCodec

/// Something the owner of a ``ClientSession`` should know.
package enum ClientEvent: Equatable, Sendable {
  /// The server let us in. `isSessionPresent` says that subscriptions still stand.
  case connected(Connack)
  /// One step of an enhanced authentication (4.12); answer with ``ClientSession/authenticate``.
  case authentication(Auth)
  /// A message; its bytes can be read until the next call of ``ClientSession/nextEvent(now:)``.
  case message(PublishView)
  /// The handshake of a QoS 1 or 2 message is over; `token` is the owner's number for it.
  case published(token: UInt64, Acknowledgement)
  /// The answer to the SUBSCRIBE with that identifier.
  case subscribed(Suback)
  /// The answer to the UNSUBSCRIBE with that identifier; before 5.0 without reason codes.
  case unsubscribed(Unsuback)
  /// A PINGRESP.
  case pingAnswered
  /// The connection is over; close it once the output is sent.
  case ended(ClientEnding)
}

/// Why a connection of a client is over.
package enum ClientEnding: Equatable, Sendable {
  /// We disconnected.
  case disconnectedHere
  /// CONNACK with a reason why not.
  case refused(Connack)
  /// The server does not speak 5.0; the next connection will be tried with 3.1.1.
  case olderVersionWanted
  /// The server said DISCONNECT (5.0 only).
  case disconnectedByServer(Disconnect)
  /// The server sent what the standard forbids.
  case fault(SessionFault)
  /// No CONNACK came in time.
  case connackTimeout
  /// Neither PINGRESP nor anything else came in time (3.1.2.10).
  case pingTimeout
  /// The transport is gone without a word of the server.
  case connectionLost
}

extension ClientEnding {
  /// Whether a client that was connected before should connect again: the network or the server
  /// had a bad moment, and nothing that the client says or is was turned down.
  package var isWorthRetrying: Bool {
    switch self {
    case .connectionLost, .connackTimeout, .pingTimeout: true
    case .olderVersionWanted, .disconnectedHere, .fault: false
    case .refused(let connack): connack.reasonCode.isPassing
    case .disconnectedByServer(let disconnect): disconnect.reasonCode.isPassing
    }
  }
}

extension ReasonCode {
  /// Whether the same request may be granted a little later.
  fileprivate var isPassing: Bool {
    let passing: [ReasonCode] = [
      .unspecifiedError, .serverUnavailable, .serverBusy, .serverShuttingDown, .keepAliveTimeout,
      .messageRateTooHigh, .quotaExceeded, .connectionRateExceeded, .maximumConnectTime,
      .normalDisconnection, .implementationSpecificError,
    ]
    return passing.contains(self)
  }
}

/// What the server did against the standard.
package struct SessionFault: Error, Equatable, Sendable {
  /// What a DISCONNECT should carry.
  package var reasonCode: ReasonCode
  /// The broken statement, as in `MQTT-3.2.0-2`, or the section where it has no number.
  package var statement: String
  /// What was found and what was expected, in words, without a full stop.
  package var explanation: String

  /// Joins the parts.
  package init(_ reasonCode: ReasonCode, _ statement: String, _ explanation: String) {
    self.reasonCode = reasonCode
    self.statement = statement
    self.explanation = explanation
  }

  /// The same fault in the words of the codec.
  init(_ error: DecodeError) {
    let place = "\(error.packetType?.name ?? "packet") byte \(error.offset): "
    self.init(error.reasonCode, error.statement, place + error.explanation)
  }
}

extension SessionFault: CustomStringConvertible {
  /// One line: `a second CONNACK on one connection [MQTT-3.2.0-2]`.
  package var description: String { "\(explanation) [\(statement)]" }
}

/// What we may not ask of this server; nothing was sent.
package struct RequestFault: Error, Equatable, Sendable {
  /// What the server would have answered.
  package var reasonCode: ReasonCode
  /// The statement that would be broken.
  package var statement: String
  /// What was wanted and why it cannot be, in words, without a full stop.
  package var explanation: String

  /// Joins the parts.
  package init(_ reasonCode: ReasonCode, _ statement: String, _ explanation: String) {
    self.reasonCode = reasonCode
    self.statement = statement
    self.explanation = explanation
  }
}

extension RequestFault: CustomStringConvertible {
  /// One line with the statement in brackets.
  package var description: String { "\(explanation) [\(statement)]" }
}

/// One packet as it was sent or received, for an owner that shows them.
package struct PacketTrace: Equatable, Sendable {
  /// To the server: sent; to the client: received.
  package var direction: Direction
  package var packet: Packet
  /// Bytes of the packet, fixed header included.
  package var size: Int
}
