// One line for each packet in or out, when the configuration asks for it: client, arrow, type,
// identifier, QoS, flags, topic and size, so that the four steps of a QoS 2 delivery can be read
// off on both legs.

import Basis
import MQTTCodec

/// A PUBLISH without its topic, for the log.
struct PublishNote {
  private let terms: DeliveryTerms
  private let identifier: UInt16
  private let isDuplicate: Bool
  private let byteCount: Int

  init(_ terms: DeliveryTerms, identifier: UInt16, isDuplicate: Bool, byteCount: Int) {
    self.terms = terms
    self.identifier = identifier
    self.isDuplicate = isDuplicate
    self.byteCount = byteCount
  }

  func line(topic: Span<UInt8>) -> String {
    var text = "PUBLISH"
    if identifier != 0 { text += " id \(identifier)" }
    text += " QoS \(terms.qos.rawValue)"
    if isDuplicate { text += " dup" }
    if terms.isRetained { text += " retain" }
    return text + " \"\(String(decoding: array(topic), as: UTF8.self))\" \(byteCount) bytes"
  }
}

extension Broker {
  /// How the log calls the peer of a connection.
  func name(of index: Slot<Connection>) -> String {
    guard let session = connections[index].session else { return connections[index].peer }
    return sessions[session].clientIdentifier
  }

  mutating func notePacket(sent packet: Packet, on index: Slot<Connection>) {
    note(.packet, "\(name(of: index)) <- \(Self.line(packet))")
  }

  mutating func notePacket(received packet: Packet, on index: Slot<Connection>) {
    note(.packet, "\(name(of: index)) -> \(Self.line(packet))")
  }

  mutating func notePacket(
    sent type: PacketType, _ view: AcknowledgementView, on index: Slot<Connection>
  ) {
    note(.packet, "\(name(of: index)) <- \(Self.line(type, view))")
  }

  mutating func notePacket(
    received type: PacketType, _ view: AcknowledgementView, on index: Slot<Connection>
  ) {
    note(.packet, "\(name(of: index)) -> \(Self.line(type, view))")
  }

  mutating func notePacket(
    received view: PublishView, topic: Span<UInt8>, on index: Slot<Connection>
  ) {
    let terms = DeliveryTerms(qos: view.qos, isRetained: view.isRetained)
    let publish = PublishNote(
      terms, identifier: view.packetIdentifier, isDuplicate: view.isDuplicate,
      byteCount: view.payload.count)
    note(.packet, "\(name(of: index)) -> \(publish.line(topic: topic))")
  }

  mutating func notePublish(_ publish: PublishNote, topic: Span<UInt8>, on index: Slot<Connection>)
  {
    note(.packet, "\(name(of: index)) <- \(publish.line(topic: topic))")
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
      let terms = DeliveryTerms(qos: publish.qos, isRetained: publish.isRetained)
      let note = PublishNote(
        terms, identifier: publish.packetIdentifier?.rawValue ?? 0,
        isDuplicate: publish.isDuplicate, byteCount: publish.payload.count)
      return note.line(topic: Array(publish.topic.utf8).span)
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
