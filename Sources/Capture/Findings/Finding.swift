// What a capture shows to be wrong or worth knowing: one finding, with everything that is needed to
// look it up in the capture and in the standard.

import Text

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

/// What was found; the raw value names it in JSON.
package enum FindingKind: String, CaseIterable, Sendable {
  case malformed
  case utf8 = "utf-8"
  case noConnect = "no-connect"
  case secondConnect = "second-connect"
  case afterDisconnect = "after-disconnect"
  case refused
  case takenOver = "taken-over"
  case notTakenOver = "not-taken-over"
  case reconnectStorm = "reconnect-storm"
  case unacknowledged
  case duplicate
  case identifierInUse = "identifier-in-use"
  case wrongDuplicateFlag = "wrong-dup"
  case resent
  case wrongAcknowledgement = "wrong-acknowledgement"
  case pubrelWithoutPubrec = "pubrel-without-pubrec"
  case receiveMaximum = "receive-maximum"
  case topicAlias = "topic-alias"
  case packetSize = "packet-size"
  case unsupported
  case keepAlive = "keep-alive"
  case pingresp
  case noSuback = "no-suback"
  case noUnsuback = "no-unsuback"
  case undelivered
  case notDecrypted = "not-decrypted"
}

/// One finding.
package struct Finding: Equatable, Sendable {
  package var severity: FindingSeverity
  package var kind: FindingKind
  /// The frames that show it, the earliest first.
  package var frames: [Int]
  /// Unix time of the frame that gave rise to it; nil when the capture has none.
  package var timeNanoseconds: Int64?
  /// The client identifier, or its address where that is not known.
  package var client: String
  /// The TCP connection.
  package var stream: Int
  /// The statement or section of the standard, as in `MQTT-4.3.3-4`.
  package var clause: String
  /// What was found, without a full stop.
  package var text: String
}

extension Finding: CustomStringConvertible {
  /// `error frames 3, 9 sensor-1: PUBLISH id 1 ... [MQTT-4.3.2-2]`.
  package var description: String {
    let list = frames.map(String.init).joined(separator: ", ")
    let place = frames.count == 1 ? "frame \(list)" : "frames \(list)"
    return "\(severity.name) \(place) \(client): \(text) [\(clause)]".onOneLine
  }
}

/// What a packet answers, and how long that took.
package struct Pairing: Equatable, Sendable {
  /// The frame of the packet that is answered, or of the PUBLISH by which a message came in.
  package var frame: Int
  /// The time between the two; nil when the capture has no times.
  package var latencyNanoseconds: Int64?
}
