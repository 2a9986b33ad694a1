// Packets as subjects of conditions: the fields of messages, what a capture knows beside them, and
// all of Wireshark's names.

import Basis
package import MQTTCodec

extension ExpressionField {
  /// The fields of a captured packet.
  package static let packet: [ExpressionField] =
    [
      ExpressionField(
        "type", .word(PacketType.allCases.map { $0.name.lowercased() }), "the packet's type"),
      ExpressionField("client", .text, "the client identifier"),
      ExpressionField("user", .text, "the user name of a CONNECT"),
      ExpressionField("direction", .word(["to-server", "to-client"]), "which way the packet goes"),
      ExpressionField("version", .word(["3.1", "3.1.1", "5.0"]), "the version of MQTT"),
      ExpressionField("frame", .number, "the number of the frame"),
      ExpressionField("stream", .number, "the number of the TCP connection"),
      ExpressionField("time", .number, "seconds since the first frame"),
      ExpressionField("size", .number, "bytes of the packet"),
      ExpressionField("source", .text, "address and port of the sender"),
      ExpressionField("destination", .text, "address and port of the receiver"),
      ExpressionField("reason", .number, "the reason code, or the codes of a SUBACK"),
      ExpressionField("malformed", .truth, "whether the packet breaks a rule of the standard"),
      ExpressionField("will-topic", .text, "the topic of a CONNECT's will"),
      ExpressionField("will-payload", .text, "the payload of a CONNECT's will"),
    ] + message + wireshark

  private static let wireshark: [ExpressionField] = CaptureField.allCases.map { field in
    let kind: Kind =
      switch field.kind {
      case .number, .hexadecimal: .number
      case .text: .text
      case .truth: .truth
      }
    return ExpressionField(
      field.name, field == .mqtt ? .truth : kind, "as Wireshark has it; there may be several")
  }
}

/// A packet of a capture, for conditions.
package struct PacketSubject: ExpressionSubject, ~Escapable {
  private let packet: CapturedPacket
  private let bytes: Span<UInt8>
  private let connection: ConnectionFacts

  /// Joins the parts; `bytes` are the packet's.
  @_lifetime(copy bytes)
  package init(_ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts) {
    self.packet = packet
    self.bytes = bytes
    self.connection = connection
  }

  /// The value of one of ``ExpressionField/packet``.
  package func value(of field: String) -> ExpressionValue {
    let isToServer = packet.direction == .toServer
    switch field {
    case "type": return ExpressionValue(packet.header?.type.name.lowercased())
    case "client": return ExpressionValue(connection.clientIdentifier)
    case "direction": return ExpressionValue(isToServer ? "to-server" : "to-client")
    case "version": return ExpressionValue(connection.version.number)
    case "frame": return ExpressionValue(packet.stamp.frame)
    case "stream": return ExpressionValue(connection.number)
    case "time": return .number(Double(packet.stamp.elapsedNanoseconds) / 1e9)
    case "size": return ExpressionValue(packet.header?.packetLength)
    case "source":
      return ExpressionValue("\(isToServer ? connection.client : connection.server)")
    case "destination":
      return ExpressionValue("\(isToServer ? connection.server : connection.client)")
    case "malformed":
      if case .malformed = packet.content { return .truth(true) } else { return .truth(false) }
    case "mqtt": return .truth(true)
    default: break
    }
    if let known = CaptureField.named(field) { return value(of: known) }
    switch packet.content {
    case .publish(let view): return value(of: field, view)
    case .packet(let content): return Self.value(of: field, content)
    case .malformed, .incomplete: return .none
    }
  }

  private func value(of field: String, _ view: PublishView) -> ExpressionValue {
    switch field {
    case "topic":
      if let topic = packet.aliasedTopic { return ExpressionValue(topic) }
      return .text(array(view.topic))
    case ExpressionField.payload: return .text(array(view.payload))
    case "qos": return .number(Double(view.qos.rawValue))
    case "retain": return .truth(view.isRetained)
    case "dup": return .truth(view.isDuplicate)
    case "id": return view.packetIdentifier == 0 ? .none : ExpressionValue(view.packetIdentifier)
    case "length": return .number(Double(view.payload.count))
    default:
      if view.properties.isEmpty { return .none }
      return (try? Publish(view, in: bytes).properties.value(of: field)) ?? .none
    }
  }

  private func array(_ range: Range<Int>) -> [UInt8] {
    [UInt8](capacity: range.count) { output in
      for index in range { output.append(bytes[index]) }
    }
  }

  /// What `-T fields` would show, taken apart again.
  private func value(of field: CaptureField) -> ExpressionValue {
    var columns = FieldColumns([field], aggregator: "\u{0}", showsSecrets: true)
    columns.addFrame(packet.stamp, packet.direction, connection)
    columns.addPacket(packet, bytes, connection)
    if !columns.hasValue(at: 0) { return .none }
    let parts = columns.value(at: 0).split(separator: 0, omittingEmptySubsequences: false)
    let values: [ExpressionValue] = parts.map { part in
      let text = String(decoding: part, as: UTF8.self)
      return switch field.kind {
      case .number: Double(text).map { .number($0) } ?? .none
      case .hexadecimal: ExpressionValue(Int(text.dropFirst(2), radix: 16))
      case .text: .text(Array(part))
      case .truth: .truth(text == "1")
      }
    }
    return values.count == 1 ? values[0] : .several(values)
  }

  private static func value(of field: String, _ packet: Packet) -> ExpressionValue {
    switch packet {
    case .connect(let connect): return value(of: field, connect)
    case .connack(let connack):
      if field == "reason" { return ExpressionValue(connack.reasonCode.rawValue) }
      return connack.properties.value(of: field)
    case .publish(let publish): return publish.value(of: field)
    case .puback(let body), .pubrec(let body), .pubrel(let body), .pubcomp(let body):
      if field == "id" { return ExpressionValue(body.packetIdentifier.rawValue) }
      if field == "reason" { return ExpressionValue(body.reasonCode.rawValue) }
      return body.properties.value(of: field)
    case .subscribe(let subscribe):
      switch field {
      case "id": return ExpressionValue(subscribe.packetIdentifier.rawValue)
      case "topic": return .several(subscribe.subscriptions.map { ExpressionValue($0.filter) })
      case "qos":
        return .several(subscribe.subscriptions.map { ExpressionValue($0.options.qos.rawValue) })
      default: return subscribe.properties.value(of: field)
      }
    case .suback(let suback):
      if field == "id" { return ExpressionValue(suback.packetIdentifier.rawValue) }
      if field == "reason" {
        return .several(suback.reasonCodes.map { ExpressionValue($0.rawValue) })
      }
      return suback.properties.value(of: field)
    case .unsubscribe(let unsubscribe):
      if field == "id" { return ExpressionValue(unsubscribe.packetIdentifier.rawValue) }
      if field == "topic" { return .several(unsubscribe.filters.map { ExpressionValue($0) }) }
      return unsubscribe.properties.value(of: field)
    case .unsuback(let unsuback):
      if field == "id" { return ExpressionValue(unsuback.packetIdentifier.rawValue) }
      if field == "reason" {
        return .several(unsuback.reasonCodes.map { ExpressionValue($0.rawValue) })
      }
      return unsuback.properties.value(of: field)
    case .pingreq, .pingresp: return .none
    case .disconnect(let disconnect):
      if field == "reason" { return ExpressionValue(disconnect.reasonCode.rawValue) }
      return disconnect.properties.value(of: field)
    case .auth(let auth):
      if field == "reason" { return ExpressionValue(auth.reasonCode.rawValue) }
      return auth.properties.value(of: field)
    }
  }

  private static func value(of field: String, _ connect: Connect) -> ExpressionValue {
    switch field {
    case "user": return ExpressionValue(connect.userName)
    case "will-topic": return ExpressionValue(connect.will?.topic)
    case "will-payload": return connect.will.map { .text($0.payload) } ?? .none
    default: return connect.properties.value(of: field)
    }
  }
}

extension ProtocolVersion {
  /// `3.1`, `3.1.1` or `5.0`.
  package var number: String {
    switch self {
    case .v31: "3.1"
    case .v311: "3.1.1"
    case .v5: "5.0"
    }
  }
}
