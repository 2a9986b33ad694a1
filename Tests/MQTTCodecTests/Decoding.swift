// What all tests of the codec do with bytes: read the one packet that they are.

import Basis
import MQTTCodec
import TestSupport

/// The fixed header of the packet that `bytes` begin with.
func header(
  _ bytes: [UInt8], version: ProtocolVersion, packetSizeLimit: Int = .max
) throws(DecodeError) -> FixedHeader? {
  try FixedHeader.read(bytes.span, at: 0, packetSizeLimit: packetSizeLimit, version: version)
}

/// The packet that `bytes` are; nil when they end before it does.
func decode(
  _ bytes: [UInt8], _ version: ProtocolVersion, _ direction: Direction
) throws(DecodeError) -> Packet? {
  guard let header = try header(bytes, version: version) else { return nil }
  if bytes.count < header.packetLength { return nil }
  return try Packet.decode(
    bytes.span.extracting(0..<header.packetLength), header, version: version, direction: direction)
}

/// The bytes that `packet` becomes.
func encode(_ packet: Packet, _ version: ProtocolVersion) -> [UInt8] {
  var buffer = ByteBuffer()
  packet.encode(into: &buffer, version: version)
  return buffer.bytes
}

/// The error that `bytes` are refused with; nil when they are not.
func refusal(
  _ bytes: [UInt8], _ version: ProtocolVersion, _ direction: Direction
) -> DecodeError? {
  do {
    _ = try decode(bytes, version, direction)
    return nil
  } catch {
    return error
  }
}

/// The packet identifier `number`, which is not zero.
func identifier(_ number: UInt16) -> PacketIdentifier {
  guard let identifier = PacketIdentifier(rawValue: number) else {
    preconditionFailure("zero is no packet identifier")
  }
  return identifier
}
