// SUBSCRIBE and SUBACK (3.8, 3.9).

import Basis

/// When retained messages are sent at subscribe time (3.8.3.1).
package enum RetainHandling: UInt8, Sendable, CaseIterable {
  case always = 0
  case ifNew = 1
  case never = 2
}

/// The subscription options byte (3.8.3.1); before 5.0 only `qos` exists.
package struct SubscriptionOptions: Equatable, Sendable {
  package var qos: QoS
  package var noLocal: Bool
  package var retainAsPublished: Bool
  package var retainHandling: RetainHandling

  /// What 3.1.1 means by a subscription at `qos`.
  package init(
    qos: QoS = .atMostOnce, noLocal: Bool = false, retainAsPublished: Bool = false,
    retainHandling: RetainHandling = .always
  ) {
    self.qos = qos
    self.noLocal = noLocal
    self.retainAsPublished = retainAsPublished
    self.retainHandling = retainHandling
  }
}

/// A filter and how it is to be served.
package struct Subscription: Equatable, Sendable {
  package var filter: String
  package var options: SubscriptionOptions

  /// Joins filter and options.
  package init(filter: String, options: SubscriptionOptions = SubscriptionOptions()) {
    self.filter = filter
    self.options = options
  }
}

/// The SUBSCRIBE packet (3.8); at least one subscription. [MQTT-3.8.3-2]
package struct Subscribe: Equatable, Sendable {
  package var packetIdentifier: PacketIdentifier
  package var subscriptions: [Subscription]
  package var properties: Properties

  /// Joins the parts.
  package init(
    packetIdentifier: PacketIdentifier, subscriptions: [Subscription],
    properties: Properties = Properties()
  ) {
    self.packetIdentifier = packetIdentifier
    self.subscriptions = subscriptions
    self.properties = properties
  }
}

/// The SUBACK packet (3.9): one reason code a subscription, in order.
package struct Suback: Equatable, Sendable {
  package var packetIdentifier: PacketIdentifier
  /// Before 5.0 every failure is 0x80 on the wire. [MQTT-3.9.3-2]
  package var reasonCodes: [ReasonCode]
  package var properties: Properties

  /// Joins the parts.
  package init(
    packetIdentifier: PacketIdentifier, reasonCodes: [ReasonCode],
    properties: Properties = Properties()
  ) {
    self.packetIdentifier = packetIdentifier
    self.reasonCodes = reasonCodes
    self.properties = properties
  }
}

extension SubscriptionOptions {
  /// Reads the options byte (3.8.3.1).
  static func decode(
    _ reader: inout PacketReader, version: ProtocolVersion
  ) throws(DecodeError) -> SubscriptionOptions {
    let offset = reader.offset
    let byte = try reader.byte("subscription options")
    let reserved: UInt8 = version == .v5 ? 0xC0 : 0xFC
    if byte & reserved != 0 {
      throw reader.fault(
        .malformedPacket, "MQTT-3.8.3-5", at: offset,
        "reserved bits of the subscription options are set")
    }
    guard let qos = QoS(rawValue: byte & 0x03) else {
      throw version == .v5
        ? reader.fault(.protocolError, "3.8.3.1", at: offset, "the maximum QoS is 3")
        : reader.fault(
          .malformedPacket, "MQTT311-3.8.3-4", at: offset, "the requested QoS is 3")
    }
    guard let retainHandling = RetainHandling(rawValue: byte >> 4 & 0x03) else {
      throw reader.fault(.protocolError, "3.8.3.1", at: offset, "the retain handling is 3")
    }
    return SubscriptionOptions(
      qos: qos, noLocal: byte & 0x04 != 0, retainAsPublished: byte & 0x08 != 0,
      retainHandling: retainHandling)
  }

  /// The options byte.
  package func encoded(_ version: ProtocolVersion) -> UInt8 {
    if version != .v5 { return qos.rawValue }
    return qos.rawValue | (noLocal ? 0x04 : 0) | (retainAsPublished ? 0x08 : 0)
      | retainHandling.rawValue << 4
  }
}

extension Subscribe {
  /// Reads a SUBSCRIBE, fixed header included.
  static func decode(
    _ packet: Span<UInt8>, _ header: FixedHeader, version: ProtocolVersion
  ) throws(DecodeError) -> Subscribe {
    var reader = PacketReader(packet, header)
    let identifier = try reader.packetIdentifier("MQTT-2.2.1-3")
    var subscribe = Subscribe(packetIdentifier: identifier, subscriptions: [])
    if version == .v5 { subscribe.properties = try reader.properties(in: .subscribe) }
    if reader.remaining == 0 {
      throw reader.fault(
        .protocolError, "MQTT-3.8.3-2", at: reader.offset, "there is no topic filter")
    }
    while reader.remaining > 0 {
      let range = try reader.topicFilter("topic filter")
      let options = try SubscriptionOptions.decode(&reader, version: version)
      let filter = String(validated: packet, range)
      if options.noLocal && Topic.shared(filter) != nil {
        throw reader.fault(
          .protocolError, "MQTT-3.8.3-4", at: reader.offset - 1,
          "No Local is set for a shared subscription")
      }
      subscribe.subscriptions.append(Subscription(filter: filter, options: options))
    }
    return subscribe
  }

  /// Bytes after the fixed header.
  func remainingLength(_ version: ProtocolVersion) -> Int {
    var size = version == .v5 ? 2 + properties.encodedSizeWithLength : 2
    for subscription in subscriptions { size += 2 + subscription.filter.utf8.count + 1 }
    return size
  }

  /// Appends what follows the fixed header.
  func encodeBody(into buffer: inout ByteBuffer, _ version: ProtocolVersion) {
    buffer.append(bigEndian: packetIdentifier.rawValue)
    if version == .v5 { properties.encode(into: &buffer) }
    for subscription in subscriptions {
      buffer.append(lengthPrefixed: subscription.filter)
      buffer.append(subscription.options.encoded(version))
    }
  }
}

extension Suback {
  /// Reads a SUBACK, fixed header included.
  static func decode(
    _ packet: Span<UInt8>, _ header: FixedHeader, version: ProtocolVersion
  ) throws(DecodeError) -> Suback {
    var reader = PacketReader(packet, header)
    let identifier = try reader.packetIdentifier("MQTT-2.2.1-6")
    var suback = Suback(packetIdentifier: identifier, reasonCodes: [])
    if version == .v5 { suback.properties = try reader.properties(in: .suback) }
    if reader.remaining == 0 {
      throw reader.fault(
        .protocolError, "MQTT-3.8.4-6", at: reader.offset, "there is no reason code")
    }
    while reader.remaining > 0 {
      if version == .v5 {
        suback.reasonCodes.append(try reader.reasonCode(in: .suback, "MQTT-3.9.3-2"))
        continue
      }
      let raw = try reader.byte("return code")
      if raw <= 2 || raw == 0x80 {
        suback.reasonCodes.append(ReasonCode(rawValue: raw))
      } else {
        throw reader.fault(
          .protocolError, "MQTT311-3.9.3-2", at: reader.offset - 1,
          "\(raw) is not a return code of SUBACK")
      }
    }
    return suback
  }

  /// Bytes after the fixed header.
  func remainingLength(_ version: ProtocolVersion) -> Int {
    (version == .v5 ? 2 + properties.encodedSizeWithLength : 2) + reasonCodes.count
  }

  /// Appends what follows the fixed header.
  func encodeBody(into buffer: inout ByteBuffer, _ version: ProtocolVersion) {
    buffer.append(bigEndian: packetIdentifier.rawValue)
    if version == .v5 { properties.encode(into: &buffer) }
    for reasonCode in reasonCodes {
      buffer.append(version != .v5 && reasonCode.isFailure ? 0x80 : reasonCode.rawValue)
    }
  }
}
