// Bad input on WebSocket ports: no leak, no crash, no harm to others, and an answer or a log line
// that says what was wrong.

import LiveSupport
import MQTTCodec
import Testing

struct WebSocketRobustnessTests {
  @Test func `wrong frames get a close code and their client a log line`() throws {
    let broker = try LiveBroker(speaksWebSocket: true)
    let cases: [([UInt8], UInt8, String)] = [
      ([0x82, 1, 7], 0xEA, "a WebSocket frame of a client without a mask"),
      (clientFrame([1], first: 0xC2), 0xEA, "a WebSocket frame with reserved bits"),
      (clientFrame([1], first: 0x83), 0xEA, "a WebSocket frame with the reserved opcode 3"),
      (clientFrame([1], first: 0x80), 0xEA, "a WebSocket continuation frame without a beginning"),
      (clientFrame([1], first: 0x09), 0xEA, "a WebSocket control frame in fragments"),
    ]
    for (index, (frame, code, words)) in cases.enumerated() {
      let peer = try WebSocketPeer(broker)
      try peer.connect("wrong-\(index)")
      peer.connection.send(frame)
      #expect(try peer.receiveToEnd() == [0x88, 2, 3, code])
      try broker.program.waitFor("wrong-\(index) left: \(words)")
    }
    // The mask is there and wrong: what comes out is no packet of MQTT.
    let peer = try WebSocketPeer(broker)
    try peer.open()
    let connect = Connect(version: .v311, clientIdentifier: "m", keepAliveSeconds: 0)
    var bytes = clientFrame(bytes(.connect(connect)))
    bytes[2] ^= 0xFF
    peer.connection.send(bytes)
    #expect(try peer.receiveToEnd().suffix(4) == [0x88, 2, 3, 0xE8])
    try Witness(broker: broker).check("frames")
  }

  @Test func `a head that is too long is refused with its status`() throws {
    let broker = try LiveBroker(["--ws-headers-size", "1000"], speaksWebSocket: true)
    let peer = try WebSocketPeer(broker)
    peer.connection.send(Array("GET / HTTP/1.1\r\nX: ".utf8) + [UInt8](repeating: 65, count: 5000))
    let answer = String(decoding: try peer.receiveToEnd(), as: UTF8.self)
    #expect(answer.hasPrefix("HTTP/1.1 431 Request Header Fields Too Large\r\n"))
    try broker.program.waitFor("the WebSocket request's head is longer than 1000 bytes")
  }

  @Test func `handshakes that stop half-way end with the time to connect`() throws {
    let broker = try LiveBroker(["--connect-timeout", "1"], speaksWebSocket: true)
    let request = Array(webSocketRequest.utf8)
    for count in [1, 10, request.count - 1, request.count] {
      let peer = try WebSocketPeer(broker)
      peer.connection.send(Array(request[..<count]))
      let rest = try peer.receiveToEnd()
      #expect(rest.isEmpty == (count < request.count))
    }
    try Witness(broker: broker).check("half")
  }

  @Test func `a thousand handshakes that never end slow nobody and leave nothing`() throws {
    let broker = try LiveBroker(["--connect-timeout", "3", "--quiet"], speaksWebSocket: true)
    try Witness(broker: broker).check("before")
    let before = broker.residentBytes
    var silent: [TCPConnection] = []
    for index in 0..<1000 {
      let connection = try broker.connect()
      connection.send(Array(webSocketRequest.utf8.prefix(index % webSocketRequest.utf8.count)))
      silent.append(connection)
    }
    try Witness(broker: broker).check("during")
    #expect(broker.residentBytes - before < 16 << 20)
    for connection in silent {
      var arrival = connection.receive(within: 20)
      while case .bytes = arrival { arrival = connection.receive(within: 20) }
      #expect(arrival == .end)
    }
    silent = []
    try Witness(broker: broker).check("after")
    #expect(broker.residentBytes - before < 8 << 20)
  }

  @Test func `a flood of pings from one who does not read harms nobody`() throws {
    let broker = try LiveBroker(speaksWebSocket: true)
    let peer = try WebSocketPeer(broker)
    try peer.connect("flood")
    let before = broker.residentBytes
    let ping = clientFrame([UInt8](repeating: 65, count: 125), first: 0x89)
    let pings = [[UInt8]](repeating: ping, count: 400).flatMap { $0 }
    for _ in 0..<500 { #expect(peer.connection.send(pings)) }
    try Witness(broker: broker).check("flood")
    #expect(broker.residentBytes - before < 8 << 20)
    // It is still served: what it gets at last are pongs.
    guard case .bytes(let pongs) = peer.connection.receive(within: 20) else {
      throw ProgramError("no pong")
    }
    #expect(pongs.prefix(3) == [0x8A, 125, 65])
  }

  @Test func `a session that is cut off at any byte does no harm`() throws {
    let broker = try LiveBroker(["--quiet"], speaksWebSocket: true)
    let connect = Connect(version: .v311, clientIdentifier: "cut", keepAliveSeconds: 0)
    let session =
      Array(webSocketRequest.utf8) + clientFrame(bytes(.connect(connect)))
      + clientFrame([1], first: 0x89)
      + clientFrame(
        bytes(.publish(Publish(topic: "a", payload: [UInt8](repeating: 1, count: 200)))))
      + clientFrame([3, 0xE8], first: 0x88)
    for count in 0...session.count {
      let connection = try broker.connect()
      connection.send(Array(session[..<count]))
      if count % 2 == 0 { connection.reset() } else { connection.close() }
    }
    try Witness(broker: broker).check("cut")
  }

  @Test func `a page that may not connect and a path that is not served are told`() throws {
    let broker = try LiveBroker(
      ["--ws-origin", "https://example.org", "--ws-path", "/mqtt"], speaksWebSocket: true)
    let cases = [
      (
        webSocketRequest.replacing("Host: localhost", with: "Host: a\r\nOrigin: https://evil.net"),
        "HTTP/1.1 403 ", "pages of the origin https://evil.net may not connect"
      ),
      (
        webSocketRequest.replacing("/mqtt", with: "/other"),
        "HTTP/1.1 404 ", "nothing is served at the WebSocket path /other"
      ),
    ]
    for (request, status, words) in cases {
      let peer = try WebSocketPeer(broker)
      peer.connection.send(Array(request.utf8))
      let answer = String(decoding: try peer.receiveToEnd(), as: UTF8.self)
      #expect(answer.hasPrefix(status))
      try broker.program.waitFor(words)
    }
  }
}
