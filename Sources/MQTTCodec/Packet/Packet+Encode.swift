// From a packet to bytes: sizes first, then exactly so many bytes.

package import Basis

extension Packet {
  /// The packet's type.
  package var type: PacketType {
    switch self {
    case .connect: .connect
    case .connack: .connack
    case .publish: .publish
    case .puback: .puback
    case .pubrec: .pubrec
    case .pubrel: .pubrel
    case .pubcomp: .pubcomp
    case .subscribe: .subscribe
    case .suback: .suback
    case .unsubscribe: .unsubscribe
    case .unsuback: .unsuback
    case .pingreq: .pingreq
    case .pingresp: .pingresp
    case .disconnect: .disconnect
    case .auth: .auth
    }
  }

  /// The flags of the first byte (2.1.3).
  private var flags: UInt8 {
    switch self {
    case .publish(let publish): publish.flags
    case .connect, .connack, .puback, .pubrec, .pubrel, .pubcomp, .subscribe, .suback,
      .unsubscribe, .unsuback, .pingreq, .pingresp, .disconnect, .auth:
      type.fixedFlags
    }
  }

  /// Bytes after the fixed header.
  private func remainingLength(_ version: ProtocolVersion) -> Int {
    switch self {
    case .connect(let connect): connect.remainingLength
    case .connack(let connack): connack.remainingLength(version)
    case .publish(let publish): publish.remainingLength(version)
    case .puback(let acknowledgement), .pubrec(let acknowledgement), .pubrel(let acknowledgement),
      .pubcomp(let acknowledgement):
      acknowledgement.remainingLength(version)
    case .subscribe(let subscribe): subscribe.remainingLength(version)
    case .suback(let suback): suback.remainingLength(version)
    case .unsubscribe(let unsubscribe): unsubscribe.remainingLength(version)
    case .unsuback(let unsuback): unsuback.remainingLength(version)
    case .pingreq, .pingresp: 0
    case .disconnect(let disconnect): disconnect.remainingLength(version)
    case .auth(let auth): auth.remainingLength
    }
  }

  /// Bytes that ``encode(into:version:)`` will append.
  package func encodedSize(version: ProtocolVersion) -> Int {
    let length = remainingLength(version)
    return 1 + VariableByteInteger.size(length) + length
  }

  /// Appends the packet; properties and 5.0's reason codes are left out before 5.0.
  ///
  /// `version` is ignored by CONNECT, which has its own. Strings and binary data have at most
  /// 65,535 bytes, and the packet at most ``VariableByteInteger/maximum`` after its fixed header.
  package func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) {
    let length = remainingLength(version)
    let size = 1 + VariableByteInteger.size(length) + length
    buffer.reserve(size)
    let start = buffer.count
    buffer.append(type.rawValue << 4 | flags)
    buffer.append(variableByteInteger: length)
    switch self {
    case .connect(let connect): connect.encodeBody(into: &buffer)
    case .connack(let connack): connack.encodeBody(into: &buffer, version)
    case .publish(let publish): publish.encodeBody(into: &buffer, version)
    case .puback(let acknowledgement), .pubrec(let acknowledgement), .pubrel(let acknowledgement),
      .pubcomp(let acknowledgement):
      acknowledgement.encodeBody(into: &buffer, version)
    case .subscribe(let subscribe): subscribe.encodeBody(into: &buffer, version)
    case .suback(let suback): suback.encodeBody(into: &buffer, version)
    case .unsubscribe(let unsubscribe): unsubscribe.encodeBody(into: &buffer, version)
    case .unsuback(let unsuback): unsuback.encodeBody(into: &buffer, version)
    case .pingreq, .pingresp: break
    case .disconnect(let disconnect): disconnect.encodeBody(into: &buffer, version)
    case .auth(let auth): auth.encodeBody(into: &buffer)
    }
    precondition(buffer.count - start == size, "the size was wrong")
  }
}
