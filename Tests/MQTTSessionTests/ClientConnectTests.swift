// CONNECT and CONNACK from the client's side: what is offered, how 3.1.1 is fallen back to, and
// what the server's answer binds us to.

import MQTTCodec
import MQTTSession
import Testing

@Suite struct ClientConnectTests {
  static func settings(
    _ versions: ClientSettings.VersionChoice, _ change: (inout ClientSettings) -> Void = { _ in }
  ) -> ClientSettings {
    var settings = ClientSettings()
    settings.versions = versions
    change(&settings)
    return settings
  }

  @Test(arguments: ProtocolVersion.allCases)
  func `CONNECT is the first packet and says everything that was set [MQTT-3.1.0-1]`(
    _ version: ProtocolVersion
  ) throws {
    let will = Will(
      topic: "gone", payload: [1, 2], qos: .atLeastOnce, isRetained: true,
      properties: Properties([Property(.willDelayInterval, .fourByteInteger(7))]))
    let client = ClientUnderTest(
      Self.settings(.only(version)) {
        $0.clientIdentifier = "c1"
        $0.cleanStart = false
        $0.keepAliveSeconds = 17
        $0.will = will
        $0.userName = "u"
        $0.password = Array("p".utf8)
        $0.connectProperties = Properties([Property(.receiveMaximum, .twoByteInteger(9))])
      })
    client.session.open(now: client.now)
    var expected = Connect(
      version: version, clientIdentifier: "c1", cleanStart: false, keepAliveSeconds: 17,
      will: will, userName: "u", password: Array("p".utf8),
      properties: Properties([Property(.receiveMaximum, .twoByteInteger(9))]))
    if version != .v5 {
      expected.will?.properties = Properties()
      expected.properties = Properties()
    }
    #expect(try client.takeSent() == [.connect(expected)])
  }

  @Test func `automatic offers 5 and takes a CONNACK of it`() throws {
    let client = ClientUnderTest(Self.settings(.automatic))
    let connect = try client.reconnect()
    #expect(connect.version == .v5)
    #expect(client.session.phase == .connected)
  }

  @Test func `an old broker's refusal in its own form leads to 3.1.1`() throws {
    let client = ClientUnderTest(Self.settings(.automatic))
    client.session.open(now: client.now)
    client.feed(bytes: [0x20, 0x02, 0x00, 0x01])
    #expect(client.events() == [.ended(.olderVersionWanted)])
    _ = client.session.takeOutput()
    #expect(try client.reconnect().version == .v311)
  }

  @Test func `reason code 0x84 leads to 3.1.1`() throws {
    let client = ClientUnderTest(Self.settings(.automatic))
    client.session.open(now: client.now)
    client.feed(.connack(Connack(reasonCode: .unsupportedProtocolVersion)))
    #expect(client.events() == [.ended(.olderVersionWanted)])
    #expect(client.session.version == .v311)
  }

  @Test func `a connection closed on CONNECT without a word leads to 3.1.1`() throws {
    let client = ClientUnderTest(Self.settings(.automatic))
    client.session.open(now: client.now)
    client.session.connectionEnded()
    #expect(client.events() == [.ended(.olderVersionWanted)])
    _ = client.session.takeOutput()
    #expect(try client.reconnect().version == .v311)
  }

  @Test func `3.1.1 that is closed without a word is lost, not tried a third time`() throws {
    let client = ClientUnderTest(Self.settings(.automatic))
    client.session.open(now: client.now)
    client.session.connectionEnded()
    _ = client.events()
    client.session.open(now: client.now)
    client.session.connectionEnded()
    #expect(client.events() == [.ended(.connectionLost)])
  }

  @Test func `a version that was asked for is never left`() throws {
    let client = ClientUnderTest(Self.settings(.only(.v5)))
    client.session.open(now: client.now)
    let refusal = Connack(reasonCode: .unsupportedProtocolVersion)
    client.feed(.connack(refusal))
    #expect(client.events() == [.ended(.refused(refusal))])
  }

  @Test func `once connected with 5 a lost connection does not lead to 3.1.1`() throws {
    let client = ClientUnderTest(Self.settings(.automatic))
    try client.reconnect()
    client.lose()
    client.session.open(now: client.now)
    client.session.connectionEnded()
    #expect(client.events() == [.ended(.connectionLost)])
    #expect(client.session.version == .v5)
  }

  static let oldCodes: [(UInt8, ReasonCode)] = [
    (2, .clientIdentifierNotValid), (3, .serverUnavailable), (4, .badUserNameOrPassword),
    (5, .notAuthorized),
  ]

  @Test(arguments: oldCodes)
  func `a return code of 3.1.1 is told in the words of 5`(_ code: UInt8, _ reason: ReasonCode)
    throws
  {
    let client = ClientUnderTest(Self.settings(.only(.v311)))
    client.session.open(now: client.now)
    client.feed(bytes: [0x20, 0x02, 0x00, code])
    #expect(client.events() == [.ended(.refused(Connack(reasonCode: reason)))])
    #expect(client.session.phase == .ended)
  }

  @Test func `a refusal of 5 keeps its reason string`() throws {
    let client = ClientUnderTest(Self.settings(.automatic))
    client.session.open(now: client.now)
    let refusal = Connack(
      reasonCode: .notAuthorized,
      properties: Properties([Property(.reasonString, .string("not on Sundays"))]))
    client.feed(.connack(refusal))
    #expect(client.events() == [.ended(.refused(refusal))])
  }

  @Test func `session present after a clean start is a fault [MQTT-3.2.2-4]`() throws {
    let client = ClientUnderTest(Self.settings(.only(.v5)))
    client.session.open(now: client.now)
    client.feed(.connack(Connack(isSessionPresent: true)))
    let fault = try #require(client.events().first?.fault)
    #expect(fault.statement == "MQTT-3.2.2-4")
    #expect(
      fault.description
        == "session present although a clean start was asked for [MQTT-3.2.2-4]")
  }

  @Test func `before 5 an empty identifier is replaced by the generated one`() throws {
    let client = ClientUnderTest(
      Self.settings(.only(.v311)) { $0.generatedIdentifier = "mqtt-1234" })
    #expect(try client.reconnect().clientIdentifier == "mqtt-1234")
  }

  @Test func `an assigned identifier is used for the next connection [MQTT-3.2.2-16]`() throws {
    let client = ClientUnderTest(Self.settings(.only(.v5)))
    let assigned = Connack(
      properties: Properties([Property(.assignedClientIdentifier, .string("auto-7"))]))
    #expect(try client.reconnect(assigned).clientIdentifier == "")
    #expect(client.session.clientIdentifier == "auto-7")
    client.lose()
    #expect(try client.reconnect().clientIdentifier == "auto-7")
  }

  @Test func `a session that outlives its connection is taken up again`() throws {
    let client = ClientUnderTest(
      Self.settings(.only(.v5)) {
        $0.connectProperties.append(.sessionExpiryInterval, .fourByteInteger(60))
      })
    #expect(try client.reconnect().cleanStart)
    client.lose()
    #expect(try !client.reconnect(Connack(isSessionPresent: true)).cleanStart)
  }

  @Test(arguments: [ProtocolVersion.v311, .v5])
  func `a session that ends with its connection starts clean again`(_ version: ProtocolVersion)
    throws
  {
    let client = ClientUnderTest(
      Self.settings(.only(version)) { $0.clientIdentifier = "c" })
    #expect(try client.reconnect().cleanStart)
    client.lose()
    #expect(try client.reconnect().cleanStart)
  }

  @Test func `the server's limits are taken from CONNACK`() throws {
    let client = try ClientUnderTest.connected(
      connack: Connack(
        properties: Properties([
          Property(.receiveMaximum, .twoByteInteger(3)), Property(.maximumQoS, .byte(1)),
          Property(.retainAvailable, .byte(0)), Property(.maximumPacketSize, .fourByteInteger(99)),
          Property(.topicAliasMaximum, .twoByteInteger(4)),
          Property(.wildcardSubscriptionAvailable, .byte(0)),
          Property(.subscriptionIdentifierAvailable, .byte(0)),
          Property(.sharedSubscriptionAvailable, .byte(0)),
          Property(.serverKeepAlive, .twoByteInteger(11)),
        ])))
    var expected = ServerLimits()
    expected.receiveMaximum = 3
    expected.maximumQoS = .atLeastOnce
    expected.isRetainAvailable = false
    expected.maximumPacketSize = 99
    expected.topicAliasMaximum = 4
    expected.areWildcardsAvailable = false
    expected.areSubscriptionIdentifiersAvailable = false
    expected.areSharedSubscriptionsAvailable = false
    #expect(client.session.limits == expected)
    #expect(client.session.keepAliveSeconds == 11)
  }

  @Test func `the limits of one connection do not bind the next`() throws {
    let client = try ClientUnderTest.connected(
      connack: Connack(properties: Properties([Property(.maximumQoS, .byte(0))])))
    client.lose()
    try client.reconnect()
    #expect(client.session.limits == ServerLimits())
  }

  @Test func `CONNACK split into single bytes is the same CONNACK`() throws {
    let client = ClientUnderTest(Self.settings(.only(.v5)))
    client.session.open(now: client.now)
    let bytes: [UInt8] = [0x20, 0x03, 0x00, 0x00, 0x00]
    for byte in bytes.dropLast() {
      client.feed(bytes: [byte])
      #expect(client.events() == [])
    }
    client.feed(bytes: [bytes[4]])
    #expect(client.events() == [.connected(Connack())])
  }
}
