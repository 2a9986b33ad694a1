// A captured packet in words: the same for lines, conversations and ladders.

import Basis
import Capture
import Commands
import MQTTCodec
import Text

/// Writes packets as words.
struct PacketText {
  /// Bytes of a payload that a preview shows.
  private static let previewLength = 64

  let showsSecrets: Bool
  let showsPayload: Bool

  init(_ options: InspectOptions) {
    showsSecrets = options.showsSecrets
    showsPayload = options.showsPayload
  }

  /// `PUBLISH id 3 QoS 1 "sensor/temp" 4 bytes: 21.5`.
  func line(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts
  ) -> String {
    switch packet.content {
    case .packet(let content):
      var words = PacketLine.words(content)
      if showsSecrets, case .connect(let connect) = content, let password = connect.password,
        let place = words.firstIndex(of: "password")
      {
        words[place] = "password \(Self.preview(password))"
      }
      return words.joined(separator: " ")
    case .malformed(let error): return "malformed \(error)"
    case .incomplete(let missing):
      let facts = PacketBeginning(packet, bytes, connection).facts.flatMap { PacketLine.words($0) }
      let name = ([packet.header?.type.name ?? "packet"] + facts).joined(separator: " ")
      return "\(name), of which the capture lacks \(Counted.text(missing, "byte"))"
    case .publish(let view):
      guard let publish = Self.publish(packet, view, bytes) else { return "PUBLISH" }
      let line = PacketLine.words(.publish(publish)).joined(separator: " ")
      if !showsPayload || publish.payload.isEmpty { return line }
      return line + ": " + Self.preview(publish.payload)
    }
  }

  /// The message with the topic that its alias stands for.
  static func publish(
    _ packet: CapturedPacket, _ view: PublishView, _ bytes: Span<UInt8>
  ) -> Publish? {
    guard var publish = try? Publish(view, in: bytes) else { return nil }
    if let topic = packet.aliasedTopic { publish.topic = topic }
    return publish
  }

  /// The beginning of bytes: text as it is, JSON on one line, anything else as `0x0a1b`.
  static func preview(_ bytes: [UInt8]) -> String {
    if bytes.count <= 4096, bytes.contains(UInt8(ascii: "\n")),
      let value = JSONValue(parsing: bytes, keepsNumbers: true)
    {
      return shortened(value.text)
    }
    let part = bytes.prefix(previewLength)
    // A cut within a character takes the whole character away.
    for length in stride(from: part.count, through: max(0, part.count - 3), by: -1) {
      if let text = String(validating: part.prefix(length), as: UTF8.self), isPrintable(text) {
        return text + (bytes.count > length ? "..." : "")
      }
      if bytes.count <= previewLength { break }
    }
    let digits = part.prefix(previewLength / 2).map(\.hexadecimal)
    return "0x" + digits.joined() + (bytes.count > digits.count ? "..." : "")
  }

  private static func shortened(_ text: String) -> String {
    text.count > previewLength ? text.prefix(previewLength) + "..." : text
  }

  static func isPrintable(_ text: String) -> Bool {
    !text.unicodeScalars.contains(where: \.isControl)
  }

  /// What happened, when it is worth a line.
  static func line(_ event: ConnectionEvent) -> String? {
    switch event {
    case .missing(let direction, let count):
      "\(arrow(direction)) \(Counted.text(count, "byte")) missing from the capture"
    case .resynchronized(let direction, let skipped):
      "\(arrow(direction)) next packet found after \(Counted.text(skipped, "byte"))"
    case .tls(let event): line(event)
    case .webSocket(let event): line(event)
    case .opened, .closed, .recognized, .retransmitted: nil
    }
  }

  private static func line(_ event: TLSEvent) -> String {
    switch event {
    case .clientHello: "→ TLS client hello"
    case .serverHello: "← TLS server hello"
    case .certificates(let direction, let subjects):
      "\(arrow(direction)) TLS certificates: \(subjects.joined(separator: "; "))"
    case .alert(let direction, let isFatal, let name):
      "\(arrow(direction)) TLS alert: \(isFatal ? "fatal" : "warning") \(name)"
    case .earlyData: "→ TLS early data (0-RTT), which cannot be decrypted"
    case .decrypted: "TLS is decrypted from here on"
    case .hidden(let reason): "TLS stays hidden: \(reason)"
    }
  }

  private static func line(_ event: WebSocketEvent) -> String {
    switch event {
    case .opened: "WebSocket opened"
    case .refused(let status): "← WebSocket refused: \(status)"
    case .ping(let direction): "\(arrow(direction)) WebSocket ping"
    case .pong(let direction): "\(arrow(direction)) WebSocket pong"
    case .closing(let direction, let code, let reason):
      "\(arrow(direction)) WebSocket close \(code)" + (reason.isEmpty ? "" : " \"\(reason)\"")
    case .malformed(let direction, let explanation):
      "\(arrow(direction)) WebSocket broken: \(explanation)"
    }
  }

  /// What TLS and WebSocket have said of themselves, for the line of their event.
  static func facts(_ event: ConnectionEvent, _ connection: ConnectionFacts) -> String {
    switch event {
    case .tls(.clientHello):
      let name = connection.tls?.serverName.map { ", server name \($0)" } ?? ""
      let offered = connection.tls?.offeredProtocols ?? []
      return name + (offered.isEmpty ? "" : ", ALPN \(offered.joined(separator: " "))")
    case .tls(.serverHello):
      return [connection.tls?.version, connection.tls?.cipherSuite].compactMap { $0 }
        .map { ", \($0)" }.joined()
    case .webSocket(.opened):
      return connection.webSocket.map { " on \($0.path)" } ?? ""
    case .opened, .closed, .recognized, .missing, .resynchronized, .retransmitted, .tls,
      .webSocket:
      return ""
    }
  }

  /// `→` to the server, `←` to the client.
  static func arrow(_ direction: Direction) -> String { direction == .toServer ? "→" : "←" }

  /// `0.412 ms`, or seconds from one on.
  static func duration(_ nanoseconds: Int64) -> String {
    let value = Double(nanoseconds)
    return nanoseconds < 1_000_000_000
      ? CFormat.text("%.3f", value / 1e6) + " ms" : CFormat.text("%.3f", value / 1e9) + " s"
  }

  /// Seconds since the first frame, with six decimals.
  static func elapsed(_ stamp: FrameStamp) -> String {
    CFormat.text("%.6f", Double(stamp.elapsedNanoseconds) / 1e9)
  }
}

extension ConnectionFacts {
  /// The client identifier on one line, or the client's address where that is not known.
  var clientName: String {
    if let clientIdentifier, !clientIdentifier.isEmpty { return clientIdentifier.onOneLine }
    return "(\(client))"
  }
}

extension String {
  /// Exactly `width` columns: with blanks behind, or with its middle cut out.
  func fitted(to width: Int) -> String { shortened(to: width).leftAligned(width) }
}
