// UTF-8 (1.5.4), judged by the standard library, which has another validator, and by RFC 3629.

import MQTTCodec
import TestSupport
import Testing

/// Whether `text` is taken as the client identifier of a CONNECT.
private func isTaken(_ text: [UInt8]) -> DecodeError? {
  let body: [UInt8] =
    [0, 4, 0x4D, 0x51, 0x54, 0x54, 4, 2, 0, 60, UInt8(text.count >> 8), UInt8(text.count & 0xFF)]
    + text
  return refusal([0x10] + variableByteInteger(body.count) + body, .v311, .toServer)
}

/// Whether `text` is taken as the topic of a PUBLISH.
private func isTakenAsTopic(_ text: [UInt8]) -> DecodeError? {
  let body = [UInt8(text.count >> 8), UInt8(text.count & 0xFF)] + text
  return refusal([0x30] + variableByteInteger(body.count) + body, .v311, .toServer)
}

@Suite struct TextTests {
  @Test(arguments: 0..<8)
  func `every pair of bytes is judged as the standard library does [MQTT-1.5.4-1]`(_ place: Int) {
    let before = Array("abcdefghijklmnop".utf8.prefix(place))
    var judgedOtherwise: [String] = []
    for first in UInt8(0x60)...UInt8.max {
      for second in UInt8(0x40)...UInt8.max {
        let text = before + [first, second]
        let isText = String(validating: text, as: UTF8.self) != nil
        if (isTaken(text) == nil) != isText { judgedOtherwise.append(hexadecimal(text)) }
      }
    }
    #expect(judgedOtherwise == [])
  }

  @Test func `every code point is taken but surrogates and U+0000 [MQTT-1.5.4-1]`() {
    // 4096 code points at a time, so that the text is long.
    for start in stride(from: UInt32(1), to: 0x11_0000, by: 4096) {
      var text = ""
      for point in start..<min(start + 4096, 0x11_0000) {
        if let scalar = Unicode.Scalar(point), point != 0x23, point != 0x2B {
          text.unicodeScalars.append(scalar)
        }
      }
      if text.isEmpty { continue }
      #expect(isTaken(Array(text.utf8)) == nil, "\(start)")
      #expect(isTakenAsTopic(Array(text.utf8)) == nil, "\(start)")
    }
  }

  @Test func `every surrogate is refused [MQTT-1.5.4-1]`() {
    for point in UInt32(0xD800)...0xDFFF {
      let text = [
        UInt8(0xED), UInt8(0x80 | point >> 6 & 0x3F), UInt8(0x80 | point & 0x3F),
      ]
      #expect(isTaken(text)?.statement == "MQTT-1.5.4-1")
    }
  }

  @Test(arguments: [
    "c0 80", "c1 bf", "e0 80 80", "e0 9f bf", "f0 80 80 80", "f0 8f bf bf", "f4 90 80 80",
    "f5 80 80 80", "f8 88 80 80 80", "fe", "ff", "80", "bf", "e2 82", "f0 9f 98", "c3",
    "e2 28 a1", "f0 28 8c bc", "f0 90 28 bc",
  ])
  func `ill-formed UTF-8 is refused at its first byte [MQTT-1.5.4-1]`(_ text: String) throws {
    let wrong = try bytes(text)
    for length in 0..<20 {
      let before = Array("abcdefghijklmnopqrst".utf8.prefix(length))
      for after in [[], Array("uvw".utf8)] {
        let error = isTakenAsTopic(before + wrong + after)
        #expect(error?.statement == "MQTT-1.5.4-1")
        #expect(error?.reasonCode == .malformedPacket)
        #expect(error?.offset == 4 + length)
      }
    }
  }

  @Test(
    arguments: [
      (0x00, "MQTT-1.5.4-2"), (0x2B, "MQTT-3.3.2-2"), (0x23, "MQTT-3.3.2-2"),
    ] as [(UInt8, String)])
  func `what a topic may not hold is found wherever it stands`(_ byte: UInt8, _ statement: String) {
    for count in 1..<40 {
      for place in 0..<count {
        var topic = [UInt8](repeating: 0x61, count: count)
        topic[place] = byte
        let error = isTakenAsTopic(topic)
        if error?.statement != statement || error?.offset != 4 + place {
          Issue.record("\(place) of \(count): \(String(describing: error))")
        }
      }
    }
  }

  @Test func `neighbours of the forbidden bytes are taken`() {
    for byte in [0x01, 0x22, 0x24, 0x2A, 0x2C, 0x7F] as [UInt8] {
      for count in 1..<20 {
        #expect(isTakenAsTopic([UInt8](repeating: byte, count: count)) == nil)
      }
    }
  }

  @Test func `a string has up to 65,535 bytes [MQTT-4.7.3-3]`() throws {
    let topic = String(repeating: "t", count: 65_535)
    let publish = Packet.publish(Publish(topic: topic, payload: [1]))
    let packet = try #require(try decode(encode(publish, .v5), .v5, .toServer))
    #expect(packet == publish)
  }
}
