// AUTH (3.15): one step of an enhanced authentication; 5.0 only.

import Basis

/// The AUTH packet (3.15).
package struct Auth: Equatable, Sendable {
  package var reasonCode: ReasonCode
  package var properties: Properties

  /// Joins the parts.
  package init(reasonCode: ReasonCode, properties: Properties = Properties()) {
    self.reasonCode = reasonCode
    self.properties = properties
  }
}

extension Auth {
  /// Reads an AUTH, fixed header included.
  static func decode(
    _ packet: Span<UInt8>, _ header: FixedHeader, version: ProtocolVersion, direction: Direction
  ) throws(DecodeError) -> Auth {
    var reader = PacketReader(packet, header)
    if version != .v5 {
      throw reader.fault(.protocolError, "3.15", at: 0, "there is no AUTH before MQTT 5.0")
    }
    // Success without properties is told by leaving everything out (3.15.2.1).
    if reader.remaining == 0 && direction == .toClient { return Auth(reasonCode: .success) }
    if reader.remaining == 0 {
      throw reader.fault(
        .protocolError, "MQTT-3.15.2-1", at: 0, "a client sends no AUTH with success")
    }
    let reasonCode = try reader.reasonCode(
      in: direction == .toServer ? .authToServer : .authToClient, "MQTT-3.15.2-1")
    let start = reader.offset
    let properties = try reader.properties(in: .auth)
    if properties[.authenticationMethod] == nil {
      throw reader.fault(
        .protocolError, "3.15.2.2.2", at: start, "there is no Authentication Method")
    }
    try reader.finish()
    return Auth(reasonCode: reasonCode, properties: properties)
  }

  /// Bytes after the fixed header.
  var remainingLength: Int {
    properties.isEmpty && reasonCode == .success ? 0 : 1 + properties.encodedSizeWithLength
  }

  /// Appends what follows the fixed header.
  func encodeBody(into buffer: inout ByteBuffer) {
    if remainingLength == 0 { return }
    buffer.append(reasonCode.rawValue)
    properties.encode(into: &buffer)
  }
}
