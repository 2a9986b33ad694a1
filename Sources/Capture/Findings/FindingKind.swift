// The table of all that can be found: a row says how grave it is, what the standard says of it, what
// it means, and what to do about it. The manual page and the findings are read off it.

/// How much a finding matters.
package enum FindingSeverity: Int, Comparable, CaseIterable, Sendable {
  /// Worth knowing; nobody has done wrong for certain.
  case note
  /// Something was refused, lost or risked within what the standard allows.
  case warning
  /// The standard was broken, or a promise of it was not kept.
  case error

  package var name: String { "\(self)" }

  package static func < (left: FindingSeverity, right: FindingSeverity) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// What is known of a kind of finding before anything is found.
package struct FindingRow: Equatable, Sendable {
  /// The name in JSON, which several kinds may share.
  package let name: String
  /// How grave it is; less where the capture leaves open whether it is so at all.
  package let severity: FindingSeverity
  /// The statement or section of the standard, as in `MQTT-4.3.3-4`.
  package let clause: String
  /// A sentence.
  package let meaning: String
  /// What to do about it, a sentence or two.
  package let advice: String

  fileprivate init(
    _ name: String, _ severity: FindingSeverity, _ clause: String, _ meaning: String,
    _ advice: String
  ) {
    self.name = name
    self.severity = severity
    self.clause = clause
    self.meaning = meaning
    self.advice = advice
  }
}

/// What was found.
package enum FindingKind: CaseIterable, Sendable {
  case malformed
  case notUTF8
  case firstIsNotConnect
  case secondConnect
  case afterDisconnect
  case connectionRefused
  case disconnectedWithFailure
  case publishRefused
  case publishOfQoS2Refused
  case subscriptionRefused
  case takenOver
  case notTakenOver
  case reconnectStorm
  case pubackMissing
  case pubrecMissing
  case pubrelMissing
  case pubcompMissing
  case sentAgainAtLeastOnce
  case sentAgainExactlyOnce
  case deliveredTooOften
  case deliveredTooOftenExactlyOnce
  case identifierInUseByClient
  case identifierInUseByServer
  case duplicateFlagLacks
  case duplicateFlagOnNew
  case sentAgainAfterPubrel
  case sentAgainOnConnection
  case wrongAnswerAtLeastOnce
  case wrongAnswerExactlyOnce
  case acknowledgesNothing
  case subackOfWrongLength
  case subackUnasked
  case unsubackUnasked
  case pubrelWithoutPubrec
  case beyondReceiveMaximumOfServer
  case beyondReceiveMaximumOfClient
  case topicAliasBeyondMaximumOfServer
  case topicAliasBeyondMaximumOfClient
  case topicAliasUnknown
  case packetTooLargeForServer
  case packetTooLargeForClient
  case qosUnsupported
  case retainUnsupported
  case silentClient
  case silentClientKept
  case pingrespLate
  case pingrespMissing
  case subackMissing
  case unsubackMissing
  case undelivered
  case undeliveredAtMostOnce
  case notDecrypted

  /// What the table says of it.
  package var row: FindingRow {
    switch self {
    case .malformed:
      FindingRow(
        "malformed", .error, "1.1",
        "A packet that the standard does not allow; the statement it breaks is named.",
        "The sender's library is at fault, or what is read is not MQTT: look at the frame in "
          + "Wireshark.")
    case .notUTF8:
      FindingRow(
        "utf-8", .error, "MQTT-1.5.4-1",
        "Text that is not UTF-8 as the standard wants it.",
        "The sender must encode topics, names and text as UTF-8 without NUL; data belong in "
          + "the payload.")
    case .firstIsNotConnect:
      FindingRow(
        "no-connect", .error, "MQTT-3.1.0-1",
        "A connection that begins with another packet than CONNECT.",
        "The client is at fault, or it spoke to a port of another protocol.")
    case .secondConnect:
      FindingRow(
        "second-connect", .error, "MQTT-3.1.0-2",
        "A second CONNECT on a connection.",
        "The client must close the connection before it connects anew.")
    case .afterDisconnect:
      FindingRow(
        "after-disconnect", .error, "MQTT-3.14.4-1",
        "A packet of a client after its DISCONNECT.",
        "The client is at fault: what it sent after DISCONNECT is lost.")
    case .connectionRefused:
      FindingRow(
        "refused", .warning, "3.2.2.2",
        "A connection that was refused, with the reason.",
        "Look up the reason: most often the password, the client identifier or the version "
          + "is not accepted.")
    case .disconnectedWithFailure:
      FindingRow(
        "refused", .warning, "3.14.2.1",
        "A DISCONNECT that names a failure, of either end.",
        "The reason says what the other end did wrong.")
    case .publishRefused:
      FindingRow(
        "refused", .warning, "3.4.2.1",
        "A message of QoS 1 that was refused, with the reason.",
        "The client has to be given the right to publish there, or must publish elsewhere.")
    case .publishOfQoS2Refused:
      FindingRow(
        "refused", .warning, "3.5.2.1",
        "A message of QoS 2 that was refused, with the reason.",
        "The client has to be given the right to publish there, or must publish elsewhere.")
    case .subscriptionRefused:
      FindingRow(
        "refused", .warning, "3.9.3",
        "A subscription that was refused, with the reason.",
        "The client has to be given the right to subscribe there, or gets nothing.")
    case .takenOver:
      FindingRow(
        "taken-over", .warning, "MQTT-3.1.4-3",
        "A second connection of a client whose first one is open.",
        "Two clients may have the same identifier and throw each other out: give each its own.")
    case .notTakenOver:
      FindingRow(
        "not-taken-over", .error, "MQTT-3.1.4-3",
        "A connection that lives on although its session was taken over.",
        "The server must close the old connection.")
    case .reconnectStorm:
      FindingRow(
        "reconnect-storm", .warning, "3.1",
        "Five or more connections of a client within ten seconds.",
        "Look for two clients with one identifier, a refusal, or a client that does not wait "
          + "before it tries again.")
    case .pubackMissing:
      FindingRow(
        "unacknowledged", .error, "MQTT-4.3.2-4",
        "A message of QoS 1 that never got its PUBACK.",
        "The receiver must acknowledge; the message is sent again with the next connection "
          + "of the session.")
    case .pubrecMissing:
      FindingRow(
        "unacknowledged", .error, "MQTT-4.3.3-8",
        "A message of QoS 2 that never got its PUBREC.",
        "The receiver must answer; the message is sent again with the next connection of the "
          + "session.")
    case .pubrelMissing:
      FindingRow(
        "unacknowledged", .error, "MQTT-4.3.3-4",
        "A message of QoS 2 whose sender never sent PUBREL.",
        "The sender must go on after PUBREC; until then its packet identifier is taken.")
    case .pubcompMissing:
      FindingRow(
        "unacknowledged", .error, "MQTT-4.3.3-11",
        "A message of QoS 2 that never got its PUBCOMP.",
        "The receiver must answer PUBREL; until then the packet identifier is taken.")
    case .sentAgainAtLeastOnce:
      FindingRow(
        "duplicate", .warning, "4.3.2",
        "A message of QoS 1 that came again after it was acknowledged.",
        "QoS 1 allows it; whoever must not act twice needs QoS 2 or a key in the message.")
    case .sentAgainExactlyOnce:
      FindingRow(
        "duplicate", .error, "4.3.3",
        "A message of QoS 2 that came again after its handshake.",
        "The sender lost its session's state: it must keep it, or the message counts twice.")
    case .deliveredTooOften:
      FindingRow(
        "duplicate", .warning, "3.3.4",
        "A message that was delivered more often than it was published.",
        "Overlapping subscriptions may do that; QoS 1 allows it.")
    case .deliveredTooOftenExactlyOnce:
      FindingRow(
        "duplicate", .error, "4.3.3",
        "A message of QoS 2 that was delivered more often than it was published.",
        "The server is at fault: QoS 2 promises once.")
    case .identifierInUseByClient:
      FindingRow(
        "identifier-in-use", .error, "MQTT-2.2.1-3",
        "A packet identifier that a client uses again too early.",
        "The client must wait for PUBACK or PUBCOMP before it uses an identifier again.")
    case .identifierInUseByServer:
      FindingRow(
        "identifier-in-use", .error, "MQTT-2.2.1-4",
        "A packet identifier that the server uses again too early.",
        "The server must wait for PUBACK or PUBCOMP before it uses an identifier again.")
    case .duplicateFlagLacks:
      FindingRow(
        "wrong-dup", .error, "MQTT-3.3.1-1",
        "A message that is sent again without DUP.",
        "The sender must set DUP when it sends a message again.")
    case .duplicateFlagOnNew:
      FindingRow(
        "wrong-dup", .error, "MQTT-3.3.1-3",
        "A new message with DUP.",
        "The sender must set DUP only when it sends a message again.")
    case .sentAgainAfterPubrel:
      FindingRow(
        "resent", .error, "MQTT-4.3.3-6",
        "A message of QoS 2 that is sent again after its PUBREL.",
        "The sender must send PUBREL again and not the message.")
    case .sentAgainOnConnection:
      FindingRow(
        "resent", .error, "MQTT-4.4.0-1",
        "A message that is sent again on the same connection.",
        "Version 5.0 allows that only after a new connection.")
    case .wrongAnswerAtLeastOnce:
      FindingRow(
        "wrong-acknowledgement", .error, "MQTT-4.3.2-4",
        "A message of QoS 1 that is answered by another packet than PUBACK.",
        "The receiver is at fault.")
    case .wrongAnswerExactlyOnce:
      FindingRow(
        "wrong-acknowledgement", .error, "MQTT-4.3.3-8",
        "A message of QoS 2 that is answered by a packet that is not its turn.",
        "The receiver is at fault.")
    case .acknowledgesNothing:
      FindingRow(
        "wrong-acknowledgement", .warning, "4.3",
        "An acknowledgement of nothing that is under way.",
        "One end has lost its session's state, or counts packet identifiers wrongly.")
    case .subackOfWrongLength:
      FindingRow(
        "wrong-acknowledgement", .error, "MQTT-3.8.4-6",
        "A SUBACK that has not one reason code for each filter.",
        "The server is at fault: nobody can tell which subscription was granted.")
    case .subackUnasked:
      FindingRow(
        "wrong-acknowledgement", .warning, "MQTT-3.8.4-2",
        "A SUBACK that answers no SUBSCRIBE.",
        "The server must answer with the packet identifier of the request.")
    case .unsubackUnasked:
      FindingRow(
        "wrong-acknowledgement", .warning, "MQTT-3.10.4-5",
        "An UNSUBACK that answers no UNSUBSCRIBE.",
        "The server must answer with the packet identifier of the request.")
    case .pubrelWithoutPubrec:
      FindingRow(
        "pubrel-without-pubrec", .error, "MQTT-4.3.3-4",
        "A PUBREL without a PUBREC before it.",
        "The sender must wait for PUBREC, or the receiver has lost its state.")
    case .beyondReceiveMaximumOfServer:
      FindingRow(
        "receive-maximum", .error, "MQTT-3.3.4-7",
        "More messages under way than the server allows.",
        "The client must keep to the Receive Maximum of CONNACK.")
    case .beyondReceiveMaximumOfClient:
      FindingRow(
        "receive-maximum", .error, "MQTT-3.3.4-9",
        "More messages under way than the client allows.",
        "The server must keep to the Receive Maximum of CONNECT.")
    case .topicAliasBeyondMaximumOfServer:
      FindingRow(
        "topic-alias", .error, "MQTT-3.3.2-9",
        "A topic alias of a client beyond the server's maximum.",
        "The client must keep to the Topic Alias Maximum of CONNACK.")
    case .topicAliasBeyondMaximumOfClient:
      FindingRow(
        "topic-alias", .error, "MQTT-3.3.2-11",
        "A topic alias of the server beyond the client's maximum.",
        "The server must keep to the Topic Alias Maximum of CONNECT.")
    case .topicAliasUnknown:
      FindingRow(
        "topic-alias", .error, "3.3.2.3.4",
        "A topic alias that was never given a topic.",
        "The sender must name the topic once on each connection.")
    case .packetTooLargeForServer:
      FindingRow(
        "packet-size", .error, "MQTT-3.2.2-15",
        "A packet larger than the server allows.",
        "The client must keep to the Maximum Packet Size of CONNACK.")
    case .packetTooLargeForClient:
      FindingRow(
        "packet-size", .error, "MQTT-3.1.2-24",
        "A packet larger than the client allows.",
        "The server must keep to the Maximum Packet Size of CONNECT.")
    case .qosUnsupported:
      FindingRow(
        "unsupported", .error, "MQTT-3.2.2-11",
        "A message above the Maximum QoS of the server.",
        "The client must publish at the Maximum QoS of CONNACK or below.")
    case .retainUnsupported:
      FindingRow(
        "unsupported", .error, "MQTT-3.2.2-14",
        "A retained message to a server that retains none.",
        "The client must look at Retain Available in CONNACK.")
    case .silentClient:
      FindingRow(
        "keep-alive", .warning, "MQTT-3.1.2-20",
        "A client that was silent for longer than its keep alive.",
        "The client must send PINGREQ in time; it runs late, or the network holds its packets.")
    case .silentClientKept:
      FindingRow(
        "keep-alive", .error, "MQTT-3.1.2-22",
        "A client that was silent for half as long again as its keep alive, and was not "
          + "disconnected.",
        "The server must close such a connection: nobody hears of the client's end otherwise.")
    case .pingrespLate:
      FindingRow(
        "pingresp", .warning, "MQTT-3.12.4-1",
        "A PINGRESP that comes more than five seconds after its PINGREQ.",
        "The server or the network is overloaded.")
    case .pingrespMissing:
      FindingRow(
        "pingresp", .error, "MQTT-3.12.4-1",
        "A PINGREQ that was never answered.",
        "The server hangs, or the network loses packets.")
    case .subackMissing:
      FindingRow(
        "no-suback", .error, "MQTT-3.8.4-1",
        "A subscription that never got its SUBACK.",
        "The server hangs or has dropped the request; the client cannot know what it gets.")
    case .unsubackMissing:
      FindingRow(
        "no-unsuback", .error, "MQTT-3.10.4-4",
        "An UNSUBSCRIBE that never got its UNSUBACK.",
        "The server hangs or has dropped the request.")
    case .undelivered:
      FindingRow(
        "undelivered", .error, "4.5",
        "A message of QoS 1 or 2 that a connected subscriber should have got and never did.",
        "Look at the rights of the subscriber and the limits of the server's queues.")
    case .undeliveredAtMostOnce:
      FindingRow(
        "undelivered", .warning, "4.3.1",
        "A message of QoS 0 that a connected subscriber should have got and never did.",
        "QoS 0 allows it: the server drops them when a client reads too slowly.")
    case .notDecrypted:
      FindingRow(
        "not-decrypted", .note, "5.4.5",
        "TLS with MQTT in it, to all appearances, that stays hidden.",
        "Give the session's secrets with --keylog, which SSLKEYLOGFILE of a client writes.")
    }
  }
}
