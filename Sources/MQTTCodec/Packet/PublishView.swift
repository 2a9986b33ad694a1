// PUBLISH (3.3) as it passes through a broker: a set of offsets into the bytes that were read. To
// decode it costs a few nanoseconds and no heap allocation, which is why the rules stand here as
// reads by index and not as values.
//
// The topic is checked in one pass for UTF-8, U+0000 and wildcards; properties only when there are
// some. The body of the loop over properties is the scan of Properties+Decode.swift.

/// A PUBLISH as offsets into the bytes that held it; valid as long as those bytes stay put.
///
/// All ranges count from the packet's first byte.
package struct PublishView: Equatable, Sendable {
  package var qos: QoS
  package var isRetained: Bool
  package var isDuplicate: Bool
  /// Zero exactly when `qos` is 0.
  package var packetIdentifier: UInt16
  /// The topic name, valid UTF-8 without wildcards; empty when a topic alias stands for it.
  package var topic: Range<Int>
  /// The properties without their length; empty before 5.0.
  package var properties: Range<Int>
  package var payload: Range<Int>
  /// Topic Alias (3.3.2.3.4); zero when absent (zero on the wire is an error).
  package var topicAlias: UInt16
  /// Message Expiry Interval (3.3.2.3.3).
  package var messageExpiryIntervalSeconds: UInt32?
  /// Whether `properties` holds something that goes on to subscribers unaltered: anything but
  /// Topic Alias, Message Expiry Interval and Subscription Identifier.
  package var hasForwardedProperties: Bool

  /// Joins the parts.
  @inlinable package init(
    qos: QoS, isRetained: Bool, isDuplicate: Bool, packetIdentifier: UInt16, topic: Range<Int>,
    properties: Range<Int>, payload: Range<Int>, topicAlias: UInt16,
    messageExpiryIntervalSeconds: UInt32?, hasForwardedProperties: Bool
  ) {
    self.qos = qos
    self.isRetained = isRetained
    self.isDuplicate = isDuplicate
    self.packetIdentifier = packetIdentifier
    self.topic = topic
    self.properties = properties
    self.payload = payload
    self.topicAlias = topicAlias
    self.messageExpiryIntervalSeconds = messageExpiryIntervalSeconds
    self.hasForwardedProperties = hasForwardedProperties
  }
}

extension PublishView {
  /// Decodes and validates a PUBLISH without allocating.
  ///
  /// - Throws: as ``Packet/decode(_:_:version:direction:)`` (3.3).
  package static func decode(
    _ packet: Span<UInt8>, _ header: FixedHeader, version: ProtocolVersion, direction: Direction
  ) throws(DecodeError) -> PublishView {
    var reader = PacketReader(packet, header)
    guard let qos = QoS(rawValue: header.flags >> 1 & 0x03) else {
      throw reader.fault(.malformedPacket, "MQTT-3.3.1-4", at: 0, "the QoS is 3")
    }
    let topic = try reader.binary("topic name")
    if let found = UTF8Rules.fault(packet, topic, forbidsWildcards: true) {
      throw reader.textFault(found, "topic name")
    }
    var view = PublishView(
      qos: qos, isRetained: header.flags & 0x01 != 0, isDuplicate: header.flags & 0x08 != 0,
      packetIdentifier: 0, topic: topic, properties: 0..<0, payload: 0..<0, topicAlias: 0,
      messageExpiryIntervalSeconds: nil, hasForwardedProperties: false)
    if qos != .atMostOnce {
      view.packetIdentifier = try reader.twoBytes("packet identifier")
      if view.packetIdentifier == 0 { throw reader.zeroIdentifier(direction) }
    }
    if version == .v5 { try view.readProperties(&reader, direction) }
    if topic.isEmpty && view.topicAlias == 0 { throw reader.noTopic(version, at: topic.lowerBound) }
    view.payload = reader.offset..<packet.count
    return view
  }

  @inline(__always) private mutating func readProperties(
    _ reader: inout PacketReader, _ direction: Direction
  ) throws(DecodeError) {
    if reader.remaining > 0 && reader.bytes[reader.offset] == 0 {
      reader.offset += 1
      return
    }
    try readSomeProperties(&reader, direction)
  }

  @inline(never) private mutating func readSomeProperties(
    _ reader: inout PacketReader, _ direction: Direction
  ) throws(DecodeError) {
    let place: PropertyPlace = direction == .toServer ? .publishToServer : .publishToClient
    reader.end = try reader.propertyEnd()
    properties = reader.offset..<reader.end
    var seen = PropertySet()
    while reader.remaining > 0 {
      let property = try reader.property(in: place, seen: &seen)
      switch property.identifier.passage {
      case .alias: topicAlias = UInt16(property.number)
      case .expiry: messageExpiryIntervalSeconds = property.number
      case .subscription: break
      case .forwarded: hasForwardedProperties = true
      }
    }
    reader.end = reader.bytes.count
  }

  /// Appends the properties of this PUBLISH that go on to subscribers: all but Topic Alias, Message
  /// Expiry Interval and Subscription Identifier, their bytes and their order unaltered.
  /// [MQTT-3.3.2-17] [MQTT-3.3.2-18]
  ///
  /// `packet` is what the view was decoded from.
  package func appendForwardedProperties(
    from packet: Span<UInt8>, into buffer: inout ByteBuffer
  ) {
    var reader = PacketReader(properties: properties, of: packet)
    var seen = PropertySet()
    while reader.remaining > 0 {
      let start = reader.offset
      guard let property = try? reader.property(in: .publishToClient, seen: &seen) else {
        preconditionFailure("not the packet that the view was decoded from")
      }
      if case .forwarded = property.identifier.passage {
        buffer.append(packet.extracting(start..<reader.offset))
      }
    }
  }
}

/// What becomes of a property of a PUBLISH on its way through a broker.
private enum PropertyPassage {
  case alias, expiry, subscription, forwarded
}

extension PropertyIdentifier {
  fileprivate var passage: PropertyPassage {
    if self == .topicAlias { return .alias }
    if self == .messageExpiryInterval { return .expiry }
    return self == .subscriptionIdentifier ? .subscription : .forwarded
  }
}

extension PacketReader {
  @inline(never) fileprivate func zeroIdentifier(_ direction: Direction) -> DecodeError {
    fault(
      .protocolError, direction == .toServer ? "MQTT-2.2.1-3" : "MQTT-2.2.1-4", at: offset - 2,
      "the packet identifier is zero")
  }

  @inline(never) fileprivate func noTopic(
    _ version: ProtocolVersion, at start: Int
  ) -> DecodeError {
    version == .v5
      ? fault(
        .protocolError, "3.3.2.1", at: start, "the topic name is empty and there is no Topic Alias")
      : fault(.malformedPacket, "MQTT-4.7.3-1", at: start, "the topic name is empty")
  }
}
