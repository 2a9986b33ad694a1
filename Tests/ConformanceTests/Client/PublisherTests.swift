// What the standard asks of clients, held against `mqtt pub`.

import LiveSupport
import MQTTCodec
import Testing

struct PublisherTests {
  private func body(_ identifier: PacketIdentifier) -> Acknowledgement {
    Acknowledgement(packetIdentifier: identifier)
  }

  private func publish(_ peer: Peer) throws -> Publish {
    let packet = try peer.next()
    guard case .publish(let publish) = packet else { throw CaseError("\(packet), not PUBLISH") }
    return publish
  }

  @Test(arguments: ProtocolVersion.allCases)
  func `CONNECT comes first and DISCONNECT last [MQTT-3.1.0-1] [MQTT-3.14.4-1] [MQTT-3.14.4-2]`(
    version: ProtocolVersion
  ) throws {
    let scene = try ClientScene(version, "pub", "-t", "a", "-m", "x", "-i", "me")
    let (peer, connect) = try scene.admit()
    #expect(connect.clientIdentifier == "me")
    #expect(connect.version == version)
    try peer.expect(.publish(Publish(topic: "a", payload: [0x78])))
    try peer.expectFarewell()
    try peer.expectEnd()
    #expect(try scene.program.exitStatus() == 0)
  }

  @Test func `the fields of CONNECT are those of its flags [MQTT-3.1.2-9] [MQTT-3.1.3-1]`() throws {
    let scene = try ClientScene(
      .v5, "pub", "-t", "a", "-m", "x", "-i", "me", "-u", "user", "-P", "word", "--will-topic", "w",
      "--will-payload", "bye", "--will-qos", "1", "--will-retain", "-k", "17")
    let (_, connect) = try scene.admit()
    #expect(connect.userName == "user")
    #expect(connect.password == Array("word".utf8))
    #expect(
      connect.will
        == Will(topic: "w", payload: Array("bye".utf8), qos: .atLeastOnce, isRetained: true))
    #expect(connect.keepAliveSeconds == 17)
    #expect(connect.cleanStart)
  }

  @Test(arguments: [ProtocolVersion.v311, .v5])
  func `QoS 1 waits for PUBACK [MQTT-4.3.2-1] [MQTT-4.3.2-2] [MQTT-4.3.2-3]`(
    version: ProtocolVersion
  ) throws {
    let scene = try ClientScene(version, "pub", "-t", "a", "-m", "x", "-q", "1")
    let (peer, _) = try scene.admit()
    let publish = try publish(peer)
    #expect(publish.qos == .atLeastOnce)
    #expect(!publish.isDuplicate)
    let identifier = try #require(publish.packetIdentifier)
    #expect(scene.program.isRunning)
    peer.send(.puback(body(identifier)))
    try peer.expectFarewell()
    #expect(try scene.program.exitStatus() == 0)
  }

  @Test(arguments: [ProtocolVersion.v311, .v5])
  func `QoS 2 takes its four steps [MQTT-4.3.3-1] [MQTT-4.3.3-2] [MQTT-4.3.3-4] [MQTT-2.2.1-5]`(
    version: ProtocolVersion
  ) throws {
    let scene = try ClientScene(version, "pub", "-t", "a", "-m", "x", "-q", "2")
    let (peer, _) = try scene.admit()
    let publish = try publish(peer)
    #expect(publish.qos == .exactlyOnce)
    #expect(!publish.isDuplicate)
    let identifier = try #require(publish.packetIdentifier)
    peer.send(.pubrec(body(identifier)))
    try peer.expect(.pubrel(body(identifier)))
    #expect(scene.program.isRunning)
    peer.send(.pubcomp(body(identifier)))
    try peer.expectFarewell()
    #expect(try scene.program.exitStatus() == 0)
  }

  @Test func `identifiers in flight differ and are not 0 [MQTT-2.2.1-3]`() throws {
    let scene = try ClientScene(.v311, "pub", "-t", "a", "-l", "-q", "1")
    scene.program.write("1\n2\n3\n4\n")
    scene.program.closeInput()
    let (peer, _) = try scene.admit()
    let messages = try (0..<4).map { _ in try publish(peer) }
    #expect(Set(messages.map(\.packetIdentifier)).count == 4)
    for message in messages { peer.send(.puback(body(try #require(message.packetIdentifier)))) }
    try peer.expectFarewell()
  }

  @Test func `no more in flight than the server's Receive Maximum [MQTT-3.3.4-7] [MQTT-4.9.0-2]`()
    throws
  {
    let scene = try ClientScene(.v5, "pub", "-t", "a", "-l", "-q", "1")
    scene.program.write("1\n2\n3\n")
    scene.program.closeInput()
    let (peer, _) = try scene.admit(Property(.receiveMaximum, .twoByteInteger(1)))
    for index in 1...3 {
      let message = try publish(peer)
      #expect(message.payload == Array("\(index)".utf8))
      #expect(peer.waiting.isEmpty)
      peer.send(.puback(body(try #require(message.packetIdentifier))))
    }
    try peer.expectFarewell()
  }

  @Test func `PINGREQ does not wait for the Receive Maximum [MQTT-3.3.4-8]`() throws {
    let scene = try ClientScene(.v5, "pub", "-t", "a", "-l", "-q", "1")
    scene.program.write("1\n2\n")
    scene.program.closeInput()
    let (peer, _) = try scene.admit(
      Property(.receiveMaximum, .twoByteInteger(1)), Property(.serverKeepAlive, .twoByteInteger(1)))
    let first = try publish(peer)
    try peer.expect(.pingreq)
    peer.send(.pingresp)
    peer.send(.puback(body(try #require(first.packetIdentifier))))
    while true {
      guard case .publish(let second) = try peer.next() else { continue }
      #expect(second.payload == Array("2".utf8))
      break
    }
  }

  @Test func `PUBRELs come in the order of their PUBRECs [MQTT-4.6.0-4]`() throws {
    let scene = try ClientScene(.v311, "pub", "-t", "a", "-l", "-q", "2")
    scene.program.write("1\n2\n3\n")
    scene.program.closeInput()
    let (peer, _) = try scene.admit()
    let identifiers = try (0..<3).map { _ in
      try #require(try publish(peer).packetIdentifier)
    }
    let order = [identifiers[1], identifiers[2], identifiers[0]]
    for identifier in order { peer.send(.pubrec(body(identifier))) }
    for identifier in order { try peer.expect(.pubrel(body(identifier))) }
    for identifier in order { peer.send(.pubcomp(body(identifier))) }
    try peer.expectFarewell()
    #expect(try scene.program.exitStatus() == 0)
  }

  @Test(arguments: [ProtocolVersion.v311, .v5])
  func `what is unacknowledged is resent in order with DUP [MQTT-4.6.0-1] [MQTT-3.3.1-1]`(
    version: ProtocolVersion
  ) throws {
    let scene = try ClientScene(version, "pub", "-t", "a", "-l", "-q", "1", "-c", "-i", "me")
    scene.program.write("1\n2\n3\n")
    scene.program.closeInput()
    let (first, _) = try scene.admit()
    let sent = try (0..<3).map { _ in try publish(first) }
    first.drop()
    let (second, connect) = try scene.admit(isSessionPresent: true)
    #expect(!connect.cleanStart)
    for message in sent {
      var again = message
      again.isDuplicate = true
      try second.expect(.publish(again))
      second.send(.puback(body(try #require(message.packetIdentifier))))
    }
    try second.expectFarewell()
    #expect(try scene.program.exitStatus() == 0)
  }

  @Test func `PUBREL is resent, its PUBLISH is not [MQTT-4.4.0-1] [MQTT-4.3.3-6]`() throws {
    let scene = try ClientScene(.v311, "pub", "-t", "a", "-m", "x", "-q", "2", "-c", "-i", "me")
    let (first, _) = try scene.admit()
    let identifier = try #require(try publish(first).packetIdentifier)
    first.send(.pubrec(body(identifier)))
    try first.expect(.pubrel(body(identifier)))
    first.drop()
    let (second, _) = try scene.admit(isSessionPresent: true)
    try second.expect(.pubrel(body(identifier)))
    second.send(.pubcomp(body(identifier)))
    try second.expectFarewell()
    #expect(try scene.program.exitStatus() == 0)
  }

  @Test func `a refused message is not sent again, and told [MQTT-4.4.0-2]`() throws {
    let scene = try ClientScene(.v5, "pub", "-t", "a", "-m", "x", "-q", "1")
    let (peer, _) = try scene.admit()
    let identifier = try #require(try publish(peer).packetIdentifier)
    peer.send(.puback(Acknowledgement(packetIdentifier: identifier, reasonCode: .notAuthorized)))
    try peer.expectFarewell()
    #expect(try scene.program.exitStatus() == Int32(ReasonCode.notAuthorized.rawValue))
    #expect(scene.program.errors.lowercased().contains("not authorized"))
  }

  /// What a server forbids in its CONNACK, and a publisher that would do it.
  @Test(arguments: [
    (Property(.maximumQoS, .byte(1)), ["-q", "2"]), (Property(.retainAvailable, .byte(0)), ["-r"]),
    (Property(.maximumPacketSize, .fourByteInteger(10)), ["-q", "1"]),
    (Property(.topicAliasMaximum, .twoByteInteger(2)), ["-D", "publish", "topic-alias", "3"]),
    (Property(.receiveMaximum, .twoByteInteger(5)), ["-D", "publish", "topic-alias", "1"]),
  ])
  func `nothing is sent that the server forbids [MQTT-3.2.2-11] [MQTT-3.2.2-14] [MQTT-3.2.2-15]`(
    sample: (limit: Property, arguments: [String])
  ) throws {
    let scene = try ClientScene(.v5, ["pub", "-t", "topic", "-m", "payload"] + sample.arguments)
    let (peer, _) = try scene.admit(sample.limit)
    var answer = try peer.nextIfAny()
    while let packet = answer {
      if case .publish(let publish) = packet {
        #expect(publish.qos <= .atLeastOnce)
        #expect(!publish.isRetained)
        #expect(publish.properties[.topicAlias] == nil)
        #expect(packet.encodedSize(version: .v5) <= 10)
      }
      answer = try peer.nextIfAny()
    }
    #expect(try scene.program.exitStatus() != 0)
    #expect(!scene.program.errors.isEmpty)
  }

  @Test func `DISCONNECT's properties fit the server's maximum [MQTT-3.14.2-4]`() throws {
    let long = String(repeating: "v", count: 100)
    let scene = try ClientScene(
      .v5, "pub", "-t", "a", "-m", "x", "-q", "1", "-D", "disconnect", "user-property", "k", long)
    let (peer, _) = try scene.admit(Property(.maximumPacketSize, .fourByteInteger(40)))
    let message = try publish(peer)
    peer.send(.puback(body(try #require(message.packetIdentifier))))
    while let packet = try peer.nextIfAny() {
      #expect(packet.encodedSize(version: .v5) <= 40)
    }
    try peer.expectEnd()
  }
}
