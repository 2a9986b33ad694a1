// `--export-messages`: what publishers sent, as `mqtt pub --replay` reads it. A message that was sent
// again because its acknowledgement did not come is one message and is written once.

import Capture
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import Text
import Transport

/// Writes messages to a file.
final class MessageExport: PacketTeller {
  private let path: String
  private var output: InspectOutput
  private var count = 0

  init(_ path: String) throws(SystemError) {
    self.path = path
    output = try InspectOutput(path)
  }

  func tell(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts,
    _ pairing: Pairing?
  ) {
    guard packet.direction == .toServer, case .publish(let view) = packet.content,
      !view.isDuplicate, let publish = PacketText.publish(packet, view, bytes),
      !publish.topic.isEmpty
    else { return }
    RecordedMessage(publish, receivedAt: packet.stamp.timeNanoseconds ?? 0)
      .append(to: &output.buffer)
    count += 1
    output.flushIfLarge()
  }

  func tell(_ event: ConnectionEvent, _ stamp: FrameStamp, _ connection: ConnectionFacts) {}

  func tellEnd(_ watch: ProtocolWatch) {}

  func finish() {
    output.flush()
    Terminal.write(
      "\(Counted.text(count, "message")) written to \(path)\n", to: STDERR_FILENO)
  }
}
