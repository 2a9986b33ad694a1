// CONNACK (3.2): the server's answer to CONNECT.

import Basis

/// The CONNACK packet (3.2).
///
/// The return codes of 3.1.1 are held as the reason codes of 5.0 that mean the same: 1 is 0x84,
/// 2 is 0x85, 3 is 0x88, 4 is 0x86, 5 is 0x87.
package struct Connack: Equatable, Sendable {
  package var isSessionPresent: Bool
  package var reasonCode: ReasonCode
  package var properties: Properties

  /// An answer; properties are left out before 5.0.
  package init(
    isSessionPresent: Bool = false, reasonCode: ReasonCode = .success,
    properties: Properties = Properties()
  ) {
    self.isSessionPresent = isSessionPresent
    self.reasonCode = reasonCode
    self.properties = properties
  }
}

extension Connack {
  /// Reads a CONNACK, fixed header included.
  static func decode(
    _ packet: Span<UInt8>, _ header: FixedHeader, version: ProtocolVersion
  ) throws(DecodeError) -> Connack {
    var reader = PacketReader(packet, header)
    let flags = try reader.byte("connect acknowledge flags")
    // MQTT 3.1 has no flags: its byte is reserved and says nothing.
    if version != .v31 && flags & 0xFE != 0 {
      throw reader.fault(
        .malformedPacket, "MQTT-3.2.2-1", at: reader.offset - 1,
        "the reserved bits of the connect acknowledge flags are set")
    }
    var connack = Connack(isSessionPresent: version != .v31 && flags == 1)
    if version == .v5 {
      connack.reasonCode = try reader.reasonCode(in: .connack, "MQTT-3.2.2-8")
    } else {
      let raw = try reader.byte("return code")
      guard let reasonCode = ReasonCode(connackReturnCode: raw) else {
        throw reader.fault(
          .protocolError, "MQTT311-3.2.2-6", at: reader.offset - 1,
          "\(raw) is not a connect return code")
      }
      connack.reasonCode = reasonCode
    }
    if connack.isSessionPresent && connack.reasonCode != .success {
      throw reader.fault(
        .protocolError, "MQTT-3.2.2-6", at: header.headerLength,
        "session present is set in a refusal")
    }
    if version == .v5 { connack.properties = try reader.properties(in: .connack) }
    try reader.finish()
    return connack
  }

  /// Bytes after the fixed header.
  func remainingLength(_ version: ProtocolVersion) -> Int {
    version == .v5 ? 2 + properties.encodedSizeWithLength : 2
  }

  /// Appends what follows the fixed header.
  ///
  /// A refusal for which the older versions have no return code goes out as "server unavailable";
  /// see ``ReasonCode/connackReturnCode``.
  func encodeBody(into buffer: inout ByteBuffer, _ version: ProtocolVersion) {
    // MQTT 3.1 has no session present flag, and a refusal never has it. [MQTT-3.2.2-6]
    let showsSession = isSessionPresent && version != .v31 && reasonCode == .success
    buffer.append(showsSession ? 1 : 0)
    if version == .v5 {
      buffer.append(reasonCode.rawValue)
      properties.encode(into: &buffer)
    } else {
      buffer.append(reasonCode.connackReturnCode ?? 3)
    }
  }
}
