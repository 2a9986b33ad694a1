// A publisher's PUBLISH (3.3), encoded once by the codec and then copied for each message with the
// few bytes that differ: packet identifier and stamp. A topic or payload with placeholders that
// vary by message is filled in each time, which costs what it costs.

package import MQTTCodec

/// The packets of one publisher; a class, since a value would be copied for each message.
package final class PublishPacket {
  /// Everything up to the packet identifier.
  private var head: [UInt8] = []
  /// Properties, under 5.0.
  private var properties: [UInt8] = []
  private var filler: [UInt8] = []
  private let topic: Template
  private let payload: Template?
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
  package init(topic: Template, payload: Template?, form: Form, values: Template.Values) {
    self.topic = topic
    self.payload = payload
    settings = form
    isSteady = !topic.variesByMessage && !(payload?.variesByMessage ?? false)
    prepare(values)
  }

  /// Whether the packets need the values of each message.
  package var variesByMessage: Bool { !isSteady }

  /// Bytes of a packet, as far as all have the same.
  package var size: Int {
    head.count + 2 + properties.count + MessageStamp.size + filler.count
  }

  /// Bytes of a payload, as far as all have the same.
  package var payloadSize: Int { MessageStamp.size + filler.count }

  /// Fills in what varies.
  package func prepare(_ values: Template.Values) {
    if let payload {
      filler = Array(payload.text(values).utf8)
    } else {
      filler = Array(repeating: UInt8(ascii: "."), count: settings.payloadSize - MessageStamp.size)
    }
    let name = Array(topic.text(values).utf8)
    var fields = ByteBuffer()
    if settings.version == .v5 {
      // The codec's encoding of the same properties, found behind a topic of known length.
      let form = Publish(topic: "t", payload: [], properties: settings.properties)
      Packet.publish(form).encode(into: &fields, version: .v5)
      var lengthBytes = 1
      while fields[lengthBytes] & 0x80 != 0 { lengthBytes += 1 }
      fields.consume(1 + lengthBytes + 3)
    }
    properties = fields.bytes
    let identifierSize = settings.qos == .atMostOnce ? 0 : 2
    var start = ByteBuffer()
    start.append(
      PacketType.publish.rawValue << 4 | settings.qos.rawValue << 1 | (settings.isRetained ? 1 : 0))
    start.append(
      variableByteInteger: 2 + name.count + identifierSize + properties.count + payloadSize)
    start.append(bigEndian: UInt16(clamping: name.count))
    start.append(name.span)
    head = start.bytes
  }

  /// Appends one message; `identifier` is not used at QoS 0.
  package func append(
    _ stamp: MessageStamp, identifier: UInt16, to buffer: inout ByteBuffer
  ) {
    buffer.reserve(size)
    buffer.append(head.span)
    if settings.qos != .atMostOnce { buffer.append(bigEndian: identifier) }
    if !properties.isEmpty { buffer.append(properties.span) }
    stamp.append(to: &buffer)
    let filler = filler
    if !filler.isEmpty { buffer.append(filler.span) }
  }

  /// Appends a PUBLISH of QoS 0 without a payload to the same topic, which removes what is retained.
  /// [MQTT-3.3.1-6]
  package func appendClearing(_ values: Template.Values, to buffer: inout ByteBuffer) {
    let clearing = Publish(topic: topic.text(values), payload: [], isRetained: true)
    Packet.publish(clearing).encode(into: &buffer, version: settings.version)
  }
}
