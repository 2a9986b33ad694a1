// The main road: publish, subscribe, all qualities, all versions.

import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

struct DeliveryTests {
  @Test(arguments: ProtocolVersion.allCases, ProtocolVersion.allCases)
  func `a message reaches a subscriber of any version at every quality`(
    from: ProtocolVersion, to: ProtocolVersion
  ) {
    let world = World()
    let subscriber = Peer(world, "s", to)
    let publisher = Peer(world, "p", from)
    #expect(subscriber.subscribe("sensor/#") == [.grantedQoS2])
    for qos in QoS.allCases {
      publisher.publish("sensor/temp", "q\(qos.rawValue)", qos, identifier: 7)
      if qos == .exactlyOnce {
        publisher.send(.pubrel(Acknowledgement(packetIdentifier: id(7))))
      }
      let messages = subscriber.messages()
      #expect(messages.map(text) == ["q\(qos.rawValue)"])
      #expect(messages.first?.qos == qos)
      #expect(messages.first?.topic == "sensor/temp")
    }
  }

  @Test(arguments: ProtocolVersion.allCases, ProtocolVersion.allCases)
  func `flags and identifier are those of the delivery [MQTT-3.3.1-3] [MQTT-3.3.1-12]`(
    from: ProtocolVersion, to: ProtocolVersion
  ) {
    let world = World()
    let publisher = Peer(world, "p", from)
    let subscribers = QoS.allCases.map { granted in
      let subscriber = Peer(world, "s\(granted.rawValue)", to)
      subscriber.subscribe("sensor/#", granted)
      return subscriber
    }
    for qos in [QoS.atLeastOnce, .exactlyOnce] {
      publisher.send(
        .publish(
          Publish(
            topic: "sensor/temp", payload: Array("21.5".utf8), qos: qos, isRetained: true,
            isDuplicate: true, packetIdentifier: id(0x1234 + UInt16(qos.rawValue)))))
      for (granted, subscriber) in zip(QoS.allCases, subscribers) {
        let message = subscriber.messages().first
        #expect(message?.qos == min(qos, granted))
        #expect(message?.isDuplicate == false)
        #expect(message?.isRetained == false)
        let number = message?.packetIdentifier?.rawValue
        #expect(granted == .atMostOnce ? number == nil : number == UInt16(qos.rawValue))
        #expect(message?.topic == "sensor/temp")
        #expect(message.map(text) == "21.5")
      }
    }
  }

  @Test func `a QoS 2 message that comes twice is delivered once [MQTT-4.3.3-10]`() {
    let world = World()
    let subscriber = Peer(world, "s")
    let publisher = Peer(world, "p")
    subscriber.subscribe("a")
    publisher.publish("a", "1", .exactlyOnce, identifier: 3)
    publisher.publish("a", "1", .exactlyOnce, identifier: 3)
    #expect(publisher.read().count == 2)
    #expect(subscriber.messages().count == 1)
    publisher.send(.pubrel(Acknowledgement(packetIdentifier: id(3))))
    publisher.publish("a", "2", .exactlyOnce, identifier: 3)
    #expect(subscriber.messages().map(text) == ["2"])
  }

  @Test func `what a lasting session missed comes in order when it is back`() {
    let world = World()
    let expiry = [Property(.sessionExpiryInterval, .fourByteInteger(100))]
    let first = Peer(world, "s", .v5, cleanStart: false, expiry)
    first.subscribe("a", .atLeastOnce)
    let publisher = Peer(world, "p")
    publisher.publish("a", "0", .atLeastOnce)
    // In flight, not acknowledged.
    #expect(first.read().count == 1)
    first.cut()
    for number in 1...3 {
      publisher.publish("a", "\(number)", .exactlyOnce, identifier: UInt16(number))
    }
    let second = Peer(world, "s", .v5, cleanStart: false, expiry)
    #expect(second.connack?.isSessionPresent == true)
    let messages = second.messages()
    #expect(messages.map(text) == ["0", "1", "2", "3"])
    #expect(messages.map(\.isDuplicate) == [true, false, false, false])
  }

  @Test func `retained messages are replayed and an empty one removes them [MQTT-3.3.1-6]`() {
    let world = World()
    let publisher = Peer(world, "p")
    publisher.publish("a/b", "x", retain: true)
    publisher.publish("a/c", "y", .atLeastOnce, retain: true)
    publisher.publish("a/c", "", retain: true)
    let subscriber = Peer(world, "s")
    subscriber.subscribe("a/+")
    let retained = subscriber.pending.compactMap { packet -> Publish? in
      if case .publish(let publish) = packet { publish } else { nil }
    }
    #expect(retained.map(text) == ["x"])
    #expect(retained.first?.isRetained == true)
  }

  @Test func `a will is published when the connection is cut, and not after DISCONNECT`() {
    let world = World()
    let watcher = Peer(world, "w")
    watcher.subscribe("wills")
    let cut = Peer(world, "c", .v311, will: Will(topic: "wills", payload: Array("cut".utf8)))
    let orderly = Peer(world, "o", .v5, will: Will(topic: "wills", payload: Array("no".utf8)))
    orderly.send(.disconnect(Disconnect()))
    cut.cut()
    #expect(watcher.messages().map(text) == ["cut"])
  }

  @Test func `a second connection takes the session over with 0x8E [MQTT-3.1.4-3]`() {
    let world = World()
    let first = Peer(world, "same")
    let second = Peer(world, "same")
    #expect(first.read() == [.disconnect(Disconnect(reasonCode: .sessionTakenOver))])
    #expect(first.isClosed)
    second.send(.pingreq)
    #expect(second.read() == [.pingresp])
  }

  @Test func `members of a group take turns, and one that dies leaves its messages to others`() {
    let world = World()
    let one = Peer(world, "one")
    let two = Peer(world, "two")
    one.subscribe("$share/g/a", .atLeastOnce)
    two.subscribe("$share/g/a", .atLeastOnce)
    let publisher = Peer(world, "p")
    for number in 1...4 {
      publisher.publish("a", "\(number)", .atLeastOnce, identifier: UInt16(number))
    }
    #expect(one.read().count == 2)
    #expect(two.messages().count == 2)
    one.cut()
    #expect(two.messages().count == 2)
  }
}
