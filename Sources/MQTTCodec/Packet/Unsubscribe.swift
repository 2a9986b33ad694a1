// UNSUBSCRIBE and UNSUBACK (3.10, 3.11).

import Basis

/// The UNSUBSCRIBE packet (3.10); at least one filter. [MQTT-3.10.3-2]
package struct Unsubscribe: Equatable, Sendable {
  package var packetIdentifier: PacketIdentifier
  package var filters: [String]
  package var properties: Properties

  /// Joins the parts.
  package init(
    packetIdentifier: PacketIdentifier, filters: [String], properties: Properties = Properties()
  ) {
    self.packetIdentifier = packetIdentifier
    self.filters = filters
    self.properties = properties
  }
}

/// The UNSUBACK packet (3.11); it carries reason codes only in 5.0.
package struct Unsuback: Equatable, Sendable {
  package var packetIdentifier: PacketIdentifier
  package var reasonCodes: [ReasonCode]
  package var properties: Properties

  /// Joins the parts.
  package init(
    packetIdentifier: PacketIdentifier, reasonCodes: [ReasonCode] = [],
    properties: Properties = Properties()
  ) {
    self.packetIdentifier = packetIdentifier
    self.reasonCodes = reasonCodes
    self.properties = properties
  }
}

extension Unsubscribe {
  /// Reads an UNSUBSCRIBE, fixed header included.
  static func decode(
    _ packet: Span<UInt8>, _ header: FixedHeader, version: ProtocolVersion
  ) throws(DecodeError) -> Unsubscribe {
    var reader = PacketReader(packet, header)
    let identifier = try reader.packetIdentifier("MQTT-2.2.1-3")
    var unsubscribe = Unsubscribe(packetIdentifier: identifier, filters: [])
    if version == .v5 { unsubscribe.properties = try reader.properties(in: .unsubscribe) }
    if reader.remaining == 0 {
      throw reader.fault(
        .protocolError, "MQTT-3.10.3-2", at: reader.offset, "there is no topic filter")
    }
    while reader.remaining > 0 {
      unsubscribe.filters.append(
        String(validated: packet, try reader.topicFilter("topic filter")))
    }
    return unsubscribe
  }

  /// Bytes after the fixed header.
  func remainingLength(_ version: ProtocolVersion) -> Int {
    var size = version == .v5 ? 2 + properties.encodedSizeWithLength : 2
    for filter in filters { size += 2 + filter.utf8.count }
    return size
  }

  /// Appends what follows the fixed header.
  func encodeBody(into buffer: inout ByteBuffer, _ version: ProtocolVersion) {
    buffer.append(bigEndian: packetIdentifier.rawValue)
    if version == .v5 { properties.encode(into: &buffer) }
    for filter in filters { buffer.append(lengthPrefixed: filter) }
  }
}

extension Unsuback {
  /// Reads an UNSUBACK, fixed header included.
  static func decode(
    _ packet: Span<UInt8>, _ header: FixedHeader, version: ProtocolVersion
  ) throws(DecodeError) -> Unsuback {
    var reader = PacketReader(packet, header)
    let identifier = try reader.packetIdentifier("MQTT-2.2.1-6")
    var unsuback = Unsuback(packetIdentifier: identifier)
    if version == .v5 {
      unsuback.properties = try reader.properties(in: .unsuback)
      if reader.remaining == 0 {
        throw reader.fault(
          .protocolError, "MQTT-3.11.3-2", at: reader.offset, "there is no reason code")
      }
      while reader.remaining > 0 {
        unsuback.reasonCodes.append(try reader.reasonCode(in: .unsuback, "MQTT-3.11.3-2"))
      }
    }
    try reader.finish()
    return unsuback
  }

  /// Bytes after the fixed header.
  func remainingLength(_ version: ProtocolVersion) -> Int {
    version == .v5 ? 2 + properties.encodedSizeWithLength + reasonCodes.count : 2
  }

  /// Appends what follows the fixed header.
  func encodeBody(into buffer: inout ByteBuffer, _ version: ProtocolVersion) {
    buffer.append(bigEndian: packetIdentifier.rawValue)
    if version != .v5 { return }
    properties.encode(into: &buffer)
    for reasonCode in reasonCodes { buffer.append(reasonCode.rawValue) }
  }
}
