// Which messages a broker has still not answered: where one connection after the other is lost, the
// largest of them is the first that comes to mind.

import Basis
import MQTTCodec

/// A message on its way to the broker, as far as it helps to recognise it.
package struct UnpublishedMessage: Equatable, Sendable {
  package var topic: String
  package var packetSize: Int
  /// Messages on their way besides it.
  package var otherCount: Int
}

extension ClientSession {
  /// QoS 0 messages of this connection, or of the last one, of which nothing shows that the server
  /// has read them: a PINGRESP shows it of all that were sent before its PINGREQ.
  package var unconfirmedCount: Int { unansweredSent - unansweredRead }

  /// The largest message whose handshake is open; nil when there is none.
  package var largestUnpublished: UnpublishedMessage? {
    let open = sender.unfinished.map { Slot($0.message) } + backlog[backlogStart...]
    var largest: (index: Slot<StoredMessage>, size: Int)?
    for index in open where stored[index].packet.count > largest?.size ?? -1 {
      largest = (index, stored[index].packet.count)
    }
    guard let largest else { return nil }
    return UnpublishedMessage(
      topic: topic(of: largest.index), packetSize: largest.size, otherCount: open.count - 1)
  }

  /// The topic stands between the fixed header with its own length, and the packet identifier.
  private func topic(of index: Slot<StoredMessage>) -> String {
    let packet = stored[index].packet.span
    guard let header = try? FixedHeader.read(packet, at: 0, packetSizeLimit: .max)
    else { return "" }
    let start = header.headerLength + 2
    let bytes = packet.extracting(start..<stored[index].identifierOffset)
    return String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
  }
}
