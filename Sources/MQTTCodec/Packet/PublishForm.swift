// PUBLISH (3.3) as a broker sends it: encoded once, then copied to every subscriber that gets it in
// the same form, with only the packet identifier patched. The size is known before the first byte
// is written, so a form costs one reservation.

package import Basis

/// An outgoing PUBLISH whose parts are lent.
///
/// Properties, the topic alias and the expiry are ignored before 5.0, and the packet identifier at
/// QoS 0. The topic has at most 65,535 bytes and the packet at most ``VariableByteInteger/maximum``
/// after its fixed header.
package struct PublishForm: ~Escapable {
  package let version: ProtocolVersion
  package let qos: QoS
  /// Empty where an alias stands for it.
  package var topic: Span<UInt8>
  package var payload: Span<UInt8>
  /// Encoded properties without Topic Alias, Message Expiry Interval and Subscription Identifier.
  package var forwardedProperties: Span<UInt8>
  package var isRetained = false
  package var isDuplicate = false
  package var packetIdentifier: UInt16 = 0
  /// Topic Alias (3.3.2.3.4); zero is none.
  package var topicAlias: UInt16 = 0
  package var messageExpiryIntervalSeconds: UInt32?
  package var subscriptionIdentifiers: [UInt32] = []

  /// A PUBLISH without flags and without properties of its own.
  @_lifetime(copy topic, copy forwardedProperties, copy payload)
  package init(
    _ version: ProtocolVersion, _ qos: QoS, topic: Span<UInt8>, forwardedProperties: Span<UInt8>,
    payload: Span<UInt8>
  ) {
    self.version = version
    self.qos = qos
    self.topic = topic
    self.payload = payload
    self.forwardedProperties = forwardedProperties
  }

  /// The flags of the first byte (3.3.1).
  static func flags(qos: QoS, isRetained: Bool, isDuplicate: Bool) -> UInt8 {
    (isDuplicate ? 0x08 : 0) | qos.rawValue << 1 | (isRetained ? 0x01 : 0)
  }

  /// Bytes of the properties without their length; zero before 5.0.
  private var propertySize: Int {
    if version != .v5 { return 0 }
    var size = forwardedProperties.count
    if topicAlias != 0 { size += 3 }
    if messageExpiryIntervalSeconds != nil { size += 5 }
    for identifier in subscriptionIdentifiers {
      size += 1 + VariableByteInteger.size(Int(identifier))
    }
    return size
  }

  private func remainingLength(propertySize: Int) -> Int {
    var size = 2 + topic.count + payload.count
    if qos != .atMostOnce { size += 2 }
    if version == .v5 { size += VariableByteInteger.size(propertySize) + propertySize }
    return size
  }

  /// Bytes that ``encode(into:)`` appends, fixed header included.
  package var encodedSize: Int {
    let length = remainingLength(propertySize: propertySize)
    return 1 + VariableByteInteger.size(length) + length
  }

  /// Appends the packet.
  ///
  /// - Returns: the offset of the packet identifier from the packet's first byte; 0 at QoS 0.
  @discardableResult
  package func encode(into buffer: inout ByteBuffer) -> Int {
    let properties = propertySize
    let length = remainingLength(propertySize: properties)
    let headerLength = 1 + VariableByteInteger.size(length)
    buffer.reserve(headerLength + length)
    let start = buffer.count
    buffer.append(
      PacketType.publish.rawValue << 4
        | Self.flags(qos: qos, isRetained: isRetained, isDuplicate: isDuplicate))
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
