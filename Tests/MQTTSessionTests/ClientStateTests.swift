// A client process that dies and another one that takes up its session: what the state must hold
// for no message to come twice or not at all, and for none to go out twice.

import MQTTCodec
import MQTTSession
import Testing

@Suite struct ClientStateTests {
  private func settings(_ version: ProtocolVersion) -> ClientSettings {
    var settings = ClientSettings()
    settings.versions = .only(version)
    settings.clientIdentifier = "sidecar"
    settings.cleanStart = false
    settings.acknowledging = .whenTold
    settings.reportsReleases = true
    settings.connectProperties.append(.sessionExpiryInterval, .fourByteInteger(.max))
    return settings
  }

  private func connected(_ version: ProtocolVersion) throws -> ClientUnderTest {
    let client = ClientUnderTest(settings(version))
    try client.reconnect()
    return client
  }

  /// Another process with what `state` says, connected to a server that still has the session.
  private func successor(
    _ version: ProtocolVersion, _ state: ClientSessionState, isSessionPresent: Bool = true,
    message: (ClientSessionState.Handshake) -> Publish? = { _ in nil }
  ) throws -> ClientUnderTest {
    let client = ClientUnderTest(settings(version))
    client.session.restore(state, message: message)
    let connect = try client.reconnect(Connack(isSessionPresent: isSessionPresent))
    #expect(!connect.cleanStart)
    return client
  }

  @Test(arguments: [ProtocolVersion.v311, .v5])
  func `a message that was stored is not shown to the next process [MQTT-4.3.3-10]`(
    _ version: ProtocolVersion
  ) throws {
    let first = try connected(version)
    first.feedMessage("t", "1", .exactlyOnce, id: 7)
    #expect(try first.messages().count == 1)
    let state = first.session.state(taking: 1)
    #expect(state == ClientSessionState(received: [try identifier(7)]))
    let second = try successor(version, state)
    second.feedMessage("t", "1", .exactlyOnce, id: 7, isDuplicate: true)
    #expect(try second.messages() == [])
    #expect(try second.takeSent() == [.pubrec(try acknowledgement(7))])
  }

  @Test func `a message that was not stored is left out of the state, so that it comes again`()
    throws
  {
    let first = try connected(.v5)
    first.feedMessage("t", "1", .exactlyOnce, id: 7)
    first.feedMessage("t", "2", .exactlyOnce, id: 8)
    #expect(try first.messages().count == 2)
    let state = first.session.state(taking: 1)
    let second = try successor(.v5, state)
    second.feedMessage("t", "1", .exactlyOnce, id: 7, isDuplicate: true)
    second.feedMessage("t", "2", .exactlyOnce, id: 8, isDuplicate: true)
    #expect(try second.messages().map(\.payload) == [Array("2".utf8)])
  }

  @Test func `an identifier whose PUBREL was stored is free for the next message`() throws {
    let first = try connected(.v5)
    first.feedMessage("t", "1", .exactlyOnce, id: 7)
    #expect(try first.messages().count == 1)
    first.session.acknowledge(1, now: first.now)
    first.feed(.pubrel(try acknowledgement(7)))
    #expect(first.events() == [])
    let state = first.session.state()
    #expect(state == ClientSessionState())
    let second = try successor(.v5, state)
    second.feedMessage("t", "2", .exactlyOnce, id: 7)
    #expect(try second.messages().count == 1)
  }

  @Test func `a hundred identifiers in any order are told rising`() throws {
    let client = try connected(.v311)
    for number in (1...100).reversed() {
      client.feedMessage("t", "", .exactlyOnce, id: UInt16(number * 655))
    }
    #expect(try client.messages().count == 100)
    #expect(
      client.session.state(taking: 100).received.map(\.rawValue)
        == (1...100).map { UInt16($0 * 655) })
  }

  @Test(arguments: [ProtocolVersion.v311, .v5])
  func `the next process sends a message again under its identifier with DUP [MQTT-4.4.0-1]`(
    _ version: ProtocolVersion
  ) throws {
    let first = try connected(version)
    try first.publish("t", "1", .exactlyOnce, token: 41)
    try first.publish("t", "2", .atLeastOnce, token: 42)
    let state = first.session.state()
    #expect(state.handshakes.map(\.token) == [41, 42])
    let second = try successor(version, state) { handshake in
      handshake.token == 41
        ? Publish(topic: "t", payload: Array("1".utf8), qos: .exactlyOnce)
        : Publish(topic: "t", payload: Array("2".utf8), qos: .atLeastOnce)
    }
    #expect(
      try second.takeSent() == [
        .publish(
          Publish(
            topic: "t", payload: Array("1".utf8), qos: .exactlyOnce, isDuplicate: true,
            packetIdentifier: identifier(1))),
        .publish(
          Publish(
            topic: "t", payload: Array("2".utf8), qos: .atLeastOnce, isDuplicate: true,
            packetIdentifier: identifier(2))),
      ])
    second.feed(.puback(try acknowledgement(2)))
    #expect(second.events() == [.published(token: 42, try acknowledgement(2))])
    try second.publish("t", "3", .exactlyOnce, token: 43)
    #expect(second.session.state().handshakes.map(\.packetIdentifier.rawValue) == [1, 3])
  }

  @Test func `once PUBREC is stored the next process sends PUBREL and never the message`() throws {
    let first = try connected(.v5)
    try first.publish("t", "1", .exactlyOnce, token: 41)
    first.feed(.pubrec(try acknowledgement(1)))
    #expect(first.events() == [])
    #expect(first.session.takeReleasedTokens() == [41])
    let state = first.session.state()
    let handshake = ClientSessionState.Handshake(
      try identifier(1), token: 41, isReleased: true)
    #expect(state.handshakes == [handshake])
    let second = try successor(.v5, state)
    #expect(try second.takeSent() == [.pubrel(try acknowledgement(1))])
    second.feed(.pubcomp(try acknowledgement(1, .packetIdentifierNotFound)))
    #expect(second.events().count == 1)
    #expect(second.session.state() == ClientSessionState())
  }

  @Test func `a handshake whose message is gone is brought to its end without it`() throws {
    let first = try connected(.v311)
    try first.publish("t", "1", .exactlyOnce, token: 41)
    let second = try successor(.v311, first.session.state())
    #expect(try second.takeSent() == [.pubrel(try acknowledgement(1))])
  }

  @Test func `a server that has lost the session gets the messages anew, without DUP`() throws {
    let first = try connected(.v5)
    first.feedMessage("t", "x", .exactlyOnce, id: 9)
    #expect(try first.messages().count == 1)
    try first.publish("t", "1", .exactlyOnce, token: 41)
    try first.publish("t", "2", .exactlyOnce, token: 42)
    first.feed(.pubrec(try acknowledgement(1)))
    #expect(first.events() == [])
    let state = first.session.state(taking: 1)
    let second = ClientUnderTest(settings(.v5))
    second.session.restore(state) { _ in
      Publish(topic: "t", payload: Array("2".utf8), qos: .exactlyOnce)
    }
    second.session.open(now: second.now)
    _ = try second.takeSent()
    let changes = second.session.durableChanges
    second.feed(.connack(Connack()))
    #expect(
      second.events() == [.connected(Connack()), .published(token: 41, try acknowledgement(1))])
    #expect(
      try second.takeSent() == [
        .publish(
          Publish(
            topic: "t", payload: Array("2".utf8), qos: .exactlyOnce,
            packetIdentifier: identifier(1)))
      ])
    #expect(second.session.durableChanges > changes)
    #expect(second.session.state().received == [])
    #expect(second.session.state().handshakes.map(\.token) == [42])
  }

  @Test func `whatever must be stored before bytes leave counts as a change`() throws {
    let client = try connected(.v5)
    var last = client.session.durableChanges
    func isChanged() -> Bool {
      defer { last = client.session.durableChanges }
      return last != client.session.durableChanges
    }
    client.feedMessage("t", "1", .exactlyOnce, id: 7)
    #expect(try client.messages().count == 1)
    #expect(isChanged())
    client.feed(.pubrel(try acknowledgement(8)))
    #expect(client.events() == [])
    #expect(!isChanged())
    client.session.acknowledge(1, now: client.now)
    #expect(!isChanged())
    client.feed(.pubrel(try acknowledgement(7)))
    #expect(client.events() == [])
    #expect(isChanged())
    try client.publish("t", "1", .exactlyOnce)
    #expect(isChanged())
    client.feed(.pubrec(try acknowledgement(1)))
    #expect(client.events() == [])
    #expect(isChanged())
    client.feed(.pubcomp(try acknowledgement(1)))
    #expect(client.events().count == 1)
    #expect(isChanged())
  }
}
