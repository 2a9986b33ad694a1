// The fixed header (2.1): types and flags by the tables of the standard, lengths at their bounds,
// and bytes that come one at a time.

import Basis
import MQTTCodec
import TestSupport
import Testing

/// Table 2-2, by packet type: the flags of the first byte; nil where they carry meaning.
private let flagTable: [UInt8: UInt8?] = [
  1: 0b0000, 2: 0b0000, 3: nil, 4: 0b0000, 5: 0b0000, 6: 0b0010, 7: 0b0000, 8: 0b0010, 9: 0b0000,
  10: 0b0010, 11: 0b0000, 12: 0b0000, 13: 0b0000, 14: 0b0000, 15: 0b0000,
]

/// Table 2-4: the least and the greatest value of each size of a variable byte integer.
private let lengthTable: [(Int, [UInt8])] = [
  (0, [0x00]), (127, [0x7F]), (128, [0x80, 0x01]), (16_383, [0xFF, 0x7F]),
  (16_384, [0x80, 0x80, 0x01]), (2_097_151, [0xFF, 0xFF, 0x7F]),
  (2_097_152, [0x80, 0x80, 0x80, 0x01]), (268_435_455, [0xFF, 0xFF, 0xFF, 0x7F]),
]

@Suite struct FrameTests {
  @Test(arguments: UInt8.min...UInt8.max)
  func `a first byte is taken exactly when the tables allow it [MQTT-2.1.3-1]`(_ first: UInt8) {
    let isAllowed: Bool
    switch flagTable[first >> 4] {
    case nil: isAllowed = false
    // Whether the flags of a CONNECT matter is known when its version is.
    case .some(.some(let flags)): isAllowed = flags == first & 0x0F || first >> 4 == 1
    case .some(nil): isAllowed = first & 0x06 != 0x06 && first & 0x0E != 0x08
    }
    for version in [ProtocolVersion.v311, .v5] {
      let found = try? header([first, 0], version: version)
      #expect((found != nil) == isAllowed)
      if isAllowed {
        #expect(found?.type.rawValue == first >> 4)
        #expect(found?.flags == first & 0x0F)
      }
    }
  }

  @Test(arguments: [UInt8(0x1F), 0x4F, 0x61, 0x80, 0xAF, 0xC2, 0xE1])
  func `MQTT 3.1 does not look at flags that a packet does not use`(_ first: UInt8) throws {
    #expect(try header([first, 0], version: .v31)?.type.rawValue == first >> 4)
  }

  @Test(arguments: UInt8.min...UInt8.max)
  func `a wrong first byte is refused before the second comes`(_ first: UInt8) throws {
    let isAllowed = (try? header([first, 0], version: .v5)) != nil
    if isAllowed {
      #expect(try header([first], version: .v5) == nil)
    } else {
      #expect(throws: DecodeError.self) { try header([first], version: .v5) }
    }
  }

  @Test(arguments: lengthTable)
  func `lengths are read and written as the standard's table has them [MQTT-1.5.5-1]`(
    _ value: Int, _ encoded: [UInt8]
  ) throws {
    let found = try #require(try header([0x30] + encoded, version: .v5))
    #expect(found.remainingLength == value)
    #expect(found.headerLength == 1 + encoded.count)
    #expect(found.packetLength == 1 + encoded.count + value)
    var buffer = ByteBuffer()
    buffer.append(variableByteInteger: value)
    #expect(buffer.bytes == encoded)
    #expect(VariableByteInteger.size(value) == encoded.count)
    for count in 1..<(1 + encoded.count) {
      #expect(try header(Array(([0x30] + encoded).prefix(count)), version: .v5) == nil)
    }
  }

  @Test func `a fifth byte of the length is refused before it comes`() {
    let error = #expect(throws: DecodeError.self) {
      try header([0x30, 0x80, 0x80, 0x80, 0x80], version: .v311)
    }
    #expect(error?.reasonCode == .malformedPacket)
    #expect(error?.offset == 4)
  }

  @Test(arguments: 2...4)
  func `a length with a zero byte at its end is refused [MQTT-1.5.5-1]`(_ count: Int) {
    let length = Array(repeating: UInt8(0x81), count: count - 1) + [0]
    let error = #expect(throws: DecodeError.self) { try header([0x30] + length, version: .v5) }
    #expect(error?.statement == "MQTT-1.5.5-1")
    #expect(error?.offset == count)
  }

  @Test func `a packet over the limit is refused as soon as its length is known`() throws {
    let packet: [UInt8] = [0x30, 0xE6, 0x07]  // 998 bytes follow, 1001 in all
    #expect(try header(packet, version: .v5, packetSizeLimit: 1001)?.packetLength == 1001)
    let error = #expect(throws: DecodeError.self) {
      try header(packet, version: .v5, packetSizeLimit: 1000)
    }
    #expect(error?.reasonCode == .packetTooLarge)
    #expect(error?.packetType == .publish)
    #expect(
      error?.description
        == "PUBLISH byte 1: the packet has 1001 bytes, more than the 1000 that are allowed "
        + "[MQTT-3.2.2-15]")
  }

  @Test func `a packet is read from where it starts`() throws {
    let two: [UInt8] = [0xC0, 0x00, 0x40, 0x02, 0x00, 0x07, 0xE0]
    let second = try FixedHeader.read(two.span, at: 2, packetSizeLimit: 100)
    #expect(
      second
        == FixedHeader(type: .puback, flags: 0, headerLength: 2, remainingLength: 2))
    #expect(try FixedHeader.read(two.span, at: 6, packetSizeLimit: 100) == nil)
    #expect(try FixedHeader.read(two.span, at: 7, packetSizeLimit: 100) == nil)
  }

  @Test func `a packet without a type is told without one`() {
    let error = #expect(throws: DecodeError.self) { try header([0x00, 0x00], version: .v5) }
    #expect(
      error?.description == "packet byte 0: the packet type is 0, which is reserved [2.1.2]")
  }
}
