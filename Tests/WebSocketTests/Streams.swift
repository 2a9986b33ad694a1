// Frames written by hand, and a connection that is fed with them in pieces of any size.

import Basis
import WebSocket

/// A frame as RFC 6455, 5.2 draws it; with a key the payload is masked by the book, byte by byte.
func frame(
  _ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, key: [UInt8]? = [1, 2, 3, 4]
) -> [UInt8] {
  var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | opcode]
  let mark: UInt8 = key == nil ? 0 : 0x80
  switch payload.count {
  case ..<126: bytes.append(mark | UInt8(payload.count))
  case ..<65_536:
    bytes += [mark | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
  default:
    bytes.append(mark | 127)
    bytes += (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
  }
  guard let key else { return bytes + payload }
  return bytes + key + payload.enumerated().map { $1 ^ key[$0 & 3] }
}

/// A binary frame of a client.
func binary(_ payload: [UInt8]) -> [UInt8] { frame(2, payload) }

/// A client's request as browsers send it.
func request(
  path: String = "/mqtt", protocols: String? = "mqtt", changing: [String: String?] = [:],
  start: String? = nil
) -> [UInt8] {
  var fields: [(String, String)] = [
    ("Host", "localhost:8080"), ("Upgrade", "websocket"), ("Connection", "keep-alive, Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Version", "13"),
  ]
  if let protocols { fields.append(("Sec-WebSocket-Protocol", protocols)) }
  fields.removeAll { changing.keys.contains($0.0) }
  for (name, value) in changing.sorted(by: { $0.key < $1.key }) {
    if let value { fields.append((name, value)) }
  }
  let lines = [start ?? "GET \(path) HTTP/1.1"] + fields.map { "\($0): \($1)" }
  return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
}

/// Everything that came of feeding a connection.
struct Outcome {
  var payload: [UInt8] = []
  var answer: [UInt8] = []
  var pongs: [UInt8] = []
  var hasOpened = false
  var end: WebSocketEnd?

  var answerText: String { String(decoding: answer, as: UTF8.self) }
}

/// Feeds `bytes` in stretches of these sizes, the last of which goes on to the end.
func feed(
  _ connection: inout WebSocketConnection, _ bytes: [UInt8], stretches: [Int] = []
) -> Outcome {
  var outcome = Outcome()
  var rest = bytes[...]
  var sizes = stretches[...]
  while !rest.isEmpty {
    var stretch = Array(rest.prefix(sizes.popFirst() ?? rest.count))
    rest = rest.dropFirst(stretch.count)
    var reception = receive(&connection, &stretch)
    outcome.payload += stretch[..<reception.payloadCount]
    outcome.answer += reception.answer.take().bytes
    if reception.hasOpened { outcome.hasOpened = true }
    if let end = reception.end { outcome.end = end }
    if let pong = connection.takePong(mask: 0x0403_0201) { outcome.pongs += pong.bytes }
  }
  return outcome
}

private func receive(
  _ connection: inout WebSocketConnection, _ stretch: inout [UInt8]
) -> WebSocketConnection.Reception {
  var span = stretch.mutableSpan
  return connection.receive(&span, mask: 0x0403_0201)
}

/// A server's end that has shaken hands.
func openServer() -> WebSocketConnection {
  var server = WebSocketConnection(server: WebSocketTerms())
  _ = feed(&server, request())
  return server
}

/// A client's end that has shaken hands.
func openClient() -> WebSocketConnection {
  var (client, key) = freshClient()
  _ = feed(&client, Array(answer(to: key).utf8))
  return client
}

/// A client's end that waits for the answer to its request, and the key in that.
func freshClient(
  _ request: WebSocketRequest = WebSocketRequest(host: "localhost", path: "/mqtt")
) -> (WebSocketConnection, String) {
  var output = ByteBuffer()
  let client = WebSocketConnection(
    client: request, random: Array("the sample nonce".utf8), output: &output)
  return (client, String(decoding: output.bytes, as: UTF8.self))
}

/// What a server answers to the sample nonce of RFC 6455, 1.3.
func answer(to request: String, changing: [String: String?] = [:]) -> String {
  var fields = [
    "Upgrade": "websocket", "Connection": "Upgrade",
    "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Sec-WebSocket-Protocol": "mqtt",
  ]
  for (name, value) in changing { fields[name] = value }
  return "HTTP/1.1 101 Switching Protocols\r\n"
    + fields.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined() + "\r\n"
}
