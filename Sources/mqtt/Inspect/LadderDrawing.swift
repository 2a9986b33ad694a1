// `--ladder`: the sequence of packets in text, a column for each client and for the broker.
//
//     frame         time  pub-1                          broker 127.0.0.1:1883
//         4     0.000412  ├─ PUBLISH id 1 QoS 2 "a/b" ──▶│

import Basis
import Capture
import Commands
import Glibc

/// Draws a sequence as text.
final class LadderDrawing: PacketTeller {
  /// Columns between two ends where the output has no width of its own.
  private static let usualWidth = 40
  /// Less would leave nothing of what is written at the arrows.
  private static let leastWidth = 18
  private static let mostWidth = 80
  /// Columns of frame and time.
  private static let marginWidth = 21

  private let options: InspectOptions
  private var steps: LadderSteps
  private var output = InspectOutput()
  /// Columns that a row may take; nil is any number.
  private var rowLimit: Int?

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
    rowLimit = terminalWidth
    if let remark = widthRemark {
      Terminal.write("mqtt inspect-pcap: \(remark)\n", to: STDERR_FILENO)
    }
    let names = steps.names.map { $0.fitted(to: columnWidth - 1) + " " }
    writeRow("frame".rightAligned(6) + "time".rightAligned(13) + "  " + names.joined())
    for step in steps.steps {
      let time = CFormat.text("%.6f", Double(step.elapsedNanoseconds) / 1e9)
      writeRow("\(step.frame)".rightAligned(6) + time.rightAligned(13) + "  " + arrow(step))
    }
    if let remark = steps.remark { write(remark) }
    steps = LadderSteps(options)
  }

  /// What to do when the columns of all ends do not fit; nil when they do.
  private var widthRemark: String? {
    let neededWidth = Self.marginWidth + (steps.names.count - 1) * columnWidth + 1
    guard let rowLimit, neededWidth > rowLimit else { return nil }
    return "\(steps.names.count) ends need \(neededWidth) columns and the terminal has "
      + "\(rowLimit): rows are cut; -i chooses a client, --html draws a page, or take a wider terminal"
  }

  /// Columns of the terminal; nil where the output is none.
  private var terminalWidth: Int? {
    isatty(STDOUT_FILENO) == 1 ? Terminal.width(STDOUT_FILENO) : nil
  }

  /// Columns from one end to the next: on a terminal all fill its width.
  private var columnWidth: Int {
    guard let terminalWidth, let last = steps.names.last else { return Self.usualWidth }
    let gaps = max(1, steps.names.count - 1)
    let free = terminalWidth - Self.marginWidth
    // The last name stands behind the last gap.
    let width = max((free - last.columnCount) / gaps, free / (gaps + 1))
    return min(Self.mostWidth, max(Self.leastWidth, width))
  }

  /// A row that wraps could not be read.
  private func writeRow(_ row: String) { write(rowLimit.map { row.fitted($0) } ?? row) }

  private func write(_ line: String) {
    var line = line
    while line.last == " " { line.removeLast() }
    output.buffer.append(utf8: line + "\n")
    output.flushIfLarge()
  }

  private func arrow(_ step: LadderStep) -> String {
    let width = columnWidth
    var cells = [String](repeating: " ", count: (steps.names.count - 1) * width + 1)
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
    var place = left + 3
    cells[place - 1] = " "
    for character in step.label(within: room) {
      let count = character.columnCount
      // A mark without a column of its own goes with what it stands on.
      if count == 0 { cells[place - 1] += String(character) }
      if count > 0 { cells[place] = String(character) }
      if count == 2 { cells[place + 1] = "" }
      place += count
    }
    cells[place] = " "
    return cells.joined()
  }

  func finish() { output.flush() }
}
