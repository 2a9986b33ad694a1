// A client session's state as it stands in a row: short, and readable for the one who looks at the
// database. Identifiers that follow each other are written as a range, `5-104 110`; an open
// handshake is its identifier and the number of its message, `17:1234`, with a plus sign once
// PUBREC has come.

package import MQTTCodec
package import MQTTSession

/// The two columns of a session's state.
package enum SessionText {
  /// Identifiers, rising, as ranges.
  package static func text(received: [PacketIdentifier]) -> String {
    var text = ""
    var index = 0
    while index < received.count {
      let first = received[index].rawValue
      var last = first
      while index + 1 < received.count, received[index + 1].rawValue == last + 1 {
        index += 1
        last += 1
      }
      if !text.isEmpty { text += " " }
      text += first == last ? "\(first)" : "\(first)-\(last)"
      index += 1
    }
    return text
  }

  /// Open handshakes, the oldest first.
  package static func text(handshakes: [ClientSessionState.Handshake]) -> String {
    var text = ""
    for handshake in handshakes {
      if !text.isEmpty { text += " " }
      text += "\(handshake.packetIdentifier.rawValue):\(handshake.token)"
      if handshake.isReleased { text += "+" }
    }
    return text
  }

  /// What the columns say; nil when somebody else has written them.
  package static func state(received: String, handshakes: String) -> ClientSessionState? {
    var state = ClientSessionState()
    for word in received.split(separator: " ") {
      let ends = word.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
      guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
        first > 0, first <= last
      else { return nil }
      state.received += (first...last).compactMap { PacketIdentifier(rawValue: $0) }
    }
    for word in handshakes.split(separator: " ") {
      let isReleased = word.hasSuffix("+")
      let parts = word.dropLast(isReleased ? 1 : 0).split(separator: ":")
      guard parts.count == 2, let raw = UInt16(parts[0]), let token = UInt64(parts[1]),
        let identifier = PacketIdentifier(rawValue: raw)
      else { return nil }
      state.handshakes.append(
        ClientSessionState.Handshake(identifier, token: token, isReleased: isReleased))
    }
    return state
  }
}
