// Which packets are asked for. Everything that is given must hold.

package import MQTTCodec

/// A point of time in a capture.
package enum CaptureTime: Equatable, Sendable {
  /// Nanoseconds since the first frame.
  case elapsed(Int64)
  /// Nanoseconds since 1970.
  case unix(Int64)

  /// Whether a frame comes before this point; frames without a time never do.
  func isAfter(_ stamp: FrameStamp) -> Bool {
    guard let time = stamp.timeNanoseconds else { return false }
    return switch self {
    case .elapsed(let nanoseconds): stamp.elapsedNanoseconds < nanoseconds
    case .unix(let nanoseconds): time < nanoseconds
    }
  }
}

/// What was asked for.
package struct PacketSelection: Equatable, Sendable {
  /// Only packets of these clients; empty is all.
  package var clients: [String] = []
  /// Only messages whose topics match one of these filters, and subscriptions to them.
  package var topics: [String] = []
  /// Only packets of these types; empty is all.
  package var types: [PacketType] = []
  /// Only this connection, counted from 0.
  package var stream: Int?
  package var since: CaptureTime?
  package var until: CaptureTime?
  /// Only packets of which this is true.
  package var condition: Expression?

  /// Everything.
  package init() {}

  /// Whether nothing is left out.
  package var isEverything: Bool { self == PacketSelection() }

  /// Whether a packet is one of those that were asked for.
  package func selects(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts
  ) -> Bool {
    if !selects(packet.stamp, connection) { return false }
    if !types.isEmpty {
      guard let type = packet.header?.type, types.contains(type) else { return false }
    }
    if !topics.isEmpty, !isAbout(packet, bytes) { return false }
    guard let condition else { return true }
    return condition.holds(for: PacketSubject(packet, bytes, connection))
  }

  /// Whether an event of a connection belongs to what was asked for.
  package func selectsEvent(_ stamp: FrameStamp, _ connection: ConnectionFacts) -> Bool {
    types.isEmpty && topics.isEmpty && condition == nil && selects(stamp, connection)
  }

  /// Whether a finding belongs to what was asked for.
  package func selects(_ finding: Finding) -> Bool {
    if let stream, stream != finding.stream { return false }
    return clients.isEmpty || clients.contains(finding.client)
  }

  private func selects(_ stamp: FrameStamp, _ connection: ConnectionFacts) -> Bool {
    if let stream, stream != connection.number { return false }
    if let since, since.isAfter(stamp) { return false }
    if let until, !until.isAfter(stamp) { return false }
    if clients.isEmpty { return true }
    guard let client = connection.clientIdentifier else { return false }
    return clients.contains(client)
  }

  private func isAbout(_ packet: CapturedPacket, _ bytes: Span<UInt8>) -> Bool {
    switch packet.content {
    case .publish(let view):
      if let alias = packet.aliasedTopic { return matches(alias.utf8.span) }
      return matches(bytes.extracting(view.topic))
    case .packet(.subscribe(let subscribe)):
      return subscribe.subscriptions.contains { isAsked($0.filter) }
    case .packet(.unsubscribe(let unsubscribe)):
      return unsubscribe.filters.contains { isAsked($0) }
    case .packet, .malformed, .incomplete: return false
    }
  }

  private func matches(_ name: Span<UInt8>) -> Bool {
    for topic in topics where Topic.matches(filter: topic.utf8.span, name: name) { return true }
    return false
  }

  /// Whether a subscription is to one of the filters, or to something that one of them matches.
  private func isAsked(_ filter: String) -> Bool {
    let plain = Topic.shared(filter)?.filter ?? filter
    return topics.contains(plain) || matches(plain.utf8.span)
  }
}
