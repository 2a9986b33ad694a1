// A message to many is written once and sent from there; nobody may notice. Random messages go to
// everybody or to one client, at several qualities, while output is taken at random moments or not
// at all: each client gets just what it would get alone, in order.

import Basis
import MQTTBroker
import MQTTCodec
import MQTTSession
import TestSupport
import Testing

struct SharedOutputTests {
  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func `what many get alike comes in the order of what each gets alone [MQTT-4.6.0-6]`(
    seed: UInt64
  ) {
    var chance = Chance(seed: seed)
    let world = World()
    let publisher = Peer(world, "publisher")
    let peers = (0..<9).map { number in
      let peer = Peer(world, "s\(number)", number % 3 == 0 ? .v5 : .v311)
      peer.subscribe("all/#", .atMostOnce, retainAsPublished: number % 6 == 0)
      peer.subscribe("one/\(number)")
      if number % 2 == 0 { peer.subscribe("some", .atMostOnce) }
      return peer
    }
    var expected = peers.map { _ in [String]() }
    var received = peers.map { _ in [String]() }
    for step in 0..<200 {
      let text = "\(step)" + String(repeating: "x", count: chance.below(400))
      switch chance.below(8) {
      case 0..<4:
        let qos = QoS(rawValue: UInt8(chance.below(2))) ?? .atMostOnce
        let retain = chance.happens(onceIn: 5)
        publisher.publish("all/\(chance.below(3))", text, qos, retain: retain)
        for number in peers.indices { expected[number].append(text) }
      case 4:
        publisher.publish("some", text)
        for number in peers.indices where number % 2 == 0 { expected[number].append(text) }
      case 5:
        let number = chance.below(peers.count)
        let qos = QoS(rawValue: UInt8(chance.below(2))) ?? .atMostOnce
        publisher.publish("one/\(number)", text, qos)
        expected[number].append(text)
      case 6: world.broker.settleOutput()
      case _:
        let number = chance.below(peers.count)
        received[number] += peers[number].messages().map(MQTTBrokerTests.text)
      }
    }
    for number in peers.indices {
      received[number] += peers[number].messages().map(MQTTBrokerTests.text)
    }
    #expect(received == expected)
  }

  @Test func `clients who do not read hold one copy together, up to their limit`() {
    let world = World { $0.outboxByteLimit = 300_000 }
    let publisher = Peer(world, "publisher")
    let peers = (0..<10).map { number in
      let peer = Peer(world, "s\(number)")
      peer.subscribe("all", .atMostOnce)
      return peer
    }
    for number in 0..<40 {
      publisher.publish("all", "\(number)" + String(repeating: "x", count: 10_000))
      world.broker.settleOutput()
    }
    for (number, peer) in peers.enumerated() {
      if number % 2 == 0 {
        let output = world.broker.takeOutput(of: peer.connection)
        let (own, all) = (output.own.count, output.count)
        #expect(own == 0)
        #expect(all > 300_000)
        continue
      }
      // What is beyond the limit was dropped, what is below it is all there.
      let texts = peer.messages().map { text($0).prefix { $0 != "x" } }
      #expect(texts.map { Int($0) } == (0..<30).map { $0 })
    }
  }

  @Test func `what comes after a shared message is behind it, also what waits for a record`() {
    let store = RecordsStore()
    let publisher = store.passer("publisher")
    let peers = (0..<5).map { number in
      let peer = store.client("s\(number)")
      peer.subscribe("all", .atMostOnce)
      peer.subscribe("kept")
      return peer
    }
    store.commit()
    for peer in peers { _ = peer.read() }
    publisher.publish("all", "1")
    publisher.publish("kept", "2", .exactlyOnce)
    publisher.publish("all", "3")
    for peer in peers { #expect(peer.messages().map(text) == ["1"]) }
    store.commit()
    for peer in peers { #expect(peer.messages().map(text) == ["2", "3"]) }
  }
}
