// What there is of a packet whose end the snap length cut, or the capture's end: its flags, and the
// fields in front of the cut. They are read as `-T fields` reads them, which judges nothing.

import Basis
package import MQTTCodec

/// The beginning of a packet.
package struct PacketBeginning: Sendable {
  /// One thing that is known of it.
  package enum Fact: Equatable, Sendable {
    case identifier(Int)
    case qos(Int)
    case isDuplicate
    case isRetained
    case topic(String)
    /// Those filters of a SUBSCRIBE or UNSUBSCRIBE that are whole.
    case filters([String])
    case clientIdentifier(String)
    case cleanStart(Bool)
    case keepAliveSeconds(Int)
    case userName(String)
    case isSessionPresent
    case reason(ReasonCode)
    /// Those in front of the cut that are whole.
    case properties(Properties)
  }

  /// In the order in which they are told.
  package private(set) var facts: [Fact] = []

  /// Bytes of properties that are looked through for whole ones.
  private static let propertyLimit = 512

  /// Reads `bytes`, with which the packet begins.
  package init(_ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts) {
    guard let header = packet.header else { return }
    let reader = Reader(packet: packet, connection: connection)
    if header.type == .publish {
      addFlags(header)
      facts += reader.texts(.topic, bytes).prefix(1).filter { !$0.isEmpty }.map { .topic($0) }
    }
    if let identifier = reader.numbers(.messageIdentifier, bytes).first {
      facts.insert(.identifier(identifier), at: 0)
    }
    switch header.type {
    case .publish: addProperties(header, bytes, connection.version)
    case .subscribe, .unsubscribe:
      let filters = reader.texts(.topic, bytes)
      if !filters.isEmpty { facts.append(.filters(filters)) }
    case .connect:
      facts += reader.texts(.clientIdentifier, bytes).map { .clientIdentifier($0) }
      facts += reader.numbers(.cleanSession, bytes).map { .cleanStart($0 != 0) }
      facts += reader.numbers(.keepAlive, bytes).map { .keepAliveSeconds($0) }
      facts += reader.texts(.userName, bytes).map { .userName($0) }
    case .connack:
      let codes = reader.numbers(connection.version == .v5 ? .connackReason : .returnCode, bytes)
      if connection.version == .v5 {
        facts += codes.map { .reason(ReasonCode(rawValue: UInt8($0))) }
      }
      if reader.numbers(.sessionPresent, bytes).first == 1 { facts.append(.isSessionPresent) }
    case .puback, .pubrec, .pubrel, .pubcomp, .suback, .unsuback, .pingreq, .pingresp, .disconnect,
      .auth:
      break
    }
  }

  private mutating func addFlags(_ header: FixedHeader) {
    facts.append(.qos(Int(header.flags >> 1 & 3)))
    if header.flags & 8 != 0 { facts.append(.isDuplicate) }
    if header.flags & 1 != 0 { facts.append(.isRetained) }
  }

  /// A PUBLISH is made of what is there, with ever fewer bytes of properties, until it is one.
  private mutating func addProperties(
    _ header: FixedHeader, _ bytes: Span<UInt8>, _ version: ProtocolVersion
  ) {
    var start = header.headerLength
    guard version == .v5, bytes.count >= start + 2 else { return }
    start += 2 + Int(bytes[start]) << 8 + Int(bytes[start + 1])
    if header.flags & 0x06 != 0 { start += 2 }
    // The length that is announced takes one or two bytes where it is within the limit.
    guard start < bytes.count else { return }
    var announced = Int(bytes[start] & 0x7F)
    var place = start + 1
    if bytes[start] & 0x80 != 0 {
      guard place < bytes.count else { return }
      announced |= Int(bytes[place] & 0x7F) << 7
      place += 1
    }
    let available = min(announced, bytes.count - place, Self.propertyLimit)
    if available <= 0 { return }
    for count in stride(from: available, through: 1, by: -1) {
      if let found = Self.properties(header, bytes, end: start, place..<place + count) {
        facts.append(.properties(found))
        return
      }
    }
  }

  private static func properties(
    _ header: FixedHeader, _ bytes: Span<UInt8>, end: Int, _ range: Range<Int>
  ) -> Properties? {
    var body = ByteBuffer()
    body.append(bytes.extracting(header.headerLength..<end))
    body.append(variableByteInteger: range.count)
    body.append(bytes.extracting(range))
    var whole = ByteBuffer()
    whole.append(bytes[0])
    whole.append(variableByteInteger: body.count)
    whole.append(body.span)
    do throws(DecodeError) {
      guard
        let read = try FixedHeader.read(
          whole.span, at: 0, packetSizeLimit: FixedHeader.longestPacket, version: .v5)
      else { return nil }
      let view = try PublishView.decode(whole.span, read, version: .v5, direction: .toServer)
      return try Publish(view, in: whole.span).properties
    } catch {
      return nil
    }
  }
}

/// Reads fields of one packet.
private struct Reader {
  var packet: CapturedPacket
  var connection: ConnectionFacts

  func texts(_ field: CaptureField, _ bytes: Span<UInt8>) -> [String] {
    var columns = FieldColumns([field], aggregator: "\u{0}")
    columns.addPacket(packet, bytes, connection)
    if !columns.hasValue(at: 0) { return [] }
    return columns.value(at: 0).split(separator: 0, omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  func numbers(_ field: CaptureField, _ bytes: Span<UInt8>) -> [Int] {
    texts(field, bytes).compactMap { Int($0) }
  }
}
