// What is said of WebSockets on the command lines of the broker and of the clients.

import Commands
import HTTP
import Settings
import Testing
import WebSocket

@Suite struct WebSocketOptionsTests {
  private func listener(
    _ place: ListenerSetup.Place, _ speech: ListenerSetup.Speech, usesTLS: Bool = false
  ) -> ListenerSetup {
    var result = ListenerSetup(place, usesTLS: usesTLS)
    result.speech = speech
    return result
  }

  @Test func `listeners speak what the line says`() throws {
    #expect(try broker("--ws 8080").listeners == [listener(.loopback(port: 8080), .webSockets)])
    #expect(
      try broker("--wss 8081").listeners
        == [listener(.loopback(port: 8081), .webSockets, usesTLS: true)])
    #expect(
      try broker("--listen ws://8080").listeners
        == [listener(.everywhere(port: 8080), .webSockets)])
    #expect(
      try broker("--listen WSS://[::1]:1 --listen mqtts://2 --listen mqtt://3").listeners
        == [
          listener(.address("::1", port: 1), .webSockets, usesTLS: true),
          listener(.everywhere(port: 2), .mqtt, usesTLS: true),
          listener(.everywhere(port: 3), .mqtt),
        ])
  }

  @Test(arguments: ["-p 1 --ws 1", "--ws 1 -p 1"])
  func `a port that is given to both serves both`(line: String) throws {
    #expect(try broker(line).listeners == [listener(.loopback(port: 1), .both)])
    #expect(try broker("-p 1 --wss 1").listeners.count == 2)
  }

  @Test func `origins, paths and the size of heads hold for every WebSocket listener`() throws {
    let listeners = try broker(
      "-p 1 --ws 2 --ws 1 --ws-origin https://a.b --ws-origin https://c.d --ws-path /mqtt "
        + "--ws-headers-size 300 -p 3"
    ).listeners
    for listener in listeners {
      let isPlain = listener.speech == .mqtt
      #expect(listener.webSocket.origins == (isPlain ? [] : ["https://a.b", "https://c.d"]))
      #expect(listener.webSocket.paths == (isPlain ? [] : ["/mqtt"]))
      #expect(listener.webSocket.headerLimitBytes == (isPlain ? 8192 : 300))
    }
    #expect(listeners.map(\.speech) == [.both, .webSockets, .mqtt])
  }

  @Test(arguments: [
    ("--ws-path /x", "--ws-path: no listener speaks WebSocket, for example: --ws 8080 --ws-path"),
    (
      "--ws 1 --ws-path x",
      "--ws-path x: expected a path that begins with / and has no spaces, as in /mqtt, for "
        + "example: --ws-path /mqtt"
    ),
    (
      "--listen http://1",
      "--listen http://1: the scheme 'http' is unknown; known are mqtt, mqtts, ws and wss, for "
        + "example: --listen 0.0.0.0:1883"
    ),
  ])
  func `a wrong line of the broker is told what is wrong`(line: String, expected: String) {
    #expect(errorText(.broker, line) == expected)
  }

  @Test func `a client's WebSocket has the path, headers and port of its line`() throws {
    let plain = try publish("a b").connection
    #expect(plain.webSocket == nil)
    let usual = try publish("a b --ws").connection
    #expect(usual.webSocket == WebSocketOptions())
    #expect(usual.port == 80)
    #expect(try publish("a b --ws --tls").connection.port == 443)
    #expect(try publish("a b --ws -p 9").connection.port == 9)
    let full = try publish("a b --ws-path /x?y --ws-header A:_1 --ws-header B:2").connection
    #expect(full.webSocket?.path == "/x?y")
    #expect(
      full.webSocket?.headers == [.init(name: "A", value: "1"), .init(name: "B", value: "2")])
  }

  @Test func `a URL may name a WebSocket`() throws {
    let plain = try subscribe("-L ws://u:p@h/x/y?z -t a").connection
    #expect(plain.webSocket?.path == "/x/y?z")
    #expect(plain.port == 80)
    #expect(plain.host == "h")
    #expect(plain.userName == "u")
    #expect(plain.tls == nil)
    let protected = try subscribe("-L wss://h:9 a").connection
    #expect(protected.webSocket?.path == "/mqtt")
    #expect(protected.port == 9)
    #expect(protected.tls != nil)
    #expect(try subscribe("-L wss://h/ a").connection.port == 443)
    #expect(try subscribe("-L ws://h/ a").connection.webSocket?.path == "/")
  }

  @Test(arguments: [
    (
      "--ws-header x",
      "--ws-header x: expected NAME: VALUE, for example: "
        + "--ws-header 'Authorization: Bearer a1b2'"
    ),
    (
      "--ws-header Upgrade:x",
      "--ws-header Upgrade:x: the handshake of WebSocket sets the header Upgrade itself, for "
        + "example: --ws-header 'Authorization: Bearer a1b2'"
    ),
  ])
  func `a wrong line of a client is told what is wrong`(line: String, expected: String) {
    #expect(errorText(.pub, "a b \(line)") == expected)
  }

  @Test func `PROXY headers are demanded of every listener`() throws {
    let listeners = try broker("-p 1 --ws 2 --proxy-protocol 2 --proxy-require-tls").listeners
    #expect(listeners.map(\.proxyProtocol) == [.two, .two])
    #expect(listeners.map(\.proxyMustUseTLS) == [true, true])
    #expect(
      try broker("--proxy-protocol any").listeners.map(\.place) == [.loopback(port: 1883)])
    #expect(try broker("--proxy-protocol any").listeners.map(\.proxyProtocol) == [.any])
    #expect(
      errorText(.broker, "--proxy-require-tls")
        == "--proxy-require-tls: needs --proxy-protocol, for example: --proxy-protocol 2 "
        + "--proxy-require-tls")
    #expect(
      errorText(.broker, "--proxy-protocol 1 --proxy-require-tls")
        == "--proxy-require-tls: version 1 of the PROXY protocol says nothing of TLS, for example: "
        + "--proxy-protocol 2 --proxy-require-tls")
  }

  @Test func `a SOCKS proxy is a URL`() throws {
    let plain = try publish("a b --proxy socks5h://h").connection.proxy
    #expect(plain?.host == "h")
    #expect(plain?.port == 1080)
    #expect(plain?.userName == nil)
    let full = try publish("a b --proxy SOCKS5H://u:p%20q@[::1]:9/").connection.proxy
    #expect(full?.host == "::1")
    #expect(full?.port == 9)
    #expect(full?.userName == "u")
    #expect(full?.password == Array("p q".utf8))
    #expect(
      errorText(.pub, "a b --proxy http://h")
        == "--proxy http://h: expected socks5h://HOST or socks5h://USER:PASSWORD@HOST:PORT, for "
        + "example: --proxy socks5h://localhost:1080")
  }
}
