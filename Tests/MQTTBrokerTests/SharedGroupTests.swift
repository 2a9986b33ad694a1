// Shared subscriptions (4.8.2): who of a group gets a message, and what becomes of it when that
// member goes away.

import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

struct SharedGroupTests {
  @Test func `members take turns, whatever their number`() {
    for count in 1...5 {
      let world = World()
      let members = members(world, count)
      publish(world, 1...60)
      #expect(
        members.map { $0.messages().count } == Array(repeating: 60 / count, count: count))
    }
  }

  @Test func `turns stay even when a member joins or leaves`() {
    let world = World()
    let members = members(world, 4)
    publish(world, 1...4)
    for member in members { #expect(member.messages().count == 1) }
    publish(world, 1...2)
    #expect(members.map { $0.messages().count } == [1, 1, 0, 0])
    members[0].unsubscribe("$share/g/a")
    publish(world, 1...2)
    #expect(members.map { $0.messages().count } == [0, 0, 1, 1])
    members[0].subscribe("$share/g/a", .atLeastOnce)
    publish(world, 1...4)
    #expect(members.map { $0.messages().count } == [1, 1, 1, 1])
  }

  @Test(arguments: [true, false])
  func `QoS 1 in flight to a member that dies is given to the others evenly`(lasts: Bool) {
    let world = World()
    let dying = member(world, "dying", lasts: lasts)
    publish(world, 1...6)
    #expect(dying.unacknowledged().count == 6)
    let others = members(world, 2)
    dying.cut()
    #expect(others.map { $0.messages().map(text) } == [["1", "3", "5"], ["2", "4", "6"]])
    #expect(member(world, "dying", lasts: lasts).messages().isEmpty)
  }

  @Test(arguments: [true, false])
  func `what was queued for a member that dies is given to the others`(lasts: Bool) {
    let world = World { $0.inFlightLimit = 2 }
    let dying = member(world, "dying", lasts: lasts)
    publish(world, 1...5, .exactlyOnce)
    #expect(dying.unacknowledged().count == 2)
    let other = member(world, "other", lasts: false)
    dying.cut()
    #expect(other.messages().map(text) == ["3", "4", "5"])
  }

  @Test func `QoS 2 in flight stays with its session [MQTT-4.8.2-4]`() {
    let world = World()
    let dying = member(world, "dying", lasts: true)
    publish(world, 1...2, .exactlyOnce)
    #expect(dying.unacknowledged().count == 2)
    dying.answer(.pubrec, 1)
    let other = member(world, "other", lasts: false)
    dying.cut()
    #expect(other.messages().isEmpty)
    let back = lastingPeer(world, "dying")
    let packets = back.read()
    #expect(packets.count == 2)
    #expect(packets.first == .pubrel(Acknowledgement(packetIdentifier: id(1))))
    #expect(packets.compactMap(publication).map(\.isDuplicate) == [true])
  }

  @Test func `QoS 2 in flight ends with its session [MQTT-4.8.2-5]`() {
    let world = World()
    let dying = member(world, "dying", lasts: false)
    publish(world, 1...1, .exactlyOnce)
    #expect(dying.unacknowledged().count == 1)
    let other = member(world, "other", lasts: false)
    dying.cut()
    #expect(other.messages().isEmpty)
    #expect(world.status("messages/stored") == "0")
  }

  @Test func `without another member online the messages wait for the session`() {
    let world = World()
    let first = member(world, "first", lasts: true)
    let second = member(world, "second", lasts: true)
    second.cut()
    publish(world, 1...2)
    #expect(first.unacknowledged().count == 2)
    first.cut()
    publish(world, 3...6)
    let back = lastingPeer(world, "first").messages()
    let other = lastingPeer(world, "second").messages()
    #expect(back.prefix(2).map(text) == ["1", "2"])
    #expect(back.count == 4)
    #expect(other.count == 2)
  }

  @Test func `the last member to go leaves nothing behind`() {
    let world = World()
    let only = member(world, "only", lasts: false)
    publish(world, 1...3)
    only.cut()
    #expect(world.status("messages/stored") == "0")
    #expect(world.status("shared_subscriptions/count") == "0")
  }

  @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
  func `what a member refuses is given to no other [MQTT-4.8.2-6]`(qos: QoS) {
    let world = World()
    let members = members(world, 2, qos)
    publish(world, 1...1, qos)
    #expect(members[0].unacknowledged().count == 1)
    members[0].answer(qos == .atLeastOnce ? .puback : .pubrec, 1, .unspecifiedError)
    members[0].cut()
    #expect(members[1].messages().isEmpty)
    #expect(world.status("messages/inflight") == "0")
  }

  @Test func `members with a full window are passed over`() {
    let world = World { $0.inFlightLimit = 2 }
    let members = members(world, 3)
    publish(world, 1...6)
    #expect(members[1].messages().count == 2)
    #expect(members[0].unacknowledged().count == 2)
    #expect(members[2].unacknowledged().count == 2)
    publish(world, 7...8)
    #expect(members[1].messages().map(text) == ["7", "8"])
  }

  @Test func `while all windows are full the queues share what comes`() {
    let world = World { $0.inFlightLimit = 1 }
    let members = members(world, 3)
    publish(world, 1...12)
    #expect(members.map { $0.messages().count } == [4, 4, 4])
  }

  @Test func `while nobody is online the queues share what comes`() {
    let world = World()
    for number in 0..<3 { member(world, "m\(number)", lasts: true).cut() }
    publish(world, 1...9)
    #expect((0..<3).map { lastingPeer(world, "m\($0)").messages().count } == [3, 3, 3])
  }

  @Test func `members who are online go before those who are not`() {
    let world = World()
    member(world, "away", lasts: true).cut()
    let here = member(world, "here", lasts: true)
    publish(world, 1...4)
    #expect(here.messages().count == 4)
    #expect(lastingPeer(world, "away").messages().isEmpty)
  }

  @Test func `what is handed over comes as the new member subscribed`() {
    let world = World()
    let dying = Peer(world, "dying")
    dying.subscribe("$share/g/a", .exactlyOnce, retainAsPublished: true, identifier: 1)
    let publisher = Peer(world, "p")
    publisher.publish("a", "1", .atLeastOnce, retain: true)
    #expect(dying.unacknowledged().map(\.isRetained) == [true])
    let other = Peer(world, "other")
    other.subscribe("$share/g/a", .atMostOnce, identifier: 2)
    dying.cut()
    let message = other.messages().first
    #expect(message?.qos == .atMostOnce)
    #expect(message?.isRetained == false)
    #expect(message?.isDuplicate == false)
    #expect(message?.properties.number(.subscriptionIdentifier) == 2)
  }

  private func member(_ world: World, _ name: String, lasts: Bool, _ qos: QoS = .exactlyOnce)
    -> Peer
  {
    let peer = lasts ? lastingPeer(world, name) : Peer(world, name)
    peer.subscribe("$share/g/a", qos)
    return peer
  }

  private func members(_ world: World, _ count: Int, _ qos: QoS = .atLeastOnce) -> [Peer] {
    (0..<count).map { member(world, "m\($0)", lasts: false, qos) }
  }

  private func publish(_ world: World, _ numbers: ClosedRange<Int>, _ qos: QoS = .atLeastOnce) {
    let publisher = Peer(world, "p")
    for number in numbers {
      publisher.publish("a", "\(number)", qos, identifier: UInt16(number))
    }
    publisher.cut()
  }
}
