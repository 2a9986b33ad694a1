// tshark's opinion of a capture, for comparison.

package import Capture
import Foundation
import LiveSupport
import MQTTCodec

/// One frame with MQTT, as both programs see it.
package struct FrameSummary: Equatable, CustomStringConvertible {
  package var frame: Int
  package var stream: Int
  /// The packets' types, in their order.
  package var types: [String]
  package var topics: [String]
  package var identifiers: [String]
  package var payloads: [String]

  package var description: String {
    "\(frame) #\(stream) types \(types) topics \(topics) ids \(identifiers) payloads \(payloads)"
  }
}

/// A file that is there as long as this is.
package final class TemporaryFile {
  package let path: String

  private let folder = TestFolder()

  package init(_ bytes: [UInt8], name: String = "capture") throws {
    path = try folder.write(bytes: bytes, to: name)
  }
}

/// What tshark finds in a capture file, with more options of its own.
package func tshark(_ path: String, _ options: [String] = []) throws -> [FrameSummary] {
  let fields = [
    "frame.number", "tcp.stream", "mqtt.msgtype", "mqtt.topic", "mqtt.msgid", "mqtt.msg",
  ]
  let program = try RunningProgram(
    ["tshark", "-r", path, "-Y", "mqtt", "-T", "fields", "-E", "aggregator=;"] + options
      + fields.flatMap { ["-e", $0] })
  let status = try program.exitStatus(within: 120)
  if status != 0 { throw ProgramError("tshark ends with \(status): \(program.errors)") }
  return program.output.split(separator: "\n").map { line in
    let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    func list(_ index: Int) -> [String] {
      index < columns.count ? columns[index].split(separator: ";").map(String.init) : []
    }
    return FrameSummary(
      frame: Int(columns[0]) ?? 0, stream: Int(columns[1]) ?? 0, types: list(2), topics: list(3),
      identifiers: list(4), payloads: list(5).filter { $0 != "<MISSING>" })
  }
}

/// Packets by frame, in the same form.
package struct SummaryRecording: PacketReceiver {
  package private(set) var frames: [FrameSummary] = []

  package init() {}

  package mutating func receive(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, on connection: ConnectionFacts
  ) {
    guard let header = packet.header else { return }
    if frames.last?.frame != packet.stamp.frame {
      frames.append(
        FrameSummary(
          frame: packet.stamp.frame, stream: connection.number, types: [], topics: [],
          identifiers: [], payloads: []))
    }
    let last = frames.count - 1
    frames[last].types.append(String(header.type.rawValue))
    switch packet.content {
    case .publish(let view):
      let text = view.topic.map { bytes[$0] }
      if !text.isEmpty { frames[last].topics.append(String(decoding: text, as: UTF8.self)) }
      if view.packetIdentifier != 0 {
        frames[last].identifiers.append(String(view.packetIdentifier))
      }
      if !view.payload.isEmpty {
        frames[last].payloads.append(view.payload.map { hexadecimal(bytes[$0]) }.joined())
      }
    case .packet(.subscribe(let subscribe)):
      frames[last].topics += subscribe.subscriptions.map { $0.filter }
      frames[last].identifiers.append(String(subscribe.packetIdentifier.rawValue))
    case .packet(.unsubscribe(let unsubscribe)):
      frames[last].topics += unsubscribe.filters
      frames[last].identifiers.append(String(unsubscribe.packetIdentifier.rawValue))
    case .packet(.suback(let suback)):
      frames[last].identifiers.append(String(suback.packetIdentifier.rawValue))
    case .packet(.unsuback(let unsuback)):
      frames[last].identifiers.append(String(unsuback.packetIdentifier.rawValue))
    case .packet(.puback(let answer)), .packet(.pubrec(let answer)), .packet(.pubrel(let answer)),
      .packet(.pubcomp(let answer)):
      frames[last].identifiers.append(String(answer.packetIdentifier.rawValue))
    case .packet, .malformed, .incomplete: return
    }
  }

  package mutating func receive(
    _ event: ConnectionEvent, _ stamp: FrameStamp, on connection: ConnectionFacts
  ) {}
}

private func hexadecimal(_ byte: UInt8) -> String {
  (byte < 16 ? "0" : "") + String(byte, radix: 16)
}

/// What we find in a file.
package func summarized(_ file: [UInt8]) -> [FrameSummary] {
  var recording = SummaryRecording()
  dissect(file, into: &recording)
  return recording.frames
}
