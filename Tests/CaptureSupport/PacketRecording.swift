// What the dissector tells, as lines that a test compares.

package import Capture
import MQTTCodec
import TestSupport

/// Notes packets and events.
package struct PacketRecording: PacketReceiver {
  /// `4 #0 > PUBLISH ...`: frame, connection, direction, packet.
  package var lines: [String] = []
  package var packets: [CapturedPacket] = []
  package var events: [String] = []
  /// The last facts of each connection, by its number.
  package var facts: [Int: ConnectionFacts] = [:]

  package init() {}

  package mutating func receive(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, on connection: ConnectionFacts
  ) {
    let arrow = packet.direction == .toServer ? ">" : "<"
    var words: String
    switch packet.content {
    case .packet(let content): words = text(content)
    case .publish(let view):
      words = (try? Publish(view, in: bytes)).map { text(.publish($0)) } ?? "PUBLISH"
      if let alias = packet.aliasedTopic { words += " (\(alias))" }
    case .malformed(let error): words = "MALFORMED \(error)"
    case .incomplete(let missing):
      words = "INCOMPLETE \(packet.header?.type.name ?? "packet") \(missing)"
    }
    lines.append("\(packet.stamp.frame) #\(connection.number) \(arrow) \(words)")
    packets.append(packet)
    facts[connection.number] = connection
  }

  package mutating func receive(
    _ event: ConnectionEvent, _ stamp: FrameStamp, on connection: ConnectionFacts
  ) {
    facts[connection.number] = connection
    events.append("\(stamp.frame) #\(connection.number) \(event)")
  }
}

/// Everything that a file holds, fed in pieces of `pieceLength`; what is wrong with the file is the
/// last line.
package func dissected(
  _ file: [UInt8], pieceLength: Int = 4096, services: (any CaptureServices)? = nil,
  keyLog: [UInt8] = []
) -> PacketRecording {
  var recording = PacketRecording()
  var reader = CaptureFile()
  var log = TLSKeyLog()
  log.add(keyLog)
  var dissector = Dissector(services: services, keyLog: log)
  var position = 0
  var fault: CaptureFault?
  do throws(CaptureFault) {
    while position < file.count {
      let end = min(position + pieceLength, file.count)
      reader.append(file.span.extracting(position..<end))
      position = end
      try dissector.dissect(framesOf: &reader, into: &recording)
    }
    fault = reader.faultOfEnd
  } catch {
    fault = error
  }
  dissector.finish(into: &recording)
  if let fault { recording.lines.append("FAULT \(fault)") }
  return recording
}

/// Dissects all of a file, up to what is wrong with it, if anything.
package func dissect<Receiver: PacketReceiver & ~Copyable>(
  _ file: [UInt8], into receiver: inout Receiver
) {
  var reader = CaptureFile()
  var dissector = Dissector()
  reader.append(file.span)
  try? dissector.dissect(framesOf: &reader, into: &receiver)
  dissector.finish(into: &receiver)
}
