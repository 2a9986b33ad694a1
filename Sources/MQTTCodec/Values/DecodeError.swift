// What is wrong with bytes that a peer sent, precisely enough to answer, to log and to repair.

/// Bytes that are not a packet the peer may send.
///
/// Shortage of bytes is never one of these: it is an answer of the frame reader.
@usableFromInline package struct DecodeError: Error, Equatable, Sendable {
  /// What a DISCONNECT or CONNACK should carry: ``ReasonCode/malformedPacket``,
  /// ``ReasonCode/protocolError`` or something more exact.
  @usableFromInline package var reasonCode: ReasonCode
  /// The statement that is broken, as in `MQTT-1.5.4-1`, or the section where it has no number.
  @usableFromInline package var statement: String
  /// The packet it happened in; nil when even the type is not one.
  @usableFromInline package var packetType: PacketType?
  /// Offset of the offending byte from the packet's first byte.
  @usableFromInline package var offset: Int
  /// What was found and what was expected, in words, without a full stop.
  @usableFromInline package var explanation: String

  /// Joins the parts.
  package init(
    _ reasonCode: ReasonCode, _ statement: String, _ packetType: PacketType?, at offset: Int,
    _ explanation: String
  ) {
    self.reasonCode = reasonCode
    self.statement = statement
    self.packetType = packetType
    self.offset = offset
    self.explanation = explanation
  }
}

extension DecodeError: CustomStringConvertible {
  /// One line: `PUBLISH byte 4: a topic name must not hold a wildcard (+) [MQTT-3.3.2-2]`.
  @usableFromInline package var description: String {
    "\(packetType?.name ?? "packet") byte \(offset): \(explanation) [\(statement)]"
  }
}
