// A publisher's PUBLISH (3.3), encoded once and then copied whole for each message, with the few
// bytes that differ written over: packet identifier and stamp. A topic or payload with placeholders that
// vary by message is filled in each time, which costs what it costs.

package import Basis
package import MQTTCodec

/// The packets of one publisher; a class, since a value would be copied for each message.
package final class PublishPacket {
  // Exclusive access to what each message reads is not checked: one thread has the packet.

  /// A whole packet with nothing yet where the identifier and the stamp are.
  @exclusivity(unchecked) private var frame = ByteBuffer()
  @exclusivity(unchecked) private var identifierPlace = 0
  @exclusivity(unchecked) private var stampPlace = 0
  private let topic: PlaceholderText
  private let payload: PlaceholderText?
  private let settings: Form
  private let isSteady: Bool

  /// What all messages have in common.
  package struct Form: Sendable {
    package var version: ProtocolVersion
    package var qos: QoS
    package var isRetained: Bool
    package var payloadSize: Int
    package var properties: Properties

    /// Joins the parts.
    package init(
      version: ProtocolVersion, qos: QoS, isRetained: Bool, payloadSize: Int,
      properties: Properties = Properties()
    ) {
      self.version = version
      self.qos = qos
      self.isRetained = isRetained
      self.payloadSize = payloadSize
      self.properties = properties
    }
  }

  /// The packets for `topic`; `values` are the publisher's.
  package init(
    topic: PlaceholderText, payload: PlaceholderText?, form: Form, values: PlaceholderText.Values
  ) {
    self.topic = topic
    self.payload = payload
    settings = form
    isSteady = !topic.variesByMessage && !(payload?.variesByMessage ?? false)
    prepare(values)
  }

  /// Whether the packets need the values of each message.
  package var variesByMessage: Bool { !isSteady }

  /// Bytes of a packet, as far as all have the same.
  package var size: Int { frame.count }

  /// Fills in what varies.
  package func prepare(_ values: PlaceholderText.Values) {
    let dots = String(repeating: ".", count: max(0, settings.payloadSize - MessageStamp.size))
    let filler = Array((payload?.text(values) ?? dots).utf8)
    let name = Array(topic.text(values).utf8)
    let properties = Self.properties(settings)
    let identifierSize = settings.qos == .atMostOnce ? 0 : 2
    var frame = ByteBuffer()
    frame.append(
      PacketType.publish.rawValue << 4 | settings.qos.rawValue << 1 | (settings.isRetained ? 1 : 0))
    frame.append(
      variableByteInteger: 2 + name.count + identifierSize + properties.count + MessageStamp.size
        + filler.count)
    frame.append(bigEndian: UInt16(clamping: name.count))
    frame.append(name.span)
    identifierPlace = frame.count
    for _ in 0..<identifierSize { frame.append(0) }
    frame.append(properties.span)
    stampPlace = frame.count
    for _ in 0..<MessageStamp.size { frame.append(0) }
    frame.append(filler.span)
    self.frame = frame
  }

  /// The bytes of the properties: the codec's, found behind a topic of known length.
  private static func properties(_ form: Form) -> [UInt8] {
    guard form.version == .v5 else { return [] }
    var bytes = ByteBuffer()
    let publish = Publish(topic: "t", payload: [], properties: form.properties)
    Packet.publish(publish).encode(into: &bytes, version: .v5)
    var lengthBytes = 1
    while bytes[lengthBytes] & 0x80 != 0 { lengthBytes += 1 }
    bytes.consume(1 + lengthBytes + 3)
    return bytes.bytes
  }

  /// Appends one message; `identifier` is not used at QoS 0.
  package func append(
    _ stamp: MessageStamp, identifier: UInt16, to buffer: inout ByteBuffer
  ) {
    let place = buffer.count
    buffer.append(frame.span)
    if settings.qos != .atMostOnce {
      buffer[place + identifierPlace] = UInt8(truncatingIfNeeded: identifier >> 8)
      buffer[place + identifierPlace + 1] = UInt8(truncatingIfNeeded: identifier)
    }
    stamp.write(to: &buffer, at: place + stampPlace)
  }

  /// Appends a PUBLISH of QoS 0 without a payload to the same topic, which removes what is retained.
  /// [MQTT-3.3.1-6]
  package func appendClearing(_ values: PlaceholderText.Values, to buffer: inout ByteBuffer) {
    let clearing = Publish(topic: topic.text(values), payload: [], isRetained: true)
    Packet.publish(clearing).encode(into: &buffer, version: settings.version)
  }
}
