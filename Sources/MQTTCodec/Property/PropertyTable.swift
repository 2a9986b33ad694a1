// Table 2-4 of MQTT 5.0: what each property is called, how its value is written, in which packets
// and in which direction it may stand, where it may repeat and which values it may have. Nothing
// else in the codec knows any of this.

/// How the value of a property is written (1.5).
enum PropertyType {
  case byte, twoByteInteger, fourByteInteger, variableByteInteger, string, binary, stringPair
}

/// A place where properties stand; packets whose rules depend on the direction count twice.
enum PropertyPlace: UInt8, CaseIterable {
  case connect, will, connack, publishToServer, publishToClient, puback, pubrec, pubrel, pubcomp
  case subscribe, suback, unsubscribe, unsuback, disconnectToServer, disconnectToClient, auth

  /// The same packet in the other direction, where there is such.
  var opposite: PropertyPlace? {
    switch self {
    case .publishToServer: .publishToClient
    case .publishToClient: .publishToServer
    case .disconnectToServer: .disconnectToClient
    case .disconnectToClient: .disconnectToServer
    case .connect, .will, .connack, .puback, .pubrec, .pubrel, .pubcomp, .subscribe, .suback,
      .unsubscribe, .unsuback, .auth:
      nil
    }
  }

  /// The section that describes the properties of this place.
  var section: String {
    switch self {
    case .connect: "3.1.2.11"
    case .will: "3.1.3.2"
    case .connack: "3.2.2.3"
    case .publishToServer, .publishToClient: "3.3.2.3"
    case .puback: "3.4.2.2"
    case .pubrec: "3.5.2.2"
    case .pubrel: "3.6.2.2"
    case .pubcomp: "3.7.2.2"
    case .subscribe: "3.8.2.1"
    case .suback: "3.9.2.1"
    case .unsubscribe: "3.10.2.1"
    case .unsuback: "3.11.2.1"
    case .disconnectToServer, .disconnectToClient: "3.14.2.2"
    case .auth: "3.15.2.2"
    }
  }
}

/// A set of places, joined with `|`.
///
/// An array literal would be an allocation in an unoptimised build.
struct PropertyPlaces {
  let rawValue: UInt16

  @inline(__always) private init(rawValue: UInt16) { self.rawValue = rawValue }
  @inline(__always) init(_ place: PropertyPlace) { rawValue = 1 << UInt16(place.rawValue) }

  static let none = PropertyPlaces(rawValue: 0)
  static let connect = PropertyPlaces(.connect)
  static let will = PropertyPlaces(.will)
  static let connack = PropertyPlaces(.connack)
  static let publishToClient = PropertyPlaces(.publishToClient)
  static let publish = PropertyPlaces(.publishToServer) | publishToClient
  static let subscribe = PropertyPlaces(.subscribe)
  static let disconnectToServer = PropertyPlaces(.disconnectToServer)
  static let disconnectToClient = PropertyPlaces(.disconnectToClient)
  static let auth = PropertyPlaces(.auth)
  static let all = PropertyPlaces(rawValue: 0xFFFF)
  /// The packets that answer: those with a reason.
  static let reasons =
    connack | PropertyPlaces(.puback) | PropertyPlaces(.pubrec) | PropertyPlaces(.pubrel)
    | PropertyPlaces(.pubcomp) | PropertyPlaces(.suback) | PropertyPlaces(.unsuback)
    | disconnectToServer | disconnectToClient | auth

  static func | (left: PropertyPlaces, right: PropertyPlaces) -> PropertyPlaces {
    PropertyPlaces(rawValue: left.rawValue | right.rawValue)
  }

  /// Whether the place is in the set.
  func contains(_ place: PropertyPlace) -> Bool { rawValue >> UInt16(place.rawValue) & 1 == 1 }
}

/// Which values of its type a property may have.
enum PropertyValues {
  case any, zeroOrOne, notZero, topicName
}

/// One row of table 2-4.
struct PropertyRule {
  var name: StaticString
  var type: PropertyType
  var places: PropertyPlaces
  var repeats: PropertyPlaces
  var values: PropertyValues

  @inline(__always) init(
    _ name: StaticString, _ type: PropertyType, _ places: PropertyPlaces,
    repeats: PropertyPlaces = .none, _ values: PropertyValues = .any
  ) {
    self.name = name
    self.type = type
    self.places = places
    self.repeats = repeats
    self.values = values
  }
}

extension PropertyIdentifier {
  /// The name in the standard: `Session Expiry Interval`.
  package var name: String { "\(rule.name)" }

  /// The same small and with dashes between the words, as commands and files spell it.
  package var dashedName: String {
    String(name.map { $0 == " " ? "-" : Character($0.lowercased()) })
  }

  /// The row of table 2-4.
  var rule: PropertyRule {
    switch self {
    case .payloadFormatIndicator:
      PropertyRule("Payload Format Indicator", .byte, .publish | .will, .zeroOrOne)
    case .messageExpiryInterval:
      PropertyRule("Message Expiry Interval", .fourByteInteger, .publish | .will)
    case .contentType:
      PropertyRule("Content Type", .string, .publish | .will)
    case .responseTopic:
      PropertyRule("Response Topic", .string, .publish | .will, .topicName)
    case .correlationData:
      PropertyRule("Correlation Data", .binary, .publish | .will)
    case .subscriptionIdentifier:
      PropertyRule(
        "Subscription Identifier", .variableByteInteger, .publishToClient | .subscribe,
        repeats: .publishToClient, .notZero)
    case .sessionExpiryInterval:
      PropertyRule(
        "Session Expiry Interval", .fourByteInteger, .connect | .connack | .disconnectToServer)
    case .assignedClientIdentifier:
      PropertyRule("Assigned Client Identifier", .string, .connack)
    case .serverKeepAlive:
      PropertyRule("Server Keep Alive", .twoByteInteger, .connack)
    case .authenticationMethod:
      PropertyRule("Authentication Method", .string, .connect | .connack | .auth)
    case .authenticationData:
      PropertyRule("Authentication Data", .binary, .connect | .connack | .auth)
    case .requestProblemInformation:
      PropertyRule("Request Problem Information", .byte, .connect, .zeroOrOne)
    case .willDelayInterval:
      PropertyRule("Will Delay Interval", .fourByteInteger, .will)
    case .requestResponseInformation:
      PropertyRule("Request Response Information", .byte, .connect, .zeroOrOne)
    case .responseInformation:
      PropertyRule("Response Information", .string, .connack)
    case .serverReference:
      PropertyRule("Server Reference", .string, .connack | .disconnectToClient)
    case .reasonString:
      PropertyRule("Reason String", .string, .reasons)
    case .receiveMaximum:
      PropertyRule("Receive Maximum", .twoByteInteger, .connect | .connack, .notZero)
    case .topicAliasMaximum:
      PropertyRule("Topic Alias Maximum", .twoByteInteger, .connect | .connack)
    case .topicAlias:
      PropertyRule("Topic Alias", .twoByteInteger, .publish, .notZero)
    case .maximumQoS:
      PropertyRule("Maximum QoS", .byte, .connack, .zeroOrOne)
    case .retainAvailable:
      PropertyRule("Retain Available", .byte, .connack, .zeroOrOne)
    case .userProperty:
      PropertyRule("User Property", .stringPair, .all, repeats: .all)
    case .maximumPacketSize:
      PropertyRule("Maximum Packet Size", .fourByteInteger, .connect | .connack, .notZero)
    case .wildcardSubscriptionAvailable:
      PropertyRule("Wildcard Subscription Available", .byte, .connack, .zeroOrOne)
    case .subscriptionIdentifierAvailable:
      PropertyRule("Subscription Identifier Available", .byte, .connack, .zeroOrOne)
    case .sharedSubscriptionAvailable:
      PropertyRule("Shared Subscription Available", .byte, .connack, .zeroOrOne)
    }
  }
}
