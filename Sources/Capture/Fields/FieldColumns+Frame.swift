// The fields that a frame has once, however many packets are in it.

import Basis
package import MQTTCodec

extension FieldColumns {
  /// Adds what is known of the frame in which a packet was completed.
  package mutating func addFrame(
    _ stamp: FrameStamp, _ direction: Direction, _ connection: ConnectionFacts
  ) {
    if !wantsFrame { return }
    add(.frameNumber, stamp.frame)
    if let time = stamp.timeNanoseconds {
      if wants(.frameTime) { add(.frameTime, text: Self.calendar(time)) }
      add(.frameTimeEpoch, seconds: time)
      add(.frameTimeRelative, seconds: stamp.elapsedNanoseconds)
      add(.frameTimeDelta, seconds: stamp.deltaNanoseconds)
    }
    add(.frameLength, stamp.length)
    add(.frameCapturedLength, stamp.capturedLength)
    if let address = stamp.hardwareSource { add(.ethernetSource, hardware: address) }
    if let address = stamp.hardwareDestination { add(.ethernetDestination, hardware: address) }
    let isToServer = direction == .toServer
    addNetwork(
      isToServer ? connection.client : connection.server,
      isToServer ? connection.server : connection.client)
    add(.tcpStream, connection.number)
    add(.tcpLength, stamp.payloadLength)
    add(.tcpSequence, Int(stamp.sequence))
    let ends = stamp.flags & 0x03 == 0 ? 0 : 1
    add(.tcpNextSequence, Int(stamp.sequence) + stamp.payloadLength + ends)
    add(.tcpAcknowledged, Int(stamp.acknowledged))
    add(.tcpFlags, hexadecimal: Int(stamp.flags), digits: 4)
    for (field, bit) in Self.flags { add(field, stamp.flags & bit != 0) }
  }

  private static let flags: KeyValuePairs<CaptureField, UInt8> = [
    .tcpFlagFIN: 0x01, .tcpFlagSYN: 0x02, .tcpFlagRST: 0x04, .tcpFlagPSH: 0x08,
    .tcpFlagACK: 0x10, .tcpFlagURG: 0x20,
  ]

  private mutating func addNetwork(_ source: CapturedEndpoint, _ destination: CapturedEndpoint) {
    if source.address.isVersion6 {
      add(.ipVersion, 6)
      add(.ipv6Source, address: source.address)
      add(.ipv6Destination, address: destination.address)
      add(.ipv6Address, address: source.address)
      add(.ipv6Address, address: destination.address)
    } else {
      add(.ipVersion, 4)
      add(.ipSource, address: source.address)
      add(.ipDestination, address: destination.address)
      add(.ipAddress, address: source.address)
      add(.ipAddress, address: destination.address)
    }
    add(.tcpSourcePort, Int(source.port))
    add(.tcpDestinationPort, Int(destination.port))
    add(.tcpPort, Int(source.port))
    add(.tcpPort, Int(destination.port))
  }

  /// `Apr 20, 2016 16:43:10.509491000 UTC`.
  private static func calendar(_ time: Int64) -> String {
    let text = Array(TimeText.text(time, decimals: 9).utf8)
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    func part(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }
    let month = Int(part(5..<7)).map { months[$0 - 1] } ?? ""
    let day = Int(part(8..<10)) ?? 0
    return "\(month) \(day < 10 ? " " : "")\(day), \(part(0..<4)) \(part(11..<29)) UTC"
  }
}
