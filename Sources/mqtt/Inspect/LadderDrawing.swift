// `--ladder`: the sequence of packets in text, a column for each client and for the broker.
//
//     frame         time  pub-1                          broker 127.0.0.1:1883
//         4     0.000412  ├─ PUBLISH id 1 QoS 2 "a/b" ──▶│

import Capture
import Commands
import MQTTCodec

/// Draws a sequence as text.
final class LadderDrawing: PacketTeller {
  private static let columnWidth = 40

  private let options: InspectOptions
  private var steps: LadderSteps
  private var output = InspectOutput()

  init(_ options: InspectOptions) {
    self.options = options
    steps = LadderSteps(options)
  }

  func tell(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts,
    _ pairing: Pairing?
  ) {
    steps.add(packet, bytes, connection, pairing)
  }

  func tell(_ event: ConnectionEvent, _ stamp: FrameStamp, _ connection: ConnectionFacts) {}

  func tellEnd(_ watch: ProtocolWatch) {
    let names = steps.names.map { $0.fitted(to: Self.columnWidth - 1) + " " }
    write("frame".leading(6) + "time".leading(13) + "  " + names.joined())
    for step in steps.steps {
      let time = CFormat.text("%.6f", Double(step.elapsedNanoseconds) / 1e9)
      write("\(step.frame)".leading(6) + time.leading(13) + "  " + arrow(step))
    }
    if let remark = steps.remark { write(remark) }
    steps = LadderSteps(options)
  }

  private func write(_ line: String) {
    var line = line
    while line.last == " " { line.removeLast() }
    output.buffer.append(utf8: line + "\n")
    output.flushIfLarge()
  }

  private func arrow(_ step: LadderStep) -> String {
    let width = Self.columnWidth
    var cells = [Character](repeating: " ", count: (steps.names.count - 1) * width + 1)
    for end in steps.names.indices { cells[end * width] = "│" }
    let (left, right) = (min(step.from, step.to) * width, max(step.from, step.to) * width)
    for cell in left + 1..<right { cells[cell] = "─" }
    if step.from < step.to {
      cells[left] = "├"
      cells[right - 1] = "▶"
    } else {
      cells[right] = "┤"
      cells[left + 1] = "◀"
    }
    let room = right - left - 6
    var label = Array(step.label)
    if label.count > room { label = label.prefix(room - 1) + ["…"] }
    let start = left + 3
    cells[start - 1] = " "
    for (index, character) in label.enumerated() { cells[start + index] = character }
    cells[start + label.count] = " "
    return String(cells)
  }

  func finish() { output.flush() }
}
