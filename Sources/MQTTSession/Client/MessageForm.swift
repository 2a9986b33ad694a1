// What all messages of one publisher have in common - topic, QoS, retain, properties - checked and
// encoded once. Publishing a payload then costs a fixed header and two copies, and no String is
// looked at again.
//
// The bytes are made by encoding one PUBLISH without a payload and taking off its fixed header, so
// there is only one encoder of PUBLISH in the program. A topic alias gives two more such bodies:
// one that announces the alias with the topic, one that uses it instead of the topic.

import Basis
package import MQTTCodec

/// The unvarying part of a publisher's messages, for one protocol version.
package struct MessageForm: Sendable {
  package let qos: QoS
  let version: ProtocolVersion
  /// The first byte of every packet, without DUP.
  let firstByte: UInt8
  let plain: Body
  let alias: Alias?

  /// Bytes between the fixed header and the payload.
  struct Body: Sendable {
    var bytes: [UInt8]
    /// Where the packet identifier stands; nil at QoS 0.
    var identifierOffset: Int?
  }

  /// The forms that a topic alias makes possible.
  struct Alias: Sendable {
    var number: UInt16
    /// Topic and alias: makes the alias known.
    var announcing: Body
    /// Alias only.
    var using: Body
  }

  init(_ message: Publish, alias number: UInt16?, version: ProtocolVersion) {
    qos = message.qos
    self.version = version
    firstByte =
      PacketType.publish.rawValue << 4 | message.qos.rawValue << 1 | (message.isRetained ? 1 : 0)
    plain = Body(message, version)
    guard let number else {
      alias = nil
      return
    }
    var announcing = message
    announcing.properties.append(.topicAlias, .twoByteInteger(number))
    var using = announcing
    using.topic = ""
    alias = Alias(
      number: number, announcing: Body(announcing, version), using: Body(using, version))
  }
}

extension MessageForm.Body {
  init(_ message: Publish, _ version: ProtocolVersion) {
    var message = message
    message.payload = []
    message.packetIdentifier =
      message.qos == .atMostOnce ? nil : PacketIdentifier(rawValue: 1)
    var buffer = ByteBuffer()
    Packet.publish(message).encode(into: &buffer, version: version)
    var lengthBytes = 1
    while buffer[lengthBytes] & 0x80 != 0 { lengthBytes += 1 }
    buffer.consume(1 + lengthBytes)
    bytes = buffer.bytes
    identifierOffset = message.qos == .atMostOnce ? nil : 2 + message.topic.utf8.count
  }
}

/// Which topic aliases the server of this connection knows (3.3.2.3.4).
struct OutgoingAliases: Sendable {
  /// Aliases that we may make; what ``ServerLimits/topicAliasMaximum`` and the settings allow.
  var limit = 0
  private var lastGiven = 0
  /// What each alias stands for, by its plain body; empty when for nothing.
  private var announced: [[UInt8]] = []

  /// A number that no form has yet; nil when all are taken.
  mutating func take() -> UInt16? {
    if lastGiven >= limit { return nil }
    lastGiven += 1
    return UInt16(lastGiven)
  }

  /// Whether the server knows that `number` stands for the topic of `body`; from now on it does.
  mutating func announce(_ number: UInt16, for body: MessageForm.Body) -> Bool {
    let index = Int(number) - 1
    while announced.count <= index { announced.append([]) }
    // The same form has the same bytes in memory, so this is a comparison of two addresses.
    if announced[index] == body.bytes { return true }
    announced[index] = body.bytes
    return false
  }

  /// Aliases do not outlive a connection. [MQTT-3.3.2-7]
  mutating func connectionEnded() { announced = [] }
}
