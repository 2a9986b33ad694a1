// DISCONNECT (3.14): the last packet of a connection; from the server only in 5.0.

import Basis

/// The DISCONNECT packet (3.14).
package struct Disconnect: Equatable, Sendable {
  package var reasonCode: ReasonCode
  package var properties: Properties

  /// A normal disconnection unless said otherwise.
  package init(
    reasonCode: ReasonCode = .normalDisconnection, properties: Properties = Properties()
  ) {
    self.reasonCode = reasonCode
    self.properties = properties
  }
}

extension Disconnect {
  /// Reads a DISCONNECT, fixed header included.
  static func decode(
    _ packet: Span<UInt8>, _ header: FixedHeader, version: ProtocolVersion, direction: Direction
  ) throws(DecodeError) -> Disconnect {
    var reader = PacketReader(packet, header)
    if version != .v5 && direction == .toClient {
      throw reader.fault(
        .protocolError, "3.14", at: 0,
        "a server sends no DISCONNECT before MQTT 5.0")
    }
    var disconnect = Disconnect()
    if version == .v5 && reader.remaining > 0 {
      disconnect.reasonCode = try reader.reasonCode(
        in: direction == .toServer ? .disconnectToServer : .disconnectToClient, "MQTT-3.14.2-1")
    }
    // Less than two bytes: no property length (3.14.2.2.1).
    if version == .v5 && reader.remaining > 0 {
      disconnect.properties = try reader.properties(
        in: direction == .toServer ? .disconnectToServer : .disconnectToClient)
    }
    try reader.finish()
    return disconnect
  }

  /// Bytes after the fixed header: the shortest form that says it all (3.14.2.1).
  func remainingLength(_ version: ProtocolVersion) -> Int {
    if version != .v5 { return 0 }
    if !properties.isEmpty { return 1 + properties.encodedSizeWithLength }
    return reasonCode == .normalDisconnection ? 0 : 1
  }

  /// Appends what follows the fixed header.
  func encodeBody(into buffer: inout ByteBuffer, _ version: ProtocolVersion) {
    if remainingLength(version) == 0 { return }
    buffer.append(reasonCode.rawValue)
    if !properties.isEmpty { properties.encode(into: &buffer) }
  }
}
