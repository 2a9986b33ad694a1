// PUBLISH (3.3) as it passes through a broker: a set of offsets into the bytes that were read. To
// decode it costs a few nanoseconds and no heap allocation, which is why the rules stand here as
// reads by index and not as values.
//
// The topic is checked in one pass for UTF-8, U+0000 and wildcards; properties only when there are
// some. The body of the loop over properties is the scan of Properties+Decode.swift.

package import Basis

/// A PUBLISH as offsets into the bytes that held it; valid as long as those bytes stay put.
///
/// All ranges count from the packet's first byte.
@usableFromInline package struct PublishView: Equatable, Sendable {
  @usableFromInline package var qos: QoS
  @usableFromInline package var isRetained: Bool
  @usableFromInline package var isDuplicate: Bool
  /// Zero exactly when `qos` is 0.
  @usableFromInline package var packetIdentifier: UInt16
  /// The topic name, valid UTF-8 without wildcards; empty when a topic alias stands for it.
  @usableFromInline package var topic: Range<Int>
  /// The properties without their length; empty before 5.0.
  @usableFromInline package var properties: Range<Int>
  @usableFromInline package var payload: Range<Int>
  /// Topic Alias (3.3.2.3.4); zero when absent (zero on the wire is an error).
  @usableFromInline package var topicAlias: UInt16
  /// Message Expiry Interval (3.3.2.3.3).
  @usableFromInline package var messageExpiryIntervalSeconds: UInt32?
  /// Whether `properties` holds something that goes on to subscribers unaltered: anything but
  /// Topic Alias, Message Expiry Interval and Subscription Identifier.
  @usableFromInline package var hasForwardedProperties: Bool

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
  @inlinable @inline(__always) package static func decode(
    _ packet: Span<UInt8>, _ header: FixedHeader, version: ProtocolVersion, direction: Direction
  ) throws(DecodeError) -> PublishView {
    try decodePublish(packet, header, version, direction)
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

/// The body of ``PublishView/decode(_:_:version:direction:)``.
///
/// It is no method because a static method's unused `self` makes the compiler put a second function
/// in front of it, which copies the view once more and doubles the time.
@usableFromInline package func decodePublish(
  _ packet: Span<UInt8>, _ header: FixedHeader, _ version: ProtocolVersion, _ direction: Direction
) throws(DecodeError) -> PublishView {
  var reader = PacketReader(packet, header)
  guard let qos = QoS(rawValue: header.flags >> 1 & 0x03) else {
    throw reader.fault(.malformedPacket, "MQTT-3.3.1-4", at: 0, "the QoS is 3")
  }
  let topic = try reader.binary("topic name")
  if let found = UTF8Rules.fault(packet, topic, forbidsWildcards: true) {
    throw reader.textFault(found, "topic name")
  }
  var identifier: UInt16 = 0
  if qos != .atMostOnce {
    identifier = try reader.twoBytes("packet identifier")
    if _slowPath(identifier == 0) { throw reader.zeroIdentifier(direction) }
  }
  var properties = PublishProperties(range: 0..<0)
  if version == .v5 {
    if reader.remaining > 0 && packet[reader.offset] == 0 {
      reader.offset &+= 1
    } else {
      properties = try reader.publishProperties(direction)
    }
  }
  if _slowPath(topic.isEmpty) && properties.topicAlias == 0 {
    throw reader.noTopic(version, at: topic.lowerBound)
  }
  // Made in one go: a value filled field by field would be copied out of the stack.
  return PublishView(
    qos: qos, isRetained: header.flags & 0x01 != 0, isDuplicate: header.flags & 0x08 != 0,
    packetIdentifier: identifier, topic: topic, properties: properties.range,
    payload: reader.offset..<packet.count, topicAlias: properties.topicAlias,
    messageExpiryIntervalSeconds: properties.messageExpiryIntervalSeconds,
    hasForwardedProperties: properties.hasForwarded)
}

/// What a broker must know of the properties of a PUBLISH.
private struct PublishProperties {
  var range: Range<Int>
  var topicAlias: UInt16 = 0
  var messageExpiryIntervalSeconds: UInt32?
  var hasForwarded = false
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
  /// Reads and checks the properties of a PUBLISH that has some.
  @inline(never) fileprivate mutating func publishProperties(
    _ direction: Direction
  ) throws(DecodeError) -> PublishProperties {
    let place: PropertyPlace = direction == .toServer ? .publishToServer : .publishToClient
    end = try propertyEnd()
    var result = PublishProperties(range: offset..<end)
    var seen = PropertySet()
    while remaining > 0 {
      let view = try property(in: place, seen: &seen)
      switch view.identifier.passage {
      case .alias: result.topicAlias = UInt16(view.number)
      case .expiry: result.messageExpiryIntervalSeconds = view.number
      case .subscription: break
      case .forwarded: result.hasForwarded = true
      }
    }
    end = bytes.count
    return result
  }

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
