// One line for each packet in or out, when the configuration asks for it: client, arrow, type,
// identifier, QoS, flags, topic and size, so that the four steps of a QoS 2 delivery can be read
// off on both legs.

import MQTTCodec

extension Broker {
  /// How the log calls the peer of a connection.
  func name(of index: UInt32) -> String {
    let session = connections[index].session
    return session == Connection.noSession
      ? connections[index].peer : sessions[session].clientIdentifier
  }

  mutating func notePacket(sent packet: Packet, on index: UInt32) {
    note(.packet, "\(name(of: index)) <- \(Self.line(packet))")
  }

  mutating func notePacket(received packet: Packet, on index: UInt32) {
    note(.packet, "\(name(of: index)) -> \(Self.line(packet))")
  }

  mutating func notePacket(sent type: PacketType, _ view: AcknowledgementView, on index: UInt32) {
    note(.packet, "\(name(of: index)) <- \(Self.line(type, view))")
  }

  mutating func notePacket(
    received type: PacketType, _ view: AcknowledgementView, on index: UInt32
  ) {
    note(.packet, "\(name(of: index)) -> \(Self.line(type, view))")
  }

  mutating func notePacket(received view: PublishView, topic: Span<UInt8>, on index: UInt32) {
    let text = Self.line(
      view.qos, isRetained: view.isRetained, isDuplicate: view.isDuplicate, view.packetIdentifier,
      String(decoding: array(topic), as: UTF8.self), byteCount: view.payload.count)
    note(.packet, "\(name(of: index)) -> \(text)")
  }

  mutating func notePublish(
    on index: UInt32, qos: QoS, isRetained: Bool, isDuplicate: Bool, _ identifier: UInt16,
    _ topic: String, byteCount: Int
  ) {
    let text = Self.line(
      qos, isRetained: isRetained, isDuplicate: isDuplicate, identifier, topic,
      byteCount: byteCount)
    note(.packet, "\(name(of: index)) <- \(text)")
  }

  private static func line(
    _ qos: QoS, isRetained: Bool, isDuplicate: Bool, _ identifier: UInt16, _ topic: String,
    byteCount: Int
  ) -> String {
    var text = "PUBLISH"
    if identifier != 0 { text += " id \(identifier)" }
    text += " QoS \(qos.rawValue)"
    if isDuplicate { text += " dup" }
    if isRetained { text += " retain" }
    return text + " \"\(topic)\" \(byteCount) bytes"
  }

  private static func line(_ type: PacketType, _ view: AcknowledgementView) -> String {
    let reason = view.reasonCode == .success ? "" : " \(view.reasonCode.name)"
    return "\(type.name) id \(view.packetIdentifier.rawValue)\(reason)"
  }

  private static func line(_ packet: Packet) -> String {
    switch packet {
    case .connect(let connect):
      return "CONNECT \(name(of: connect.version)) \"\(connect.clientIdentifier)\" "
        + (connect.cleanStart ? "clean start " : "") + "keep alive \(connect.keepAliveSeconds) s"
    case .connack(let connack):
      return "CONNACK \(connack.reasonCode.name)"
        + (connack.isSessionPresent ? ", session present" : "")
    case .publish(let publish):
      return line(
        publish.qos, isRetained: publish.isRetained, isDuplicate: publish.isDuplicate,
        publish.packetIdentifier?.rawValue ?? 0, publish.topic, byteCount: publish.payload.count)
    case .puback(let ack): return line(.puback, ack)
    case .pubrec(let ack): return line(.pubrec, ack)
    case .pubrel(let ack): return line(.pubrel, ack)
    case .pubcomp(let ack): return line(.pubcomp, ack)
    case .subscribe(let subscribe):
      return "SUBSCRIBE id \(subscribe.packetIdentifier.rawValue) "
        + subscribe.subscriptions.map { "\"\($0.filter)\" QoS \($0.options.qos.rawValue)" }
        .joined(separator: ", ")
    case .suback(let suback):
      return "SUBACK id \(suback.packetIdentifier.rawValue) "
        + suback.reasonCodes.map { $0.isFailure ? $0.name : "QoS \($0.rawValue)" }
        .joined(separator: ", ")
    case .unsubscribe(let unsubscribe):
      return "UNSUBSCRIBE id \(unsubscribe.packetIdentifier.rawValue) "
        + unsubscribe.filters.map { "\"\($0)\"" }.joined(separator: ", ")
    case .unsuback(let unsuback): return "UNSUBACK id \(unsuback.packetIdentifier.rawValue)"
    case .pingreq: return "PINGREQ"
    case .pingresp: return "PINGRESP"
    case .disconnect(let disconnect):
      return "DISCONNECT \(disconnect.reasonCode.name(in: .disconnect))"
    case .auth(let auth): return "AUTH \(auth.reasonCode.name)"
    }
  }

  private static func line(_ type: PacketType, _ ack: Acknowledgement) -> String {
    line(
      type,
      AcknowledgementView(packetIdentifier: ack.packetIdentifier, reasonCode: ack.reasonCode))
  }
}
