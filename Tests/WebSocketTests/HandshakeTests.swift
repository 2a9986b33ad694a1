// Both sides of the handshake: what is let in, what is refused, and in which words.

import HTTP
import Testing
import WebSocket

@Suite struct HandshakeTests {
  @Test func `a server answers the request of RFC 6455 with its accept key [MQTT-6.0.0-4]`() {
    var server = WebSocketConnection(server: WebSocketTerms())
    let outcome = feed(&server, request())
    #expect(
      outcome.answerText == """
        HTTP/1.1 101 Switching Protocols\r
        Upgrade: websocket\r
        Connection: Upgrade\r
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r
        Sec-WebSocket-Protocol: mqtt\r
        \r\n
        """)
    #expect(outcome.hasOpened)
    #expect(server.isOpen)
  }

  @Test func `a request that is split anywhere, with frames behind it, is understood`() {
    let bytes = request() + binary([1, 2, 3])
    for split in 1..<bytes.count {
      var server = WebSocketConnection(server: WebSocketTerms())
      let outcome = feed(&server, bytes, stretches: [split])
      #expect(outcome.hasOpened)
      #expect(outcome.payload == [1, 2, 3])
    }
  }

  @Test(arguments: [
    ("mqtt", "mqtt"), ("mqttv3.1", "mqttv3.1"), ("mqttv3.1, mqtt", "mqtt"), ("x,mqtt", "mqtt"),
  ])
  func `the subprotocol of MQTT is chosen from those that are offered [MQTT-6.0.0-4]`(
    offered: String, chosen: String
  ) {
    var server = WebSocketConnection(server: WebSocketTerms())
    let outcome = feed(&server, request(protocols: offered))
    #expect(outcome.answerText.contains("Sec-WebSocket-Protocol: \(chosen)\r\n"))
  }

  static let refusals: [([UInt8], HandshakeRefusal, String)] = [
    ([0x10, 12, 0, 4], .plainMQTT, "400 "),
    ([0x16, 3, 1], .malformed("it begins with the byte 22"), "400 "),
    (request(start: "GET /"), .malformed("it begins with 'GET /'"), "400 "),
    (request(changing: ["Upgrade": nil]), .notWebSocket(request: "GET /mqtt"), "426 "),
    (request(changing: ["Connection": "close"]), .notWebSocket(request: "GET /mqtt"), "426 "),
    (request(start: "POST /x HTTP/1.1"), .notWebSocket(request: "POST /x"), "426 "),
    (request(start: "GET / HTTP/1.0"), .incomplete("it needs HTTP/1.1, not HTTP/1.0"), "400 "),
    (request(changing: ["Host": nil]), .incomplete("it needs one Host header"), "400 "),
    (request(changing: ["Sec-WebSocket-Version": "8"]), .version("8"), "426 "),
    (request(changing: ["Sec-WebSocket-Version": nil]), .version("(none)"), "426 "),
    (
      request(changing: ["Sec-WebSocket-Key": "c2hvcnQ="]),
      .incomplete("Sec-WebSocket-Key has to be 16 bytes in Base64"), "400 "
    ),
    (
      request(changing: ["Sec-WebSocket-Key": nil]),
      .incomplete("Sec-WebSocket-Key has to be 16 bytes in Base64"), "400 "
    ),
    (request(protocols: nil), .subprotocol(offered: ""), "400 "),
    (request(protocols: "chat"), .subprotocol(offered: "chat"), "400 "),
    (
      request(changing: ["X-\u{7}": "1"]), .malformed("a header line holds control characters"),
      "400 "
    ),
    (
      request(changing: ["X Y": "1"]), .malformed("'X Y' is not the name of a header"), "400 "
    ),
    (
      Array("GET / HTTP/1.1\r\nHost\r\n\r\n".utf8),
      .malformed("the header line 'Host' has no colon"), "400 "
    ),
  ]

  @Test(arguments: refusals) func `a request that makes no WebSocket is refused with its status`(
    bytes: [UInt8], refusal: HandshakeRefusal, status: String
  ) {
    var server = WebSocketConnection(server: WebSocketTerms())
    let outcome = feed(&server, bytes)
    #expect(outcome.end == .refused(refusal))
    #expect(outcome.answerText.hasPrefix("HTTP/1.1 \(status)"))
    #expect(!outcome.hasOpened)
  }

  @Test func `a browser that asks for a page is told what this is`() {
    var server = WebSocketConnection(server: WebSocketTerms())
    let text = feed(&server, Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)).answerText
    #expect(text.hasPrefix("HTTP/1.1 426 Upgrade Required\r\n"))
    #expect(text.contains("Sec-WebSocket-Version: 13\r\n"))
    #expect(text.contains("This is an MQTT broker. Connect with WebSocket, version 13, and the"))
    let (head, body) = parts(text)
    #expect(head.contains("Content-Length: \(body.utf8.count)"))
  }

  @Test func `a typed request with bare line feeds is answered too`() {
    var server = WebSocketConnection(server: WebSocketTerms())
    #expect(feed(&server, Array("GET / HTTP/1.1\n\n".utf8)).answerText.contains("MQTT broker"))
  }

  @Test func `a head that does not end is refused at its limit`() {
    var terms = WebSocketTerms()
    terms.headerLimitBytes = 300
    var server = WebSocketConnection(server: terms)
    let endless = Array("GET / HTTP/1.1\r\nX: ".utf8) + [UInt8](repeating: 65, count: 1000)
    let outcome = feed(&server, endless)
    #expect(outcome.end == .refused(.tooLong(limitBytes: 300)))
    #expect(outcome.answerText.hasPrefix("HTTP/1.1 431 "))
    var patient = WebSocketConnection(server: terms)
    #expect(feed(&patient, Array(endless.prefix(300))).end == nil)
  }

  @Test func `only the paths that are served become WebSockets`() {
    var terms = WebSocketTerms()
    terms.paths = ["/mqtt", "/ws"]
    for (path, isServed) in [
      ("/mqtt", true), ("/ws?token=1", true), ("/", false), ("/MQTT", false),
    ] {
      var server = WebSocketConnection(server: terms)
      let outcome = feed(&server, request(path: path))
      #expect(outcome.hasOpened == isServed)
      if !isServed { #expect(outcome.end == .refused(.path(path))) }
    }
  }

  @Test func `only pages of the origins that are named connect`() {
    var terms = WebSocketTerms()
    terms.origins = ["https://example.org", "http://localhost:8000"]
    let cases: [(String?, Bool)] = [
      ("https://example.org", true), ("HTTPS://Example.org", true), ("http://localhost:8000", true),
      ("https://example.org.evil.net", false), ("http://example.org", false), ("null", false),
      (nil, true),
    ]
    for (origin, isAllowed) in cases {
      var server = WebSocketConnection(server: terms)
      let outcome = feed(&server, request(changing: ["Origin": origin]))
      #expect(outcome.hasOpened == isAllowed)
      if let origin, !isAllowed {
        #expect(outcome.end == .refused(.origin(origin)))
        #expect(outcome.answerText.hasPrefix("HTTP/1.1 403 "))
      }
    }
  }

  @Test func `refusals are told in words`() {
    let words: [(HandshakeRefusal, String)] = [
      (.path("/x"), "nothing is served at the WebSocket path /x"),
      (.origin("https://a.b"), "pages of the origin https://a.b may not connect"),
      (.version("8"), "WebSocket version 8 is not spoken here, only 13"),
      (.tooLong(limitBytes: 300), "the WebSocket request's head is longer than 300 bytes"),
      (
        .subprotocol(offered: ""),
        "the WebSocket client offers no subprotocol, and has to offer mqtt"
      ),
    ]
    for (refusal, text) in words { #expect(refusal.description == text) }
    let long = HandshakeRefusal.path("/" + String(repeating: "x", count: 500)).description
    #expect(long.count < 150)
  }

  // MARK: The client

  @Test func `a client asks for the subprotocol mqtt with its own headers [MQTT-6.0.0-3]`() {
    var wanted = WebSocketRequest(host: "broker:8080", path: "/mqtt?x=1")
    wanted.headers = [.init(name: "Authorization", value: "Bearer a")]
    let (_, text) = freshClient(wanted)
    #expect(
      text == """
        GET /mqtt?x=1 HTTP/1.1\r
        Host: broker:8080\r
        Upgrade: websocket\r
        Connection: Upgrade\r
        Sec-WebSocket-Version: 13\r
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
        Sec-WebSocket-Protocol: mqtt\r
        Authorization: Bearer a\r
        \r\n
        """)
  }

  @Test func `a header Host of the user's takes the place of ours`() {
    var wanted = WebSocketRequest(host: "broker:8080", path: "/")
    wanted.headers = [.init(name: "Host", value: "other")]
    let (_, text) = freshClient(wanted)
    #expect(text.contains("\r\nHost: other\r\n"))
    #expect(!text.contains("broker:8080"))
  }

  @Test func `an answer that is split anywhere, with frames behind it, opens the client`() {
    let (_, request) = freshClient()
    let bytes = Array(answer(to: request).utf8) + frame(2, [1, 2], key: nil)
    for split in 1..<bytes.count {
      var (client, _) = freshClient()
      let outcome = feed(&client, bytes, stretches: [split])
      #expect(outcome.hasOpened)
      #expect(outcome.payload == [1, 2])
    }
  }

  static let failures: [(String, HandshakeFailure, String)] = [
    (
      "HTTP/1.1 404 Not Found\r\n\r\n", .status("404 Not Found", location: nil, text: nil),
      "the server answers the WebSocket handshake with 404 Not Found"
    ),
    (
      "HTTP/1.1 302 Found\r\nLocation: https://x/y\r\n\r\n",
      .status("302 Found", location: "https://x/y", text: nil),
      "the server answers the WebSocket handshake with 302 Found; it refers to https://x/y"
    ),
    (
      "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n\r\nnot you.\r\n",
      .status("403 Forbidden", location: nil, text: "not you"),
      "the server answers the WebSocket handshake with 403 Forbidden: not you"
    ),
    (
      answer(to: "", changing: ["Sec-WebSocket-Protocol": nil]), .subprotocol(chosen: nil),
      "the server speaks WebSocket but does not choose the subprotocol mqtt; is there an MQTT "
        + "broker at this path?"
    ),
    (
      answer(to: "", changing: ["Sec-WebSocket-Protocol": "chat"]), .subprotocol(chosen: "chat"),
      "the server speaks WebSocket but chooses the subprotocol chat, not mqtt"
    ),
    (
      answer(to: "", changing: ["Sec-WebSocket-Accept": "x"]),
      .wrong("Sec-WebSocket-Accept does not belong to our key"),
      "the server's WebSocket handshake is wrong: Sec-WebSocket-Accept does not belong to our key"
    ),
    (
      answer(to: "", changing: ["Upgrade": nil]),
      .wrong("it has no header Upgrade: websocket"),
      "the server's WebSocket handshake is wrong: it has no header Upgrade: websocket"
    ),
    (
      answer(to: "", changing: ["Connection": "close"]),
      .wrong("it has no header Connection: Upgrade"),
      "the server's WebSocket handshake is wrong: it has no header Connection: Upgrade"
    ),
    (
      answer(to: "", changing: ["Sec-WebSocket-Extensions": "permessage-deflate"]),
      .wrong("it uses the extension permessage-deflate, which was not offered"),
      "the server's WebSocket handshake is wrong: it uses the extension permessage-deflate, which "
        + "was not offered"
    ),
    (
      "220 mail.example.org\r\n\r\n", .malformed("it begins with '220 mail.example.org'"),
      "the answer to the WebSocket handshake is not HTTP: it begins with '220 mail.example.org'"
    ),
  ]

  @Test(arguments: failures) func `an answer that makes no WebSocket is explained`(
    text: String, failure: HandshakeFailure, words: String
  ) {
    var (client, _) = freshClient()
    let outcome = feed(&client, Array(text.utf8))
    #expect(outcome.end == .failed(failure))
    #expect("\(failure)" == words)
  }

  @Test func `an answer without an end is given up at its limit`() {
    var wanted = WebSocketRequest(host: "x", path: "/")
    wanted.headerLimitBytes = 100
    var (client, _) = freshClient(wanted)
    let outcome = feed(&client, [UInt8](repeating: 72, count: 200))
    #expect(outcome.end == .failed(.tooLong(limitBytes: 100)))
  }

  @Test func `only an error of the server's is worth another attempt`() {
    #expect(WebSocketEnd.failed(.status("503 Busy", location: nil, text: nil)).isTemporary)
    #expect(!WebSocketEnd.failed(.status("404 No", location: nil, text: nil)).isTemporary)
  }

  @Test(arguments: [
    ("sec-websocket-key", true), ("Upgrade", true), ("CONNECTION", true), ("Host", false),
  ])
  func `headers that the handshake sets itself are known`(name: String, isItsOwn: Bool) {
    #expect(HeaderField(name: name, value: "x").isOfWebSocket == isItsOwn)
  }

  private func parts(_ text: String) -> (String, String) {
    guard let end = text.firstRange(of: "\r\n\r\n") else { return (text, "") }
    return (String(text[..<end.lowerBound]), String(text[end.upperBound...]))
  }
}
