// What the standard asks of clients, held against `mqtt sub`.

import LiveSupport
import MQTTCodec
import Testing

struct SubscriberTests {
  private func body(_ identifier: UInt16) throws -> Acknowledgement {
    Acknowledgement(packetIdentifier: try #require(PacketIdentifier(rawValue: identifier)))
  }

  private func publish(
    _ payload: String, qos: QoS = .atMostOnce, _ identifier: UInt16? = nil, topic: String = "a",
    isDuplicate: Bool = false, _ properties: Property...
  ) -> Packet {
    .publish(
      Publish(
        topic: topic, payload: Array(payload.utf8), qos: qos, isDuplicate: isDuplicate,
        packetIdentifier: identifier.flatMap { PacketIdentifier(rawValue: $0) },
        properties: Properties(properties)))
  }

  @Test func `SUBSCRIBE is as the standard wants it [MQTT-3.8.3-2] [MQTT-2.2.1-3]`() throws {
    let scene = try ClientScene(.v5, "sub", "-t", "a/#", "-t", "b/+", "-q", "2")
    let (peer, _) = try scene.admit()
    guard case .subscribe(let subscribe) = try peer.next() else { return }
    #expect(subscribe.subscriptions.map(\.filter) == ["a/#", "b/+"])
    #expect(subscribe.subscriptions.allSatisfy { $0.options.qos == .exactlyOnce })
  }

  @Test func `Server Keep Alive is used [MQTT-3.1.2-20] [MQTT-3.1.2-21] [MQTT-3.2.2-21]`() throws {
    let scene = try ClientScene(.v5, "sub", "-t", "a", "-k", "600")
    let peer = try scene.admitSubscriber(Property(.serverKeepAlive, .twoByteInteger(1)))
    try peer.expect(.pingreq)
    peer.send(.pingresp)
    try peer.expect(.pingreq)
  }

  @Test func `a session that the client does not have closes [MQTT-3.2.2-4]`() throws {
    let scene = try ClientScene(.v5, "sub", "-t", "a", "-i", "me")
    let (peer, connect) = try scene.admit(isSessionPresent: true)
    #expect(connect.cleanStart)
    while let packet = try peer.nextIfAny() {
      guard case .disconnect = packet else { throw CaseError("\(packet) after a wrong CONNACK") }
    }
    try peer.expectEnd()
  }

  @Test(arguments: [ProtocolVersion.v311, .v5])
  func `without session present the client subscribes anew [MQTT-3.2.2-5]`(
    version: ProtocolVersion
  ) throws {
    let scene = try ClientScene(version, "sub", "-t", "a", "-i", "me", "-c", "-C", "1")
    try scene.admitSubscriber().drop()
    let second = try scene.admitSubscriber()
    second.send(publish("x"))
    #expect(try scene.program.exitStatus() == 0)
    #expect(scene.program.output == "x\n")
  }

  @Test func `every PUBLISH is acknowledged, printed or not [MQTT-4.5.0-2] [MQTT-4.3.2-4]`() throws
  {
    let scene = try ClientScene(.v311, "sub", "-t", "#", "-T", "hidden", "-q", "2")
    let peer = try scene.admitSubscriber()
    peer.send(publish("x", qos: .atLeastOnce, 7, topic: "hidden"))
    try peer.expect(.puback(try body(7)))
    peer.send(publish("y", qos: .exactlyOnce, 8, topic: "hidden"))
    try peer.expect(.pubrec(try body(8)))
    peer.send(.pubrel(try body(8)))
    try peer.expect(.pubcomp(try body(8)))
    #expect(scene.program.output.isEmpty)
  }

  @Test func `PUBACKs and PUBRECs come in order [MQTT-4.6.0-2] [MQTT-4.6.0-3]`() throws {
    let scene = try ClientScene(.v311, "sub", "-t", "a", "-q", "2")
    let peer = try scene.admitSubscriber()
    let identifiers: [UInt16] = [9, 4, 65535, 1]
    for identifier in identifiers { peer.send(publish("x", qos: .atLeastOnce, identifier)) }
    for identifier in identifiers { try peer.expect(.puback(try body(identifier))) }
    for identifier in identifiers { peer.send(publish("x", qos: .exactlyOnce, identifier)) }
    for identifier in identifiers { try peer.expect(.pubrec(try body(identifier))) }
  }

  @Test func `a QoS 2 message that comes again is printed once [MQTT-4.3.3-10]`() throws {
    let scene = try ClientScene(.v311, "sub", "-t", "a", "-q", "2", "-C", "2")
    let peer = try scene.admitSubscriber()
    for isDuplicate in [false, true] {
      peer.send(publish("one", qos: .exactlyOnce, 5, isDuplicate: isDuplicate))
      try peer.expect(.pubrec(try body(5)))
    }
    peer.send(.pubrel(try body(5)))
    try peer.expect(.pubcomp(try body(5)))
    peer.send(publish("two", qos: .exactlyOnce, 5))
    try peer.expect(.pubrec(try body(5)))
    peer.send(.pubrel(try body(5)))
    #expect(try scene.program.exitStatus() == 0)
    #expect(scene.program.output == "one\ntwo\n")
  }

  @Test func `a QoS 2 message is printed once across connections [MQTT-4.1.0-1]`() throws {
    let scene = try ClientScene(.v311, "sub", "-t", "a", "-q", "2", "-c", "-i", "me", "-C", "2")
    let first = try scene.admitSubscriber()
    first.send(publish("one", qos: .exactlyOnce, 5))
    try first.expect(.pubrec(try body(5)))
    first.drop()
    let (second, _) = try scene.admit(isSessionPresent: true)
    second.send(publish("one", qos: .exactlyOnce, 5, isDuplicate: true))
    while true {
      switch try second.next() {
      case .subscribe(let subscribe):
        let codes = [ReasonCode](repeating: .grantedQoS2, count: subscribe.subscriptions.count)
        second.send(
          .suback(Suback(packetIdentifier: subscribe.packetIdentifier, reasonCodes: codes)))
        continue
      case let other: #expect(other == .pubrec(try body(5)))
      }
      break
    }
    second.send(.pubrel(try body(5)))
    try second.expect(.pubcomp(try body(5)))
    second.send(publish("two"))
    #expect(try scene.program.exitStatus() == 0)
    #expect(scene.program.output == "one\ntwo\n")
  }

  @Test func `aliases within the client's maximum are accepted [MQTT-3.3.2-10]`() throws {
    let scene = try ClientScene(
      .v5, "sub", "-v", "-t", "#", "-C", "4", "-D", "connect", "topic-alias-maximum", "2")
    let (peer, connect) = try scene.admit()
    #expect(connect.properties.number(.topicAliasMaximum) == 2)
    try scene.grant(peer)
    for alias: UInt16 in 1...2 {
      peer.send(publish("x", topic: "t\(alias)", Property(.topicAlias, .twoByteInteger(alias))))
    }
    for alias: UInt16 in 1...2 {
      peer.send(publish("y", topic: "", Property(.topicAlias, .twoByteInteger(alias))))
    }
    #expect(try scene.program.exitStatus() == 0)
    #expect(scene.program.output == "t1 x\nt2 x\nt1 y\nt2 y\n")
  }

  @Test(arguments: [ReasonCode.notAuthorized, .badUserNameOrPassword, .banned])
  func `a refusal ends the client with its code [MQTT-4.13.2-1]`(reasonCode: ReasonCode) throws {
    let scene = try ClientScene(.v5, "sub", "-t", "a")
    let peer = try scene.accept()
    _ = try peer.next()
    peer.send(.connack(Connack(reasonCode: reasonCode)))
    try peer.expectEnd()
    #expect(try scene.program.exitStatus() == Int32(reasonCode.rawValue))
  }

  @Test(arguments: ["30 FF FF FF FF 01", "36 05 00 01 'a' 00 01", "00 00", "10 00", "B0 00"])
  func `a malformed packet closes the connection [MQTT-3.3.1-4] [MQTT-2.1.3-1]`(
    packet: String
  ) throws {
    let scene = try ClientScene(.v5, "sub", "-t", "a")
    let peer = try scene.admitSubscriber()
    peer.send(hex: packet)
    while let answer = try peer.nextIfAny() {
      guard case .disconnect(let disconnect) = answer else { throw CaseError("\(answer)") }
      #expect(disconnect.reasonCode.isFailure)
    }
    try peer.expectEnd()
  }
}
