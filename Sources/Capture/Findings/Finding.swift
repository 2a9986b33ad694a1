// What a capture shows to be wrong or worth knowing: one finding, with everything that is needed to
// look it up in the capture and in the standard.

import Text

/// What shows a finding, and whom it is about.
struct Evidence {
  /// The frames that show it.
  var frames: [Int]
  /// Unix time of the frame that gave rise to it.
  var timeNanoseconds: Int64
  var client: String
  var stream: Int
}

/// One finding.
package struct Finding: Equatable, Sendable {
  package var kind: FindingKind
  /// The row's, or less where the capture leaves open whether it is so.
  package var severity: FindingSeverity
  /// The frames that show it, the earliest first.
  package var frames: [Int]
  /// Unix time of the frame that gave rise to it; nil when the capture has none.
  package var timeNanoseconds: Int64?
  /// The client identifier, or its address where that is not known.
  package var client: String
  /// The TCP connection.
  package var stream: Int
  /// The statement or section of the standard: the row's, or the one that a malformed packet breaks.
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
