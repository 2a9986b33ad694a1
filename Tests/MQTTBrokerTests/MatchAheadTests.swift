// Messages that come in one read are matched together when there are many subscriptions; nobody may
// notice.

import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

struct MatchAheadTests {
  /// A world with so many subscriptions that messages are matched ahead, and a publisher in it.
  private func crowded() -> (World, Peer) {
    let world = World()
    let crowd = Peer(world, "crowd")
    for first in stride(from: 0, to: 5000, by: 500) {
      crowd.send(
        .subscribe(
          Subscribe(
            packetIdentifier: id(1),
            subscriptions: (first..<first + 500).map {
              Subscription(filter: "crowd/\($0 % 16)/\($0)", options: SubscriptionOptions())
            })))
      _ = crowd.read()
    }
    return (world, Peer(world, "publisher"))
  }

  private func publish(_ topics: [String], _ peer: Peer) {
    let packets = topics.enumerated().map { number, topic in
      encodedPublish(topic, "\(number)", .atMostOnce)
    }
    peer.send(bytes: packets.flatMap { $0 })
  }

  @Test func `messages of one read reach whom they would reach one by one`() {
    let (world, publisher) = crowded()
    let filters = [
      "a/+/c", "a/#", "a/b", "#", "+/b/c", "a/b/c/#", "$own/#", "+", "/", "long/level/of/x",
      "a level of more than sixteen bytes/+", "crowd/1/+", "+/+/1",
    ]
    let peers = filters.map { filter in
      let peer = Peer(world, filter)
      peer.subscribe(filter)
      return peer
    }
    let topics = [
      "a", "a/b", "a/b/c", "a/b/c/d", "$own/x", "/", "b", "long/level/of/x", "long/level/of",
      "a level of more than sixteen bytes/1", "a level of more than sixteen bytes/2",
      "crowd/1/1", "crowd/1/17", "crowd/2/1", "none/of/them", "a/b", "a/b", "x/b/c", "a/b/c",
    ]
    publish(topics, publisher)
    for (filter, peer) in zip(filters, peers) {
      let bytes = Array(filter.utf8)
      let expected = topics.filter { topic in
        let name = Array(topic.utf8)
        return Topic.matches(filter: bytes.span, name: name.span)
      }
      #expect(peer.messages().map(\.topic) == expected, "\(filter)")
    }
  }

  @Test func `a subscription that changes between two messages of one read counts at once`() {
    let (world, publisher) = crowded()
    let other = Peer(world, "other")
    other.subscribe("a/b")
    var bytes = encodedPublish("a/b", "1", .atMostOnce)
    bytes += encoded(
      .subscribe(
        Subscribe(
          packetIdentifier: id(1),
          subscriptions: [Subscription(filter: "a/+", options: SubscriptionOptions())])))
    bytes += encodedPublish("a/b", "2", .atMostOnce)
    bytes += encoded(.unsubscribe(Unsubscribe(packetIdentifier: id(2), filters: ["a/+"])))
    bytes += encodedPublish("a/b", "3", .atMostOnce)
    publisher.send(bytes: bytes)
    #expect(publisher.messages().map(text) == ["2"])
    #expect(other.messages().map(text) == ["1", "2", "3"])
  }

  @Test func `overlapping filters and shared groups are the same ahead`() {
    let (world, publisher) = crowded()
    let peer = Peer(world, "s")
    peer.subscribe("a/+", .atMostOnce, identifier: 3)
    peer.subscribe("a/#", .atMostOnce, identifier: 4)
    let members = ["1", "2"].map { name in
      let member = Peer(world, name)
      member.subscribe("$share/g/a/#", .atMostOnce)
      return member
    }
    publish(["a/1", "a/2", "a/1", "a/3", "a/2"], publisher)
    let messages = peer.messages()
    #expect(messages.map(\.topic) == ["a/1", "a/2", "a/1", "a/3", "a/2"])
    for message in messages {
      let identifiers = message.properties.list.filter { $0.identifier == .subscriptionIdentifier }
      #expect(identifiers.count == 2)
    }
    #expect(members.map { $0.messages().count }.sorted() == [2, 3])
  }

  @Test func `a topic of many levels and a malformed packet behind it do no harm`() {
    let (world, publisher) = crowded()
    let peer = Peer(world, "s")
    peer.subscribe("#")
    var bytes = encodedPublish("a", "1", .atMostOnce)
    bytes += encodedPublish(String(repeating: "/", count: 150), "2", .atMostOnce)
    // A topic longer than its packet.
    bytes += [0x30, 0x03, 0x00, 0x09, 0x61]
    publisher.send(bytes: bytes)
    #expect(peer.messages().map(text) == ["1", "2"])
    #expect(publisher.isClosed)
  }
}
