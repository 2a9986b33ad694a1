// A packet of a client, as far as the model wants to know it.

import Basis
import MQTTCodec
import MQTTSession

struct UplinkPacket {
  enum Body {
    case connect(isClean: Bool, expirySeconds: UInt32, will: Int?, willDelaySeconds: UInt32)
    case publish(
      message: Int?, topic: Int, qos: QoS, identifier: UInt16, isRetained: Bool)
    case acknowledgement(PacketType, identifier: UInt16, isFailure: Bool)
    case subscribe(identifier: UInt16, filters: [(Int, SubscriptionOptions)], number: UInt32)
    case unsubscribe(identifier: UInt16, filters: [Int])
    case disconnect(isOrderly: Bool, expirySeconds: UInt32?)
    case other
  }

  var body: Body
  /// Bytes of the packet.
  let length: Int
  /// Where it ends in the stream of its connection.
  var end = 0

  private static let topics = Places.topics.map { Array($0.utf8) }

  /// Reads the packet at `start`, which is well formed: a client session made it.
  init(_ bytes: [UInt8], at start: Int, _ link: inout Link) {
    length = packetLength(bytes, at: start)
    let span = bytes.span.extracting(start..<start + length)
    do throws(DecodeError) {
      guard let header = try FixedHeader.read(span, at: 0, packetSizeLimit: .max) else {
        preconditionFailure("a whole packet has a header")
      }
      switch header.type {
      case .publish:
        let view = try PublishView.decode(span, header, version: link.version, direction: .toServer)
        body = Self.publish(view, span, &link)
      case .puback, .pubrec, .pubrel, .pubcomp:
        let view = try AcknowledgementView.decode(span, header, version: link.version)
        body = .acknowledgement(
          header.type, identifier: view.packetIdentifier.rawValue,
          isFailure: view.reasonCode.isFailure)
      case .connect, .subscribe, .unsubscribe, .disconnect:
        body = Self.body(
          try Packet.decode(span, header, version: link.version, direction: .toServer))
      case .connack, .suback, .unsuback, .pingreq, .pingresp, .auth:
        body = .other
      }
    } catch {
      preconditionFailure("a client sent something malformed: \(error)")
    }
  }

  private static func publish(_ view: PublishView, _ packet: Span<UInt8>, _ link: inout Link)
    -> Body
  {
    var topic = -1
    if !view.topic.isEmpty {
      let name = array(packet.extracting(view.topic))
      topic = topics.firstIndex(of: name) ?? -1
      if view.topicAlias > 0 { link.aliases[Int(view.topicAlias)] = topic }
    } else {
      topic = link.aliases[Int(view.topicAlias)]
    }
    return .publish(
      message: number(packet.extracting(view.payload)), topic: topic, qos: view.qos,
      identifier: view.packetIdentifier, isRetained: view.isRetained)
  }

  private static func body(_ packet: Packet) -> Body {
    switch packet {
    case .connect(let connect):
      var expiry = connect.properties.number(.sessionExpiryInterval) ?? 0
      if connect.version != .v5 { expiry = connect.cleanStart ? 0 : .max }
      return .connect(
        isClean: connect.cleanStart, expirySeconds: expiry,
        will: connect.will.flatMap { number($0.payload.span) },
        willDelaySeconds: connect.will?.properties.number(.willDelayInterval) ?? 0)
    case .subscribe(let subscribe):
      return .subscribe(
        identifier: subscribe.packetIdentifier.rawValue,
        filters: subscribe.subscriptions.map { (filter($0.filter), $0.options) },
        number: subscribe.properties.number(.subscriptionIdentifier) ?? 0)
    case .unsubscribe(let unsubscribe):
      return .unsubscribe(
        identifier: unsubscribe.packetIdentifier.rawValue,
        filters: unsubscribe.filters.map { filter($0) })
    case .disconnect(let disconnect):
      return .disconnect(
        isOrderly: disconnect.reasonCode == .normalDisconnection,
        expirySeconds: disconnect.properties.number(.sessionExpiryInterval))
    case .connack, .publish, .puback, .pubrec, .pubrel, .pubcomp, .suback, .unsuback, .pingreq,
      .pingresp, .auth:
      return .other
    }
  }

  private static func filter(_ text: String) -> Int { Places.filters.firstIndex(of: text) ?? 0 }

  /// The number of a message, which its payload begins with; nil when it is empty.
  static func number(_ payload: Span<UInt8>) -> Int? {
    payload.count < 2 ? nil : Int(payload[0]) << 8 | Int(payload[1])
  }
}
