// Recognising what is spoken on a connection by its bytes.
//
//   the client's first bytes are CONNECT           MQTT, on any port
//   they are a ClientHello, or records follow      TLS; what is inside is asked again
//   they are a request of HTTP for a WebSocket     WebSocket; what is inside is asked again
//   the beginning was captured and is none of it   something else, unless the port is MQTT's and
//                                                  the bytes are no text
//   no beginning                                   MQTT when packets can be decoded: one on a port
//                                                  of MQTT, two in a row anywhere; the same in
//                                                  frames of WebSocket
//
// Where it is not known which end is the client, both readings are tried.

import Basis
import MQTTCodec

/// What the first bytes say.
enum Recognition {
  /// What is spoken.
  enum Decision {
    case undecided
    case mqtt
    case tls
    /// A handshake of WebSocket.
    case webSocket
    /// Frames of WebSocket without a handshake.
    case webSocketFrames
    case other
  }

  /// Ports that are registered for MQTT.
  private static let knownPorts: Set<UInt16> = [1883, 8883]
  /// Bytes, and pieces of them, after which a connection that says nothing is given up.
  static let openingLimit = 16 << 10
  private static let pieceLimit = 1024

  /// The decision; whether the client turns out to be the server.
  static func decide(_ connection: CapturedConnection) -> (Decision, isReversed: Bool) {
    let toServer = joined(connection.opening, .toServer)
    let toClient = joined(connection.opening, .toClient)
    if beginsWithConnect(toServer.span) { return (.mqtt, false) }
    if beginsWithConnect(toClient.span) { return (.mqtt, true) }
    if connection.tls == nil {
      if let isReversed = secured(toServer, toClient) {
        return (.tls, isReversed && !connection.isDirectionKnown)
      }
    }
    if connection.webSocket == nil, let decision = upgraded(toServer, toClient) { return decision }
    if connection.openingBytes > openingLimit || connection.opening.count > pieceLimit {
      return (.other, false)
    }
    let isKnown =
      knownPorts.contains(connection.facts.server.port)
      || knownPorts.contains(connection.facts.client.port)
    if connection.facts.hasBeginning {
      if mayBegin(toServer, connection) { return (.undecided, false) }
      if !isKnown || isText(toServer) { return (.other, false) }
    }
    return weigh(connection, toServer, toClient, isKnown: isKnown)
  }

  private static func weigh(
    _ connection: CapturedConnection, _ toServer: [UInt8], _ toClient: [UInt8], isKnown: Bool
  ) -> (Decision, isReversed: Bool) {
    let straight = weight(toServer.span, toClient.span)
    let crossed = connection.isDirectionKnown ? nil : weight(toClient.span, toServer.span)
    let best = max(straight ?? -1, crossed ?? -1)
    let needed = isKnown ? 1 : 2
    if best >= needed { return (.mqtt, (straight ?? -1) < (crossed ?? -1)) }
    if connection.webSocket == nil {
      let straight = framedWeight(toServer, toClient)
      let crossed = connection.isDirectionKnown ? nil : framedWeight(toClient, toServer)
      if max(straight ?? -1, crossed ?? -1) >= needed {
        return (.webSocketFrames, (straight ?? -1) < (crossed ?? -1))
      }
      if straight != nil || crossed != nil { return (.undecided, false) }
    }
    if best < 0 { return (isKnown ? .mqtt : .other, false) }
    return (.undecided, false)
  }

  private static func joined(_ pieces: [OpeningPiece], _ direction: Direction) -> [UInt8] {
    pieces.filter { $0.direction == direction }.flatMap(\.bytes)
  }

  /// How many packets can be decoded; nil when one side cannot be MQTT.
  private static func weight(_ toServer: Span<UInt8>, _ toClient: Span<UInt8>) -> Int? {
    var count = 0
    for direction in [Direction.toServer, .toClient] {
      let side = direction == .toServer ? toServer : toClient
      if side.isEmpty { continue }
      switch Plausibility.of(side, at: 0, direction, nil) {
      case .refuted: return nil
      case .open: break
      case .packets(let packets): count += packets
      }
    }
    return count
  }

  /// The same of what is in frames of WebSocket; nil when one side cannot be that.
  private static func framedWeight(_ toServer: [UInt8], _ toClient: [UInt8]) -> Int? {
    guard let up = unframed(toServer, .toServer), let down = unframed(toClient, .toClient) else {
      return nil
    }
    return weight(up.span, down.span)
  }

  private static func unframed(_ bytes: [UInt8], _ direction: Direction) -> [UInt8]? {
    if bytes.isEmpty { return [] }
    // Binary, whole or the first of several; pings are met between packets too.
    if ![0x82, 0x02, 0x89, 0x8A].contains(bytes[0]) { return nil }
    var half = WebSocketHalf(direction, hasHead: false)
    var output = WebSocketOutput()
    half.read(bytes.span, nil, &output)
    for event in output.events {
      if case .malformed = event { return nil }
    }
    return output.payload.bytes
  }

  // MARK: First bytes

  /// Whether a beginning that was captured may still turn out to be something that is known.
  private static func mayBegin(_ toServer: [UInt8], _ connection: CapturedConnection) -> Bool {
    if toServer.isEmpty { return true }
    if toServer[0] == 0x10 {
      guard let start = nameStart(toServer.span) else { return toServer.count < 5 }
      return toServer.count < start + 6
    }
    if connection.webSocket == nil, mayBeRequest(toServer) { return true }
    return connection.tls == nil && toServer[0] == 0x16 && toServer.count < 6
  }

  /// `MQTT` or `MQIsdp` behind the fixed header of a CONNECT.
  static func beginsWithConnect(_ bytes: Span<UInt8>) -> Bool {
    guard let start = nameStart(bytes), bytes.count >= start + 6 else { return false }
    let length = bytes.number(at: start, .big, bytes: 2)
    let name = bytes.number(at: start + 2, .big, bytes: 4)
    return length == 4 && name == 0x4D51_5454 || length == 6 && name == 0x4D51_4973
  }

  private static func nameStart(_ bytes: Span<UInt8>) -> Int? {
    if bytes.count < 2 || bytes[0] != 0x10 { return nil }
    var offset = 1
    while offset < 5 {
      if offset >= bytes.count { return nil }
      if bytes[offset] < 0x80 { return offset + 1 }
      offset += 1
    }
    return nil
  }

  /// Whether the bytes are records of TLS, and of which end; nil when they are none.
  private static func secured(_ toServer: [UInt8], _ toClient: [UInt8]) -> Bool? {
    for (bytes, isReversed) in [(toServer, false), (toClient, true)] where bytes.count >= 6 {
      let isRecord = bytes[1] == 3 && bytes[2] <= 4 && Int(bytes[3]) << 8 + Int(bytes[4]) > 0
      if isRecord, bytes[0] == 0x16, bytes[5] == 1 { return isReversed }
      // The answer, or what follows: the port has to tell which end is the client.
      if isRecord, bytes[0] == 0x16, bytes[5] == 2 { return !isReversed }
      if bytes[0] == 0x17, bytes[1] == 3, bytes[2] == 3, chains(bytes) { return false }
    }
    return nil
  }

  /// Whether records follow each other.
  private static func chains(_ bytes: [UInt8]) -> Bool {
    var position = 0
    for _ in 0..<3 {
      if bytes.count - position < TLSRecord.headerLength { return position > 0 }
      let length = Int(bytes[position + 3]) << 8 | Int(bytes[position + 4])
      if !(20...23).contains(bytes[position]) || bytes[position + 1] != 3
        || length > TLSRecord.lengthLimit
      {
        return false
      }
      position += TLSRecord.headerLength + length
      if position == bytes.count { return true }
      if position > bytes.count { return true }
    }
    return true
  }

  /// Whether a request of HTTP asks for a WebSocket; nil when there is none, or only a part of it.
  private static func upgraded(
    _ toServer: [UInt8], _ toClient: [UInt8]
  ) -> (Decision, isReversed: Bool)? {
    for (bytes, isReversed) in [(toServer, false), (toClient, true)] where mayBeRequest(bytes) {
      guard let end = endOfHead(bytes) else { return nil }
      let head = String(decoding: bytes[..<end], as: UTF8.self).lowercased()
      return (head.contains("websocket") ? .webSocket : .other, isReversed)
    }
    return nil
  }

  /// Whether the bytes begin as a request of HTTP for a page does.
  private static func mayBeRequest(_ bytes: [UInt8]) -> Bool {
    !bytes.isEmpty && zip(bytes, "GET /".utf8).allSatisfy { $0 == $1 }
  }

  /// Whether the bytes begin as other protocols do that talk in lines of text.
  ///
  /// HTTP, SSH and SMTP do, and no client of MQTT.
  private static func isText(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 4
      && bytes.prefix(16).allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x0A || $0 == 0x0D }
  }

  /// Where the empty line stands that ends a head; nil when there is none.
  private static func endOfHead(_ bytes: [UInt8]) -> Int? {
    var lineStart = 0
    for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") {
      let length = index - lineStart
      if length == 0 || (length == 1 && bytes[lineStart] == UInt8(ascii: "\r")) { return index }
      lineStart = index + 1
    }
    return nil
  }
}
