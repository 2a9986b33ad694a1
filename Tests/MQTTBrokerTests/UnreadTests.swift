// What lies in sockets when the engine is about to decide: it is read first, in its order, and counts.

import Basis
import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

struct UnreadTests {
  private let lasting = [Property(.sessionExpiryInterval, .fourByteInteger(1000))]

  private func watcher(_ world: World) -> Peer {
    let watcher = Peer(world, "watcher")
    watcher.subscribe("#")
    return watcher
  }

  private func will(_ topic: String = "will") -> Will { Will(topic: topic, payload: [1]) }

  private func message(_ topic: String) -> Packet { .publish(Publish(topic: topic, payload: [1])) }

  private func connect(_ identifier: String) -> Packet {
    .connect(Connect(version: .v5, clientIdentifier: identifier, keepAliveSeconds: 0))
  }

  // MARK: Take-over

  @Test func `what a client sent before its session is taken over is delivered`() {
    let world = World()
    let watcher = watcher(world)
    let old = Peer(world, "same", will: will())
    old.leaveUnread(message("a"), message("b"))
    let new = Peer(world, "same")
    #expect(new.connack?.reasonCode == .success)
    #expect(watcher.messages().map(\.topic) == ["a", "b", "will"])
    #expect(farewell(old.read()) == .sessionTakenOver)
  }

  @Test func `a DISCONNECT that lies unread takes the will away [MQTT-3.14.4-3]`() {
    let world = World()
    let watcher = watcher(world)
    let old = Peer(world, "same", will: will())
    old.leaveUnread(message("a"), .disconnect(Disconnect()))
    #expect(Peer(world, "same").connack?.reasonCode == .success)
    #expect(watcher.messages().map(\.topic) == ["a"])
    #expect(old.read().isEmpty)
  }

  @Test func `a DISCONNECT that lies unread ends the session before the next one asks for it`() {
    let world = World()
    let old = Peer(world, "same", cleanStart: false, lasting)
    let expiry = Properties([Property(.sessionExpiryInterval, .fourByteInteger(0))])
    old.leaveUnread(.disconnect(Disconnect(properties: expiry)))
    #expect(Peer(world, "same", cleanStart: false).connack?.isSessionPresent == false)
  }

  @Test func `a connection whose end lies unread publishes its will before it is replaced`() {
    let world = World()
    let watcher = watcher(world)
    let old = Peer(world, "same", will: will())
    old.leaveUnread(message("a"))
    world.ending.insert(old.connection)
    #expect(Peer(world, "same").connack?.reasonCode == .success)
    #expect(watcher.messages().map(\.topic) == ["a", "will"])
  }

  @Test func `of several that come for one session each is read before the next one has it`() {
    let world = World()
    let watcher = watcher(world)
    let first = Peer(world, "same", will: will("will/1"))
    first.leaveUnread(message("1"), .disconnect(Disconnect()))
    let second = Peer(silent: world)
    let third = Peer(silent: world)
    // Both come before the engine gets to have the first one read.
    var bytes = ByteBuffer()
    for packet in [connect("same"), message("2"), .disconnect(Disconnect())] {
      packet.encode(into: &bytes, version: .v5)
    }
    world.broker.receive(bytes.span, on: second.connection, now: world.now)
    world.broker.end(second.connection, cause: "it has left", now: world.now)
    third.send(connect("same"))
    third.send(message("3"))
    #expect(watcher.messages().map(\.topic) == ["1", "2", "3"])
    #expect(third.isServed)
  }

  // MARK: Deadlines

  @Test func `a packet that lies unread when a keep alive is over keeps the client`() {
    let world = World()
    let watcher = watcher(world)
    let client = Peer(world, "c", will: will(), keepAliveSeconds: 10)
    client.leaveUnread(.pingreq)
    world.wait(seconds: 100)
    #expect(!client.isClosed)
    #expect(client.read() == [.pingresp])
    world.wait(seconds: 14)
    #expect(!client.isClosed)
    world.wait(seconds: 2)
    #expect(farewell(client.read()) == .keepAliveTimeout)
    #expect(watcher.messages().map(\.topic) == ["will"])
  }

  @Test func `a DISCONNECT that lies unread when a keep alive is over takes the will away`() {
    let world = World()
    let watcher = watcher(world)
    let client = Peer(world, "c", will: will(), keepAliveSeconds: 10)
    client.leaveUnread(message("a"), .disconnect(Disconnect()))
    world.wait(seconds: 100)
    #expect(watcher.messages().map(\.topic) == ["a"])
  }

  @Test func `a CONNECT that lies unread when its time is over is taken`() {
    let world = World { $0.connectTimeoutSeconds = 10 }
    let client = Peer(silent: world)
    let silent = Peer(silent: world)
    client.leaveUnread(connect("c"))
    world.wait(seconds: 100)
    #expect(client.isServed)
    #expect(silent.isClosed)
  }

  // MARK: Limits

  @Test func `a DISCONNECT that lies unread makes room for the next connection`() {
    let world = World { $0.connectionLimit = 2 }
    let old = Peer(world, "old")
    let other = Peer(world, "other")
    old.leaveUnread(.disconnect(Disconnect()))
    #expect(Peer(world, "new").connack?.reasonCode == .success)
    #expect(other.isServed)
    #expect(world.logCount("max-connections") == 0)
    #expect(Peer(silent: world).connection == .none)
  }

  @Test func `a DISCONNECT that lies unread makes room for another connection of its address`() {
    let world = World { $0.connectionsPerAddressLimit = 1 }
    let old = Peer(from: 7, in: world)
    old.send(connect("old"))
    old.leaveUnread(.disconnect(Disconnect()))
    #expect(Peer(from: 7, in: world).connection != .none)
    #expect(!world.hasLogged("max-connections-per-address"))
  }

  @Test func `a CONNECT that lies unread spares a connection that would give way`() {
    let world = World { $0.unidentifiedConnectionLimit = 1 }
    let slow = Peer(silent: world)
    slow.leaveUnread(connect("slow"))
    #expect(Peer(world, "next").connack?.reasonCode == .success)
    #expect(slow.isServed)
  }

  @Test func `a DISCONNECT that lies unread makes room for the next session`() {
    let world = World { $0.sessionLimit = 1 }
    let old = Peer(world, "old")
    old.leaveUnread(.disconnect(Disconnect()))
    #expect(Peer(world, "new").connack?.reasonCode == .success)
    #expect(world.logCount("max-sessions") == 0)
  }

  // MARK: Who waits

  @Test func `what came behind a CONNECT that waits for its password counts, though it has left`() {
    let accounts = passwords("ann")
    let world = World(policy: {
      $0.passwords = accounts
      $0.allowsAnonymous = true
    })
    let watcher = watcher(world)
    let peer = Peer(silent: world)
    peer.login("one shot", "ann", "right")
    peer.send(message("a"))
    peer.send(.disconnect(Disconnect()))
    peer.cut()
    world.checkPasswords()
    #expect(watcher.messages().map(\.topic) == ["a"])
  }
}
