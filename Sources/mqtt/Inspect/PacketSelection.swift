// Which packets are shown.

import Capture
import Commands
import MQTTCodec

extension InspectOptions {
  /// Whether a packet is one of those that were asked for.
  func selects(_ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts)
    -> Bool
  {
    if let stream, stream != connection.number { return false }
    if !types.isEmpty {
      guard let type = packet.header?.type, types.contains(type) else { return false }
    }
    if !clients.isEmpty {
      guard let client = connection.clientIdentifier, clients.contains(client) else { return false }
    }
    return topics.isEmpty || isAbout(packet, bytes)
  }

  private func isAbout(_ packet: CapturedPacket, _ bytes: Span<UInt8>) -> Bool {
    switch packet.content {
    case .publish(let view):
      if let alias = packet.aliasedTopic { return matches(alias.utf8.span) }
      return matches(bytes.extracting(view.topic))
    case .packet(.subscribe(let subscribe)):
      return subscribe.subscriptions.contains { topics.contains($0.filter) }
    case .packet(.unsubscribe(let unsubscribe)):
      return unsubscribe.filters.contains { topics.contains($0) }
    case .packet, .malformed, .incomplete: return false
    }
  }

  private func matches(_ name: Span<UInt8>) -> Bool {
    for topic in topics where Topic.matches(filter: topic.utf8.span, name: name) { return true }
    return false
  }
}
