// The client's side of the handshake (RFC 6455, 4.1): the request, and whether the server's answer
// makes a WebSocket of the connection.

package import HTTP
import Text

/// What a client asks for.
package struct WebSocketRequest: Sendable, Equatable {
  /// What the server is called in the Host header, with its port unless that is the usual one.
  package var host: String
  /// The path and perhaps a query; begins with a slash.
  package var path: String
  /// Further headers, in their order.
  package var headers: [HeaderField] = []
  /// Longest head of an answer that is read, in bytes.
  package var headerLimitBytes = 16_384

  /// A request without further headers.
  package init(host: String, path: String) {
    self.host = host
    self.path = path
  }
}

extension HeaderField {
  /// Whether the handshake of a WebSocket sets this field itself.
  package var isOfWebSocket: Bool {
    let name = name.lowercased()
    return name == "upgrade" || name == "connection" || name.hasPrefix("sec-websocket-")
  }
}

/// Why a server's answer makes no WebSocket.
package enum HandshakeFailure: Error, Sendable, Equatable {
  /// The answer is no HTTP.
  case malformed(String)
  /// The answer's head is longer than so many bytes.
  case tooLong(limitBytes: Int)
  /// Another status than 101: the status line's part, where the server sends us instead, and the
  /// first line of a text that explains it.
  case status(String, location: String?, text: String?)
  /// The answer says 101 but is not the one that the standard demands.
  case wrong(String)
  /// The server did not choose the subprotocol mqtt; what it chose, if anything.
  case subprotocol(chosen: String?)
}

extension HandshakeFailure: CustomStringConvertible {
  /// As part of a sentence, without a full stop.
  package var description: String {
    switch self {
    case .malformed(let reason): "the answer to the WebSocket handshake is not HTTP: \(reason)"
    case .tooLong(let limit):
      "the head of the answer to the WebSocket handshake is longer than \(limit) bytes"
    case .status(let status, let location, let text):
      "the server answers the WebSocket handshake with \(status.shortened)"
        + (location.map { "; it refers to \($0.shortened)" } ?? "")
        + (text.map { ": \($0)" } ?? "")
    case .wrong(let reason): "the server's WebSocket handshake is wrong: \(reason)"
    case .subprotocol(nil):
      "the server speaks WebSocket but does not choose the subprotocol mqtt; is there an MQTT "
        + "broker at this path?"
    case .subprotocol(let chosen?):
      "the server speaks WebSocket but chooses the subprotocol \(chosen.shortened), not mqtt"
    }
  }

  /// Whether the same attempt may succeed a little later: a proxy without its broker says so.
  package var isTemporary: Bool {
    if case .status(let status, _, _) = self { return status.hasPrefix("5") }
    return false
  }
}

extension WebSocketRequest {
  /// The request with this key. [MQTT-6.0.0-3]
  func text(key: String) -> String {
    var head = HeadWriter(method: "GET", target: path)
    if !headers.contains(where: { $0.name.lowercased() == "host" }) { head.add("Host", host) }
    head.add("Upgrade", "websocket")
    head.add("Connection", "Upgrade")
    head.add("Sec-WebSocket-Version", "13")
    head.add("Sec-WebSocket-Key", key)
    head.add("Sec-WebSocket-Protocol", "mqtt")
    for header in headers { head.add(header.name, header.value) }
    return head.whole
  }

  /// Reads the head of the answer to the request with this key; `body` is what came after it.
  func check(_ bytes: [UInt8], key: String, body: [UInt8]) throws(HandshakeFailure) {
    let head: MessageHead
    do throws(MalformedHead) { head = try MessageHead(bytes) } catch {
      throw .malformed(error.description)
    }
    guard let line = StatusLine(head.startLine) else {
      throw .malformed("it begins with '\(head.startLine.shortened)'")
    }
    if !line.hasCode("101") {
      let isRedirect = line.status.hasPrefix("3")
      throw .status(
        line.status, location: isRedirect ? head["location"] : nil,
        text: Self.firstLine(body, head))
    }
    if !head.contains("websocket", in: "upgrade") {
      throw .wrong("it has no header Upgrade: websocket")
    }
    if !head.contains("upgrade", in: "connection") {
      throw .wrong("it has no header Connection: Upgrade")
    }
    if head["sec-websocket-accept"] != HandshakeKey.accepted(key) {
      throw .wrong("Sec-WebSocket-Accept does not belong to our key")
    }
    if let unasked = head["sec-websocket-extensions"], !unasked.isEmpty {
      throw .wrong("it uses the extension \(unasked.shortened), which was not offered")
    }
    let chosen = head["sec-websocket-protocol"]
    if chosen != "mqtt" { throw .subprotocol(chosen: chosen) }
  }

  /// What a server of few words says in plain text.
  private static func firstLine(_ body: [UInt8], _ head: MessageHead) -> String? {
    guard head["content-type"]?.hasPrefix("text/plain") == true else { return nil }
    var line = body.prefix { $0 != UInt8(ascii: "\n") }[...]
    if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
    guard !line.isEmpty, line.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
    let text = String(decoding: line, as: UTF8.self)
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }
}
