// The lines of `-d`.

import Commands
import MQTTCodec
import Testing

@Suite struct PacketLineTests {
  private static let three = PacketIdentifier(rawValue: 3)

  private static var lines: [(Packet, String)] {
    guard let id = three else { return [] }
    return [
      (
        .connect(
          Connect(
            version: .v5, clientIdentifier: "ann", cleanStart: false,
            will: Will(topic: "w", payload: [1], qos: .atLeastOnce, isRetained: true),
            userName: "maria", password: [1],
            properties: Properties([.init(.sessionExpiryInterval, .fourByteInteger(60))]))),
        "→ CONNECT MQTT 5.0 client \"ann\" resume keep alive 60 s user \"maria\" password "
          + "will \"w\" QoS 1 retain 1 byte (session-expiry-interval 60)"
      ),
      (
        .publish(
          Publish(
            topic: "sensor/temp", payload: [1, 2, 3, 4], qos: .exactlyOnce, isRetained: true,
            isDuplicate: true, packetIdentifier: id)),
        "→ PUBLISH id 3 QoS 2 dup retain \"sensor/temp\" 4 bytes"
      ),
      (
        .publish(
          Publish(
            topic: "a\n\"b", payload: [],
            properties: Properties([
              .init(.userProperty, .stringPair("k", "v")),
              .init(.correlationData, .binary([1, 2])),
            ]))),
        "→ PUBLISH QoS 0 \"a\\n\\\"b\" 0 bytes (user-property \"k\": \"v\") "
          + "(correlation-data 2 bytes)"
      ),
      (.pubrec(Acknowledgement(packetIdentifier: id)), "→ PUBREC id 3"),
      (
        .puback(Acknowledgement(packetIdentifier: id, reasonCode: .notAuthorized)),
        "→ PUBACK id 3 0x87 Not authorized"
      ),
      (
        .subscribe(
          Subscribe(
            packetIdentifier: id,
            subscriptions: [
              Subscription(filter: "a/#"),
              Subscription(
                filter: "b",
                options: SubscriptionOptions(
                  qos: .atLeastOnce, noLocal: true, retainAsPublished: true,
                  retainHandling: .never)),
            ])),
        "→ SUBSCRIBE id 3 \"a/#\" QoS 0 \"b\" QoS 1 no local retain as published no retained"
      ),
      (
        .suback(Suback(packetIdentifier: id, reasonCodes: [.grantedQoS1, .notAuthorized])),
        "→ SUBACK id 3 QoS 1 0x87 Not authorized"
      ),
      (.unsubscribe(Unsubscribe(packetIdentifier: id, filters: ["a"])), "→ UNSUBSCRIBE id 3 \"a\""),
      (
        .connack(Connack(isSessionPresent: true)),
        "→ CONNACK Success session present"
      ),
      (.pingreq, "→ PINGREQ"),
      (.disconnect(Disconnect()), "→ DISCONNECT"),
      (
        .disconnect(Disconnect(reasonCode: .serverShuttingDown)),
        "→ DISCONNECT 0x8B Server shutting down"
      ),
      (
        .auth(Auth(reasonCode: .continueAuthentication)), "→ AUTH Continue authentication"
      ),
    ]
  }

  @Test func `a packet is one line that says what matters about it`() {
    for (packet, line) in Self.lines { #expect(PacketLine.text(packet, .sent) == line) }
    #expect(!Self.lines.isEmpty)
  }

  @Test func `what was received has its arrow the other way`() {
    #expect(PacketLine.text(.pingresp, .received) == "← PINGRESP")
  }

  private func aliased(_ topic: String, _ alias: UInt16) -> Packet {
    .publish(
      Publish(
        topic: topic, payload: [],
        properties: Properties([.init(.topicAlias, .twoByteInteger(alias))])))
  }

  private func topic(_ packet: Packet) -> String? {
    if case .publish(let publish) = packet { publish.topic } else { nil }
  }

  @Test func `a topic behind an alias is named, for each direction and connection by itself`() {
    var topics = AliasedTopics()
    #expect(topic(topics.resolved(aliased("out", 1), .sent)) == "out")
    #expect(topic(topics.resolved(aliased("in", 1), .received)) == "in")
    #expect(topic(topics.resolved(aliased("", 1), .sent)) == "out")
    #expect(topic(topics.resolved(aliased("", 1), .received)) == "in")
    #expect(topic(topics.resolved(aliased("new", 1), .sent)) == "new")
    #expect(topic(topics.resolved(aliased("", 1), .sent)) == "new")
    #expect(topic(topics.resolved(aliased("", 2), .sent)) == "")
    let connect = Packet.connect(Connect(version: .v5, clientIdentifier: "c"))
    #expect(topics.resolved(connect, .sent) == connect)
    #expect(topic(topics.resolved(aliased("", 1), .sent)) == "")
  }
}
