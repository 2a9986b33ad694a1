// Names that people see as one and that differ in bytes are two: clients, topics, groups, users.

import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

struct ExactNamesTests {
  private let composed = "caf\u{E9}"
  private let decomposed = "cafe\u{301}"

  @Test(arguments: [ProtocolVersion.v311, .v5])
  func `two client identifiers do not take each other over`(version: ProtocolVersion) {
    let world = World()
    let one = lastingPeer(world, composed, version)
    one.subscribe("a")
    let other = lastingPeer(world, decomposed, version)
    #expect(other.connack?.isSessionPresent == false)
    Peer(world, "p", version).publish("a", "for one", .atLeastOnce)
    #expect(one.messages().map(text) == ["for one"])
    #expect(other.messages().isEmpty)
    one.cut()
    other.cut()
    #expect(lastingPeer(world, composed, version).connack?.isSessionPresent == true)
    #expect(lastingPeer(world, decomposed, version).connack?.isSessionPresent == true)
  }

  @Test func `two topics keep a retained message each`() {
    let world = World()
    let publisher = Peer(world, "p")
    publisher.publish(composed, "one", retain: true)
    publisher.publish(decomposed, "other", retain: true)
    let subscriber = Peer(world, "s")
    for (topic, kept) in [(composed, "one"), (decomposed, "other")] {
      subscriber.pending = []
      subscriber.subscribe(topic)
      let texts = subscriber.pending.compactMap { packet -> String? in
        if case .publish(let publish) = packet { text(publish) } else { nil }
      }
      #expect(texts == [kept])
    }
  }

  @Test func `two groups of shared subscriptions get a message each`() {
    let world = World()
    let one = Peer(world, "one")
    one.subscribe("$share/\(composed)/a")
    let other = Peer(world, "other")
    other.subscribe("$share/\(decomposed)/a")
    Peer(world, "p").publish("a", "text")
    #expect(one.messages().count == 1)
    #expect(other.messages().count == 1)
  }
}
