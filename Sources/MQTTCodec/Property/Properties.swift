// The properties of MQTT 5.0 (2.2.2) as an ordered list. A packet has few of them, so a list is
// searched faster than a dictionary, and the order of user properties is kept. [MQTT-3.1.3-10]

/// The identifier of a property (2.2.2.2).
package enum PropertyIdentifier: UInt8, CaseIterable, Sendable {
  case payloadFormatIndicator = 0x01
  case messageExpiryInterval = 0x02
  case contentType = 0x03
  case responseTopic = 0x08
  case correlationData = 0x09
  case subscriptionIdentifier = 0x0B
  case sessionExpiryInterval = 0x11
  case assignedClientIdentifier = 0x12
  case serverKeepAlive = 0x13
  case authenticationMethod = 0x15
  case authenticationData = 0x16
  case requestProblemInformation = 0x17
  case willDelayInterval = 0x18
  case requestResponseInformation = 0x19
  case responseInformation = 0x1A
  case serverReference = 0x1C
  case reasonString = 0x1F
  case receiveMaximum = 0x21
  case topicAliasMaximum = 0x22
  case topicAlias = 0x23
  case maximumQoS = 0x24
  case retainAvailable = 0x25
  case userProperty = 0x26
  case maximumPacketSize = 0x27
  case wildcardSubscriptionAvailable = 0x28
  case subscriptionIdentifierAvailable = 0x29
  case sharedSubscriptionAvailable = 0x2A
}

/// One property and its value; the case says the type on the wire.
package enum PropertyValue: Equatable, Sendable {
  case byte(UInt8)
  case twoByteInteger(UInt16)
  case fourByteInteger(UInt32)
  case variableByteInteger(UInt32)
  case string(String)
  case binary([UInt8])
  case stringPair(String, String)
}

/// One property as it stood in a packet.
package struct Property: Equatable, Sendable {
  package var identifier: PropertyIdentifier
  package var value: PropertyValue

  /// Joins the parts; the type must be the one of the table.
  package init(_ identifier: PropertyIdentifier, _ value: PropertyValue) {
    self.identifier = identifier
    self.value = value
  }
}

/// The properties of one packet, in their order.
package struct Properties: Equatable, Sendable {
  package var list: [Property]

  /// No properties unless they are given.
  package init(_ list: [Property] = []) { self.list = list }

  /// Whether there is none.
  package var isEmpty: Bool { list.isEmpty }

  /// The value of the first property with this identifier.
  package subscript(identifier: PropertyIdentifier) -> PropertyValue? {
    for property in list where property.identifier == identifier { return property.value }
    return nil
  }

  /// The value as a number, whatever its width; nil when absent or not a number.
  package func number(_ identifier: PropertyIdentifier) -> UInt32? {
    switch self[identifier] {
    case .byte(let value): UInt32(value)
    case .twoByteInteger(let value): UInt32(value)
    case .fourByteInteger(let value), .variableByteInteger(let value): value
    case .string, .binary, .stringPair, nil: nil
    }
  }

  /// The value as text; nil when absent or not a string.
  package func string(_ identifier: PropertyIdentifier) -> String? {
    if case .string(let value) = self[identifier] { value } else { nil }
  }

  /// The value as bytes; nil when absent or not binary.
  package func binary(_ identifier: PropertyIdentifier) -> [UInt8]? {
    if case .binary(let value) = self[identifier] { value } else { nil }
  }

  /// Puts a property at the end.
  package mutating func append(_ identifier: PropertyIdentifier, _ value: PropertyValue) {
    list.append(Property(identifier, value))
  }
}
