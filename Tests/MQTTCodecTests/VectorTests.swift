// The corpus of Tests/Support/Vectors: what each packet means, and how each wrong one is refused.

import MQTTCodec
import TestSupport
import Testing

private let vectors = try? PacketVector.all()
private let packets = (vectors ?? []).filter {
  if case .packet = $0.expectation { true } else { false }
}
private let canonical = (vectors ?? []).filter {
  if case .packet(_, isCanonical: true) = $0.expectation { true } else { false }
}
private let refused = (vectors ?? []).filter {
  if case .error = $0.expectation { true } else { false }
}

@Suite struct VectorTests {
  @Test func `the corpus can be read and covers all fifteen packets`() throws {
    let files = Set(try PacketVector.all().map(\.file))
    for type in PacketType.allCases { #expect(files.contains(type.name), "\(type.name)") }
    #expect(canonical.count > 250)
    #expect(refused.count > 400)
  }

  @Test(arguments: packets)
  func `a packet means what its case says`(_ vector: PacketVector) throws {
    let packet = try #require(try decode(vector.bytes, vector.version, vector.direction))
    guard case .packet(let expected, _) = vector.expectation else { return }
    #expect(text(packet) == expected)
  }

  @Test(arguments: canonical)
  func `a packet is written as the bytes of its case`(_ vector: PacketVector) throws {
    let packet = try #require(try decode(vector.bytes, vector.version, vector.direction))
    #expect(hexadecimal(encode(packet, vector.version)) == hexadecimal(vector.bytes))
    #expect(packet.encodedSize(version: vector.version) == vector.bytes.count)
  }

  @Test(arguments: packets)
  func `what is written of a packet in any form means the same`(_ vector: PacketVector) throws {
    let packet = try #require(try decode(vector.bytes, vector.version, vector.direction))
    let again = try decode(encode(packet, vector.version), vector.version, vector.direction)
    #expect(again == packet)
  }

  @Test(arguments: refused)
  func `a wrong packet is refused as its case says`(_ vector: PacketVector) {
    guard case .error(let code, let statement, let offset, let words) = vector.expectation,
      let error = refusal(vector.bytes, vector.version, vector.direction)
    else {
      Issue.record("it is not refused")
      return
    }
    #expect(error.reasonCode.rawValue == code)
    #expect(error.statement == statement)
    #expect(error.offset == offset)
    if let words { #expect(error.explanation == words) }
    #expect(error.packetType == PacketType(rawValue: vector.bytes[0] >> 4))
  }

  @Test(arguments: packets)
  func `bytes that come in two parts give the same packet`(_ vector: PacketVector) throws {
    let whole = try decode(vector.bytes, vector.version, vector.direction)
    for split in 0..<vector.bytes.count {
      let first = Array(vector.bytes[..<split])
      #expect(try decode(first, vector.version, vector.direction) == nil, "\(split)")
    }
    // Whatever follows belongs to the next packet.
    let longer = vector.bytes + [0xFF, 0x00]
    #expect(try decode(longer, vector.version, vector.direction) == whole)
  }

  @Test(arguments: packets)
  func `a packet whose last bytes are missing is refused or another packet`(
    _ vector: PacketVector
  ) throws {
    let header = try #require(try header(vector.bytes, version: vector.version))
    let body = vector.bytes[header.headerLength...]
    for count in 0..<body.count {
      let short = [vector.bytes[0]] + variableByteInteger(count) + body.prefix(count)
      do {
        let packet = try decode(short, vector.version, vector.direction)
        #expect(packet?.type == header.type, "\(count)")
      } catch {
        #expect(error.reasonCode.isFailure && error.offset <= short.count, "\(count)")
      }
    }
  }
}
