// Table 2-6 of MQTT 5.0: every reason code, its name and the packets that may carry it, and beside
// it what the return codes of CONNACK in the older versions mean.

import Basis

/// A set of packets that carry reason codes.
///
/// DISCONNECT and AUTH count twice, because some codes may be sent in one direction only. Sets are
/// joined with `|`: an array literal would be an allocation in an unoptimised build.
struct ReasonCodePlaces: Sendable {
  let rawValue: UInt16

  static let none = ReasonCodePlaces(rawValue: 0)
  static let connack = ReasonCodePlaces(rawValue: 1)
  static let puback = ReasonCodePlaces(rawValue: 2)
  static let pubrec = ReasonCodePlaces(rawValue: 4)
  static let pubrel = ReasonCodePlaces(rawValue: 8)
  static let pubcomp = ReasonCodePlaces(rawValue: 16)
  static let suback = ReasonCodePlaces(rawValue: 32)
  static let unsuback = ReasonCodePlaces(rawValue: 64)
  static let disconnectToServer = ReasonCodePlaces(rawValue: 128)
  static let disconnectToClient = ReasonCodePlaces(rawValue: 256)
  static let authToServer = ReasonCodePlaces(rawValue: 512)
  static let authToClient = ReasonCodePlaces(rawValue: 1024)

  /// PUBACK and PUBREC, which allow the same codes.
  static let received = puback | pubrec
  /// PUBREL and PUBCOMP, which allow the same codes.
  static let released = pubrel | pubcomp
  static let disconnect = disconnectToServer | disconnectToClient
  static let auth = authToServer | authToClient

  static func | (left: ReasonCodePlaces, right: ReasonCodePlaces) -> ReasonCodePlaces {
    ReasonCodePlaces(rawValue: left.rawValue | right.rawValue)
  }

  /// Whether a place is in both sets.
  func overlaps(_ other: ReasonCodePlaces) -> Bool { rawValue & other.rawValue != 0 }

  /// The place of a packet whose codes do not depend on the direction.
  init(_ type: PacketType) {
    switch type {
    case .connack: self = .connack
    case .puback: self = .puback
    case .pubrec: self = .pubrec
    case .pubrel: self = .pubrel
    case .pubcomp: self = .pubcomp
    case .suback: self = .suback
    case .unsuback: self = .unsuback
    case .disconnect: self = .disconnect
    case .auth: self = .auth
    case .connect, .publish, .subscribe, .unsubscribe, .pingreq, .pingresp: self = .none
    }
  }

  private init(rawValue: UInt16) { self.rawValue = rawValue }
}

extension ReasonCode {
  /// The name in table 2-6, `Session taken over`; a code that is none of it is shown as a number.
  ///
  /// 0x00 has several names; this is ``success``. See ``name(in:)``.
  package var name: String { row?.name ?? hexadecimal }

  /// The number as the standard writes it: `0x8E`.
  package var hexadecimal: String {
    (rawValue < 0x10 ? "0x0" : "0x") + String(rawValue, radix: 16, uppercase: true)
  }

  /// The name that the code has in a packet.
  ///
  /// 0x00 is `Normal disconnection` in DISCONNECT and `Granted QoS 0` in SUBACK.
  package func name(in type: PacketType) -> String {
    if rawValue != 0 { return name }
    return switch type {
    case .disconnect: "Normal disconnection"
    case .suback: "Granted QoS 0"
    case .connect, .connack, .publish, .puback, .pubrec, .pubrel, .pubcomp, .subscribe,
      .unsubscribe, .unsuback, .pingreq, .pingresp, .auth:
      name
    }
  }

  /// Whether the code may stand in a packet of this type, in either direction (table 2-6).
  package func isAllowed(in type: PacketType) -> Bool {
    places.overlaps(ReasonCodePlaces(type))
  }

  /// The places where the code may stand; empty when it is no code.
  var places: ReasonCodePlaces { row?.places ?? .none }

  /// The row of table 2-6; a switch, because it is asked for every acknowledgement.
  private var row: (name: String, places: ReasonCodePlaces)? {
    switch rawValue {
    case 0x00:
      (
        "Success",
        .connack | .received | .released | .suback | .unsuback | .disconnect | .authToClient
      )
    case 0x01: ("Granted QoS 1", .suback)
    case 0x02: ("Granted QoS 2", .suback)
    case 0x04: ("Disconnect with Will Message", .disconnectToServer)
    case 0x10: ("No matching subscribers", .received)
    case 0x11: ("No subscription existed", .unsuback)
    case 0x18: ("Continue authentication", .auth)
    case 0x19: ("Re-authenticate", .authToServer)
    case 0x80:
      ("Unspecified error", .connack | .received | .suback | .unsuback | .disconnect)
    case 0x81: ("Malformed Packet", .connack | .disconnect)
    case 0x82: ("Protocol Error", .connack | .disconnect)
    case 0x83:
      (
        "Implementation specific error", .connack | .received | .suback | .unsuback | .disconnect
      )
    case 0x84: ("Unsupported Protocol Version", .connack)
    case 0x85: ("Client Identifier not valid", .connack)
    case 0x86: ("Bad User Name or Password", .connack)
    case 0x87:
      ("Not authorized", .connack | .received | .suback | .unsuback | .disconnectToClient)
    case 0x88: ("Server unavailable", .connack)
    case 0x89: ("Server busy", .connack | .disconnectToClient)
    case 0x8A: ("Banned", .connack)
    case 0x8B: ("Server shutting down", .disconnectToClient)
    case 0x8C: ("Bad authentication method", .connack | .disconnect)
    case 0x8D: ("Keep Alive timeout", .disconnectToClient)
    case 0x8E: ("Session taken over", .disconnectToClient)
    case 0x8F: ("Topic Filter invalid", .suback | .unsuback | .disconnectToClient)
    case 0x90: ("Topic Name invalid", .connack | .received | .disconnect)
    case 0x91: ("Packet Identifier in use", .received | .suback | .unsuback)
    case 0x92: ("Packet Identifier not found", .released)
    case 0x93: ("Receive Maximum exceeded", .disconnect)
    case 0x94: ("Topic Alias invalid", .disconnect)
    case 0x95: ("Packet too large", .connack | .disconnect)
    case 0x96: ("Message rate too high", .disconnect)
    case 0x97: ("Quota exceeded", .connack | .received | .suback | .disconnect)
    case 0x98: ("Administrative action", .disconnect)
    case 0x99: ("Payload format invalid", .connack | .received | .disconnect)
    case 0x9A: ("Retain not supported", .connack | .disconnectToClient)
    case 0x9B: ("QoS not supported", .connack | .disconnectToClient)
    case 0x9C: ("Use another server", .connack | .disconnectToClient)
    case 0x9D: ("Server moved", .connack | .disconnectToClient)
    case 0x9E: ("Shared Subscriptions not supported", .suback | .disconnectToClient)
    case 0x9F: ("Connection rate exceeded", .connack | .disconnectToClient)
    case 0xA0: ("Maximum connect time", .disconnectToClient)
    case 0xA1: ("Subscription Identifiers not supported", .suback | .disconnectToClient)
    case 0xA2: ("Wildcard Subscriptions not supported", .suback | .disconnectToClient)
    default: nil
    }
  }
}

extension ReasonCode {
  /// What a return code of CONNACK in 3.1 and 3.1.1 means (table 3.1 of 3.1.1); nil for 6 and up.
  package init?(connackReturnCode: UInt8) {
    switch connackReturnCode {
    case 0: self = .success
    case 1: self = .unsupportedProtocolVersion
    case 2: self = .clientIdentifierNotValid
    case 3: self = .serverUnavailable
    case 4: self = .badUserNameOrPassword
    case 5: self = .notAuthorized
    default: return nil
    }
  }

  /// The return code of CONNACK in 3.1 and 3.1.1 that says this or nearly this; nil when none
  /// applies, and then the connection is closed without a CONNACK. [MQTT311-3.2.2-6]
  package var connackReturnCode: UInt8? {
    switch self {
    case .success: 0
    case .unsupportedProtocolVersion: 1
    case .clientIdentifierNotValid: 2
    case .serverUnavailable, .serverBusy, .serverShuttingDown, .quotaExceeded, .useAnotherServer,
      .serverMoved, .connectionRateExceeded:
      3
    case .badUserNameOrPassword: 4
    case .notAuthorized, .banned, .badAuthenticationMethod: 5
    default: nil
    }
  }
}

extension PacketReader {
  /// Reads a reason code that may stand in these places.
  mutating func reasonCode(
    in places: ReasonCodePlaces, _ statement: StaticString
  ) throws(DecodeError) -> ReasonCode {
    let reasonCode = ReasonCode(rawValue: try byte("reason code"))
    if _fastPath(reasonCode.places.overlaps(places)) { return reasonCode }
    throw fault(
      .protocolError, "\(statement)", at: offset - 1,
      "\(reasonCode.hexadecimal) is not a reason code of \(type.name)")
  }
}
