// Packets as one line of text, by which tests say and compare what a packet means. Words appear
// only when they differ from what a packet usually is.

package import MQTTCodec

/// `3.1`, `3.1.1` or `5.0`.
package func versionText(_ version: ProtocolVersion) -> String {
  switch version {
  case .v31: "3.1"
  case .v311: "3.1.1"
  case .v5: "5.0"
  }
}

/// The packet as a line: `PUBLISH qos=1 id=7 topic="a/b" payload='hi'`.
package func text(_ packet: Packet) -> String {
  switch packet {
  case .connect(let connect): text(connect)
  case .connack(let connack):
    line(
      "CONNACK", connack.isSessionPresent ? "session" : nil, text(connack.reasonCode),
      text(connack.properties))
  case .publish(let publish): text(publish)
  case .puback(let acknowledgement): text("PUBACK", acknowledgement)
  case .pubrec(let acknowledgement): text("PUBREC", acknowledgement)
  case .pubrel(let acknowledgement): text("PUBREL", acknowledgement)
  case .pubcomp(let acknowledgement): text("PUBCOMP", acknowledgement)
  case .subscribe(let subscribe):
    line(
      "SUBSCRIBE", "id=\(subscribe.packetIdentifier.rawValue)",
      subscribe.subscriptions.map(text).joined(separator: ", "), text(subscribe.properties))
  case .suback(let suback):
    line(
      "SUBACK", "id=\(suback.packetIdentifier.rawValue)", text(suback.reasonCodes),
      text(suback.properties))
  case .unsubscribe(let unsubscribe):
    line(
      "UNSUBSCRIBE", "id=\(unsubscribe.packetIdentifier.rawValue)",
      unsubscribe.filters.map { "\"\($0)\"" }.joined(separator: " "), text(unsubscribe.properties))
  case .unsuback(let unsuback):
    line(
      "UNSUBACK", "id=\(unsuback.packetIdentifier.rawValue)", text(unsuback.reasonCodes),
      text(unsuback.properties))
  case .pingreq: "PINGREQ"
  case .pingresp: "PINGRESP"
  case .disconnect(let disconnect):
    line("DISCONNECT", text(disconnect.reasonCode), text(disconnect.properties))
  case .auth(let auth): line("AUTH", text(auth.reasonCode), text(auth.properties))
  }
}

private func text(_ connect: Connect) -> String {
  var will: String?
  if let message = connect.will {
    will = line(
      "will=\"\(message.topic)\"", message.qos == .atMostOnce ? nil : "qos=\(message.qos.rawValue)",
      message.isRetained ? "retained" : nil, "payload=\(text(message.payload))",
      text(message.properties))
  }
  return line(
    "CONNECT", versionText(connect.version), connect.isBridge ? "bridge" : nil,
    connect.cleanStart ? "clean" : nil, "keepalive=\(connect.keepAliveSeconds)",
    "id=\"\(connect.clientIdentifier)\"", text(connect.properties), will,
    connect.userName.map { "user=\"\($0)\"" }, connect.password.map { "password=\(text($0))" })
}

private func text(_ publish: Publish) -> String {
  line(
    "PUBLISH", publish.qos == .atMostOnce ? nil : "qos=\(publish.qos.rawValue)",
    publish.packetIdentifier.map { "id=\($0.rawValue)" }, publish.isRetained ? "retained" : nil,
    publish.isDuplicate ? "duplicate" : nil, "topic=\"\(publish.topic)\"",
    "payload=\(text(publish.payload))", text(publish.properties))
}

private func text(_ name: String, _ acknowledgement: Acknowledgement) -> String {
  line(
    name, "id=\(acknowledgement.packetIdentifier.rawValue)", text(acknowledgement.reasonCode),
    text(acknowledgement.properties))
}

private func text(_ subscription: Subscription) -> String {
  let options = subscription.options
  return line(
    "\"\(subscription.filter)\"", "qos=\(options.qos.rawValue)", options.noLocal ? "nolocal" : nil,
    options.retainAsPublished ? "aspublished" : nil,
    options.retainHandling == .always ? nil : "handling=\(options.retainHandling.rawValue)")
}

private func text(_ reasonCodes: [ReasonCode]) -> String? {
  reasonCodes.isEmpty ? nil : reasonCodes.map(text).joined(separator: " ")
}

private func text(_ reasonCode: ReasonCode) -> String { "0x" + hexadecimal([reasonCode.rawValue]) }

private func text(_ properties: Properties) -> String? {
  if properties.isEmpty { return nil }
  return "{"
    + properties.list.map { "\($0.identifier.name)=\(text($0.value))" }.joined(separator: ", ")
    + "}"
}

private func text(_ value: PropertyValue) -> String {
  switch value {
  case .byte(let number): "\(number)"
  case .twoByteInteger(let number): "\(number)"
  case .fourByteInteger(let number), .variableByteInteger(let number): "\(number)"
  case .string(let text): "\"\(text)\""
  case .binary(let data): text(data)
  case .stringPair(let name, let value): "\"\(name)\":\"\(value)\""
  }
}

/// `'text'` when all bytes are printable, `0a0b` otherwise.
private func text(_ data: [UInt8]) -> String {
  data.allSatisfy { (0x20..<0x7F).contains($0) }
    ? "'\(String(decoding: data, as: UTF8.self))'" : hexadecimal(data)
}

/// Two digits a byte.
package func hexadecimal(_ data: [UInt8]) -> String {
  data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

private func line(_ parts: String?...) -> String {
  parts.compactMap(\.self).joined(separator: " ")
}
