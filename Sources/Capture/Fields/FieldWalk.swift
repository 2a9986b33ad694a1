// The fields of a packet, by one walk over its bytes in their order. It reads what stands there, as
// far as it goes, and judges nothing: a malformed packet has the fields in front of its fault, as
// with other analysers. What the packet decoder has thrown away (lengths, flags byte by byte) is
// here, and nothing is allocated.

import MQTTCodec

extension FieldColumns {
  /// Adds the fields of a packet whose bytes, fixed header included, are `bytes`.
  package mutating func addPacket(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts
  ) {
    guard let header = packet.header, !bytes.isEmpty else { return }
    if wants(.mqtt) {
      add(.mqtt, text: "MQ Telemetry Transport Protocol, " + header.type.descriptionOfWireshark)
    }
    addHeader(header, bytes[0], connection.version)
    if !wantsBody { return }
    var isVersionKnown = header.type == .connect
    if case .connect = connection.evidence { isVersionKnown = true }
    if !isVersionKnown { add(.unknownVersion, true) }
    var cursor = FieldCursor(
      bytes, at: header.headerLength, end: min(bytes.count, header.packetLength))
    do throws(FieldShortage) {
      try addBody(header, &cursor, connection.version, packet.aliasedTopic)
    } catch {}
  }

  @inline(__always) private mutating func addHeader(
    _ header: FixedHeader, _ first: UInt8, _ version: ProtocolVersion
  ) {
    add(.headerFlags, hexadecimal: Int(first), digits: 2)
    add(.messageType, Int(first >> 4))
    let isMarked =
      version == .v31
      && (header.type == .pubrel || header.type == .subscribe || header.type == .unsubscribe)
    if header.type == .publish || isMarked {
      add(.duplicate, first & 0x08 != 0)
      add(.qos, Int(first >> 1 & 0x03))
      if isMarked {
        add(.retainReserved, Int(first & 0x01))
      } else {
        add(.retain, first & 0x01 != 0)
      }
    } else {
      add(.headerReserved, Int(first & 0x0F))
    }
    add(.length, header.remainingLength)
  }

  private mutating func addBody(
    _ header: FixedHeader, _ cursor: inout FieldCursor, _ version: ProtocolVersion,
    _ aliasedTopic: String?
  ) throws(FieldShortage) {
    switch header.type {
    case .publish: try addPublish(header, &cursor, version, aliasedTopic)
    case .connect: try addConnect(&cursor)
    case .connack: try addConnack(&cursor, version)
    case .puback: try addAcknowledgement(.pubackReason, header, &cursor, version)
    case .pubrec: try addAcknowledgement(.pubrecReason, header, &cursor, version)
    case .pubrel: try addAcknowledgement(.pubrelReason, header, &cursor, version)
    case .pubcomp: try addAcknowledgement(.pubcompReason, header, &cursor, version)
    case .subscribe: try addSubscribe(&cursor, version)
    case .unsubscribe: try addUnsubscribe(&cursor, version)
    case .suback: try addSuback(&cursor, version)
    case .unsuback: try addUnsuback(&cursor, version)
    case .pingreq, .pingresp: break
    case .disconnect: try addReason(.disconnectReason, header, &cursor, version)
    case .auth: try addReason(.authReason, header, &cursor, version)
    }
  }

  // MARK: Packets

  private mutating func addPublish(
    _ header: FixedHeader, _ cursor: inout FieldCursor, _ version: ProtocolVersion,
    _ aliasedTopic: String?
  ) throws(FieldShortage) {
    let topicLength = try cursor.number(2)
    add(.topicLength, topicLength)
    if topicLength > 0 { add(.topic, text: cursor.bytes, try cursor.take(topicLength)) }
    if header.flags & 0x06 != 0 { add(.messageIdentifier, try cursor.number(2)) }
    var alias = 0
    if version == .v5 { alias = try addProperties(.properties, &cursor) }
    if alias != 0, topicLength == 0 {
      add(.topic, text: aliasedTopic ?? "")
      if aliasedTopic == nil { add(.unknownTopicAlias, true) }
    }
    if alias == 0, topicLength == 0 { add(.illegalTopicLength, true) }
    let payload = try cursor.take(cursor.remaining)
    if showsPayload {
      add(.message, bytes: cursor.bytes, payload)
      add(.messageText, text: cursor.bytes, payload)
    }
  }

  private mutating func addConnect(_ cursor: inout FieldCursor) throws(FieldShortage) {
    try addText(.protocolNameLength, .protocolName, &cursor)
    let version = try cursor.number(1)
    add(.version, version)
    let flags = try cursor.number(1)
    add(.connectFlags, hexadecimal: flags, digits: 2)
    add(.hasUserName, flags & 0x80 != 0)
    add(.hasPassword, flags & 0x40 != 0)
    add(.willRetain, flags & 0x20 != 0)
    add(.willQoS, flags >> 3 & 0x03)
    add(.hasWill, flags & 0x04 != 0)
    add(.cleanSession, flags & 0x02 != 0)
    add(.connectReserved, flags & 0x01 != 0)
    add(.keepAlive, try cursor.number(2))
    if version == 5 { _ = try addProperties(.properties, &cursor) }
    try addText(.clientIdentifierLength, .clientIdentifier, &cursor)
    if flags & 0x04 != 0 { try addWill(&cursor, hasProperties: version == 5) }
    if flags & 0x80 != 0, cursor.remaining > 0 {
      try addText(.userNameLength, .userName, &cursor)
    }
    if flags & 0x40 != 0, cursor.remaining > 0 {
      let length = try cursor.number(2)
      add(.passwordLength, length)
      let password = try cursor.take(length)
      if showsSecrets {
        add(.password, text: cursor.bytes, password)
      } else {
        add(.password, text: "***")
      }
    }
  }

  private mutating func addWill(
    _ cursor: inout FieldCursor, hasProperties: Bool
  ) throws(FieldShortage) {
    if hasProperties { _ = try addProperties(.willProperties, &cursor) }
    let topicLength = try cursor.number(2)
    add(.willTopicLength, topicLength)
    if topicLength == 0 { add(.illegalTopicLength, true) }
    let topic = try cursor.take(topicLength)
    if topicLength > 0 { add(.willTopic, text: cursor.bytes, topic) }
    let length = try cursor.number(2)
    add(.willMessageLength, length)
    let message = try cursor.take(length)
    if showsPayload {
      add(.willMessage, bytes: cursor.bytes, message)
      add(.willMessageText, text: cursor.bytes, message)
    }
  }

  private mutating func addConnack(
    _ cursor: inout FieldCursor, _ version: ProtocolVersion
  ) throws(FieldShortage) {
    let flags = try cursor.number(1)
    if version == .v31 {
      add(.connackReserved, flags != 0)
    } else {
      add(.connackFlags, hexadecimal: flags, digits: 2)
      add(.connackReserved, flags & 0xFE != 0)
      add(.sessionPresent, flags & 0x01 != 0)
    }
    let code = try cursor.number(1)
    add(version == .v5 ? .connackReason : .returnCode, code)
    if version == .v5 { _ = try addProperties(.properties, &cursor) }
  }

  private mutating func addAcknowledgement(
    _ reason: CaptureField, _ header: FixedHeader, _ cursor: inout FieldCursor,
    _ version: ProtocolVersion
  ) throws(FieldShortage) {
    add(.messageIdentifier, try cursor.number(2))
    if version != .v5 || header.remainingLength <= 2 { return }
    add(reason, try cursor.number(1))
    if header.remainingLength > 3 { _ = try addProperties(.properties, &cursor) }
  }

  private mutating func addSubscribe(
    _ cursor: inout FieldCursor, _ version: ProtocolVersion
  ) throws(FieldShortage) {
    add(.messageIdentifier, try cursor.number(2))
    if version == .v5 { _ = try addProperties(.properties, &cursor) }
    while cursor.remaining > 0 {
      try addFilter(&cursor)
      let options = try cursor.number(1)
      if version == .v5 {
        add(.subscriptionOptions, hexadecimal: options, digits: 2)
        add(.subscriptionReserved, hexadecimal: options >> 6, digits: 2)
        add(.retainHandling, options >> 4 & 0x03)
        add(.retainAsPublished, options & 0x08 != 0)
        add(.noLocal, options & 0x04 != 0)
        add(.subscriptionQoS, options & 0x03)
      } else {
        add(.requestedQoS, options)
      }
    }
  }

  private mutating func addUnsubscribe(
    _ cursor: inout FieldCursor, _ version: ProtocolVersion
  ) throws(FieldShortage) {
    add(.messageIdentifier, try cursor.number(2))
    if version == .v5 { _ = try addProperties(.properties, &cursor) }
    while cursor.remaining > 0 { try addFilter(&cursor) }
  }

  private mutating func addFilter(_ cursor: inout FieldCursor) throws(FieldShortage) {
    let length = try cursor.number(2)
    add(.topicLength, length)
    if length == 0 { add(.illegalTopicLength, true) }
    let filter = try cursor.take(length)
    if length > 0 { add(.topic, text: cursor.bytes, filter) }
  }

  private mutating func addSuback(
    _ cursor: inout FieldCursor, _ version: ProtocolVersion
  ) throws(FieldShortage) {
    add(.messageIdentifier, try cursor.number(2))
    if version == .v5 { _ = try addProperties(.properties, &cursor) }
    while cursor.remaining > 0 {
      add(version == .v5 ? .subackReason : .grantedQoS, try cursor.number(1))
    }
  }

  private mutating func addUnsuback(
    _ cursor: inout FieldCursor, _ version: ProtocolVersion
  ) throws(FieldShortage) {
    add(.messageIdentifier, try cursor.number(2))
    if version != .v5 { return }
    _ = try addProperties(.properties, &cursor)
    while cursor.remaining > 0 { add(.unsubackReason, try cursor.number(1)) }
  }

  private mutating func addReason(
    _ reason: CaptureField, _ header: FixedHeader, _ cursor: inout FieldCursor,
    _ version: ProtocolVersion
  ) throws(FieldShortage) {
    if version != .v5 || header.remainingLength == 0 { return }
    add(reason, try cursor.number(1))
    if header.remainingLength >= 2 { _ = try addProperties(.properties, &cursor) }
  }

  // MARK: Parts

  private mutating func addText(
    _ lengthField: CaptureField, _ field: CaptureField, _ cursor: inout FieldCursor
  ) throws(FieldShortage) {
    let length = try cursor.number(2)
    add(lengthField, length)
    add(field, text: cursor.bytes, try cursor.take(length))
  }

  /// Adds all properties and answers the topic alias among them, or zero.
  private mutating func addProperties(
    _ field: CaptureField, _ cursor: inout FieldCursor
  ) throws(FieldShortage) -> Int {
    let length = try cursor.variableByteInteger()
    add(field, true)
    add(.propertyLength, length)
    let end = cursor.offset + length
    var alias = 0
    while cursor.offset < end {
      let number = try cursor.number(1)
      add(.propertyIdentifier, hexadecimal: number, digits: 2)
      guard let identifier = PropertyIdentifier(rawValue: UInt8(number)) else {
        add(.unknownProperty, text: cursor.bytes, try cursor.take(end - cursor.offset))
        return alias
      }
      try addProperty(identifier, &cursor, &alias)
    }
    return alias
  }

  private mutating func addProperty(
    _ identifier: PropertyIdentifier, _ cursor: inout FieldCursor, _ alias: inout Int
  ) throws(FieldShortage) {
    switch identifier {
    case .payloadFormatIndicator, .requestProblemInformation, .requestResponseInformation,
      .retainAvailable, .wildcardSubscriptionAvailable, .subscriptionIdentifierAvailable,
      .sharedSubscriptionAvailable:
      add(.propertyNumber, try cursor.number(1))
    case .maximumQoS: add(.maximumQoS, try cursor.number(1))
    case .topicAlias:
      alias = try cursor.number(2)
      add(.topicAlias, alias)
    case .serverKeepAlive, .receiveMaximum, .topicAliasMaximum:
      add(.propertyNumber, try cursor.number(2))
    case .messageExpiryInterval, .sessionExpiryInterval, .willDelayInterval, .maximumPacketSize:
      add(.propertyNumber, try cursor.number(4))
    case .subscriptionIdentifier: add(.propertyNumber, try cursor.variableByteInteger())
    case .contentType:
      add(.contentType, text: cursor.bytes, try cursor.take(try cursor.number(2)))
    case .responseTopic, .correlationData, .assignedClientIdentifier, .authenticationMethod,
      .authenticationData, .responseInformation, .serverReference, .reasonString:
      try addText(.propertyStringLength, .propertyString, &cursor)
    case .userProperty:
      try addText(.propertyKeyLength, .propertyKey, &cursor)
      try addText(.propertyValueLength, .propertyValue, &cursor)
    }
  }
}
