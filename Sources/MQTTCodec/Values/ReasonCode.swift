// Every reason code of MQTT 5.0 (2.4), which is also our word for the return codes of 3.1.1: one
// vocabulary inside, translated where packets of the older versions are read and written.

/// A one-byte result; 0x80 and above mean failure (2.4).
@usableFromInline package struct ReasonCode: RawRepresentable, Hashable, Sendable {
  @usableFromInline package let rawValue: UInt8

  @inlinable package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Whether the operation was refused or failed.
  @inlinable package var isFailure: Bool { rawValue >= 0x80 }

  @inlinable package static var success: Self { Self(rawValue: 0x00) }
  @inlinable package static var normalDisconnection: Self { Self(rawValue: 0x00) }
  @inlinable package static var grantedQoS0: Self { Self(rawValue: 0x00) }
  @inlinable package static var grantedQoS1: Self { Self(rawValue: 0x01) }
  @inlinable package static var grantedQoS2: Self { Self(rawValue: 0x02) }
  @inlinable package static var disconnectWithWillMessage: Self { Self(rawValue: 0x04) }
  @inlinable package static var noMatchingSubscribers: Self { Self(rawValue: 0x10) }
  @inlinable package static var noSubscriptionExisted: Self { Self(rawValue: 0x11) }
  @inlinable package static var continueAuthentication: Self { Self(rawValue: 0x18) }
  @inlinable package static var reauthenticate: Self { Self(rawValue: 0x19) }
  @inlinable package static var unspecifiedError: Self { Self(rawValue: 0x80) }
  @inlinable package static var malformedPacket: Self { Self(rawValue: 0x81) }
  @inlinable package static var protocolError: Self { Self(rawValue: 0x82) }
  @inlinable package static var implementationSpecificError: Self { Self(rawValue: 0x83) }
  @inlinable package static var unsupportedProtocolVersion: Self { Self(rawValue: 0x84) }
  @inlinable package static var clientIdentifierNotValid: Self { Self(rawValue: 0x85) }
  @inlinable package static var badUserNameOrPassword: Self { Self(rawValue: 0x86) }
  @inlinable package static var notAuthorized: Self { Self(rawValue: 0x87) }
  @inlinable package static var serverUnavailable: Self { Self(rawValue: 0x88) }
  @inlinable package static var serverBusy: Self { Self(rawValue: 0x89) }
  @inlinable package static var banned: Self { Self(rawValue: 0x8A) }
  @inlinable package static var serverShuttingDown: Self { Self(rawValue: 0x8B) }
  @inlinable package static var badAuthenticationMethod: Self { Self(rawValue: 0x8C) }
  @inlinable package static var keepAliveTimeout: Self { Self(rawValue: 0x8D) }
  @inlinable package static var sessionTakenOver: Self { Self(rawValue: 0x8E) }
  @inlinable package static var topicFilterInvalid: Self { Self(rawValue: 0x8F) }
  @inlinable package static var topicNameInvalid: Self { Self(rawValue: 0x90) }
  @inlinable package static var packetIdentifierInUse: Self { Self(rawValue: 0x91) }
  @inlinable package static var packetIdentifierNotFound: Self { Self(rawValue: 0x92) }
  @inlinable package static var receiveMaximumExceeded: Self { Self(rawValue: 0x93) }
  @inlinable package static var topicAliasInvalid: Self { Self(rawValue: 0x94) }
  @inlinable package static var packetTooLarge: Self { Self(rawValue: 0x95) }
  @inlinable package static var messageRateTooHigh: Self { Self(rawValue: 0x96) }
  @inlinable package static var quotaExceeded: Self { Self(rawValue: 0x97) }
  @inlinable package static var administrativeAction: Self { Self(rawValue: 0x98) }
  @inlinable package static var payloadFormatInvalid: Self { Self(rawValue: 0x99) }
  @inlinable package static var retainNotSupported: Self { Self(rawValue: 0x9A) }
  @inlinable package static var qosNotSupported: Self { Self(rawValue: 0x9B) }
  @inlinable package static var useAnotherServer: Self { Self(rawValue: 0x9C) }
  @inlinable package static var serverMoved: Self { Self(rawValue: 0x9D) }
  @inlinable package static var sharedSubscriptionsNotSupported: Self { Self(rawValue: 0x9E) }
  @inlinable package static var connectionRateExceeded: Self { Self(rawValue: 0x9F) }
  @inlinable package static var maximumConnectTime: Self { Self(rawValue: 0xA0) }
  @inlinable package static var subscriptionIdentifiersNotSupported: Self { Self(rawValue: 0xA1) }
  @inlinable package static var wildcardSubscriptionsNotSupported: Self { Self(rawValue: 0xA2) }
}
