// SUBSCRIBE, UNSUBSCRIBE, their answers, and what a server without the feature is not asked for.

import MQTTCodec
import MQTTSession
import Testing

@Suite struct ClientSubscribeTests {
  @Test(arguments: ProtocolVersion.allCases)
  func `SUBSCRIBE carries all filters and its SUBACK comes back by identifier [MQTT-3.8.4-2]`(
    _ version: ProtocolVersion
  ) throws {
    let client = try ClientUnderTest.connected(version)
    let wanted = [
      Subscription(filter: "a/#", options: SubscriptionOptions(qos: .exactlyOnce)),
      Subscription(filter: "b", options: SubscriptionOptions(qos: .atLeastOnce)),
    ]
    let one = try client.session.subscribe(wanted, now: client.now)
    #expect(
      try client.takeSent()
        == [.subscribe(Subscribe(packetIdentifier: one, subscriptions: wanted))])
    let answer = Suback(
      packetIdentifier: one,
      reasonCodes: [.grantedQoS1, version == .v5 ? .notAuthorized : .unspecifiedError])
    client.feed(.suback(answer))
    #expect(client.events() == [.subscribed(answer)])
  }

  @Test func `UNSUBSCRIBE comes back with a reason for each filter [MQTT-3.11.3-1]`() throws {
    let client = try ClientUnderTest.connected()
    let one = try client.session.unsubscribe(["a", "b"], now: client.now)
    let answer = Unsuback(packetIdentifier: one, reasonCodes: [.success, .noSubscriptionExisted])
    client.feed(.unsuback(answer))
    #expect(client.events() == [.unsubscribed(answer)])
  }

  @Test func `SUBACK with too few reason codes is a fault [MQTT-3.8.4-6]`() throws {
    let client = try ClientUnderTest.connected()
    let one = try client.session.subscribe(
      [Subscription(filter: "a"), Subscription(filter: "b")], now: client.now)
    client.feed(.suback(Suback(packetIdentifier: one, reasonCodes: [.success])))
    #expect(
      client.events().first?.fault?.description
        == "SUBACK with 1 reason codes for 2 filters [MQTT-3.8.4-6]")
  }

  @Test func `an answer that answers the other kind of request is a fault`() throws {
    let client = try ClientUnderTest.connected()
    let one = try client.session.subscribe([Subscription(filter: "a")], now: client.now)
    client.feed(.unsuback(Unsuback(packetIdentifier: one, reasonCodes: [.success])))
    #expect(
      client.events().first?.fault?.description
        == "UNSUBACK with packet identifier 1, which no request has [MQTT-3.10.4-4]")
  }

  @Test func `a second SUBACK for one SUBSCRIBE is a fault`() throws {
    let client = try ClientUnderTest.connected()
    let one = try client.session.subscribe([Subscription(filter: "a")], now: client.now)
    let answer = Suback(packetIdentifier: one, reasonCodes: [.success])
    client.feed(.suback(answer))
    client.feed(.suback(answer))
    #expect(client.events().last?.fault?.statement == "MQTT-3.8.4-2")
  }

  struct Refusal: Sendable {
    var missing: PropertyIdentifier
    var subscription: Subscription
    var properties = Properties()
    var reasonCode: ReasonCode
    var explanation: String
  }

  static let refusals: [Refusal] = [
    Refusal(
      missing: .wildcardSubscriptionAvailable, subscription: Subscription(filter: "a/+"),
      reasonCode: .wildcardSubscriptionsNotSupported,
      explanation: "the broker does not offer subscriptions with wildcards"),
    Refusal(
      missing: .sharedSubscriptionAvailable, subscription: Subscription(filter: "$share/g/a"),
      reasonCode: .sharedSubscriptionsNotSupported,
      explanation: "the broker does not offer shared subscriptions"),
    Refusal(
      missing: .subscriptionIdentifierAvailable, subscription: Subscription(filter: "a"),
      properties: Properties([Property(.subscriptionIdentifier, .variableByteInteger(1))]),
      reasonCode: .subscriptionIdentifiersNotSupported,
      explanation: "the broker does not offer subscription identifiers"),
  ]

  @Test(arguments: refusals)
  func `what the server does not offer is refused here`(_ refusal: Refusal) throws {
    let client = try ClientUnderTest.connected(
      connack: Connack(properties: Properties([Property(refusal.missing, .byte(0))])))
    let fault = #expect(throws: RequestFault.self) {
      _ = try client.session.subscribe(
        [refusal.subscription], properties: refusal.properties, now: client.now)
    }
    #expect(fault?.reasonCode == refusal.reasonCode)
    #expect(fault?.explanation == refusal.explanation)
    #expect(client.session.outputCount == 0)
  }

  @Test func `no local on a shared subscription is refused here [MQTT-3.8.3-4]`() throws {
    let client = try ClientUnderTest.connected()
    let fault = #expect(throws: RequestFault.self) {
      _ = try client.session.subscribe(
        [Subscription(filter: "$share/g/a", options: SubscriptionOptions(noLocal: true))],
        now: client.now)
    }
    #expect(fault?.statement == "MQTT-3.8.3-4")
  }

  @Test(arguments: ["", "a/#/b", "a+", "$share/g"])
  func `what is no topic filter is refused here`(_ filter: String) throws {
    let client = try ClientUnderTest.connected()
    let fault = #expect(throws: RequestFault.self) {
      _ = try client.session.subscribe([Subscription(filter: filter)], now: client.now)
    }
    #expect(fault?.reasonCode == .topicFilterInvalid)
  }

  @Test func `requests without an answer are bounded`() throws {
    let client = try ClientUnderTest.connected()
    for _ in 0..<64 { _ = try client.session.unsubscribe(["a"], now: client.now) }
    let fault = #expect(throws: RequestFault.self) {
      _ = try client.session.unsubscribe(["a"], now: client.now)
    }
    #expect(fault?.explanation == "too many requests are waiting for an answer")
  }
}
