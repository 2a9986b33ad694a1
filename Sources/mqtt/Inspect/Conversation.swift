// `--follow CLIENT`: what one client says and hears, connection by connection, to be read like a
// letter exchange: whole payloads, JSON laid out, and the time that passed.

import Basis
import Capture
import Commands
import MQTTCodec
import Text

/// Writes the conversation of a client.
final class Conversation: PacketTeller {
  /// Bytes of a payload that are shown.
  private static let payloadLimit = 64 << 10

  private let text: PacketText
  private let brief: PacketText
  private let client: String
  private let selection: PacketSelection
  private var output = InspectOutput()
  private var streams: Set<Int> = []
  private var lastTime: Int64?
  private var count = 0

  init(_ options: InspectOptions, _ client: String) {
    text = PacketText(options)
    var brief = options
    brief.showsPayload = false
    self.brief = PacketText(brief)
    self.client = client
    selection = options.selection
  }

  func tell(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts,
    _ pairing: Pairing?
  ) {
    if connection.clientIdentifier?.exact != client.exact { return }
    count += 1
    if streams.insert(connection.number).inserted { open(packet, connection) }
    var pause = ""
    if let time = packet.stamp.timeNanoseconds {
      if let lastTime, time - lastTime >= 1_000_000_000 {
        pause = "              ... \(PacketText.duration(time - lastTime))\n"
      }
      lastTime = time
    }
    let who = packet.direction == .toServer ? client : "broker"
    var line = "\(PacketText.elapsed(packet.stamp).rightAligned(12))  \(who): "
    line += brief.line(packet, bytes, connection)
    if let latency = pairing?.latencyNanoseconds, let pairing {
      line += " (\(PacketText.duration(latency)) after frame \(pairing.frame))"
    }
    output.buffer.append(utf8: pause + line.onOneLine + "\n")
    if case .publish(let view) = packet.content, text.showsPayload {
      write(payload: bytes.extracting(view.payload))
    }
    output.flushIfLarge()
  }

  private func open(_ packet: CapturedPacket, _ connection: ConnectionFacts) {
    if count > 1 { output.buffer.append(UInt8(ascii: "\n")) }
    var words = "\(client), \(connection.client) to \(connection.server), "
    words += "MQTT \(connection.version.number), stream \(connection.number)"
    if let tls = connection.tls { words += ", \(tls.version ?? "TLS")" }
    if let webSocket = connection.webSocket { words += ", WebSocket on \(webSocket.path)" }
    if !connection.hasBeginning { words += ", begun before the capture" }
    output.buffer.append(utf8: words.onOneLine + "\n")
  }

  private func write(payload: Span<UInt8>) {
    var bytes: [UInt8] = []
    for index in 0..<min(payload.count, Self.payloadLimit) { bytes.append(payload[index]) }
    if bytes.isEmpty { return }
    var lines: [Substring]
    if payload.count == bytes.count,
      let value = JSONValue(parsing: bytes, keepsNumbers: true), value.isStructure
    {
      lines = value.prettyText.split(separator: "\n", omittingEmptySubsequences: false)
    } else if let text = String(validating: bytes, as: UTF8.self),
      text.split(whereSeparator: \.isNewline).allSatisfy({ PacketText.isPrintable(String($0)) })
    {
      lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    } else {
      lines = Self.hexadecimal(bytes)
    }
    if payload.count > bytes.count {
      lines.append("... \(payload.count - bytes.count) more bytes")
    }
    for line in lines {
      output.buffer.append(utf8: "                " + line + "\n")
    }
  }

  /// Sixteen bytes a line.
  private static func hexadecimal(_ bytes: [UInt8]) -> [Substring] {
    stride(from: 0, to: bytes.count, by: 16).map { start in
      let row = bytes[start..<min(start + 16, bytes.count)]
      return Substring(
        row.map(\.hexadecimal).joined(separator: " "))
    }
  }

  func tell(_ event: ConnectionEvent, _ stamp: FrameStamp, _ connection: ConnectionFacts) {
    if connection.clientIdentifier?.exact != client.exact { return }
    var line: String?
    if case .closed(let direction, let isReset) = event {
      let who = direction == .toServer ? client : "broker"
      line = "\(who) \(isReset ? "resets" : "closes") the connection"
    } else {
      line = PacketText.line(event).map { $0 + PacketText.facts(event, connection) }
    }
    guard let line else { return }
    output.buffer.append(utf8: "\(PacketText.elapsed(stamp).rightAligned(12))  \(line.onOneLine)\n")
    output.flushIfLarge()
  }

  func tellEnd(_ watch: ProtocolWatch) {
    let own = watch.findings.filter { $0.client == client && selection.selects($0) }
    if !own.isEmpty { output.buffer.append(UInt8(ascii: "\n")) }
    for finding in own { output.buffer.append(utf8: finding.description + "\n") }
    (streams, lastTime) = ([], nil)
  }

  func finish() {
    if count == 0 { output.buffer.append(utf8: "no packet of \(client)\n") }
    output.flush()
  }
}
