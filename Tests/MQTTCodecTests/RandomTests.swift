// Packets and bytes made by chance, from seeds that are written here: what is encoded is decoded
// to the same value, and no bytes whatever do more than give a packet or an error.

import Basis
import MQTTCodec
import TestSupport
import Testing

@Suite struct RandomTests {
  @Test(arguments: ProtocolVersion.allCases, [Direction.toServer, .toClient])
  func `a packet is decoded to what was encoded`(
    _ version: ProtocolVersion, _ direction: Direction
  ) throws {
    var packets = RandomPackets(seed: 1, version: version)
    var types: Set<PacketType> = []
    for number in 0..<3_000 {
      let packet = packets.next(direction)
      types.insert(packet.type)
      let encoded = encode(packet, version)
      #expect(encoded.count == packet.encodedSize(version: version))
      do {
        let again = try decode(encoded, version, direction)
        if again != packet {
          Issue.record("\(number): \(text(packet))\nbecame \(again.map { text($0) } ?? "nothing")")
        }
      } catch {
        Issue.record("\(number): \(error)\n\(text(packet))\n\(hexadecimal(encoded))")
      }
    }
    #expect(types.count == (version == .v5 ? 11 : direction == .toServer ? 10 : 9))
  }

  @Test func `packets in one buffer are read one after the other wherever it is cut`() throws {
    var packets = RandomPackets(seed: 2, version: .v5)
    let sent = (0..<200).map { _ in packets.next(.toServer) }
    var stream = ByteBuffer()
    for packet in sent { packet.encode(into: &stream, version: .v5) }
    var chance = Chance(seed: 3)
    var arrived = ByteBuffer()
    var received: [Packet] = []
    let all = stream.bytes
    var next = 0
    while next < all.count {
      let count = min(all.count - next, 1 + chance.below(40))
      arrived.append(all.span.extracting(next..<next + count))
      next += count
      while let header = try FixedHeader.read(arrived.span, at: 0, packetSizeLimit: 100_000),
        arrived.count >= header.packetLength
      {
        received.append(try packet(arrived.span, header))
        arrived.consume(header.packetLength)
      }
    }
    #expect(received == sent)
    let left = arrived.count
    #expect(left == 0)
  }

  /// The packet that `bytes` begin with.
  private func packet(
    _ bytes: Span<UInt8>, _ header: FixedHeader
  ) throws(DecodeError) -> Packet {
    try Packet.decode(
      bytes.extracting(0..<header.packetLength), header, version: .v5, direction: .toServer)
  }

  @Test(arguments: ProtocolVersion.allCases)
  func `mutated packets give a packet or an error`(_ version: ProtocolVersion) {
    var packets = RandomPackets(seed: 4, version: version)
    var chance = Chance(seed: 5)
    var refused = 0
    var taken = 0
    let directions: [Direction] = [.toServer, .toClient]
    let valid = (0..<1_000).map { encode(packets.next(directions[$0 & 1]), version) }
    for number in 0..<70_000 {
      let direction = directions[number & 1]
      var content = valid[number % valid.count]
      mutate(&content, &chance)
      do {
        if let packet = try decode(content, version, direction) {
          taken += 1
          // Whatever is taken can be written, and what is written is taken again.
          let again = try decode(encode(packet, version), version, direction)
          if again != packet { Issue.record("\(hexadecimal(content))") }
        }
      } catch {
        refused += 1
        if !error.reasonCode.isFailure || error.offset > content.count {
          Issue.record("\(error): \(hexadecimal(content))")
        }
      }
    }
    #expect(refused > 10_000)
    #expect(taken > 10_000)
  }

  @Test func `any bytes give a packet, an error or a wish for more`() {
    var chance = Chance(seed: 6)
    for number in 0..<30_000 {
      let content = (0..<chance.below(40)).map { _ in UInt8(truncatingIfNeeded: chance.next()) }
      for version in ProtocolVersion.allCases {
        _ = try? decode(content, version, number & 1 == 0 ? .toServer : .toClient)
      }
    }
  }

  /// Changes, adds or takes away some bytes, and most of the time keeps the length true.
  private func mutate(_ content: inout [UInt8], _ chance: inout Chance) {
    for _ in 0...chance.below(3) {
      let place = chance.below(content.count)
      let byte = UInt8(truncatingIfNeeded: chance.next())
      switch chance.below(6) {
      case 0: content[place] ^= 1 << UInt8(chance.below(8))
      case 1: content[place] = byte
      case 2: content.insert(byte, at: place)
      case 3 where content.count > 2: content.remove(at: place)
      case 4: content[place] = [0x00, 0x80, 0xFF, 0x7F, 0x01][chance.below(5)]
      default: break
      }
    }
    if chance.happens(onceIn: 4) { return }
    let headerLength = 1 + (content.dropFirst().prefix(3).prefix { $0 >= 0x80 }.count) + 1
    let body = content.dropFirst(headerLength)
    content = [content[0]] + variableByteInteger(body.count) + body
  }
}
