// Which version's CONNACK a refused CONNECT can understand (3.1.2.1, 3.1.2.2).

import MQTTCodec
import TestSupport
import Testing

@Suite struct ConnectVersionTests {
  @Test(
    arguments: [
      ("10 { s\"MQIsdp\" 03 02 w60 s\"a\" }", .v31), ("10 { s\"MQTT\" 04 02 w60 s\"a\" }", .v311),
      ("10 { s\"MQTT\" 05 02 w60 {} s\"a\" }", .v5), ("10 { s\"MQTT\" 84 02 w60 s\"a\" }", .v311),
      ("10 { s\"MQTT\" 05 }", .v5), ("10 { s\"MQTT\" 05 03 w60 ff ff }", .v5),
      ("10 { s\"MQTT\" 06 02 w60 {} s\"a\" }", .v5), ("10 { s\"MQTT\" 7f }", .v5),
      ("10 { s\"MQTT\" 02 02 w60 s\"a\" }", nil), ("10 { s\"MQTT\" 00 }", nil),
      ("10 { s\"HTTP\" 05 }", nil), ("10 { s\"MQTT\" }", nil), ("10 00", nil),
      ("10 { w9 \"MQTT\" 05 }", nil), ("10 { s\"mqtt\" 05 }", nil),
    ] as [(String, ProtocolVersion?)])
  func `a CONNECT announces its version, however wrong it is [MQTT-3.1.2-2]`(
    _ content: String, _ version: ProtocolVersion?
  ) throws {
    let packet = try bytes(content)
    let header = try #require(try header(packet, version: .v5))
    #expect(Connect.announcedVersion(packet.span, header) == version)
  }

  @Test func `an unsupported version is told as such [MQTT-3.1.2-1] [MQTT-3.1.2-2]`() throws {
    let name = refusal(try bytes("10 { s\"HTTP\" 04 02 w60 s\"a\" }"), .v311, .toServer)
    #expect(
      name?.description
        == "CONNECT byte 4: the protocol name is neither MQTT nor MQIsdp [MQTT-3.1.2-1]")
    let level = refusal(try bytes("10 { s\"MQTT\" 09 02 w60 s\"a\" }"), .v311, .toServer)
    #expect(
      level?.description
        == "CONNECT byte 8: the protocol version is 9, where MQTT has 4 or 5 [MQTT-3.1.2-2]")
    #expect(level?.reasonCode == .unsupportedProtocolVersion)
    #expect(level?.reasonCode.connackReturnCode == 1)
  }
}
