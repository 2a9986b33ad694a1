// A session's state as text in a row, and back.

import ClientStorage
import MQTTCodec
import MQTTSession
import Testing

@Suite struct SessionTextTests {
  private func identifiers(_ numbers: [UInt16]) -> [PacketIdentifier] {
    numbers.compactMap { PacketIdentifier(rawValue: $0) }
  }

  @Test(
    arguments: [
      ([], ""), ([7], "7"), ([1, 2, 3], "1-3"), ([1, 3, 4, 65_534, 65_535], "1 3-4 65534-65535"),
    ] as [([UInt16], String)])
  func `identifiers that follow each other are a range`(_ numbers: [UInt16], _ text: String) {
    #expect(SessionText.text(received: identifiers(numbers)) == text)
    let state = SessionText.state(received: text, handshakes: "")
    #expect(state?.received == identifiers(numbers))
  }

  @Test func `a handshake is its identifier, its message and whether PUBREC has come`() throws {
    let handshakes = identifiers([65_535, 1]).enumerated().map { index, identifier in
      ClientSessionState.Handshake(
        identifier, token: index == 0 ? 12 : .max, isReleased: index == 0)
    }
    let text = SessionText.text(handshakes: handshakes)
    #expect(text == "65535:12+ 1:18446744073709551615")
    #expect(SessionText.state(received: "", handshakes: text)?.handshakes == handshakes)
  }

  @Test(arguments: [
    ("0", ""), ("5-3", ""), ("1-2-3", ""), ("-4", ""), ("65536", ""), ("", "1"), ("", "1:x"),
    ("", "0:1"),
  ])
  func `what nobody of us has written is no state`(_ received: String, _ handshakes: String) {
    #expect(SessionText.state(received: received, handshakes: handshakes) == nil)
  }
}
