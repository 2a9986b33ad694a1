// The small words of the protocol: quality of service, version, packet type, packet identifier.

/// Quality of Service (4.3), in the order of the promise.
@usableFromInline package enum QoS: UInt8, Comparable, CaseIterable, Sendable {
  case atMostOnce = 0
  case atLeastOnce = 1
  case exactlyOnce = 2

  @inlinable package static func < (left: QoS, right: QoS) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// The protocol level of a CONNECT (3.1.2.2).
@usableFromInline package enum ProtocolVersion: UInt8, CaseIterable, Sendable {
  /// MQTT 3.1, whose protocol name is `MQIsdp`.
  case v31 = 3
  /// MQTT 3.1.1.
  case v311 = 4
  /// MQTT 5.0.
  case v5 = 5
}

/// The four most significant bits of a packet's first byte (2.1.2).
@usableFromInline package enum PacketType: UInt8, CaseIterable, Sendable {
  case connect = 1
  case connack = 2
  case publish = 3
  case puback = 4
  case pubrec = 5
  case pubrel = 6
  case pubcomp = 7
  case subscribe = 8
  case suback = 9
  case unsubscribe = 10
  case unsuback = 11
  case pingreq = 12
  case pingresp = 13
  case disconnect = 14
  case auth = 15

  /// The name in the standard, in capitals: `PUBREC`.
  package var name: String {
    switch self {
    case .connect: "CONNECT"
    case .connack: "CONNACK"
    case .publish: "PUBLISH"
    case .puback: "PUBACK"
    case .pubrec: "PUBREC"
    case .pubrel: "PUBREL"
    case .pubcomp: "PUBCOMP"
    case .subscribe: "SUBSCRIBE"
    case .suback: "SUBACK"
    case .unsubscribe: "UNSUBSCRIBE"
    case .unsuback: "UNSUBACK"
    case .pingreq: "PINGREQ"
    case .pingresp: "PINGRESP"
    case .disconnect: "DISCONNECT"
    case .auth: "AUTH"
    }
  }
}

/// Who is reading: what is malformed or forbidden depends on the direction.
@usableFromInline package enum Direction: Sendable {
  /// From a client to a server.
  case toServer
  /// From a server to a client.
  case toClient
}

/// The number that joins the packets of one handshake; never zero (2.2.1).
@usableFromInline package struct PacketIdentifier: RawRepresentable, Hashable, Sendable {
  @usableFromInline package let rawValue: UInt16

  /// Nil for zero, which is no packet identifier. [MQTT-2.2.1-3]
  @inlinable package init?(rawValue: UInt16) {
    if rawValue == 0 { return nil }
    self.rawValue = rawValue
  }
}
