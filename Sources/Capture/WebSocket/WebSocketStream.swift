// Both directions of a WebSocket and the handshake between them.

import HTTP
import MQTTCodec
import WebSocket

/// The state of a WebSocket.
struct WebSocketStream {
  private(set) var facts: WebSocketFacts
  private var toServer: WebSocketHalf
  private var toClient: WebSocketHalf
  /// Whether a subprotocol of MQTT was offered.
  private(set) var offersMQTT = false

  /// A connection whose first bytes are still to come, and whose client speaks HTTP.
  init() {
    facts = WebSocketFacts(path: "")
    toServer = WebSocketHalf(.toServer, hasHead: true)
    toClient = WebSocketHalf(.toClient, hasHead: true)
  }

  /// A connection whose handshake is not in the capture.
  init(withoutHandshake: Void) {
    facts = WebSocketFacts(path: "")
    toServer = WebSocketHalf(.toServer, hasHead: false)
    toClient = WebSocketHalf(.toClient, hasHead: false)
  }

  /// Bytes that both directions keep in the hope of more.
  var keptBytes: Int { toServer.keptBytes + toClient.keptBytes }

  /// Gives up, where what is kept takes too much.
  mutating func release() {
    if keptBytes == 0 { return }
    toServer.end()
    toClient.end()
  }

  /// Takes the next bytes of a direction.
  mutating func read(
    _ bytes: Span<UInt8>, _ direction: Direction, _ services: (any CaptureServices)?,
    _ output: inout WebSocketOutput
  ) {
    var start = 0
    if direction == .toServer ? toServer.isInHead : toClient.isInHead {
      let found = direction == .toServer ? toServer.readHead(bytes) : toClient.readHead(bytes)
      guard let found else { return }
      if direction == .toServer {
        learnRequest(found.head)
      } else {
        learnAnswer(found.head, services, &output)
      }
      start = found.end
    }
    let rest = bytes.extracting(start..<bytes.count)
    if direction == .toServer {
      toServer.read(rest, services, &output)
    } else {
      toClient.read(rest, services, &output)
    }
  }

  /// Bytes of a direction are not in the capture.
  mutating func miss(_ count: Int, _ output: inout WebSocketOutput, _ direction: Direction) {
    if direction == .toServer {
      toServer.miss(count, &output)
    } else {
      toClient.miss(count, &output)
    }
  }

  private mutating func learnRequest(_ bytes: [UInt8]) {
    guard let head = try? MessageHead(bytes) else { return }
    let parts = head.startLine.split(separator: " ")
    facts.path = parts.count > 1 ? String(parts[1]) : ""
    facts.host = head["host"]
    let offered = head.list("sec-websocket-protocol")
    offersMQTT = offered.contains("mqtt") || offered.contains("mqttv3.1")
  }

  private mutating func learnAnswer(
    _ bytes: [UInt8], _ services: (any CaptureServices)?, _ output: inout WebSocketOutput
  ) {
    let head = try? MessageHead(bytes)
    let status = head?.startLine.split(separator: " ", maxSplits: 1).dropFirst().first
    guard let head, let status, status == "101" || status.hasPrefix("101 ") else {
      toServer.end()
      toClient.end()
      output.events.append(.refused(status.map { String($0) } ?? "no answer of HTTP"))
      return
    }
    facts.subprotocol = head["sec-websocket-protocol"]
    output.events.append(.opened)
    let compression = head.list("sec-websocket-extensions").first {
      $0.hasPrefix("permessage-deflate")
    }
    guard let compression else { return }
    facts.isCompressed = true
    if let inflater = services?.makeInflater() {
      toServer.agree(
        on: .init(
          inflater: inflater, renews: compression.contains("client_no_context_takeover")))
    }
    if let inflater = services?.makeInflater() {
      toClient.agree(
        on: .init(
          inflater: inflater, renews: compression.contains("server_no_context_takeover")))
    }
  }
}
