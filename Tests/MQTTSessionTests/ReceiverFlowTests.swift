// The receiver's automaton of QoS 2: each (state, packet) pair in both of its forms, the short
// list and the bit map, and random runs against a plain set.

import Basis
import MQTTCodec
import MQTTSession
import Testing

@Suite struct ReceiverFlowTests {
  static func identifier(_ value: UInt16) throws -> PacketIdentifier {
    try #require(PacketIdentifier(rawValue: value))
  }

  /// A flow that holds `others` identifiers from 1000 on: 0 and 10 make a list, 200 a bit map.
  static func flow(holding others: Int) throws -> ReceiverFlow {
    var flow = ReceiverFlow()
    for offset in 0..<others { _ = flow.receive(try identifier(UInt16(1000 + offset))) }
    return flow
  }

  @Test(arguments: [0, 10, 200])
  func `an unknown identifier is the first arrival [MQTT-4.3.3-8]`(_ others: Int) throws {
    var flow = try Self.flow(holding: others)
    #expect(flow.receive(try Self.identifier(5)) == .first)
    #expect(flow.contains(try Self.identifier(5)))
    #expect(flow.count == others + 1)
  }

  @Test(arguments: [0, 10, 200])
  func `a held identifier is a duplicate until PUBREL [MQTT-4.3.3-10]`(_ others: Int) throws {
    var flow = try Self.flow(holding: others)
    _ = flow.receive(try Self.identifier(5))
    #expect(flow.receive(try Self.identifier(5)) == .duplicate)
    #expect(flow.receive(try Self.identifier(5)) == .duplicate)
    #expect(flow.count == others + 1)
  }

  @Test(arguments: [0, 10, 200])
  func `PUBREL releases a held identifier, which then is new again [MQTT-4.3.3-12]`(
    _ others: Int
  ) throws {
    var flow = try Self.flow(holding: others)
    _ = flow.receive(try Self.identifier(5))
    #expect(flow.release(try Self.identifier(5)))
    #expect(!flow.contains(try Self.identifier(5)))
    #expect(flow.receive(try Self.identifier(5)) == .first)
  }

  @Test(arguments: [0, 10, 200])
  func `PUBREL for an unknown identifier releases nothing`(_ others: Int) throws {
    var flow = try Self.flow(holding: others)
    #expect(!flow.release(try Self.identifier(5)))
    #expect(flow.count == others)
  }

  @Test func `all 65535 identifiers can be held and released`() throws {
    var flow = ReceiverFlow()
    for value in 1...UInt16.max { _ = flow.receive(try Self.identifier(value)) }
    #expect(flow.count == 65_535)
    #expect(flow.identifiers.count == 65_535)
    for value in 1...UInt16.max where !flow.release(try Self.identifier(value)) {
      Issue.record("\(value) was not held")
    }
    #expect(flow.count == 0)
    #expect(flow.identifiers.isEmpty)
  }

  @Test func `removing all forgets every identifier`() throws {
    var flow = try Self.flow(holding: 200)
    flow.removeAll()
    #expect(flow.count == 0)
    #expect(flow.receive(try Self.identifier(1000)) == .first)
  }

  @Test(arguments: 1...20)
  func `a random run agrees with a set of identifiers`(_ seed: UInt64) throws {
    var random = RandomNumbers(seed: seed)
    var flow = ReceiverFlow()
    var model: Set<UInt16> = []
    // A bias that swings makes the flow cross between its two forms again and again.
    for step in 0..<6_000 {
      let value = UInt16.random(in: 1...150, using: &random)
      let arrives = UInt8.random(in: 0..<10, using: &random) < (step / 500 % 2 == 0 ? 8 : 2)
      if arrives {
        let arrival = flow.receive(try Self.identifier(value))
        #expect(arrival == (model.insert(value).inserted ? .first : .duplicate))
      } else {
        #expect(flow.release(try Self.identifier(value)) == (model.remove(value) != nil))
      }
      #expect(flow.count == model.count)
    }
    #expect(flow.identifiers.map(\.rawValue) == model.sorted())
  }
}
