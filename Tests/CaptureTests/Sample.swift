// One small conversation that most tests start from.

import CaptureSupport
import TestSupport

/// Packets as bytes.
enum Sample {
  static func connect(_ client: String = "c1") throws -> [UInt8] {
    try bytes("10 { s\"MQTT\" 04 02 w60 s\"\(client)\" }")
  }

  static func connect5(_ client: String = "c5") throws -> [UInt8] {
    try bytes("10 { s\"MQTT\" 05 02 w60 { } s\"\(client)\" }")
  }

  static let connack: [UInt8] = [0x20, 2, 0, 0]
  static let connack5: [UInt8] = [0x20, 3, 0, 0, 0]
  static let pingreq: [UInt8] = [0xC0, 0]
  static let pingresp: [UInt8] = [0xD0, 0]
  static let disconnect: [UInt8] = [0xE0, 0]

  static func publish(_ topic: String, _ payload: String) throws -> [UInt8] {
    try bytes("30 { s\"\(topic)\" \"\(payload)\" }")
  }

  static func publish(_ topic: String, id: Int, _ payload: String) throws -> [UInt8] {
    try bytes("32 { s\"\(topic)\" w\(id) \"\(payload)\" }")
  }

  static func puback(_ id: UInt8) -> [UInt8] { [0x40, 2, 0, id] }

  /// A client that subscribes, publishes and leaves.
  static func conversation(_ start: Conversation = Conversation()) throws -> Conversation {
    var talk = start
    talk.open()
    talk.toServer(try connect())
    talk.toClient(connack)
    talk.toServer(try bytes("82 { w1 s\"a/#\" 01 s\"b\" 00 }"))
    talk.toClient([0x90, 4, 0, 1, 1, 0])
    talk.toServer(try publish("a/b", id: 7, "hello") + publish("c", "x"))
    talk.toClient(puback(7) + (try publish("a/b", id: 1, "hello")))
    talk.toServer(puback(1))
    talk.toServer(try bytes("a2 { w2 s\"a/#\" }"))
    talk.toClient([0xB0, 2, 0, 2])
    talk.toServer(disconnect)
    talk.close()
    return talk
  }

  /// What is in it, without frame numbers.
  static let lines = [
    "#0 > CONNECT 3.1.1 clean keepalive=60 id=\"c1\"",
    "#0 < CONNACK 0x00",
    "#0 > SUBSCRIBE id=1 \"a/#\" qos=1, \"b\" qos=0",
    "#0 < SUBACK id=1 0x01 0x00",
    "#0 > PUBLISH qos=1 id=7 topic=\"a/b\" payload='hello'",
    "#0 > PUBLISH topic=\"c\" payload='x'",
    "#0 < PUBACK id=7 0x00",
    "#0 < PUBLISH qos=1 id=1 topic=\"a/b\" payload='hello'",
    "#0 > PUBACK id=1 0x00",
    "#0 > UNSUBSCRIBE id=2 \"a/#\"",
    "#0 < UNSUBACK id=2",
    "#0 > DISCONNECT 0x00",
  ]
}

extension PacketRecording {
  /// The lines without frame numbers.
  var contents: [String] {
    lines.map { line in
      line.hasPrefix("FAULT") ? line : String(line.drop { $0 != "#" })
    }
  }
}
