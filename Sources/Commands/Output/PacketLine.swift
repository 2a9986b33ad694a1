// One packet as one line for `-d`: which way it went, what it is, and what about it matters.
//
//     → PUBLISH id 3 QoS 2 retain "sensor/temp" 4 bytes
//     ← PUBREC id 3

import Basis
package import Capture
package import MQTTCodec
import Text

/// Which way a packet went, seen from here.
package enum PacketCourse: Equatable, Sendable {
  case sent
  case received

  /// `→` or `←`.
  package var arrow: String {
    switch self {
    case .sent: "→"
    case .received: "←"
    }
  }
}

/// A packet in words.
package enum PacketLine {
  /// The line of `packet`, without a line end.
  package static func text(_ packet: Packet, _ course: PacketCourse) -> String {
    ([course.arrow] + words(packet)).joined(separator: " ")
  }

  /// The words of it, from the packet's name on.
  package static func words(_ packet: Packet) -> [String] {
    switch packet {
    case .connect(let connect): ["CONNECT"] + words(connect)
    case .connack(let connack):
      ["CONNACK", reason(connack.reasonCode, in: .connack)]
        + (connack.isSessionPresent ? ["session present"] : []) + words(connack.properties)
    case .publish(let publish): ["PUBLISH"] + words(publish)
    case .puback(let body): ["PUBACK"] + words(body)
    case .pubrec(let body): ["PUBREC"] + words(body)
    case .pubrel(let body): ["PUBREL"] + words(body)
    case .pubcomp(let body): ["PUBCOMP"] + words(body)
    case .subscribe(let subscribe):
      ["SUBSCRIBE", id(subscribe.packetIdentifier)] + subscribe.subscriptions.map(word)
        + words(subscribe.properties)
    case .suback(let suback):
      ["SUBACK", id(suback.packetIdentifier)]
        + suback.reasonCodes.map { $0.isFailure ? reason($0, in: .suback) : "QoS \($0.rawValue)" }
        + words(suback.properties)
    case .unsubscribe(let unsubscribe):
      ["UNSUBSCRIBE", id(unsubscribe.packetIdentifier)] + unsubscribe.filters.map(\.quoted)
        + words(unsubscribe.properties)
    case .unsuback(let unsuback):
      ["UNSUBACK", id(unsuback.packetIdentifier)]
        + unsuback.reasonCodes.map { reason($0, in: .unsuback) } + words(unsuback.properties)
    case .pingreq: ["PINGREQ"]
    case .pingresp: ["PINGRESP"]
    case .disconnect(let disconnect):
      ["DISCONNECT"] + unlessSuccess(disconnect.reasonCode, in: .disconnect)
        + words(disconnect.properties)
    case .auth(let auth): ["AUTH", reason(auth.reasonCode, in: .auth)] + words(auth.properties)
    }
  }

  /// The words for something that is known of a packet whose end is missing.
  package static func words(_ fact: PacketBeginning.Fact) -> [String] {
    switch fact {
    case .identifier(let number): ["id \(number)"]
    case .qos(let level): ["QoS \(level)"]
    case .isDuplicate: ["dup"]
    case .isRetained: ["retain"]
    case .topic(let topic): [topic.quoted]
    case .filters(let filters): filters.map(\.quoted)
    case .clientIdentifier(let name): ["client \(name.quoted)"]
    case .cleanStart(let isClean): [isClean ? "clean start" : "resume"]
    case .keepAliveSeconds(let seconds): ["keep alive \(seconds) s"]
    case .userName(let name): ["user \(name.quoted)"]
    case .isSessionPresent: ["session present"]
    case .reason(let code): [reason(code, in: .connack)]
    case .properties(let properties): words(properties)
    }
  }

  private static func words(_ connect: Connect) -> [String] {
    let version =
      switch connect.version {
      case .v31: "MQTT 3.1"
      case .v311: "MQTT 3.1.1"
      case .v5: "MQTT 5.0"
      }
    var words = [version, "client \(connect.clientIdentifier.quoted)"]
    words.append(connect.cleanStart ? "clean start" : "resume")
    words.append("keep alive \(connect.keepAliveSeconds) s")
    if let userName = connect.userName { words.append("user \(userName.quoted)") }
    if connect.password != nil { words.append("password") }
    if let will = connect.will {
      words.append("will \(will.topic.quoted) QoS \(will.qos.rawValue)")
      if will.isRetained { words.append("retain") }
      words.append(Counted.text(will.payload.count, "byte"))
    }
    return words + Self.words(connect.properties)
  }

  private static func words(_ publish: Publish) -> [String] {
    var words: [String] = []
    if let identifier = publish.packetIdentifier { words.append(id(identifier)) }
    words.append("QoS \(publish.qos.rawValue)")
    if publish.isDuplicate { words.append("dup") }
    if publish.isRetained { words.append("retain") }
    words += [publish.topic.quoted, Counted.text(publish.payload.count, "byte")]
    return words + Self.words(publish.properties)
  }

  private static func words(_ body: Acknowledgement) -> [String] {
    [id(body.packetIdentifier)] + unlessSuccess(body.reasonCode, in: .puback)
      + words(body.properties)
  }

  private static func word(_ subscription: Subscription) -> String {
    let options = subscription.options
    var text = "\(subscription.filter.quoted) QoS \(options.qos.rawValue)"
    if options.noLocal { text += " no local" }
    if options.retainAsPublished { text += " retain as published" }
    switch options.retainHandling {
    case .always: break
    case .ifNew: text += " retained if new"
    case .never: text += " no retained"
    }
    return text
  }

  private static func words(_ properties: Properties) -> [String] {
    properties.list.map { property in
      let value =
        switch property.value {
        case .byte(let number): "\(number)"
        case .twoByteInteger(let number): "\(number)"
        case .fourByteInteger(let number), .variableByteInteger(let number): "\(number)"
        case .string(let text): text.quoted
        case .binary(let bytes): Counted.text(bytes.count, "byte")
        case .stringPair(let name, let text): "\(name.quoted): \(text.quoted)"
        }
      return "(\(property.identifier.dashedName) \(value))"
    }
  }

  private static func id(_ identifier: PacketIdentifier) -> String { "id \(identifier.rawValue)" }

  /// The reason, when it is one: a success goes without saying.
  private static func unlessSuccess(_ code: ReasonCode, in type: PacketType) -> [String] {
    code == .success ? [] : [reason(code, in: type)]
  }

  /// `Success`, or `0x87 Not authorized`.
  private static func reason(_ code: ReasonCode, in type: PacketType) -> String {
    let name = code.name(in: type)
    return code.isFailure ? "\(code.hexadecimal) \(name)" : name
  }
}
