// The default output: a line for each packet, with the client's name on every one.
//
//          4     0.475706 paho/34AAE54A75D839566E ← SUBACK id 1 QoS 0 (239.550 ms)

import Basis
import Capture
import Commands
import Text

/// Writes packets as lines.
final class PacketLines: PacketTeller {
  private static let nameWidth = 20

  private let text: PacketText
  private var output = InspectOutput()

  init(_ options: InspectOptions) { text = PacketText(options) }

  func tell(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts,
    _ pairing: Pairing?
  ) {
    var words = PacketText.arrow(packet.direction) + " " + text.line(packet, bytes, connection)
    if let latency = pairing?.latencyNanoseconds, let pairing {
      words += " (\(PacketText.duration(latency)) after frame \(pairing.frame))"
    }
    write(packet.stamp, connection, words)
  }

  func tell(_ event: ConnectionEvent, _ stamp: FrameStamp, _ connection: ConnectionFacts) {
    guard let line = PacketText.line(event) else { return }
    write(stamp, connection, line + PacketText.facts(event, connection))
  }

  private func write(_ stamp: FrameStamp, _ connection: ConnectionFacts, _ words: String) {
    let line =
      String(stamp.frame).rightAligned(6) + " " + PacketText.elapsed(stamp).rightAligned(12) + " "
      + connection.clientName.leftAligned(Self.nameWidth) + " " + words.onOneLine
    output.buffer.append(utf8: line + "\n")
    output.flushIfLarge()
  }

  func tellEnd(_ watch: ProtocolWatch) {}

  func finish() { output.flush() }
}
