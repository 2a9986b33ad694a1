// A cursor over the bytes of one packet. Every read is checked against the end of the part that is
// being read, so a length inside a packet can never lead out of it; what is wrong is said with the
// name of the field. The cursor allocates nothing unless it is asked for a String or an array.

import Basis

/// Reads the fields of one packet in their order.
///
/// Invariant: `0 <= offset <= end <= bytes.count`, so sums of them with a length of at most
/// 65,535 cannot overflow.
struct PacketReader: ~Escapable {
  let bytes: Span<UInt8>
  let type: PacketType
  /// Offset of the next byte from the packet's first byte.
  var offset: Int
  /// Where the part that is being read ends: the packet, or its properties.
  var end: Int

  /// A reader at the first byte after the fixed header.
  @_lifetime(copy packet)
  @inline(__always) init(_ packet: Span<UInt8>, _ header: FixedHeader) {
    precondition(packet.count == header.packetLength, "not exactly the bytes of one packet")
    bytes = packet
    type = header.type
    offset = header.headerLength
    end = packet.count
  }

  /// A reader of the properties of a PUBLISH, which lie at `properties`.
  @_lifetime(copy packet)
  init(properties: Range<Int>, of packet: Span<UInt8>) {
    bytes = packet
    type = .publish
    offset = properties.lowerBound
    end = properties.upperBound
  }

  /// Bytes that are left of the part that is being read.
  @inline(__always) var remaining: Int { end &- offset }

  /// A fault of this packet.
  @inline(never) func fault(
    _ reasonCode: ReasonCode, _ statement: String, at offset: Int, _ explanation: String
  ) -> DecodeError {
    DecodeError(reasonCode, statement, type, at: offset, explanation)
  }

  @inline(never) func shortage(_ field: StaticString, needs count: Int) -> DecodeError {
    fault(
      .malformedPacket, formatStatement, at: offset,
      "the packet ends within the \(field): \(remaining) of \(count) bytes are there")
  }

  /// The statement by which a packet that cannot be read is refused.
  private var formatStatement: String { type == .connect ? "MQTT-3.1.4-1" : "MQTT-4.13.1-1" }

  /// Reads one byte.
  @inline(__always) mutating func byte(_ field: StaticString) throws(DecodeError) -> UInt8 {
    if _slowPath(remaining < 1) { throw shortage(field, needs: 1) }
    offset &+= 1
    return bytes[offset &- 1]
  }

  /// Reads a two byte integer (1.5.2).
  @inline(__always) mutating func twoBytes(_ field: StaticString) throws(DecodeError) -> UInt16 {
    if _slowPath(remaining < 2) { throw shortage(field, needs: 2) }
    offset &+= 2
    return UInt16(bytes[offset &- 2]) << 8 | UInt16(bytes[offset &- 1])
  }

  /// Reads a four byte integer (1.5.3).
  mutating func fourBytes(_ field: StaticString) throws(DecodeError) -> UInt32 {
    if _slowPath(remaining < 4) { throw shortage(field, needs: 4) }
    var value: UInt32 = 0
    for index in offset..<offset + 4 { value = value << 8 | UInt32(bytes[index]) }
    offset += 4
    return value
  }

  /// Reads a variable byte integer (1.5.5).
  @inline(__always) mutating func variableByteInteger(
    _ field: StaticString
  ) throws(DecodeError) -> Int {
    if remaining > 0 && bytes[offset] < 0x80 {
      offset &+= 1
      return Int(bytes[offset &- 1])
    }
    return try longVariableByteInteger(field)
  }

  @inline(never) private mutating func longVariableByteInteger(
    _ field: StaticString
  ) throws(DecodeError) -> Int {
    switch VariableByteInteger.read(bytes, at: offset, end: end) {
    case .value(let value, let length):
      offset += length
      return value
    case .shortage:
      throw shortage(field, needs: remaining + 1)
    case .tooLong:
      throw fault(
        .malformedPacket, "MQTT-1.5.5-1", at: offset + 3,
        "the \(field) has more than four bytes")
    case .notMinimal(let length):
      throw fault(
        .malformedPacket, "MQTT-1.5.5-1", at: offset + length - 1,
        "the \(field) takes \(length) bytes where fewer would do")
    }
  }

  /// Reads binary data (1.5.6) and answers where it lies.
  @inline(__always) mutating func binary(_ field: StaticString) throws(DecodeError) -> Range<Int> {
    let count = Int(try twoBytes(field))
    if _slowPath(remaining < count) { throw shortage(field, needs: count) }
    offset &+= count
    return offset &- count..<offset
  }

  /// Reads a UTF-8 encoded string (1.5.4) and answers where it lies.
  mutating func text(_ field: StaticString) throws(DecodeError) -> Range<Int> {
    let range = try binary(field)
    if let found = UTF8Rules.fault(bytes, range, forbidsWildcards: false) {
      throw textFault(found, field)
    }
    return range
  }

  /// Reads a string and copies it.
  mutating func string(_ field: StaticString) throws(DecodeError) -> String {
    String(validated: bytes, try text(field))
  }

  /// Reads binary data and copies it.
  mutating func array(_ field: StaticString) throws(DecodeError) -> [UInt8] {
    copy(try binary(field))
  }

  /// The bytes in `range` as an array.
  func copy(_ range: Range<Int>) -> [UInt8] {
    [UInt8](capacity: range.count) { output in
      for index in range { output.append(bytes[index]) }
    }
  }

  /// Reads a topic name of at least one character (4.7.3).
  mutating func topicName(_ field: StaticString) throws(DecodeError) -> Range<Int> {
    let range = try text(field)
    if let found = Topic.faultOfName(bytes.extracting(range)) {
      throw topicFault(found, field, at: range.lowerBound)
    }
    return range
  }

  /// Reads a topic filter (4.7.1, 4.8.2).
  mutating func topicFilter(_ field: StaticString) throws(DecodeError) -> Range<Int> {
    let range = try text(field)
    if let found = Topic.faultOfFilter(bytes.extracting(range)) {
      throw topicFault(found, field, at: range.lowerBound)
    }
    return range
  }

  @inline(never) func topicFault(
    _ found: TopicFault, _ field: StaticString, at start: Int
  ) -> DecodeError {
    fault(
      .malformedPacket, found.statement, at: start + found.offset,
      "the \(field) is not valid: \(found.explanation)")
  }

  @inline(never) func textFault(_ found: TextFault, _ field: StaticString) -> DecodeError {
    switch found.kind {
    case .illFormed:
      fault(
        .malformedPacket, "MQTT-1.5.4-1", at: found.offset, "the \(field) is not well-formed UTF-8")
    case .null:
      fault(.malformedPacket, "MQTT-1.5.4-2", at: found.offset, "the \(field) holds U+0000")
    case .wildcard:
      fault(
        .malformedPacket, "MQTT-3.3.2-2", at: found.offset,
        "the \(field) holds a wildcard (\(bytes[found.offset] == 0x2B ? "+" : "#"))")
    }
  }

  /// Reads a packet identifier, which is never zero.
  mutating func packetIdentifier(_ statement: StaticString) throws(DecodeError) -> PacketIdentifier
  {
    let start = offset
    if let identifier = PacketIdentifier(rawValue: try twoBytes("packet identifier")) {
      return identifier
    }
    throw fault(.protocolError, "\(statement)", at: start, "the packet identifier is zero")
  }

  /// Refuses bytes behind the last field.
  func finish() throws(DecodeError) {
    if remaining > 0 {
      throw fault(
        .malformedPacket, formatStatement, at: offset,
        "\(remaining) bytes follow the last field of the packet")
    }
  }
}
