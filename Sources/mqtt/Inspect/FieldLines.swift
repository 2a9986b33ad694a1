// `-T fields`: a line for each frame that completes an MQTT packet, as tshark writes it.

import Basis
import Capture
import Commands

/// Writes fields.
struct FieldLines: PacketReceiver, ~Copyable {
  private let selection: PacketSelection
  private let separator: String
  private let quote: String
  private var output: InspectOutput
  /// The frame of the line that is being gathered; zero for none.
  private var frame = 0
  private var columns: FieldColumns
  /// Whether a packet of the frame was asked for; then the line has all of its packets.
  private var isSelected = false
  private let selectsAll: Bool

  init(
    _ options: InspectOptions, _ fields: InspectOptions.Fields, _ output: consuming InspectOutput
  ) {
    selection = options.selection
    selectsAll = options.selection.isEverything
    separator = fields.separator
    quote = fields.quote
    columns = FieldColumns(
      fields.names, aggregator: fields.aggregator, occurrence: fields.occurrence,
      showsSecrets: options.showsSecrets, showsPayload: options.showsPayload)
    self.output = output
    if fields.hasByteOrderMark { self.output.buffer.append(utf8: "\u{FEFF}") }
    if fields.hasHeader {
      self.output.buffer.append(
        utf8: fields.names.map(\.name).joined(separator: separator) + "\n")
    }
  }

  /// A capture is over: frame numbers begin anew.
  mutating func endCapture() { endLine() }

  mutating func finish() {
    endLine()
    output.flush()
  }

  mutating func receive(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, on connection: ConnectionFacts
  ) {
    // A packet that the snap length has cut has the fields that are there, in its own frame; others
    // end nowhere.
    if case .incomplete = packet.content {
      let isCut = packet.stamp.capturedLength < packet.stamp.length
      if !isCut || packet.firstFrame != packet.stamp.frame { return }
    }
    if packet.stamp.frame != frame {
      endLine()
      frame = packet.stamp.frame
      columns.addFrame(packet.stamp, packet.direction, connection)
    }
    columns.addPacket(packet, bytes, connection)
    if !isSelected { isSelected = selectsAll || selection.selects(packet, bytes, connection) }
  }

  mutating func receive(
    _ event: ConnectionEvent, _ stamp: FrameStamp, on connection: ConnectionFacts
  ) {}

  private mutating func endLine() {
    if frame == 0 { return }
    frame = 0
    if !isSelected { return columns.clear() }
    isSelected = false
    for place in 0..<columns.count {
      if place > 0 { output.buffer.append(utf8: separator) }
      if !columns.hasValue(at: place) { continue }
      output.buffer.append(utf8: quote)
      output.buffer.append(columns.value(at: place).span)
      output.buffer.append(utf8: quote)
    }
    columns.clear()
    output.buffer.append(UInt8(ascii: "\n"))
    output.flushIfLarge()
  }
}

/// The same beside other outputs.
final class FieldTeller: PacketTeller {
  private var lines: FieldLines

  init(_ options: InspectOptions, _ fields: InspectOptions.Fields) {
    lines = FieldLines(options, fields, InspectOutput())
  }

  func tell(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts,
    _ pairing: Pairing?
  ) {
    lines.receive(packet, bytes, on: connection)
  }

  func tell(_ event: ConnectionEvent, _ stamp: FrameStamp, _ connection: ConnectionFacts) {}

  func tellEnd(_ watch: ProtocolWatch) { lines.endCapture() }

  func finish() { lines.finish() }
}
