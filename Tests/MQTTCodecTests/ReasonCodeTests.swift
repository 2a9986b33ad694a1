// Reason codes (2.4) against the standard's own table, written down here a second time, and the
// return codes of the older versions.

import Foundation
import MQTTCodec
import TestSupport
import Testing

/// Table 2-6 of MQTT 5.0: number, names, packets.
private let table: [(UInt8, String, String)] = [
  (0x00, "Success", "CONNACK PUBACK PUBREC PUBREL PUBCOMP UNSUBACK AUTH SUBACK DISCONNECT"),
  (0x01, "Granted QoS 1", "SUBACK"),
  (0x02, "Granted QoS 2", "SUBACK"),
  (0x04, "Disconnect with Will Message", "DISCONNECT"),
  (0x10, "No matching subscribers", "PUBACK PUBREC"),
  (0x11, "No subscription existed", "UNSUBACK"),
  (0x18, "Continue authentication", "AUTH"),
  (0x19, "Re-authenticate", "AUTH"),
  (0x80, "Unspecified error", "CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT"),
  (0x81, "Malformed Packet", "CONNACK DISCONNECT"),
  (0x82, "Protocol Error", "CONNACK DISCONNECT"),
  (0x83, "Implementation specific error", "CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT"),
  (0x84, "Unsupported Protocol Version", "CONNACK"),
  (0x85, "Client Identifier not valid", "CONNACK"),
  (0x86, "Bad User Name or Password", "CONNACK"),
  (0x87, "Not authorized", "CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT"),
  (0x88, "Server unavailable", "CONNACK"),
  (0x89, "Server busy", "CONNACK DISCONNECT"),
  (0x8A, "Banned", "CONNACK"),
  (0x8B, "Server shutting down", "DISCONNECT"),
  (0x8C, "Bad authentication method", "CONNACK DISCONNECT"),
  (0x8D, "Keep Alive timeout", "DISCONNECT"),
  (0x8E, "Session taken over", "DISCONNECT"),
  (0x8F, "Topic Filter invalid", "SUBACK UNSUBACK DISCONNECT"),
  (0x90, "Topic Name invalid", "CONNACK PUBACK PUBREC DISCONNECT"),
  (0x91, "Packet Identifier in use", "PUBACK PUBREC SUBACK UNSUBACK"),
  (0x92, "Packet Identifier not found", "PUBREL PUBCOMP"),
  (0x93, "Receive Maximum exceeded", "DISCONNECT"),
  (0x94, "Topic Alias invalid", "DISCONNECT"),
  (0x95, "Packet too large", "CONNACK DISCONNECT"),
  (0x96, "Message rate too high", "DISCONNECT"),
  (0x97, "Quota exceeded", "CONNACK PUBACK PUBREC SUBACK DISCONNECT"),
  (0x98, "Administrative action", "DISCONNECT"),
  (0x99, "Payload format invalid", "CONNACK PUBACK PUBREC DISCONNECT"),
  (0x9A, "Retain not supported", "CONNACK DISCONNECT"),
  (0x9B, "QoS not supported", "CONNACK DISCONNECT"),
  (0x9C, "Use another server", "CONNACK DISCONNECT"),
  (0x9D, "Server moved", "CONNACK DISCONNECT"),
  (0x9E, "Shared Subscriptions not supported", "SUBACK DISCONNECT"),
  (0x9F, "Connection rate exceeded", "CONNACK DISCONNECT"),
  (0xA0, "Maximum connect time", "DISCONNECT"),
  (0xA1, "Subscription Identifiers not supported", "SUBACK DISCONNECT"),
  (0xA2, "Wildcard Subscriptions not supported", "SUBACK DISCONNECT"),
]

/// A packet with this reason code, and the statement that allows only some codes in it.
private let carriers: [(String, String, String)] = [
  ("CONNACK", "20 { 00 CODE {} }", "MQTT-3.2.2-8"),
  ("PUBACK", "40 { w1 CODE }", "MQTT-3.4.2-1"),
  ("PUBREC", "50 { w1 CODE }", "MQTT-3.5.2-1"),
  ("PUBREL", "62 { w1 CODE }", "MQTT-3.6.2-1"),
  ("PUBCOMP", "70 { w1 CODE }", "MQTT-3.7.2-1"),
  ("SUBACK", "90 { w1 {} CODE }", "MQTT-3.9.3-2"),
  ("UNSUBACK", "b0 { w1 {} CODE }", "MQTT-3.11.3-2"),
  ("DISCONNECT", "e0 { CODE }", "MQTT-3.14.2-1"),
  ("AUTH", "f0 { CODE { 15 s\"M\" } }", "MQTT-3.15.2-1"),
]

@Suite struct ReasonCodeTests {
  @Test(arguments: UInt8.min...UInt8.max)
  func `every code has its name`(_ number: UInt8) {
    let code = ReasonCode(rawValue: number)
    let row = table.first { $0.0 == number }
    #expect(code.name == row?.1 ?? "0x" + hexadecimal([number]).uppercased())
    #expect(code.isFailure == (number >= 0x80))
  }

  @Test func `0x00 is named after its packet`() {
    #expect(ReasonCode.success.name(in: .connack) == "Success")
    #expect(ReasonCode.success.name(in: .disconnect) == "Normal disconnection")
    #expect(ReasonCode.success.name(in: .suback) == "Granted QoS 0")
    #expect(ReasonCode.sessionTakenOver.name(in: .disconnect) == "Session taken over")
  }

  @Test(arguments: carriers)
  func `a packet carries the codes of its column and no other`(
    _ name: String, _ content: String, _ statement: String
  ) throws {
    for number in UInt8.min...UInt8.max {
      let packet = try bytes(
        content.replacingOccurrences(of: "CODE", with: hexadecimal([number])))
      // A server may send every code but the one with which a client asks for its will, and the
      // one with which it asks for another authentication.
      let direction: Direction = number == 0x04 || number == 0x19 ? .toServer : .toClient
      if direction == .toServer && !["DISCONNECT", "AUTH"].contains(name) { continue }
      let isAllowed = table.contains {
        $0.0 == number && $0.2.split(separator: " ").contains { $0 == name }
      }
      let error = refusal(packet, .v5, direction)
      #expect((error == nil) == isAllowed, "\(number)")
      if !isAllowed {
        #expect(error?.reasonCode == .protocolError)
        #expect(error?.statement == statement)
      }
      let type = try #require(PacketType.allCases.first { $0.name == name })
      #expect(ReasonCode(rawValue: number).isAllowed(in: type) == isAllowed, "\(number)")
    }
  }

  @Test(
    arguments: [
      (0, 0x00), (1, 0x84), (2, 0x85), (3, 0x88), (4, 0x86), (5, 0x87),
    ] as [(UInt8, UInt8)])
  func `return codes of 3.1.1 have a reason code that means the same`(
    _ returnCode: UInt8, _ reasonCode: UInt8
  ) {
    #expect(ReasonCode(connackReturnCode: returnCode)?.rawValue == reasonCode)
    #expect(ReasonCode(rawValue: reasonCode).connackReturnCode == returnCode)
  }

  @Test func `return codes above 5 mean nothing [MQTT311-3.2.2-6]`() {
    for number in UInt8(6)...UInt8.max {
      #expect(ReasonCode(connackReturnCode: number) == nil)
    }
  }

  @Test(
    arguments: [
      (0x89, 3), (0x8B, 3), (0x97, 3), (0x9C, 3), (0x9D, 3), (0x9F, 3), (0x8A, 5), (0x8C, 5),
    ] as [(UInt8, UInt8)])
  func `reason codes without a return code of their own become the nearest`(
    _ reasonCode: UInt8, _ returnCode: UInt8
  ) {
    #expect(ReasonCode(rawValue: reasonCode).connackReturnCode == returnCode)
  }

  @Test(arguments: [0x80, 0x81, 0x82, 0x83, 0x90, 0x95, 0x99, 0x9A, 0x9B] as [UInt8])
  func `reason codes that 3.1.1 cannot say have no return code [MQTT311-3.2.2-6]`(_ code: UInt8) {
    #expect(ReasonCode(rawValue: code).connackReturnCode == nil)
  }

  @Test func `every failure of SUBACK is 0x80 before 5.0 [MQTT311-3.9.3-2]`() {
    let suback = Suback(
      packetIdentifier: identifier(1),
      reasonCodes: [.grantedQoS2, .notAuthorized, .topicFilterInvalid, .unspecifiedError])
    #expect(encode(.suback(suback), .v311) == [0x90, 6, 0, 1, 2, 0x80, 0x80, 0x80])
  }

  @Test func `a refusal never says that a session is present [MQTT-3.2.2-6]`() {
    let connack = Connack(isSessionPresent: true, reasonCode: .notAuthorized)
    #expect(encode(.connack(connack), .v311) == [0x20, 2, 0, 5])
    #expect(encode(.connack(connack), .v5) == [0x20, 3, 0, 0x87, 0])
  }
}
