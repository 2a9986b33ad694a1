// CONNECT (3.1): the client asks to be let in, and says who it is and what it wants.

import Basis

/// A message that the server publishes for a client that is gone (3.1.2.5).
package struct Will: Equatable, Sendable {
  package var topic: String
  package var payload: [UInt8]
  package var qos: QoS
  package var isRetained: Bool
  /// Will properties (3.1.3.2); empty before 5.0.
  package var properties: Properties

  /// A will without properties unless they are given.
  package init(
    topic: String, payload: [UInt8], qos: QoS = .atMostOnce, isRetained: Bool = false,
    properties: Properties = Properties()
  ) {
    self.topic = topic
    self.payload = payload
    self.qos = qos
    self.isRetained = isRetained
    self.properties = properties
  }
}

/// The CONNECT packet (3.1).
package struct Connect: Equatable, Sendable {
  package var version: ProtocolVersion
  /// The high bit of the protocol level, by which mosquitto's bridges say that they are bridges;
  /// never in 5.0.
  package var isBridge: Bool
  /// Clean Start of 5.0, Clean Session before (3.1.2.4).
  package var cleanStart: Bool
  /// Zero switches keep alive off (3.1.2.10).
  package var keepAliveSeconds: UInt16
  package var clientIdentifier: String
  package var will: Will?
  package var userName: String?
  package var password: [UInt8]?
  package var properties: Properties

  /// A CONNECT with the defaults of the standard.
  package init(
    version: ProtocolVersion, clientIdentifier: String, cleanStart: Bool = true,
    keepAliveSeconds: UInt16 = 60, will: Will? = nil, userName: String? = nil,
    password: [UInt8]? = nil, properties: Properties = Properties(), isBridge: Bool = false
  ) {
    self.version = version
    self.clientIdentifier = clientIdentifier
    self.cleanStart = cleanStart
    self.keepAliveSeconds = keepAliveSeconds
    self.will = will
    self.userName = userName
    self.password = password
    self.properties = properties
    self.isBridge = isBridge
  }
}

/// The connect flags (3.1.2.3).
private struct ConnectFlags {
  var rawValue: UInt8

  var cleanStart: Bool { rawValue & 0x02 != 0 }
  var hasWill: Bool { rawValue & 0x04 != 0 }
  var willQoS: UInt8 { rawValue >> 3 & 0x03 }
  var isWillRetained: Bool { rawValue & 0x20 != 0 }
  var hasPassword: Bool { rawValue & 0x40 != 0 }
  var hasUserName: Bool { rawValue & 0x80 != 0 }
}

extension Connect {
  /// Reads a CONNECT, fixed header included.
  static func decode(
    _ packet: Span<UInt8>, _ header: FixedHeader
  ) throws(DecodeError) -> Connect {
    var reader = PacketReader(packet, header)
    let (version, isBridge) = try protocolVersion(&reader)
    // MQTT 3.1 does not use the flags of its fixed header.
    if version != .v31 && header.flags != 0 {
      throw reader.fault(
        .malformedPacket, "MQTT-2.1.3-1", at: 0,
        "the flags in the first byte are \(header.flags), not 0")
    }
    let flagsOffset = reader.offset
    let flags = ConnectFlags(rawValue: try reader.byte("connect flags"))
    try check(flags, version, reader, at: flagsOffset)
    let keepAlive = try reader.twoBytes("keep alive")
    var properties = Properties()
    if version == .v5 { properties = try reader.properties(in: .connect) }
    let identifier = try reader.string("client identifier")
    var connect = Connect(
      version: version, clientIdentifier: identifier, cleanStart: flags.cleanStart,
      keepAliveSeconds: keepAlive, properties: properties, isBridge: isBridge)
    if flags.hasWill { connect.will = try will(&reader, flags, version) }
    // MQTT 3.1 lets the fields be missing although their flags are set.
    let mayMiss = version == .v31
    if flags.hasUserName && !(mayMiss && reader.remaining == 0) {
      connect.userName = try reader.string("user name")
    }
    if flags.hasPassword && !(mayMiss && reader.remaining == 0) {
      connect.password = try reader.array("password")
    }
    try reader.finish()
    return connect
  }

  /// The protocol version that a CONNECT announces, however wrong the rest of it is.
  ///
  /// It is the form in which a refusal can be understood (3.1.2.2). Nil when the name or the
  /// version is none that we know; later versions than 5.0 count as 5.0.
  package static func announcedVersion(
    _ packet: Span<UInt8>, _ header: FixedHeader
  ) -> ProtocolVersion? {
    var reader = PacketReader(packet, header)
    guard let name = try? reader.binary("protocol name"),
      let level = try? reader.byte("protocol version")
    else { return nil }
    let isOld = isName(packet, name, "MQIsdp")
    guard isOld || isName(packet, name, "MQTT") else { return nil }
    return ProtocolVersion(rawValue: level & 0x7F) ?? (level & 0x7F > 5 ? .v5 : nil)
  }

  private static func isName(
    _ bytes: Span<UInt8>, _ range: Range<Int>, _ name: StaticString
  ) -> Bool {
    let expected = "\(name)".utf8.span
    if range.count != expected.count { return false }
    for index in expected.indices where bytes[range.lowerBound + index] != expected[index] {
      return false
    }
    return true
  }

  private static func protocolVersion(
    _ reader: inout PacketReader
  ) throws(DecodeError) -> (ProtocolVersion, isBridge: Bool) {
    let name = try reader.binary("protocol name")
    let isOld = isName(reader.bytes, name, "MQIsdp")
    if !isOld && !isName(reader.bytes, name, "MQTT") {
      throw reader.fault(
        .unsupportedProtocolVersion, "MQTT-3.1.2-1", at: name.lowerBound,
        "the protocol name is neither MQTT nor MQIsdp")
    }
    let level = try reader.byte("protocol version")
    // Bridges of 5.0 say nothing of the kind: they have the options of their subscriptions.
    if let version = ProtocolVersion(rawValue: level & 0x7F), (version == .v31) == isOld,
      version != .v5 || level == version.rawValue
    {
      return (version, level & 0x80 != 0)
    }
    throw reader.fault(
      .unsupportedProtocolVersion, "MQTT-3.1.2-2", at: reader.offset - 1,
      "the protocol version is \(level), where \(isOld ? "MQIsdp has 3" : "MQTT has 4 or 5")")
  }

  private static func check(
    _ flags: ConnectFlags, _ version: ProtocolVersion, _ reader: borrowing PacketReader,
    at offset: Int
  ) throws(DecodeError) {
    if flags.willQoS == 3 && (flags.hasWill || version != .v31) {
      throw reader.fault(.malformedPacket, "MQTT-3.1.2-12", at: offset, "the will QoS is 3")
    }
    if flags.hasPassword && !flags.hasUserName && version != .v5 {
      throw reader.fault(
        .malformedPacket, "MQTT311-3.1.2-22", at: offset,
        "the password flag is set and the user name flag is not")
    }
    // MQTT 3.1 disregards the reserved bit, and the bits of a will that is not there.
    if version == .v31 { return }
    if flags.rawValue & 0x01 != 0 {
      throw reader.fault(
        .malformedPacket, "MQTT-3.1.2-3", at: offset, "the reserved connect flag is set")
    }
    if !flags.hasWill && flags.willQoS != 0 {
      throw reader.fault(
        .malformedPacket, "MQTT-3.1.2-11", at: offset,
        "the will QoS is \(flags.willQoS), but there is no will")
    }
    if !flags.hasWill && flags.isWillRetained {
      throw reader.fault(
        .malformedPacket, "MQTT-3.1.2-13", at: offset,
        "will retain is set, but there is no will")
    }
  }

  private static func will(
    _ reader: inout PacketReader, _ flags: ConnectFlags, _ version: ProtocolVersion
  ) throws(DecodeError) -> Will {
    var properties = Properties()
    if version == .v5 { properties = try reader.properties(in: .will) }
    let topic = try reader.topicName("will topic")
    let payload = try reader.array("will payload")
    return Will(
      topic: String(validated: reader.bytes, topic), payload: payload,
      qos: QoS(rawValue: flags.willQoS) ?? .atMostOnce, isRetained: flags.isWillRetained,
      properties: properties)
  }
}

extension Connect {
  /// Bytes after the fixed header.
  var remainingLength: Int {
    var size = 2 + protocolName.utf8.count + 1 + 1 + 2
    if version == .v5 { size += properties.encodedSizeWithLength }
    size += 2 + clientIdentifier.utf8.count
    if let will {
      if version == .v5 { size += will.properties.encodedSizeWithLength }
      size += 2 + will.topic.utf8.count + 2 + will.payload.count
    }
    if let userName { size += 2 + userName.utf8.count }
    if let password { size += 2 + password.count }
    return size
  }

  /// Appends what follows the fixed header.
  func encodeBody(into buffer: inout ByteBuffer) {
    buffer.append(lengthPrefixed: protocolName)
    buffer.append(version.rawValue | (isBridge ? 0x80 : 0))
    buffer.append(flags)
    buffer.append(bigEndian: keepAliveSeconds)
    if version == .v5 { properties.encode(into: &buffer) }
    buffer.append(lengthPrefixed: clientIdentifier)
    if let will {
      if version == .v5 { will.properties.encode(into: &buffer) }
      buffer.append(lengthPrefixed: will.topic)
      buffer.append(lengthPrefixed: will.payload)
    }
    if let userName { buffer.append(lengthPrefixed: userName) }
    if let password { buffer.append(lengthPrefixed: password) }
  }

  private var protocolName: String { version == .v31 ? "MQIsdp" : "MQTT" }

  private var flags: UInt8 {
    var flags: UInt8 = cleanStart ? 0x02 : 0
    if let will { flags |= 0x04 | will.qos.rawValue << 3 | (will.isRetained ? 0x20 : 0) }
    if password != nil { flags |= 0x40 }
    if userName != nil { flags |= 0x80 }
    return flags
  }
}
