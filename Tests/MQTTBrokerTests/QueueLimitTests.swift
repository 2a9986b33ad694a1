// Limits of what waits for a client: messages in flight, in its queue and in its outbox.

import Basis
import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

struct QueueLimitTests {
  @Test(arguments: [[], lasting])
  func `expired messages leave the queue of a client that is there and does not read`(
    properties: [Property]
  ) {
    let world = World { $0.inFlightLimit = 1 }
    let slow = Peer(world, "slow", .v5, properties)
    slow.subscribe("a", .atLeastOnce)
    let publisher = Peer(world, "p")
    publisher.publish("a", "first", .atLeastOnce, identifier: 1)
    let before = world.broker.messagesInMemory
    for number in UInt16(2)...6 {
      publisher.publish(
        "a", "\(number)", .atLeastOnce, identifier: number,
        [Property(.messageExpiryInterval, .fourByteInteger(10))])
    }
    publisher.publish("a", "last", .atLeastOnce, identifier: 7)
    #expect(world.broker.messagesInMemory == before + 6)
    world.wait(seconds: 60)
    #expect(world.broker.messagesInMemory == before + 1)
    #expect(slow.messages().map(text) == ["first", "last"])
  }

  @Test(arguments: ProtocolVersion.allCases)
  func `no more than the limit is in flight to a client`(version: ProtocolVersion) {
    let world = World { $0.inFlightLimit = 2 }
    let subscriber = Peer(world, "s", version)
    subscriber.subscribe("a", .atLeastOnce)
    let other = Peer(world, "o")
    other.subscribe("a", .atMostOnce)
    let publisher = Peer(world, "p")
    for number in 1...5 { publisher.publish("a", "\(number)", .atLeastOnce) }
    #expect(subscriber.unacknowledged().map(text) == ["1", "2"])
    #expect(other.messages().count == 5)
    #expect(world.status("messages/inflight") == "2")
    subscriber.answer(.puback, 1)
    #expect(subscriber.unacknowledged().map(text) == ["3"])
    #expect(!world.hasLogged("dropped"))
  }

  @Test func `a full queue drops what comes, counts it and says so once`() {
    let world = World { $0.queueMessageLimit = 3 }
    lastingSubscriber(world).cut()
    let other = Peer(world, "o")
    other.subscribe("a")
    let publisher = Peer(world, "p")
    for number in 1...5 { publisher.publish("a", "\(number)", .atLeastOnce) }
    #expect(other.messages().count == 5)
    #expect(world.logCount("s: its queue is full (3 messages") == 1)
    #expect(world.logCount("max-queued-messages 3") == 1)
    #expect(world.status("limits/dropped/queue") == "2")
    #expect(world.status("publish/messages/dropped") == "2")
    let back = lastingPeer(world, "s")
    #expect(back.messages().map(text) == ["1", "2", "3"])
    #expect(world.logCount("s: 2 messages for it were dropped; it keeps up again") == 1)
    back.cut()
    for number in 1...4 { publisher.publish("a", "\(number)", .atLeastOnce) }
    #expect(world.logCount("s: its queue is full") == 2)
  }

  @Test func `a queue of too many bytes drops what does not fit any more`() {
    let world = World { $0.queueByteLimit = 250 }
    lastingSubscriber(world).cut()
    let publisher = Peer(world, "p")
    let large = String(repeating: "x", count: 100)
    for _ in 0..<3 { publisher.publish("a", large, .atLeastOnce) }
    publisher.publish("a", "small", .atLeastOnce)
    #expect(world.logCount("max-queued-bytes 250") == 1)
    #expect(world.status("limits/dropped/queue") == "1")
    #expect(lastingPeer(world, "s").messages().map(text) == [large, large, "small"])
  }

  @Test func `without a limit of bytes the number alone counts`() {
    let world = World { $0.queueByteLimit = 0 }
    lastingSubscriber(world).cut()
    let publisher = Peer(world, "p")
    for _ in 0..<50 {
      publisher.publish("a", String(repeating: "x", count: 30_000), .atLeastOnce)
    }
    #expect(lastingPeer(world, "s").messages().count == 50)
  }

  @Test func `subscribing again and again makes no room in a full queue`() {
    let world = World {
      $0.queueMessageLimit = 3
      $0.inFlightLimit = 1
    }
    let subscriber = lastingSubscriber(world)
    let publisher = Peer(world, "p")
    for number in 1...20 {
      publisher.publish("a", "\(number)", .atLeastOnce)
      subscriber.subscribe("a", .atLeastOnce)
    }
    #expect(world.status("limits/dropped/queue") == "16")
  }

  @Test func `QoS 0 to a connection that does not read is dropped, counted, and said once`() {
    let world = World { $0.outboxByteLimit = 1000 }
    let slow = Peer(world, "slow")
    slow.subscribe("a", .atMostOnce)
    let other = Peer(world, "o")
    other.subscribe("a", .atMostOnce)
    let publisher = Peer(world, "p")
    let payload = String(repeating: "x", count: 94)
    for episode in 1...2 {
      for _ in 0..<15 {
        publisher.publish("a", payload)
        #expect(other.messages().count == 1)
      }
      #expect(world.logCount("slow: reads too slowly, 1000 bytes wait for it") == episode)
      #expect(world.logCount("max-outbox-bytes 1000") == episode)
      #expect(slow.messages().count == 10)
      #expect(world.logCount("slow: 5 messages for it were dropped; it keeps up again") == episode)
    }
    #expect(world.status("limits/dropped/outbox") == "10")
    #expect(!slow.isClosed)
  }

  @Test func `QoS 1 to a connection that does not read waits in the queue`() {
    let world = World { $0.outboxByteLimit = 300 }
    let slow = Peer(world, "slow")
    slow.subscribe("a", .atLeastOnce)
    let publisher = Peer(world, "p")
    for number in 1...20 {
      publisher.publish("a", "\(number)" + String(repeating: "x", count: 94), .atLeastOnce)
    }
    #expect(slow.messages().map { Int(text($0).prefix { $0 != "x" }) } == (1...20).map { $0 })
    #expect(!world.hasLogged("dropped"))
  }

  @Test func `a full queue is said beside a slow reader`() {
    let world = World {
      $0.outboxByteLimit = 300
      $0.queueMessageLimit = 2
    }
    let slow = Peer(world, "slow")
    slow.subscribe("a", .atLeastOnce)
    let publisher = Peer(world, "p")
    let payload = String(repeating: "x", count: 100)
    for _ in 0..<5 { publisher.publish("a", payload) }
    for _ in 0..<5 { publisher.publish("a", payload, .atLeastOnce) }
    #expect(world.logCount("slow: reads too slowly") == 1)
    #expect(world.logCount("slow: its queue is full (2 messages") == 1)
    #expect(slow.messages().count == 5)
    #expect(world.logCount("slow: 5 messages for it were dropped; it keeps up again") == 1)
  }

  @Test(arguments: [Packet.pingreq, .publish(question)])
  func `who asks and never reads is cut when the answers pile up`(packet: Packet) {
    let world = World { $0.outboxByteLimit = 1000 }
    let peer = Peer(world, "deaf")
    let other = Peer(world, "o")
    var one = ByteBuffer()
    packet.encode(into: &one, version: .v5)
    let many = [[UInt8]](repeating: one.bytes, count: 1000).flatMap(\.self)
    var rounds = 0
    while !peer.isClosed && rounds < 10_000 {
      peer.send(bytes: many)
      rounds += 1
    }
    let sent = world.closed[peer.connection]?.count ?? 0
    #expect(sent > 1000 + 1 << 20)
    // What one call makes may go beyond.
    #expect(sent < 1000 + 1 << 20 + 10_000)
    #expect(world.logCount("deaf left: \(sent) bytes wait for it and it does not read") == 1)
    #expect(world.status("limits/closed/outbox") == "1")
    #expect(other.isServed)
  }

  @Test func `replays that nobody reads do not pile up`() {
    let world = World {
      $0.outboxByteLimit = 100
      $0.queueMessageLimit = 5
    }
    let publisher = Peer(world, "p")
    for number in 1...10 {
      publisher.publish("a/\(number)", String(repeating: "x", count: 50_000), retain: true)
    }
    let peer = Peer(world, "s")
    for number in 1...50 as ClosedRange<UInt16> {
      peer.send(
        .subscribe(
          Subscribe(
            packetIdentifier: id(number),
            subscriptions: [
              Subscription(filter: "#", options: SubscriptionOptions(qos: .atMostOnce))
            ])))
    }
    #expect(world.logCount("s: its queue is full") == 1)
    // About 256 KiB in the outbox, then the retained ones and the queue's limit.
    #expect(peer.messages().count <= 6 + 15)
    #expect(peer.isServed)
  }

  @Test func `all that is retained comes whatever the queue's limit is`() {
    let world = World { $0.queueMessageLimit = 1 }
    let publisher = Peer(world, "p")
    for number in 1...300 {
      publisher.publish("a/\(number)", String(repeating: "x", count: 5000), retain: true)
    }
    let peer = Peer(world, "s")
    peer.subscribe("a/#", .atLeastOnce)
    let early = peer.pending.compactMap(publication)
    for message in early { peer.answer(.puback, message.packetIdentifier?.rawValue ?? 1) }
    #expect(early.count + peer.messages().count == 300)
    #expect(world.status("limits/dropped/queue") == "0")
  }

  @Test func `a message above the client's maximum is skipped, counted, and said once`() {
    let world = World()
    let small = Peer(world, "small", .v5, [Property(.maximumPacketSize, .fourByteInteger(50))])
    small.subscribe("a", .atLeastOnce)
    let other = Peer(world, "o")
    other.subscribe("a", .atLeastOnce)
    let publisher = Peer(world, "p")
    for number in 1...3 {
      publisher.publish("a", String(repeating: "x", count: 60), .atLeastOnce)
      publisher.publish("a", String(repeating: "x", count: 60))
      publisher.publish("a", "\(number)", .atLeastOnce)
    }
    let messages = small.messages()
    #expect(messages.map(text) == ["1", "2", "3"])
    #expect(identifiers(messages) == [1, 2, 3])
    #expect(other.messages().count == 9)
    #expect(world.logCount("small: a message is longer than its Maximum Packet Size of 50") == 1)
    #expect(world.status("limits/dropped/too_large") == "6")
  }

  @Test
  func `what was in flight is not sent again to a client that takes less now [MQTT-3.1.2-24]`() {
    let world = World()
    let first = lastingSubscriber(world)
    let publisher = Peer(world, "p")
    let large = String(repeating: "x", count: 60)
    publisher.publish("a", large, .atLeastOnce)
    publisher.publish("a", large, .exactlyOnce, identifier: 2)
    publisher.publish("a", "small", .exactlyOnce, identifier: 3)
    #expect(first.unacknowledged().count == 3)
    first.cut()
    let back = lastingPeer(world, "s", .v5, [Property(.maximumPacketSize, .fourByteInteger(50))])
    #expect(back.messages().map(text) == ["small"])
    publisher.publish("a", "next", .atLeastOnce)
    #expect(back.messages().map(text) == ["next"])
    #expect(world.status("messages/stored") == "0")
  }

  private func lastingSubscriber(_ world: World) -> Peer {
    let peer = lastingPeer(world, "s")
    peer.subscribe("a", .exactlyOnce)
    return peer
  }

  @Test func `a newer message at QoS 0 does not overtake one that was queued [MQTT-4.6.0-6]`() {
    let world = World {
      $0.queuesQoS0 = true
      $0.inFlightLimit = 1
    }
    let subscriber = Peer(world, "s", cleanStart: false, lasting)
    subscriber.subscribe("a")
    subscriber.cut()
    let publisher = Peer(world, "p")
    publisher.publish("a", "1", .atLeastOnce, identifier: 1)
    publisher.publish("a", "2", .atLeastOnce, identifier: 2)
    publisher.publish("a", "3")
    let again = Peer(world, "s", cleanStart: false, lasting)
    publisher.publish("a", "4")
    #expect(again.messages().map(text) == ["1", "2", "3", "4"])
  }
}

private let question = Publish(
  topic: "nobody", payload: [], qos: .atLeastOnce, packetIdentifier: PacketIdentifier(rawValue: 1))
