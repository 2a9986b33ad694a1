// `-T fields`: a line for each frame that completes an MQTT packet, as tshark writes it.

import Capture
import Commands
import MQTTCodec

/// Writes fields.
struct FieldLines: PacketReceiver, ~Copyable {
  private let options: InspectOptions
  private let fields: [CaptureField]
  private var output: InspectOutput
  /// The frame of the line that is being gathered.
  private var frame = 0
  /// The values of each field so far.
  private var values: [[UInt8]]
  private var scratch: [UInt8] = []

  init(
    _ options: InspectOptions, _ fields: [CaptureField], _ output: consuming InspectOutput
  ) {
    self.options = options
    self.fields = fields
    self.output = output
    values = Array(repeating: [], count: fields.count)
    if options.hasHeader {
      self.output.buffer.append(
        utf8: fields.map(\.name).joined(separator: options.separator) + "\n")
    }
  }

  mutating func finish() {
    endLine()
    output.flush()
  }

  mutating func receive(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, on connection: ConnectionFacts
  ) {
    if !options.selects(packet, bytes, connection) { return }
    if packet.stamp.frame != frame { endLine() }
    let isFirst = frame == 0
    frame = packet.stamp.frame
    for index in fields.indices where isFirst || fields[index].isOfPacket {
      write(index, packet, bytes, connection)
    }
  }

  private mutating func write(
    _ index: Int, _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts
  ) {
    scratch.removeAll(keepingCapacity: true)
    if !fields[index].write(packet, bytes, connection, into: &scratch) { return }
    if !values[index].isEmpty { values[index].append(contentsOf: options.aggregator.utf8) }
    values[index].append(contentsOf: scratch)
  }

  mutating func receive(
    _ event: ConnectionEvent, _ stamp: FrameStamp, on connection: ConnectionFacts
  ) {}

  private mutating func endLine() {
    if frame == 0 { return }
    frame = 0
    for index in values.indices {
      if index > 0 { output.buffer.append(utf8: options.separator) }
      let value = values[index]
      output.buffer.append(value.span)
      values[index].removeAll(keepingCapacity: true)
    }
    output.buffer.append(UInt8(ascii: "\n"))
    output.flushIfLarge()
  }
}
