// PUBLISH (3.3) as a broker sends it: encoded once, then copied to every subscriber that gets it in
// the same form, with only the packet identifier patched. The size is known before the first byte
// is written, so a form costs one reservation.

/// The outgoing PUBLISH as bytes.
package struct PublishForm {
  /// The flags of the first byte (3.3.1).
  static func flags(qos: QoS, isRetained: Bool, isDuplicate: Bool) -> UInt8 {
    (isDuplicate ? 0x08 : 0) | qos.rawValue << 1 | (isRetained ? 0x01 : 0)
  }

  /// Bytes of the properties without their length; zero before 5.0.
  private static func propertySize(
    _ version: ProtocolVersion, _ topicAlias: UInt16, _ messageExpiryIntervalSeconds: UInt32?,
    _ subscriptionIdentifiers: [UInt32], _ forwardedCount: Int
  ) -> Int {
    if version != .v5 { return 0 }
    var size = forwardedCount
    if topicAlias != 0 { size += 3 }
    if messageExpiryIntervalSeconds != nil { size += 5 }
    for identifier in subscriptionIdentifiers {
      size += 1 + VariableByteInteger.size(Int(identifier))
    }
    return size
  }

  private static func remainingLength(
    _ version: ProtocolVersion, _ qos: QoS, topicCount: Int, propertySize: Int, payloadCount: Int
  ) -> Int {
    var size = 2 + topicCount + payloadCount
    if qos != .atMostOnce { size += 2 }
    if version == .v5 { size += VariableByteInteger.size(propertySize) + propertySize }
    return size
  }

  /// Bytes that `encode` appends for the same arguments, fixed header included.
  package static func encodedSize(
    version: ProtocolVersion, qos: QoS, topic: Span<UInt8>, topicAlias: UInt16,
    messageExpiryIntervalSeconds: UInt32?, subscriptionIdentifiers: [UInt32],
    forwardedProperties: Span<UInt8>, payload: Span<UInt8>
  ) -> Int {
    let properties = propertySize(
      version, topicAlias, messageExpiryIntervalSeconds, subscriptionIdentifiers,
      forwardedProperties.count)
    let length = remainingLength(
      version, qos, topicCount: topic.count, propertySize: properties, payloadCount: payload.count)
    return 1 + VariableByteInteger.size(length) + length
  }

  /// Appends a PUBLISH.
  ///
  /// `forwardedProperties` are encoded properties without Topic Alias, Message Expiry Interval and
  /// Subscription Identifier; `topicAlias` zero is none. All properties are ignored before 5.0, and
  /// `packetIdentifier` is ignored at QoS 0. The topic has at most 65,535 bytes and the packet at
  /// most ``VariableByteInteger/maximum`` after its fixed header.
  ///
  /// - Returns: the offset of the packet identifier from the packet's first byte; 0 at QoS 0.
  @discardableResult
  package static func encode(
    into buffer: inout ByteBuffer, version: ProtocolVersion, qos: QoS, isRetained: Bool,
    isDuplicate: Bool, packetIdentifier: UInt16, topic: Span<UInt8>, topicAlias: UInt16,
    messageExpiryIntervalSeconds: UInt32?, subscriptionIdentifiers: [UInt32],
    forwardedProperties: Span<UInt8>, payload: Span<UInt8>
  ) -> Int {
    let properties = propertySize(
      version, topicAlias, messageExpiryIntervalSeconds, subscriptionIdentifiers,
      forwardedProperties.count)
    let length = remainingLength(
      version, qos, topicCount: topic.count, propertySize: properties, payloadCount: payload.count)
    let headerLength = 1 + VariableByteInteger.size(length)
    buffer.reserve(headerLength + length)
    let start = buffer.count
    buffer.append(
      PacketType.publish.rawValue << 4
        | flags(qos: qos, isRetained: isRetained, isDuplicate: isDuplicate))
    buffer.append(variableByteInteger: length)
    buffer.append(bigEndian: UInt16(topic.count))
    buffer.append(topic)
    var identifierOffset = 0
    if qos != .atMostOnce {
      identifierOffset = buffer.count - start
      buffer.append(bigEndian: packetIdentifier)
    }
    if version == .v5 {
      buffer.append(variableByteInteger: properties)
      if topicAlias != 0 {
        buffer.append(PropertyIdentifier.topicAlias.rawValue)
        buffer.append(bigEndian: topicAlias)
      }
      if let messageExpiryIntervalSeconds {
        buffer.append(PropertyIdentifier.messageExpiryInterval.rawValue)
        buffer.append(bigEndian: messageExpiryIntervalSeconds)
      }
      for identifier in subscriptionIdentifiers {
        buffer.append(PropertyIdentifier.subscriptionIdentifier.rawValue)
        buffer.append(variableByteInteger: Int(identifier))
      }
      buffer.append(forwardedProperties)
    }
    buffer.append(payload)
    precondition(buffer.count - start == headerLength + length, "the size was wrong")
    return identifierOffset
  }
}
