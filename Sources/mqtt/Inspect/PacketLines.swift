// The default output: a line for each packet, with the client's name on every one.
//
//     4    0.475706 paho/34AAE54A75D839566E ← SUBACK id 1 QoS 0

import Capture
import Commands
import MQTTCodec

/// Writes packets as lines.
struct PacketLines: PacketReceiver, ~Copyable {
  /// Bytes of a payload that are shown.
  private static let previewLength = 64

  private let options: InspectOptions
  private var output: InspectOutput
  private var start: Int64?
  private(set) var count = 0

  init(_ options: InspectOptions, _ output: consuming InspectOutput) {
    self.options = options
    self.output = output
  }

  mutating func finish() { output.flush() }

  mutating func receive(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, on connection: ConnectionFacts
  ) {
    count += 1
    if !options.selects(packet, bytes, connection) { return }
    let text = words(packet, bytes)
    write(packet.stamp, connection, (packet.direction == .toServer ? "→ " : "← ") + text)
  }

  mutating func receive(
    _ event: ConnectionEvent, _ stamp: FrameStamp, on connection: ConnectionFacts
  ) {
    switch event {
    case .missing(let direction, let count):
      write(
        stamp, connection,
        "\(direction == .toServer ? "→" : "←") \(count) bytes are missing from the capture")
    case .resynchronized(let direction, let skipped):
      write(
        stamp, connection,
        "\(direction == .toServer ? "→" : "←") next packet found after \(skipped) bytes")
    case .opened, .closed, .recognized, .retransmitted, .tls, .webSocket: return
    }
  }

  private mutating func write(
    _ stamp: FrameStamp, _ connection: ConnectionFacts, _ text: String
  ) {
    let number = String(stamp.frame)
    output.buffer.append(utf8: String(repeating: " ", count: max(0, 6 - number.count)) + number)
    let time = stamp.timeNanoseconds ?? 0
    if start == nil { start = time }
    let elapsed = Double(time - (start ?? 0)) / 1e9
    let seconds = "\((elapsed * 1e6).rounded() / 1e6)"
    output.buffer.append(utf8: " " + seconds + " ")
    output.buffer.append(
      utf8: connection.clientIdentifier ?? "(\(connection.client))")
    output.buffer.append(utf8: " " + text + "\n")
    output.flushIfLarge()
  }

  private func words(_ packet: CapturedPacket, _ bytes: Span<UInt8>) -> String {
    switch packet.content {
    case .packet(let content): return PacketLine.words(content).joined(separator: " ")
    case .malformed(let error): return "MALFORMED \(error)"
    case .incomplete(let missing):
      return "\(packet.header?.type.name ?? "packet") incomplete, \(missing) bytes are missing"
    case .publish(let view):
      guard var publish = try? Publish(view, in: bytes) else { return "PUBLISH" }
      if let alias = packet.aliasedTopic { publish.topic = alias }
      let line = PacketLine.words(.publish(publish)).joined(separator: " ")
      return options.showsPayload ? line + preview(publish.payload) : line
    }
  }

  private func preview(_ payload: [UInt8]) -> String {
    if payload.isEmpty { return "" }
    let part = payload.prefix(Self.previewLength)
    let more = payload.count > part.count ? "..." : ""
    if let text = String(validating: part, as: UTF8.self),
      !text.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\t" })
    {
      return " " + text + more
    }
    return " " + part.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + more
  }
}
