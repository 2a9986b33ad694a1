// PUBACK, PUBREC, PUBREL and PUBCOMP (3.4 to 3.7): four packets of one shape. Which of the four
// it is stands in the `Packet` case, not here.

package import Basis

/// The body that the four acknowledgements share.
package struct Acknowledgement: Equatable, Sendable {
  package var packetIdentifier: PacketIdentifier
  /// ``ReasonCode/success`` when it was left out, and always before 5.0.
  package var reasonCode: ReasonCode
  package var properties: Properties

  /// An acknowledgement of success unless said otherwise.
  package init(
    packetIdentifier: PacketIdentifier, reasonCode: ReasonCode = .success,
    properties: Properties = Properties()
  ) {
    self.packetIdentifier = packetIdentifier
    self.reasonCode = reasonCode
    self.properties = properties
  }
}

/// An acknowledgement without its properties; decoding it allocates nothing.
@usableFromInline package struct AcknowledgementView: Equatable, Sendable {
  @usableFromInline package var packetIdentifier: PacketIdentifier
  @usableFromInline package var reasonCode: ReasonCode

  /// Joins the parts.
  @inlinable package init(packetIdentifier: PacketIdentifier, reasonCode: ReasonCode) {
    self.packetIdentifier = packetIdentifier
    self.reasonCode = reasonCode
  }
}

extension PacketReader {
  /// Reads the packet identifier and reason code of an acknowledgement, up to its properties.
  @inline(__always) fileprivate mutating func acknowledgement(
    _ version: ProtocolVersion
  ) throws(DecodeError) -> AcknowledgementView {
    let identifier = try packetIdentifier("MQTT-2.2.1-5")
    var view = AcknowledgementView(packetIdentifier: identifier, reasonCode: .success)
    // Success without properties is told by leaving everything out (3.4.2.1).
    if version == .v5 && remaining > 0 {
      view.reasonCode = try reasonCode(in: ReasonCodePlaces(type), acknowledgementStatement(type))
    }
    return view
  }
}

/// The statement that allows only the reason codes of the packet's own table.
private func acknowledgementStatement(_ type: PacketType) -> StaticString {
  switch type {
  case .puback: "MQTT-3.4.2-1"
  case .pubrec: "MQTT-3.5.2-1"
  case .pubrel: "MQTT-3.6.2-1"
  case .pubcomp: "MQTT-3.7.2-1"
  case .connect, .connack, .publish, .subscribe, .suback, .unsubscribe, .unsuback, .pingreq,
    .pingresp, .disconnect, .auth:
    preconditionFailure("not an acknowledgement of a PUBLISH")
  }
}

private func acknowledgementPlace(_ type: PacketType) -> PropertyPlace {
  switch type {
  case .puback: .puback
  case .pubrec: .pubrec
  case .pubrel: .pubrel
  case .pubcomp: .pubcomp
  case .connect, .connack, .publish, .subscribe, .suback, .unsubscribe, .unsuback, .pingreq,
    .pingresp, .disconnect, .auth:
    preconditionFailure("not an acknowledgement of a PUBLISH")
  }
}

extension AcknowledgementView {
  /// Decodes and validates PUBACK, PUBREC, PUBREL or PUBCOMP without allocating.
  ///
  /// - Throws: as ``Packet/decode(_:_:version:direction:)`` (3.4 to 3.7).
  package static func decode(
    _ packet: Span<UInt8>, _ header: FixedHeader, version: ProtocolVersion
  ) throws(DecodeError) -> AcknowledgementView {
    var reader = PacketReader(packet, header)
    let view = try reader.acknowledgement(version)
    // Less than four bytes: no property length (3.4.2.2.1).
    if version == .v5 && reader.remaining > 0 {
      try reader.checkProperties(in: acknowledgementPlace(header.type))
    }
    try reader.finish()
    return view
  }

  /// Appends this acknowledgement as `type`, in the shortest form the version knows.
  package func encode(_ type: PacketType, into buffer: inout ByteBuffer, version: ProtocolVersion) {
    let showsReason = version == .v5 && reasonCode != .success
    buffer.reserve(5)
    buffer.append(type.rawValue << 4 | type.fixedFlags)
    buffer.append(showsReason ? 3 : 2)
    buffer.append(bigEndian: packetIdentifier.rawValue)
    if showsReason { buffer.append(reasonCode.rawValue) }
  }
}

extension Acknowledgement {
  /// Reads one of the four, fixed header included.
  static func decode(
    _ packet: Span<UInt8>, _ header: FixedHeader, version: ProtocolVersion
  ) throws(DecodeError) -> Acknowledgement {
    var reader = PacketReader(packet, header)
    let view = try reader.acknowledgement(version)
    var properties = Properties()
    if version == .v5 && reader.remaining > 0 {
      properties = try reader.properties(in: acknowledgementPlace(header.type))
    }
    try reader.finish()
    return Acknowledgement(
      packetIdentifier: view.packetIdentifier, reasonCode: view.reasonCode, properties: properties)
  }

  /// Bytes after the fixed header: the shortest form that says it all (3.4.2.1).
  func remainingLength(_ version: ProtocolVersion) -> Int {
    if version != .v5 { return 2 }
    if !properties.isEmpty { return 3 + properties.encodedSizeWithLength }
    return reasonCode == .success ? 2 : 3
  }

  /// Appends what follows the fixed header.
  func encodeBody(into buffer: inout ByteBuffer, _ version: ProtocolVersion) {
    buffer.append(bigEndian: packetIdentifier.rawValue)
    if version != .v5 || properties.isEmpty && reasonCode == .success { return }
    buffer.append(reasonCode.rawValue)
    if !properties.isEmpty { properties.encode(into: &buffer) }
  }
}
