// Fields by Wireshark's names, so that scripts written for tshark move over unchanged. A field of a
// packet writes its values; a field of a frame, or of a connection, has one.

import MQTTCodec

/// A field that `-T fields` can show.
package struct CaptureField: Sendable {
  /// Appends the value and answers whether there is one.
  private typealias Body =
    @Sendable (CapturedPacket, Span<UInt8>, ConnectionFacts, inout [UInt8]) -> Bool

  /// Wireshark's name.
  package var name: String
  /// Whether every packet of a frame adds a value.
  package var isOfPacket: Bool
  private let body: Body

  private init(
    _ name: String, isOfPacket: Bool = true, _ body: @escaping Body
  ) {
    self.name = name
    self.isOfPacket = isOfPacket
    self.body = body
  }

  /// Appends the value; false when this packet has none.
  package func write(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts,
    into buffer: inout [UInt8]
  ) -> Bool {
    body(packet, bytes, connection, &buffer)
  }

  /// The field of this name; nil when there is none.
  package static func named(_ name: String) -> CaptureField? { all.first { $0.name == name } }

  /// All fields, in the order of the manual.
  package static let all: [CaptureField] = frame + connection + header + publish

  private static func number(
    _ name: String, _ value: @escaping @Sendable (CapturedPacket) -> Int?
  ) -> CaptureField {
    CaptureField(name) { packet, _, _, buffer in
      guard let value = value(packet) else { return false }
      buffer.append(decimal: value)
      return true
    }
  }

  private static let frame: [CaptureField] = [
    CaptureField("frame.number", isOfPacket: false) { packet, bytes, connection, buffer in
      buffer.append(decimal: packet.stamp.frame)
      return true
    },
    CaptureField("frame.time_epoch", isOfPacket: false) { packet, bytes, connection, buffer in
      guard let time = packet.stamp.timeNanoseconds else { return false }
      buffer.append(seconds: time)
      return true
    },
  ]

  private static let connection: [CaptureField] = [
    CaptureField("tcp.stream", isOfPacket: false) { packet, bytes, connection, buffer in
      buffer.append(decimal: connection.number)
      return true
    }
  ]

  private static let header: [CaptureField] = [
    number("mqtt.msgtype") { $0.header.map { Int($0.type.rawValue) } },
    number("mqtt.len") { $0.header?.remainingLength },
  ]

  private static let publish: [CaptureField] = [
    CaptureField("mqtt.topic") { packet, bytes, connection, buffer in
      guard case .publish(let view) = packet.content else { return false }
      for index in view.topic { buffer.append(bytes[index]) }
      return true
    },
    number("mqtt.topic_len") { packet in
      guard case .publish(let view) = packet.content else { return nil }
      return view.topic.count
    },
  ]
}

extension [UInt8] {
  /// Appends a number in decimal digits.
  package mutating func append(decimal number: Int) {
    if number < 0 {
      append(UInt8(ascii: "-"))
      return append(decimal: -number)
    }
    if number >= 10 { append(decimal: number / 10) }
    append(UInt8(ascii: "0") + UInt8(number % 10))
  }

  /// Appends seconds with nine digits behind the point.
  package mutating func append(seconds nanoseconds: Int64) {
    let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    append(decimal: Int(seconds))
    append(UInt8(ascii: "."))
    var scale: Int64 = 100_000_000
    while scale > 0 {
      append(UInt8(ascii: "0") + UInt8(rest / scale % 10))
      scale /= 10
    }
  }
}
