// PUBLISH (3.3): an application message as a value that owns its parts; clients and tests use it.
// A broker reads a ``PublishView`` and writes a ``PublishForm``, and makes no such value.

import Basis

/// The PUBLISH packet (3.3) as a value.
package struct Publish: Equatable, Sendable {
  package var topic: String
  package var payload: [UInt8]
  package var qos: QoS
  package var isRetained: Bool
  package var isDuplicate: Bool
  /// Present exactly when `qos` is above 0. [MQTT-2.2.1-2]
  package var packetIdentifier: PacketIdentifier?
  package var properties: Properties

  /// A message; flags are off unless they are given.
  package init(
    topic: String, payload: [UInt8], qos: QoS = .atMostOnce, isRetained: Bool = false,
    isDuplicate: Bool = false, packetIdentifier: PacketIdentifier? = nil,
    properties: Properties = Properties()
  ) {
    self.topic = topic
    self.payload = payload
    self.qos = qos
    self.isRetained = isRetained
    self.isDuplicate = isDuplicate
    self.packetIdentifier = packetIdentifier
    self.properties = properties
  }
}

extension Publish {
  /// The message that `view` shows in `packet`, copied out.
  ///
  /// - Throws: never when `view` was decoded from `packet`.
  package init(_ view: PublishView, in packet: Span<UInt8>) throws(DecodeError) {
    self.init(
      topic: String(validated: packet, view.topic), payload: [], qos: view.qos,
      isRetained: view.isRetained, isDuplicate: view.isDuplicate,
      packetIdentifier: PacketIdentifier(rawValue: view.packetIdentifier))
    let payloadBytes = packet.extracting(view.payload)
    payload = [UInt8](capacity: payloadBytes.count) { output in
      for index in payloadBytes.indices { output.append(payloadBytes[index]) }
    }
    var reader = PacketReader(properties: view.properties, of: packet)
    var seen = PropertySet()
    while reader.remaining > 0 {
      // The direction was checked before; towards a client everything is allowed.
      let property = try reader.property(in: .publishToClient, seen: &seen)
      properties.append(property.identifier, reader.value(of: property))
    }
  }

  /// The flags of the first byte (3.3.1).
  var flags: UInt8 {
    PublishForm.flags(qos: qos, isRetained: isRetained, isDuplicate: isDuplicate)
  }

  /// Bytes after the fixed header.
  func remainingLength(_ version: ProtocolVersion) -> Int {
    var size = 2 + topic.utf8.count + payload.count
    if qos != .atMostOnce { size += 2 }
    if version == .v5 { size += properties.encodedSizeWithLength }
    return size
  }

  /// Appends what follows the fixed header.
  func encodeBody(into buffer: inout ByteBuffer, _ version: ProtocolVersion) {
    buffer.append(lengthPrefixed: topic)
    if qos != .atMostOnce {
      guard let packetIdentifier else {
        preconditionFailure("a PUBLISH above QoS 0 has a packet identifier")
      }
      buffer.append(bigEndian: packetIdentifier.rawValue)
    }
    if version == .v5 { properties.encode(into: &buffer) }
    buffer.append(payload.span)
  }
}
