// Messages that the server refuses without ending the connection.

import MQTTBroker
import MQTTCodec
import Testing

struct RefusedPublishTests {
  @Test func `the identifier of a refused QoS 2 message is free at once [MQTT-4.3.3-9]`() {
    let world = World()
    let subscriber = Peer(world, "s")
    subscriber.subscribe("a")
    let publisher = Peer(world, "p")
    publisher.publish("$SYS/broker/uptime", "mine", .exactlyOnce, identifier: 5)
    #expect(
      publisher.read() == [
        .pubrec(Acknowledgement(packetIdentifier: id(5), reasonCode: .notAuthorized))
      ])
    publisher.publish("a", "text", .exactlyOnce, identifier: 5)
    #expect(publisher.read() == [.pubrec(Acknowledgement(packetIdentifier: id(5)))])
    #expect(subscriber.messages().map(text) == ["text"])
  }
}
