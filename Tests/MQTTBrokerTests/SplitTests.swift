// A stream of packets means the same however the network cuts it. (4.2)

import MQTTBroker
import MQTTCodec
import MQTTSession
import TestSupport
import Testing

struct SplitTests {
  @Test(arguments: ProtocolVersion.allCases)
  func `a session gives the same bytes in pieces of any one size [MQTT-4.2-1]`(
    version: ProtocolVersion
  ) {
    let script = script(version)
    let whole = output([script])
    #expect(whole.count > 100)
    for size in 1...script.count {
      let pieces = stride(from: 0, to: script.count, by: size).map {
        Array(script[$0..<min($0 + size, script.count)])
      }
      #expect(output(pieces) == whole, "pieces of \(size)")
    }
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func `a session gives the same bytes in random pieces [MQTT-4.2-1]`(seed: UInt64) {
    var chance = Chance(seed: seed)
    for version in ProtocolVersion.allCases {
      let script = script(version)
      let whole = output([script])
      for _ in 0..<50 { #expect(output(cut(script, &chance)) == whole) }
    }
  }

  @Test func `a long packet arrives whole from short pieces`() {
    let world = World()
    let subscriber = Peer(world, "s")
    subscriber.subscribe("a", .atMostOnce)
    let publisher = Peer(world, "p")
    let payload = String((0..<20_000).map { Character(UnicodeScalar(UInt8(97 + $0 % 26))) })
    let bytes = encodedPublish("a", payload, .atMostOnce) + encodedPublish("a", "next", .atMostOnce)
    for start in stride(from: 0, to: bytes.count, by: 999) {
      publisher.send(bytes: Array(bytes[start..<min(start + 999, bytes.count)]))
    }
    #expect(subscriber.messages().map(text) == [payload, "next"])
  }

  @Test(arguments: SplitTests.faults)
  func `what comes before a fault counts and what comes after it does not`(fault: [UInt8]) {
    let bytes =
      encodedPublish("a", "before") + fault + encodedPublish("a", "after")
    for size in 1...bytes.count {
      let world = World()
      let subscriber = Peer(world, "s")
      subscriber.subscribe("a", .atMostOnce)
      let publisher = Peer(world, "p")
      for start in stride(from: 0, to: bytes.count, by: size) {
        publisher.send(bytes: Array(bytes[start..<min(start + size, bytes.count)]))
      }
      #expect(subscriber.messages().map(text) == ["before"])
      let answers = publisher.read()
      #expect(answers.count == 2)
      #expect(answers.first == .puback(Acknowledgement(packetIdentifier: id(1))))
      #expect(farewell(answers)?.isFailure == true)
      #expect(world.status("limits/protocol_errors") == "1")
      #expect(world.logCount("p left") == 1)
    }
  }

  /// A type that is none, flags that are wrong, a length of five bytes, a topic with a wildcard, a
  /// second CONNECT, a packet that only a server sends.
  fileprivate static let faults: [[UInt8]] = [
    [0x00, 0x00], [0x62, 0x01, 0x00], [0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
    [0x30, 0x04, 0x00, 0x01, 0x23, 0x00], [0xD0, 0x00],
    encoded(.connect(Connect(version: .v5, clientIdentifier: "p"))),
  ]

  // MARK: The script

  /// A client that talks to itself at every quality, with answers to what it will get.
  private func script(_ version: ProtocolVersion) -> [UInt8] {
    let own = Acknowledgement(packetIdentifier: id(9))
    let packets: [Packet] = [
      .connect(
        Connect(
          version: version, clientIdentifier: "s", keepAliveSeconds: 60,
          will: Will(topic: "w", payload: [1, 2]), userName: "user", password: [3])),
      .subscribe(
        Subscribe(
          packetIdentifier: id(1),
          subscriptions: [
            Subscription(filter: "a/+", options: SubscriptionOptions(qos: .exactlyOnce)),
            Subscription(filter: "#", options: SubscriptionOptions(qos: .atMostOnce)),
          ])),
      .publish(Publish(topic: "a/0", payload: Array(repeating: 7, count: 200))),
      .publish(Publish(topic: "a/1", payload: [], qos: .atLeastOnce, packetIdentifier: id(9))),
      .puback(Acknowledgement(packetIdentifier: id(1))),
      .publish(
        Publish(
          topic: "a/2", payload: [8], qos: .exactlyOnce, isRetained: true, packetIdentifier: id(9))),
      .pubrel(own),
      .pubrec(Acknowledgement(packetIdentifier: id(2))),
      .pubcomp(Acknowledgement(packetIdentifier: id(2))),
      .pingreq,
      .unsubscribe(Unsubscribe(packetIdentifier: id(2), filters: ["#", "none"])),
      .publish(Publish(topic: "b", payload: [1])),
      .pingreq,
      .disconnect(Disconnect()),
    ]
    return packets.flatMap { encoded($0, version) }
  }

  private func cut(_ bytes: [UInt8], _ chance: inout Chance) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var start = 0
    while start < bytes.count {
      let end = min(start + 1 + chance.below(chance.happens(onceIn: 4) ? 100 : 9), bytes.count)
      pieces.append(Array(bytes[start..<end]))
      start = end
    }
    return pieces
  }

  /// All that the engine sends back.
  private func output(_ pieces: [[UInt8]]) -> [UInt8] {
    let world = World()
    let peer = Peer(silent: world)
    var output: [UInt8] = []
    for piece in pieces {
      world.broker.receive(piece.span, on: peer.connection, now: world.now)
      output += world.broker.takeOutput(of: peer.connection).bytes
    }
    world.settle()
    #expect(peer.isClosed)
    return output + (world.closed[peer.connection] ?? [])
  }
}
