// The way of messages to one session: its window, its queue, and what a new connection brings.

import Basis
import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

struct FlowTests {
  @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
  func `the queue drains in order as acknowledgements come in any order`(qos: QoS) {
    let world = World { $0.inFlightLimit = 3 }
    let subscriber = subscriber(world)
    publish(world, 1...9, qos)
    #expect(subscriber.unacknowledged().map(text) == ["1", "2", "3"])
    for (identifier, next) in [(3, "4"), (1, "5"), (2, "6"), (6, "7"), (5, "8"), (4, "9")] {
      finish(subscriber, UInt16(identifier), qos)
      #expect(subscriber.unacknowledged().map(text) == [next])
    }
    #expect(world.status("messages/inflight") == "3")
  }

  @Test func `bytes under way are those of payloads, as mosquitto counts them`() {
    let world = World { $0.inFlightByteLimit = 10 }
    let peer = Peer(world, "s", .v5)
    peer.subscribe("a/long/topic/#", .atLeastOnce)
    let publisher = Peer(world, "p")
    for number in UInt16(1)...4 {
      publisher.publish("a/long/topic/\(number)", "12345", .atLeastOnce, identifier: number)
    }
    #expect(peer.unacknowledged().count == 2)
    peer.answer(.puback, 1)
    #expect(peer.unacknowledged().count == 1)
  }

  @Test func `a resumed session gets what is open with DUP and in order, then the rest`() {
    let world = World { $0.inFlightLimit = 4 }
    let first = subscriber(world)
    publish(world, 1...7, .atLeastOnce)
    #expect(first.unacknowledged().map(\.isDuplicate) == [false, false, false, false])
    first.answer(.puback, 2)
    #expect(first.unacknowledged().map(text) == ["5"])
    first.cut()
    publish(world, 8...8, .atLeastOnce)
    let back = lastingPeer(world, "s")
    let messages = back.unacknowledged()
    #expect(messages.map(text) == ["1", "3", "4", "5"])
    #expect(identifiers(messages) == [1, 3, 4, 5])
    #expect(messages.allSatisfy { $0.isDuplicate })
    back.answer(.puback, 1)
    let next = back.unacknowledged()
    #expect(next.map(text) == ["6"])
    #expect(next.map(\.isDuplicate) == [false])
  }

  @Test func `a smaller window bounds what is sent again, and nothing new overtakes it`() {
    let world = World()
    let first = subscriber(world)
    publish(world, 1...4, .atLeastOnce)
    #expect(first.unacknowledged().count == 4)
    first.cut()
    let back = lastingPeer(world, "s", .v5, [Property(.receiveMaximum, .twoByteInteger(2))])
    #expect(back.unacknowledged().map(text) == ["1", "2"])
    publish(world, 5...6, .atLeastOnce)
    #expect(back.unacknowledged().isEmpty)
    var order: [String] = []
    for identifier in 1...6 as ClosedRange<UInt16> {
      back.answer(.puback, identifier)
      order += back.unacknowledged().map { "\(text($0))\($0.isDuplicate ? " dup" : "")" }
    }
    #expect(order == ["3 dup", "4 dup", "5", "6"])
  }

  @Test func `a larger window lets more of the queue out`() {
    let world = World()
    let narrow = [Property(.receiveMaximum, .twoByteInteger(1))]
    let first = lastingPeer(world, "s", .v5, narrow)
    first.subscribe("a")
    publish(world, 1...4, .atLeastOnce)
    #expect(first.unacknowledged().count == 1)
    first.cut()
    #expect(lastingPeer(world, "s").unacknowledged().map(text) == ["1", "2", "3", "4"])
  }

  @Test func `what expires in the queue is dropped and counted, the rest stays in order`() {
    let world = World()
    subscriber(world).cut()
    let publisher = Peer(world, "p")
    let lives: [(payload: String, seconds: UInt32?)] = [
      ("short", 5), ("long", 60), ("brief", 5), ("ever", nil),
    ]
    for (payload, seconds) in lives {
      publisher.publish(
        "a", payload, .atLeastOnce, identifier: 1,
        seconds.map { [Property(.messageExpiryInterval, .fourByteInteger($0))] } ?? [])
    }
    world.wait(seconds: 10)
    let messages = lastingPeer(world, "s").messages()
    #expect(messages.map(text) == ["long", "ever"])
    #expect(messages.map { $0.properties.number(.messageExpiryInterval) } == [50, nil])
    #expect(identifiers(messages) == [1, 2])
    #expect(world.status("limits/dropped/expired") == "2")
  }

  @Test func `what expires behind a full window is dropped, too`() {
    let world = World { $0.inFlightLimit = 1 }
    let subscriber = subscriber(world)
    let publisher = Peer(world, "p")
    let expiry = [Property(.messageExpiryInterval, .fourByteInteger(5))]
    publisher.publish("a", "1", .atLeastOnce, expiry)
    publisher.publish("a", "2", .atLeastOnce, expiry)
    publisher.publish("a", "3", .atLeastOnce)
    #expect(subscriber.unacknowledged().map(text) == ["1"])
    world.wait(seconds: 6)
    subscriber.answer(.puback, 1)
    #expect(subscriber.unacknowledged().map(text) == ["3"])
  }

  @Test(arguments: [QoS.atMostOnce, .atLeastOnce])
  func `live messages wait behind the retained ones of a new subscription`(qos: QoS) {
    let world = World()
    let publisher = Peer(world, "p")
    for number in 0..<150 {
      publisher.publish("a/\(number)", String(repeating: "x", count: 5000), retain: true)
    }
    let subscriber = Peer(world, "s")
    subscriber.send(
      .subscribe(
        Subscribe(
          packetIdentifier: id(1),
          subscriptions: [
            Subscription(filter: "a/#", options: SubscriptionOptions(qos: .atLeastOnce))
          ]
        )))
    for number in 1...3 { publisher.publish("a/live", "\(number)", qos) }
    let messages = subscriber.messages()
    #expect(messages.count == 153)
    #expect(messages.prefix(150).allSatisfy { $0.isRetained })
    #expect(messages.suffix(3).map(text) == ["1", "2", "3"])
  }

  @Test func `a session taken over in the middle of both handshakes of QoS 2 finishes them`() {
    let world = World()
    let first = subscriber(world)
    let watcher = Peer(world, "w")
    watcher.subscribe("b")
    publish(world, 1...1, .exactlyOnce)
    #expect(first.unacknowledged().count == 1)
    first.answer(.pubrec, 1)
    first.publish("b", "once", .exactlyOnce, identifier: 5)
    #expect(first.read().count == 2)
    let second = lastingPeer(world, "s")
    #expect(farewell(first.read()) == .sessionTakenOver)
    #expect(second.read() == [.pubrel(Acknowledgement(packetIdentifier: id(1)))])
    second.publish("b", "once", .exactlyOnce, identifier: 5)
    second.answer(.pubrel, 5)
    second.answer(.pubcomp, 1)
    #expect(
      second.read() == [
        .pubrec(Acknowledgement(packetIdentifier: id(5))),
        .pubcomp(Acknowledgement(packetIdentifier: id(5))),
      ])
    #expect(watcher.messages().map(text) == ["once"])
    #expect(world.status("messages/inflight") == "0")
  }

  @Test func `what the old connection still sends is not taken after a take-over`() {
    let world = World()
    let first = subscriber(world)
    publish(world, 1...1, .atLeastOnce)
    let second = lastingPeer(world, "s")
    first.answer(.puback, 1)
    first.publish("a", "ghost", .atLeastOnce)
    #expect(second.unacknowledged().map(text) == ["1"])
    #expect(world.status("messages/inflight") == "1")
  }

  @Test func `packet identifiers wrap behind 65,535 and never meet one that is open`() {
    let world = World { $0.inFlightLimit = 2000 }
    let subscriber = Peer(world, "s")
    subscriber.subscribe("a", .atLeastOnce)
    let publisher = Peer(world, "p")
    let one = encodedPublish("a", "x")
    publisher.send(bytes: one)
    #expect(identifiers(subscriber.unacknowledged()) == [1])
    var last: UInt16 = 1
    while last < 65_535 {
      let count = min(1000, Int(65_535 - last))
      publisher.send(bytes: [[UInt8]](repeating: one, count: count).flatMap(\.self))
      let received = identifiers(subscriber.unacknowledged())
      #expect(received == Array(last + 1...last + UInt16(count)))
      last += UInt16(count)
      var answers = ByteBuffer()
      for identifier in received {
        Packet.puback(Acknowledgement(packetIdentifier: id(identifier)))
          .encode(into: &answers, version: .v5)
      }
      subscriber.send(bytes: answers.bytes)
    }
    // Number 1 is still open, so this one has to wait.
    publisher.send(bytes: one)
    #expect(subscriber.unacknowledged().isEmpty)
    subscriber.answer(.puback, 1)
    #expect(identifiers(subscriber.unacknowledged()) == [1])
  }

  @Test func `a session that comes back in another version gets its messages in that one`() {
    let world = World()
    let first = subscriber(world)
    let publisher = Peer(world, "p")
    let properties = [Property(.contentType, .string("text"))]
    publisher.publish("a", "1", .atLeastOnce, properties)
    #expect(first.unacknowledged().count == 1)
    first.cut()
    publisher.publish("a", "2", .atLeastOnce, properties)
    let older = Peer(world, "s", .v311, cleanStart: false)
    #expect(older.connack?.isSessionPresent == true)
    #expect(older.unacknowledged().map(text) == ["1", "2"])
    older.cut()
    let messages = lastingPeer(world, "s").unacknowledged()
    #expect(messages.map { $0.properties.string(.contentType) } == ["text", "text"])
  }

  @Test func `QoS 0 for a session that is away is kept only where that was asked for`() {
    for isQueued in [false, true] {
      let world = World { $0.queuesQoS0 = isQueued }
      subscriber(world).cut()
      publish(world, 1...3, .atMostOnce)
      let messages = lastingPeer(world, "s").messages()
      #expect(messages.map(text) == (isQueued ? ["1", "2", "3"] : []))
    }
  }

  private func subscriber(_ world: World) -> Peer {
    let peer = lastingPeer(world, "s")
    peer.subscribe("a")
    return peer
  }

  private func publish(_ world: World, _ numbers: ClosedRange<Int>, _ qos: QoS) {
    let publisher = Peer(world, "p")
    for number in numbers {
      publisher.publish("a", "\(number)", qos, identifier: UInt16(number))
    }
    publisher.cut()
  }

  private func finish(_ peer: Peer, _ identifier: UInt16, _ qos: QoS) {
    if qos == .atLeastOnce { return peer.answer(.puback, identifier) }
    peer.answer(.pubrec, identifier)
    #expect(peer.read() == [.pubrel(Acknowledgement(packetIdentifier: id(identifier)))])
    peer.answer(.pubcomp, identifier)
  }
}
