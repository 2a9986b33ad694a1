// Garbage, truncation and floods against the live socket: the broker neither crashes nor hangs nor
// grows, and no other client notices.

import Basis
import Foundation
import LiveSupport
import MQTTCodec
import Testing

/// A generator with a seed, so that a failure can be had again.
private struct SeededNumbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}

/// A client that says whether the broker still does its work.
struct Witness {
  let broker: LiveBroker

  func check(_ name: String) throws {
    let subscriber = try Commands.mosquitto.subscribe(broker, ["-q", "2", "-t", "witness/\(name)"])
    try Commands.mosquitto.publish(
      broker, ["-t", "witness/\(name)", "-m", "still here", "-q", "2"])
    let lines = try messages(subscriber, 1)
    guard lines == ["still here"], broker.program.isRunning else {
      throw ProgramError("the broker is not what it was: \(lines)")
    }
  }
}

struct RobustnessTests {
  private func bytes(_ packets: [Packet], _ version: ProtocolVersion) -> [UInt8] {
    var buffer = ByteBuffer()
    for packet in packets { packet.encode(into: &buffer, version: version) }
    return buffer.bytes
  }

  private func hello(_ name: String, _ version: ProtocolVersion) -> Packet {
    .connect(Connect(version: version, clientIdentifier: name, keepAliveSeconds: 0))
  }

  /// A session with one packet of each kind that a client sends.
  private func session(_ version: ProtocolVersion) throws -> [UInt8] {
    let identifier = try #require(PacketIdentifier(rawValue: 1))
    let body = Acknowledgement(packetIdentifier: identifier)
    return bytes(
      [
        hello("session", version),
        .subscribe(
          Subscribe(
            packetIdentifier: identifier,
            subscriptions: [
              Subscription(filter: "a/#", options: SubscriptionOptions(qos: .exactlyOnce))
            ])),
        .publish(Publish(topic: "a/b", payload: [1, 2, 3])),
        .publish(
          Publish(topic: "a/b", payload: [1], qos: .exactlyOnce, packetIdentifier: identifier)),
        .pubrel(body), .pubrec(body), .pubcomp(body), .puback(body),
        .unsubscribe(Unsubscribe(packetIdentifier: identifier, filters: ["a/#"])), .pingreq,
        .disconnect(Disconnect()),
      ], version)
  }

  @Test func `random bytes do no harm`() throws {
    let broker = try LiveBroker(["--quiet"])
    var numbers = SeededNumbers(state: 0x5EED)
    for _ in 0..<300 {
      let connection = try broker.connect()
      connection.send(
        (0..<Int.random(in: 1...400, using: &numbers)).map { _ in
          UInt8.random(in: 0...255, using: &numbers)
        })
    }
    try Witness(broker: broker).check("random")
  }

  @Test(arguments: [ProtocolVersion.v311, .v5])
  func `random bytes after CONNECT do no harm`(version: ProtocolVersion) throws {
    let broker = try LiveBroker(["--quiet"])
    var numbers = SeededNumbers(state: 0xFEED)
    let start = bytes([hello("vandal", version)], version)
    for _ in 0..<300 {
      let connection = try broker.connect()
      connection.send(
        start
          + (0..<Int.random(in: 1...400, using: &numbers)).map { _ in
            UInt8.random(in: 0...255, using: &numbers)
          })
    }
    try Witness(broker: broker).check("after")
  }

  @Test(arguments: [ProtocolVersion.v311, .v5])
  func `sessions with a flipped bit do no harm`(version: ProtocolVersion) throws {
    let broker = try LiveBroker(["--quiet"])
    let session = try session(version)
    for index in session.indices {
      var damaged = session
      damaged[index] ^= 1 << UInt8(index % 8)
      try broker.connect().send(damaged)
    }
    try Witness(broker: broker).check("flipped")
  }

  @Test(arguments: [ProtocolVersion.v311, .v5])
  func `sessions that stop anywhere do no harm`(version: ProtocolVersion) throws {
    let broker = try LiveBroker(["--quiet"])
    let session = try session(version)
    for count in session.indices {
      let connection = try broker.connect()
      connection.send(Array(session[..<count]))
      if count % 2 == 0 { connection.reset() }
    }
    try Witness(broker: broker).check("truncated")
  }

  @Test func `broken connections leave nothing behind`() throws {
    let broker = try LiveBroker(["--quiet"])
    let session = try session(.v5)
    func storm() throws {
      for _ in 0..<400 {
        let connection = try broker.connect()
        connection.send(session)
        connection.reset()
      }
      try Witness(broker: broker).check("storm")
    }
    try storm()
    let before = broker.residentBytes
    for _ in 0..<4 { try storm() }
    #expect(broker.residentBytes - before < 4 << 20)
  }

  @Test func `a subscriber that does not read costs no more than its limit`() throws {
    let broker = try LiveBroker(["--quiet", "--max-outbox-bytes", "1000000"])
    let lazy = try broker.connect()
    let filter = Subscription(filter: "flood")
    let identifier = try #require(PacketIdentifier(rawValue: 1))
    lazy.send(
      bytes(
        [
          hello("lazy", .v311),
          .subscribe(Subscribe(packetIdentifier: identifier, subscriptions: [filter])),
        ], .v311))
    let eager = try Commands.mosquitto.subscribe(broker, ["-t", "done"])
    let before = broker.residentBytes
    let publisher = try broker.connect()
    publisher.send(bytes([hello("publisher", .v311)], .v311))
    let message = bytes(
      [.publish(Publish(topic: "flood", payload: [UInt8](repeating: 0x78, count: 60_000)))], .v311)
    for _ in 0..<2000 { #expect(publisher.send(message)) }
    publisher.send(bytes([.publish(Publish(topic: "done", payload: [0x21]))], .v311))
    #expect(try messages(eager, 1) == ["!"])
    #expect(broker.residentBytes - before < 24 << 20)
    withExtendedLifetime(lazy) {}
  }

  @Test func `a length that is only announced is not paid for with memory`() throws {
    let broker = try LiveBroker(["--quiet"])
    let before = broker.residentBytes
    let connections = try (0..<200).map { index in
      let connection = try broker.connect()
      connection.send(bytes([hello("client\(index)", .v311)], .v311))
      // A PUBLISH of 1.9 MB, of which ten bytes come.
      connection.send([0x30, 0xE0, 0xFB, 0x73, 0, 1, 0x61, 1, 2, 3, 4, 5, 6, 7])
      return connection
    }
    try Witness(broker: broker).check("announced")
    #expect(broker.residentBytes - before < 32 << 20)
    withExtendedLifetime(connections) {}
  }

  @Test func `10,000 connections that never send CONNECT neither stay nor cost anybody else`()
    throws
  {
    // Both ends of each are counted against the limits of processes like this one.
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let broker = try LiveBroker(["--quiet", "--connect-timeout", "5"])
    let before = broker.residentBytes
    let silent = try (0..<10_000).map { _ in try broker.connect() }
    try Witness(broker: broker).check("silent")
    #expect(broker.residentBytes - before < 32 << 20)
    #expect(silent.first?.receive(within: 30) == .end)
    #expect(silent.last?.receive(within: 30) == .end)
    try Witness(broker: broker).check("gone")
  }

  @Test func `a packet above the limit ends the connection at once`() throws {
    let broker = try LiveBroker(["--quiet", "--max-packet-size", "1000"])
    let connection = try broker.connect()
    connection.send(bytes([hello("client", .v311)], .v311))
    guard case .bytes = connection.receive(within: 10) else { throw ProgramError("no CONNACK") }
    connection.send([0x30, 0xFF, 0x7F])
    #expect(connection.receive(within: 10) == .end)
    try Witness(broker: broker).check("large")
  }
}
