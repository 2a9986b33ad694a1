// The server's side of the handshake (RFC 6455, 4.2): whether a request may become a WebSocket, and
// the answer to it. Whoever comes with a browser or curl instead gets an answer that tells what
// this port is for.

import HTTP
import Text

/// What a server asks of the requests that want to become WebSockets.
package struct WebSocketTerms: Sendable, Equatable {
  /// The paths that are served, without queries; empty is any.
  package var paths: [String] = []
  /// The origins whose pages may connect, such as `https://example.org`; empty is any.
  ///
  /// A request without an Origin header does not come from a page and is let in.
  package var origins: [String] = []
  /// Longest head of a request, in bytes.
  package var headerLimitBytes = 8192

  /// Any path and any origin.
  package init() {}
}

/// Why a request does not become a WebSocket.
package enum HandshakeRefusal: Error, Sendable, Equatable {
  /// It begins with a CONNECT packet of MQTT.
  case plainMQTT
  /// It is no request of HTTP.
  case malformed(String)
  /// Its head is longer than so many bytes.
  case tooLong(limitBytes: Int)
  /// A page or a file is asked for.
  case notWebSocket(request: String)
  /// Another version of WebSocket than 13.
  case version(String)
  /// What the handshake needs is missing or wrong, as the words say.
  case incomplete(String)
  /// A path that is not served.
  case path(String)
  /// A page of that origin may not connect.
  case origin(String)
  /// The subprotocol mqtt is not among those offered.
  case subprotocol(offered: String)

  /// The status line's part of the answer.
  var status: String {
    switch self {
    case .plainMQTT, .malformed, .incomplete, .subprotocol: "400 Bad Request"
    case .tooLong: "431 Request Header Fields Too Large"
    case .notWebSocket, .version: "426 Upgrade Required"
    case .path: "404 Not Found"
    case .origin: "403 Forbidden"
    }
  }
}

extension HandshakeRefusal: CustomStringConvertible {
  /// As part of a log line, in lower case and without a full stop.
  package var description: String {
    switch self {
    case .plainMQTT:
      "a CONNECT packet without WebSocket on a port that speaks WebSocket only; let the client use "
        + "a port for plain MQTT, or speak WebSocket (--ws)"
    case .malformed(let reason): "no WebSocket handshake: \(reason)"
    case .tooLong(let limit): "the WebSocket request's head is longer than \(limit) bytes"
    case .notWebSocket(let request):
      "an HTTP request on a WebSocket port that asks for no WebSocket: \(request.shortened)"
    case .version(let version):
      "WebSocket version \(version.shortened) is not spoken here, only 13"
    case .incomplete(let reason): "the WebSocket handshake is not complete: \(reason)"
    case .path(let path): "nothing is served at the WebSocket path \(path.shortened)"
    case .origin(let origin):
      "pages of the origin \(origin.shortened) may not connect"
    case .subprotocol(let offered):
      offered.isEmpty
        ? "the WebSocket client offers no subprotocol, and has to offer mqtt"
        : "the WebSocket client offers the subprotocol \(offered.shortened) and has to offer mqtt"
    }
  }

  /// What the peer is told in the body of the answer.
  var advice: String {
    switch self {
    case .plainMQTT, .malformed, .tooLong, .incomplete: "\(self)."
    case .notWebSocket, .version:
      "This is an MQTT broker. Connect with WebSocket, version 13, and the subprotocol mqtt: "
        + "new WebSocket(url, \"mqtt\") in a browser, or an MQTT client and a URL like "
        + "ws://HOST:PORT/mqtt."
    case .path, .origin: "\(self); the broker's settings decide that."
    case .subprotocol:
      "\(self): new WebSocket(url, \"mqtt\") in a browser. [MQTT-6.0.0-3]"
    }
  }

  /// The answer, complete.
  var answer: String {
    let body = advice + "\n"
    var head = HeadWriter(status: status)
    switch self {
    case .notWebSocket, .version:
      head.add("Upgrade", "websocket")
      head.add("Connection", "Upgrade, close")
      head.add("Sec-WebSocket-Version", "13")
    case .plainMQTT, .malformed, .tooLong, .incomplete, .path, .origin, .subprotocol:
      head.add("Connection", "close")
    }
    head.add("Content-Type", "text/plain; charset=utf-8")
    head.add("Content-Length", "\(body.utf8.count)")
    head.add("Cache-Control", "no-store")
    return head.whole + body
  }
}

extension WebSocketTerms {
  /// The answer that makes a WebSocket of the request with this head.
  func accept(_ bytes: [UInt8]) throws(HandshakeRefusal) -> String {
    let head: MessageHead
    do throws(MalformedHead) { head = try MessageHead(bytes) } catch {
      throw .malformed(error.description)
    }
    guard let line = RequestLine(head.startLine) else {
      throw .malformed("it begins with '\(head.startLine.shortened)'")
    }
    guard line.method == "GET", head.contains("websocket", in: "upgrade"),
      head.contains("upgrade", in: "connection")
    else { throw .notWebSocket(request: "\(line.method) \(line.target)") }
    if line.version != "HTTP/1.1" { throw .incomplete("it needs HTTP/1.1, not \(line.version)") }
    if head.count(of: "host") != 1 { throw .incomplete("it needs one Host header") }
    let version = head["sec-websocket-version"] ?? "(none)"
    if version != "13" { throw .version(version) }
    guard head.count(of: "sec-websocket-key") == 1, let key = head["sec-websocket-key"],
      HandshakeKey.isKey(key)
    else { throw .incomplete("Sec-WebSocket-Key has to be 16 bytes in Base64") }
    try check(path: line.path)
    try check(origin: head["origin"])
    var answer = HeadWriter(status: "101 Switching Protocols")
    answer.add("Upgrade", "websocket")
    answer.add("Connection", "Upgrade")
    answer.add("Sec-WebSocket-Accept", HandshakeKey.accepted(key))
    answer.add("Sec-WebSocket-Protocol", try subprotocol(head))
    return answer.whole
  }

  private func check(path: String) throws(HandshakeRefusal) {
    if !paths.isEmpty, !paths.contains(path) { throw .path(path) }
  }

  /// Scheme and host have no upper and lower case, and an origin has nothing else.
  private func check(origin: String?) throws(HandshakeRefusal) {
    guard let origin, !origins.isEmpty else { return }
    let wanted = origin.lowercased()
    if !origins.contains(where: { $0.lowercased() == wanted }) { throw .origin(origin) }
  }

  /// The name of MQTT, or the one that clients of MQTT 3.1 use, whichever is offered.
  /// [MQTT-6.0.0-4]
  private func subprotocol(_ head: MessageHead) throws(HandshakeRefusal) -> String {
    let offered = head.list("sec-websocket-protocol")
    if offered.contains("mqtt") { return "mqtt" }
    if offered.contains("mqttv3.1") { return "mqttv3.1" }
    throw .subprotocol(offered: offered.joined(separator: ", "))
  }
}
